/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ratchet's part of the agent's TPM, on a software TPM that is fresh for each test: both
 * Diffie-Hellman shares, what e_D's slot leaves to others, power cuts, a liar on the bus.
 *
 * Proves: Z is what software computes, whatever key the sessions are salted to; e_D is another one
 * each time and ends with its exchange, a reset or a failure; everything else works beside it in
 * three slots; no power cut arms the lockout; the bus sees no secret and changes none. The counter
 * and what hangs on it: test_tpm_sealed.c.
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ratchet_steps.h"
#include "tpm/context.h"
#include "tpm/vault.h"

/* ---- shares ------------------------------------------------------------------------------------
 */

static void both_shares_are_what_software_computes(void **state)
{
    struct tpm_keys keys;
    struct tpm     *t = open_keys(*state, &keys);

    for (int i = 0; i < 3; i++) {
        struct tpm_ephemeral e = ephemeral_made(t);
        agrees(t, &keys, &e);
        leaves_nothing(t);
    }
    tpm_close(&t);
}

static void every_e_d_is_another(void **state)
{
    enum { N = 6 };
    uint8_t     seen[N][PAWL_POINT_P256];
    struct tpm *t = open_keys(*state, NULL);

    for (int i = 0; i < N; i++) {
        if (i == N / 2) /* a reset changes nothing about that */
            t = after_power_cut(*state, t);
        struct tpm_ephemeral e = ephemeral_made(t);
        memcpy(seen[i], e.point, sizeof(e.point));
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(seen[i], seen[j], sizeof(e.point));
        tpm_ephemeral_drop(t, &e);
        tpm_ephemeral_drop(t, &e);
        leaves_nothing(t);
    }
    tpm_close(&t);
}

/* One in 256 begins with a zero byte, and keeps it. */
static void a_share_that_begins_with_zero_keeps_its_length(void **state)
{
    struct tpm_keys      keys;
    struct tpm          *t = open_keys(*state, &keys);
    struct pawl_private *peer = peer_made();
    struct pawl_secret   expected, z = { 0 };
    uint8_t              td[PAWL_POINT_P256];
    struct pawl_err      err;

    point_of(&keys.td, td);
    for (software_z(peer, td, &expected); expected.b[0]; software_z(peer, td, &expected)) {
        pawl_private_free(&peer);
        peer = peer_made();
    }
    T_OK(tpm_td_zgen(t, pawl_private_public(peer)->b, &z, &err), &err);
    assert_int_equal(z.n, 32);
    assert_true(pawl_secret_equal(&z, &expected));
    pawl_private_free(&peer);
    tpm_close(&t);
}

static void refuse_point(struct tpm *t, const uint8_t point[PAWL_POINT_P256], enum pawl_code code)
{
    struct tpm_ephemeral e = ephemeral_made(t);
    struct pawl_secret   z;
    struct pawl_err      err;

    t_poison(&z, sizeof(z));
    T_FAILS(tpm_ephemeral_zgen(t, &e, point, &z, &err), &err, code);
    assert_non_null(strstr(err.where, "TPM2_ECDH_ZGen.inPoint"));
    assert_int_equal(e.handle, 0);
    leaves_nothing(t);
    T_FAILS(tpm_td_zgen(t, point, &z, &err), &err, code);
    t_still_poisoned(&z, sizeof(z));
    leaves_nothing(t);
}

/* P-KEY-9. The TPM would answer with failure here, should it be asked. */
static void refuses_a_point_off_the_curve_before_the_tpm_sees_it(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct pawl_private   *peer = peer_made();
    struct tpm            *t = open_bent(*state, "refuse=154,101");
    uint8_t                p[PAWL_POINT_P256], none[PAWL_POINT_P256] = { 0x04 };

    opened(t, &cfg);
    memcpy(p, pawl_private_public(peer)->b, sizeof(p));
    p[64] ^= 1;
    refuse_point(t, p, PAWL_E_RANGE);
    p[64] ^= 1;
    memset(p + 1, 0xff, 32);
    refuse_point(t, p, PAWL_E_RANGE);
    refuse_point(t, none, PAWL_E_RANGE);
    memcpy(p, pawl_private_public(peer)->b, sizeof(p));
    p[0] = 0x06;
    refuse_point(t, p, PAWL_E_FORM);
    pawl_private_free(&peer);
    tpm_close(&t);
}

/* ---- e_D ends ----------------------------------------------------------------------------------
 */

static void is_gone(struct tpm *t, struct tpm_ephemeral *e, const char *why)
{
    struct pawl_private *peer = peer_made();
    struct pawl_secret   z;
    struct pawl_err      err;

    t_poison(&z, sizeof(z));
    T_FAILS(tpm_ephemeral_zgen(t, e, pawl_private_public(peer)->b, &z, &err), &err, PAWL_E_STATE);
    T_WHERE(&err, "e_D");
    assert_non_null(strstr(err.why, why));
    assert_int_equal(e->handle, 0);
    t_still_poisoned(&z, sizeof(z));
    pawl_private_free(&peer);
}

/* P-KEY-8 */
static void e_d_does_one_exchange(void **state)
{
    struct tpm_keys      keys;
    struct tpm          *t = open_keys(*state, &keys);
    struct tpm_ephemeral e = ephemeral_made(t);

    agrees(t, &keys, &e);
    is_gone(t, &e, "one exchange");
    tpm_close(&t);
}

static void reset_in_place(const struct device *d)
{
    device_run(d, "swtpm_ioctl --unix $DEVICE/sock.ctrl -i");
    setenv("PAWL_BEND", "startup", 1);
}

static void a_reset_takes_e_d_away(void **state)
{
    struct tpm_keys      keys;
    struct tpm          *t = open_keys(*state, &keys);
    struct tpm_ephemeral e = ephemeral_made(t);

    reset_in_place(*state);
    is_gone(t, &e, "reset");
    leaves_nothing(t);
    e = ephemeral_made(t);
    agrees(t, &keys, &e);
    tpm_close(&t);
}

/* The handle has a new owner: it is neither used nor flushed. */
static void anothers_object_at_e_ds_handle_is_left_alone(void **state)
{
    struct tpm_keys      keys;
    struct tpm          *t = open_keys(*state, &keys);
    struct tpm_ephemeral first = ephemeral_made(t);
    struct tpm_ephemeral dropped = first;

    reset_in_place(*state);
    struct tpm_ephemeral second = ephemeral_made(t);
    is_gone(t, &first, "another object");
    tpm_ephemeral_drop(t, &dropped);
    agrees(t, &keys, &second);
    leaves_nothing(t);
    tpm_close(&t);
}

static void says_that_the_null_hierarchy_refuses(void **state)
{
    struct tpm          *t = open_keys(*state, NULL);
    struct tpm_ephemeral e;
    struct pawl_err      err;

    setenv("PAWL_BEND", "refuse=131,185", 1);
    t_poison(&e, sizeof(e));
    T_FAILS(tpm_ephemeral_make(t, &e, &err), &err, PAWL_E_DENIED);
    T_WHERE(&err, "TPM2_CreatePrimary");
    assert_non_null(strstr(err.why, "null hierarchy"));
    t_still_poisoned(&e, sizeof(e));
    leaves_nothing(t);
    tpm_close(&t);
}

/* ---- room --------------------------------------------------------------------------------------
 */

/* All that may come between making e_D and the answer, and around them, with the counter's slot
 * change in the middle. */
static void does_everything(struct tpm *t, const struct tpm_keys *keys)
{
    struct pawl_secret secret = secret_of(64);
    struct pawl_secret key = secret_of(32);
    uint64_t           n = counter_is_made(t);

    quotes_all(t, keys);
    certifies(t, keys);
    activates(t, keys);
    struct tpm_sealed s = sealed(t, n + 1, &secret);
    assert_int_equal(incremented(t), n + 1);
    unseals(t, n + 1, &s, &secret);
    struct tpm_sealed k = imported(t, &key);
    makes_the_mac(t, &k, &key);
}

/* P-KEY-7. swtpm has three slots for objects and three for sessions, of which another program has
 * one. */
static void all_else_works_beside_e_d(void **state)
{
    struct tpm_keys  keys;
    struct tpm      *t = open_keys(*state, &keys);
    struct tpm_facts f;
    struct pawl_err  err;

    setenv("PAWL_BEND", "session", 1);
    struct tpm_ephemeral e = ephemeral_made(t);
    does_everything(t, &keys);
    T_OK(tpm_facts(t, &f, &err), &err);
    assert_int_equal(f.transients, 1);
    assert_int_equal(f.sessions, 1);
    agrees(t, &keys, &e);
    T_OK(tpm_facts(t, &f, &err), &err);
    assert_int_equal(f.transients, 0);
    assert_int_equal(f.sessions, 1);
    tpm_close(&t);
}

static void has_srk(const struct device *d, const char *make)
{
    char command[700];

    snprintf(command, sizeof(command),
             "cd $DEVICE; tpm2_createprimary -C o %s -c key.ctx -a 'fixedtpm|fixedparent|"
             "sensitivedataorigin|userwithauth|noda|restricted|decrypt'; "
             "tpm2_evictcontrol -C o -c key.ctx 0x81000001; tpm2_flushcontext -t",
             make);
    device_run(d, command);
    struct tpm_keys      keys;
    struct tpm          *t = open_keys(d, &keys);
    struct tpm_ephemeral e = ephemeral_made(t);
    assert_int_equal(keys.srk.handle, TPM_HANDLE_SRK);
    does_everything(t, &keys);
    agrees(t, &keys, &e);
    leaves_nothing(t);
    tpm_close(&t);
}

static void the_srk_may_be_rsa(void **state)
{
    has_srk(*state, "-G rsa2048:aes128cfb");
}

static void the_srk_may_be_larger(void **state)
{
    has_srk(*state, "-G ecc384:aes256cfb -g sha384");
}

static void nothing_goes_before_the_keys_are_open(void **state)
{
    struct tpm          *t = open_tpm(*state);
    struct tpm_ephemeral e = { 0 };
    struct tpm_sealed    s = { 0 };
    struct pawl_secret   z = { 0 }, key = secret_of(32);
    struct pawl_private *peer = peer_made();
    uint64_t             value;
    struct pawl_err      err;

    T_FAILS(tpm_ephemeral_make(t, &e, &err), &err, PAWL_E_STATE);
    T_FAILS(tpm_td_zgen(t, pawl_private_public(peer)->b, &z, &err), &err, PAWL_E_STATE);
    T_FAILS(tpm_counter_open(t, TPM_NV_COUNTER, true, &value, &err), &err, PAWL_E_STATE);
    T_FAILS(tpm_counter_increment(t, TPM_NV_COUNTER, &value, &err), &err, PAWL_E_STATE);
    T_FAILS(tpm_seal(t, TPM_NV_COUNTER, 1, &key, &s, &err), &err, PAWL_E_STATE);
    T_FAILS(tpm_hmac_import(t, &key, &s, &err), &err, PAWL_E_STATE);
    leaves_nothing(t);
    pawl_private_free(&peer);
    tpm_close(&t);
}

/* ---- power -------------------------------------------------------------------------------------
 */

/* A cut behind each command that authorises something, three times: with an object or index under
 * dictionary-attack accounting, or a password on the EK, that locks a TPM. */
static void no_power_cut_arms_the_lockout(void **state)
{
    static const char *const commands[] = { "131", "154", "12a", "134", "14e", "153",
                                            "157", "149", "15e", "156", "155" };
    const struct device     *d = *state;
    struct pawl_secret       secret = secret_of(32), out = { 0 };
    struct pawl_private     *peer = peer_made();
    struct tpm_facts         f;
    struct pawl_err          err;
    char                     option[128];

    struct tpm *t = open_keys(d, NULL);
    tpm_close(&t);
    for (size_t i = 0; i < 3 * sizeof(commands) / sizeof(commands[0]); i++) {
        struct tpm_ephemeral e = { 0 };
        struct tpm_sealed    s = { 0 };
        uint64_t             n = 0;
        t = open_keys(d, NULL);
        snprintf(option, sizeof(option), "cut=%s,%s/pid", commands[i / 3], d->dir);
        setenv("PAWL_BEND", option, 1);
        /* One of these meets the cut, and those behind it a dead TPM. */
        bool all = pawl_is_ok(tpm_ephemeral_make(t, &e, &err)) &&
                   pawl_is_ok(
                       tpm_ephemeral_zgen(t, &e, pawl_private_public(peer)->b, &out, &err)) &&
                   pawl_is_ok(tpm_counter_open(t, TPM_NV_COUNTER, true, &n, &err)) &&
                   pawl_is_ok(tpm_seal(t, TPM_NV_COUNTER, n + 1, &secret, &s, &err)) &&
                   pawl_is_ok(tpm_counter_increment(t, TPM_NV_COUNTER, &n, &err)) &&
                   pawl_is_ok(tpm_unseal(t, TPM_NV_COUNTER, n, &s, &out, &err)) &&
                   pawl_is_ok(tpm_hmac_import(t, &secret, &s, &err)) &&
                   pawl_is_ok(tpm_hmac(t, &s, nonce, &out, &err)) &&
                   pawl_is_ok(tpm_facts(t, &f, &err));
        assert_false(all);
        assert_int_equal(err.code, PAWL_E_IO);
        tpm_close(&t);
        device_run(d, "\"$SWTPM_CONFIG/start\" \"$DEVICE\"");
        t = open_tpm(d);
        leaves_nothing(t);
        tpm_close(&t);
        if (strcmp(commands[i / 3], "12a") == 0) /* to be defined again */
            device_run(d, "tpm2_nvundefine -C o 0x01805057");
    }
    pawl_private_free(&peer);
}

/* ---- a liar on the bus -------------------------------------------------------------------------
 */

static void is_on_the_bus(struct pawl_view bytes, bool expected)
{
    char            hex[2 * 96 + 1], command[600];
    struct pawl_err err;

    T_OK(pawl_hex_write(bytes, hex, sizeof(hex), &err), &err);
    snprintf(command, sizeof(command), "%s od -An -v -tx1 $DEVICE/bus | tr -d ' \\n' | grep -q %s",
             expected ? "" : "!", hex);
    assert_int_equal(system(command), 0);
}

/* P-KEY-9, P-KEY-13 */
static void the_bus_sees_no_secret(void **state)
{
    const struct device   *d = *state;
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct pawl_secret     secret = secret_of(32), key = secret_of(32), ee = { 0 }, se = { 0 };
    struct pawl_secret     h = { 0 };
    struct pawl_private   *peer = peer_made();
    struct pawl_err        err;
    char                   option[128];

    snprintf(option, sizeof(option), "trace=%s/bus", d->dir);
    struct tpm *t = open_bent(d, option);
    opened(t, &cfg);
    struct tpm_ephemeral e = ephemeral_made(t);
    T_OK(tpm_td_zgen(t, pawl_private_public(peer)->b, &se, &err), &err);
    T_OK(tpm_ephemeral_zgen(t, &e, pawl_private_public(peer)->b, &ee, &err), &err);
    uint64_t          n = counter_is_made(t);
    struct tpm_sealed s = sealed(t, n, &secret);
    unseals(t, n, &s, &secret);
    s = imported(t, &key);
    T_OK(tpm_hmac(t, &s, nonce, &h, &err), &err);
    tpm_close(&t);
    /* The verifier's x is there, so the trace would show the rest too. */
    is_on_the_bus(pawl_view(pawl_private_public(peer)->b + 1, 32), true);
    is_on_the_bus(pawl_secret_view(&ee), false);
    is_on_the_bus(pawl_secret_view(&se), false);
    is_on_the_bus(pawl_secret_view(&secret), false);
    is_on_the_bus(pawl_secret_view(&key), false);
    is_on_the_bus(pawl_secret_view(&h), false);
    pawl_private_free(&peer);
}

/* In ESAPI's memory: its own structure, and SAPI's, which holds the last command and answer. */
static void is_not_in_memory(struct tpm *t, const struct pawl_secret *secret)
{
    TSS2_SYS_CONTEXT *sys = NULL;

    assert_int_equal(Esys_GetSysContext(t->esys, &sys), TSS2_RC_SUCCESS);
    assert_null(memmem(t->esys, malloc_usable_size(t->esys), secret->b, secret->n));
    assert_null(memmem(sys, malloc_usable_size(sys), secret->b, secret->n));
}

static void no_secret_stays_behind(void **state)
{
    struct tpm          *t = open_keys(*state, NULL);
    struct pawl_private *peer = peer_made();
    struct pawl_secret   z = { 0 }, secret = secret_of(64);
    uint64_t             n = counter_is_made(t);
    struct pawl_err      err;

    T_OK(tpm_td_zgen(t, pawl_private_public(peer)->b, &z, &err), &err);
    is_not_in_memory(t, &z);
    struct tpm_sealed s = sealed(t, n, &secret);
    is_not_in_memory(t, &secret);
    unseals(t, n, &s, &secret);
    is_not_in_memory(t, &secret);
    secret.n = 32;
    s = imported(t, &secret);
    is_not_in_memory(t, &secret);
    T_OK(tpm_hmac(t, &s, nonce, &z, &err), &err);
    is_not_in_memory(t, &z);
    pawl_private_free(&peer);
    tpm_close(&t);
}

/* After an answer that was no TPM's the connection is of no more use. */
static void a_liar_cannot_change_e_d(void **state)
{
    /* Behind header, handle and size: attributes, x, y; far behind them the session's HMAC. */
    static const char *const places[] = { "flip=131,27", "flip=131,50", "flip=131,90",
                                          "flip=131,200" };
    struct tpm_ephemeral     e;
    struct pawl_err          err;

    for (size_t i = 0; i < 4; i++) {
        struct tpm *t = open_keys(*state, NULL);
        setenv("PAWL_BEND", places[i], 1);
        t_poison(&e, sizeof(e));
        T_FAILS(tpm_ephemeral_make(t, &e, &err), &err, PAWL_E_TPM);
        t_still_poisoned(&e, sizeof(e));
        tpm_close(&t);
        device_run(*state, "tpm2_flushcontext -t; tpm2_flushcontext -l");
    }
}

static void a_liar_cannot_change_z(void **state)
{
    /* Behind header and parameterSize: size of the point, x, y; then the session's HMAC. */
    static const char *const places[] = { "flip=154,15", "flip=154,20", "flip=154,60",
                                          "flip=154,120" };
    struct pawl_private     *peer = peer_made();
    struct pawl_secret       z;
    struct pawl_err          err;

    for (size_t i = 0; i < 4; i++) {
        struct tpm *t = open_keys(*state, NULL);
        setenv("PAWL_BEND", places[i], 1);
        t_poison(&z, sizeof(z));
        T_FAILS(tpm_td_zgen(t, pawl_private_public(peer)->b, &z, &err), &err, PAWL_E_TPM);
        t_still_poisoned(&z, sizeof(z));
        T_FAILS(tpm_td_zgen(t, pawl_private_public(peer)->b, &z, &err), &err, PAWL_E_IO);
        tpm_close(&t);
        device_run(*state, "tpm2_flushcontext -l");
    }
    pawl_private_free(&peer);
}

/* ---- the slot's view ---------------------------------------------------------------------------
 */

static void the_slot_sees_the_same_tpm(void **state)
{
    struct tpm        *t = open_keys(*state, NULL);
    struct pawl_secret secret = secret_of(64), out = { 0 };
    struct slot_vault  v;
    struct slot_sealed s = { 0 };
    uint64_t           n = 0, now = 0;
    struct pawl_err    err;

    tpm_vault(t, 0x01805099, &v);
    T_FAILS(v.counter(v.self, false, &n, &err), &err, PAWL_E_ABSENT);
    T_OK(v.counter(v.self, true, &n, &err), &err);
    T_OK(v.seal(v.self, n + 1, &secret, &s, &err), &err);
    T_FAILS(v.unseal(v.self, n + 1, &s, &out, &err), &err, PAWL_E_DENIED);
    T_OK(v.increment(v.self, &now, &err), &err);
    assert_int_equal(now, n + 1);
    T_OK(v.unseal(v.self, now, &s, &out, &err), &err);
    assert_true(pawl_secret_equal(&out, &secret));
    s.n = sizeof(s.b) + 1;
    T_FAILS(v.unseal(v.self, now, &s, &out, &err), &err, PAWL_E_FORM);
    T_FAILS(tpm_counter_open(t, TPM_NV_COUNTER, false, &n, &err), &err, PAWL_E_ABSENT);
    leaves_nothing(t);
    tpm_close(&t);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T_DEVICE("both shares are what software computes (P-256)",
                 both_shares_are_what_software_computes, "--ek p256"),
        T_DEVICE("both shares are what software computes (P-384)",
                 both_shares_are_what_software_computes, "--ek p384"),
        T_DEVICE("both shares are what software computes (RSA-2048)",
                 both_shares_are_what_software_computes, "--ek rsa2048"),
        T_DEVICE("every e_D is another", every_e_d_is_another, "--ek p256"),
        T_DEVICE("a share that begins with zero keeps its length",
                 a_share_that_begins_with_zero_keeps_its_length, "--ek p256"),
        T_DEVICE("refuses a point off the curve before the TPM sees it",
                 refuses_a_point_off_the_curve_before_the_tpm_sees_it, "--ek p256"),
        T_DEVICE("e_D does one exchange", e_d_does_one_exchange, "--ek p256"),
        T_DEVICE("a reset takes e_D away", a_reset_takes_e_d_away, "--ek p256"),
        T_DEVICE("another's object at e_D's handle is left alone",
                 anothers_object_at_e_ds_handle_is_left_alone, "--ek p256"),
        T_DEVICE("says that the null hierarchy refuses", says_that_the_null_hierarchy_refuses,
                 "--ek p256"),
        T_DEVICE("all else works beside e_D (P-256)", all_else_works_beside_e_d, "--ek p256"),
        T_DEVICE("all else works beside e_D (P-384)", all_else_works_beside_e_d, "--ek p384"),
        T_DEVICE("all else works beside e_D (RSA-2048)", all_else_works_beside_e_d, "--ek rsa2048"),
        T_DEVICE("the SRK may be RSA", the_srk_may_be_rsa, "--ek rsa2048"),
        T_DEVICE("the SRK may be larger", the_srk_may_be_larger, "--ek p256"),
        T_DEVICE("nothing goes before the keys are open", nothing_goes_before_the_keys_are_open,
                 "--ek p256"),
        T_DEVICE("no power cut arms the lockout", no_power_cut_arms_the_lockout, "--ek p256"),
        T_DEVICE("the bus sees no secret", the_bus_sees_no_secret, "--ek p256"),
        T_DEVICE("no secret stays behind", no_secret_stays_behind, "--ek p256"),
        T_DEVICE("a liar cannot change e_D", a_liar_cannot_change_e_d, "--ek p256"),
        T_DEVICE("a liar cannot change Z", a_liar_cannot_change_z, "--ek p256"),
        T_DEVICE("the slot sees the same TPM", the_slot_sees_the_same_tpm, "--ek p256"),
    };

    if (!device_is_possible()) {
        printf("skipped: swtpm, tpm2-tools or openssl is missing\n");
        return 77;
    }
    return cmocka_run_group_tests_name("tpm_ratchet", tests, NULL, NULL);
}
