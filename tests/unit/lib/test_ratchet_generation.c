/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the keys of generations agree with an independent program in both directions; a chain
 * turns one way, at most so far at once, and not at all when the call fails. */
#include <string.h>

#include <pawl/ratchet.h>

#include "crypto_vector.h"

static const uint8_t kid[PAWL_KID] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static struct pawl_view vector(const char *name)
{
    return crypto_vector("ratchet/schedule.txt", name);
}

static const char *const words[] = { [PAWL_UP] = "up", [PAWL_DOWN] = "down" };

static struct pawl_view link_of(enum pawl_dir dir, unsigned gen, const char *key)
{
    char name[64];

    snprintf(name, sizeof(name), "plain.%s.%u.%s", words[dir], gen, key);
    return vector(name);
}

static bool holds(const struct pawl_secret *s, struct pawl_view want)
{
    return pawl_view_equal(pawl_secret_view(s), want);
}

/* The chain of the vectors at its beginning: epoch 8. */
static struct pawl_chain chain_of(enum pawl_dir dir)
{
    return (
        struct pawl_chain){ .dir = dir, .epoch = 8, .gk = crypto_secret(link_of(dir, 0, "gk")) };
}

static void opens_and_agrees(struct pawl_chain *c, unsigned gen)
{
    struct pawl_use u;
    struct pawl_err err;

    assert_int_equal(c->gen, gen);
    assert_true(holds(&c->gk, link_of(c->dir, gen, "gk")));
    T_OK(pawl_chain_open(c, PAWL_SUITE_GCM, kid, &u, &err), &err);
    assert_true(holds(&u.uk, link_of(c->dir, gen, "uk")));
    assert_true(holds(&u.prk, link_of(c->dir, gen, "prk")));
    assert_true(u.dir == c->dir && u.epoch == 8 && u.gen == gen && u.suite == PAWL_SUITE_GCM);
    assert_memory_equal(u.kid, kid, PAWL_KID);
    assert_true(c->gen == gen + 1 && c->epoch == 8);
}

static void generations_agree_with_the_page(void **state) /* P-KS-7 */
{
    (void)state;
    for (int dir = PAWL_UP; dir <= PAWL_DOWN; dir++) {
        struct pawl_chain c = chain_of((enum pawl_dir)dir);
        struct pawl_err   err;

        for (unsigned gen = 0; gen < 4; gen++)
            opens_and_agrees(&c, gen);
        T_OK(pawl_chain_skip(&c, 64, &err), &err);
        opens_and_agrees(&c, 64);
        T_OK(pawl_chain_skip(&c, 320, &err), &err);
        opens_and_agrees(&c, 320);
    }
}

static void every_byte_of_the_place_counts(void **state) /* P-KS-7 */
{
    (void)state;
    const struct pawl_chain far = { .dir = PAWL_DOWN,
                                    .epoch = 0x0102030405060708,
                                    .gen = 0x090a0b0c,
                                    .gk = crypto_secret(crypto_count(32, 0xc0)) };
    struct pawl_use         good, u;
    struct pawl_err         err;
    struct pawl_chain       c = far;

    T_OK(pawl_chain_open(&c, PAWL_SUITE_CCM, kid, &good, &err), &err);
    assert_true(holds(&good.uk, vector("far.uk")));
    assert_true(holds(&good.prk, vector("far.prk")));
    for (unsigned bit = 0; bit < 64; bit++) {
        c = far;
        c.epoch ^= UINT64_C(1) << bit;
        T_OK(pawl_chain_open(&c, PAWL_SUITE_CCM, kid, &u, &err), &err);
        assert_false(pawl_secret_equal(&u.uk, &good.uk));
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        c = far;
        c.gen ^= UINT32_C(1) << bit;
        T_OK(pawl_chain_open(&c, PAWL_SUITE_CCM, kid, &u, &err), &err);
        assert_false(pawl_secret_equal(&u.uk, &good.uk));
    }
    c = far;
    c.dir = PAWL_UP;
    T_OK(pawl_chain_open(&c, PAWL_SUITE_CCM, kid, &u, &err), &err);
    assert_false(pawl_secret_equal(&u.uk, &good.uk));
}

static bool found(const void *where, size_t n, struct pawl_view what)
{
    return memmem(where, n, what.p, what.n) != NULL;
}

static void an_opened_generation_leaves_no_key_in_the_chain(void **state) /* P-KS-7 */
{
    (void)state;
    struct pawl_chain c = chain_of(PAWL_UP);
    struct pawl_use   u;
    struct pawl_err   err;

    T_OK(pawl_chain_open(&c, PAWL_SUITE_CCM, kid, &u, &err), &err);
    assert_false(found(&c, sizeof(c), link_of(PAWL_UP, 0, "gk")));
    assert_false(found(&c, sizeof(c), link_of(PAWL_UP, 0, "uk")));
    assert_false(found(&u, sizeof(u), link_of(PAWL_UP, 0, "gk")));
    assert_false(found(&u, sizeof(u), link_of(PAWL_UP, 1, "gk")));
}

static void a_skip_ends_where_it_was_told(void **state) /* P-KS-8 */
{
    (void)state;
    struct pawl_chain c = chain_of(PAWL_DOWN), same = c;
    struct pawl_err   err;

    T_OK(pawl_chain_skip(&c, 0, &err), &err);
    assert_memory_equal(&c, &same, sizeof(c));
    T_OK(pawl_chain_skip(&c, 1, &err), &err);
    assert_true(c.gen == 1 && holds(&c.gk, link_of(PAWL_DOWN, 1, "gk")));
    c = same;
    T_OK(pawl_chain_skip(&c, PAWL_GEN_SKIP_MAX, &err), &err);
    assert_true(c.gen == 320 && holds(&c.gk, link_of(PAWL_DOWN, 320, "gk")));
}

static void must_not_skip(struct pawl_chain *c, uint32_t gen)
{
    const struct pawl_chain same = *c;
    struct pawl_err         err;

    T_FAILS(pawl_chain_skip(c, gen, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "generation");
    assert_memory_equal(c, &same, sizeof(same));
}

static void a_skip_goes_neither_back_nor_too_far(void **state) /* P-KS-8 */
{
    (void)state;
    struct pawl_chain c = chain_of(PAWL_UP);

    must_not_skip(&c, PAWL_GEN_SKIP_MAX + 1);
    must_not_skip(&c, UINT32_MAX);
    c.gen = 5;
    must_not_skip(&c, 4);
    must_not_skip(&c, 0);
    must_not_skip(&c, 5 + PAWL_GEN_SKIP_MAX + 1);
    c.gen = UINT32_MAX; /* no sum of ours wraps around */
    must_not_skip(&c, 0);
    must_not_skip(&c, UINT32_MAX - 1);
}

static void the_last_number_is_never_opened(void **state) /* P-KS-8 */
{
    (void)state;
    struct pawl_chain c = chain_of(PAWL_UP), same;
    struct pawl_use   u;
    struct pawl_err   err;

    c.gen = UINT32_MAX - 1;
    T_OK(pawl_chain_open(&c, PAWL_SUITE_CCM, kid, &u, &err), &err);
    assert_true(u.gen == UINT32_MAX - 1 && c.gen == UINT32_MAX);
    same = c;
    t_poison(&u, sizeof(u));
    T_FAILS(pawl_chain_open(&c, PAWL_SUITE_CCM, kid, &u, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "generation");
    t_still_poisoned(&u, sizeof(u));
    assert_memory_equal(&c, &same, sizeof(c));
}

static void a_chain_without_its_key_opens_nothing(void **state)
{
    (void)state;
    struct pawl_chain c = { .epoch = 8 }, same = c;
    struct pawl_use   u;
    struct pawl_err   err;

    t_poison(&u, sizeof(u));
    T_FAILS(pawl_chain_open(&c, PAWL_SUITE_CCM, kid, &u, &err), &err, PAWL_E_RANGE);
    t_still_poisoned(&u, sizeof(u));
    assert_memory_equal(&c, &same, sizeof(c));
    T_FAILS(pawl_chain_skip(&c, 1, &err), &err, PAWL_E_RANGE);
    assert_memory_equal(&c, &same, sizeof(c));
}

static void a_key_from_rest_becomes_ready(void **state)
{
    (void)state;
    struct pawl_use u = { .dir = PAWL_UP, .epoch = 8, .gen = 3, .suite = PAWL_SUITE_CCM }, same;
    struct pawl_err err;

    u.uk = crypto_secret(link_of(PAWL_UP, 3, "uk"));
    same = u;
    T_OK(pawl_use_ready(&u, &err), &err);
    assert_true(holds(&u.prk, link_of(PAWL_UP, 3, "prk")));
    same.prk = u.prk;
    assert_memory_equal(&u, &same, sizeof(u));

    static const size_t lengths[] = { 0, 31, 33 };
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        u.uk.n = lengths[i];
        same = u;
        T_FAILS(pawl_use_ready(&u, &err), &err, PAWL_E_RANGE);
        T_WHERE(&err, "generation.UK");
        assert_memory_equal(&u, &same, sizeof(u));
    }
}

static void wiped_keys_hold_nothing(void **state)
{
    (void)state;
    static const struct pawl_chain no_chain;
    static const struct pawl_use   no_use;
    struct pawl_chain              c = chain_of(PAWL_UP);
    struct pawl_use                u;
    struct pawl_err                err;

    T_OK(pawl_chain_open(&c, PAWL_SUITE_CCM, kid, &u, &err), &err);
    pawl_chain_wipe(&c);
    pawl_use_wipe(&u);
    assert_memory_equal(&c, &no_chain, sizeof(c));
    assert_memory_equal(&u, &no_use, sizeof(u));
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("generations agree with the page", generations_agree_with_the_page),
        T_CASE("every byte of the place counts", every_byte_of_the_place_counts),
        T_CASE("an opened generation leaves no key in the chain",
               an_opened_generation_leaves_no_key_in_the_chain),
        T_CASE("a skip ends where it was told", a_skip_ends_where_it_was_told),
        T_CASE("a skip goes neither back nor too far", a_skip_goes_neither_back_nor_too_far),
        T_CASE("the last number is never opened", the_last_number_is_never_opened),
        T_CASE("a chain without its key opens nothing", a_chain_without_its_key_opens_nothing),
        T_CASE("a key from rest becomes ready", a_key_from_rest_becomes_ready),
        T_CASE("wiped keys hold nothing", wiped_keys_hold_nothing),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
