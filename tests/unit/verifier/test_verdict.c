/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a verdict of zeros is no trust, and a status never says more than its claims. */
#include "appraise/verdict.h"

#include <string.h>

#include "t.h"

static struct verdict affirming(void)
{
    return (struct verdict){ .identity = AR4SI_RECOGNISED,
                             .configuration = AR4SI_RECOGNISED,
                             .executables = AR4SI_BOOT_ONLY,
                             .hardware = AR4SI_RECOGNISED,
                             .approved = true,
                             .policy = "gateway:3" };
}

static void zeros_are_no_trust(void **state)
{
    (void)state;
    struct verdict v = { 0 };

    assert_int_equal(verdict_tier(&v), TIER_NONE);
}

static void affirms_what_is_all_good(void **state)
{
    (void)state;
    struct verdict v = affirming();

    assert_int_equal(verdict_tier(&v), TIER_AFFIRMING);
    v.hardware = AR4SI_NONE; /* a lab TPM claims nothing about hardware */
    assert_int_equal(verdict_tier(&v), TIER_AFFIRMING);
}

static void any_missing_ground_is_none(void **state)
{
    (void)state;
    struct verdict v = affirming();

    v.approved = false;
    assert_int_equal(verdict_tier(&v), TIER_NONE);
    v = affirming();
    v.policy[0] = 0;
    assert_int_equal(verdict_tier(&v), TIER_NONE);
    v = affirming();
    v.identity = AR4SI_NONE;
    assert_int_equal(verdict_tier(&v), TIER_NONE);
    v = affirming();
    v.executables = AR4SI_NONE;
    assert_int_equal(verdict_tier(&v), TIER_NONE);
}

static int8_t *claim(struct verdict *v, int i)
{
    int8_t *claims[] = { &v->identity, &v->configuration, &v->executables, &v->hardware };

    return claims[i];
}

static void the_worst_claim_decides(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct verdict v = affirming();
        *claim(&v, i) = 31;
        assert_int_equal(verdict_tier(&v), TIER_AFFIRMING);
        *claim(&v, i) = AR4SI_UNSAFE;
        assert_int_equal(verdict_tier(&v), TIER_WARNING);
        *claim(&v, i) = 95;
        assert_int_equal(verdict_tier(&v), TIER_WARNING);
        *claim(&v, i) = AR4SI_CONTRAINDICATED;
        assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
        *claim(&v, i) = AR4SI_NOT_RECOGNISED;
        assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
    }
}

/* A rekey proves fresh keys and nothing of the software, and the other way round. */
static void keys_and_software_are_two_lights(void **state)
{
    (void)state;
    struct verdict v = affirming();

    assert_int_equal(verdict_keys(&v), TIER_NONE); /* nobody looked */
    v.keys = AR4SI_RECOGNISED;
    assert_int_equal(verdict_keys(&v), TIER_AFFIRMING);
    assert_int_equal(verdict_software(&v), TIER_AFFIRMING);
    assert_int_equal(verdict_identity(&v), AR4SI_RECOGNISED);
    v.keys = AR4SI_CONTRAINDICATED;
    assert_int_equal(verdict_keys(&v), TIER_CONTRAINDICATED);
    assert_int_equal(verdict_software(&v), TIER_AFFIRMING);
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
    assert_int_equal(verdict_identity(&v), AR4SI_CONTRAINDICATED);
    v.keys = AR4SI_RECOGNISED;
    v.executables = AR4SI_CONTRAINDICATED;
    assert_int_equal(verdict_keys(&v), TIER_AFFIRMING);
    assert_int_equal(verdict_software(&v), TIER_CONTRAINDICATED);
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
    v = affirming();
    v.keys = AR4SI_RECOGNISED;
    v.identity = AR4SI_NOT_RECOGNISED;
    v.approved = false;
    assert_int_equal(verdict_keys(&v), TIER_NONE);
    assert_int_equal(verdict_identity(&v), AR4SI_NOT_RECOGNISED);
    v.keys = AR4SI_CONTRAINDICATED;
    assert_int_equal(verdict_keys(&v), TIER_CONTRAINDICATED);
    v = (struct verdict){ .keys = AR4SI_RECOGNISED };
    assert_int_equal(verdict_tier(&v), TIER_NONE); /* keys alone are no trust */
}

static void who_awaits_approval_is_not_trusted_and_not_accused(void **state) /* P-ENROL-9 */
{
    (void)state;
    struct verdict v = affirming();

    v.approved = false;
    v.identity = AR4SI_NOT_RECOGNISED;
    assert_int_equal(verdict_tier(&v), TIER_NONE);
    v.identity = AR4SI_CONTRAINDICATED;
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
    v.identity = AR4SI_NOT_RECOGNISED;
    v.executables = AR4SI_CONTRAINDICATED;
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
}

static void contraindicated_needs_no_policy(void **state)
{
    (void)state;
    struct verdict v = { .identity = AR4SI_CONTRAINDICATED };

    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
}

/* What was not looked at says so; whether that matters, the claims say. */
static void coverage_and_watching_change_no_tier(void **state)
{
    (void)state;
    struct verdict v = affirming();

    for (int c = 0; c < COVER_COUNT; c++)
        v.cover[c] = (struct covered){ .is = false, .why = REASON_NO_EVENT_LOG };
    v.watched = true;
    assert_int_equal(verdict_tier(&v), TIER_AFFIRMING);
    for (int c = 0; c < COVER_COUNT; c++)
        v.cover[c] = (struct covered){ .is = true };
    v.executables = AR4SI_CONTRAINDICATED;
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
}

static void claims_only_get_worse(void **state)
{
    (void)state;
    int8_t c = AR4SI_NONE;

    verdict_worsen(&c, AR4SI_RECOGNISED);
    assert_int_equal(c, AR4SI_RECOGNISED);
    verdict_worsen(&c, AR4SI_CONTRAINDICATED);
    verdict_worsen(&c, AR4SI_RECOGNISED);
    assert_int_equal(c, AR4SI_CONTRAINDICATED);
}

static void a_finding_says_what_it_is_about(void **state)
{
    (void)state;
    struct verdict v = { 0 };
    char           longer[512];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    verdict_find_what(&v, REASON_FILE_UNKNOWN, "/usr/bin/a", "100%s");
    assert_int_equal(v.finding[0].reason, REASON_FILE_UNKNOWN);
    assert_string_equal(v.finding[0].what, "/usr/bin/a");
    assert_string_equal(v.finding[0].detail, "100%s");
    verdict_find_what(&v, REASON_FILE_UNKNOWN, longer, longer);
    assert_int_equal(strlen(v.finding[1].what), VERDICT_WHAT_MAX - 1);
    assert_int_equal(strlen(v.finding[1].detail), VERDICT_DETAIL_MAX - 1);
}

static void findings_stop_at_their_limit(void **state)
{
    (void)state;
    struct verdict v = { 0 };
    char           longer[512];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    for (int i = 0; i < VERDICT_REASONS_MAX + 5; i++)
        verdict_find(&v, i ? REASON_PCR_DIFFERS : REASON_NO_POLICY, "%d %s", i, longer);
    assert_int_equal(v.finding_n, VERDICT_REASONS_MAX);
    assert_int_equal(v.finding[0].reason, REASON_NO_POLICY);
    assert_int_equal(strncmp(v.finding[VERDICT_REASONS_MAX - 1].detail, "31 xxx", 6), 0);
    assert_int_equal(strlen(v.finding[0].detail), sizeof(v.finding[0].detail) - 1);
}

static void tiers_and_parts_have_names(void **state)
{
    (void)state;
    assert_string_equal(tier_name(TIER_AFFIRMING), "affirming");
    assert_string_equal(tier_name(TIER_WARNING), "warning");
    assert_string_equal(tier_name(TIER_CONTRAINDICATED), "contraindicated");
    assert_string_equal(tier_name(TIER_NONE), "none");
    assert_string_equal(tier_name((enum trust_tier)77), "none");
    assert_string_equal(cover_name(COVER_IDENTITY), "identity");
    assert_string_equal(cover_name(COVER_BOOT_LOG), "boot-log");
    assert_string_equal(cover_name(COVER_RUNTIME), "runtime");
    assert_string_equal(cover_name(COVER_COUNT), "none");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("zeros are no trust", zeros_are_no_trust),
        T_CASE("affirms what is all good", affirms_what_is_all_good),
        T_CASE("any missing ground is none", any_missing_ground_is_none),
        T_CASE("the worst claim decides", the_worst_claim_decides),
        T_CASE("keys and software are two lights", keys_and_software_are_two_lights),
        T_CASE("who awaits approval is not trusted and not accused",
               who_awaits_approval_is_not_trusted_and_not_accused),
        T_CASE("contraindicated needs no policy", contraindicated_needs_no_policy),
        T_CASE("coverage and watching change no tier", coverage_and_watching_change_no_tier),
        T_CASE("claims only get worse", claims_only_get_worse),
        T_CASE("a finding says what it is about", a_finding_says_what_it_is_about),
        T_CASE("findings stop at their limit", findings_stop_at_their_limit),
        T_CASE("tiers and parts have names", tiers_and_parts_have_names),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
