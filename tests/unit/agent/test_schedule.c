/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves what `run` does next and when, by cases: what is seen and what was done before, against
 * what comes next; and by a walk of days against a verifier that is away, refuses, or always wants
 * more, that nothing is ever repeated in a tight loop.
 */
#include <stdio.h>
#include <string.h>

#include "schedule.h"
#include "t.h"

static struct config   config;
static struct schedule s;
static int64_t         now_ms;

static const struct schedule_seen good = { .enrolled = true, .may_enroll = true };

/* One case: from a calm state at 0 (attested, polled), what was done, what is seen. */
static int begin(void **state)
{
    (void)state;
    config_default(&config);
    config.jitter_s = 0;
    now_ms = 1000000;
    schedule_begin(&s, &config, now_ms, false);
    return 0;
}

static void next_is(const struct schedule_seen *seen, enum schedule_what what, int64_t in_ms)
{
    struct schedule_next n = schedule_next(&s, seen, now_ms);

    if (n.what != what || n.at_ms - now_ms != in_ms)
        print_error("next: %d in %lld ms\n", (int)n.what, (long long)(n.at_ms - now_ms));
    assert_int_equal(n.what, what);
    assert_int_equal(n.at_ms - now_ms, in_ms);
}

static void done(struct schedule_done d)
{
    schedule_note(&s, &d, now_ms, 0);
}

static void done_well(enum schedule_what what)
{
    done((struct schedule_done){ .what = what, .answered = true });
}

/* Attested and polled at this moment. */
static int settled(void **state)
{
    begin(state);
    done_well(SCHEDULE_ATTEST);
    done_well(SCHEDULE_MESSAGES);
    return 0;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void good_rounds_come_at_the_interval(void **state)
{
    (void)state;
    s.jitter_s = 30;
    assert_int_equal(schedule_interval_ms(&s, 0), 270000);
    for (uint32_t r = 0; r < 4000000000u; r += 1234567)
        assert_in_range(schedule_interval_ms(&s, r), 270000, 330000);
    s.jitter_s = 0;
    assert_int_equal(schedule_interval_ms(&s, 99), 300000);
}

static void failures_double_the_wait_up_to_a_limit(void **state)
{
    uint64_t full = SCHEDULE_RETRY_MIN_MS, most = SCHEDULE_RETRY_MAX_MS;

    (void)state;
    for (unsigned n = 1; n < 100; n++) {
        for (uint32_t r = 0; r < 4000000000u; r += 123456789)
            assert_in_range(schedule_retry_ms(n, 0, r), full / 2, full);
        full = full * 2 > most ? most : full * 2;
    }
    assert_in_range(schedule_retry_ms(UINT32_MAX, 0, 1), most / 2, most);
}

static void what_the_verifier_asks_for_is_kept(void **state)
{
    (void)state;
    assert_in_range(schedule_retry_ms(1, 600, 7), 600000, 601000);
    assert_in_range(schedule_retry_ms(1, 1, 7), 2500, 5000);
    assert_in_range(schedule_retry_ms(1, UINT64_MAX, 7), 86400000, 86401000);
}

/* ---- rounds --------------------------------------------------------------------------------- */

static void a_start_attests_at_once_or_enrolls(void **state)
{
    struct schedule_seen seen = { 0 };

    (void)state;
    next_is(&good, SCHEDULE_ATTEST, 0);
    assert_int_equal(schedule_next(&s, &good, now_ms).reason, PAWL_REASON_START);
    next_is(&seen, SCHEDULE_ATTEST, 0); /* enroll = manual: it says what is wrong */
    seen.may_enroll = true;
    next_is(&seen, SCHEDULE_ENROLL, 0);
    seen = good;
    seen.wants_rekey = true;
    next_is(&seen, SCHEDULE_REKEY, 0);
}

static void then_at_its_interval(void **state)
{
    struct schedule_seen off = good;

    (void)state;
    off.bar = LIVE_OFF;
    next_is(&off, SCHEDULE_ATTEST, 300000);
    assert_int_equal(schedule_next(&s, &off, now_ms).reason, PAWL_REASON_SCHEDULE);
    now_ms += 400000;
    next_is(&off, SCHEDULE_ATTEST, -100000);
}

static void a_soft_limit_or_a_demand_rekeys(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    seen.wants_rekey = true;
    next_is(&seen, SCHEDULE_REKEY, 0);
    done_well(SCHEDULE_REKEY);
    next_is(&seen, SCHEDULE_REKEY, PAWL_REKEY_MIN_MS - 0); /* not faster than the verifier takes */
    done((struct schedule_done){ .what = SCHEDULE_ATTEST, .answered = true, .rekey_now = true });
    next_is(&good, SCHEDULE_REKEY, SCHEDULE_RETRY_MIN_MS); /* demanded: sooner */
    assert_int_equal(schedule_next(&s, &good, now_ms).reason, PAWL_REASON_DEMAND);
    now_ms += 1000; /* attests in between do not put it off */
    done((struct schedule_done){ .what = SCHEDULE_ATTEST, .answered = true, .rekey_now = true });
    next_is(&good, SCHEDULE_REKEY, SCHEDULE_RETRY_MIN_MS - 1000);
    done((struct schedule_done){ .what = SCHEDULE_REKEY, .answered = true, .rekey_now = true });
    seen.wants_rekey = false;
    seen.bar = LIVE_OFF;
    next_is(&seen, SCHEDULE_ATTEST, 300000); /* one demand, one rekey */
}

static void too_soon_a_rekey_waits_and_attests_go_on(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    seen.wants_rekey = true;
    seen.bar = LIVE_OFF;
    done((struct schedule_done){ .what = SCHEDULE_REKEY, .too_soon = true, .told_s = 17 });
    next_is(&seen, SCHEDULE_REKEY, 17000);
    done((struct schedule_done){ .what = SCHEDULE_REKEY, .too_soon = true });
    next_is(&seen, SCHEDULE_REKEY, PAWL_REKEY_MIN_MS);
    done((struct schedule_done){ .what = SCHEDULE_REKEY, .too_soon = true, .told_s = 3600 });
    next_is(&seen, SCHEDULE_ATTEST, 300000);
    seen.lost = true;
    next_is(&seen, SCHEDULE_ATTEST, 300000);
}

static void a_lost_state_is_resynced_at_once(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    seen.lost = true;
    seen.bar = LIVE_NO_EPOCH;
    next_is(&seen, SCHEDULE_REKEY, 0);
    done((struct schedule_done){ .what = SCHEDULE_REKEY });
    next_is(&seen, SCHEDULE_ATTEST, SCHEDULE_RETRY_MIN_MS / 2); /* which resyncs too */
}

/* The verifier refuses rekeys alone, or the TPM fails at them. */
static void where_a_rekey_fails_attests_go_on(void **state)
{
    struct schedule_seen seen = good;
    struct schedule_next n;

    (void)state;
    seen.wants_rekey = true;
    seen.bar = LIVE_OFF;
    for (int i = 0; i < 10; i++) {
        n = schedule_next(&s, &seen, now_ms);
        if (n.what == SCHEDULE_ATTEST)
            break; /* rekeys have become rarer than attests */
        assert_int_equal(n.what, SCHEDULE_REKEY);
        now_ms = n.at_ms;
        done((struct schedule_done){ .what = SCHEDULE_REKEY });
        n = schedule_next(&s, &seen, now_ms);
        assert_int_equal(n.what, SCHEDULE_ATTEST);
        now_ms = n.at_ms;
        done_well(SCHEDULE_ATTEST);
    }
    next_is(&seen, SCHEDULE_ATTEST, 300000);
    done((struct schedule_done){ .what = SCHEDULE_ATTEST, .answered = true, .rekey_now = true });
    next_is(&seen, SCHEDULE_ATTEST, 300000); /* a demand changes nothing */
    done_well(SCHEDULE_REKEY);
    next_is(&seen, SCHEDULE_REKEY, PAWL_REKEY_MIN_MS);
}

static void a_failed_round_is_tried_again_later_and_later(void **state)
{
    struct schedule_seen off = good;

    (void)state;
    off.bar = LIVE_OFF;
    done((struct schedule_done){ .what = SCHEDULE_ATTEST });
    next_is(&off, SCHEDULE_ATTEST, SCHEDULE_RETRY_MIN_MS / 2);
    done((struct schedule_done){ .what = SCHEDULE_ATTEST });
    next_is(&off, SCHEDULE_ATTEST, SCHEDULE_RETRY_MIN_MS);
    off.wants_rekey = true; /* nothing overtakes it */
    next_is(&off, SCHEDULE_REKEY, SCHEDULE_RETRY_MIN_MS);
    done((struct schedule_done){ .what = SCHEDULE_REKEY, .told_s = 100 });
    next_is(&off, SCHEDULE_ATTEST, 100000);
    done_well(SCHEDULE_REKEY);
    off.wants_rekey = false;
    next_is(&off, SCHEDULE_ATTEST, 300000);
}

static void a_busy_verifier_is_left_alone_by_all(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    seen.queue_n = 1000;
    done((struct schedule_done){ .what = SCHEDULE_ATTEST, .told_s = 500, .busy = true });
    next_is(&seen, SCHEDULE_MESSAGES, 500000);
    settled(state);
    done((struct schedule_done){ .what = SCHEDULE_MESSAGES, .told_s = 500, .busy = true });
    next_is(&seen, SCHEDULE_ATTEST, 500000); /* due by then */
}

/* ---- messages ------------------------------------------------------------------------------- */

static void messages_follow_the_first_attest(void **state)
{
    (void)state;
    next_is(&good, SCHEDULE_ATTEST, 0);
    done_well(SCHEDULE_ATTEST);
    next_is(&good, SCHEDULE_MESSAGES, 0);
    done_well(SCHEDULE_MESSAGES);
    next_is(&good, SCHEDULE_MESSAGES, 60000);
}

static void what_is_queued_waits_for_others_a_little(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    seen.queue_n = 1;
    next_is(&seen, SCHEDULE_MESSAGES, 200);
    now_ms += 150;
    seen.queue_n = 63;
    next_is(&seen, SCHEDULE_MESSAGES, 50); /* since the first */
    seen.queue_n = 64;
    next_is(&seen, SCHEDULE_MESSAGES, 0);
    done_well(SCHEDULE_MESSAGES);
    seen.queue_n = 2; /* came meanwhile */
    next_is(&seen, SCHEDULE_MESSAGES, 200);
    seen.queue_n = 0;
    next_is(&seen, SCHEDULE_MESSAGES, 60000);
}

/* For the nonce that they fetch. */
static void messages_know_of_an_attest_soon_behind_them(void **state)
{
    struct schedule_seen seen = good;

    (void)state; /* the attest is at 300 s */
    now_ms += 255000;
    assert_false(schedule_next(&s, &good, now_ms).attest_near);
    now_ms += 1;
    assert_true(schedule_next(&s, &good, now_ms).attest_near);
    assert_int_equal(schedule_next(&s, &good, now_ms).what, SCHEDULE_MESSAGES);
    seen.wants_rekey = true; /* in its place: it takes no nonce that was there before its e_D */
    assert_false(schedule_next(&s, &seen, now_ms).attest_near);
    seen = good;
    seen.enrolled = false;
    assert_false(schedule_next(&s, &seen, now_ms).attest_near);
    done((struct schedule_done){ .what = SCHEDULE_ATTEST });
    assert_true(schedule_next(&s, &good, now_ms).attest_near); /* again in 5 s */
    done((struct schedule_done){ .what = SCHEDULE_ATTEST, .busy = true, .told_s = 100 });
    assert_false(schedule_next(&s, &good, now_ms).attest_near);
}

static void more_and_a_new_epoch_go_at_once(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    done((struct schedule_done){ .what = SCHEDULE_MESSAGES, .answered = true, .more = true });
    next_is(&good, SCHEDULE_MESSAGES, 0);
    done_well(SCHEDULE_MESSAGES);
    next_is(&good, SCHEDULE_MESSAGES, 60000);
    seen.unconfirmed = true;
    next_is(&seen, SCHEDULE_MESSAGES, 0);
    done((struct schedule_done){ .what = SCHEDULE_MESSAGES });
    next_is(&seen, SCHEDULE_MESSAGES, SCHEDULE_RETRY_MIN_MS / 2);
}

static void an_attest_that_is_answered_ends_the_wait_of_messages(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    seen.queue_n = 64;
    for (int i = 0; i < 8; i++)
        done((struct schedule_done){ .what = SCHEDULE_MESSAGES });
    next_is(&seen, SCHEDULE_ATTEST, 300000);
    done_well(SCHEDULE_ATTEST);
    next_is(&seen, SCHEDULE_MESSAGES, 0);
}

static void without_a_poll_they_come_with_attests(void **state)
{
    (void)state;
    config.poll_s = 0;
    schedule_begin(&s, &config, now_ms, false);
    done_well(SCHEDULE_ATTEST);
    next_is(&good, SCHEDULE_MESSAGES, 0);
    done_well(SCHEDULE_MESSAGES);
    next_is(&good, SCHEDULE_ATTEST, 300000);
    now_ms += 300000;
    done_well(SCHEDULE_ATTEST);
    next_is(&good, SCHEDULE_MESSAGES, 0);
}

static void no_message_goes_where_none_may(void **state)
{
    static const struct {
        enum live_bar      bar;
        enum schedule_what next;
        int64_t            in_ms;
    } table[] = {
        { LIVE_FREE, SCHEDULE_MESSAGES, 0 },
        { LIVE_NO_EPOCH, SCHEDULE_ATTEST, 300000 },
        { LIVE_WAITS, SCHEDULE_ATTEST, 300000 },
        { LIVE_HARD, SCHEDULE_MESSAGES, 60000 }, /* acks alone; the rekey is wanted by then */
        { LIVE_CEILING, SCHEDULE_ATTEST, SCHEDULE_RETRY_MIN_MS },
        { LIVE_LOG_FULL, SCHEDULE_ATTEST, SCHEDULE_RETRY_MIN_MS },
        { LIVE_OFF, SCHEDULE_ATTEST, 300000 },
    };
    _Static_assert(sizeof(table) / sizeof(*table) == LIVE_BAR_COUNT, "each bar");

    for (size_t i = 0; i < LIVE_BAR_COUNT; i++) {
        struct schedule_seen seen = good;
        settled(state);
        seen.bar = table[i].bar;
        seen.queue_n = 1000;
        assert_int_equal(table[i].bar, i);
        next_is(&seen, table[i].next, table[i].in_ms);
    }
}

static void a_full_log_of_the_downlink_attests(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    now_ms += 30000;
    seen.inbox_log_full = true;
    next_is(&seen, SCHEDULE_ATTEST, 0);
}

static void refused_messages_attest_first_and_ever_later(void **state)
{
    struct schedule_seen seen = good;
    int64_t              wait = SCHEDULE_RETRY_MIN_MS;

    (void)state;
    seen.queue_n = 1;
    now_ms += 60000;
    done((struct schedule_done){ .what = SCHEDULE_MESSAGES, .refused = true });
    next_is(&seen, SCHEDULE_ATTEST, 0);
    for (int i = 0; i < 6; i++) {
        done_well(SCHEDULE_ATTEST);
        assert_int_equal(schedule_next(&s, &seen, now_ms).what, SCHEDULE_MESSAGES);
        done((struct schedule_done){ .what = SCHEDULE_MESSAGES, .refused = true });
        next_is(&seen, SCHEDULE_ATTEST, i ? wait / 2 : wait);
        now_ms += wait;
        wait = wait * 2;
    }
    done_well(SCHEDULE_ATTEST);
    assert_int_equal(schedule_next(&s, &seen, now_ms).what, SCHEDULE_MESSAGES);
    done_well(SCHEDULE_MESSAGES); /* it works again: as if nothing had been */
    now_ms += 60000;
    done((struct schedule_done){ .what = SCHEDULE_MESSAGES, .refused = true });
    next_is(&good, SCHEDULE_ATTEST, 0);
}

static void demands_in_messages_are_heeded(void **state)
{
    (void)state;
    now_ms += 60000;
    done((struct schedule_done){
        .what = SCHEDULE_MESSAGES, .answered = true, .demand = PAWL_DEMAND_ATTEST });
    next_is(&good, SCHEDULE_ATTEST, 0);
    assert_int_equal(schedule_next(&s, &good, now_ms).reason, PAWL_REASON_DEMAND);
    done((struct schedule_done){
        .what = SCHEDULE_MESSAGES, .answered = true, .demand = PAWL_DEMAND_REKEY });
    next_is(&good, SCHEDULE_REKEY, 0);
    done_well(SCHEDULE_REKEY); /* is an attest too */
    next_is(&good, SCHEDULE_MESSAGES, 60000);
}

/* A command that sends and goes: no round of its own, no waiting for others. */
static void calm_it_does_only_what_is_needed(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    schedule_begin(&s, &config, now_ms, true);
    seen.queue_n = 1;
    next_is(&seen, SCHEDULE_MESSAGES, 0);
    done_well(SCHEDULE_MESSAGES);
    next_is(&seen, SCHEDULE_MESSAGES, 0); /* nobody else comes */
    seen.bar = LIVE_CEILING;
    next_is(&seen, SCHEDULE_ATTEST, 0);
    seen.wants_rekey = true;
    next_is(&seen, SCHEDULE_REKEY, 0);
    seen.wants_rekey = false;
    seen.bar = LIVE_WAITS; /* somebody may have approved it since */
    next_is(&seen, SCHEDULE_ATTEST, 0);
    done_well(SCHEDULE_ATTEST);
    next_is(&seen, SCHEDULE_ATTEST, 300000);
}

/* ---- days ----------------------------------------------------------------------------------- */

/* How many events there are in a day, each of which ends so. */
static unsigned events_in_a_day(const struct schedule_seen *seen, struct schedule_done how)
{
    int64_t  end = now_ms + INT64_C(86400000);
    unsigned n = 0;

    for (;; n++) {
        struct schedule_next next = schedule_next(&s, seen, now_ms);
        if (next.at_ms > now_ms)
            now_ms = next.at_ms;
        if (now_ms >= end)
            return n;
        if (n >= 100000)
            print_error("bar %d, at %lld: %d\n", (int)seen->bar, (long long)now_ms, (int)next.what);
        assert_true(n < 100000);
        how.what = next.what;
        schedule_note(&s, &how, now_ms, 12345);
        now_ms += 10; /* what it takes */
    }
}

static void no_day_has_too_many_events(void **state)
{
    static const struct schedule_done away = { 0 };
    const struct schedule_done        refuses = { .answered = true, .refused = true };
    const struct schedule_done        wants = { .answered = true, .rekey_now = true, .demand = 7 };

    for (unsigned bar = 0; bar < LIVE_BAR_COUNT; bar++) {
        struct schedule_seen seen = good;
        seen.bar = (enum live_bar)bar;
        seen.queue_n = 1000;
        settled(state);
        assert_in_range(events_in_a_day(&seen, away), 90, 400); /* two lines, a quarter each */
        settled(state);
        assert_in_range(events_in_a_day(&seen, refuses), 280, 1500);
    }
    struct schedule_seen full = good;
    full.bar = LIVE_LOG_FULL; /* and no receipt empties it: polls go on, attests come ever later */
    settled(state);
    assert_in_range(events_in_a_day(&full, (struct schedule_done){ .answered = true }), 1400, 2200);
    settled(state);
    /* Each poll demands all there is: that is three events a minute. */
    assert_in_range(events_in_a_day(&good, wants), 2800, 45000);
    struct schedule_seen lost = good;
    lost.lost = lost.wants_rekey = true;
    lost.bar = LIVE_NO_EPOCH;
    settled(state);
    assert_in_range(events_in_a_day(&lost, (struct schedule_done){ .too_soon = true }), 1, 1500);
    settled(state);
    assert_in_range(events_in_a_day(&lost, (struct schedule_done){ .answered = true }), 1, 1500);
}

#define CASE(sentence, f, setup)                                                                   \
    {                                                                                              \
        (sentence), (f), (setup), NULL, NULL                                                       \
    }

/* ---- incidents ------------------------------------------------------------------------------ */

static void a_finding_is_attested_at_once_and_then_ever_later(void **state) /* P-DEV-16 */
{
    struct schedule_seen seen = good;

    (void)state;
    seen.finding = true;
    next_is(&seen, SCHEDULE_ATTEST, 0);
    assert_int_equal(schedule_next(&s, &seen, now_ms).reason, PAWL_REASON_INCIDENT);
    done_well(SCHEDULE_ATTEST); /* whose answer makes another finding */
    next_is(&seen, SCHEDULE_ATTEST, SCHEDULE_RETRY_MIN_MS / 2);
    now_ms += SCHEDULE_RETRY_MIN_MS / 2;
    done_well(SCHEDULE_ATTEST);
    next_is(&seen, SCHEDULE_ATTEST, SCHEDULE_RETRY_MIN_MS);
    next_is(&good, SCHEDULE_MESSAGES, 60000 - SCHEDULE_RETRY_MIN_MS / 2);
    done_well(SCHEDULE_ATTEST); /* none: the next one is new */
    next_is(&seen, SCHEDULE_ATTEST, 0);
    seen.wants_rekey = true; /* which attests too */
    next_is(&seen, SCHEDULE_REKEY, 0);
    assert_int_equal(schedule_next(&s, &seen, now_ms).reason, PAWL_REASON_INCIDENT);
    seen = (struct schedule_seen){ .finding = true, .may_enroll = true, .bar = LIVE_NO_EPOCH };
    schedule_begin(&s, &config, now_ms, true);
    assert_int_equal(schedule_next(&s, &seen, now_ms).at_ms, SCHEDULE_NEVER); /* no epoch */
}

static void a_failed_attest_of_a_finding_waits(void **state)
{
    struct schedule_seen seen = good;

    (void)state;
    seen.finding = true;
    next_is(&seen, SCHEDULE_ATTEST, 0);
    done((struct schedule_done){ .what = SCHEDULE_ATTEST });
    next_is(&seen, SCHEDULE_ATTEST, SCHEDULE_RETRY_MIN_MS / 2);
}

static void the_epoch_that_heals_is_attested_at_once(void **state) /* P-DEV-18 */
{
    const struct schedule_done new = { .what = SCHEDULE_REKEY, .answered = true, .rekeyed = true };
    struct schedule_done red = new;
    struct schedule_seen off = good;

    (void)state;
    off.bar = LIVE_OFF;
    done(new); /* an ordinary one */
    next_is(&off, SCHEDULE_ATTEST, 300000);
    done((struct schedule_done){ .what = SCHEDULE_ATTEST, .answered = true, .rekey_now = true });
    done(new);
    next_is(&off, SCHEDULE_ATTEST, 0);
    assert_int_equal(schedule_next(&s, &off, now_ms).reason, PAWL_REASON_DEMAND);
    done((struct schedule_done){ .what = SCHEDULE_ATTEST });
    next_is(&off, SCHEDULE_ATTEST, SCHEDULE_RETRY_MIN_MS / 2); /* it failed */
    done((struct schedule_done){ .what = SCHEDULE_ATTEST, .answered = true, .keys_red = true });
    next_is(&off, SCHEDULE_ATTEST, 300000); /* red all the same: a person has to say more */
    red.keys_red = true;
    done(red);
    next_is(&off, SCHEDULE_ATTEST, 0);
    red.what = SCHEDULE_ATTEST; /* that became a resync */
    done(red);
    next_is(&off, SCHEDULE_ATTEST, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("good rounds come at the interval", good_rounds_come_at_the_interval, begin),
        CASE("failures double the wait up to a limit", failures_double_the_wait_up_to_a_limit,
             begin),
        CASE("what the verifier asks for is kept", what_the_verifier_asks_for_is_kept, begin),
        CASE("a start attests at once, or enrolls", a_start_attests_at_once_or_enrolls, begin),
        CASE("then at its interval", then_at_its_interval, settled),
        CASE("a soft limit or a demand rekeys", a_soft_limit_or_a_demand_rekeys, settled),
        CASE("too soon, a rekey waits and attests go on", too_soon_a_rekey_waits_and_attests_go_on,
             settled),
        CASE("a lost state is resynced at once", a_lost_state_is_resynced_at_once, settled),
        CASE("where a rekey fails attests go on", where_a_rekey_fails_attests_go_on, settled),
        CASE("a failed round is tried again later and later",
             a_failed_round_is_tried_again_later_and_later, settled),
        CASE("a busy verifier is left alone by all", a_busy_verifier_is_left_alone_by_all, settled),
        CASE("messages follow the first attest", messages_follow_the_first_attest, begin),
        CASE("what is queued waits for others a little", what_is_queued_waits_for_others_a_little,
             settled),
        CASE("messages know of an attest soon behind them",
             messages_know_of_an_attest_soon_behind_them, settled),
        CASE("more and a new epoch go at once", more_and_a_new_epoch_go_at_once, settled),
        CASE("an attest that is answered ends the wait of messages",
             an_attest_that_is_answered_ends_the_wait_of_messages, settled),
        CASE("without a poll they come with attests", without_a_poll_they_come_with_attests, begin),
        CASE("no message goes where none may", no_message_goes_where_none_may, settled),
        CASE("a full log of the downlink attests", a_full_log_of_the_downlink_attests, settled),
        CASE("refused messages attest first, and ever later",
             refused_messages_attest_first_and_ever_later, settled),
        CASE("demands in messages are heeded", demands_in_messages_are_heeded, settled),
        CASE("calm, it does only what is needed", calm_it_does_only_what_is_needed, begin),
        CASE("a finding is attested at once, and then ever later",
             a_finding_is_attested_at_once_and_then_ever_later, settled),
        CASE("a failed attest of a finding waits", a_failed_attest_of_a_finding_waits, settled),
        CASE("the epoch that heals is attested at once", the_epoch_that_heals_is_attested_at_once,
             settled),
        CASE("no day has too many events", no_day_has_too_many_events, settled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
