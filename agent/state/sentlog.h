/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sent log: a leaf for every slot of the uplink that the verifier has not confirmed by a signed
 * receipt. It is what the quote attests, so that a message in a slot that is not in it is forged.
 *
 * Invariants
 *  1. Appended to and fsynced at least every SENTLOG_BATCH leaves (D2): after a crash at most that
 *     many slots behind the last logged one are `unknown`; of a run that logged none, those from
 *     its first slot. What was reserved beyond them counts as not sent.
 *  2. A torn tail is cut off at the last whole record; anything else that does not parse is a loss
 *     of the log: `lost` says so, and slots up to the start are not judged.
 *  3. Pruned only when a receipt signed by the verifier lists the generation (D6), and then by
 *     writing the file anew and renaming it.
 *  4. At most PAWL_SND_GENS_MAX generations and PAWL_SND_UNKNOWN_MAX unknown ranges:
 *     sentlog_is_full tells when application data has to wait for an attest. It leaves room for
 *     the confirmations around one; with no room for another unknown range nothing goes out.
 *
 * Generations of one epoch and run hold consecutive slots, at most PAWL_GEN_MESSAGES each.
 * Spec: docs/protocol.md, sections "Transcript" (SND) and "Durable before sent".
 */
#ifndef AGENT_STATE_SENTLOG_H
#define AGENT_STATE_SENTLOG_H

#include <pawl/ratchet.h>

#define SENTLOG_FILE  "sent.log"
#define SENTLOG_BATCH 16

struct sentlog; /* owns its memory and file; one thread */

/* Opens or makes the file. before_first, before_hi: run_first and reservation of the run that ended
 * (reservation.h): unknown ranges of a run that crashed are found from them. Durable when it
 * returns. *ret_lost: a file was there and could not be understood (it is set aside), or is gone
 * though slots were used. It stays so at every start until sentlog_forget. */
PAWL_MUST_USE pawl_status sentlog_open(int dir, uint64_t before_first, uint64_t before_hi,
                                       struct sentlog **ret, bool *ret_lost, struct pawl_err *err);
void                      sentlog_close(struct sentlog **l);

/* One slot that goes out, above all before it; in one generation they have no gap. Durable at every
 * SENTLOG_BATCH leaves and by sentlog_flush: the caller sends nothing of a failed batch. FULL and
 * BUG: nothing was added. IO: the leaf is in the log, and goes to the disk with the next flush that
 * works. */
PAWL_MUST_USE pawl_status sentlog_add(struct sentlog *l, uint64_t epoch, uint32_t gen, uint64_t seq,
                                      const uint8_t leaf[PAWL_LEAF], struct pawl_err *err);
PAWL_MUST_USE pawl_status sentlog_flush(struct sentlog *l, struct pawl_err *err);

/* True when application data would use up what can be attested. */
bool sentlog_is_full(const struct sentlog *l);

/* Generations and unknown ranges of SND, oldest first; the positions are the caller's. Views point
 * into *l and hold until its next change. */
PAWL_MUST_USE pawl_status sentlog_snd(struct sentlog *l, struct pawl_snd *ret,
                                      struct pawl_err *err);

/* The leaves of one generation, in order, for `supply`; ABSENT if it is not listed. The view points
 * into *l and holds until its next change. */
PAWL_MUST_USE pawl_status sentlog_leaves(struct sentlog *l, uint64_t epoch, uint32_t gen,
                                         struct pawl_view *ret, struct pawl_err *err);

/* Judges a receipt whose signature holds, over what we sent: E4. sent_hi: the highest slot that we
 * used. Slots in a range that is or was unknown, up to `nolog` (a loss of state), or pruned before
 * are not judged. With verdict 1 the generations that it lists are pruned, if all their leaves were
 * in the last snapshot and none can be added; on a full disk by a later receipt. With 2 or 3
 * nothing is; ahead_seq is then the receipt's seq_hi, if we never sent that slot. */
PAWL_MUST_USE pawl_status sentlog_receipt(struct sentlog *l, const struct pawl_receipt *r,
                                          const uint8_t hash[32], uint64_t sent_hi, uint64_t nolog,
                                          struct pawl_receipt_verdict *ret, struct pawl_err *err);

/* SHA-256 of the last receipt that pruned, across starts: a quote that leaves its generations out
 * names it, so that a verifier whose store went back knows why. False: none has. */
bool sentlog_pruned_by(const struct sentlog *l, uint8_t ret[32]);

/* A snapshot that listed these unknown ranges was answered by a signed result: they end. */
PAWL_MUST_USE pawl_status sentlog_known(struct sentlog *l, const struct pawl_snd *snd,
                                        struct pawl_err *err);

/* State was lost or the device enrolled again: begins empty. Slots up to nolog were used before
 * that and are never judged again, after later starts too. */
PAWL_MUST_USE pawl_status sentlog_forget(struct sentlog *l, uint64_t nolog, struct pawl_err *err);

#endif
