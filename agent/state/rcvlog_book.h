/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the received log: what it holds in memory, and how that stands in its file.
 *
 *     HEAD     = u8 1 || u8 lost || u64 floor || u64 hi || window(512) || u16 n || n ids
 *                || u8 n || n ( u64 epoch || u32 gen || u64 first || u64 bits || leaves )
 *     SLOTS    = u8 2 || ( u64 epoch || u32 gen || u64 first || u64 seq || leaf || u8 has_id
 *                || u64 id ) ..
 *     ANSWERED = u8 3 || ( u64 epoch || u32 gen || u64 bits ) ..
 *
 * A file begins with HEAD; the others change what it says.
 */
#ifndef AGENT_STATE_RCVLOG_BOOK_H
#define AGENT_STATE_RCVLOG_BOOK_H

#include "state/rcvlog.h"

/* An id can come again in another slot as long as its acknowledgement may be under way: that is
 * less than the slots of the window. */
#define RCVLOG_IDS PAWL_SLOT_WINDOW

struct rcvlog_gen {
    uint64_t epoch;
    uint32_t gen;
    uint64_t first, bits;
    uint64_t snap; /* bits of the last snapshot */
    uint8_t  leaf[PAWL_GEN_MESSAGES][PAWL_LEAF];
    uint8_t  bitmap[PAWL_GEN_MESSAGES / 8], digest[32]; /* of the last snapshot */
};

struct rcvlog_book {
    bool              lost;  /* a log was, and nobody has acted on it yet */
    uint64_t          floor; /* nothing below it is new */
    uint64_t          hi;
    uint64_t          window[PAWL_SLOT_WINDOW / 64]; /* slot s: bit s % PAWL_SLOT_WINDOW */
    uint64_t          id_all;                        /* how many there were .. */
    uint64_t          id[RCVLOG_IDS]; /* .. the last of them, k-th at k % RCVLOG_IDS */
    size_t            gen_n;
    struct rcvlog_gen gen[PAWL_RCV_GENS_MAX]; /* in order of first */
};

enum { RCVLOG_HEAD = 1, RCVLOG_SLOTS, RCVLOG_ANSWERED };

#define RCVLOG_BODY_MAX                                                                            \
    (2 + 8 + 8 + PAWL_SLOT_WINDOW / 8 + 2 + 8 * RCVLOG_IDS + 1 +                                   \
     PAWL_RCV_GENS_MAX * (8 + 4 + 8 + 8 + PAWL_GEN_MESSAGES * PAWL_LEAF))

bool rcvlog_book_has(const struct rcvlog_book *b, uint64_t seq);
/* The slot is one of the window and was taken. */
bool rcvlog_book_took(const struct rcvlog_book *b, uint64_t seq);
bool rcvlog_book_has_gen(const struct rcvlog_book *b, uint64_t epoch, uint32_t gen);
bool rcvlog_book_has_id(const struct rcvlog_book *b, uint64_t id);

/* On failure *b is good for nothing. */
PAWL_MUST_USE pawl_status rcvlog_book_take(struct rcvlog_book *b, const struct rcvlog_slot *s,
                                           struct pawl_err *err);
/* These slots of the generation need not be attested again. */
void rcvlog_book_settle(struct rcvlog_book *b, uint64_t epoch, uint32_t gen, uint64_t bits);

/* One frame, as it was written: changes *b. */
PAWL_MUST_USE pawl_status rcvlog_book_read(struct rcvlog_book *b, bool *has_head,
                                           struct pawl_view body, struct pawl_err *err);
void                      rcvlog_book_write(const struct rcvlog_book *b, struct pawl_wr *w);
void rcvlog_slots_write(const struct rcvlog_slot *slot, size_t n, struct pawl_wr *w);

#endif
