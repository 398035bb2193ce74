/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's side of each exchange, top to bottom: enroll.c, exchange.c (attest, rekey,
 * resync) and message.c read as the sentence that they implement; the steps they share stand in
 * device.c (our TPM), verifier.c (its key), evidence.c (A1, quote, request), answer.c (result or
 * refusal), rekey.c (a new epoch), resync.c (what a refusal leads to) and supply.c. live.h holds
 * the ratchet between them.
 *
 * Invariants
 *  1. We act only on what verifier_key signed and what is bound to the TH1 of the request under way
 *     (P-TRUST-3). Everything else is a failure, after which the caller waits and asks again.
 *  2. A number is used for one request only (state/reservation.h), and a raw nonce never reaches
 * the TPM: what is quoted is SHA-256 of A1.
 *  3. No secret outlives the call that needed it.
 *
 * Not here: when to do it again (loop.c), and what people are told (command.c).
 */
#ifndef AGENT_FLOW_FLOW_H
#define AGENT_FLOW_FLOW_H

#include <pawl/wire.h>

#include "config.h"
#include "evidence/ima.h"
#include "flow/ear.h"
#include "flow/live.h"
#include "flow/outbox.h"
#include "net/client.h"
#include "state/dir.h"
#include "state/record.h"

/* PCRs that the verifier has seen from this process: while they are unchanged their values are not
 * sent again (P-ATT-5). */
struct flow_pcrs {
    bool                      known;
    struct pawl_pcr_selection selection;
    struct pawl_digest        digest;
};

/* What the last result of this process wants to see of the logs, with the next evidence. */
struct flow_logs {
    bool              wants_event_log;
    bool              wants_ima;
    uint64_t          ima_first; /* the entry that it names */
    struct ima_places ima_places;
};

/* A nonce for the next attest, and what the last challenge for one said (ahead.c). */
struct flow_ahead {
    bool                      known, asked, fetched;
    struct pawl_suites        suites;
    struct pawl_pcr_selection pcrs;
    int64_t                   asked_ms; /* CLOCK_BOOTTIME */
    uint8_t                   nonce[PAWL_NONCE];
};

#define FLOW_AHEAD_MS (PAWL_NONCE_TTL_MS - 10000) /* then the TPM and the way take their time */

#define FLOW_LOST_MAX    8
#define FLOW_MISSING_MAX 3 /* the event log, the measurement list, the key of applications */

/* A log, or the key of applications, that evidence goes without: it costs no round. */
struct flow_missing {
    struct pawl_err why; /* all zero: none was missed */
    bool            said;
};

struct flow {
    const struct config *config;
    struct state_dir     dir;
    struct record        record;
    struct reservation   reserved;
    struct live          live;
    struct outbox       *outbox; /* messages that wait for an acknowledgement; owned, or NULL */
    struct net          *net;
    uint8_t              boot_id[PAWL_BOOT_ID]; /* of this start of the process */
    uint8_t              os_boot[PAWL_OS_BOOT];
    struct flow_pcrs     pcrs;
    struct flow_logs     logs;
    struct flow_ahead    ahead;
    bool                 app_named; /* the last result names the key of our applications */
    uint64_t             next_s;    /* P-TR-9; 0: no next attest is promised */
    uint64_t             told_s;    /* to wait, by an unsigned 429 or 503; 0 */
    bool                 moves;     /* from the verifier of the record on disk to another one */
    bool                 ask_jwks;  /* look whether the verifier signs with another pinned key */
    size_t               lost_n;
    struct pawl_err      lost[FLOW_LOST_MAX]; /* what is wrong with state that was taken as lost */
    struct flow_missing  missing[FLOW_MISSING_MAX];
};

/* An unsigned refusal, as failures and then the record say it. */
#define FLOW_REFUSED_US "refused us (403)"

/* Ends a failure: what the verifier's log is searched for, and what no record keeps. */
#define FLOW_REQUEST " (request "

/* A signed answer. */
enum flow_kind { FLOW_NONE = 0, FLOW_RESULT, FLOW_REFUSED };

struct flow_answer {
    enum flow_kind      kind;
    struct ear          ear;                     /* of a result .. */
    char                token[PAWL_EAR_MAX + 1]; /* .. as the verifier signed it */
    struct pawl_want    want;                    /* of a result */
    bool                rekeyed;                 /* a new epoch is ours and durable */
    struct pawl_refusal refusal;                 /* of a refusal */
    char                request[40];             /* Pawl-Request, for the log */
};

/* Without the enrolment, if it is one with another verifier or tenant than the configured one. */
void flow_forget_others(struct record *r, const struct config *c);

/* Opens the state directory and the way to the verifier. The record of another verifier or tenant
 * is forgotten, except for who we are. A file of the state that cannot be understood is set aside
 * and counts as lost: what it held can be learned again from the verifier. */
PAWL_MUST_USE pawl_status flow_open(const struct config *config, struct flow *ret,
                                    struct pawl_err *err);

/* Also for PAWL_CLEANUP. */
void flow_close(struct flow *f);

/* Enrols, or enrols again: identity, credential, all PCRs. */
PAWL_MUST_USE pawl_status flow_enroll(struct flow *f, enum pawl_reason reason,
                                      struct flow_answer *ret, struct pawl_err *err);

/* Attests once. After a signed unknown_base or forked, or a loss of state, a resync takes its
 * place. STATE if the device is not enrolled. */
PAWL_MUST_USE pawl_status flow_attest(struct flow *f, enum pawl_reason reason,
                                      struct flow_answer *ret, struct pawl_err *err);

/* Rekeys: e_D, quote, both Z, D4, and the confirmation under the new epoch. After a signed
 * unknown_base or forked, or a loss of state, one resync request is made in its place. STATE if the
 * device is not enrolled. */
PAWL_MUST_USE pawl_status flow_rekey(struct flow *f, enum pawl_reason reason,
                                     struct flow_answer *ret, struct pawl_err *err);

/* Imports the hedge key (32 bytes) into the TPM; from then on it is part of every new root. STATE
 * if the device is not enrolled. */
PAWL_MUST_USE pawl_status flow_hedge(struct flow *f, const struct pawl_secret *key,
                                     struct pawl_err *err);

/* What an exchange of messages did. */
struct flow_messages {
    size_t   sent;     /* messages that went out, again or anew */
    size_t   received; /* application messages that are now in the inbox */
    bool     more;     /* there is more to send or to fetch: come again at once */
    uint64_t demand;   /* PAWL_DEMAND_ bits that the verifier asked for */
    bool     refused;  /* the empty 403: an attest has to come first */
};

/* POST /pawl/1/messages: a fresh ack, what is queued, what waits for an acknowledgement; opens,
 * logs and keeps what comes back. attest_near: asks for the nonce of the attest that is next. Needs
 * no TPM once the slot is open. */
PAWL_MUST_USE pawl_status flow_messages(struct flow *f, bool attest_near, struct flow_messages *ret,
                                        struct pawl_err *err);

/* Opens the slot if this process has not done so yet; the TPM is closed again. */
PAWL_MUST_USE pawl_status flow_live(struct flow *f, struct pawl_err *err);

/* Part of the state turned out to be lost: for the log, until flow_lost_said. */
void flow_note_lost(struct flow *f, const struct pawl_err *why);
void flow_lost_said(struct flow *f);

/* A log cannot be had, for the log of the agent: said once, until there is another reason. */
void flow_note_missing(struct flow *f, const struct pawl_err *why);

/* Writes down how a round ended, for `status`. A full disk here is not worth a failed round:
 * nothing in it is needed to go on. */
void flow_note(struct flow *f, pawl_status s, const struct flow_answer *a, int64_t now_s,
               const struct pawl_err *err);

#endif
