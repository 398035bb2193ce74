/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the received log's file: more generations than can be attested, slots outside their
 * generation or the window, and a log that reads back as another one.
 */

#include "state/rcvlog_book.h"
#include "state_file.h"

static struct pawl_rcv rcv, again;

static struct rcvlog *open_log(void)
{
    struct rcvlog  *l = NULL;
    bool            lost;
    struct pawl_err err;

    FUZZ_HOLDS(pawl_is_ok(rcvlog_open(state_dir, &l, &lost, &err)));
    return l;
}

static void check(struct rcvlog *l, struct pawl_rcv *ret)
{
    uint8_t         bitmap[PAWL_ACK_BITMAP_MAX];
    uint64_t        hi, first;
    size_t          n = 0;
    struct pawl_err err;

    FUZZ_HOLDS(pawl_is_ok(rcvlog_rcv(l, ret, &err)));
    FUZZ_HOLDS(ret->gen_n <= PAWL_RCV_GENS_MAX && ret->seq_hi == rcvlog_seq_hi(l));
    for (size_t i = 0; i < ret->gen_n; i++)
        FUZZ_HOLDS(ret->gens[i].first_seq && ret->gens[i].bitmap.n <= 8);
    rcvlog_ack(l, &hi, &first, bitmap, &n);
    FUZZ_HOLDS(hi == ret->seq_hi && n <= sizeof(bitmap) && (!hi || (first && first <= hi)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct rcvlog_slot slot = { .epoch = UINT64_MAX, .gen = 7, .has_id = true, .id = 9 };
    struct pawl_err    err;

    state_put_input(RCVLOG_FILE, RCVLOG_BODY_MAX, p, n);
    struct rcvlog *l = open_log();
    check(l, &rcv);
    slot.seq = slot.gen_start_seq = rcv.seq_hi + 1;
    pawl_status s = rcvlog_add(l, &slot, 1, &err);
    FUZZ_HOLDS(!pawl_is_ok(s) || (rcvlog_has(l, slot.seq) && rcvlog_has_id(l, 9)));
    check(l, &rcv);
    rcvlog_close(&l);

    l = open_log();
    check(l, &again);
    FUZZ_HOLDS(again.gen_n == rcv.gen_n && again.seq_hi == rcv.seq_hi);
    for (size_t i = 0; i < rcv.gen_n; i++)
        FUZZ_HOLDS(again.gens[i].first_seq == rcv.gens[i].first_seq);
    FUZZ_HOLDS(pawl_is_ok(rcvlog_answered(l, again.seq_hi, &err)));
    check(l, &again);
    FUZZ_HOLDS(again.gen_n == 0);
    rcvlog_close(&l);
    return 0;
}
