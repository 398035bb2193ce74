/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: saved evidence reads back as it was written and nothing else does; the verdict made again
 * from it is that of the device, and stands on what the AK signed: no other A1, value, signature,
 * AK, device or tenant gives one.
 */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appraise/bundle.h"
#include "soft_device.h"

enum { ROOM = 128 * 1024 };

static struct pawl_err err;

/* ---- a device and its evidence -------------------------------------------------------------- */

static struct soft_ca       ca;
static struct soft_device   d;
static struct soft_evidence e;
static struct bundle_head   h;
static struct bundle        b;

static int make_device(void **state)
{
    (void)state;
    soft_ca_make(&ca, false, time(NULL));
    soft_device_make(&d, &ca, time(NULL));
    return 0;
}

static int drop_device(void **state)
{
    (void)state;
    soft_device_done(&d);
    soft_ca_done(&ca);
    return 0;
}

static struct pawl_pcr_selection some_pcrs(void)
{
    return (struct pawl_pcr_selection){ .n = 1, .bank = { { PAWL_SHA256, 0x7fff } } };
}

/* A head with something in every member, and no exception. */
static void make_head_of(struct pawl_pcr_selection asked)
{
    static const uint8_t nonce[PAWL_NONCE] = "a nonce";

    soft_evidence_begin(&d, PAWL_LABEL_ATTEST, PAWL_VIEW_OF(nonce), &asked, &e);
    soft_evidence_sign(&e, NULL);
    h = (struct bundle_head){ .tenant = pawl_view_str(d.tenant),
                              .device_id = PAWL_VIEW_OF(d.id),
                              .known = { .approved = true,
                                         .state = "active",
                                         .has_certificate = true,
                                         .clock = d.clock,
                                         .has_clock = true,
                                         .firmware_cert = "id:00490040",
                                         .manufacturer = "id:53544D20",
                                         .banks = asked },
                              .ak_public = d.ak_public,
                              .a1 = e.m.a1,
                              .attest = e.m.attest,
                              .signature = e.m.signature,
                              .has_values = true,
                              .values = e.values,
                              .time_ms = 1790000000000,
                              .policy = "gateway:3",
                              .status = "affirming" };
    h.known.clock.clock_ms -= 1;
    memcpy(h.known.os_boot, d.os_boot, PAWL_OS_BOOT);
    memcpy(h.first_os_boot, d.os_boot, PAWL_OS_BOOT);
}

static void make_head(void)
{
    make_head_of(some_pcrs());
}

static void add_exception(enum reason reason, const char *what)
{
    struct exception *x = &h.exception[h.exception_n++];

    *x = (struct exception){ .reason = reason, .until_s = 1800000000 };
    snprintf(x->what, sizeof(x->what), "%s", what);
    snprintf(x->author, sizeof(x->author), "operator");
    snprintf(x->note, sizeof(x->note), "until the new image");
}

static struct pawl_view head_bytes(void)
{
    static uint8_t room[ROOM];
    struct pawl_wr w = pawl_wr_to(room, sizeof(room));

    T_OK(bundle_head_write(&h, &w, &err), &err);
    return t_copy(pawl_view(room, w.n));
}

static struct pawl_view bundle_bytes(const char *log, const char *list)
{
    static uint8_t room[ROOM];
    struct pawl_wr w = pawl_wr_to(room, sizeof(room));

    T_OK(bundle_write(head_bytes(), pawl_view_str(log), pawl_view_str(list), &w, &err), &err);
    return t_copy(pawl_view(room, w.n));
}

/* ---- form ----------------------------------------------------------------------------------- */

static void same_values(const struct pawl_pcr_values *x, const struct pawl_pcr_values *y)
{
    assert_int_equal(x->n, y->n);
    for (size_t i = 0; i < x->n; i++)
        assert_true(
            pawl_view_equal(pawl_digest_view(&x->value[i]), pawl_digest_view(&y->value[i])));
}

static void same_known(const struct known_device *x, const struct known_device *y)
{
    assert_int_equal(x->approved, y->approved);
    assert_string_equal(x->state, y->state);
    assert_int_equal(x->lab, y->lab);
    assert_int_equal(x->has_certificate, y->has_certificate);
    assert_int_equal(x->has_clock, y->has_clock);
    assert_true(x->clock.clock_ms == y->clock.clock_ms && x->clock.firmware == y->clock.firmware);
    assert_int_equal(x->clock.resets, y->clock.resets);
    assert_int_equal(x->clock.restarts, y->clock.restarts);
    assert_int_equal(x->clock.safe, y->clock.safe);
    assert_memory_equal(x->os_boot, y->os_boot, PAWL_OS_BOOT);
    assert_string_equal(x->firmware_cert, y->firmware_cert);
    assert_string_equal(x->manufacturer, y->manufacturer);
    assert_true(pawl_pcr_selection_equal(&x->banks, &y->banks));
    assert_int_equal(!x->select, !y->select);
    assert_int_equal(!x->values, !y->values);
    if (!x->select)
        return;
    assert_true(pawl_pcr_selection_equal(x->select, y->select));
    same_values(x->values, y->values);
}

static void same_head(const struct bundle_head *x, const struct bundle_head *y)
{
    same_known(&x->known, &y->known);
    assert_true(pawl_view_equal(x->tenant, y->tenant));
    assert_true(pawl_view_equal(x->device_id, y->device_id));
    assert_memory_equal(x->first_os_boot, y->first_os_boot, PAWL_OS_BOOT);
    assert_true(pawl_view_equal(x->ak_public, y->ak_public));
    assert_true(pawl_view_equal(x->qualified_signer, y->qualified_signer));
    assert_true(pawl_view_equal(x->a1, y->a1));
    assert_true(pawl_view_equal(x->attest, y->attest));
    assert_true(pawl_view_equal(x->signature, y->signature));
    assert_int_equal(x->has_values, y->has_values);
    same_values(&x->values, &y->values);
    assert_true(x->time_ms == y->time_ms);
    assert_int_equal(x->watch, y->watch);
    assert_string_equal(x->policy, y->policy);
    assert_string_equal(x->status, y->status);
    assert_int_equal(x->exception_n, y->exception_n);
    for (size_t i = 0; i < x->exception_n; i++) {
        assert_int_equal(x->exception[i].reason, y->exception[i].reason);
        assert_string_equal(x->exception[i].what, y->exception[i].what);
        assert_string_equal(x->exception[i].author, y->exception[i].author);
        assert_string_equal(x->exception[i].note, y->exception[i].note);
        assert_true(x->exception[i].until_s == y->exception[i].until_s);
    }
}

static void reads_back_as(void)
{
    static struct bundle_head read;

    T_OK(bundle_head_parse(head_bytes(), &read, &err), &err);
    same_head(&h, &read);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct pawl_pcr_selection before = some_pcrs();
    struct pawl_name          signer = soft_device_qualified(&d);

    make_head();
    reads_back_as();
    h.qualified_signer = pawl_name_view(&signer);
    h.known.select = &before;
    h.known.values = &e.values;
    h.known.lab = h.watch = true;
    for (size_t i = 0; i < BUNDLE_EXCEPTIONS_MAX; i++)
        add_exception(REASON_PCR_DIFFERS, "sha256:7");
    reads_back_as();
    h.known = (struct known_device){ .state = "pending" };
    h.has_values = false;
    h.values = (struct pawl_pcr_values){ 0 };
    h.time_ms = 0;
    h.policy[0] = h.status[0] = 0;
    h.exception_n = 0;
    reads_back_as();
}

static void parse_fails(struct pawl_view in, enum pawl_code code, const char *where)
{
    static struct bundle_head read;

    t_poison(&read, sizeof(read));
    T_FAILS(bundle_head_parse(in, &read, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&read, sizeof(read));
}

/* A head that cannot be read is not written either. */
static void write_fails(enum pawl_code code, const char *where)
{
    static uint8_t room[ROOM];
    struct pawl_wr w = pawl_wr_to(room, sizeof(room));

    T_FAILS(bundle_head_write(&h, &w, &err), &err, code);
    T_WHERE(&err, where);
    make_head();
}

static void refuses_what_no_head_may_hold(void **state)
{
    (void)state;
    struct pawl_pcr_selection before = some_pcrs();
    struct pawl_pcr_values    too_few;

    make_head();
    h.tenant = pawl_view_str("Acme");
    write_fails(PAWL_E_FORM, "tenant");
    h.device_id.n--;
    write_fails(PAWL_E_RANGE, "device_id");
    h.a1.n = 0;
    write_fails(PAWL_E_RANGE, "a1");
    h.time_ms = -1;
    write_fails(PAWL_E_RANGE, "judged.time_ms");
    add_exception(REASON_NONE, "");
    write_fails(PAWL_E_RANGE, "exception.reason");
    h.exception_n = BUNDLE_EXCEPTIONS_MAX + 1;
    write_fails(PAWL_E_RANGE, "judged.exceptions");
    h.values.n = PAWL_PCR_VALUES_MAX + 1;
    write_fails(PAWL_E_RANGE, "values");
    h.known.select = &before;
    too_few = e.values;
    too_few.n--;
    h.known.values = &too_few;
    write_fails(PAWL_E_RANGE, "known.values");
    parse_fails(t_hex("80"), PAWL_E_RANGE, "head");
    static const uint8_t zeros[BUNDLE_HEAD_MAX + 1];
    parse_fails(PAWL_VIEW_OF(zeros), PAWL_E_RANGE, "head");
}

static void must_not_parse(struct pawl_view v, void *arg)
{
    (void)arg;
    t_poison(&b, sizeof(b));
    struct pawl_view list = b.list;
    assert_false(pawl_is_ok(bundle_parse(v, &b, &err)));
    assert_true(b.list.p == list.p && b.list.n == list.n);
}

static void a_bundle_is_read_whole(void **state)
{
    (void)state;
    make_head();
    struct pawl_view bytes = bundle_bytes("log", "list");

    T_OK(bundle_parse(bytes, &b, &err), &err);
    same_head(&h, &b.head);
    assert_true(pawl_view_equal(b.head_bytes, head_bytes()));
    assert_true(pawl_view_equal(b.log, pawl_view_str("log")));
    assert_true(pawl_view_equal(b.list, pawl_view_str("list")));
    t_each_truncation(bytes, must_not_parse, NULL);
    T_OK(bundle_parse(bundle_bytes("", ""), &b, &err), &err);
    assert_int_equal(b.log.n + b.list.n, 0);
    must_not_parse(t_hex("84 6d 7061776c2f312062756e646c66 80 40 40"), NULL);
    T_WHERE(&err, "label");
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static struct policy policy_of(const char *members)
{
    struct policy p;
    char          json[1024];

    snprintf(json, sizeof(json), "{\"name\":\"gateway\",\"version\":3,%s}", members);
    T_OK(policy_parse(pawl_view_str(json), &p, &err), &err);
    return p;
}

/* PCR 0 as the device has it, or with another last digit. */
static struct policy policy_of_pcr0(char last)
{
    char hex[2 * PAWL_HASH_MAX + 1], member[256];

    T_OK(pawl_hex_write(pawl_digest_view(&e.values.value[0]), hex, sizeof(hex), &err), &err);
    if (last)
        hex[63] = hex[63] == last ? (char)(last + 1) : last;
    snprintf(member, sizeof(member), "\"pcrs\":{\"sha256\":{\"0\":[\"%s\"]}}", hex);
    return policy_of(member);
}

static void read_head(void)
{
    T_OK(bundle_parse(bundle_bytes("", ""), &b, &err), &err);
}

static struct verdict judge(const struct policy *p, int64_t now_s)
{
    struct verdict v;

    t_poison(&v, sizeof(v));
    read_head();
    T_OK(bundle_appraise(&b, p, now_s, &v, &err), &err);
    return v;
}

static bool found(const struct verdict *v, enum reason r)
{
    for (size_t i = 0; i < v->finding_n; i++)
        if (v->finding[i].reason == r)
            return true;
    return false;
}

static void judges_by_the_policy_that_it_is_given(void **state)
{
    (void)state;
    make_head();
    PAWL_CLEANUP(policy_done) struct policy same = policy_of_pcr0(0), other = policy_of_pcr0('0');

    struct verdict v = judge(&same, 0);
    assert_int_equal(verdict_tier(&v), TIER_AFFIRMING);
    assert_string_equal(v.policy, "gateway:3");
    v = judge(&other, 0);
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
    assert_true(found(&v, REASON_PCR_DIFFERS));
    v = judge(NULL, 0);
    assert_int_equal(verdict_tier(&v), TIER_NONE);
    assert_true(found(&v, REASON_NO_POLICY));
}

static void judges_what_was_known_of_the_device(void **state)
{
    (void)state;
    make_head();
    PAWL_CLEANUP(policy_done) struct policy p = policy_of_pcr0(0);

    h.known.approved = false;
    struct verdict v = judge(&p, 0);
    assert_int_equal(verdict_tier(&v), TIER_NONE);
    make_head();
    h.known.clock = e.attest.clock;
    h.known.clock.resets++;
    v = judge(&p, 0);
    assert_true(found(&v, REASON_TPM_WENT_BACK));
    make_head();
    h.first_os_boot[0] ^= 1;
    v = judge(&p, 0);
    assert_true(found(&v, REASON_TPM_NOT_RESET));
}

/* A quote of all PCRs speaks of every bank; one of some, of its own only (Q22). */
static void knows_a_quote_of_all_pcrs_by_its_form(void **state)
{
    (void)state;
    const struct pawl_pcr_bank sha512 = { PAWL_SHA512, 0xffffff };

    for (unsigned all = 0; all < 2; all++) {
        make_head_of(all ? pawl_pcr_selection_all(1) : some_pcrs());
        h.known.banks = e.select; /* as signed */
        struct verdict v = judge(NULL, 0);
        assert_false(found(&v, REASON_BANKS_CHANGED));
        h.known.banks.bank[h.known.banks.n++] = sha512;
        v = judge(NULL, 0);
        assert_int_equal(found(&v, REASON_BANKS_CHANGED), all);
    }
}

static void exceptions_hold_until_their_end(void **state)
{
    (void)state;
    make_head();
    PAWL_CLEANUP(policy_done) struct policy other = policy_of_pcr0('0');

    add_exception(REASON_PCR_DIFFERS, "sha256:0");
    struct verdict v = judge(&other, 0);
    assert_true(found(&v, REASON_EXCEPTED));
    assert_int_not_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
    v = judge(&other, 1800000000);
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
}

static void a_group_that_watches_accuses_nobody(void **state)
{
    (void)state;
    make_head();
    PAWL_CLEANUP(policy_done) struct policy other = policy_of_pcr0('0');

    h.watch = true;
    struct verdict v = judge(&other, 0);
    assert_int_equal(verdict_tier(&v), TIER_WARNING);
    assert_true(v.watched);
}

/* ---- what nobody signed --------------------------------------------------------------------- */

static void is_forged(const char *where)
{
    struct verdict v;

    read_head();
    t_poison(&v, sizeof(v));
    T_FAILS(bundle_appraise(&b, NULL, 0, &v, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, where);
    t_still_poisoned(&v, sizeof(v));
    make_head();
}

static struct pawl_view flipped(struct pawl_view v, size_t at)
{
    uint8_t *p = malloc(v.n);

    memcpy(p, v.p, v.n);
    p[at] ^= 1;
    struct pawl_view copy = t_copy(pawl_view(p, v.n));
    free(p);
    return copy;
}

static void nothing_that_the_ak_did_not_sign_is_believed(void **state)
{
    (void)state;
    make_head();
    h.a1 = flipped(h.a1, h.a1.n - 1);
    is_forged("quote.extraData");
    h.values.value[3].b[0] ^= 1;
    is_forged("pcrs");
    h.signature = flipped(h.signature, h.signature.n - 1);
    is_forged("signature.signature");
    h.qualified_signer = flipped(h.attest, 0);
    h.qualified_signer.n = 34;
    is_forged("quote.qualifiedSigner");
    h.tenant = pawl_view_str("other");
    is_forged("a1.tenant");
    h.device_id = flipped(h.device_id, 0);
    is_forged("a1.device_id");
    e.a1.ak_name = pawl_name_view(&d.td_name);
    soft_evidence_sign(&e, NULL);
    h.a1 = e.m.a1;
    h.attest = e.m.attest;
    h.signature = e.m.signature;
    is_forged("a1.ak_name");
}

static const struct CMUnitTest cases[] = {
    T_CASE("what was written is read", what_was_written_is_read),
    T_CASE("refuses what no head may hold", refuses_what_no_head_may_hold),
    T_CASE("a bundle is read whole", a_bundle_is_read_whole),
    T_CASE("judges by the policy that it is given", judges_by_the_policy_that_it_is_given),
    T_CASE("judges what was known of the device", judges_what_was_known_of_the_device),
    T_CASE("Q22: knows a quote of all PCRs by its form", knows_a_quote_of_all_pcrs_by_its_form),
    T_CASE("exceptions hold until their end", exceptions_hold_until_their_end),
    T_CASE("a group that watches accuses nobody", a_group_that_watches_accuses_nobody),
    T_CASE("nothing that the AK did not sign is believed",
           nothing_that_the_ak_did_not_sign_is_believed),
};

int main(void)
{
    return cmocka_run_group_tests(cases, make_device, drop_device);
}
