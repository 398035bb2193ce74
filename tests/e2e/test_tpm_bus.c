/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What surrounds the agent's TPM: little room, power cuts, a liar on the bus (tcti_bend.c), no TPM.
 *
 * Proves: nothing stays loaded and two slots are enough; power cuts never arm the lockout; the bus
 * sees no secret and cannot pass for the TPM.
 */

#include <stdio.h>
#include <string.h>

#include "steps.h"

/* ---- room and power ----------------------------------------------------------------------------
 */

/* swtpm has three slots for objects and three for sessions, and no resource manager stands before
 * it: with one of each taken by somebody else, two must be enough. */
static void gets_by_with_two_slots_and_two_sessions(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm_facts       f;
    struct pawl_err        err;

    device_run(*state, "cd $DEVICE; tpm2_createprimary -C o -G ecc -c key.ctx; "
                       "tpm2_startauthsession -S session.ctx; "
                       "tpm2_policypcr -S session.ctx -l sha256:0");
    struct tpm *t = open_tpm(*state);
    T_OK(tpm_facts(t, &f, &err), &err);
    assert_int_equal(f.transients, 1);
    struct tpm_keys keys = opened(t, &cfg);
    certifies(t, &keys);
    activates(t, &keys);
    quotes_all(t, &keys);
    T_OK(tpm_facts(t, &f, &err), &err);
    assert_int_equal(f.transients, 1);
    tpm_close(&t);
}

static void says_that_the_slots_are_taken(void **state)
{
    struct tpm_ek   ek;
    struct pawl_err err;

    device_run(*state,
               "cd $DEVICE; for i in 1 2 3; do tpm2_createprimary -C o -G ecc -c k.ctx; done");
    struct tpm *t = open_tpm(*state);
    T_FAILS(tpm_choose_ek(t, NULL, &ek, &err), &err, PAWL_E_IO);
    assert_non_null(strstr(err.why, "no free slot"));
    tpm_close(&t);
}

static void says_that_no_persistent_slot_is_free(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm_keys        keys;
    struct pawl_err        err;

    device_run(*state, "cd $DEVICE; tpm2_createprimary -C o -G ecc -c key.ctx; "
                       "tpm2_flushcontext -t; h=2164264960; "
                       "while tpm2_evictcontrol -C o -c key.ctx $(printf 0x%x $h) 2>log; do "
                       "tpm2_flushcontext -t; h=$((h + 1)); done; "
                       "tpm2_flushcontext -t; grep -qi space log");
    struct tpm   *t = open_tpm(*state);
    struct tpm_ek ek = chosen(t);
    T_FAILS(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err, PAWL_E_FULL);
    T_WHERE(&err, "TPM2_EvictControl");
    leaves_nothing(t);
    tpm_close(&t);
}

/* F31: with a password on the EK, or without noDA, three of these lock a TPM. */
static void power_cuts_never_arm_the_lockout(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm_facts       f;
    struct pawl_err        err;

    for (int i = 0; i < 4; i++) {
        struct tpm     *t = open_tpm(*state);
        struct tpm_keys keys = opened(t, &cfg);
        certifies(t, &keys);
        activates(t, &keys);
        quotes_all(t, &keys);
        T_OK(tpm_facts(t, &f, &err), &err);
        assert_int_equal(f.lockout_counter, 0);
        tpm_close(&t);
        device_power_cut(*state);
    }
    struct tpm *t = open_tpm(*state);
    leaves_nothing(t);
    tpm_close(&t);
}

/* ---- a liar on the bus -------------------------------------------------------------------------
 */

static void the_bus_sees_no_secret(void **state)
{
    const struct device   *d = *state;
    struct tpm_keys_config cfg = tpm_keys_config_default();
    char                   option[128], command[600], hex[65];
    PAWL_SECRET            sent = { 0 };
    PAWL_SECRET            got = { 0 };
    struct pawl_err        err;

    snprintf(option, sizeof(option), "trace=%s/bus", d->dir);
    struct tpm            *t = open_bent(d, option);
    struct tpm_keys        keys = opened(t, &cfg);
    struct pawl_credential cred = credential_for(&keys, &keys.ak.name, &sent);
    T_OK(tpm_activate(t, pawl_view(cred.id_object, cred.id_object_n),
                      pawl_view(cred.enc_secret, cred.enc_secret_n), &got, &err),
         &err);
    quotes_all(t, &keys);
    tpm_close(&t);
    /* The nonce is there, so the trace would show the secret too. */
    T_OK(pawl_hex_write(PAWL_VIEW_OF(nonce), hex, sizeof(hex), &err), &err);
    snprintf(command, sizeof(command), "od -An -v -tx1 $DEVICE/bus | tr -d ' \\n' | grep -q %s",
             hex);
    device_run(d, command);
    T_OK(pawl_hex_write(pawl_secret_view(&sent), hex, sizeof(hex), &err), &err);
    snprintf(command, sizeof(command), "! od -An -v -tx1 $DEVICE/bus | tr -d ' \\n' | grep -q %s",
             hex);
    device_run(d, command);
}

static void a_liar_cannot_put_its_key_in_the_eks_place(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm_keys        keys;
    struct pawl_err        err;

    struct tpm *t = open_tpm(*state);
    opened(t, &cfg);
    struct tpm_ek ek = chosen(t);
    tpm_close(&t);

    t = open_bent(*state, "other-key");
    T_FAILS(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "ek");
    tpm_close(&t);
    t = open_bent(*state, "other-area");
    T_FAILS(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "TPM2_ReadPublic.name");
    tpm_close(&t);
}

static void a_liar_cannot_change_what_is_quoted(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_bent(*state, "nonce");
    struct tpm_quote       q;
    struct pawl_err        err;

    opened(t, &cfg);
    T_FAILS(tpm_quote_all(t, nonce, &q, &err), &err, PAWL_E_TPM);
    tpm_close(&t);
}

/* ---- no TPM ------------------------------------------------------------------------------------
 */

static void says_where_it_looked_for_a_tpm(void **state)
{
    static const char *const nowhere[] = { "device:/nonexistent/tpm", "swtpm:path=/nonexistent/s",
                                           "nonsense:x" };
    struct tpm              *t = NULL;
    struct pawl_err          err;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        T_FAILS(tpm_open(nowhere[i], &t, &err), &err, PAWL_E_IO);
        T_WHERE(&err, "tcti");
        assert_null(t);
    }
    tpm_close(&t);
}

static void tells_what_the_tpm_is(void **state)
{
    struct tpm      *t = open_tpm(*state);
    struct tpm_facts f;
    struct pawl_err  err;

    T_OK(tpm_facts(t, &f, &err), &err);
    assert_string_equal(f.manufacturer, "IBM");
    assert_string_equal(f.family, "2.0");
    assert_true(f.revision >= 116);
    assert_true(f.firmware != 0);
    assert_true(f.persistent_free > 0);
    tpm_close(&t);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T_DEVICE("gets by with two slots and two sessions", gets_by_with_two_slots_and_two_sessions,
                 "--ek rsa2048"),
        T_DEVICE("says that the slots are taken", says_that_the_slots_are_taken, "--ek p256"),
        T_DEVICE("says that no persistent slot is free", says_that_no_persistent_slot_is_free,
                 "--ek p256"),
        T_DEVICE("power cuts never arm the lockout (P-384)", power_cuts_never_arm_the_lockout,
                 "--ek p384"),
        T_DEVICE("power cuts never arm the lockout (RSA)", power_cuts_never_arm_the_lockout,
                 "--ek rsa2048"),
        T_DEVICE("T5 the bus sees no secret", the_bus_sees_no_secret, "--ek p256"),
        T_DEVICE("T5, S7b a liar cannot put its key in the EK's place",
                 a_liar_cannot_put_its_key_in_the_eks_place, "--ek p256"),
        T_DEVICE("S7b a liar cannot change what is quoted", a_liar_cannot_change_what_is_quoted,
                 "--ek p256"),
        T_DEVICE("tells what the TPM is", tells_what_the_tpm_is, "--ek none"),
        T_CASE("says where it looked for a TPM", says_where_it_looked_for_a_tpm),
    };

    if (!device_is_possible()) {
        printf("skipped: swtpm, tpm2-tools or openssl is missing\n");
        return 77;
    }
    return cmocka_run_group_tests_name("tpm_bus", tests, NULL, NULL);
}
