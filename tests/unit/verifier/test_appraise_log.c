/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: a log that is missing, broken, another one or shorter than what is quoted is found, for
 * what it is, and never believed; it is asked for where none is known; and facts are kept where no
 * policy judges them.
 */
#include <string.h>

#include "appraise/appraise.h"
#include "appraise_fixture.h"
#include "soft_quote.h"

/* ---- the log -------------------------------------------------------------------------------- */

static void l19_a_log_that_a1_does_not_name_is_not_read(void **state)
{
    (void)state;
    static const uint8_t other[32] = { 1 };
    WORLD                w;

    for (int i = 0; i < 3; i++) {
        world_begin(&w);
        world_names_log(&w);
        world_sends_log(&w);
        if (i == 0)
            w.sent_log.length++;
        else if (i == 1)
            w.sent_log.sha256 = PAWL_VIEW_OF(other);
        else
            w.sent_log.said = false;
        world_judge(&w);
        world_is(&w, TIER_WARNING);
        assert_int_equal(world_findings(&w, REASON_EVENT_LOG_DIFFERS), 1);
        world_covers(&w, COVER_BOOT_LOG, REASON_NO_EVENT_LOG);
        assert_false(w.next.has_boot);
        assert_int_equal(w.want.log, i < 2);
        policy_done(&w.policy);
    }
    w.policy = (struct policy){ 0 };
}

static void a_log_is_asked_for_where_none_is_known(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_judge(&w); /* the device names none */
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_BOOT_LOG, REASON_NO_EVENT_LOG);
    assert_false(w.want.log);
    world_judge(&w); /* now it does */
    assert_true(w.want.log);
    assert_false(w.next.has_boot);
    world_sends_log(&w);
    world_judge(&w);
    assert_false(w.want.log);
    assert_true(w.next.has_boot);
}

static void l1_what_is_measured_behind_the_log_is_found(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    soft_quote_pcr(&w.quoted, PAWL_SHA256, 7)->b[0] ^= 1;
    world_judge(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    assert_true(world_findings(&w, REASON_EVENT_LOG_DIFFERS) > 0);
    assert_true(w.want.log);
}

/* A second log of the same boot could only explain what somebody measured meanwhile. */
static void l1_no_second_log_explains_it(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_rules_of_boot(&w, ", \"event_log\": {\"ignore\": [9]}");
    soft_quote_pcr(&w.quoted, PAWL_SHA256, 9)->b[0] ^= 1; /* which the log never led to */
    world_attests_anew(&w);
    world_is(&w, TIER_AFFIRMING);
    soft_eventlog_insert(&w.soft, w.soft.n, soft_event_line(14, "MokList", "one more"));
    w.log = soft_eventlog_bytes(&w.soft);
    w.quoted = soft_quote_of(w.log);
    world_names_log(&w);
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    assert_true(world_findings(&w, REASON_EVENT_LOG_DIFFERS) > 0);
    assert_int_equal(w.kept.boot.mok_n, 1);
}

static void take_out(struct soft_quote *q, unsigned pcr)
{
    size_t i = (size_t)(soft_quote_pcr(q, PAWL_SHA256, pcr) - q->values.value);

    q->select.bank[0].bits &= ~(1u << pcr);
    q->values.n--;
    memmove(&q->values.value[i], &q->values.value[i + 1],
            (q->values.n - i) * sizeof(q->values.value[0]));
}

static void a_log_is_asked_for_again_where_more_is_quoted(void **state)
{
    (void)state;
    WORLD w;

    for (int changed = 0; changed < 2; changed++) {
        world_begin(&w);
        world_rules_of_boot(&w, "");
        struct soft_quote all = w.quoted;
        take_out(&w.quoted, 9);
        world_attests_anew(&w);
        world_is(&w, TIER_AFFIRMING);
        w.quoted = all;
        if (changed) /* whoever did that is not forgotten for it */
            soft_quote_pcr(&w.quoted, PAWL_SHA256, 7)->b[0] ^= 1;
        world_judge(&w);
        world_is(&w, changed ? TIER_CONTRAINDICATED : TIER_WARNING);
        assert_true(w.want.log);
        world_sends_log(&w);
        world_judge(&w);
        world_is(&w, changed ? TIER_CONTRAINDICATED : TIER_AFFIRMING);
        take_out(&w.quoted, 9);
        world_judge(&w); /* less is no reason */
        world_is(&w, changed ? TIER_CONTRAINDICATED : TIER_AFFIRMING);
        if (!changed)
            policy_done(&w.policy);
    }
}

static void l8_a_log_that_is_none_is_found_and_may_come_again(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_rules_of_boot(&w, "");
    struct pawl_view good = w.log;
    w.log = t_copy(pawl_view(good.p, good.n - 1));
    world_names_log(&w);
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(world_findings(&w, REASON_EVENT_LOG_BROKEN), 1);
    assert_false(w.want.log);
    w.log = good;
    world_names_log(&w);
    world_judge(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    assert_true(w.want.log); /* the device names another one now */
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_AFFIRMING);
}

/* Unmeasured PCRs agree with any log. */
static void l1_a_log_that_leads_nowhere_may_come_again(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_rules_of_boot(&w, "");
    struct pawl_view     good = w.log;
    struct soft_eventlog other = w.soft;
    for (unsigned pcr = 0; pcr < 10; pcr++)
        soft_eventlog_insert(&other, 0, soft_event_text(pcr, 0x8, "another machine"));
    w.log = soft_eventlog_bytes(&other);
    world_names_log(&w);
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    assert_true(w.kept.boot.agree);
    w.log = good;
    world_names_log(&w);
    world_judge(&w);
    assert_true(w.want.log);
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_AFFIRMING);
}

static void without_a_policy_facts_are_kept_and_nothing_is_trusted(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    policy_done(&w.policy);
    w.policy = (struct policy){ 0 };
    world_attests_anew(&w);
    world_is(&w, TIER_NONE);
    assert_int_equal(world_findings(&w, REASON_NO_POLICY), 1);
    assert_true(w.kept.has_boot);
    assert_int_equal(w.kept.boot.agree, EVENTLOG_PCRS);
    assert_false(w.next.has_ima);
    assert_false(w.want.ima || w.want.log);
}

static void values_that_were_left_out_change_nothing(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    struct known_boot before = w.kept;
    w.leaves_values_out = true;
    world_judge(&w);
    assert_int_equal(verdict_tier(&w.v), TIER_NONE);
    assert_int_equal(world_findings(&w, REASON_PCR_MISSING), 1);
    world_covers(&w, COVER_BOOT_LOG, REASON_PCR_MISSING);
    assert_true(w.next.has_boot && w.next.has_ima);
    assert_memory_equal(&w.next.boot, &before.boot, sizeof(before.boot));
    assert_int_equal(w.want.first, 2);
    w.leaves_values_out = false;
    world_judge(&w);
    world_is_good(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("L19 a log that A1 does not name is not read",
               l19_a_log_that_a1_does_not_name_is_not_read),
        T_CASE("a log is asked for where none is known", a_log_is_asked_for_where_none_is_known),
        T_CASE("L1 what is measured behind the log is found",
               l1_what_is_measured_behind_the_log_is_found),
        T_CASE("L1 no second log explains it", l1_no_second_log_explains_it),
        T_CASE("a log is asked for again where more is quoted",
               a_log_is_asked_for_again_where_more_is_quoted),
        T_CASE("L8 a log that is none is found and may come again",
               l8_a_log_that_is_none_is_found_and_may_come_again),
        T_CASE("L1 a log that leads nowhere may come again",
               l1_a_log_that_leads_nowhere_may_come_again),
        T_CASE("without a policy facts are kept and nothing is trusted",
               without_a_policy_facts_are_kept_and_nothing_is_trusted),
        T_CASE("values that were left out change nothing",
               values_that_were_left_out_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
