/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ratchet of this process: the open slot, the generations under way, and the logs and spools
 * that belong to it. Flows change it through the calls below and never by hand.
 *
 * Invariants
 *  1. It is opened once for each start of the process, by the first flow that has the TPM: a new
 *     boot_id, a new generation, slots past the reservation (D0).
 *  2. A new epoch enters only through live_adopt, which makes it durable first (D4). A failure
 * there leaves the old epoch in use, unless the state is lost (live->lost).
 *  3. One slot is encrypted once (live_seal); what was not acknowledged goes again byte for byte
 *     while process and epoch last, and after that as a new slot with the same id.
 *  4. Nothing goes out under a slot whose leaf may be missing from the log by more than D2 allows,
 *     above the ceiling of the last answered snapshot, past a hard limit, or with a full log.
 *
 * With `messages = off` there are no logs, spools or uses, and A1 carries empty SND and RCV.
 *
 * live.c opens, adopts and knows the limits; live_send.c and live_receive.c seal and open messages;
 * live_snapshot.c is what a quote says of them. Not here: the exchanges (rekey.c, message.c), when
 * (loop.c).
 * Spec: docs/protocol.md, sections "Messages" and "Durable before sent".
 */
#ifndef AGENT_FLOW_LIVE_H
#define AGENT_FLOW_LIVE_H

#include "state/point.h"
#include "state/rcvlog.h"
#include "state/reservation.h"
#include "state/sentlog.h"
#include "state/slot.h"
#include "state/spool.h"

struct live {
    bool        open; /* slot holds an epoch */
    bool        lost; /* files of a slot are there and none opens: resync, reason 5 */
    struct slot slot; /* as it is valid now */

    struct pawl_chain up;                             /* next generation of the uplink */
    struct pawl_use   up_use;                         /* the one under way; uk.n == 0: none */
    uint64_t          gen_start_seq, epoch_start_seq; /* 0: nothing sent yet there */
    unsigned          gen_sent;                       /* messages in the generation under way */
    int64_t           gen_boot_ms;                    /* boot_ms() when it was opened */
    uint64_t          epoch_slots;   /* used in this epoch, at most; before this start too */
    int64_t           epoch_boot_ms; /* boot_ms() at which its age was 0 */
    bool              confirmed;     /* the verifier answered something under this epoch */
    uint64_t          answered_hi;   /* seq_hi of the last snapshot that was answered */
    bool              leapt;         /* since that loss attempts went on RESERVATION_LOST higher */
    uint64_t          floor_down;    /* of a refusal since then; 0: none */

    struct pawl_chain down, old_down; /* next generations of the downlink, this epoch and before */
    struct pawl_use   down_use, old_down_use;

    uint8_t                     verdict_hash[32]; /* what receipt_verdict's view points to */
    struct pawl_receipt_verdict verdict;          /* on the last receipt, for the next quote */

    struct sentlog *sent;
    struct rcvlog  *received;
    struct spool   *queue, *inbox;
    struct shared  *shared; /* with whom else, or NULL; not owned */

    int64_t (*boot_ms)(void); /* CLOCK_BOOTTIME; tests put clocks of their own here */
    int64_t (*wall_s)(void);  /* CLOCK_REALTIME, for a start alone */
};

#define LIVE_START_WRITES 8 /* slot writes of one epoch that come from starts */

struct flow;
struct device;

/* Opens the slot with the TPM, the logs and the spools. No slot: live->open stays false. A lost
 * state: live->lost. Later calls do nothing. */
PAWL_MUST_USE pawl_status live_open(struct flow *f, const struct device *d, struct pawl_err *err);
void                      live_close(struct live *l);

/* Gives the epoch up, on disk too: what we hold is not what was used last. Resync, reason 5. */
PAWL_MUST_USE pawl_status live_lose(struct flow *f, struct pawl_err *err);

/* D4 and what follows: this root is ours. base: whether the old epoch's downlink goes on until the
 * first answer (rekey), or ends here (enrolment, resync). Without an epoch before it, logs and
 * spools begin anew. */
PAWL_MUST_USE pawl_status live_adopt(struct flow *f, const struct device *d,
                                     const struct pawl_root *root, uint16_t suite,
                                     const uint8_t verifier_id[PAWL_VERIFIER_ID], bool base,
                                     struct pawl_err *err);

/* Fills base_epoch, base_kid, nv_counter, SND, RCV, receipt_verdict of a1, whose label is set
 * already: an enrolment names no base. Views point into f->live and hold until its next change.
 * Without an epoch all is empty but for how far slots were used. */
PAWL_MUST_USE pawl_status live_snapshot(struct flow *f, struct pawl_a1 *a1, struct pawl_err *err);
/* The verdict on the receipt that the log was pruned by last, until there is a newer one. */
void live_recall(struct live *l);
/* The last receipt claims what we never sent, and no answered request has said so yet (E4). */
bool live_has_finding(const struct live *l);

/* The verifier answered this snapshot with a signed result. receipt: its receipt, whose hash the
 * EAR names; empty if there was none. */
PAWL_MUST_USE pawl_status live_answered(struct flow *f, const struct pawl_a1 *a1,
                                        struct pawl_view receipt, struct pawl_err *err);
/* A signed refusal's floors: slots and downlink continue there after a loss of state, or where this
 * device has no epoch yet. Our own positions hold otherwise. */
PAWL_MUST_USE pawl_status live_floors(struct flow *f, const struct pawl_refusal *r,
                                      struct pawl_err *err);

/* Why no application data may be sent now. */
enum live_bar {
    LIVE_FREE = 0,
    LIVE_NO_EPOCH, /* not enrolled, or lost */
    LIVE_WAITS,    /* for approval */
    LIVE_HARD,     /* past the hard limit: rekey first */
    LIVE_CEILING,  /* too far above the last answered snapshot: attest first */
    LIVE_LOG_FULL, /* attest first */
    LIVE_OFF,      /* messages = off */
    LIVE_BAR_COUNT
};

enum live_bar live_bar(const struct flow *f);
bool          live_wants_rekey(const struct flow *f); /* past a soft limit */
uint64_t      live_age_ms(const struct live *l);      /* of the epoch */
uint64_t      live_seq_hi(const struct flow *f);      /* the highest slot that we used */

/* The next slot of the uplink, encrypted, its leaf in the log (not yet flushed). Opens a new
 * generation where the present one is full or old. STATE where live_bar says why not; what is no
 * application data passes a hard limit, a full log and an approval that is missing. On failure *w
 * is as it was. */
PAWL_MUST_USE pawl_status live_seal(struct flow *f, const struct pawl_content *c, struct pawl_wr *w,
                                    uint64_t *ret_seq, struct pawl_err *err);
/* Leaves are on the disk: what was sealed may go out. */
PAWL_MUST_USE pawl_status live_flush(struct flow *f, struct pawl_err *err);

/* One downlink message: opened, not yet taken. Advances the chain only when it is authentic.
 * CONFLICT for a slot that was taken before; DENIED for a generation that is over, or an epoch that
 * is not ours. plain: PAWL_PLAINTEXT_MAX bytes. */
PAWL_MUST_USE pawl_status live_receive(struct flow *f, struct pawl_view cose, uint8_t *plain,
                                       size_t cap, struct pawl_content *ret,
                                       struct rcvlog_slot *ret_slot, struct pawl_err *err);

/* An authentic answer came under this epoch: the old downlink chain leaves memory (D5). */
void live_confirmed(struct live *l);

#endif
