/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the sent log's file: more generations or ranges than can be attested, slots that do not
 * rise, a log that goes on from it and reads back as another one.
 */

#include "state/sentlog_book.h"
#include "state_file.h"

enum { BODY_MAX = 2048, BEFORE_FIRST = 1000, BEFORE_HI = 1255 };

static struct pawl_snd snd, again;

static struct sentlog *open_log(bool *ret_lost)
{
    struct sentlog *l = NULL;
    struct pawl_err err;

    FUZZ_HOLDS(pawl_is_ok(sentlog_open(state_dir, BEFORE_FIRST, BEFORE_HI, &l, ret_lost, &err)));
    return l;
}

static void check(struct sentlog *l, struct pawl_snd *ret)
{
    struct pawl_err err;
    uint64_t        last = 0;

    FUZZ_HOLDS(pawl_is_ok(sentlog_snd(l, ret, &err)));
    FUZZ_HOLDS(ret->gen_n <= PAWL_SND_GENS_MAX && ret->unknown_n <= PAWL_SND_UNKNOWN_MAX);
    for (size_t i = 0; i < ret->gen_n; i++) {
        const struct pawl_snd_gen *g = &ret->gens[i];
        FUZZ_HOLDS(g->first_seq > last && g->last_seq >= g->first_seq);
        FUZZ_HOLDS(g->count == g->last_seq - g->first_seq + 1 && g->count <= PAWL_GEN_MESSAGES);
        last = g->last_seq;
    }
    for (size_t i = 0; i < ret->unknown_n; i++)
        FUZZ_HOLDS(ret->unknown[i].lo <= ret->unknown[i].hi);
}

/* Everything in it arrived: a receipt for it fits. */
static void receipt(struct sentlog *l, const struct pawl_snd *s)
{
    static uint8_t              bitmap[PAWL_SND_GENS_MAX][8];
    static struct pawl_receipt  r;
    struct pawl_receipt_verdict v;
    const uint8_t               hash[32] = { 0 };
    struct pawl_err             err;

    r.gen_n = s->gen_n;
    r.seq_hi = s->gen_n ? s->gens[s->gen_n - 1].last_seq : 0;
    for (size_t i = 0; i < s->gen_n; i++) {
        uint64_t bits = UINT64_MAX >> (PAWL_GEN_MESSAGES - s->gens[i].count);
        r.gens[i] = (struct pawl_rcv_gen){
            .epoch = s->gens[i].epoch,
            .gen = s->gens[i].gen,
            .first_seq = s->gens[i].first_seq,
            .bitmap = pawl_view(bitmap[i], pawl_bits_write(bits, bitmap[i])),
            .digest = s->gens[i].digest,
        };
    }
    FUZZ_HOLDS(pawl_is_ok(sentlog_receipt(l, &r, hash, r.seq_hi, 0, &v, &err)));
    FUZZ_HOLDS(v.verdict == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const uint8_t   leaf[PAWL_LEAF] = { 0 };
    bool            lost;
    struct pawl_err err;

    state_put_input(SENTLOG_FILE, BODY_MAX, p, n);
    struct sentlog *l = open_log(&lost);
    check(l, &snd);
    uint64_t    next = snd.gen_n ? snd.gens[snd.gen_n - 1].last_seq + 1 : 1;
    pawl_status s = sentlog_add(l, UINT64_MAX - 1, 7, next, leaf, &err);
    FUZZ_HOLDS(pawl_is_ok(s) || s.code == PAWL_E_FULL || s.code == PAWL_E_BUG);
    check(l, &snd);
    sentlog_close(&l);

    l = open_log(&lost);
    check(l, &again);
    FUZZ_HOLDS(again.gen_n == snd.gen_n);
    for (size_t i = 0; i < snd.gen_n; i++)
        FUZZ_HOLDS(again.gens[i].first_seq == snd.gens[i].first_seq &&
                   again.gens[i].count == snd.gens[i].count);
    receipt(l, &again);
    FUZZ_HOLDS(pawl_is_ok(sentlog_known(l, &again, &err)));
    check(l, &again);
    FUZZ_HOLDS(again.gen_n == 0 && again.unknown_n == 0);
    sentlog_close(&l);
    return 0;
}
