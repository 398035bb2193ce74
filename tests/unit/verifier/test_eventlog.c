/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: an event log has one form and is refused by the field that breaks it; what it replays to
 * is what its digests extend; and whatever does not lead to the quoted values is said by its row.
 */
#include <string.h>

#include "soft_eventlog.h"

enum { ALL_PCRS = 0xffffff };

static struct pawl_err err;

/* ---- what a test does ----------------------------------------------------------------------- */

static void refuse_bytes(struct pawl_view in, const char *field, enum pawl_code code)
{
    struct eventlog log;

    t_poison(&log, sizeof(log));
    T_FAILS(eventlog_parse(t_copy(in), &log, &err), &err, code);
    T_WHERE(&err, field);
    t_still_poisoned(&log, sizeof(log));
}

static void refuse(const struct soft_eventlog *soft, const char *field, enum pawl_code code)
{
    refuse_bytes(soft_eventlog_bytes(soft), field, code);
}

static struct eventlog parse(const struct soft_eventlog *soft)
{
    struct eventlog log;

    T_OK(eventlog_parse(soft_eventlog_bytes(soft), &log, &err), &err);
    return log;
}

static struct eventlog_pcrs replay(const struct soft_eventlog *soft)
{
    PAWL_CLEANUP(eventlog_done) struct eventlog log = parse(soft);
    struct eventlog_pcrs                        p;

    T_OK(eventlog_replay(&log, &p, &err), &err);
    return p;
}

/* A quote of these values, as good as the log. */
struct quote {
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
};

static struct quote quote_of(const struct eventlog_pcrs *p, uint32_t bits)
{
    struct quote q = { .select.n = p->bank_n };

    for (size_t b = 0; b < p->bank_n; b++) {
        q.select.bank[b] = (struct pawl_pcr_bank){ p->bank[b].hash, bits };
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            if (bits >> pcr & 1)
                q.values.value[q.values.n++] = p->bank[b].pcr[pcr];
    }
    return q;
}

static uint32_t compare(const struct soft_eventlog *soft, const struct quote *q, uint32_t mask,
                        struct failures *f)
{
    PAWL_CLEANUP(eventlog_done) struct eventlog log = parse(soft);
    struct eventlog_pcrs                        p;
    const struct eventlog_quoted                quoted = { &q->select, &q->values, mask };
    uint32_t                                    same;

    *f = (struct failures){ 0 };
    T_OK(eventlog_replay(&log, &p, &err), &err);
    T_OK(eventlog_compare(&log, &p, &quoted, f, &same, &err), &err);
    return same;
}

static void fails_by(const struct soft_eventlog *soft, const struct quote *q, const char *row)
{
    struct failures f;

    compare(soft, q, EVENTLOG_PCRS, &f);
    assert_true(failures_are_bad(&f));
    for (size_t i = 0; i < f.n; i++)
        assert_true(strcmp(f.list[i].row, row) == 0 || f.list[i].warning);
}

/* ---- parse ---------------------------------------------------------------------------------- */

static void reads_every_event_of_a_good_log(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    soft.bank_n = 4;
    memcpy(soft.bank, (enum pawl_hash[]){ PAWL_SHA512, PAWL_SHA1, PAWL_SHA256, PAWL_SHA384 },
           sizeof(soft.bank));
    PAWL_CLEANUP(eventlog_done) struct eventlog log = parse(&soft);
    assert_false(log.legacy);
    assert_int_equal(log.bank_n, 4);
    assert_int_equal(log.bank[0], PAWL_SHA512);
    assert_int_equal(log.event_n, soft.n + 1);
    assert_int_equal(eventlog_digest(&log, &log.event[0], 0).n, 0);
    for (size_t i = 0; i < soft.n; i++) {
        const struct eventlog_event *e = &log.event[i + 1];
        assert_int_equal(e->pcr, soft.event[i].pcr);
        assert_int_equal(e->type, soft.event[i].type);
        assert_true(pawl_view_equal(e->data, soft.event[i].data));
        for (size_t b = 0; b < 4; b++) {
            struct pawl_digest d;
            T_OK(pawl_hash(log.bank[b], &soft.event[i].measured, 1, &d, &err), &err);
            assert_true(pawl_view_equal(eventlog_digest(&log, e, b), pawl_digest_view(&d)));
        }
    }
}

static void reads_a_log_of_before_tpm_2(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA1);

    soft.legacy = true;
    PAWL_CLEANUP(eventlog_done) struct eventlog log = parse(&soft);
    assert_true(log.legacy);
    assert_int_equal(log.bank_n, 1);
    assert_int_equal(log.bank[0], PAWL_SHA1);
    assert_int_equal(log.event_n, soft.n);
}

/* Bytes of the header and of the first event behind it, by their offsets. */
enum { ALGS_AT = 32 + 24, ALG_AT = 32 + 28, VENDOR_AT = 32 + 32 };

static void refuse_byte(size_t at, uint8_t value, const char *field, enum pawl_code code)
{
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     bytes = soft_eventlog_bytes(&soft);

    assert_true(at < bytes.n && bytes.p[at] != value);
    ((uint8_t *)(uintptr_t)bytes.p)[at] = value;
    refuse_bytes(bytes, field, code);
}

static void l7_digests_that_the_header_does_not_promise(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    size_t               first = soft_eventlog_header_n(&soft);

    refuse_byte(ALGS_AT, 0, "events[0].numberOfAlgorithms", PAWL_E_RANGE);
    refuse_byte(ALGS_AT, 9, "events[0].numberOfAlgorithms", PAWL_E_RANGE);
    refuse_byte(ALGS_AT, 2, "events[0].digestSizes.algorithmId", PAWL_E_SHORT);
    refuse_byte(ALG_AT, 0x12, "events[0].digestSizes", PAWL_E_UNSUPPORTED);
    refuse_byte(ALG_AT, 0x0c, "events[0].digestSizes.digestSize", PAWL_E_RANGE);
    refuse_byte(ALG_AT + 2, 31, "events[0].digestSizes.digestSize", PAWL_E_RANGE);
    refuse_byte(VENDOR_AT, 1, "events[0].vendorInfo", PAWL_E_SHORT);
    refuse_byte(first + 8, 0, "events[1].digests.count", PAWL_E_FORM);
    refuse_byte(first + 8, 2, "events[1].digests.count", PAWL_E_FORM);
    refuse_byte(first + 12, 0x04, "events[1].digests.hashAlg", PAWL_E_FORM);
}

static void l7_a_bank_twice(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    soft.bank_n = 2;
    soft.bank[1] = PAWL_SHA1;
    struct pawl_view bytes = soft_eventlog_bytes(&soft);
    uint8_t         *p = (uint8_t *)(uintptr_t)bytes.p;
    size_t           first = soft_eventlog_header_n(&soft);
    /* SHA-256 for SHA-1: the second digest names an algorithm that is there already. */
    p[first + 12 + 2 + 32] = 0x0b;
    refuse_bytes(bytes, "events[1].digests.hashAlg", PAWL_E_FORM);
    p[ALG_AT + 4] = 0x0b;
    refuse_bytes(bytes, "events[0].digestSizes.algorithmId", PAWL_E_FORM);
}

static void l7_a_bank_that_we_do_not_know_is_passed_over(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    size_t               first;

    soft.bank_n = 2;
    soft.bank[1] = PAWL_SHA384;
    soft.n = 1;
    struct pawl_view bytes = soft_eventlog_bytes(&soft);
    first = soft_eventlog_header_n(&soft);
    ((uint8_t *)(uintptr_t)bytes.p)[ALG_AT + 4] = 0x27; /* TPM_ALG_SHA3_256, of 48 bytes here */
    ((uint8_t *)(uintptr_t)bytes.p)[first + 12 + 2 + 32] = 0x27;
    PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
    T_OK(eventlog_parse(bytes, &log, &err), &err);
    assert_int_equal(log.bank_n, 1);
    assert_int_equal(log.event_n, 2);
}

static void l8_lengths_beyond_the_end(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    size_t               size_at = soft_eventlog_header_n(&soft) + 12 + 2 + 32;

    refuse_byte(size_at, 0xff, "events[2].digests.count", PAWL_E_FORM);
    refuse_byte(size_at + 3, 0xff, "events[1].event", PAWL_E_SHORT);
    refuse_byte(28, 200, "events[0].end", PAWL_E_TRAILING);
    refuse_byte(31, 1, "events[0].event", PAWL_E_SHORT);
}

static void l8_a_log_too_long(void **state)
{
    (void)state;
    static uint8_t       room[EVENTLOG_MAX + 1];
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA1);

    refuse_bytes(PAWL_VIEW_OF(room), "eventlog", PAWL_E_RANGE);
    /* EV_NO_ACTION of PCR 0 without data, 32 bytes each: as many as a log may have, and one more.
     */
    for (size_t i = 0; i <= EVENTLOG_EVENTS_MAX; i++)
        room[32 * i + 4] = EV_NO_ACTION;
    PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
    T_OK(eventlog_parse(t_copy(pawl_view(room, (size_t)32 * EVENTLOG_EVENTS_MAX)), &log, &err),
         &err);
    assert_int_equal(log.event_n, EVENTLOG_EVENTS_MAX);
    refuse_bytes(pawl_view(room, (size_t)32 * (EVENTLOG_EVENTS_MAX + 1)), "events[4096].pcrIndex",
                 PAWL_E_RANGE);
    soft.event[3].pcr = PAWL_PCRS;
    refuse(&soft, "events[4].pcrIndex", PAWL_E_RANGE);
    soft.event[3].pcr = EVENTLOG_NO_PCR;
    refuse(&soft, "events[4].pcrIndex", PAWL_E_RANGE);
}

static void l14_a_header_in_the_middle(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    soft_eventlog_insert(&soft, 3, soft_event(0, EV_NO_ACTION, pawl_view("Spec ID Event03", 16)));
    refuse(&soft, "events[4].event", PAWL_E_FORM);
}

static void l14_a_sha1_log_beside_other_banks(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA1);

    soft.legacy = true;
    struct eventlog_pcrs p = replay(&soft);
    struct quote         q = quote_of(&p, EVENTLOG_PCRS);
    struct failures      f;
    assert_int_equal(compare(&soft, &q, EVENTLOG_PCRS, &f), EVENTLOG_PCRS);
    assert_int_equal(f.n, 0);
    q.select.bank[q.select.n++] = (struct pawl_pcr_bank){ PAWL_SHA256, 1 };
    q.values.value[q.values.n++] = (struct pawl_digest){ .n = 32 };
    fails_by(&soft, &q, "L14");
}

/* A log has no end mark: what stops between two events is a log, and leads to other values. */
static void no_prefix_reads_past_its_end(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     bytes = soft_eventlog_bytes(&soft);
    size_t               whole = 0;

    for (size_t n = 0; n < bytes.n; n++) {
        PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
        pawl_status s = eventlog_parse(t_copy(pawl_view(bytes.p, n)), &log, &err);
        whole += pawl_is_ok(s);
        if (!pawl_is_ok(s))
            assert_memory_equal(err.where, "events[", 7);
    }
    assert_int_equal(whole, soft.n);
}

/* ---- replay --------------------------------------------------------------------------------- */

static struct pawl_view value(const struct eventlog_pcrs *p, unsigned pcr)
{
    return pawl_digest_view(&p->bank[0].pcr[pcr]);
}

/* PCR 6 holds one separator, a value that is known from every machine. */
static void replays_to_known_values(void **state)
{
    (void)state;
    static const struct {
        enum pawl_hash hash;
        const char    *pcr6;
    } known[] = {
        { PAWL_SHA1, "b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236" },
        { PAWL_SHA256, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969" },
        { PAWL_SHA384, "518923b0f955d08da077c96aaba522b9decede61c599cea6"
                       "c41889cfbea4ae4d50529d96fe4d1afdafb65e7f95bf23c4" },
    };

    for (size_t i = 0; i < 3; i++) {
        struct soft_eventlog soft = soft_eventlog_good(known[i].hash);
        struct eventlog_pcrs p = replay(&soft);
        assert_true(pawl_view_equal(value(&p, 6), t_hex(known[i].pcr6)));
        assert_int_equal(p.bank[0].extended, 0x41ff);
        for (size_t b = 0; b < value(&p, 17).n; b++) {
            assert_int_equal(value(&p, 16).p[b], 0);
            assert_int_equal(value(&p, 17).p[b], 0xff);
            assert_int_equal(value(&p, 22).p[b], 0xff);
            assert_int_equal(value(&p, 23).p[b], 0);
        }
    }
}

static struct soft_event locality(uint32_t pcr, uint8_t value_of)
{
    uint8_t data[17] = "StartupLocality";

    data[16] = value_of;
    return soft_event(pcr, EV_NO_ACTION, PAWL_VIEW_OF(data));
}

static void t7_pcr_0_begins_with_the_locality(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256), plain = soft;

    soft_eventlog_insert(&soft, 0, locality(0, 3));
    struct eventlog_pcrs with = replay(&soft), without = replay(&plain);
    assert_false(pawl_view_equal(value(&with, 0), value(&without, 0)));
    assert_true(pawl_view_equal(value(&with, 1), value(&without, 1)));
    soft.n = 1;
    with = replay(&soft);
    assert_int_equal(value(&with, 0).p[31], 3);
}

static void t7_a_locality_that_is_late_foreign_or_strange(void **state)
{
    (void)state;
    static const struct {
        size_t   at;
        uint32_t pcr;
        uint8_t  value;
        bool     twice;
    } bad[] = { { 1, 0, 3, false }, { 0, 1, 3, false }, { 0, 0, 1, false }, { 0, 0, 3, true } };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
        struct eventlog_pcrs p;
        if (bad[i].twice)
            soft_eventlog_insert(&soft, 0, locality(0, 3));
        soft_eventlog_insert(&soft, bad[i].at, locality(bad[i].pcr, bad[i].value));
        PAWL_CLEANUP(eventlog_done) struct eventlog log = parse(&soft);
        t_poison(&p, sizeof(p));
        assert_false(pawl_is_ok(eventlog_replay(&log, &p, &err)));
        assert_non_null(strstr(err.where, "].startupLocality"));
        t_still_poisoned(&p, sizeof(p));
    }
}

static void t7_a_locality_is_one_byte(void **state)
{
    (void)state;
    static const char data[] = "StartupLocality\0\0\3";

    for (size_t n = 16; n <= 18; n += 2) {
        struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
        struct eventlog_pcrs p;
        soft_eventlog_insert(&soft, 0, soft_event(0, EV_NO_ACTION, pawl_view(data, n)));
        PAWL_CLEANUP(eventlog_done) struct eventlog log = parse(&soft);
        T_FAILS(eventlog_replay(&log, &p, &err), &err, PAWL_E_FORM);
        T_WHERE(&err, "events[1].startupLocality");
    }
}

static void l4_a_no_action_event_extends_nothing(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256), edited = soft;
    struct soft_event    e = soft_event_text(7, EV_NO_ACTION, "anything");

    e.zeros = false;
    soft_eventlog_insert(&edited, 5, e);
    struct eventlog_pcrs p = replay(&soft), q = replay(&edited);
    assert_memory_equal(&p, &q, sizeof(p));
}

static void l4_an_event_renamed_to_no_action_is_missed(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct eventlog_pcrs p = replay(&soft);
    struct quote         q = quote_of(&p, EVENTLOG_PCRS);

    soft.event[soft_eventlog_find(&soft, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, 0)].type = EV_NO_ACTION;
    fails_by(&soft, &q, "L1");
}

/* ---- against a quote ------------------------------------------------------------------------ */

static void a_good_log_leads_to_its_quote(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    soft.bank_n = 2;
    soft.bank[1] = PAWL_SHA1;
    struct eventlog_pcrs p = replay(&soft);
    struct quote         q = quote_of(&p, ALL_PCRS);
    struct failures      f;
    assert_int_equal(compare(&soft, &q, EVENTLOG_PCRS, &f), EVENTLOG_PCRS);
    assert_int_equal(f.n, 0);
    q = quote_of(&p, 0x91);
    assert_int_equal(compare(&soft, &q, EVENTLOG_PCRS, &f), 0x91);
    assert_int_equal(f.n, 0);
}

static void l1_a_log_of_another_boot(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct eventlog_pcrs p = replay(&soft);
    struct quote         q = quote_of(&p, EVENTLOG_PCRS);

    for (size_t i = 0; i < soft.n; i++) {
        struct soft_eventlog edited = soft;
        struct failures      f;
        edited.event[i].measured = t_copy(pawl_view_str("something else"));
        uint32_t same = compare(&edited, &q, EVENTLOG_PCRS, &f);
        assert_int_equal(same, EVENTLOG_PCRS & ~(1u << soft.event[i].pcr));
        assert_true(failures_are_bad(&f));
        assert_string_equal(f.list[0].row, "L1");
        edited = soft;
        soft_eventlog_remove(&edited, i);
        if (soft.event[i].pcr != 5) /* where the end of the firmware may be missing (L13) */
            assert_int_not_equal(compare(&edited, &q, EVENTLOG_PCRS, &f), EVENTLOG_PCRS);
    }
}

static void l1_every_quoted_bank_has_to_agree(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    soft.bank_n = 2;
    soft.bank[1] = PAWL_SHA384;
    struct eventlog_pcrs p = replay(&soft);
    struct quote         q = quote_of(&p, EVENTLOG_PCRS);
    struct failures      f;
    q.values.value[q.values.n - 1].b[0] ^= 1; /* sha384:14 */
    assert_int_equal(compare(&soft, &q, EVENTLOG_PCRS, &f), EVENTLOG_PCRS & ~(1u << 14));
    fails_by(&soft, &q, "L1");
    q = quote_of(&p, EVENTLOG_PCRS);
    soft.bank_n = 1; /* a log that leaves a bank out, which anybody may have filled */
    assert_int_equal(compare(&soft, &q, EVENTLOG_PCRS, &f), 0);
    fails_by(&soft, &q, "L1");
    q.select.n = 0;
    fails_by(&soft, &q, "L1");
}

static void l2_a_pcr_without_events_that_was_extended(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct eventlog_pcrs p = replay(&soft);

    p.bank[0].pcr[13].b[0] = 1;
    struct quote q = quote_of(&p, EVENTLOG_PCRS);
    fails_by(&soft, &q, "L2");
    p.bank[0].pcr[13].b[0] = 0;
    p.bank[0].pcr[17].b[0] = 0; /* not all ones any more: a late launch that no log tells of */
    q = quote_of(&p, ALL_PCRS);
    struct failures f;
    compare(&soft, &q, ALL_PCRS, &f);
    assert_true(failures_are_bad(&f));
    assert_string_equal(f.list[0].row, "L2");
}

static void l10a_pcr_7_alone_is_a_warning(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct eventlog_pcrs p = replay(&soft);
    struct quote         q = quote_of(&p, 1u << 7);
    struct failures      f;

    compare(&soft, &q, EVENTLOG_PCRS, &f);
    assert_int_equal(f.n, 1);
    assert_string_equal(f.list[0].row, "L10a");
    assert_true(f.list[0].warning);
}

static void l13_the_end_of_the_firmware_may_be_missing_or_there_twice(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct eventlog_pcrs p = replay(&soft);
    struct quote         q = quote_of(&p, EVENTLOG_PCRS);
    struct failures      f;

    struct soft_eventlog twice = soft;
    soft_eventlog_insert(&twice, twice.n, soft.event[soft.n - 2]);
    soft_eventlog_insert(&twice, twice.n, soft.event[soft.n - 1]);
    assert_int_equal(compare(&twice, &q, EVENTLOG_PCRS, &f), EVENTLOG_PCRS);
    assert_int_equal(f.n, 0);
    struct soft_eventlog missing = soft;
    missing.n -= 2;
    assert_int_equal(compare(&missing, &q, EVENTLOG_PCRS, &f), EVENTLOG_PCRS);
    /* And nothing else may: half of it, another word, another PCR, another event twice. */
    missing.n++;
    fails_by(&missing, &q, "L1");
    struct soft_eventlog begun = soft;
    soft_eventlog_insert(&begun, begun.n - 2, soft.event[soft.n - 2]);
    p = replay(&begun);
    struct quote begun_twice = quote_of(&p, EVENTLOG_PCRS);
    fails_by(&missing, &begun_twice, "L1");
    struct soft_eventlog other = twice;
    other.event[other.n - 1].measured = t_copy(pawl_view_str("another word"));
    fails_by(&other, &q, "L1");
    twice.event[twice.n - 1].data = t_copy(pawl_view_str("Exit Boot Services Returned"));
    fails_by(&twice, &q, "L1");
    twice = soft;
    soft_eventlog_insert(&twice, twice.n,
                         soft.event[soft_eventlog_find(&soft, 5, EV_SEPARATOR, 0)]);
    fails_by(&twice, &q, "L1");
    twice = soft;
    soft_eventlog_insert(&twice, twice.n,
                         soft_event_text(6, EV_EFI_ACTION, "Exit Boot Services Invocation"));
    fails_by(&twice, &q, "L1");
}

static void l13_a_log_that_has_it_twice_because_it_was_measured_twice(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct failures      f;

    soft_eventlog_insert(&soft, soft.n, soft.event[soft.n - 2]);
    soft_eventlog_insert(&soft, soft.n, soft.event[soft.n - 2]);
    struct eventlog_pcrs p = replay(&soft);
    struct quote         q = quote_of(&p, EVENTLOG_PCRS);
    assert_int_equal(compare(&soft, &q, EVENTLOG_PCRS, &f), EVENTLOG_PCRS);
}

static void l15_only_the_order_inside_a_pcr_matters(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256), sorted = soft;
    struct eventlog_pcrs p = replay(&soft), q;

    sorted.n = 0;
    for (uint32_t pcr = 0; pcr < PAWL_PCRS; pcr++)
        for (size_t i = 0; i < soft.n; i++)
            if (soft.event[i].pcr == pcr)
                soft_eventlog_insert(&sorted, sorted.n, soft.event[i]);
    q = replay(&sorted);
    assert_memory_equal(&p, &q, sizeof(p));
    struct soft_event first = sorted.event[0];
    sorted.event[0] = sorted.event[1];
    sorted.event[1] = first;
    q = replay(&sorted);
    assert_false(pawl_view_equal(value(&p, 0), value(&q, 0)));
}

static void l16_pcrs_that_others_extend_are_left_to_a_policy(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct eventlog_pcrs p = replay(&soft);
    struct failures      f;

    memset(p.bank[0].pcr[10].b, 0x5a, 32); /* IMA */
    memset(p.bank[0].pcr[11].b, 0x5a, 32); /* systemd */
    struct quote q = quote_of(&p, ALL_PCRS);
    assert_int_equal(compare(&soft, &q, EVENTLOG_PCRS, &f), EVENTLOG_PCRS);
    assert_int_equal(f.n, 0);
    compare(&soft, &q, EVENTLOG_PCRS | 1u << 11, &f);
    assert_true(failures_are_bad(&f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("reads every event of a good log", reads_every_event_of_a_good_log),
        T_CASE("reads a log of before TPM 2.0", reads_a_log_of_before_tpm_2),
        T_CASE("L7: digests that the header does not promise",
               l7_digests_that_the_header_does_not_promise),
        T_CASE("L7: a bank twice", l7_a_bank_twice),
        T_CASE("L7: a bank that we do not know is passed over",
               l7_a_bank_that_we_do_not_know_is_passed_over),
        T_CASE("L8: lengths beyond the end", l8_lengths_beyond_the_end),
        T_CASE("L8: a log too long", l8_a_log_too_long),
        T_CASE("L14: a header in the middle", l14_a_header_in_the_middle),
        T_CASE("L14: a SHA-1 log beside other banks", l14_a_sha1_log_beside_other_banks),
        T_CASE("no prefix reads past its end", no_prefix_reads_past_its_end),
        T_CASE("replays to known values", replays_to_known_values),
        T_CASE("T7: PCR 0 begins with the locality", t7_pcr_0_begins_with_the_locality),
        T_CASE("T7: a locality that is late, foreign or strange",
               t7_a_locality_that_is_late_foreign_or_strange),
        T_CASE("T7: a locality is one byte", t7_a_locality_is_one_byte),
        T_CASE("L4: an EV_NO_ACTION event extends nothing", l4_a_no_action_event_extends_nothing),
        T_CASE("L4: an event renamed to EV_NO_ACTION is missed",
               l4_an_event_renamed_to_no_action_is_missed),
        T_CASE("a good log leads to its quote", a_good_log_leads_to_its_quote),
        T_CASE("L1: a log of another boot", l1_a_log_of_another_boot),
        T_CASE("L1: every quoted bank has to agree", l1_every_quoted_bank_has_to_agree),
        T_CASE("L2: a PCR without events that was extended",
               l2_a_pcr_without_events_that_was_extended),
        T_CASE("L10a: PCR 7 alone is a warning", l10a_pcr_7_alone_is_a_warning),
        T_CASE("L13: the end of the firmware may be missing or there twice",
               l13_the_end_of_the_firmware_may_be_missing_or_there_twice),
        T_CASE("L13: a log that has it twice because it was measured twice",
               l13_a_log_that_has_it_twice_because_it_was_measured_twice),
        T_CASE("L15: only the order inside a PCR matters", l15_only_the_order_inside_a_pcr_matters),
        T_CASE("L16: PCRs that others extend are left to a policy",
               l16_pcrs_that_others_extend_are_left_to_a_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
