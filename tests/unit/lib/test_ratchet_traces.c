/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: the key schedule leaves nothing of S1, S2, S3, K_conf and root behind, neither on its
 * stack nor in memory that OpenSSL gave back; and wherever OpenSSL runs out of memory, the call
 * fails, outputs and chain are as they were, and nothing is left either.
 *
 * A deed runs on a stack of its own, which is searched when it is done; OpenSSL allocates through
 * us, so each block is searched when it is freed, and the n-th request for one can be refused.
 */
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <openssl/crypto.h>

#include <pawl/ratchet.h>

#include "crypto_vector.h"

/* Locals must be on the stack that is searched, not where the sanitizer would put them. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_stack_use_after_return=0";
}

static const char *const inner[] = { "s1", "s2", "s3", "k_conf", "root" };
enum { SECRETS = sizeof(inner) / sizeof(*inner) };
static struct pawl_view secret[SECRETS];

static bool holds_a_secret(const void *p, size_t n)
{
    for (size_t i = 0; i < SECRETS; i++)
        if (memmem(p, n, secret[i].p, secret[i].n))
            return true;
    return false;
}

/* ---- OpenSSL's memory ----------------------------------------------------------------------- */

enum { BLOCK_HEAD = 16 }; /* the size, and what keeps the rest aligned */

static unsigned long asked, refuse_at; /* 0: refuse nothing */
static unsigned      freed_with_a_secret;

static void *block_get(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    if (n == 0 || ++asked == refuse_at)
        return NULL;
    uint8_t *p = malloc(BLOCK_HEAD + n);
    if (!p)
        return NULL;
    memcpy(p, &n, sizeof(n));
    return p + BLOCK_HEAD;
}

static size_t block_n(const void *p)
{
    size_t n;

    memcpy(&n, (const uint8_t *)p - BLOCK_HEAD, sizeof(n));
    return n;
}

static void block_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    if (!p)
        return;
    freed_with_a_secret += secret[0].n && holds_a_secret(p, block_n(p));
    free((uint8_t *)p - BLOCK_HEAD);
}

static void *block_resize(void *p, size_t n, const char *file, int line)
{
    void *q = block_get(n, file, line);

    if (q && p) {
        memcpy(q, p, block_n(p) < n ? block_n(p) : n);
        block_free(p, file, line);
    }
    return q;
}

/* ---- a stack of its own --------------------------------------------------------------------- */

static uint8_t    stack[512 * 1024] __attribute__((aligned(64)));
static ucontext_t here, there;
static void (*deed)(void);
static pawl_status     outcome;
static struct pawl_err err;

static void run(void)
{
    deed();
}

/* Whether the stack holds a secret when the deed is done. */
static bool leaves_a_trace(void (*what)(void))
{
    t_poison(stack, sizeof(stack));
    deed = what;
    assert_int_equal(getcontext(&there), 0);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = sizeof(stack);
    there.uc_link = &here;
    makecontext(&there, run, 0);
    assert_int_equal(swapcontext(&here, &there), 0);
    return holds_a_secret(stack, sizeof(stack));
}

/* ---- the deeds ------------------------------------------------------------------------------ */

static struct pawl_secret      rk, z_ee, z_se, exporter;
static struct pawl_rekey_terms terms = { .rk = &rk, .z_ee = &z_ee, .z_se = &z_se, .epoch = 8 };
static const uint8_t           kid[PAWL_KID];

static struct {
    struct pawl_root   root;
    uint8_t            conf_v[32];
    struct pawl_use    use;
    struct pawl_secret key;
} out;

static struct pawl_chain chain;

static void make_a_root(void)
{
    outcome = pawl_root_make(&terms, &out.root, out.conf_v, &err);
}

static void open_a_generation(void)
{
    outcome = pawl_chain_open(&chain, PAWL_SUITE_CCM, kid, &out.use, &err);
}

static void skip_generations(void)
{
    outcome = pawl_chain_skip(&chain, 5, &err);
}

static void begin_an_enrolment(void)
{
    outcome = pawl_rk_enrol(&out.key, &err);
}

static void export_a_key(void)
{
    outcome = pawl_app_key(&exporter, pawl_view_str("m"), pawl_view(NULL, 0), 64, &out.key, &err);
}

/* What the search would miss if it did not work. */
static void forget_to_wipe(void)
{
    volatile uint8_t copy[32];

    for (size_t i = 0; i < sizeof(copy); i++)
        copy[i] = secret[SECRETS - 1].p[i];
    outcome = pawl_ok();
}

static void forget_a_block(void)
{
    uint8_t *p = OPENSSL_malloc(100);

    memcpy(p + 50, secret[0].p, 32);
    OPENSSL_free(p);
}

/* ---- the proofs ----------------------------------------------------------------------------- */

static void begin(void)
{
    t_poison(&out, sizeof(out));
    chain = (struct pawl_chain){ .dir = PAWL_UP, .epoch = 8, .gk = z_ee };
    freed_with_a_secret = 0;
    asked = 0;
}

static int set_up(void **state)
{
    (void)state;
    rk = crypto_secret(crypto_count(32, 1));
    z_ee = crypto_secret(crypto_count(32, 0x20));
    z_se = crypto_secret(crypto_count(32, 0x40));
    exporter = crypto_secret(crypto_count(32, 0x50));
    memcpy(terms.th2, crypto_count(32, 0x60).p, 32);
    for (size_t i = 0; i < SECRETS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "plain.inner.%s", inner[i]);
        secret[i] = crypto_vector("ratchet/schedule.txt", name);
    }
    make_a_root(); /* whatever OpenSSL sets up once is there */
    return pawl_is_ok(outcome) ? 0 : -1;
}

static void the_search_finds_what_is_left(void **state)
{
    (void)state;
    begin();
    assert_true(leaves_a_trace(forget_to_wipe));
    forget_a_block();
    assert_int_equal(freed_with_a_secret, 1);
}

static void a_root_leaves_nothing_of_what_made_it(void **state) /* P-KS-4 */
{
    (void)state;
    begin();
    assert_false(leaves_a_trace(make_a_root));
    T_OK(outcome, &err);
    assert_int_equal(freed_with_a_secret, 0);
    assert_false(holds_a_secret(&out, sizeof(out)));
    assert_true(pawl_view_equal(PAWL_VIEW_OF(out.conf_v),
                                crypto_vector("ratchet/schedule.txt", "plain.conf_v")));
}

/* Refuses one request for memory after the other until the deed needs no more of them. */
static void fails_cleanly_everywhere(void (*what)(void), unsigned long at_least)
{
    unsigned long failed = 0;

    for (unsigned long n = 1;; n++) {
        begin();
        const struct pawl_chain before = chain;
        refuse_at = n;
        bool trace = leaves_a_trace(what);
        refuse_at = 0;
        assert_false(trace);
        assert_int_equal(freed_with_a_secret, 0);
        if (pawl_is_ok(outcome) && asked < n)
            break;
        if (pawl_is_ok(outcome))
            continue; /* OpenSSL did without */
        failed++;
        assert_true(outcome.code == PAWL_E_MEMORY || outcome.code == PAWL_E_CRYPTO);
        t_still_poisoned(&out, sizeof(out));
        assert_memory_equal(&chain, &before, sizeof(chain));
    }
    assert_true(failed >= at_least);
}

static void a_root_that_fails_leaves_nothing_at_all(void **state)
{
    (void)state;
    fails_cleanly_everywhere(make_a_root, 14);
}

static void a_generation_that_fails_leaves_its_chain(void **state)
{
    (void)state;
    fails_cleanly_everywhere(open_a_generation, 3);
    fails_cleanly_everywhere(skip_generations, 5);
}

static void other_keys_that_fail_are_not_set(void **state)
{
    (void)state;
    fails_cleanly_everywhere(begin_an_enrolment, 1);
    fails_cleanly_everywhere(export_a_key, 3);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("the search finds what is left", the_search_finds_what_is_left),
        T_CASE("a root leaves nothing of what made it", a_root_leaves_nothing_of_what_made_it),
        T_CASE("a root that fails leaves nothing at all", a_root_that_fails_leaves_nothing_at_all),
        T_CASE("a generation that fails leaves its chain",
               a_generation_that_fails_leaves_its_chain),
        T_CASE("other keys that fail are not set", other_keys_that_fail_are_not_set),
    };

    /* Before OpenSSL has allocated anything. */
    if (CRYPTO_set_mem_functions(block_get, block_resize, block_free) != 1)
        return 1;
    return cmocka_run_group_tests(cases, set_up, NULL);
}
