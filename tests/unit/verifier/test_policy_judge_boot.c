/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a log that is missing, broken or leads elsewhere is no good one, its facts are believed
 * only as far as it explains the quoted PCRs, and each rule about them refuses another boot for its
 * own reason. */
#include <string.h>

#include "appraise/eventlog_replay.h"
#include "soft_policy.h"
#include "t.h"

static struct soft_policy w;

/* PCRs 0, 4 and 7 are pinned, so that a policy demands something else as well; a good log comes. */
static int begin(void **state)
{
    (void)state;
    soft_policy_begin(&w);
    soft_policy_rule(&w, &w.p.all, 0, 0x10);
    soft_policy_rule(&w, &w.p.all, 4, 0x14);
    soft_policy_rule(&w, &w.p.all, 7, 0x17);
    soft_policy_boots(&w);
    return 0;
}

static void judged(enum trust_tier tier, enum reason r, const char *what)
{
    assert_int_equal(soft_policy_judge(&w), tier);
    assert_int_equal(soft_policy_found_at(&w, r, what), 1);
}

static void good(void)
{
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(w.v.finding_n, 0);
}

/* What comes of a rule when its PCR is explained no more: no affirming, whatever the fact says. */
static void needs_pcr(unsigned pcr, const char *what)
{
    good();
    w.boot.agree &= ~(1u << pcr);
    w.p.log.ignored = 1u << pcr; /* that it differs is no fault by itself */
    judged(TIER_WARNING, REASON_EVENT_LOG_DIFFERS, what);
    assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);

    soft_policy_unquote(&w, pcr);
    w.p.all.rule_n = 0;
    judged(TIER_WARNING, REASON_PCR_MISSING, what);

    w.s.boot = NULL;
    judged(TIER_WARNING, REASON_NO_EVENT_LOG, what);
    w.s.no_boot = REASON_TPM_NOT_RESET;
    judged(TIER_WARNING, REASON_TPM_NOT_RESET, what);
}

/* ---- the log -------------------------------------------------------------------------------- */

static void a_good_log_is_covered(void **state)
{
    (void)state;
    w.p.log.needed = true;
    good();
    assert_true(w.v.cover[COVER_BOOT_LOG].is);
    assert_int_equal(w.v.cover[COVER_BOOT_LOG].why, REASON_NONE);
}

static void a_log_that_must_be_there_is_missed(void **state) /* S8 */
{
    (void)state;
    w.s.boot = NULL;
    good(); /* PCR values alone */
    assert_int_equal(w.v.cover[COVER_BOOT_LOG].why, REASON_NO_EVENT_LOG);
    w.p.log.needed = true;
    judged(TIER_WARNING, REASON_NO_EVENT_LOG, "event_log");
    assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);
    assert_false(w.v.cover[COVER_BOOT_LOG].is);
    w.s.no_boot = REASON_TPM_NOT_RESET;
    w.p.may_not_reset = true;
    judged(TIER_WARNING, REASON_TPM_NOT_RESET, "event_log");
}

static void a_log_that_explains_nothing_that_was_quoted_is_none(void **state) /* S8 */
{
    (void)state;
    soft_policy_rule(&w, &w.p.all, 10, 0x1a);
    memmove(&w.p.all.rule[0], &w.p.all.rule[3], sizeof(w.p.all.rule[0]));
    w.p.all.rule_n = 1;
    for (unsigned pcr = 0; pcr < 15; pcr++)
        if (EVENTLOG_PCRS >> pcr & 1)
            soft_policy_unquote(&w, pcr);
    w.boot.agree = 0;
    good();
    assert_false(w.v.cover[COVER_BOOT_LOG].is);
    w.p.log.needed = true;
    judged(TIER_WARNING, REASON_PCR_MISSING, "event_log");
}

static void a_log_that_leads_elsewhere_is_refused(void **state) /* L1, L2 */
{
    (void)state;
    w.boot.agree &= ~(1u << 2 | 1u << 5);
    judged(TIER_CONTRAINDICATED, REASON_EVENT_LOG_DIFFERS, "event_log.2");
    assert_int_equal(soft_policy_found_at(&w, REASON_EVENT_LOG_DIFFERS, "event_log.5"), 1);
    assert_int_equal(w.v.finding_n, 2);
    w.boot.agree = 0;
    judged(TIER_CONTRAINDICATED, REASON_EVENT_LOG_DIFFERS, "event_log");
    assert_int_equal(w.v.finding_n, 1);
    assert_false(w.v.cover[COVER_BOOT_LOG].is);
    assert_int_equal(w.v.cover[COVER_BOOT_LOG].why, REASON_EVENT_LOG_DIFFERS);
}

static void what_was_measured_behind_the_log_is_refused(void **state) /* L1 */
{
    (void)state;
    w.values.value[9] = soft_digest(0x99, 32);
    judged(TIER_CONTRAINDICATED, REASON_EVENT_LOG_DIFFERS, "event_log.9");
    assert_non_null(strstr(w.v.finding[0].detail, "agreed with the log"));
}

static void a_pcr_that_others_extend_may_be_ignored(void **state) /* L16 */
{
    (void)state;
    w.boot.agree &= ~(1u << 8);
    judged(TIER_CONTRAINDICATED, REASON_EVENT_LOG_DIFFERS, "event_log.8");
    w.p.log.ignored = 1u << 8;
    good();
    w.p.log.ignored = 1u << 9; /* another one */
    judged(TIER_CONTRAINDICATED, REASON_EVENT_LOG_DIFFERS, "event_log.8");
    w.p.log.ignored = 0;
    soft_policy_unquote(&w, 8);
    good();
    w.boot.agree &= ~(1u << 10 | 1u << 11); /* those are no log's */
    good();
}

static void broken_rules_of_a_log_are_refused_and_warnings_told(void **state) /* L5, L13 */
{
    (void)state;
    failure_warn(&w.boot.failures, "L13", FAILURE_WHOLE, "ExitBootServices, once", "none");
    good(); /* ordinary firmware */
    w.boot.failures.n = 0;
    failure_warn(&w.boot.failures, "L10", FAILURE_WHOLE, "memory protected against devices", "not");
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    assert_int_equal(soft_policy_found_at(&w, REASON_EVENT_LOG_BROKEN, "event_log.L10"), 1);
    failure_add(&w.boot.failures, "L5", 7, "settings before the separator", "one behind it");
    judged(TIER_CONTRAINDICATED, REASON_EVENT_LOG_BROKEN, "event_log.L5");
    assert_string_equal(w.v.finding[1].detail, "L5: expected settings before the separator, found "
                                               "one behind it");
    w.boot.failures = (struct failures){ .dropped = 1 };
    judged(TIER_CONTRAINDICATED, REASON_EVENT_LOG_BROKEN, "event_log");
}

static void a_log_of_sha1_is_refused_unless_the_policy_takes_it(void **state) /* L14, S8 */
{
    (void)state;
    w.boot.legacy = true;
    judged(TIER_CONTRAINDICATED, REASON_EVENT_LOG_BROKEN, "event_log.legacy");
    w.p.log.legacy = true;
    good();
    failure_add(&w.boot.failures, "L14", FAILURE_WHOLE, "a log of TPM 2.0", "one of SHA-1 only");
    good();
    w.boot.legacy = false; /* then it is a header in the middle, and nobody's wish */
    judged(TIER_CONTRAINDICATED, REASON_EVENT_LOG_BROKEN, "event_log.L14");
}

/* ---- secure boot ---------------------------------------------------------------------------- */

static void secure_boot_must_be_on(void **state) /* L10 */
{
    (void)state;
    w.p.all.secure_boot = FACT_YES;
    good();
    w.boot.secure_boot = FACT_NO;
    judged(TIER_CONTRAINDICATED, REASON_SECURE_BOOT_OFF, "secure_boot.on");
    assert_int_equal(w.v.configuration, AR4SI_CONTRAINDICATED);
    w.boot.secure_boot = FACT_UNKNOWN;
    judged(TIER_WARNING, REASON_SECURE_BOOT_OFF, "secure_boot.on");
    w.boot.secure_boot = FACT_YES;
    needs_pcr(7, "secure_boot.on");
}

static void each_key_list_must_be_known(void **state) /* L10 */
{
    (void)state;
    static const char *const names[KEY_LIST_COUNT] = { "secure_boot.pk", "secure_boot.kek",
                                                       "secure_boot.db", "secure_boot.dbx" };

    for (int l = 0; l < KEY_LIST_COUNT; l++) {
        begin(NULL);
        soft_policy_accept(&w, &w.p.all.list[l], 0x55);
        soft_policy_accept(&w, &w.p.all.list[l], 0x66);
        w.boot.list[l] = (struct boot_list){ .present = true, .n = 1 };
        memset(w.boot.list[l].sha256, 0x66, 32);
        good();
        memset(w.boot.list[l].sha256, 0x77, 32);
        judged(TIER_CONTRAINDICATED, REASON_SECURE_BOOT_KEYS, names[l]);
        assert_int_equal(w.v.configuration, AR4SI_CONTRAINDICATED);
        memset(w.boot.list[l].sha256, 0x66, 32);
        w.boot.list[l].present = false;
        judged(TIER_CONTRAINDICATED, REASON_SECURE_BOOT_KEYS, names[l]);
        w.boot.list[l].present = true;
        needs_pcr(7, names[l]);
    }
}

static void a_list_that_accepts_nothing_accepts_nothing(void **state)
{
    (void)state;
    w.p.all.list[KEY_LIST_DB].present = true;
    w.boot.list[KEY_LIST_DB].present = true;
    judged(TIER_CONTRAINDICATED, REASON_SECURE_BOOT_KEYS, "secure_boot.db");
}

static void set_sbat(const char *is)
{
    memcpy(w.boot.sbat, is, strlen(is) + 1);
}

static void an_older_revocation_level_is_refused(void **state) /* L10a */
{
    (void)state;
    memcpy(w.p.all.sbat, "2023012900", 11);
    set_sbat("2023012900");
    good();
    set_sbat("2024010900");
    good();
    set_sbat("2022111500");
    judged(TIER_CONTRAINDICATED, REASON_SBAT_TOO_OLD, "secure_boot.sbat");
    set_sbat("");
    judged(TIER_CONTRAINDICATED, REASON_SBAT_TOO_OLD, "secure_boot.sbat");
    set_sbat("999999999"); /* of fewer digits */
    judged(TIER_CONTRAINDICATED, REASON_SBAT_TOO_OLD, "secure_boot.sbat");
    set_sbat("2023012900");
    needs_pcr(7, "secure_boot.sbat");
}

static void who_vouched_must_be_known(void **state) /* L11 */
{
    (void)state;
    soft_policy_accept(&w, &w.p.all.authorities, 0x55);
    w.boot.authority_n = 1;
    memset(w.boot.authority[0].sha256, 0x55, 32);
    good();
    w.boot.authority_n = 2;
    w.boot.authority[1].by_shim = true;
    memset(w.boot.authority[1].sha256, 0x66, 32);
    judged(TIER_CONTRAINDICATED, REASON_BOOT_AUTHORITY_UNKNOWN, "secure_boot.authorities");
    assert_non_null(strstr(w.v.finding[0].detail, "6666666666666666.. vouched by shim"));
    w.boot.authority_n = 0;
    judged(TIER_WARNING, REASON_BOOT_AUTHORITY_UNKNOWN, "secure_boot.authorities");
    w.boot.authority_n = 1;
    needs_pcr(7, "secure_boot.authorities");
}

static void a_rule_for_pcr_7_alone_never_affirms(void **state) /* L10a */
{
    (void)state;
    struct policy_release r = { .name = "one", .until_s = INT64_MAX };

    w.p.all.rule[1] = w.p.all.rule[2]; /* 0 and 7 */
    w.p.all.rule_n = 2;
    judged(TIER_WARNING, REASON_BOOT_IMAGE_UNKNOWN, "boot.images");
    w.p.all.rule_n = 1;
    w.p.all.secure_boot = FACT_YES;
    judged(TIER_WARNING, REASON_BOOT_IMAGE_UNKNOWN, "boot.images");
    memcpy(w.p.all.sbat, "2023012900", 11);
    set_sbat("2023012900");
    good();
    w.p.all.sbat[0] = 0;
    soft_policy_accept(&w, &w.p.all.images, 0x55);
    w.boot.image_n = 1;
    w.boot.image[0] = soft_digest(0x55, 32);
    good();
    w.p.all.images.present = false;
    soft_policy_rule(&w, &r.rules, 4, 0x14); /* each release says which image */
    w.p.release = &r;
    w.p.release_n = 1;
    assert_int_equal(soft_policy_judge(&w), TIER_AFFIRMING);
    r.rules.rule[0].pcr = 5;
    r.rules.rule[0].value[0] = soft_digest(0x15, 32);
    judged(TIER_WARNING, REASON_BOOT_IMAGE_UNKNOWN, "boot.images");
}

/* ---- images, owner's keys, lines ------------------------------------------------------------ */

static void each_image_must_be_known(void **state) /* L10a, L12 */
{
    (void)state;
    soft_policy_accept(&w, &w.p.all.images, 0x55);
    soft_policy_accept(&w, &w.p.all.images, 0x66);
    w.boot.image_n = 2;
    w.boot.image[0] = soft_digest(0x66, 32);
    w.boot.image[1] = soft_digest(0x55, 32);
    good();
    w.boot.image[1] = soft_digest(0x77, 32);
    judged(TIER_CONTRAINDICATED, REASON_BOOT_IMAGE_UNKNOWN, "boot.images");
    assert_int_equal(w.v.executables, AR4SI_CONTRAINDICATED);
    assert_non_null(strstr(w.v.finding[0].detail, "image 2 is 7777777777777777.."));
    w.boot.image[1].n = 20; /* of another bank */
    judged(TIER_CONTRAINDICATED, REASON_BOOT_IMAGE_UNKNOWN, "boot.images");
    w.boot.image_n = 0;
    judged(TIER_WARNING, REASON_BOOT_IMAGE_UNKNOWN, "boot.images");
    w.boot.image_n = 1;
    needs_pcr(4, "boot.images");
}

static void each_key_of_the_owner_must_be_known(void **state) /* L11 */
{
    (void)state;
    soft_policy_accept(&w, &w.p.all.mok, 0x55);
    good(); /* none is enrolled */
    w.boot.mok_n = 1;
    w.boot.mok[0] = soft_digest(0x55, 32);
    good();
    w.boot.mok[0] = soft_digest(0x66, 32);
    judged(TIER_CONTRAINDICATED, REASON_MOK_UNKNOWN, "secure_boot.mok");
    assert_int_equal(w.v.configuration, AR4SI_CONTRAINDICATED);
    w.boot.mok[0] = soft_digest(0x55, 32);
    needs_pcr(14, "secure_boot.mok");
}

static struct boot_line line_of(const char *text, unsigned pcr)
{
    struct boot_line       l = { .pcr = pcr };
    const struct pawl_view part = pawl_view_str(text);
    struct pawl_err        err;

    memcpy(l.text, text, strlen(text) + 1);
    T_OK(pawl_hash(PAWL_SHA256, &part, 1, &l.digest, &err), &err);
    return l;
}

static void accept_lines(struct pawl_view *lines, size_t n)
{
    w.p.all.lines = (struct policy_lines){ .present = true, .n = n, .line = lines };
}

static void each_line_must_be_known(void **state) /* L17 */
{
    (void)state;
    struct pawl_view lines[] = { pawl_view_str("/vmlinuz ro"), pawl_view_str("/vmlinuz ro quiet") };

    accept_lines(lines, 2);
    w.boot.line_n = 1;
    w.boot.line[0] = line_of("/vmlinuz ro quiet", 8);
    good();
    w.boot.line[0] = line_of("/vmlinuz ro quiet init=/bin/sh", 8);
    judged(TIER_CONTRAINDICATED, REASON_COMMAND_LINE_DIFFERS, "boot.command_lines");
    assert_non_null(strstr(w.v.finding[0].detail, "init=/bin/sh\" in PCR 8"));
    w.boot.line[0] = line_of("/vmlinuz ro", 8);
    w.boot.line[1] = line_of("/vmlinuz ro single", 12);
    w.p.log.ignored = 1u << 11;
    w.boot.line_n = 2; /* a good line excuses no other */
    judged(TIER_CONTRAINDICATED, REASON_COMMAND_LINE_DIFFERS, "boot.command_lines");
    /* The words are the log's: what counts is what was measured. */
    w.boot.line_n = 1;
    memcpy(w.boot.line[0].text, "/vmlinuz ro", 12);
    w.boot.line[0].digest.b[0] ^= 1;
    judged(TIER_CONTRAINDICATED, REASON_COMMAND_LINE_DIFFERS, "boot.command_lines");
}

static void lines_that_nobody_can_see_never_affirm(void **state) /* L17 */
{
    (void)state;
    struct pawl_view lines[] = { pawl_view_str("/vmlinuz ro") };

    accept_lines(lines, 1);
    judged(TIER_WARNING, REASON_COMMAND_LINE_DIFFERS, "boot.command_lines");
    w.boot.line_n = 1;
    w.boot.line[0] = line_of("/vmlinuz ro", 8);
    good();
    w.boot.lines_left_out = 1;
    judged(TIER_WARNING, REASON_COMMAND_LINE_DIFFERS, "boot.command_lines");
    w.boot.lines_left_out = 0;
    w.boot.agree &= ~(1u << 8);
    w.p.log.ignored = 1u << 8;
    judged(TIER_WARNING, REASON_EVENT_LOG_DIFFERS, "boot.command_lines");
    w.s.boot = NULL;
    judged(TIER_WARNING, REASON_NO_EVENT_LOG, "boot.command_lines");
}

/* ---- releases of facts ----------------------------------------------------------------------- */

static void facts_of_two_releases_are_a_mixed_image(void **state)
{
    (void)state;
    struct pawl_view lines[] = { pawl_view_str("/vmlinuz-1 ro"), pawl_view_str("/vmlinuz-2 ro") };
    struct policy_release r[2] = { { .name = "one", .until_s = INT64_MAX },
                                   { .name = "two", .until_s = INT64_MAX } };

    soft_policy_accept(&w, &r[0].rules.images, 0x51);
    soft_policy_accept(&w, &r[1].rules.images, 0x52);
    r[0].rules.lines = (struct policy_lines){ .present = true, .n = 1, .line = &lines[0] };
    r[1].rules.lines = (struct policy_lines){ .present = true, .n = 1, .line = &lines[1] };
    memcpy(r[0].rules.sbat, "2024010900", 11);
    memcpy(r[1].rules.sbat, "2023012900", 11);
    w.p.release = r;
    w.p.release_n = 2;
    w.boot.image_n = w.boot.line_n = 1;
    set_sbat("2023012900");
    w.boot.image[0] = soft_digest(0x52, 32);
    w.boot.line[0] = line_of("/vmlinuz-2 ro", 8);
    good();
    assert_string_equal(w.v.release, "two");
    w.boot.image[0] = soft_digest(0x51, 32);
    judged(TIER_CONTRAINDICATED, REASON_MIXED_IMAGE, "releases");
    assert_int_equal(w.v.finding_n, 1);
    w.boot.image[0] = soft_digest(0x53, 32);
    judged(TIER_CONTRAINDICATED, REASON_BOOT_IMAGE_UNKNOWN, "boot.images");
    w.boot.image[0] = soft_digest(0x51, 32);
    w.boot.line[0] = line_of("/vmlinuz-1 ro", 8); /* all of one, but for the level of two */
    judged(TIER_CONTRAINDICATED, REASON_MIXED_IMAGE, "releases");
    set_sbat("2024010900");
    good();
    assert_string_equal(w.v.release, "one");
}

#define CASE(sentence, function)                                                                   \
    {                                                                                              \
        (sentence), (function), begin, NULL, NULL                                                  \
    }

int main(void)
{
    static const struct CMUnitTest cases[] = {
        CASE("a good log is covered", a_good_log_is_covered),
        CASE("S8: a log that must be there is missed", a_log_that_must_be_there_is_missed),
        CASE("S8: a log that explains nothing that was quoted is none",
             a_log_that_explains_nothing_that_was_quoted_is_none),
        CASE("L1, L2: a log that leads elsewhere is refused",
             a_log_that_leads_elsewhere_is_refused),
        CASE("L1: what was measured behind the log is refused",
             what_was_measured_behind_the_log_is_refused),
        CASE("L16: a PCR that others extend may be ignored",
             a_pcr_that_others_extend_may_be_ignored),
        CASE("L5, L13: broken rules of a log are refused, and warnings told",
             broken_rules_of_a_log_are_refused_and_warnings_told),
        CASE("L14, S8: a log of SHA-1 is refused unless the policy takes it",
             a_log_of_sha1_is_refused_unless_the_policy_takes_it),
        CASE("L10: secure boot must be on", secure_boot_must_be_on),
        CASE("L10: each key list must be known", each_key_list_must_be_known),
        CASE("a list that accepts nothing accepts nothing",
             a_list_that_accepts_nothing_accepts_nothing),
        CASE("L10a: an older revocation level is refused", an_older_revocation_level_is_refused),
        CASE("L11: who vouched must be known", who_vouched_must_be_known),
        CASE("L10a: a rule for PCR 7 alone never affirms", a_rule_for_pcr_7_alone_never_affirms),
        CASE("L10a, L12: each image must be known", each_image_must_be_known),
        CASE("L11: each key of the owner must be known", each_key_of_the_owner_must_be_known),
        CASE("L17: each line must be known", each_line_must_be_known),
        CASE("L17: lines that nobody can see never affirm", lines_that_nobody_can_see_never_affirm),
        CASE("facts of two releases are a mixed image", facts_of_two_releases_are_a_mixed_image),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
