/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: only bytes that were measured become facts of a boot; each way to tell a better story
 * than the measured one is found, and found by its row. */
#include <string.h>

#include "soft_eventlog.h"

static struct pawl_err err;

/* ---- what a test does ----------------------------------------------------------------------- */

struct told {
    struct eventlog       log;
    struct eventlog_facts facts;
    struct failures       f;
};

static void told_done(struct told *t)
{
    eventlog_facts_done(&t->facts);
    eventlog_done(&t->log);
}

static struct told tell(const struct soft_eventlog *soft)
{
    struct told t = { 0 };

    T_OK(eventlog_parse(soft_eventlog_bytes(soft), &t.log, &err), &err);
    T_OK(eventlog_facts(&t.log, &t.facts, &t.f, &err), &err);
    return t;
}

#define TOLD PAWL_CLEANUP(told_done) struct told

static size_t failures_by(const struct failures *f, const char *row)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        n += strcmp(f->list[i].row, row) == 0;
    return n;
}

/* A failure of this row, and none of another; nobody is told that secure boot is on if it is of
 * PCR 7. */
static void fails_by(const struct soft_eventlog *soft, const char *row)
{
    TOLD t = tell(soft);

    assert_true(failures_are_bad(&t.f));
    assert_int_equal(failures_by(&t.f, row), t.f.n);
    assert_int_equal(t.f.dropped, 0);
}

static void fails_secure_boot_by(const struct soft_eventlog *soft, const char *row)
{
    TOLD t = tell(soft);

    assert_int_not_equal(t.facts.secure_boot.on, FACT_YES);
    fails_by(soft, row);
}

static void warns_by(const struct soft_eventlog *soft, const char *row)
{
    TOLD t = tell(soft);

    assert_false(failures_are_bad(&t.f));
    assert_int_equal(t.f.n, 1);
    assert_string_equal(t.f.list[0].row, row);
}

static size_t setting(const struct soft_eventlog *soft, size_t nth)
{
    return soft_eventlog_find(soft, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, nth);
}

enum { SECURE_BOOT, PK, KEK, DB, DBX }; /* as the good log has them */

static void set(struct soft_eventlog *soft, size_t which, const uint8_t guid[EFI_GUID],
                const char *name, struct pawl_view data)
{
    soft->event[setting(soft, which)] = soft_event(7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                                                   soft_variable(guid, name, data));
}

static struct soft_event authority(const uint8_t guid[EFI_GUID], const char *name,
                                   struct pawl_view data)
{
    return soft_event(7, EV_EFI_VARIABLE_AUTHORITY, soft_variable(guid, name, data));
}

/* ---- a good boot ---------------------------------------------------------------------------- */

static void a_good_boot_is_told(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    soft.bank_n = 2;
    soft.bank[1] = PAWL_SHA1;
    TOLD                            t = tell(&soft);
    const struct secure_boot_facts *s = &t.facts.secure_boot;
    assert_int_equal(t.f.n, 0);
    assert_int_equal(s->on, FACT_YES);
    assert_int_equal(s->setup_mode, FACT_UNKNOWN);
    assert_false(s->debug_mode || s->dma_unprotected);
    assert_int_equal(s->list[KEY_LIST_PK].n, 1);
    assert_int_equal(s->list[KEY_LIST_KEK].n, 1);
    assert_int_equal(s->list[KEY_LIST_DB].n, 2);
    assert_int_equal(s->list[KEY_LIST_DBX].n, 1);
    assert_true(pawl_view_equal(s->sbat_level, pawl_view_str("sbat,1,2023012900\nshim,2\n")));
    assert_int_equal(s->authority_n, 2);
    assert_false(s->authority[0].by_shim);
    assert_true(s->authority[1].by_shim);
    assert_true(pawl_view_equal(s->authority[1].bytes, pawl_view_str("certificate of shim")));
    assert_int_equal(t.facts.mok_n, 1);
    assert_int_equal(t.facts.ebs, EBS_DONE);
}

/* U-Boot measures nothing before it loads an image: what a PC measures at power-on comes with that,
 * image and call stand before the separator of PCR 4, and separators last. */
static void a_boot_of_uboot_is_told(void **state)
{
    (void)state;
    static const uint32_t    crtm_version = 0x00000008u;
    static const uint32_t    handoff_tables2 = 0x8000000bu;
    static const char *const names[] = { "SecureBoot", "PK",           "KEK",      "db",
                                         "dbx",        "DeployedMode", "AuditMode" };
    static const uint8_t     zeros[4];
    struct soft_eventlog     soft = { .bank_n = 1, .bank = { PAWL_SHA256 } };

    soft.event[soft.n++] = soft_event_text(0, crtm_version, "U-Boot 2023.01");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        bool is_list = i == DB || i == DBX, is_switch = i == SECURE_BOOT || i > DBX;
        soft.event[soft.n++] = soft_event(7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                                          soft_variable(is_list ? efi_security : efi_global,
                                                        names[i],
                                                        pawl_view(zeros, is_switch ? 1 : 0)));
    }
    soft.event[soft.n++] = soft_event_text(4, EV_EFI_BOOT_SERVICES_APPLICATION, "kernel");
    soft.event[soft.n++] = soft_event_text(4, EV_EFI_ACTION,
                                           "Calling EFI Application from Boot Option");
    soft.event[soft.n++] = soft_event_text(1, handoff_tables2, "SmbiosTable");
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        soft.event[soft.n++] = soft_event(pcr, EV_SEPARATOR, PAWL_VIEW_OF(zeros));
    soft.event[soft.n++] = soft_event_text(5, EV_EFI_ACTION, "Exit Boot Services Invocation");
    soft.event[soft.n++] = soft_event_text(5, EV_EFI_ACTION,
                                           "Exit Boot Services Returned with Success");
    TOLD t = tell(&soft);
    assert_int_equal(t.f.n, 0);
    assert_int_equal(t.facts.secure_boot.on, FACT_NO);
    assert_true(t.facts.secure_boot.list[KEY_LIST_DB].present);
    assert_int_equal(t.facts.image_n, 1);
    assert_int_equal(t.facts.ebs, EBS_DONE);
}

/* Three images, in the order of PCR 4, known by their digests. */
static void images_are_told_in_their_order(void **state)
{
    (void)state;
    static const char *const images[] = { "shim", "GRUB", "kernel" };
    struct soft_eventlog     soft = soft_eventlog_good(PAWL_SHA256);
    TOLD                     t = tell(&soft);

    assert_int_equal(t.facts.image_n, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct pawl_view image = pawl_view_str(images[i]);
        struct pawl_digest     d;
        T_OK(pawl_hash(PAWL_SHA256, &image, 1, &d, &err), &err);
        assert_true(pawl_view_equal(eventlog_digest(&t.log, &t.log.event[t.facts.image[i]], 0),
                                    pawl_digest_view(&d)));
    }
}

/* ---- what may be believed ------------------------------------------------------------------- */

static void l3_data_that_was_not_measured_is_opaque(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    for (size_t i = 0; i < soft.n; i++) {
        struct soft_eventlog edited = soft;
        edited.event[i].measured = t_copy(pawl_view_str("something else"));
        TOLD t = tell(&edited);
        assert_int_equal(t.facts.measured[i + 1].belief, BELIEF_NONE);
        assert_int_equal(t.facts.measured[i + 1].bytes.n, 0);
    }
}

static void l3_data_has_to_be_measured_in_every_bank(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    soft.bank_n = 2;
    soft.bank[1] = PAWL_SHA384;
    struct pawl_view bytes = soft_eventlog_bytes(&soft);
    size_t           first = soft_eventlog_header_n(&soft);
    TOLD             t = { 0 };
    ((uint8_t *)(uintptr_t)bytes.p)[first + 12 + 2 + 32 + 2] ^= 1; /* of the second bank */
    T_OK(eventlog_parse(bytes, &t.log, &err), &err);
    T_OK(eventlog_facts(&t.log, &t.facts, &t.f, &err), &err);
    assert_int_equal(t.facts.measured[1].belief, BELIEF_NONE);
    assert_int_equal(t.facts.measured[3].belief, BELIEF_WHOLE);
}

/* The digest of an image is never one of what the log says beside it, even if somebody made it so.
 */
static void l3_an_image_is_opaque_whatever_its_data(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    size_t               at = soft_eventlog_find(&soft, 4, EV_EFI_BOOT_SERVICES_APPLICATION, 0);

    soft.event[at].measured = soft.event[at].data;
    TOLD t = tell(&soft);
    assert_int_equal(t.facts.measured[at + 1].belief, BELIEF_NONE);
}

static void l3_a_setting_that_was_not_measured(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    static const uint8_t off[1] = { 0 };

    soft.event[setting(&soft, SECURE_BOOT)].measured = soft_variable(efi_global, "SecureBoot",
                                                                     PAWL_VIEW_OF(off));
    fails_secure_boot_by(&soft, "L3");
}

static void a_boot_variable_may_be_measured_by_its_value(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct soft_event    e = soft_event(1, EV_EFI_VARIABLE_BOOT,
                                        soft_variable(efi_global, "BootOrder", pawl_view_str("0102")));

    e.measured = t_copy(pawl_view_str("0102"));
    soft_eventlog_insert(&soft, 0, e);
    TOLD t = tell(&soft);
    assert_int_equal(t.facts.measured[1].belief, BELIEF_PART);
    assert_true(pawl_view_equal(t.facts.measured[1].bytes, pawl_view_str("0102")));
}

/* One byte more in the log, and five zeros measured behind the variable. */
static void an_authority_of_an_older_shim_is_read(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    size_t               at = soft_eventlog_find(&soft, 7, EV_EFI_VARIABLE_AUTHORITY, 2);
    uint8_t              bytes[256] = { 0 };
    struct pawl_view     data = soft.event[at].data;

    memcpy(bytes, data.p, data.n);
    bytes[data.n + 5] = 0xaf;
    soft.event[at].measured = t_copy(pawl_view(bytes, data.n + 5));
    soft.event[at].data = t_copy(pawl_view(bytes, data.n + 6));
    TOLD t = tell(&soft);
    assert_int_equal(t.f.n, 0);
    assert_int_equal(t.facts.secure_boot.authority_n, 2);
    assert_true(pawl_view_equal(t.facts.secure_boot.authority[1].bytes,
                                pawl_view_str("certificate of shim")));
    soft.event[at].data = t_copy(pawl_view(bytes, data.n + 7));
    fails_secure_boot_by(&soft, "L3");
}

static void what_shim_says_of_itself(void **state)
{
    (void)state;
    static const uint8_t zeros[8] = { 1 };
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    size_t               at = soft_eventlog_find(&soft, 7, EV_EFI_VARIABLE_AUTHORITY, 2);

    soft_eventlog_insert(&soft, at, authority(efi_shim, "MokListTrusted", pawl_view(zeros, 1)));
    soft.event[at + 1] = authority(efi_shim, "MokList", PAWL_VIEW_OF(zeros)); /* no padding */
    TOLD t = tell(&soft);
    assert_int_equal(t.f.n, 0);
    assert_int_equal(t.facts.secure_boot.authority_n, 2);
    assert_true(pawl_view_equal(t.facts.secure_boot.authority[1].bytes, PAWL_VIEW_OF(zeros)));
}

/* ---- events that have no place -------------------------------------------------------------- */

static void l4_an_unknown_type_in_pcr_7(void **state)
{
    (void)state;
    static const uint32_t types[] = { 0x00000002u, 0x0000000du, 0x80000003u, 0x8fffffffu };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
        soft.event[setting(&soft, DBX)].type = types[i];
        fails_secure_boot_by(&soft, "L4");
    }
}

static void l4_a_no_action_event_that_looks_measured(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256), edited = soft;
    struct soft_event    e = soft_event_text(0, EV_NO_ACTION, "SP800-155 Event3 of somebody");

    soft_eventlog_insert(&edited, 0, e);
    TOLD t = tell(&edited);
    assert_int_equal(t.f.n, 0);
    edited.event[0].zeros = false;
    fails_by(&edited, "L4");
    edited.event[0] = e;
    edited.event[0].pcr = 7;
    fails_by(&edited, "L4");
    edited.event[0] = soft_event_text(0, EV_NO_ACTION, "SecureBoot is on");
    fails_by(&edited, "L4");
    edited.event[0].pcr = EVENTLOG_NO_PCR; /* the system's own note */
    TOLD note = tell(&edited);
    assert_int_equal(note.f.n, 0);
}

/* ---- secure boot ---------------------------------------------------------------------------- */

static void l5_a_second_story_behind_the_separator(void **state)
{
    (void)state;
    static const uint8_t on[1] = { 1 }, off[1] = { 0 };
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    size_t               end = soft_eventlog_find(&soft, 7, EV_EFI_VARIABLE_AUTHORITY, 0);
    struct soft_event    told = soft.event[setting(&soft, SECURE_BOOT)];

    set(&soft, SECURE_BOOT, efi_global, "SecureBoot", PAWL_VIEW_OF(off));
    struct soft_eventlog honest = soft;
    TOLD                 t = tell(&honest);
    assert_int_equal(t.facts.secure_boot.on, FACT_NO);
    soft_eventlog_insert(&soft, end, told);
    fails_secure_boot_by(&soft, "L5");
    soft = honest; /* and in front of it, once more */
    soft_eventlog_insert(&soft, setting(&soft, PK), told);
    fails_secure_boot_by(&soft, "L5");
    soft = honest; /* of another vendor */
    set(&soft, SECURE_BOOT, efi_shim, "SecureBoot", PAWL_VIEW_OF(on));
    fails_secure_boot_by(&soft, "L5");
    soft = soft_eventlog_good(PAWL_SHA256);
    soft_eventlog_insert(&soft, end, soft_event_text(7, EV_EFI_ACTION, "UEFI Debug Mode"));
    fails_secure_boot_by(&soft, "L5");
}

static void l5_a_switch_is_one_byte_of_0_or_1(void **state)
{
    (void)state;
    static const uint8_t strange[2] = { 1, 1 }, two[1] = { 2 };
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    set(&soft, SECURE_BOOT, efi_global, "SecureBoot", PAWL_VIEW_OF(strange));
    fails_secure_boot_by(&soft, "L5");
    set(&soft, SECURE_BOOT, efi_global, "SecureBoot", PAWL_VIEW_OF(two));
    fails_secure_boot_by(&soft, "L5");
    set(&soft, SECURE_BOOT, efi_global, "SecureBoot", pawl_view(NULL, 0));
    TOLD t = tell(&soft);
    assert_int_equal(t.facts.secure_boot.on, FACT_NO);
    assert_int_equal(t.f.n, 0);
}

static void l5_an_event_of_the_firmware_behind_its_end(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    soft_eventlog_insert(&soft, soft.n, soft_event_text(9, EV_IPL, "the system's own"));
    TOLD t = tell(&soft);
    assert_int_equal(t.f.n, 0);
    soft_eventlog_insert(&soft, soft.n,
                         soft.event[soft_eventlog_find(&soft, 7, EV_EFI_VARIABLE_AUTHORITY, 0)]);
    fails_by(&soft, "L5");
}

static void l6_separators(void **state)
{
    (void)state;
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        struct soft_eventlog good = soft_eventlog_good(PAWL_SHA256), soft = good;
        size_t               at = soft_eventlog_find(&good, pcr, EV_SEPARATOR, 0);
        good.event[at] = soft_event(pcr, EV_SEPARATOR, t_hex("ffffffff"));
        TOLD t = tell(&good);
        assert_int_equal(t.f.n, 0);
        soft_eventlog_insert(&soft, at, soft.event[at]); /* twice */
        if (pcr != 7) /* where settings behind the first one are wrong, too */
            fails_by(&soft, "L6");
        soft_eventlog_remove(&soft, at);
        soft_eventlog_remove(&soft, at); /* none */
        fails_by(&soft, "L6");
        soft = good;
        soft.event[at] = soft_event(pcr, EV_SEPARATOR, t_hex("01000000"));
        fails_by(&soft, "L6");
        TOLD error = tell(&soft);
        assert_non_null(strstr(error.f.list[0].found, "tells of an error"));
        soft.event[at] = soft_event(pcr, EV_SEPARATOR, t_hex("00000001"));
        fails_by(&soft, "L6");
        soft.event[at] = soft_event(pcr, EV_SEPARATOR, t_hex("0000000000000000"));
        fails_by(&soft, "L6");
        soft.event[at] = soft_event(pcr, EV_SEPARATOR, t_hex("00000000"));
        soft.event[at].measured = t_hex("01000000"); /* an error, written down as none */
        TOLD hidden = tell(&soft);
        assert_int_equal(failures_by(&hidden.f, "L6"), 1);
    }
}

static void l8_lists_of_facts_are_bounded(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256), edited = soft;
    struct soft_event    image =
        soft.event[soft_eventlog_find(&soft, 4, EV_EFI_BOOT_SERVICES_APPLICATION, 0)];
    struct soft_event word = soft.event[soft_eventlog_find(&soft, 7, EV_EFI_VARIABLE_AUTHORITY, 2)];
    size_t            end = soft_eventlog_find(&soft, 5, EV_EFI_ACTION, 0);

    for (size_t i = 3; i < FACTS_IMAGES_MAX; i++)
        soft_eventlog_insert(&edited, end, image);
    TOLD most = tell(&edited);
    assert_int_equal(most.f.n, 0);
    assert_int_equal(most.facts.image_n, FACTS_IMAGES_MAX);
    soft_eventlog_insert(&edited, end, image);
    fails_by(&edited, "L8");
    for (size_t i = 3; i < FACTS_AUTHORITIES_MAX; i++) /* one tells the SBAT level */
        soft_eventlog_insert(&soft, end, word);
    TOLD words = tell(&soft);
    assert_int_equal(words.f.n, 0);
    assert_int_equal(words.facts.secure_boot.authority_n, FACTS_AUTHORITIES_MAX - 1);
    soft_eventlog_insert(&soft, end, word);
    fails_secure_boot_by(&soft, "L8");
}

/* Offsets in an EFI_SIGNATURE_LIST: sizes of the list, of its header and of a signature. */
static void l9_signature_lists_that_do_not_divide(void **state)
{
    (void)state;
    static const struct {
        size_t  at;
        uint8_t value;
    } bad[] = { { 16, 27 }, { 16, 29 }, { 17, 1 }, { 19, 1 },  { 20, 1 }, { 23, 1 },
                { 24, 16 }, { 24, 1 },  { 24, 0 }, { 24, 28 }, { 27, 1 } };
    const struct pawl_view key = soft_signature(1, pawl_view_str("certificate A"));

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        for (size_t which = PK; which <= DBX; which++) {
            static const char *const names[] = { "", "PK", "KEK", "db", "dbx" };
            struct soft_eventlog     soft = soft_eventlog_good(PAWL_SHA256);
            struct pawl_view         list = t_copy(soft_signature_list(&key, 1));
            ((uint8_t *)(uintptr_t)list.p)[bad[i].at] = bad[i].value;
            set(&soft, which, which < DB ? efi_global : efi_security, names[which], list);
            TOLD t = tell(&soft);
            assert_int_equal(failures_by(&t.f, "L9"), 1);
            assert_int_not_equal(t.facts.secure_boot.on, FACT_YES);
            assert_false(t.facts.secure_boot.list[which - PK].present);
        }
}

static void l9_no_prefix_of_a_list_or_variable_is_one(void **state)
{
    (void)state;
    const struct pawl_view key = soft_signature(1, pawl_view_str("certificate A"));
    struct pawl_view       list = soft_signature_list(&key, 1);
    struct pawl_view       variable = soft_variable(efi_security, "db", list);

    for (size_t n = 1; n < list.n; n++) {
        struct efi_signatures s = efi_signatures_from(t_copy(pawl_view(list.p, n)));
        struct efi_signature  one;
        while (efi_signatures_next(&s, &one))
            ;
        assert_false(pawl_is_ok(efi_signatures_end(&s, &err)));
    }
    for (size_t n = 0; n < variable.n; n++) {
        struct efi_variable v;
        t_poison(&v, sizeof(v));
        assert_false(pawl_is_ok(efi_variable_parse(t_copy(pawl_view(variable.p, n)), &v, &err)));
        t_still_poisoned(&v, sizeof(v));
    }
}

static void l9_a_variable_whose_lengths_lie(void **state)
{
    (void)state;
    static const size_t at[] = { 16, 23, 24, 31 };

    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
        struct soft_event   *e = &soft.event[setting(&soft, DB)];
        ((uint8_t *)(uintptr_t)e->data.p)[at[i]] ^= 0x80;
        e->measured = e->data;
        TOLD t = tell(&soft);
        assert_true(failures_by(&t.f, "L9") == 1);
        assert_int_not_equal(t.facts.secure_boot.on, FACT_YES);
    }
}

static void l10_secure_boot_without_its_keys(void **state)
{
    (void)state;
    static const uint8_t on[1] = { 1 };

    for (size_t which = PK; which <= DB; which++) {
        struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
        soft_eventlog_remove(&soft, setting(&soft, which));
        TOLD t = tell(&soft);
        assert_int_equal(failures_by(&t.f, "L10"), 1);
        assert_int_not_equal(t.facts.secure_boot.on, FACT_YES);
    }
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    soft_eventlog_insert(&soft, setting(&soft, PK),
                         soft_event(7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                                    soft_variable(efi_global, "SetupMode", PAWL_VIEW_OF(on))));
    fails_by(&soft, "L10");
}

static void l10_debug_mode_and_unprotected_memory(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256), edited = soft;
    size_t               at = setting(&soft, PK);

    soft_eventlog_insert(&edited, at, soft_event_text(7, EV_EFI_ACTION, "UEFI Debug Mode"));
    fails_secure_boot_by(&edited, "L10");
    edited = soft;
    soft_eventlog_insert(&edited, at, soft_event_text(7, EV_EFI_ACTION, "DMA Protection Disabled"));
    warns_by(&edited, "L10");
    TOLD t = tell(&edited);
    assert_true(t.facts.secure_boot.dma_unprotected);
}

static void l11_an_authority_that_db_does_not_hold(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    size_t               at = soft_eventlog_find(&soft, 7, EV_EFI_VARIABLE_AUTHORITY, 0);

    soft.event[at] = authority(efi_security, "db",
                               soft_signature(2, pawl_view_str("certificate B")));
    TOLD second = tell(&soft);
    assert_int_equal(second.f.n, 0);
    soft.event[at] = authority(efi_security, "db",
                               soft_signature(1, pawl_view_str("certificate B")));
    fails_secure_boot_by(&soft, "L11");
    soft.event[at] = authority(efi_security, "db", pawl_view_str("certificate A"));
    fails_secure_boot_by(&soft, "L11");
    soft.event[at] = authority(efi_security, "dbx",
                               soft_signature(2, pawl_view_str("certificate B")));
    fails_secure_boot_by(&soft, "L11");
    soft.event[at] = authority(efi_global, "db", soft_signature(1, pawl_view_str("certificate A")));
    fails_secure_boot_by(&soft, "L11");
}

static void l12_a_path_decides_nothing(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256), moved = soft;
    size_t               at = soft_eventlog_find(&soft, 4, EV_EFI_BOOT_SERVICES_APPLICATION, 0);

    moved.event[at].data = t_copy(pawl_view_str("\\EFI\\evil\\BOOTX64.EFI"));
    TOLD a = tell(&soft), b = tell(&moved);
    assert_int_equal(b.f.n, 0);
    assert_memory_equal(a.facts.image, b.facts.image, sizeof(a.facts.image));
    assert_true(pawl_view_equal(eventlog_digest(&a.log, &a.log.event[a.facts.image[0]], 0),
                                eventlog_digest(&b.log, &b.log.event[b.facts.image[0]], 0)));
}

static void l13_the_end_of_the_firmware(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256), edited = soft;
    struct soft_event    begun = soft.event[soft.n - 2], done = soft.event[soft.n - 1];

    edited.n--;
    warns_by(&edited, "L13");
    TOLD half = tell(&edited);
    assert_int_equal(half.facts.ebs, EBS_BEGUN);
    edited.n--;
    warns_by(&edited, "L13");
    TOLD none = tell(&edited);
    assert_int_equal(none.facts.ebs, EBS_MISSING);
    edited = soft;
    soft_eventlog_insert(&edited, edited.n, begun);
    soft_eventlog_insert(&edited, edited.n, done);
    warns_by(&edited, "L13");
    TOLD twice = tell(&edited);
    assert_int_equal(twice.facts.ebs, EBS_REPEATED);
    edited = soft; /* the words without the measurement */
    edited.event[edited.n - 1].measured = t_copy(pawl_view_str("nothing"));
    TOLD claimed = tell(&edited);
    assert_int_equal(claimed.facts.ebs, EBS_BEGUN);
}

static void l14_a_sha1_log(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA1);

    soft.legacy = true;
    fails_by(&soft, "L14");
}

/* ---- lines of loaders ----------------------------------------------------------------------- */

static bool has_line(const struct told *t, const char *line)
{
    for (size_t i = 0; i < t->log.event_n; i++)
        if (eventlog_is_line(&t->log, &t->facts, i) &&
            pawl_view_equal(t->facts.measured[i].bytes, pawl_view_str(line)))
            return true;
    return false;
}

static void l17_lines_are_what_was_measured_behind_the_words(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    size_t               at = soft_eventlog_find(&soft, 8, EV_IPL, 1);

    TOLD good = tell(&soft);
    assert_true(has_line(&good, "linux /vmlinuz root=/dev/sda1"));
    assert_true(has_line(&good, "/vmlinuz root=/dev/sda1"));
    soft.event[at] = soft_event_line(8, "grub_cmd ", "/vmlinuz quiet"); /* of an older GRUB */
    TOLD older = tell(&soft);
    assert_true(has_line(&older, "/vmlinuz quiet"));
    /* Words that bring a line of their own: no part of what was not measured comes back. */
    soft.event[at] = soft_event_line(8, "kernel_cmdline: /safe init=/bin/good\n", " init=/bin/sh");
    TOLD shaped = tell(&soft);
    assert_false(has_line(&shaped, "/safe init=/bin/good"));
    soft.event[at] = soft_event_line(8, "kernel_cmdline: ", "/vmlinuz init=/bin/sh");
    soft.event[at].data = t_copy(pawl_view("kernel_cmdline: /vmlinuz", 25));
    TOLD forged = tell(&soft);
    assert_false(has_line(&forged, "/vmlinuz"));
    assert_int_equal(forged.facts.measured[at + 1].belief, BELIEF_NONE);
    assert_false(eventlog_is_line(&forged.log, &forged.facts, at + 1));
}

static void l17_lines_of_systemd(void **state)
{
    (void)state;
    static const char    utf16[] = "q\0u\0i\0e\0t\0\0\0";
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    char                 text[16];

    soft_eventlog_insert(&soft, 0, soft_event(12, EV_IPL, pawl_view(utf16, 12)));
    /* An older systemd-boot hashed a zero that it did not log. */
    soft_eventlog_insert(&soft, 0, soft_event(8, EV_IPL, pawl_view(utf16, 11)));
    soft.event[0].measured = t_copy(pawl_view(utf16, 12));
    TOLD t = tell(&soft);
    for (size_t i = 1; i <= 2; i++) {
        assert_true(eventlog_is_line(&t.log, &t.facts, i));
        eventlog_text(t.facts.measured[i].bytes, text, sizeof(text));
        assert_string_equal(text, "quiet");
    }
}

/* ---- text for people ------------------------------------------------------------------------ */

static void l18_nothing_reaches_a_terminal_but_print(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t      n;
        const char *text;
    } cases[] = {
        { "plain", 5, "plain" },
        { "\x1b[31mred\a\n\0", 11, "?[31mred??" },
        { "a\0b\0c", 5, "abc" }, /* the last unit is cut */
        { "a\0b\0c\0\0\0", 8, "abc" },
        { "a\0\x1b\0c\0\x2e\x20", 8, "a?c?" },
        { "\xc3\xa9\xff", 3, "???" },
        { "in\0side", 7, "in?side" },
        { "", 0, "" },
        { "\0", 1, "" },
        { "a very long text", 16, "a very " },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[12];
        bool cut = cases[i].n == 16;
        t_poison(text, sizeof(text));
        eventlog_text(t_copy(pawl_view(cases[i].bytes, cases[i].n)), text, cut ? 8 : sizeof(text));
        assert_string_equal(text, cases[i].text);
    }
}

static void l18_a_failure_is_one_line_of_print(void **state)
{
    (void)state;
    struct failures f = { 0 };

    failure_add(&f, "L18", 7, "print", "%s", "a\x1b[2Jb\nc\xff");
    assert_string_equal(f.list[0].found, "a?[2Jb?c?");
    for (size_t i = 0; i <= FAILURES_MAX; i++)
        failure_warn(&f, "L18", FAILURE_WHOLE, "", "%s", "");
    assert_int_equal(f.n, FAILURES_MAX);
    assert_int_equal(f.dropped, 2);
    assert_true(failures_are_bad(&f));
    f.list[0].warning = true;
    assert_true(failures_are_bad(&f)); /* one that was dropped may have been no warning */
    struct failures joined = { 0 };
    failures_join(&joined, &f);
    failures_join(&joined, &f);
    assert_int_equal(joined.n, FAILURES_MAX);
    assert_int_equal(joined.dropped, FAILURES_MAX + 4);
    joined.dropped = 0;
    assert_false(failures_are_bad(&joined));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("a good boot is told", a_good_boot_is_told),
        T_CASE("a boot of U-Boot is told", a_boot_of_uboot_is_told),
        T_CASE("images are told in their order", images_are_told_in_their_order),
        T_CASE("L3: data that was not measured is opaque", l3_data_that_was_not_measured_is_opaque),
        T_CASE("L3: data has to be measured in every bank",
               l3_data_has_to_be_measured_in_every_bank),
        T_CASE("L3: an image is opaque whatever its data", l3_an_image_is_opaque_whatever_its_data),
        T_CASE("L3: a setting that was not measured", l3_a_setting_that_was_not_measured),
        T_CASE("a boot variable may be measured by its value",
               a_boot_variable_may_be_measured_by_its_value),
        T_CASE("an authority of an older shim is read", an_authority_of_an_older_shim_is_read),
        T_CASE("what shim says of itself", what_shim_says_of_itself),
        T_CASE("L4: an unknown type in PCR 7", l4_an_unknown_type_in_pcr_7),
        T_CASE("L4: an EV_NO_ACTION event that looks measured",
               l4_a_no_action_event_that_looks_measured),
        T_CASE("L5: a second story behind the separator", l5_a_second_story_behind_the_separator),
        T_CASE("L5: a switch is one byte of 0 or 1", l5_a_switch_is_one_byte_of_0_or_1),
        T_CASE("L5: an event of the firmware behind its end",
               l5_an_event_of_the_firmware_behind_its_end),
        T_CASE("L6: separators missing, twice, of an error, of other bytes", l6_separators),
        T_CASE("L8: lists of facts are bounded", l8_lists_of_facts_are_bounded),
        T_CASE("L9: signature lists that do not divide", l9_signature_lists_that_do_not_divide),
        T_CASE("L9: no prefix of a list or variable is one",
               l9_no_prefix_of_a_list_or_variable_is_one),
        T_CASE("L9: a variable whose lengths lie", l9_a_variable_whose_lengths_lie),
        T_CASE("L10: secure boot without its keys", l10_secure_boot_without_its_keys),
        T_CASE("L10: debug mode and unprotected memory", l10_debug_mode_and_unprotected_memory),
        T_CASE("L11: an authority that db does not hold", l11_an_authority_that_db_does_not_hold),
        T_CASE("L12: a path decides nothing", l12_a_path_decides_nothing),
        T_CASE("L13: the end of the firmware", l13_the_end_of_the_firmware),
        T_CASE("L14: a SHA-1 log", l14_a_sha1_log),
        T_CASE("L17: lines are what was measured behind the words",
               l17_lines_are_what_was_measured_behind_the_words),
        T_CASE("L17: lines of systemd", l17_lines_of_systemd),
        T_CASE("L18: nothing reaches a terminal but print",
               l18_nothing_reaches_a_terminal_but_print),
        T_CASE("L18: a failure is one line of print", l18_a_failure_is_one_line_of_print),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
