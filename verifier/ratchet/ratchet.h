/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One device's ratchet on the verifier's side: roots, positions, what was received and attested. A
 * value; pure functions make the next one from it (plan.h, detect.h), row.h turns it into the bytes
 * that the store keeps.
 *
 * Invariants
 *  1. current is the newest root that the device is known to hold; pending is granted and not yet
 *     seen in use. The device's newest root is one of them, whatever was lost on the way.
 *  2. The verifier sends nothing under pending.
 *  3. A discarded pending root leaves its epoch and kid behind (tombstone): who shows it later
 * holds a copy.
 */
#ifndef VERIFIER_RATCHET_H
#define VERIFIER_RATCHET_H

#include <pawl/ratchet.h>

#include "ratchet/incident.h"

struct epoch_root {
    bool               present;
    uint64_t           epoch;
    uint8_t            kid[PAWL_KID];
    uint16_t           suite;
    uint8_t            verifier_id[PAWL_VERIFIER_ID];
    uint64_t           attempt; /* of the A1 that made it */
    int64_t            made_ms;
    bool               resync;  /* by resync or re-enrolment: its promotion spends the leave .. */
    bool               by_auto; /* .. and this one was nobody's but the rule's */
    struct pawl_secret root;    /* while pending: what these hang on; n == 0: it is gone */
    struct pawl_secret rk, k_auth, exporter;
    struct pawl_chain  up;              /* next generation to open */
    struct pawl_chain  down;            /* next generation to open for sending */
    uint64_t           epoch_start_seq; /* told by its first authentic message; 0: none came */
    uint64_t           slots;           /* received under it */
};

struct tombstone {
    uint64_t epoch;
    uint8_t  kid[PAWL_KID];
};

#define RATCHET_RECEIPTS 4 /* hashes of the last ones sent */
#define RATCHET_QUEUES   4 /* incarnations of the device's queue that are remembered */
#define RATCHET_IDS      1024

struct queue_seen { /* which ids of one incarnation (id >> 32) came already */
    uint32_t incarnation;
    uint32_t hi;                     /* highest count seen */
    uint8_t  below[RATCHET_IDS / 8]; /* bit i: hi - 1 - i came */
};

struct ratchet {
    struct epoch_root current, pending;
    struct epoch_root
            old; /* tripwire of the epoch before: only epoch, kid, suite, verifier_id, up */
    int64_t promoted_ms;

    size_t           tombstone_n; /* newest first */
    struct tombstone tombstone[PAWL_TOMBSTONES_MAX];
    size_t           boot_id_n; /* the present one first */
    uint8_t          boot_id[PAWL_BOOT_IDS_MAX][PAWL_BOOT_ID];
    uint8_t          last_th1[32]; /* of the last accepted request .. */
    uint64_t         last_base_epoch;
    uint8_t          last_base_kid[PAWL_KID];
    int64_t          accepted_ms; /* .. and when: what a restored store waits for */

    /* uplink */
    uint64_t          attested_hi;   /* seq_hi of the newest accepted snapshot */
    uint64_t          received_hi;   /* highest slot received */
    uint64_t          unattested_hi; /* slots up to here are not judged: no log survived */
    size_t            unknown_n;
    struct pawl_range unknown[PAWL_SND_UNKNOWN_MAX * 2];
    size_t            receipt_n; /* newest first */
    uint8_t           receipt[RATCHET_RECEIPTS][32];
    size_t            queue_n; /* newest first */
    struct queue_seen queue[RATCHET_QUEUES];

    /* downlink */
    uint64_t        down_next;                        /* next slot */
    uint64_t        down_attested;                    /* seq_hi of the last accepted RCV */
    uint64_t        down_gen_start, down_epoch_start; /* of the generation, epoch under way; 0 */
    struct pawl_use down_use;                         /* generation under way; uk.n == 0: none */
    unsigned        down_gen_sent;
    int64_t         down_gen_ms; /* when it was opened */

    int64_t         resync_auto_ms; /* promotion of the last resync that nobody approved; 0 */
    bool            may_resync;     /* an operator's leave */
    bool            rekey_demanded;
    struct incident incident; /* the last one */
    uint64_t        clean_hi; /* all slots up to here were held against a snapshot, and agreed */
    int64_t         clean_ms; /* when that was said */

    struct pawl_secret hedge; /* imported key of suite bit 8; n == 0: there is none */
};

void ratchet_wipe(struct ratchet *r);

/* 64 consecutive slots: one generation of one direction. */
struct generation {
    enum pawl_dir dir;
    uint64_t      epoch;
    uint32_t      gen;
    uint64_t      first_seq; /* gen_start_seq; 0: not known yet */
    uint64_t      have;      /* bit i: slot first_seq + i was received (up), sent (down) */
    uint64_t      known;     /* up: bit i: its leaf is attested, whether it came or not */
    uint64_t      named; /* up: bit i: what came in it was found to be forged, and that was told */
    uint8_t       leaf[PAWL_GEN_MESSAGES][PAWL_LEAF];
    bool          attested;   /* up: listed by an accepted snapshot .. */
    uint64_t      last_seq;   /* .. as [first_seq, last_seq] .. */
    uint8_t       digest[32]; /* .. with this digest */
    bool          clean;      /* and all leaves of it are known and agree */
    int64_t       seen_ms;    /* last change */
    struct pawl_use use;      /* up: uk.n == 0 when no further message is taken under it */
};

void generation_wipe(struct generation *g);

#endif
