/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The received log: a leaf for every downlink slot that was taken since the last snapshot that the
 * verifier answered. The quote attests it (RCV); a leaf in it that the verifier never sent is E7.
 *
 * Invariants (P-DUR-7)
 *  1. Sequence number and leaf are durable before the message is handed on or acknowledged (D7).
 *  2. Every slot is taken once: rcvlog_has tells. Slots further than PAWL_SLOT_WINDOW behind the
 *     highest count as taken; so do, from the moment a quote is made (rcvlog_rcv), all up to its
 *     seq_hi, and after a start all up to the highest in the file: the verifier forgets what it
 * sent there, and a slot that came late would look like one it never sent (R_DLATE of
 *     tests/model/downlink.pml). What was in such a slot comes again in a new one.
 *  3. At most PAWL_RCV_GENS_MAX generations: rcvlog_is_full tells when an attest has to come first.
 *
 * Spec: docs/protocol.md, sections "Transcript" (RCV) and "Durable before sent".
 */
#ifndef AGENT_STATE_RCVLOG_H
#define AGENT_STATE_RCVLOG_H

#include <pawl/ratchet.h>

#define RCVLOG_FILE "received.log"

struct rcvlog;

struct rcvlog_slot {
    uint64_t epoch;
    uint32_t gen;
    uint64_t gen_start_seq; /* of its protected header: where the bitmap begins */
    uint64_t seq;
    uint8_t  leaf[PAWL_LEAF];
    bool     has_id; /* an application's message .. */
    uint64_t id;     /* .. of the verifier's queue */
};

/* *ret_lost: a file was there and could not be understood (it is set aside). It stays so at every
 * start until rcvlog_forget. */
PAWL_MUST_USE pawl_status rcvlog_open(int dir, struct rcvlog **ret, bool *ret_lost,
                                      struct pawl_err *err);
void                      rcvlog_close(struct rcvlog **l);

bool rcvlog_has(const struct rcvlog *l, uint64_t seq);
/* Further above the last quote than the verifier follows with one request (P-REC-2): whoever forged
 * it with a stolen key would make us deaf for all that is still to come. */
bool rcvlog_is_beyond(const struct rcvlog *l, uint64_t seq);
bool rcvlog_has_id(const struct rcvlog *l, uint64_t id); /* handed on before, in any slot */
/* No id that was ever handed on has been forgotten yet. */
bool     rcvlog_remembers_all(const struct rcvlog *l);
uint64_t rcvlog_seq_hi(const struct rcvlog *l);
bool     rcvlog_is_full(const struct rcvlog *l);
/* All of these slots can be added: they begin no more generations than there is room for. */
bool rcvlog_has_room(const struct rcvlog *l, const struct rcvlog_slot *slot, size_t n);

/* All of a batch, with one fsync, or none. CONFLICT for a slot that was taken, RANGE or FORM for
 * one that does not lie in its generation, FULL. */
PAWL_MUST_USE pawl_status rcvlog_add(struct rcvlog *l, const struct rcvlog_slot *slot, size_t n,
                                     struct pawl_err *err);

/* Body of an ack: the highest slot, and the bitmap of those taken from first_seq up to and with it.
 * bitmap: PAWL_ACK_BITMAP_MAX bytes that *ret_n and *first_seq are about. */
void rcvlog_ack(const struct rcvlog *l, uint64_t *seq_hi, uint64_t *first_seq,
                uint8_t bitmap[PAWL_ACK_BITMAP_MAX], size_t *ret_n);

/* RCV. Views point into *l and hold until its next change. */
PAWL_MUST_USE pawl_status rcvlog_rcv(struct rcvlog *l, struct pawl_rcv *ret, struct pawl_err *err);

/* The last snapshot, which had this seq_hi, was answered: what it held need not be attested again.
 */
PAWL_MUST_USE pawl_status rcvlog_answered(struct rcvlog *l, uint64_t seq_hi, struct pawl_err *err);

/* State was lost or the device enrolled again: empty, but for the floor below which nothing new can
 * come, and the ids that were handed on. */
PAWL_MUST_USE pawl_status rcvlog_forget(struct rcvlog *l, uint64_t floor, struct pawl_err *err);

#endif
