/* SPDX-License-Identifier: Apache-2.0 */
#include "sentlog_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "power.h"
#include "scratch.h"
#include "state/sentlog.h"
#include "state/sentlog_book.h"
#include "t.h"

int open_scratch(void)
{
    int fd = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

struct sentlog *sentlog_opened(int dir, uint64_t before_first, uint64_t before_hi)
{
    struct sentlog *l = NULL;
    bool            lost = true;
    struct pawl_err err;

    T_OK(sentlog_open(dir, before_first, before_hi, &l, &lost, &err), &err);
    assert_false(lost);
    return l;
}

void sentlog_crash(struct sentlog **l)
{
    journal_close(&(*l)->file);
    free(*l);
    *l = NULL;
}

void sentlog_leaf_of(uint64_t seq, uint8_t ret[PAWL_LEAF])
{
    for (unsigned i = 0; i < PAWL_LEAF; i++)
        ret[i] = (uint8_t)(seq * 7 + (seq >> 8) + i);
}

void sentlog_adds(struct sentlog *l, uint32_t gen, uint64_t from, uint64_t to)
{
    uint8_t         leaf[PAWL_LEAF];
    struct pawl_err err;

    for (uint64_t seq = from; seq <= to; seq++) {
        sentlog_leaf_of(seq, leaf);
        T_OK(sentlog_add(l, 5, gen, seq, leaf, &err), &err);
    }
}

void sentlog_flushes(struct sentlog *l)
{
    struct pawl_err err;

    T_OK(sentlog_flush(l, &err), &err);
}

const struct pawl_snd *sentlog_snd_of(struct sentlog *l)
{
    static struct pawl_snd snd;
    struct pawl_err        err;

    memset(&snd, 0, sizeof(snd));
    T_OK(sentlog_snd(l, &snd, &err), &err);
    return &snd;
}

void sentlog_lists(struct sentlog *l, size_t i, uint32_t gen, uint64_t first, uint64_t last)
{
    const struct pawl_snd *s = sentlog_snd_of(l);
    uint8_t                leaf[PAWL_GEN_MESSAGES][PAWL_LEAF], digest[32];
    struct pawl_err        err;

    assert_true(i < s->gen_n);
    assert_int_equal(s->gens[i].epoch, 5);
    assert_int_equal(s->gens[i].gen, gen);
    assert_int_equal(s->gens[i].first_seq, first);
    assert_int_equal(s->gens[i].last_seq, last);
    assert_int_equal(s->gens[i].count, last - first + 1);
    for (uint64_t seq = first; seq <= last; seq++)
        sentlog_leaf_of(seq, leaf[seq - first]);
    T_OK(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])leaf, last - first + 1, digest, &err),
         &err);
    assert_memory_equal(s->gens[i].digest.p, digest, 32);
}

void sentlog_unknown_is(struct sentlog *l, size_t n, size_t i, uint64_t lo, uint64_t hi)
{
    const struct pawl_snd *s = sentlog_snd_of(l);

    assert_int_equal(s->unknown_n, n);
    if (n) {
        assert_int_equal(s->unknown[i].lo, lo);
        assert_int_equal(s->unknown[i].hi, hi);
    }
}

struct given_receipt given;

void receipt_takes(uint32_t gen, uint64_t first, uint64_t bits)
{
    size_t          i = given.r.gen_n++;
    uint8_t         leaf[PAWL_GEN_MESSAGES][PAWL_LEAF];
    struct pawl_err err;

    for (unsigned k = 0; k < PAWL_GEN_MESSAGES; k++) {
        sentlog_leaf_of(first + k, leaf[k]);
        if (bits >> k & 1 && first + k > given.r.seq_hi)
            given.r.seq_hi = first + k;
    }
    T_OK(pawl_leaves_digest_of((const uint8_t(*)[PAWL_LEAF])leaf, bits, given.digest[i], &err),
         &err);
    given.r.gens[i] = (struct pawl_rcv_gen){
        .epoch = 5,
        .gen = gen,
        .first_seq = first,
        .bitmap = pawl_view(given.bitmap[i], pawl_bits_write(bits, given.bitmap[i])),
        .digest = PAWL_VIEW_OF(given.digest[i]),
    };
}

uint64_t receipt_bits(unsigned n)
{
    return n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

const struct pawl_receipt_verdict *receipt_judged(struct sentlog *l, uint64_t sent_hi,
                                                  uint64_t nolog)
{
    static struct pawl_receipt_verdict v;
    static const uint8_t               hash[32] = { 0x77 };
    struct pawl_err                    err;

    T_OK(sentlog_receipt(l, &given.r, hash, sent_hi, nolog, &v, &err), &err);
    assert_int_equal(v.receipt.n, 32);
    assert_int_equal(v.receipt.p[0], 0x77);
    return &v;
}

void receipt_begin(void)
{
    memset(&given, 0, sizeof(given));
}
