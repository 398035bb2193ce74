/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next ratchet: pure steps on a value. Each name is a rule of docs/protocol.md; the models in
 * tests/model take rules away one by one by the same names.
 */
#ifndef VERIFIER_RATCHET_PLAN_H
#define VERIFIER_RATCHET_PLAN_H

#include "ratchet/ratchet.h"

enum base_kind {
    BASE_UNKNOWN = 0, /* neither known nor used: perhaps our store went back */
    BASE_NONE,        /* epoch 0: the device has none (never E5) */
    BASE_CURRENT,
    BASE_PENDING,
    BASE_USED /* below current, or in a tombstone: a copy is at work (E5) */
};

enum base_kind ratchet_base(const struct ratchet *r, uint64_t epoch, struct pawl_view kid);
/* The root of that base, or NULL. */
const struct epoch_root *ratchet_root(const struct ratchet *r, enum base_kind k);

/* V3: pending becomes current; the old one keeps its tripwire; a leave to resync is spent. */
void ratchet_promote(struct ratchet *r, int64_t now_ms);
/* The pending root gets a tombstone and is gone. Nothing happens without one. */
void ratchet_discard_pending(struct ratchet *r);
/* The same without a tombstone, where an enrolment replaces it: that names no base, and its answer
 * may be lost, so the device may go on with this very root (R_NOTOMB of tests/model/enrol.pml). */
void ratchet_drop_pending(struct ratchet *r);
/* A new pending root; an older one is discarded. root's secrets are copied. */
void ratchet_grant(struct ratchet *r, const struct pawl_root *root, uint16_t suite,
                   const uint8_t verifier_id[PAWL_VERIFIER_ID], uint64_t attempt, int64_t now_ms,
                   bool resync, bool by_auto);

/* Step 5 and E5: an attempt that was used, with the same base and another TH1. */
bool ratchet_is_fork(const struct ratchet *r, uint64_t attempt, uint64_t last_attempt,
                     uint64_t base_epoch, struct pawl_view base_kid, const uint8_t th1[32]);
/* E5: this boot_id had been replaced and comes back. */
bool ratchet_boot_returns(const struct ratchet *r, struct pawl_view boot_id);

/* V1: what every accepted request writes. A base that is pending is promoted first, one that is
 * current discards the pending root. */
void ratchet_accept(struct ratchet *r, enum base_kind base, const struct pawl_a1 *a1,
                    const uint8_t th1[32], int64_t now_ms);

/* What an accepted snapshot says of both directions' positions, unknown and unattested slots, and
 * of where the epoch begins. Told behind ratchet_accept. True if it claims downlink slots that were
 * never sent: the next one goes behind them. */
bool ratchet_attested(struct ratchet *r, const struct pawl_a1 *a1);

/* Behind it, for the first snapshot that a store which was put back hears of: the device may have
 * dropped any of its leaves by a receipt of the store that is gone. */
void ratchet_forgot(struct ratchet *r, const struct pawl_a1 *a1);

/* The newest epoch of any root; 0: there never was one. */
uint64_t ratchet_known_epoch(const struct ratchet *r);
/* Whether a resync or an enrolment may make this epoch: above every known one, by at most
 * PAWL_EPOCH_SKIP_MAX. */
bool ratchet_takes_epoch(const struct ratchet *r, uint64_t epoch);

/* How long until a rekey on this base may be granted; 0: now. One for each PAWL_REKEY_MIN_MS, but
 * for one that was demanded, and for the repeat of one whose answer may be lost. */
int64_t ratchet_rekey_wait(const struct ratchet *r, enum base_kind base, int64_t now_ms);

/* Whether the rule, or an operator's leave, lets this resync pass. allow_auto: the tenant's. */
enum resync_leave { RESYNC_DENIED = 0, RESYNC_BY_RULE, RESYNC_BY_OPERATOR };
enum resync_leave ratchet_resync(const struct ratchet *r, enum base_kind base, uint64_t base_epoch,
                                 bool appraised_well, bool allow_auto, int64_t now_ms);

/* The epoch that a finding belongs to: its own, or the one under way where it names none, or one
 * that we do not know. */
uint64_t ratchet_epoch_of(const struct ratchet *r, uint64_t epoch);

/* A finding: joins the last incident or opens one (true), see incident_add. A rekey is demanded
 * while the epoch that it is about is current, and an older leave to resync ends with a new
 * incident. epoch: as above. */
bool ratchet_incident(struct ratchet *r, enum rule rule, uint64_t epoch, int64_t now_ms);
/* Whether it would open one. */
bool ratchet_opens(const struct ratchet *r, enum rule rule, uint64_t epoch);

/* An accepted snapshot left no leaves to wish for and nothing found: what came up to it is what the
 * device sent. highest: the highest slot that came, whatever our receipts claim. */
void ratchet_clean(struct ratchet *r, uint64_t highest, int64_t now_ms);

/* Floors of a signed refusal: no slot of a device from there on can have been used. */
uint64_t ratchet_floor_up(const struct ratchet *r);
uint64_t ratchet_floor_down(const struct ratchet *r);

/* Past the hard limit of an epoch, by our clock: no application data is taken under it, and a rekey
 * is asked for; the device's own clock may see it otherwise. */
bool ratchet_is_over(const struct epoch_root *r, int64_t now_ms);

/* Slots above this are not taken. */
uint64_t ratchet_ceiling(const struct ratchet *r);

/* True if this id of the device's queue came before; otherwise it is noted. */
bool ratchet_id_seen(struct ratchet *r, uint64_t id);
/* What came under this id turned out to be forged: the device's own may still come. */
void ratchet_id_forget(struct ratchet *r, uint64_t id);

#endif
