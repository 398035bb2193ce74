/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log of sent messages as a process leaves it: opened, added to, flushed, crashed; and receipts
 * for it.
 */
#ifndef AGENT_SENTLOG_FIXTURE_H
#define AGENT_SENTLOG_FIXTURE_H

#include "scratch.h"
#include "state/sentlog_book.h"
#include "t.h"

/* cmocka's table of tests, each with an empty directory. */
#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), scratch_empty, NULL, NULL                                                 \
    }

/* Verdicts on a receipt. */
enum { FITS = 1, MISMATCH, AHEAD };

int             open_scratch(void);
struct sentlog *sentlog_opened(int dir, uint64_t before_first, uint64_t before_hi);

/* The process is gone, without a word to the log. */
void sentlog_crash(struct sentlog **l);

/* What a slot held follows from its number. */
void                   sentlog_leaf_of(uint64_t seq, uint8_t ret[PAWL_LEAF]);
void                   sentlog_adds(struct sentlog *l, uint32_t gen, uint64_t from, uint64_t to);
void                   sentlog_flushes(struct sentlog *l);
const struct pawl_snd *sentlog_snd_of(struct sentlog *l);
void sentlog_lists(struct sentlog *l, size_t i, uint32_t gen, uint64_t first, uint64_t last);
void sentlog_unknown_is(struct sentlog *l, size_t n, size_t i, uint64_t lo, uint64_t hi);

struct given_receipt {
    struct pawl_receipt r;
    uint8_t             bitmap[PAWL_RECEIPT_MAX][8], digest[PAWL_RECEIPT_MAX][32];
};

extern struct given_receipt given;

/* One generation more in the receipt: these of 64 slots arrived, with the leaves that we sent. */
void                               receipt_takes(uint32_t gen, uint64_t first, uint64_t bits);
uint64_t                           receipt_bits(unsigned n);
const struct pawl_receipt_verdict *receipt_judged(struct sentlog *l, uint64_t sent_hi,
                                                  uint64_t nolog);
void                               receipt_begin(void);

#endif
