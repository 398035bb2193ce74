/* SPDX-License-Identifier: Apache-2.0 */
/* eventlog: what a firmware event log says, and what of it a quote can confirm. */
#include <stdio.h>

#include "appraise/eventlog_facts.h"
#include "appraise/eventlog_replay.h"
#include "ctl/ctl.h"
#include "ctl/tpm2_tools.h"

enum { PCRS_TEXT_MAX = 64 * 1024, TEXT_MAX = 4096 };

/* ---- events --------------------------------------------------------------------------------- */

static bool add_type(cJSON *o, uint32_t type)
{
    const char *name = eventlog_type_name(type);
    char        number[16];

    snprintf(number, sizeof(number), "0x%08x", (unsigned)type);
    return cJSON_AddStringToObject(o, "type", name ? name : number);
}

static bool add_digests(cJSON *o, const struct eventlog *log, const struct eventlog_event *e)
{
    cJSON *digests = cJSON_AddObjectToObject(o, "digests");

    for (size_t b = 0; b < log->bank_n; b++) {
        struct pawl_view d = eventlog_digest(log, e, b);
        if (d.n && !json_add_hex(digests, pawl_hash_name(log->bank[b]), d))
            return false;
    }
    return digests != NULL;
}

static bool add_text(cJSON *o, const char *member, struct pawl_view bytes)
{
    char text[TEXT_MAX];

    eventlog_text(bytes, text, sizeof(text));
    return cJSON_AddStringToObject(o, member, text);
}

static bool is_text(uint32_t type)
{
    return type == EV_IPL || type == EV_ACTION || type == EV_EFI_ACTION;
}

static bool is_variable(uint32_t type)
{
    return type == EV_EFI_VARIABLE_DRIVER_CONFIG || type == EV_EFI_VARIABLE_AUTHORITY ||
           type == EV_EFI_VARIABLE_BOOT || type == EV_EFI_VARIABLE_BOOT2;
}

/* "text" was measured, "claimed" is somebody's word. */
static bool add_data(cJSON *o, const struct eventlog_event *e, const struct eventlog_measured *m)
{
    static const char *const beliefs[] = { "opaque", "part", "measured" };
    struct efi_variable      v;
    struct pawl_err          ignored;
    bool                     is_whole = m->belief == BELIEF_WHOLE;

    if (!cJSON_AddStringToObject(o, "data", beliefs[m->belief]))
        return false;
    if (is_text(e->type))
        return add_text(o, m->belief ? "text" : "claimed", m->belief ? m->bytes : e->data);
    if (is_variable(e->type) && pawl_is_ok(efi_variable_parse(e->data, &v, &ignored)))
        return add_text(o, is_whole ? "text" : "claimed", v.name);
    return true;
}

static bool add_event(cJSON *events, const struct eventlog *log, const struct eventlog_facts *facts,
                      size_t number)
{
    const struct eventlog_event *e = &log->event[number];
    cJSON                       *o = cJSON_CreateObject();

    return cJSON_AddItemToArray(events, o) &&
           cJSON_AddNumberToObject(o, "number", (double)number) &&
           cJSON_AddNumberToObject(o, "pcr", e->pcr) && add_type(o, e->type) &&
           add_digests(o, log, e) && cJSON_AddNumberToObject(o, "size", (double)e->data.n) &&
           (e->type == EV_NO_ACTION || add_data(o, e, &facts->measured[number]));
}

static bool add_events(cJSON *answer, const struct eventlog *log,
                       const struct eventlog_facts *facts)
{
    cJSON *events = cJSON_AddArrayToObject(answer, "events");

    for (size_t i = 0; i < log->event_n; i++)
        if (!add_event(events, log, facts, i))
            return false;
    return events != NULL;
}

/* ---- facts ---------------------------------------------------------------------------------- */

static bool add_fact(cJSON *o, const char *name, enum fact fact)
{
    return fact == FACT_UNKNOWN ? cJSON_AddNullToObject(o, name) != NULL
                                : cJSON_AddBoolToObject(o, name, fact == FACT_YES) != NULL;
}

/* How many signatures each list holds; null where none was measured. */
static bool add_key_lists(cJSON *o, const struct secure_boot_facts *s)
{
    for (unsigned l = 0; l < KEY_LIST_COUNT; l++) {
        const char *name = key_list_name(l);
        if (!(s->list[l].present ? cJSON_AddNumberToObject(o, name, (double)s->list[l].n)
                                 : cJSON_AddNullToObject(o, name)))
            return false;
    }
    return true;
}

static bool add_authorities(cJSON *o, const struct secure_boot_facts *s)
{
    cJSON *list = cJSON_AddArrayToObject(o, "authorities");

    for (size_t i = 0; i < s->authority_n; i++) {
        const struct authority *a = &s->authority[i];
        cJSON                  *one = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(list, one) ||
            !cJSON_AddNumberToObject(one, "event", (double)a->event) ||
            !cJSON_AddBoolToObject(one, "shim", a->by_shim) || !add_text(one, "variable", a->name))
            return false;
    }
    return list != NULL;
}

static bool add_secure_boot(cJSON *facts, const struct secure_boot_facts *s)
{
    cJSON *o = cJSON_AddObjectToObject(facts, "secure_boot");

    return add_fact(o, "on", s->on) && add_fact(o, "setup_mode", s->setup_mode) &&
           cJSON_AddBoolToObject(o, "debug_mode", s->debug_mode) &&
           cJSON_AddBoolToObject(o, "dma_unprotected", s->dma_unprotected) && add_key_lists(o, s) &&
           add_text(o, "sbat_level", s->sbat_level) && add_authorities(o, s);
}

/* Events whose digests are the facts. */
static bool add_digest_facts(cJSON *facts, const char *name, const struct eventlog *log,
                             const size_t *events, size_t n)
{
    cJSON *list = cJSON_AddArrayToObject(facts, name);

    for (size_t i = 0; i < n; i++) {
        cJSON *o = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(list, o) ||
            !cJSON_AddNumberToObject(o, "event", (double)events[i]) ||
            !add_digests(o, log, &log->event[events[i]]))
            return false;
    }
    return list != NULL;
}

static bool add_lines(cJSON *facts, const struct eventlog *log, const struct eventlog_facts *f)
{
    cJSON *list = cJSON_AddArrayToObject(facts, "lines");

    for (size_t i = 0; i < log->event_n; i++) {
        cJSON *o = eventlog_is_line(log, f, i) ? cJSON_CreateObject() : NULL;
        if (o &&
            (!cJSON_AddItemToArray(list, o) || !cJSON_AddNumberToObject(o, "event", (double)i) ||
             !cJSON_AddNumberToObject(o, "pcr", log->event[i].pcr) ||
             !add_text(o, "text", f->measured[i].bytes)))
            return false;
    }
    return list != NULL;
}

static bool add_facts(cJSON *answer, const struct eventlog *log, const struct eventlog_facts *f)
{
    static const char *const ebs[] = { "missing", "begun", "done", "repeated" };
    cJSON                   *o = cJSON_AddObjectToObject(answer, "facts");

    return cJSON_AddBoolToObject(o, "legacy", log->legacy) && add_secure_boot(o, &f->secure_boot) &&
           add_digest_facts(o, "images", log, f->image, f->image_n) &&
           add_digest_facts(o, "mok", log, f->mok, f->mok_n) && add_lines(o, log, f) &&
           cJSON_AddStringToObject(o, "exit_boot_services", ebs[f->ebs]);
}

/* ---- PCRs and what is wrong with them ------------------------------------------------------- */

static bool add_pcrs(cJSON *answer, const struct eventlog_pcrs *p)
{
    cJSON *pcrs = cJSON_AddObjectToObject(answer, "pcrs");

    for (size_t b = 0; b < p->bank_n; b++) {
        const struct eventlog_bank *bank = &p->bank[b];
        cJSON                      *o = cJSON_AddObjectToObject(pcrs, pawl_hash_name(bank->hash));
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            char number[4];
            snprintf(number, sizeof(number), "%u", pcr);
            if (bank->extended >> pcr & 1 &&
                !json_add_hex(o, number, pawl_digest_view(&bank->pcr[pcr])))
                return false;
        }
    }
    return pcrs != NULL;
}

static bool add_failures(cJSON *answer, const struct failures *f)
{
    cJSON *list = cJSON_AddArrayToObject(answer, "failures");

    for (size_t i = 0; i < f->n; i++) {
        const struct failure *one = &f->list[i];
        cJSON                *o = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(list, o) || !cJSON_AddStringToObject(o, "row", one->row) ||
            !cJSON_AddBoolToObject(o, "warning", one->warning) ||
            !cJSON_AddStringToObject(o, "expected", one->expected) ||
            !cJSON_AddStringToObject(o, "found", one->found) ||
            (one->entry != FAILURE_WHOLE &&
             !cJSON_AddNumberToObject(o, "event", (double)one->entry)))
            return false;
    }
    return list != NULL;
}

/* Against the PCRs of a file: "replays" is whether each of them agrees. */
static pawl_status compare(const char *path, const struct eventlog *log,
                           const struct eventlog_pcrs *replayed, struct failures *f, cJSON *answer,
                           struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };
    struct pawl_pcr_selection             select;
    struct pawl_pcr_values                values;
    struct eventlog_quoted                q = { &select, &values, EVENTLOG_PCRS };
    struct failures                       own = { 0 };
    uint32_t                              agreed;

    PAWL_TRY(input_read(path, PCRS_TEXT_MAX, &file, err));
    PAWL_TRY(tpm2_pcrs_text_read(bytes_view(&file), &select, &values, err));
    PAWL_TRY(eventlog_compare(log, replayed, &q, &own, &agreed, err));
    failures_join(f, &own);
    if (!cJSON_AddBoolToObject(answer, "replays", !failures_are_bad(&own)))
        return json_no_memory(err);
    return pawl_ok();
}

/* ---- the command ---------------------------------------------------------------------------- */

pawl_status eventlog_show(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes                   file = { 0 };
    PAWL_CLEANUP(eventlog_done) struct eventlog             log = { 0 };
    PAWL_CLEANUP(eventlog_facts_done) struct eventlog_facts facts = { 0 };
    PAWL_CLEANUP(json_free) cJSON                          *answer = cJSON_CreateObject();
    struct eventlog_pcrs                                    pcrs;
    struct failures                                         f = { 0 };

    PAWL_TRY(input_read(a->operand, EVENTLOG_MAX, &file, err));
    PAWL_TRY(eventlog_parse(bytes_view(&file), &log, err));
    PAWL_TRY(eventlog_replay(&log, &pcrs, err));
    if (a->option[OPT_PCRS])
        PAWL_TRY(
            pawl_under(err, "pcrs", compare(a->option[OPT_PCRS], &log, &pcrs, &f, answer, err)));
    PAWL_TRY(eventlog_facts(&log, &facts, &f, err));
    if (!add_pcrs(answer, &pcrs) || !add_events(answer, &log, &facts) ||
        !add_facts(answer, &log, &facts) || !add_failures(answer, &f))
        return json_no_memory(err);
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}

bool eventlog_is_good(const cJSON *answer)
{
    return !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(answer, "replays"));
}
