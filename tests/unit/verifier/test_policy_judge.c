/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what a policy says of PCR values, releases, firmware and IMA's list holds or is a fault
 * with its reason, and nothing is affirmed past a fault, past something missing, or by a policy
 * that demands nothing. Facts of the boot log: test_policy_judge_boot.c. */
#include <stdio.h>
#include <string.h>

#include "soft_policy.h"
#include "t.h"

static struct soft_policy w;

static int begin(void **state)
{
    (void)state;
    soft_policy_begin(&w);
    return 0;
}

/* PCRs 0, 4 and 7 as they are. */
static void pin_boot(struct policy_rules *r)
{
    soft_policy_rule(&w, r, 0, 0x10);
    soft_policy_rule(&w, r, 4, 0x14);
    soft_policy_rule(&w, r, 7, 0x17);
}

static struct pawl_digest *value_of(unsigned pcr)
{
    return &w.values.value[pcr];
}

static void is_not_good(void)
{
    assert_int_equal(w.v.configuration == AR4SI_RECOGNISED && w.v.executables < AR4SI_UNSAFE, 0);
}

/* ---- PCR values ----------------------------------------------------------------------------- */

static void affirms_allowed_values(void **state)
{
    (void)state;
    pin_boot(&w.p.all);
    soft_policy_rule(&w, &w.p.all, 8, 0xaa);
    soft_policy_rule(&w, &w.p.all, 8, 0x18); /* old and new side by side */

    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(w.v.executables, AR4SI_BOOT_ONLY);
    assert_int_equal(w.v.configuration, AR4SI_RECOGNISED);
    assert_int_equal(w.v.finding_n, 0);
    assert_string_equal(w.v.policy, "gateway:3");
    assert_string_equal(w.v.release, "");
    assert_false(w.v.watched);
}

static void reports_each_value_that_differs(void **state)
{
    (void)state;
    pin_boot(&w.p.all);
    soft_policy_rule(&w, &w.p.all, 8, 0xaa);
    soft_policy_rule(&w, &w.p.all, 8, 0xbb);
    *value_of(7) = soft_digest(0xdd, 32);

    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_int_equal(w.v.executables, AR4SI_CONTRAINDICATED);
    assert_int_equal(w.v.configuration, AR4SI_NONE);
    assert_int_equal(w.v.finding_n, 2);
    assert_int_equal(w.v.finding[0].reason, REASON_PCR_DIFFERS);
    assert_string_equal(w.v.finding[0].what, "sha256:7");
    assert_string_equal(w.v.finding[0].detail, "sha256:7 is dddddddddddddddd.., policy gateway:3 "
                                               "allows 1717171717171717..");
    assert_string_equal(w.v.finding[1].what, "sha256:8");
    assert_string_equal(w.v.finding[1].detail, "sha256:8 is 1818181818181818.., policy gateway:3 "
                                               "allows aaaaaaaaaaaaaaaa.. or 1 more");
}

static void a_value_of_another_length_differs(void **state)
{
    (void)state;
    pin_boot(&w.p.all);
    value_of(4)->n = 31;
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    value_of(4)->n = 0;
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
}

static void a_rule_for_what_was_not_quoted_never_affirms(void **state) /* Q18, S5 */
{
    (void)state;
    pin_boot(&w.p.all);
    soft_policy_rule(&w, &w.p.all, 15, 0x1f);
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);
    assert_int_equal(soft_policy_found_at(&w, REASON_PCR_MISSING, "sha256:15"), 1);
    is_not_good();

    w.p.all.rule[w.p.all.rule_n - 1].pcr = 14; /* quoted, in another bank */
    w.p.all.rule[w.p.all.rule_n - 1].hash = PAWL_SHA384;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(soft_policy_found_at(&w, REASON_PCR_MISSING, "sha384:14"), 1);

    w.select.n = 0;
    w.values.n = 0;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(soft_policy_found(&w, REASON_PCR_MISSING), 4);
}

static void what_must_be_unmeasured_is_as_a_reset_leaves_it(void **state)
{
    (void)state;
    pin_boot(&w.p.all);
    w.p.all.rule[w.p.all.rule_n++] = (struct policy_rule){ .hash = PAWL_SHA256,
                                                           .pcr = 12,
                                                           .unmeasured = true };
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_string_equal(w.v.finding[0].detail, "sha256:12 is 1c1c1c1c1c1c1c1c.., policy gateway:3 "
                                               "allows nothing measured");
    *value_of(12) = soft_digest(0x00, 32);
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    *value_of(12) = soft_digest(0xff, 32); /* somebody's measurement, outside of 17 to 22 */
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);

    struct pawl_digest ones = soft_digest(0xff, 32), mixed = ones, zeros = soft_digest(0, 32);
    mixed.b[31] = 0xfe;
    assert_true(policy_is_unmeasured(17, &ones) && policy_is_unmeasured(22, &ones));
    assert_false(policy_is_unmeasured(16, &ones) || policy_is_unmeasured(23, &ones));
    assert_false(policy_is_unmeasured(17, &mixed));
    assert_true(policy_is_unmeasured(0, &zeros) && policy_is_unmeasured(17, &zeros));
    zeros.b[31] = 1;
    assert_false(policy_is_unmeasured(0, &zeros));
}

static void judging_never_improves_a_claim(void **state)
{
    (void)state;
    pin_boot(&w.p.all);
    w.v = (struct verdict){ .release = "of before",
                            .configuration = AR4SI_CONTRAINDICATED,
                            .executables = AR4SI_UNSAFE,
                            .identity = AR4SI_RECOGNISED,
                            .approved = true };
    policy_appraise(&w.p, &w.s, &w.j);
    assert_int_equal(w.v.configuration, AR4SI_CONTRAINDICATED);
    assert_int_equal(w.v.executables, AR4SI_UNSAFE);
    assert_string_equal(w.v.release, "");
}

static void a_policy_that_demands_nothing_affirms_nobody(void **state) /* S5 */
{
    (void)state;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(soft_policy_found(&w, REASON_NO_POLICY), 1);
    w.p.all.secure_boot = FACT_NO;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
}

static void an_empty_bank_affirms_nothing(void **state) /* Q22 */
{
    (void)state;
    /* A whole fake boot may be measured into it by whoever comes later, PCR 8 here. */
    for (unsigned pcr = 0; pcr < 8; pcr++)
        *value_of(pcr) = soft_digest(0, 32);
    soft_policy_rule(&w, &w.p.all, 8, 0x18);
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(soft_policy_found_at(&w, REASON_PCR_BANK_EMPTY, "sha256"), 1);
    assert_false(w.v.cover[COVER_BOOT_LOG].is);
    assert_int_equal(w.v.cover[COVER_BOOT_LOG].why, REASON_PCR_BANK_EMPTY);

    *value_of(3) = soft_digest(1, 32);
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(w.v.cover[COVER_BOOT_LOG].why, REASON_NO_EVENT_LOG);
    for (unsigned pcr = 0; pcr < 8; pcr++) /* of what was not quoted nothing is known */
        soft_policy_unquote(&w, pcr);
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
}

static void an_empty_bank_that_nobody_trusts_is_nothing(void **state) /* Q22 */
{
    (void)state;
    pin_boot(&w.p.all);
    w.select.bank[w.select.n++] = (struct pawl_pcr_bank){ PAWL_SHA384, 0xff };
    for (unsigned pcr = 0; pcr < 8; pcr++)
        w.values.value[w.values.n++] = soft_digest(0, 48);
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    struct policy_release r = { .name = "one", .until_s = INT64_MAX };
    r.rules.rule[r.rules.rule_n++] = (struct policy_rule){ .hash = PAWL_SHA384,
                                                           .pcr = 0,
                                                           .unmeasured = true };
    w.p.release = &r;
    w.p.release_n = 1;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(soft_policy_found_at(&w, REASON_PCR_BANK_EMPTY, "sha384"), 1);
}

/* ---- a boot without a reset ------------------------------------------------------------------ */

static void without_a_reset_differences_are_no_proof(void **state) /* T4 */
{
    (void)state;
    pin_boot(&w.p.all);
    *value_of(4) = soft_digest(0xee, 32);
    w.s.no_boot = REASON_TPM_NOT_RESET;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);
    assert_int_equal(w.v.configuration, AR4SI_UNSAFE);
    assert_int_equal(soft_policy_found(&w, REASON_TPM_NOT_RESET), 1);
    assert_int_equal(w.v.cover[COVER_BOOT_LOG].why, REASON_TPM_NOT_RESET);
}

static void a_boot_without_a_reset_warns_unless_the_policy_takes_it(void **state) /* T4 */
{
    (void)state;
    pin_boot(&w.p.all);
    w.s.no_boot = REASON_TPM_NOT_RESET;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(w.v.configuration, AR4SI_UNSAFE);
    w.p.may_not_reset = true;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(soft_policy_found(&w, REASON_TPM_NOT_RESET), 1);
    assert_false(w.v.cover[COVER_BOOT_LOG].is);
}

/* ---- releases ------------------------------------------------------------------------------- */

static struct policy_release releases[2];

/* PCR 0 for all; PCRs 4 and 8 of "old" are as the device's, of "new" 0x44 and 0x88. */
static void two_releases(void)
{
    releases[0] = (struct policy_release){ .name = "old", .until_s = INT64_MAX };
    releases[1] = (struct policy_release){ .name = "new", .until_s = INT64_MAX };
    soft_policy_rule(&w, &w.p.all, 0, 0x10);
    soft_policy_rule(&w, &releases[0].rules, 4, 0x14);
    soft_policy_rule(&w, &releases[0].rules, 8, 0x18);
    soft_policy_rule(&w, &releases[1].rules, 4, 0x44);
    soft_policy_rule(&w, &releases[1].rules, 8, 0x88);
    w.p.release = releases;
    w.p.release_n = 2;
}

static void one_release_holds_whole(void **state)
{
    (void)state;
    two_releases();
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_string_equal(w.v.release, "old");
    *value_of(4) = soft_digest(0x44, 32);
    *value_of(8) = soft_digest(0x88, 32);
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_string_equal(w.v.release, "new");
    assert_int_equal(w.v.finding_n, 0);
}

static void parts_of_two_releases_are_a_mixed_image(void **state)
{
    (void)state;
    two_releases();
    *value_of(4) = soft_digest(0x44, 32);
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_int_equal(w.v.finding_n, 1);
    assert_int_equal(soft_policy_found(&w, REASON_MIXED_IMAGE), 1);
    assert_string_equal(w.v.release, "");
}

static void what_no_release_has_is_told_of_the_closest(void **state)
{
    (void)state;
    two_releases();
    *value_of(8) = soft_digest(0x99, 32);
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_int_equal(w.v.finding_n, 1);
    assert_string_equal(w.v.finding[0].what, "sha256:8");
    assert_string_equal(w.v.finding[0].detail,
                        "sha256:8 is 9999999999999999.., policy gateway:3, release old allows "
                        "1818181818181818..");
    assert_string_equal(w.v.release, "");
    *value_of(4) = soft_digest(0x44, 32);
    soft_policy_judge(&w);
    assert_non_null(strstr(w.v.finding[0].detail, "release new allows 8888"));
    *value_of(8) = soft_digest(0x88, 32);
    *value_of(0) = soft_digest(0x11, 32); /* what holds for all is none of a release's business */
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_string_equal(w.v.release, "new");
}

static void a_release_ends_with_its_time(void **state)
{
    (void)state;
    two_releases();
    releases[0].until_s = SOFT_POLICY_NOW;
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_int_equal(w.v.finding_n, 1);
    assert_int_equal(soft_policy_found_at(&w, REASON_RELEASE_OVER, "old"), 1);
    assert_string_equal(w.v.release, "old");
    releases[0].until_s = SOFT_POLICY_NOW + 1;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    /* Another one that holds and is not over. */
    releases[0].until_s = SOFT_POLICY_NOW;
    releases[1].rules = releases[0].rules;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_string_equal(w.v.release, "new");
}

/* ---- firmware floors ------------------------------------------------------------------------ */

static void firmware_below_the_floor_is_refused(void **state) /* K18, K19 */
{
    (void)state;
    pin_boot(&w.p.all);
    w.p.firmware_n = 2;
    w.p.firmware[0] = (struct policy_firmware){ "id:4E544300", 0x0007000200040001 };
    w.p.firmware[1] = (struct policy_firmware){ "id:53544d20", 0x004a001400000000 }; /* 74.20 */
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    w.s.firmware--;
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_int_equal(w.v.hardware, AR4SI_CONTRAINDICATED);
    assert_int_equal(soft_policy_found_at(&w, REASON_FIRMWARE_TOO_OLD, "id:53544D20"), 1);
    assert_string_equal(w.v.finding[0].detail, "id:53544D20 is 74.19.65535.65535, policy gateway:3 "
                                               "wants at least 74.20.0.0");
}

static void a_tpm_in_reach_of_strangers_warns(void **state) /* K20 */
{
    (void)state;
    pin_boot(&w.p.all);
    w.p.physical_access = true;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING); /* a chip of its own */
    w.s.manufacturer = "id:414D4400";
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(w.v.hardware, AR4SI_UNSAFE);
    assert_int_equal(soft_policy_found_at(&w, REASON_TPM_IN_REACH, "id:414D4400"), 1);
    w.p.physical_access = false;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
}

static void a_slow_answer_warns(void **state) /* T9 */
{
    (void)state;
    pin_boot(&w.p.all);
    w.s.took_ms = 901;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING); /* no rule */
    w.p.answer_within_ms = 900;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(soft_policy_found(&w, REASON_SLOW_ANSWER), 1);
    assert_string_equal(w.v.finding[0].detail, "it took 901 ms, policy gateway:3 gives 900 ms");
    w.s.took_ms = 900;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
}

static void firmware_of_a_maker_without_floor_warns(void **state) /* K19 */
{
    (void)state;
    pin_boot(&w.p.all);
    w.p.firmware_n = 1;
    w.p.firmware[0] = (struct policy_firmware){ "id:4E544300", 1 };
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(w.v.hardware, AR4SI_UNSAFE);
    assert_int_equal(soft_policy_found(&w, REASON_FIRMWARE_TOO_OLD), 1);
    w.s.manufacturer = "";
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    w.p.firmware_n = 0;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
}

/* ---- IMA ------------------------------------------------------------------------------------ */

static void ima_judged_well_affirms_the_runtime(void **state)
{
    (void)state;
    pin_boot(&w.p.all);
    w.p.ima.present = true;
    w.s.ima = &w.ima;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(w.v.executables, AR4SI_RECOGNISED);
    assert_true(w.v.cover[COVER_RUNTIME].is);
}

static void what_was_excluded_is_told(void **state) /* I12 */
{
    (void)state;
    pin_boot(&w.p.all);
    w.p.ima.present = true;
    w.s.ima = &w.ima;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(soft_policy_found(&w, REASON_FILES_EXCLUDED), 0);
    w.ima.judged.excluded = 2;
    snprintf(w.ima.judged.excluded_path[0], IMA_PATH_SHOWN, "/var/log/x");
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(soft_policy_found(&w, REASON_FILES_EXCLUDED), 1);
    assert_string_equal(w.v.finding[0].detail, "2 by policy gateway:3, the first is /var/log/x");
}

static void without_its_list_nothing_is_affirmed(void **state) /* S8 */
{
    (void)state;
    static const enum reason whys[] = { REASON_NO_IMA_LIST, REASON_IMA_WITHOUT_TPM,
                                        REASON_IMA_LIST_DIFFERS };

    pin_boot(&w.p.all);
    w.p.ima.present = true;
    for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++) {
        w.s.no_ima = whys[i];
        assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
        assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);
        assert_int_equal(soft_policy_found_at(&w, whys[i], "ima"), 1);
        assert_false(w.v.cover[COVER_RUNTIME].is);
        assert_int_equal(w.v.cover[COVER_RUNTIME].why, whys[i]);
    }
    w.s.no_ima = REASON_NONE;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(soft_policy_found(&w, REASON_NO_IMA_LIST), 1);
    w.p.ima.present = false;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(w.v.cover[COVER_RUNTIME].why, REASON_NO_IMA_LIST);
}

static void each_row_of_ima_has_its_reason(void **state) /* I0, I1, I9, I10 */
{
    (void)state;
    static const struct {
        const char *row;
        enum reason reason;
    } rows[] = { { "I0", REASON_FILE_UNKNOWN },       { "I1", REASON_IMA_VIOLATION },
                 { "I9", REASON_IMA_POLICY_UNKNOWN }, { "I10", REASON_IMA_KEY_UNKNOWN },
                 { "I2", REASON_IMA_LIST_BROKEN },    { "I6", REASON_IMA_LIST_BROKEN },
                 { "I11", REASON_IMA_LIST_BROKEN } };

    pin_boot(&w.p.all);
    w.p.ima.present = true;
    w.s.ima = &w.ima;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        w.ima.failures = (struct failures){ 0 };
        failure_warn(&w.ima.failures, rows[i].row, 3, "x", "/usr/bin/a: y");
        assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING); /* a note */
        assert_int_equal(soft_policy_found(&w, rows[i].reason), 1);
        w.ima.failures = (struct failures){ 0 };
        failure_add(&w.ima.failures, rows[i].row, 3, "x", "/usr/bin/a: y");
        assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
        assert_int_equal(soft_policy_found_at(&w, rows[i].reason, "/usr/bin/a"), 1);
    }
}

/* Of which rows they are nobody knows: no exception for a row takes them. */
static void what_ima_does_not_tell_one_by_one_has_a_reason_of_its_own(void **state) /* I0 */
{
    (void)state;
    struct exception e = { .until_s = SOFT_POLICY_NOW + 1 };

    pin_boot(&w.p.all);
    w.p.ima.present = true;
    w.s.ima = &w.ima;
    w.ima.failures = (struct failures){ .dropped = 202 };
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_int_equal(w.v.finding_n, 1);
    assert_int_equal(soft_policy_found_at(&w, REASON_IMA_MORE_WRONG, "ima"), 1);
    w.j.exception = &e;
    w.j.exception_n = 1;
    for (int r = REASON_NONE + 1; r < REASON_COUNT; r++) {
        e.reason = (enum reason)r;
        bool taken = r == REASON_IMA_MORE_WRONG;
        assert_int_equal(soft_policy_judge(&w), taken ? TIER_AFFIRMING : TIER_CONTRAINDICATED);
    }
    w.j.exception_n = 0;
    w.j.watch = true;
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);
    assert_int_equal(soft_policy_found_at(&w, REASON_IMA_MORE_WRONG, "ima"), 1);
}

/* A file that is called as another one and a word behind is not the other one. */
static void an_exception_for_a_file_is_for_no_other(void **state) /* I0 */
{
    (void)state;
    struct exception e = { .reason = REASON_FILE_UNKNOWN,
                           .what = "/usr/bin/a",
                           .until_s = SOFT_POLICY_NOW + 1 };
    char             longer[IMA_PATH_SHOWN];

    pin_boot(&w.p.all);
    w.p.ima.present = true;
    w.s.ima = &w.ima;
    w.j.exception = &e;
    w.j.exception_n = 1;
    failure_add(&w.ima.failures, "I0", 3, "x", "/usr/bin/a: sha256:77");
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(soft_policy_found(&w, REASON_EXCEPTED), 1);
    w.ima.failures.n = 0;
    failure_add(&w.ima.failures, "I0", 3, "x", "/usr/bin/a: b: sha256:77");
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_int_equal(soft_policy_found_at(&w, REASON_FILE_UNKNOWN, "/usr/bin/a: b"), 1);

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    memcpy(e.what, longer, sizeof(longer));
    w.ima.failures.n = 0;
    failure_add(&w.ima.failures, "I0", 3, "x", "%s: sha256:77", longer); /* cut, it may be */
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
    assert_int_equal(soft_policy_found_at(&w, REASON_FILE_UNKNOWN, ""), 1);
}

/* ---- exceptions and watching ----------------------------------------------------------------- */

static void what_is_excepted_holds(void **state)
{
    (void)state;
    const struct exception e = { .reason = REASON_PCR_DIFFERS,
                                 .what = "sha256:8",
                                 .until_s = SOFT_POLICY_NOW + 1 };

    two_releases();
    *value_of(8) = soft_digest(0x99, 32);
    w.j.exception = &e;
    w.j.exception_n = 1;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_string_equal(w.v.release, "old");
    assert_int_equal(soft_policy_found_at(&w, REASON_EXCEPTED, "sha256:8"), 1);
    *value_of(4) = soft_digest(0x99, 32);
    assert_int_equal(soft_policy_judge(&w), TIER_CONTRAINDICATED);
}

static void a_watching_group_only_warns(void **state)
{
    (void)state;
    pin_boot(&w.p.all);
    w.j.watch = true;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_true(w.v.watched);
    *value_of(4) = soft_digest(0x99, 32);
    assert_int_equal(soft_policy_judge(&w), TIER_WARNING);
    assert_int_equal(soft_policy_found(&w, REASON_WATCHED), 1);
    assert_int_equal(soft_policy_found(&w, REASON_PCR_DIFFERS), 1);
    is_not_good();
}

#define CASE(sentence, function)                                                                   \
    {                                                                                              \
        (sentence), (function), begin, NULL, NULL                                                  \
    }

int main(void)
{
    static const struct CMUnitTest cases[] = {
        CASE("affirms allowed values", affirms_allowed_values),
        CASE("reports each value that differs", reports_each_value_that_differs),
        CASE("a value of another length differs", a_value_of_another_length_differs),
        CASE("Q18, S5: a rule for what was not quoted never affirms",
             a_rule_for_what_was_not_quoted_never_affirms),
        CASE("what must be unmeasured is as a reset leaves it",
             what_must_be_unmeasured_is_as_a_reset_leaves_it),
        CASE("judging never improves a claim", judging_never_improves_a_claim),
        CASE("S5: a policy that demands nothing affirms nobody",
             a_policy_that_demands_nothing_affirms_nobody),
        CASE("Q22: an empty bank affirms nothing", an_empty_bank_affirms_nothing),
        CASE("Q22: an empty bank that nobody trusts is nothing",
             an_empty_bank_that_nobody_trusts_is_nothing),
        CASE("T4: without a reset differences are no proof",
             without_a_reset_differences_are_no_proof),
        CASE("T4: a boot without a reset warns unless the policy takes it",
             a_boot_without_a_reset_warns_unless_the_policy_takes_it),
        CASE("one release holds whole", one_release_holds_whole),
        CASE("parts of two releases are a mixed image", parts_of_two_releases_are_a_mixed_image),
        CASE("what no release has is told of the closest",
             what_no_release_has_is_told_of_the_closest),
        CASE("a release ends with its time", a_release_ends_with_its_time),
        CASE("K18, K19: firmware below the floor is refused", firmware_below_the_floor_is_refused),
        CASE("K20: a TPM in reach of strangers warns", a_tpm_in_reach_of_strangers_warns),
        CASE("T9: a slow answer warns", a_slow_answer_warns),
        CASE("K19: firmware of a maker without floor warns",
             firmware_of_a_maker_without_floor_warns),
        CASE("IMA judged well affirms the runtime", ima_judged_well_affirms_the_runtime),
        CASE("I12: what was excluded is told", what_was_excluded_is_told),
        CASE("S8: without its list nothing is affirmed", without_its_list_nothing_is_affirmed),
        CASE("I0, I1, I9, I10: each row of IMA has its reason", each_row_of_ima_has_its_reason),
        CASE("I0: what IMA does not tell one by one has a reason of its own",
             what_ima_does_not_tell_one_by_one_has_a_reason_of_its_own),
        CASE("I0: an exception for a file is for no other",
             an_exception_for_a_file_is_for_no_other),
        CASE("what is excepted holds", what_is_excepted_holds),
        CASE("a watching group only warns", a_watching_group_only_warns),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
