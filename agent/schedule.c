/* SPDX-License-Identifier: Apache-2.0 */
#include "schedule.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static uint64_t told_ms(uint64_t told_s)
{
    return 1000 * (told_s < SCHEDULE_TOLD_MAX_S ? told_s : SCHEDULE_TOLD_MAX_S);
}

uint64_t schedule_retry_ms(unsigned failures, uint64_t told_s, uint32_t random)
{
    uint64_t ms = SCHEDULE_RETRY_MIN_MS;

    for (unsigned n = 1; n < failures && ms < SCHEDULE_RETRY_MAX_MS; n++)
        ms *= 2;
    if (ms > SCHEDULE_RETRY_MAX_MS)
        ms = SCHEDULE_RETRY_MAX_MS;
    /* A fleet that lost its verifier at once must not come back at once. */
    ms = ms / 2 + random % (ms / 2 + 1);
    return ms < told_ms(told_s) ? told_ms(told_s) + random % 1000 : ms;
}

uint64_t schedule_interval_ms(const struct schedule *s, uint32_t random)
{
    return 1000 * (s->interval_s - s->jitter_s) + random % (2000 * s->jitter_s + 1);
}

void schedule_begin(struct schedule *s, const struct config *c, int64_t now_ms, bool calm)
{
    *s = (struct schedule){ .interval_s = c->interval_s,
                            .jitter_s = c->jitter_s,
                            .poll_s = c->poll_s,
                            .batch_ms = calm ? 0 : c->batch_ms,
                            .calm = calm,
                            .attest_ms = calm ? SCHEDULE_NEVER : now_ms,
                            .attested_ms = now_ms - SCHEDULE_RETRY_MIN_MS,
                            .poll_ms = now_ms,
                            .queued_ms = SCHEDULE_NEVER };
}

/* ---- what comes next ------------------------------------------------------------------------ */

static enum pawl_reason reason_of(const struct schedule *s, bool demanded)
{
    if (s->finding)
        return PAWL_REASON_INCIDENT;
    return demanded ? PAWL_REASON_DEMAND : s->started ? PAWL_REASON_SCHEDULE : PAWL_REASON_START;
}

/* What messages wait for. */
static bool needs_attest(const struct schedule *s, const struct schedule_seen *seen)
{
    return s->needs || seen->bar == LIVE_CEILING || seen->bar == LIVE_LOG_FULL ||
           seen->inbox_log_full ||
           (s->calm && !s->started && seen->bar == LIVE_WAITS); /* perhaps no longer */
}

static struct schedule_next next_rekey(const struct schedule *s, const struct schedule_seen *seen,
                                       int64_t now_ms)
{
    struct schedule_next n = { SCHEDULE_REKEY, reason_of(s, s->rekey_demanded), SCHEDULE_NEVER };

    if (!seen->enrolled)
        return n;
    if (s->rekey_demanded) /* it does not count as too soon */
        n.at_ms = later(now_ms, s->turned_ms + SCHEDULE_RETRY_MIN_MS);
    else if (seen->lost || seen->wants_rekey)
        n.at_ms = later(now_ms, s->rekey_ms);
    n.at_ms = later(n.at_ms, s->again_ms);
    return n;
}

static struct schedule_next next_attest(const struct schedule *s, const struct schedule_seen *seen,
                                        int64_t now_ms)
{
    bool                 enroll = !seen->enrolled && seen->may_enroll;
    struct schedule_next n = { enroll ? SCHEDULE_ENROLL : SCHEDULE_ATTEST,
                               reason_of(s, s->renewed || s->needs & SCHEDULE_DEMANDED),
                               s->attest_ms };

    if (s->renewed)
        n.at_ms = sooner(n.at_ms, now_ms);
    if (s->finding)
        n.at_ms = sooner(n.at_ms, later(now_ms, s->found_ms));
    if (s->forcing)
        n.at_ms = sooner(n.at_ms,
                         later(later(now_ms, s->force_ms), s->attested_ms + SCHEDULE_RETRY_MIN_MS));
    return n;
}

static bool may_exchange(const struct schedule *s, const struct schedule_seen *seen)
{
    return !(s->needs & SCHEDULE_REFUSED) &&
           (seen->bar == LIVE_FREE || seen->bar == LIVE_HARD || seen->bar == LIVE_LOG_FULL);
}

static struct schedule_next next_messages(const struct schedule      *s,
                                          const struct schedule_seen *seen, int64_t now_ms)
{
    struct schedule_next n = { SCHEDULE_MESSAGES, PAWL_REASON_SCHEDULE, SCHEDULE_NEVER };

    if (!may_exchange(s, seen))
        return n;
    n.at_ms = s->poll_ms;
    if (s->queued_ms != SCHEDULE_NEVER && seen->bar == LIVE_FREE)
        n.at_ms = sooner(n.at_ms, s->queued_ms + (int64_t)s->batch_ms);
    if (s->more || seen->unconfirmed || (seen->queue_n >= SCHEDULE_MANY && seen->bar == LIVE_FREE))
        n.at_ms = sooner(n.at_ms, now_ms);
    n.at_ms = later(n.at_ms, s->message_ms);
    return n;
}

/* A rekey takes no nonce that was fetched before its e_D. */
static bool is_near(const struct schedule *s, const struct schedule_next *rekey,
                    const struct schedule_next *attest, int64_t now_ms)
{
    return attest->what == SCHEDULE_ATTEST && attest->at_ms < rekey->at_ms &&
           later(attest->at_ms, s->round_ms) < now_ms + SCHEDULE_NEAR_MS;
}

struct schedule_next schedule_next(struct schedule *s, const struct schedule_seen *seen,
                                   int64_t now_ms)
{
    if (!seen->queue_n)
        s->queued_ms = SCHEDULE_NEVER;
    else if (s->queued_ms == SCHEDULE_NEVER)
        s->queued_ms = now_ms;
    s->forcing = seen->enrolled && needs_attest(s, seen);
    s->finding = seen->enrolled && seen->finding;

    struct schedule_next best = next_rekey(s, seen, now_ms), attest = next_attest(s, seen, now_ms),
                         messages = next_messages(s, seen, now_ms);
    bool near = is_near(s, &best, &attest, now_ms);
    if (best.at_ms > attest.at_ms) /* a rekey attests too */
        best = attest;
    best.at_ms = later(best.at_ms, s->round_ms);
    if (best.at_ms > messages.at_ms)
        best = messages;
    best.at_ms = later(best.at_ms, s->quiet_ms);
    best.attest_near = near;
    return best;
}

/* ---- how it went ---------------------------------------------------------------------------- */

static void note_failed_round(struct schedule *s, const struct schedule_done *d, int64_t now_ms,
                              uint32_t random)
{
    s->failures++;
    s->round_ms = now_ms + (int64_t)schedule_retry_ms(s->failures, d->told_s, random);
    s->attest_ms = s->round_ms;
    if (d->what == SCHEDULE_REKEY)
        s->again_ms = later(now_ms + (int64_t)schedule_retry_ms(++s->rekey_failures, 0, random),
                            s->round_ms + SCHEDULE_RETRY_MIN_MS);
}

/* The verifier goes on under the old epoch, and so do we. */
static void note_too_soon(struct schedule *s, const struct schedule_done *d, int64_t now_ms)
{
    uint64_t ms = told_ms(d->told_s);

    s->rekey_ms = now_ms + (int64_t)(ms ? ms : PAWL_REKEY_MIN_MS);
    s->rekey_demanded = false;
}

/* inv. 4, P-DEV-16, P-DEV-18. A verifier that repeats what we deny is told so ever more slowly
 * (inv. 1). */
static void note_keys(struct schedule *s, const struct schedule_done *d, int64_t now_ms,
                      uint32_t random)
{
    s->found = s->finding ? s->found + 1 : 0;
    s->found_ms = s->found ? now_ms + (int64_t)schedule_retry_ms(s->found, 0, random) : 0;
    s->renewed = d->rekeyed && (s->rekey_demanded || d->keys_red);
    s->rekey_demanded = d->what == SCHEDULE_ATTEST && d->rekey_now;
}

static void note_round(struct schedule *s, const struct schedule_done *d, int64_t now_ms,
                       uint32_t random)
{
    if (d->too_soon && d->what == SCHEDULE_REKEY) {
        note_too_soon(s, d, now_ms);
        return;
    }
    if (!d->answered) {
        note_failed_round(s, d, now_ms, random);
        return;
    }
    s->started = true;
    s->failures = 0;
    s->round_ms = 0;
    s->attested_ms = now_ms;
    s->attest_ms = now_ms + (int64_t)schedule_interval_ms(s, random);
    s->needs = 0;
    if (s->forcing && d->what == SCHEDULE_ATTEST)
        s->force_ms = now_ms + (int64_t)schedule_retry_ms(++s->forced, 0, random);
    if (d->what != SCHEDULE_ATTEST) {
        s->turned_ms = now_ms;
        s->rekey_ms = now_ms + PAWL_REKEY_MIN_MS;
        s->rekey_failures = 0;
        s->again_ms = 0;
    }
    note_keys(s, d, now_ms, random);
    /* It answers again: so will it messages. */
    s->message_failures = 0;
    s->message_ms = 0;
    if (!s->poll_s)
        s->poll_ms = now_ms;
}

static void heed(struct schedule *s, uint64_t demand)
{
    if (demand & (PAWL_DEMAND_ATTEST | PAWL_DEMAND_LEAVES))
        s->needs |= SCHEDULE_DEMANDED;
    if (demand & PAWL_DEMAND_REKEY)
        s->rekey_demanded = true;
}

static void note_messages(struct schedule *s, const struct schedule_done *d, int64_t now_ms,
                          uint32_t random)
{
    uint64_t every = 1000 * s->poll_s;

    s->poll_ms = every ? now_ms + (int64_t)(every - random % (every / 10 + 1)) : SCHEDULE_NEVER;
    s->queued_ms = SCHEDULE_NEVER; /* what is there still is looked at anew */
    if (!d->answered && !d->refused) {
        s->message_failures++;
        s->message_ms = now_ms + (int64_t)schedule_retry_ms(s->message_failures, d->told_s, random);
        return;
    }
    s->message_failures = 0;
    s->message_ms = 0;
    s->more = d->more && !d->refused;
    heed(s, d->demand);
    if (d->refused) {
        s->needs |= SCHEDULE_REFUSED;
        return;
    }
    if (!s->forcing) { /* the way is clear */
        s->forced = 0;
        s->force_ms = 0;
    }
}

void schedule_note(struct schedule *s, const struct schedule_done *d, int64_t now_ms,
                   uint32_t random)
{
    if (d->busy)
        s->quiet_ms = now_ms + (int64_t)told_ms(d->told_s);
    if (d->what == SCHEDULE_MESSAGES)
        note_messages(s, d, now_ms, random);
    else
        note_round(s, d, now_ms, random);
}
