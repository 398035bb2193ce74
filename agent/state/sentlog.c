/* SPDX-License-Identifier: Apache-2.0 */
#include "state/sentlog.h"

#include <stdlib.h>
#include <string.h>

#include "state/file.h"
#include "state/point.h"
#include "state/sentlog_book.h"

/* Generations kept free of application data, for what has to go out around an attest. */
enum { SPARE_GENS = 8 };

/* ---- opening -------------------------------------------------------------------------------- */

/* A log that cannot be understood is set aside; nothing before this start is judged by it. */
static pawl_status start_anew(int dir, struct sentlog *l, bool there, uint64_t before_hi,
                              struct pawl_err *err)
{
    struct sentlog_head head = { .lost = there || before_hi, .hi = before_hi };

    if (there)
        PAWL_TRY(file_set_aside(dir, SENTLOG_FILE, err));
    if (before_hi)
        ranges_add(&head.settled, 1, before_hi);
    l->gen_n = 0;
    return sentlog_rewrite(dir, l, &head, NULL, err);
}

/* D2: what the run that crashed may have sent without a leaf (P-DUR-2). */
static bool find_unknown(const struct sentlog *l, uint64_t before_first, uint64_t before_hi,
                         struct pawl_range *ret)
{
    /* The last is a run that was barred from using a slot (sentlog_add). */
    if (!before_hi || l->head.ended == before_first || l->head.unknown.n == PAWL_SND_UNKNOWN_MAX)
        return false;
    uint64_t lo = (l->head.hi > before_first - 1 ? l->head.hi : before_first - 1) + 1;
    if (lo > before_hi)
        return false;
    uint64_t hi = before_hi - lo < SENTLOG_BATCH ? before_hi : lo + SENTLOG_BATCH - 1;
    *ret = (struct pawl_range){ lo, hi };
    /* Another start without a slot in between. */
    return !ranges_have(&l->head.unknown, lo) && !ranges_have(&l->head.settled, lo);
}

static pawl_status open_log(int dir, uint64_t before_first, uint64_t before_hi, struct sentlog *l,
                            struct pawl_err *err)
{
    struct pawl_range unknown;

    pawl_status s = sentlog_load(dir, l, err);
    bool        there = s.code != PAWL_E_ABSENT;
    if (s.code == PAWL_E_IO || s.code == PAWL_E_MEMORY || s.code == PAWL_E_CRYPTO)
        return s;
    l->run_first = before_hi + 1;
    if (!pawl_is_ok(s))
        return start_anew(dir, l, there, before_hi, err);
    struct sentlog_head head = l->head;
    bool                found = find_unknown(l, before_first, before_hi, &unknown);
    if (found)
        ranges_add(&head.unknown, unknown.lo, unknown.hi);
    if (!found && head.ended != l->run_first)
        return pawl_ok();
    if (head.ended == l->run_first) /* the log was closed, and the run goes on all the same */
        head.ended = 0;
    return sentlog_rewrite(dir, l, &head, NULL, err);
}

pawl_status sentlog_open(int dir, uint64_t before_first, uint64_t before_hi, struct sentlog **ret,
                         bool *ret_lost, struct pawl_err *err)
{
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = calloc(1, sizeof(*l));

    if (!l)
        return pawl_fail(err, PAWL_E_MEMORY, SENTLOG_FILE, "out of memory");
    l->file.fd = -1;
    PAWL_TRY(open_log(dir, before_first, before_hi, l, err));
    point("sentlog.opened");
    *ret_lost = l->head.lost;
    *ret = l;
    l = NULL;
    return pawl_ok();
}

void sentlog_close(struct sentlog **l)
{
    struct pawl_err ignored;

    if (!*l)
        return;
    /* Whoever reads the log next then knows that nothing is missing; without it a few slots are
     * unknown. */
    if ((*l)->used && pawl_is_ok(sentlog_append(*l, &ignored)))
        (void)!pawl_is_ok(sentlog_append_end(*l, &ignored));
    journal_close(&(*l)->file);
    free(*l);
    *l = NULL;
}

/* ---- leaves --------------------------------------------------------------------------------- */

static struct sentlog_gen *under_way(struct sentlog *l)
{
    struct sentlog_gen *g = l->gen_n ? &l->gen[l->gen_n - 1] : NULL;

    return g && g->ours && g->n < PAWL_GEN_MESSAGES ? g : NULL;
}

static unsigned waiting(const struct sentlog *l)
{
    unsigned n = 0;

    for (size_t i = l->gen_n; i > 0 && l->gen[i - 1].logged_n < l->gen[i - 1].n; i--)
        n += l->gen[i - 1].n - l->gen[i - 1].logged_n;
    return n;
}

static pawl_status begin_gen(struct sentlog *l, uint64_t epoch, uint32_t gen, uint64_t seq,
                             struct sentlog_gen **ret, struct pawl_err *err)
{
    if (sentlog_find(l, epoch, gen))
        return pawl_fail(err, PAWL_E_BUG, "sentlog.gen", "it had ended");
    if (l->gen_n == PAWL_SND_GENS_MAX)
        return pawl_fail(err, PAWL_E_FULL, "sentlog", "%d generations wait for a receipt",
                         PAWL_SND_GENS_MAX);
    *ret = &l->gen[l->gen_n++];
    **ret = (struct sentlog_gen){ .epoch = epoch, .gen = gen, .first = seq, .ours = true };
    return pawl_ok();
}

pawl_status sentlog_add(struct sentlog *l, uint64_t epoch, uint32_t gen, uint64_t seq,
                        const uint8_t leaf[PAWL_LEAF], struct pawl_err *err)
{
    struct sentlog_gen *g = under_way(l);

    if (l->head.unknown.n == PAWL_SND_UNKNOWN_MAX)
        return pawl_fail(err, PAWL_E_FULL, "sentlog", "%d unknown ranges wait for an attest",
                         PAWL_SND_UNKNOWN_MAX);
    if (seq <= l->head.hi || seq == UINT64_MAX)
        return pawl_fail(err, PAWL_E_BUG, "sentlog.seq", "slots have to rise");
    if (!g || g->epoch != epoch || g->gen != gen)
        PAWL_TRY(begin_gen(l, epoch, gen, seq, &g, err));
    else if (seq != sentlog_last(g) + 1)
        return pawl_fail(err, PAWL_E_BUG, "sentlog.seq", "a gap inside a generation");
    memcpy(g->leaf[g->n++], leaf, PAWL_LEAF);
    l->head.hi = seq;
    l->used = true;
    return waiting(l) >= SENTLOG_BATCH ? sentlog_flush(l, err) : pawl_ok();
}

pawl_status sentlog_flush(struct sentlog *l, struct pawl_err *err)
{
    if (!waiting(l))
        return pawl_ok();
    PAWL_TRY(sentlog_append(l, err));
    point("sentlog.flushed");
    return pawl_ok();
}

bool sentlog_is_full(const struct sentlog *l)
{
    return l->gen_n >= PAWL_SND_GENS_MAX - SPARE_GENS || l->head.unknown.n == PAWL_SND_UNKNOWN_MAX;
}

/* ---- what is attested ----------------------------------------------------------------------- */

pawl_status sentlog_snd(struct sentlog *l, struct pawl_snd *ret, struct pawl_err *err)
{
    PAWL_TRY(sentlog_flush(l, err)); /* what is attested can be supplied after a crash */
    for (size_t i = 0; i < l->gen_n; i++) {
        struct sentlog_gen *g = &l->gen[i];
        if (g->snd_n != g->n)
            PAWL_TRY(
                pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])g->leaf, g->n, g->digest, err));
        g->snd_n = g->n;
    }
    ret->gen_n = l->gen_n;
    for (size_t i = 0; i < l->gen_n; i++) {
        const struct sentlog_gen *g = &l->gen[i];
        ret->gens[i] = (struct pawl_snd_gen){ .epoch = g->epoch,
                                              .gen = g->gen,
                                              .first_seq = g->first,
                                              .last_seq = sentlog_last(g),
                                              .count = g->n,
                                              .digest = PAWL_VIEW_OF(g->digest) };
    }
    ret->unknown_n = l->head.unknown.n;
    memcpy(ret->unknown, l->head.unknown.at, ret->unknown_n * sizeof(*ret->unknown));
    return pawl_ok();
}

pawl_status sentlog_leaves(struct sentlog *l, uint64_t epoch, uint32_t gen, struct pawl_view *ret,
                           struct pawl_err *err)
{
    const struct sentlog_gen *g = sentlog_find(l, epoch, gen);

    if (!g)
        return pawl_fail(err, PAWL_E_ABSENT, "generation", "it is not in the sent log");
    *ret = pawl_view(g->leaf, (size_t)g->n * PAWL_LEAF);
    return pawl_ok();
}

pawl_status sentlog_known(struct sentlog *l, const struct pawl_snd *snd, struct pawl_err *err)
{
    struct sentlog_head head = l->head;
    size_t              kept = 0;

    for (size_t i = 0; i < l->head.unknown.n; i++) {
        struct pawl_range at = l->head.unknown.at[i];
        bool              told = false;
        for (size_t k = 0; k < snd->unknown_n; k++)
            told = told || (snd->unknown[k].lo == at.lo && snd->unknown[k].hi == at.hi);
        if (told)
            ranges_add(&head.settled, at.lo, at.hi);
        else
            head.unknown.at[kept++] = at;
    }
    if (kept == l->head.unknown.n)
        return pawl_ok();
    head.unknown.n = kept;
    PAWL_TRY(sentlog_rewrite(l->file.dir, l, &head, NULL, err));
    point("sentlog.known");
    return pawl_ok();
}

pawl_status sentlog_forget(struct sentlog *l, uint64_t nolog, struct pawl_err *err)
{
    struct sentlog_head head = { .ended = l->head.ended,
                                 .hi = nolog > l->head.hi ? nolog : l->head.hi };
    bool                all[PAWL_SND_GENS_MAX];

    if (head.hi)
        ranges_add(&head.settled, 1, head.hi);
    memset(all, true, sizeof(all));
    PAWL_TRY(sentlog_rewrite(l->file.dir, l, &head, all, err));
    point("sentlog.forgotten");
    return pawl_ok();
}
