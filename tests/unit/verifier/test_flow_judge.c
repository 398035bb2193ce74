/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what a genuine quote says of the TPM's past, its banks and its boot becomes the claim
 * that docs/protocol.md gives it, and stays where a second look must not heal it. */
#include <string.h>

#include "flow_fixture.h"

static void begin(struct world *w, struct soft_device *d)
{
    world_make(w);
    world_device(w, &w->vendor, d);
    world_enrol(w, d);
    world_learn(w, d);
    world_attest(w, d);
}

static void says(struct world *w, const char *status, const char *why, const char *name, int claim)
{
    EAR *ear = world_ear(w);

    assert_string_equal(ear_status(ear), status);
    assert_true(ear_says(ear, why));
    assert_int_equal(ear_claim(ear, name), claim);
}

/* A rolled back TPM stays accused until it has passed the mark again. */
static void went_back(struct world *w, struct soft_device *d, const struct pawl_clock *to)
{
    struct pawl_clock mark = world_record(w, d).clock;

    for (unsigned look = 0; look < 2; look++) {
        d->clock = *to;
        world_attest_all(w, d);
        says(w, "contraindicated", "tpm-went-back", "instance-identity", 96);
        struct device r = world_record(w, d);
        assert_int_equal(r.clock.resets, mark.resets);
        assert_int_equal(r.clock.restarts, mark.restarts);
        assert_int_equal(r.clock.clock_ms, mark.clock_ms);
    }
    d->clock = mark;
    world_attest_all(w, d);
    EAR *ear = world_ear(w);
    /* The TPM is where it was, and a person must say what became of its keys meanwhile. */
    assert_string_equal(ear_private(ear, "sw"), "affirming");
    assert_string_equal(ear_private(ear, "keys"), "contraindicated");
    assert_string_equal(ear_status(ear), "contraindicated");
    assert_int_equal(world_incidents(w, RULE_E6), 1);
}

static void t1_the_reset_count_went_back(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    struct pawl_clock to = d.clock;
    to.resets--;
    went_back(&w, &d, &to);
}

static void t1_the_restart_count_went_back(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    struct pawl_clock to = d.clock;
    to.restarts--;
    went_back(&w, &d, &to);
}

static void t2_the_clock_went_back(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    struct pawl_clock to = d.clock;
    to.clock_ms -= 100;
    went_back(&w, &d, &to);
}

static void t2_across_a_reset_the_clock_may_fall(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    d.clock.resets++;
    d.clock.clock_ms = 1;
    d.os_boot[0] ^= 1;
    world_attest_all(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "affirming");
    assert_int_equal(world_record(&w, &d).clock.clock_ms, d.clock.clock_ms);
}

static void t4_a_reset_under_a_running_system_is_a_warning(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    d.clock.resets++;
    world_attest_all(&w, &d);
    says(&w, "warning", "os-boot-differs", "configuration", 32);
}

/* A warning until the next reset: nobody knows what ran in between. */
static void t4_a_boot_without_a_reset_is_a_warning(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    d.os_boot[0] ^= 1;
    for (unsigned look = 0; look < 2; look++) {
        world_attest(&w, &d);
        says(&w, "warning", "tpm-not-reset", "configuration", 32);
    }
    d.os_boot[0] ^= 2;
    d.clock.resets++;
    world_attest_all(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "affirming");
    assert_false(ear_says(ear, "tpm-not-reset"));
}

static void t6_a_pcr_0_that_was_measured_and_is_empty(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    d.pcr[0] = 0;
    for (unsigned look = 0; look < 2; look++) {
        world_attest(&w, &d);
        says(&w, "contraindicated", "pcr0-empty", "hardware", 96);
        assert_false(w.step.has_snapshot);
    }
}

static void q22_a_bank_that_was_not_there_at_enrolment(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    d.banks |= 1u << PAWL_SHA384;
    world_attest_all(&w, &d);
    says(&w, "contraindicated", "banks-changed", "configuration", 96);
    world_attest(&w, &d);
    EAR *ear = world_ear(&w);
    assert_false(ear_says(ear, "banks-changed")); /* the set does not ask for sha384 */
    world_attest_all(&w, &d);
    says(&w, "contraindicated", "banks-changed", "configuration", 96);
}

static void q22_a_bank_that_is_gone(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    d.banks = 1u << PAWL_SHA256;
    world_attest(&w, &d);
    says(&w, "contraindicated", "banks-changed", "configuration", 96);
    world_attest_all(&w, &d);
    says(&w, "contraindicated", "banks-changed", "configuration", 96);
}

static void q22_a_bank_that_never_was_may_be_missing(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    d.banks = 1u << PAWL_SHA256;
    world_enrol(&w, &d);
    world_learn(&w, &d);
    world_attest(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "affirming");
}

/* A device may drop banks that its TPM lacks, and no others. */
static void q22_a_bank_that_is_hidden(void **state)
{
    (void)state;
    WORLD                           w;
    DEVICE                          d;
    uint8_t                         nonce[PAWL_NONCE];
    struct soft_evidence            ev;
    const struct pawl_pcr_selection fewer = pawl_pcr_selection_all(2);

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    d.banks |= 1u << PAWL_SHA384;
    world_enrol(&w, &d);
    world_challenge(&w, &d, PAWL_LABEL_ATTEST, nonce);
    soft_evidence_begin(&d, PAWL_LABEL_ATTEST, PAWL_VIEW_OF(nonce), &fewer, &ev);
    soft_evidence_sign(&ev, NULL);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    says(&w, "contraindicated", "banks-changed", "configuration", 96);
}

static void k21_other_firmware_than_the_certificate_s_is_noted(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    EAR *same = world_ear(&w);
    assert_false(ear_says(same, "firmware-differs"));
    d.clock.firmware += 1ull << 32;
    world_attest(&w, &d);
    says(&w, "affirming", "firmware-differs", "hardware", 2);
}

static void says_no_advisory(struct world *w)
{
    EAR *ear = world_ear(w);

    assert_false(ear_says(ear, "firmware-advisory"));
    assert_int_equal(ear_claim(ear, "hardware"), 2);
}

/* TPM-Fail: firmware 73.8 of this manufacturer, which 73.20 and all above it are good again. */
static void k19_firmware_that_an_advisory_names_is_a_warning(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    says_no_advisory(&w);
    d.clock.firmware = 0x0049000844a01587;
    world_attest(&w, &d);
    says(&w, "warning", "firmware-advisory", "hardware", 32);
    struct device r = world_record(&w, &d);
    assert_non_null(strstr(r.why, "CVE-2019-16863"));
    assert_non_null(strstr(r.why, "73.8.17568.5511"));
    d.clock.firmware = 0x0049001400000000;
    world_attest(&w, &d);
    says_no_advisory(&w);
    assert_string_equal(world_record(&w, &d).status, "affirming");
}

static void k19_firmware_is_judged_at_enrolment_too(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    d.clock.firmware = 0x0049000844a01587;
    world_enrol(&w, &d);
    says(&w, "none", "firmware-advisory", "hardware", 32);
}

/* The version says nothing without the manufacturer. */
static void k19_the_same_version_of_another_manufacturer_is_none(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    store_exec(&w.store, "UPDATE device SET manufacturer = 'id:414D4400'");
    d.clock.firmware = 0x0049000844a01587;
    world_attest(&w, &d);
    says_no_advisory(&w);
    store_exec(&w.store, "UPDATE device SET manufacturer = ''");
    world_attest(&w, &d);
    says_no_advisory(&w);
}

static void a_device_s_own_policy_comes_before_the_default(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    store_exec(&w.store, "INSERT INTO policy SELECT tenant, 'strict', version, created_s,"
                         " '{\"name\":\"strict\",\"version\":1,\"pcrs\":{\"sha256\":{\"0\":[\"'"
                         " || printf('%.64c', '0') || '\"]}}}' FROM policy");
    store_exec(&w.store, "UPDATE device SET policy = 'strict'");
    world_attest(&w, &d);
    says(&w, "contraindicated", "pcr-differs", "executables", 96);
    assert_non_null(strstr((char *)w.step.event, "strict:1"));
}

static void s2_tenants_may_give_one_name_to_two_policies(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    struct pawl_root root = d.root;
    d.tenant = "other";
    d.pcr[3] ^= 1;
    world_enrol(&w, &d);
    store_exec(&w.store, "INSERT INTO tenant (name, default_policy)"
                         " SELECT 'other', default_policy FROM tenant");
    store_exec(&w.store, "INSERT INTO policy SELECT 'other', name, version, created_s,"
                         " replace(json, '13131313', '12121212') FROM policy");
    world_attest(&w, &d);
    EAR *theirs = world_ear(&w);
    assert_string_equal(ear_status(theirs), "affirming");
    d.tenant = "acme";
    d.root = root;
    d.pcr[3] ^= 1;
    world_attest(&w, &d);
    EAR *ours = world_ear(&w);
    assert_string_equal(ear_status(ours), "affirming");
}

static int64_t restored_now(void *self)
{
    (void)self;
    return 1;
}

/* Its numbers are given once more there. */
static void a_policy_of_a_store_that_was_put_back_is_read_again(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    store_exec(&w.store, "UPDATE policy SET json = replace(json, '13131313', '12121212')");
    world_attest(&w, &d);
    EAR *known = world_ear(&w);
    assert_string_equal(ear_status(known), "affirming");
    w.store.store.restored_ms = restored_now;
    world_attest(&w, &d);
    EAR *anew = world_ear(&w);
    assert_string_equal(ear_status(anew), "contraindicated");
}

static void a_newer_version_of_a_policy_judges_the_next_quote(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    d.pcr[3] ^= 1;
    world_attest(&w, &d);
    says(&w, "contraindicated", "pcr-differs", "executables", 96);
    world_learn(&w, &d);
    world_attest(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "affirming");
    assert_int_equal(store_number(&w.store, "SELECT max(version) FROM policy"), 2);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("T1 the reset count went back", t1_the_reset_count_went_back),
        T_CASE("T1 the restart count went back", t1_the_restart_count_went_back),
        T_CASE("T2 T3 the clock went back", t2_the_clock_went_back),
        T_CASE("T2 across a reset the clock may fall", t2_across_a_reset_the_clock_may_fall),
        T_CASE("T4 a reset under a running system is a warning",
               t4_a_reset_under_a_running_system_is_a_warning),
        T_CASE("T4 a boot without a reset is a warning", t4_a_boot_without_a_reset_is_a_warning),
        T_CASE("T6 a PCR 0 that was measured and is empty",
               t6_a_pcr_0_that_was_measured_and_is_empty),
        T_CASE("Q22 a bank that was not there at enrolment",
               q22_a_bank_that_was_not_there_at_enrolment),
        T_CASE("Q22 a bank that is gone", q22_a_bank_that_is_gone),
        T_CASE("Q22 a bank that never was may be missing",
               q22_a_bank_that_never_was_may_be_missing),
        T_CASE("Q22 a bank that is hidden", q22_a_bank_that_is_hidden),
        T_CASE("K21 other firmware than the certificate's is noted",
               k21_other_firmware_than_the_certificate_s_is_noted),
        T_CASE("K19 firmware that an advisory names is a warning",
               k19_firmware_that_an_advisory_names_is_a_warning),
        T_CASE("K19 firmware is judged at enrolment too", k19_firmware_is_judged_at_enrolment_too),
        T_CASE("K19 the same version of another manufacturer is none",
               k19_the_same_version_of_another_manufacturer_is_none),
        T_CASE("a device's own policy comes before the default",
               a_device_s_own_policy_comes_before_the_default),
        T_CASE("S2 tenants may give one name to two policies",
               s2_tenants_may_give_one_name_to_two_policies),
        T_CASE("a policy of a store that was put back is read again",
               a_policy_of_a_store_that_was_put_back_is_read_again),
        T_CASE("a newer version of a policy judges the next quote",
               a_newer_version_of_a_policy_judges_the_next_quote),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
