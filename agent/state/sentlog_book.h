/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the sent log: what it holds in memory, and how that stands in its file.
 *
 *     HEAD   = u8 1 || u8 lost || u64 ended || u64 hi || receipt || u8 n || n settled
 *              || u8 n || n unknown
 *     LEAVES = u8 2 || ( u64 epoch || u32 gen || u64 first || u8 n || n leaves ) ..
 *     END    = u8 3 || u64 run_first
 *
 * A file begins with HEAD; LEAVES of at most SENTLOG_BATCH leaves follow, so that a tail that is
 * torn or spoilt holds no more than D2 lets a crash take. END, then `ended`: the run that began at
 * run_first ended with all its leaves written. Whatever else changes HEAD writes the file anew.
 *
 * Invariants
 *  1. settled: slots that a receipt is not judged about, because their leaves were pruned, or the
 *     range that they lie in was unknown. They keep their places after a restart; of the lowest
 *     ones the gaps between them are forgotten (ranges.h).
 *  2. Slots rise from generation to generation, and in one they have no gap.
 */
#ifndef AGENT_STATE_SENTLOG_BOOK_H
#define AGENT_STATE_SENTLOG_BOOK_H

#include "state/journal.h"
#include "state/ranges.h"
#include "state/sentlog.h"

struct sentlog_gen {
    uint64_t epoch;
    uint32_t gen;
    uint64_t first;
    unsigned n;
    unsigned logged_n; /* of them on the disk */
    unsigned snd_n;    /* of them in the last snapshot */
    bool     ours;     /* begun by this process, so more may come */
    uint8_t  leaf[PAWL_GEN_MESSAGES][PAWL_LEAF];
    uint8_t  digest[32]; /* of the last snapshot */
};

/* What HEAD says. */
struct sentlog_head {
    bool          lost;        /* a log was, and nobody has acted on it yet */
    uint64_t      ended;       /* run_first of the last run that ended well; 0: none */
    uint64_t      hi;          /* highest slot that ever had a leaf here */
    uint8_t       receipt[32]; /* hash of the last one that pruned; zeros: none has */
    struct ranges settled;
    struct ranges unknown; /* at most PAWL_SND_UNKNOWN_MAX */
};

struct sentlog {
    struct journal      file;
    struct sentlog_head head;
    uint64_t            run_first; /* of this run, if no floor moved it */
    bool                has_head;
    bool                used; /* this run has leaves */
    size_t              gen_n;
    struct sentlog_gen  gen[PAWL_SND_GENS_MAX];
};

/* Reads the file into *l. FORM, SHORT, TRAILING or RANGE if it is not what we write. */
PAWL_MUST_USE pawl_status sentlog_load(int dir, struct sentlog *l, struct pawl_err *err);

/* The leaves that are not on the disk yet. */
PAWL_MUST_USE pawl_status sentlog_append(struct sentlog *l, struct pawl_err *err);
PAWL_MUST_USE pawl_status sentlog_append_end(struct sentlog *l, struct pawl_err *err);

/* The file anew, with this head and without the generations that drop names (NULL: none); then *l
 * is so too. */
PAWL_MUST_USE pawl_status sentlog_rewrite(int dir, struct sentlog *l,
                                          const struct sentlog_head *head, const bool *drop,
                                          struct pawl_err *err);

struct sentlog_gen *sentlog_find(struct sentlog *l, uint64_t epoch, uint32_t gen);

static inline uint64_t sentlog_last(const struct sentlog_gen *g)
{
    return g->first + g->n - 1;
}

#endif
