/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes next, and when: a pure function of what was done before and what is seen now. Two
 * lines of events share one clock: rounds (enrol, attest, rekey), and exchanges of messages.
 *
 * Invariants
 *  1. Nothing is tried again at once: a failure waits, longer each time, and so does an attest that
 *     was to clear the way for messages and did not.
 *  2. An exchange of messages that cannot succeed (live_bar, or refused) is not tried before an
 *     attest.
 *  3. Nothing comes before the time that a verifier asked for.
 *  4. What we found ourselves is attested at once, and so is the epoch that heals an incident:
 * until then the device's token is red.
 *
 * Times are CLOCK_BOOTTIME in milliseconds. Not here: doing it (rounds.c).
 */
#ifndef AGENT_SCHEDULE_H
#define AGENT_SCHEDULE_H

#include "config.h"
#include "flow/live.h"

#define SCHEDULE_RETRY_MIN_MS 5000
#define SCHEDULE_RETRY_MAX_MS (15 * 60 * 1000)
#define SCHEDULE_TOLD_MAX_S   86400 /* no answer keeps a device silent for longer */
#define SCHEDULE_MANY         64    /* messages that do not wait for others */
#define SCHEDULE_NEVER        INT64_MAX
#define SCHEDULE_NEAR_MS      (PAWL_NONCE_TTL_MS - 15000) /* and a nonce is still good then */

enum schedule_what {
    SCHEDULE_NOTHING = 0,
    SCHEDULE_ENROLL,
    SCHEDULE_ATTEST,
    SCHEDULE_REKEY,
    SCHEDULE_MESSAGES,
    SCHEDULE_WHAT_COUNT
};

/* Why an attest comes before the next messages. */
enum schedule_need { SCHEDULE_FREE = 0, SCHEDULE_REFUSED = 1, SCHEDULE_DEMANDED = 2 };

struct schedule {
    /* how often */
    uint64_t interval_s, jitter_s, poll_s, batch_ms;
    bool     calm;
    /* rounds */
    bool     started;   /* one was answered since the process began */
    unsigned failures;  /* in a row */
    int64_t  attest_ms; /* the next one by the interval */
    int64_t  round_ms;  /* none before: a failure */
    int64_t  rekey_ms;  /* no rekey before, unless demanded */
    unsigned rekey_failures;
    int64_t  again_ms;    /* no rekey before at all: attests go on where it alone fails */
    int64_t  turned_ms;   /* the last one that was answered, or enrolment */
    int64_t  attested_ms; /* the last one that was answered; rekeys too */
    bool     rekey_demanded;
    bool     renewed;  /* a demanded epoch, or one that meets an incident, is to be attested .. */
    bool     finding;  /* .. and so is what we found ourselves, as it was seen last */
    unsigned found;    /* rounds in a row that were answered and left a finding */
    int64_t  found_ms; /* none for it before */
    unsigned needs;    /* bits of schedule_need */
    bool     forcing;  /* messages wait for an attest, as it was seen last */
    unsigned forced;   /* attests in a row that were to clear their way */
    int64_t  force_ms; /* no such before */
    /* messages */
    unsigned message_failures;
    int64_t  message_ms; /* none before: a failure */
    int64_t  poll_ms;
    int64_t  queued_ms; /* since when something waits; SCHEDULE_NEVER: nothing does */
    bool     more;
    /* both */
    int64_t quiet_ms; /* what an overloaded verifier asked for */
};

/* What it looks like now. */
struct schedule_seen {
    bool          enrolled, may_enroll;
    bool          lost; /* live.lost */
    bool          wants_rekey;
    bool          unconfirmed; /* an epoch under which the verifier has not answered yet */
    bool          inbox_log_full;
    bool          finding; /* a receipt claims what we never sent: the verifier has to know */
    enum live_bar bar;
    uint64_t      queue_n;
};

struct schedule_next {
    enum schedule_what what;
    enum pawl_reason   reason;
    int64_t            at_ms;       /* may have passed */
    bool               attest_near; /* one comes while a nonce that is fetched now is good */
};

/* How it went. */
struct schedule_done {
    enum schedule_what what;
    bool               answered;  /* a result; of messages: their answer */
    uint64_t           told_s;    /* the verifier asks for so much time .. */
    bool               busy;      /* .. because it is overloaded, says an unsigned answer */
    bool               too_soon;  /* .. before the next rekey */
    bool               rekey_now; /* a result demands it */
    bool               rekeyed;   /* there is a new epoch */
    bool               keys_red;  /* a result says that somebody else has the keys */
    bool               refused;   /* messages: an attest has to come first */
    bool               more;      /* messages */
    uint64_t           demand;    /* messages */
};

/* The first round is due at once. calm: rounds only where what is seen asks for one, and no message
 * waits for others. */
void schedule_begin(struct schedule *s, const struct config *c, int64_t now_ms, bool calm);

/* Notes what is seen now. */
struct schedule_next schedule_next(struct schedule *s, const struct schedule_seen *seen,
                                   int64_t now_ms);

/* random: any 32 bits, so that a fleet does not move as one. */
void schedule_note(struct schedule *s, const struct schedule_done *d, int64_t now_ms,
                   uint32_t random);

/* How long to wait after so many failures in a row (at least 1); told_s: at least. */
uint64_t schedule_retry_ms(unsigned failures, uint64_t told_s, uint32_t random);
/* From one attest to the next. */
uint64_t schedule_interval_ms(const struct schedule *s, uint32_t random);

#endif
