/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was received held against what was attested: rules E1 to E4 and E7. Pure: findings are
 * returned, never acted on.
 */
#ifndef VERIFIER_RATCHET_DETECT_H
#define VERIFIER_RATCHET_DETECT_H

#include "ratchet/incident.h"
#include "ratchet/ratchet.h"

struct finding_slot {
    enum rule rule;
    uint64_t  epoch;
    uint32_t  gen;
    uint64_t  seq; /* 0: not about one slot */
    bool      has_received, has_attested;
    uint8_t   received[PAWL_LEAF]; /* what came .. */
    uint8_t   attested[PAWL_LEAF]; /* .. and what the device attests instead */
};

#define FINDINGS_MAX 64 /* the first ones; more of the same add nothing to the proof */

struct findings {
    size_t              n;
    struct finding_slot at[FINDINGS_MAX];
};

void findings_add(struct findings *f, enum rule rule, uint64_t epoch, uint32_t gen, uint64_t seq);

/* An authentic message of the uplink, before it is noted in g: E1 (the slot holds another leaf), E2
 * (its epoch or generation had ended below this slot), E3 (below the snapshot and not as attested).
 * *ret_new: it was not there before. newer: the generation behind g, or NULL. */
void detect_message(const struct ratchet *r, const struct generation *g,
                    const struct generation *newer, uint64_t seq, const uint8_t leaf[PAWL_LEAF],
                    struct findings *ret, bool *ret_new);

/* One generation of SND against ours: notes what is attested. *ret_want: leaves are needed to say
 * more. */
void detect_attested(const struct ratchet *r, const struct pawl_snd_gen *snd, struct generation *g,
                     struct findings *ret, bool *ret_want);

/* A generation of ours below the snapshot that SND does not list and no known receipt covers: every
 * slot received in it is E3, once, but for unknown and unattested ones. */
void detect_unlisted(const struct ratchet *r, const struct pawl_snd *snd, struct generation *g,
                     struct findings *ret);

/* Leaves from supply. FORGED if they do not have the attested digest: then nothing is noted. */
PAWL_MUST_USE pawl_status detect_leaves(const struct ratchet *r, struct pawl_view leaves,
                                        struct generation *g, struct findings *ret,
                                        struct pawl_err *err);

/* What a message turned out to be. */
enum mark {
    MARK_NEW = 0,    /* no snapshot speaks of it yet, and nobody is accused */
    MARK_TAINTED,    /* it came in a window in which somebody else had the key */
    MARK_GENUINE,    /* its leaf is attested */
    MARK_FORGED,     /* its slot is attested with another leaf, or as never sent */
    MARK_UNATTESTED, /* nobody can tell: unknown range, lost log */
    MARK_COUNT
};

const char *mark_name(enum mark m); /* "genuine"; never NULL */

/* The last accepted snapshot lies above this slot, or was made when the device sent nothing more
 * under its epoch. */
bool detect_speaks_of(const struct ratchet *r, uint64_t epoch, uint64_t seq);

/* Silence about this slot accuses nobody: it lies in an unknown range, where no log survived, or in
 * an epoch that a resync ended. */
bool detect_excuses(const struct ratchet *r, uint64_t epoch, uint64_t seq);

/* The final mark of an authentic message, or MARK_TAINTED while a snapshot or leaves are missing
 * that would tell. g: its generation, NULL if there is no row of it. */
enum mark detect_mark(const struct ratchet *r, const struct generation *g, uint64_t epoch,
                      uint64_t seq, const uint8_t leaf[PAWL_LEAF]);

/* E4: what the device says of our receipt. */
void detect_verdict(const struct pawl_receipt_verdict *v, struct findings *ret);

/* E7: one generation of RCV against what was sent (NULL: nothing was). */
void detect_received(const struct pawl_rcv_gen *rcv, const struct generation *g,
                     struct findings *ret);

#endif
