/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations: the chain that turns one way within an epoch, and the key of each of its links.
 *
 *     GK_{g+1} = X(GK_g, "next", "", 32)
 *     UK_g     = X(GK_g, "use", u8 dir || u64 epoch || u32 g, 32)      then GK_g is erased
 *
 * Spec: docs/protocol.md, section "Key schedule". Not here: when a generation ends, and which of
 * them a receiver still holds (the programs).
 */

#include <inttypes.h>
#include <string.h>

#include <pawl/ratchet.h>

enum { KEY = 32 };

static const struct pawl_view NO_CONTEXT = { NULL, 0 };

void pawl_chain_wipe(struct pawl_chain *c)
{
    pawl_wipe(c, sizeof(*c));
}

void pawl_use_wipe(struct pawl_use *u)
{
    pawl_wipe(u, sizeof(*u));
}

/* P-KS-8: one link on. The last number of a generation is never opened: nothing could follow it. */
static pawl_status turn(struct pawl_chain *c, struct pawl_err *err)
{
    if (c->gen == UINT32_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "generation", "the epoch has no more of them");
    /* GK_{g+1} = X(GK_g, "next", "", 32), over GK_g */
    PAWL_TRY(pawl_expand_label(&c->gk, "next", NO_CONTEXT, KEY, &c->gk, err));
    c->gen++;
    return pawl_ok();
}

/* P-KS-7 */
static pawl_status use_key(const struct pawl_chain *c, struct pawl_secret *ret,
                           struct pawl_err *err)
{
    uint8_t          buf[1 + 8 + 4];
    struct pawl_wr   w = pawl_wr_to(buf, sizeof(buf));
    struct pawl_view place;

    /* u8 dir || u64 epoch || u32 g */
    pawl_wr_u8(&w, (uint8_t)c->dir);
    pawl_wr_u64(&w, c->epoch);
    pawl_wr_u32(&w, c->gen);
    PAWL_TRY(pawl_wr_end(&w, "generation", &place, err));
    /* UK_g = X(GK_g, "use", .., 32) */
    return pawl_expand_label(&c->gk, "use", place, KEY, ret, err);
}

pawl_status pawl_chain_open(struct pawl_chain *c, uint16_t suite, const uint8_t kid[PAWL_KID],
                            struct pawl_use *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_chain_wipe) struct pawl_chain next = *c;
    PAWL_CLEANUP(pawl_use_wipe)
    struct pawl_use u = { .dir = c->dir, .epoch = c->epoch, .gen = c->gen, .suite = suite };

    memcpy(u.kid, kid, PAWL_KID);
    PAWL_TRY(turn(&next, err));
    PAWL_TRY(use_key(c, &u.uk, err));
    PAWL_TRY(pawl_use_ready(&u, err));
    *ret = u;
    *c = next;
    return pawl_ok();
}

/* P-KS-8 */
pawl_status pawl_chain_skip(struct pawl_chain *c, uint32_t gen, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_chain_wipe) struct pawl_chain next = *c;

    if (gen < c->gen)
        return pawl_fail(err, PAWL_E_RANGE, "generation",
                         "%" PRIu32 " is behind: the next is %" PRIu32, gen, c->gen);
    if (gen - c->gen > PAWL_GEN_SKIP_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "generation",
                         "%" PRIu32 " is %" PRIu32 " ahead, at most %d are skipped", gen,
                         gen - c->gen, PAWL_GEN_SKIP_MAX);
    while (next.gen < gen)
        PAWL_TRY(turn(&next, err));
    *c = next;
    return pawl_ok();
}

pawl_status pawl_use_ready(struct pawl_use *u, struct pawl_err *err)
{
    if (u->uk.n != KEY)
        return pawl_fail(err, PAWL_E_RANGE, "generation.UK", "has %zu bytes, not %d", u->uk.n, KEY);
    /* HKDF-Extract(empty, UK_g): what every message of the generation begins with */
    return pawl_hkdf_extract(NO_CONTEXT, &u->uk, &u->prk, err);
}
