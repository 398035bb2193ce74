/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sealed to the NV counter, and the imported key, on a software TPM that is fresh for each
 * test.
 *
 * Proves: a sealed secret opens at its value of the counter, on its TPM, and not otherwise, power
 * cuts or not; the imported key makes the HMACs that software makes; no damaged file passes for
 * either.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ratchet_steps.h"

/* ---- sealed ------------------------------------------------------------------------------------
 */

/* P-KEY-11, D4: the next slot is sealed, counted, and is then the one that opens. */
static void opens_at_its_value_and_never_again(void **state)
{
    struct tpm *t = open_keys(*state, NULL);
    uint64_t    n = counter_is_made(t);

    for (int i = 0; i < 3; i++) {
        struct pawl_secret old_secret = secret_of(32), new_secret = secret_of(64);
        struct tpm_sealed  old = sealed(t, n, &old_secret);
        struct tpm_sealed new = sealed(t, n + 1, &new_secret);
        unseals(t, n, &old, &old_secret);
        does_not_unseal(t, n + 1, &new, PAWL_E_DENIED);
        t = after_power_cut(*state, t);
        unseals(t, n, &old, &old_secret);
        does_not_unseal(t, n + 1, &new, PAWL_E_DENIED);
        does_not_unseal(t, n, &new, PAWL_E_DENIED); /* told the wrong value */
        assert_int_equal(incremented(t), n + 1);
        if (i == 1)
            t = after_power_cut(*state, t);
        does_not_unseal(t, n, &old, PAWL_E_DENIED);
        does_not_unseal(t, n + 1, &old, PAWL_E_DENIED);
        unseals(t, n + 1, &new, &new_secret);
        leaves_nothing(t);
        n++;
    }
    tpm_close(&t);
}

static void seals_one_to_64_bytes(void **state)
{
    struct tpm       *t = open_keys(*state, NULL);
    uint64_t          n = counter_is_made(t);
    struct pawl_err   err;
    struct tpm_sealed s;

    for (size_t size = 1; size <= 64; size += 21) {
        struct pawl_secret secret = secret_of(size);
        s = sealed(t, n, &secret);
        unseals(t, n, &s, &secret);
    }
    t_poison(&s, sizeof(s));
    struct pawl_secret secret = { .n = 0 };
    T_FAILS(tpm_seal(t, TPM_NV_COUNTER, n, &secret, &s, &err), &err, PAWL_E_RANGE);
    secret.n = 65;
    T_FAILS(tpm_seal(t, TPM_NV_COUNTER, n, &secret, &s, &err), &err, PAWL_E_RANGE);
    t_still_poisoned(&s, sizeof(s));
    leaves_nothing(t);
    tpm_close(&t);
}

static void every_counter_is_its_own(void **state)
{
    struct pawl_secret secret = secret_of(32), out = { 0 };
    struct tpm        *t = open_keys(*state, NULL);
    uint64_t           n = counter_is_made(t), other = 0;
    struct tpm_sealed  s = sealed(t, n, &secret);
    struct pawl_err    err;

    T_OK(tpm_counter_open(t, 0x01805099, true, &other, &err), &err);
    while (other < n)
        T_OK(tpm_counter_increment(t, 0x01805099, &other, &err), &err);
    while (n < other)
        n = incremented(t);
    s = sealed(t, n, &secret);
    T_FAILS(tpm_unseal(t, 0x01805099, n, &s, &out, &err), &err, PAWL_E_DENIED);
    unseals(t, n, &s, &secret);
    tpm_close(&t);
}

/* P-KEY-12 */
static void another_tpm_opens_nothing(void **state)
{
    void              *other = "--ek p256";
    struct pawl_secret secret = secret_of(32);
    struct pawl_secret h;
    struct pawl_err    err;

    assert_int_equal(device_setup(&other), 0);
    struct tpm       *t = open_keys(*state, NULL);
    uint64_t          n = counter_is_made(t);
    struct tpm_sealed s = sealed(t, n, &secret);
    struct tpm_sealed k = imported(t, &secret);
    unseals(t, n, &s, &secret);
    tpm_close(&t);

    t = open_keys(other, NULL);
    assert_int_equal(counter_is_made(t), n);
    does_not_unseal(t, n, &s, PAWL_E_FORGED);
    T_FAILS(tpm_hmac(t, &k, nonce, &h, &err), &err, PAWL_E_FORGED);
    leaves_nothing(t);
    tpm_close(&t);
    assert_int_equal(device_teardown(&other), 0);
}

typedef void refusal(struct tpm *t, uint64_t n, const struct tpm_sealed *s);

static void unseal_refuses(struct tpm *t, uint64_t n, const struct tpm_sealed *s)
{
    struct pawl_secret out;
    struct pawl_err    err;

    t_poison(&out, sizeof(out));
    pawl_status st = tpm_unseal(t, TPM_NV_COUNTER, n, s, &out, &err);
    assert_true(st.code == PAWL_E_FORM || st.code == PAWL_E_FORGED);
    t_still_poisoned(&out, sizeof(out));
}

static void hmac_refuses(struct tpm *t, uint64_t n, const struct tpm_sealed *s)
{
    struct pawl_secret out;
    struct pawl_err    err;

    (void)n;
    t_poison(&out, sizeof(out));
    pawl_status st = tpm_hmac(t, s, nonce, &out, &err);
    assert_true(st.code == PAWL_E_FORM || st.code == PAWL_E_FORGED);
    t_still_poisoned(&out, sizeof(out));
}

static void refuses_every_damage(struct tpm *t, uint64_t n, const struct tpm_sealed *good,
                                 refusal *refuses)
{
    struct tpm_sealed s = *good;

    for (size_t i = 0; i < good->n; i++) {
        s.b[i] ^= (uint8_t)(1 << i % 8);
        refuses(t, n, &s);
        s.b[i] = good->b[i];
    }
    for (s.n = 0; s.n < good->n; s.n++)
        refuses(t, n, &s);
    s.n = good->n + 1;
    refuses(t, n, &s);
    s.n = sizeof(s.b) + 1;
    refuses(t, n, &s);
}

static void no_damaged_file_passes(void **state)
{
    struct pawl_secret secret = secret_of(32);
    struct tpm        *t = open_keys(*state, NULL);
    uint64_t           n = counter_is_made(t);
    struct tpm_sealed  s = sealed(t, n, &secret);
    struct tpm_sealed  k = imported(t, &secret);

    refuses_every_damage(t, n, &s, unseal_refuses);
    refuses_every_damage(t, n, &k, hmac_refuses);
    unseal_refuses(t, n, &k);
    hmac_refuses(t, n, &s);
    unseals(t, n, &s, &secret);
    makes_the_mac(t, &k, &secret);
    leaves_nothing(t);
    tpm_close(&t);
}

/* P-KEY-12. Anybody may make children of the SRK; what he seals is not taken for ours. */
static struct tpm_sealed made_by_others(const struct device *d, const char *how)
{
    struct tpm_sealed s = { 0 };
    char              command[700], path[128];

    snprintf(command, sizeof(command),
             "cd $DEVICE; tpm2_startauthsession -S p.ctx; tpm2_policypcr -S p.ctx -l sha256:0 "
             "-L policy; tpm2_flushcontext p.ctx; echo secret | tpm2_create -C 0x81005056 %s "
             "-u pub -r priv; cat priv pub >blob; tpm2_flushcontext -t",
             how);
    device_run(d, command);
    snprintf(path, sizeof(path), "%s/blob", d->dir);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    s.n = fread(s.b, 1, sizeof(s.b), f);
    fclose(f);
    return s;
}

static void what_others_sealed_is_not_taken(void **state)
{
    struct tpm *t = open_keys(*state, NULL);
    uint64_t    n = counter_is_made(t);

    tpm_close(&t);
    struct tpm_sealed by_password = made_by_others(
        *state, "-i - -a 'fixedtpm|fixedparent|userwithauth|noda'");
    struct tpm_sealed by_either = made_by_others(
        *state, "-i - -L policy -a 'fixedtpm|fixedparent|userwithauth|adminwithpolicy|noda'");
    struct tpm_sealed by_pcr = made_by_others(
        *state, "-i - -L policy -a 'fixedtpm|fixedparent|adminwithpolicy|noda'");
    t = open_keys(*state, NULL);
    does_not_unseal(t, n, &by_password, PAWL_E_FORGED);
    does_not_unseal(t, n, &by_either, PAWL_E_FORGED);
    does_not_unseal(t, n, &by_pcr, PAWL_E_DENIED);
    leaves_nothing(t);
    tpm_close(&t);
}

static void a_liar_cannot_change_what_is_sealed(void **state)
{
    /* Create: private, public. Unseal: the data. NV_Read: the value. Load: the Name. */
    static const char *const places[] = { "flip=153,40", "flip=15e,20", "flip=14e,23",
                                          "flip=157,40", "flip=156,40", "flip=155,30" };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct pawl_secret secret = secret_of(32), out = { 0 };
        struct tpm        *t = open_keys(*state, NULL);
        uint64_t           n = counter_is_made(t);
        struct tpm_sealed  s = { 0 };
        struct pawl_err    err;
        setenv("PAWL_BEND", places[i], 1);
        bool all = pawl_is_ok(tpm_seal(t, TPM_NV_COUNTER, n, &secret, &s, &err)) &&
                   pawl_is_ok(tpm_counter_open(t, TPM_NV_COUNTER, false, &n, &err)) &&
                   pawl_is_ok(tpm_unseal(t, TPM_NV_COUNTER, n, &s, &out, &err)) &&
                   pawl_is_ok(tpm_hmac_import(t, &secret, &s, &err)) &&
                   pawl_is_ok(tpm_hmac(t, &s, nonce, &out, &err));
        assert_false(all);
        assert_int_equal(err.code, PAWL_E_TPM);
        tpm_close(&t);
        device_run(*state, "tpm2_flushcontext -t; tpm2_flushcontext -l");
    }
}

/* ---- hedge -------------------------------------------------------------------------------------
 */

static void the_imported_key_makes_the_macs_of_software(void **state)
{
    struct pawl_secret key = secret_of(32), another = secret_of(32);
    struct tpm        *t = open_keys(*state, NULL);
    struct tpm_sealed  a = imported(t, &key);
    struct tpm_sealed  b = imported(t, &key);
    struct tpm_sealed  c = imported(t, &another);

    assert_memory_not_equal(a.b, b.b, a.n);
    makes_the_mac(t, &a, &key);
    t = after_power_cut(*state, t);
    makes_the_mac(t, &a, &key);
    makes_the_mac(t, &b, &key);
    makes_the_mac(t, &c, &another);
    leaves_nothing(t);
    tpm_close(&t);
}

static void imports_keys_of_32_bytes(void **state)
{
    struct tpm       *t = open_keys(*state, NULL);
    struct tpm_sealed s;
    struct pawl_err   err;

    t_poison(&s, sizeof(s));
    for (size_t n = 0; n <= 64; n++) {
        struct pawl_secret key = { .n = n };
        if (n == 32)
            continue;
        T_FAILS(tpm_hmac_import(t, &key, &s, &err), &err, PAWL_E_RANGE);
        T_WHERE(&err, "key");
    }
    t_still_poisoned(&s, sizeof(s));
    leaves_nothing(t);
    tpm_close(&t);
}

/* P-KEY-13 */
static void says_that_the_tpm_has_no_hmac(void **state)
{
    struct pawl_secret key = secret_of(32), h = { 0 };
    struct tpm        *t = open_keys(*state, NULL);
    struct tpm_sealed  s = imported(t, &key);
    struct pawl_err    err;

    setenv("PAWL_BEND", "no-hmac", 1);
    T_FAILS(tpm_hmac(t, &s, nonce, &h, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "TPM2_HMAC");
    T_FAILS(tpm_hmac_import(t, &key, &s, &err), &err, PAWL_E_UNSUPPORTED);
    leaves_nothing(t);
    tpm_close(&t);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T_DEVICE("opens at its value and never again (P-256)", opens_at_its_value_and_never_again,
                 "--ek p256"),
        T_DEVICE("opens at its value and never again (P-384)", opens_at_its_value_and_never_again,
                 "--ek p384"),
        T_DEVICE("opens at its value and never again (RSA-2048)",
                 opens_at_its_value_and_never_again, "--ek rsa2048"),
        T_DEVICE("seals one to 64 bytes", seals_one_to_64_bytes, "--ek p256"),
        T_DEVICE("every counter is its own", every_counter_is_its_own, "--ek p256"),
        T_DEVICE("another TPM opens nothing", another_tpm_opens_nothing, "--ek p256"),
        T_DEVICE("no damaged file passes", no_damaged_file_passes, "--ek p256"),
        T_DEVICE("what others sealed is not taken", what_others_sealed_is_not_taken, "--ek p256"),
        T_DEVICE("a liar cannot change what is sealed", a_liar_cannot_change_what_is_sealed,
                 "--ek p256"),
        T_DEVICE("the imported key makes the MACs of software",
                 the_imported_key_makes_the_macs_of_software, "--ek p256"),
        T_DEVICE("imports keys of 32 bytes", imports_keys_of_32_bytes, "--ek p256"),
        T_DEVICE("says that the TPM has no HMAC", says_that_the_tpm_has_no_hmac, "--ek p256"),
    };

    if (!device_is_possible()) {
        printf("skipped: swtpm, tpm2-tools or openssl is missing\n");
        return 77;
    }
    return cmocka_run_group_tests_name("tpm_sealed", tests, NULL, NULL);
}
