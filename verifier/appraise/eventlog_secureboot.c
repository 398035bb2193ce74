/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCR 7, event by event.
 *
 * Invariants
 *  1. Settings come before the separator, each once, and are what was measured (L5): whoever gets
 *     to run later can extend PCR 7, and write a second story behind the first.
 *  2. An event of a type or a kind that has no place here is a failure (L4), not a gap.
 *  3. After any failure nobody is told that secure boot is on.
 */
#include "appraise/eventlog_secureboot.h"

enum { SECURE_BOOT_PCR = 7 };

struct reading {
    const struct eventlog          *log;
    const struct eventlog_measured *measured;
    struct secure_boot_facts       *facts;
    struct failures                *f;
    bool                            separated;
    unsigned                        seen; /* bit i: variables[i] */
    size_t                          authorities;
    bool                            shim_spoke;
};

/* ---- settings ------------------------------------------------------------------------------- */

enum setting { SETTING_ON, SETTING_SETUP, SETTING_LIST, SETTING_OTHER };

static const struct {
    const char    *name;
    const uint8_t *guid;
    enum setting   what;
    enum key_list  list;
} variables[] = {
    { "SecureBoot", efi_global, SETTING_ON, 0 },
    { "SetupMode", efi_global, SETTING_SETUP, 0 },
    { "PK", efi_global, SETTING_LIST, KEY_LIST_PK },
    { "KEK", efi_global, SETTING_LIST, KEY_LIST_KEK },
    { "db", efi_security, SETTING_LIST, KEY_LIST_DB },
    { "dbx", efi_security, SETTING_LIST, KEY_LIST_DBX },
    { "dbt", efi_security, SETTING_OTHER, 0 },
    { "dbr", efi_security, SETTING_OTHER, 0 },
    { "AuditMode", efi_global, SETTING_OTHER, 0 },
    { "DeployedMode", efi_global, SETTING_OTHER, 0 },
};
enum { VARIABLES = sizeof(variables) / sizeof(variables[0]) };

/* One byte, 0 or 1; a variable that is not set is 0. */
static enum fact read_switch(struct reading *r, size_t event, const char *name,
                             struct pawl_view data)
{
    if (data.n == 0)
        return FACT_NO;
    if (data.n == 1 && data.p[0] <= 1)
        return data.p[0] ? FACT_YES : FACT_NO;
    failure_add(r->f, "L5", (long)event, "SecureBoot and SetupMode are one byte, 0 or 1",
                "%s has %zu bytes, the first is 0x%02x", name, data.n, (unsigned)data.p[0]);
    return FACT_UNKNOWN;
}

static void read_list(struct reading *r, size_t event, enum key_list which, struct pawl_view data)
{
    struct efi_signatures s = efi_signatures_from(data);
    struct efi_signature  one;
    struct pawl_err       err;
    struct key_list_fact  fact = { .present = true, .bytes = data };

    while (efi_signatures_next(&s, &one))
        fact.n++;
    if (pawl_is_ok(efi_signatures_end(&s, &err)))
        r->facts->list[which] = fact;
    else
        failure_add(r->f, "L9", (long)event, "signature lists that divide exactly", "%s of %s: %s",
                    err.where, key_list_name(which), err.why);
}

static void read_setting(struct reading *r, size_t event, size_t which, struct pawl_view data)
{
    switch (variables[which].what) {
    case SETTING_ON:
        r->facts->on = read_switch(r, event, variables[which].name, data);
        return;
    case SETTING_SETUP:
        r->facts->setup_mode = read_switch(r, event, variables[which].name, data);
        return;
    case SETTING_LIST:
        read_list(r, event, variables[which].list, data);
        return;
    case SETTING_OTHER:
        return;
    }
}

/* A variable that is none of ours is the vendor's, and decides nothing. */
static void read_variable(struct reading *r, size_t event)
{
    struct efi_variable v;
    struct pawl_err     err;
    size_t              i = 0;

    if (!pawl_is_ok(efi_variable_parse(r->measured[event].bytes, &v, &err))) {
        failure_add(r->f, "L9", (long)event, "UEFI_VARIABLE_DATA", "%s: %s", err.where, err.why);
        return;
    }
    while (i < VARIABLES && !efi_variable_is_named(&v, variables[i].name))
        i++;
    if (i == VARIABLES)
        return;
    if (memcmp(v.guid.p, variables[i].guid, EFI_GUID) != 0)
        failure_add(r->f, "L5", (long)event, "settings under the GUIDs of UEFI",
                    "%s of another vendor", variables[i].name);
    else if (r->seen & 1u << i)
        failure_add(r->f, "L5", (long)event, "each setting once", "%s again", variables[i].name);
    else
        read_setting(r, event, i, v.data);
    r->seen |= 1u << i;
}

/* ---- authorities ---------------------------------------------------------------------------- */

static void add_authority(struct reading *r, const struct authority *a)
{
    r->facts->authority[r->facts->authority_n++] = *a;
}

/* shim measures its own settings as authorities, too: the SBAT level first, and once. Whoever gets
 * to run later can measure another one behind it. */
static void read_shim(struct reading *r, size_t event, const struct efi_variable *v)
{
    bool is_level = efi_variable_is_named(v, "SbatLevel");

    if (is_level && r->shim_spoke)
        failure_add(r->f, "L5", (long)event, "SbatLevel once, before all else of shim's",
                    "one behind it");
    else if (is_level)
        r->facts->sbat_level = v->data;
    else if (!efi_variable_is_named(v, "MokListTrusted"))
        add_authority(r, &(struct authority){ event, true, v->name, v->data });
    r->shim_spoke = true;
}

/* shim until 2021 measured five bytes of padding behind the variable, and logged six. */
static struct pawl_view without_padding(const struct eventlog_measured *m)
{
    static const uint8_t padding[5];
    struct pawl_view     v = m->bytes;

    if (m->belief == BELIEF_PART && v.n > sizeof(padding) &&
        memcmp(v.p + v.n - sizeof(padding), padding, sizeof(padding)) == 0)
        v.n -= sizeof(padding);
    return v;
}

static void read_authority(struct reading *r, size_t event)
{
    const struct key_list_fact *db = &r->facts->list[KEY_LIST_DB];
    struct efi_variable         v;
    struct pawl_err             err;
    char                        name[32];

    /* Each is looked for in all of db, which may be long. */
    if (r->authorities++ >= FACTS_AUTHORITIES_MAX) {
        failure_add(r->f, "L8", (long)event, "at most 32 authorities", "one more");
        return;
    }
    if (!pawl_is_ok(efi_variable_parse(without_padding(&r->measured[event]), &v, &err))) {
        failure_add(r->f, "L9", (long)event, "UEFI_VARIABLE_DATA", "%s: %s", err.where, err.why);
        return;
    }
    if (memcmp(v.guid.p, efi_shim, EFI_GUID) == 0) {
        read_shim(r, event, &v);
        return;
    }
    eventlog_text(v.name, name, sizeof(name));
    if (memcmp(v.guid.p, efi_security, EFI_GUID) != 0 || !efi_variable_is_named(&v, "db"))
        failure_add(r->f, "L11", (long)event, "an entry of db, or shim's word",
                    "a certificate of the variable %s", name);
    else if (!efi_signatures_hold(db->bytes, v.data))
        failure_add(r->f, "L11", (long)event, "the authority is an entry of db",
                    "%zu bytes that db does not hold", v.data.n);
    else
        add_authority(r, &(struct authority){ event, false, v.name, v.data });
}

/* ---- events --------------------------------------------------------------------------------- */

static void read_action(struct reading *r, size_t event)
{
    struct pawl_view words = r->measured[event].bytes;

    if (pawl_view_equal(words, pawl_view_str("UEFI Debug Mode")))
        r->facts->debug_mode = true;
    if (pawl_view_equal(words, pawl_view_str("DMA Protection Disabled")))
        r->facts->dma_unprotected = true;
}

/* Whether the type may stand here, and its data was measured. */
static bool belongs(struct reading *r, size_t event)
{
    const struct eventlog_event *e = &r->log->event[event];
    const char                  *name = eventlog_type_name(e->type);

    switch (e->type) {
    case EV_EFI_VARIABLE_AUTHORITY:
    case EV_SEPARATOR:
        break;
    case EV_EFI_VARIABLE_DRIVER_CONFIG:
    case EV_EFI_ACTION:
    case EV_EFI_SPDM_DEVICE_POLICY:
    case EV_EFI_SPDM_DEVICE_AUTHORITY:
        if (!r->separated)
            break;
        failure_add(r->f, "L5", (long)event,
                    "nothing but authorities behind the separator of PCR 7", "%s", name);
        return false;
    default:
        failure_add(r->f, "L4", (long)event, "the types that belong to PCR 7", "%s (0x%08x)",
                    name ? name : "an unknown type", (unsigned)e->type);
        return false;
    }
    if (r->measured[event].belief)
        return true;
    failure_add(r->f, "L3", (long)event, "what PCR 7 measured stands in the log",
                "%s whose data has another digest", name);
    return false;
}

static void read_event(struct reading *r, size_t event)
{
    if (!belongs(r, event))
        return;
    switch (r->log->event[event].type) {
    case EV_SEPARATOR:
        r->separated = true; /* whether it is a good one is asked for all PCRs alike (L6) */
        return;
    case EV_EFI_VARIABLE_DRIVER_CONFIG:
        read_variable(r, event);
        return;
    case EV_EFI_VARIABLE_AUTHORITY:
        read_authority(r, event);
        return;
    case EV_EFI_ACTION:
        read_action(r, event);
        return;
    }
}

/* ---- the whole (L10) ------------------------------------------------------------------------ */

static void check_keys(const struct secure_boot_facts *s, struct failures *f)
{
    static const enum key_list needed[] = { KEY_LIST_PK, KEY_LIST_KEK, KEY_LIST_DB };

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (s->list[needed[i]].n == 0)
            failure_add(f, "L10", FAILURE_WHOLE, "secure boot by keys of an owner",
                        "SecureBoot is on, and %s holds nothing", key_list_name(needed[i]));
}

static void check_modes(const struct secure_boot_facts *s, struct failures *f)
{
    if (s->on == FACT_YES && s->setup_mode == FACT_YES)
        failure_add(f, "L10", FAILURE_WHOLE, "secure boot that not everybody can set",
                    "SecureBoot and SetupMode are both on");
    if (s->debug_mode)
        failure_add(f, "L10", FAILURE_WHOLE, "firmware that cannot be debugged", "UEFI Debug Mode");
    if (s->dma_unprotected)
        failure_warn(f, "L10", FAILURE_WHOLE, "memory protected against devices",
                     "DMA Protection Disabled");
}

void secure_boot_read(const struct eventlog *log, const struct eventlog_measured *measured,
                      struct secure_boot_facts *ret, struct failures *f)
{
    struct failures own = { 0 };
    struct reading  r = { .log = log, .measured = measured, .facts = ret, .f = &own };

    for (size_t i = 0; i < log->event_n; i++)
        if (log->event[i].pcr == SECURE_BOOT_PCR && log->event[i].type != EV_NO_ACTION)
            read_event(&r, i);
    if (ret->on == FACT_YES)
        check_keys(ret, &own);
    check_modes(ret, &own);
    if (failures_are_bad(&own))
        ret->on = FACT_UNKNOWN;
    failures_join(f, &own);
}
