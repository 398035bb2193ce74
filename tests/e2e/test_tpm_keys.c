/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's persistent keys, on a software TPM that is fresh for each test.
 *
 * Proves: keys are found again, taken up where a power cut left them, and never replaced once
 * enrolled; foreign objects are refused and left alone; passwords of hierarchies are named.
 */

#include <stdio.h>
#include <string.h>

#include "steps.h"

/* ---- persistent keys ---------------------------------------------------------------------------
 */

static void finds_its_keys_again(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        first = opened(t, &cfg);

    assert_true(first.ek.made && first.ak.made && first.srk.made && first.td.made);
    tpm_close(&t);
    device_power_cut(*state);

    t = open_tpm(*state);
    cfg.make = false;
    cfg.expect_ak = first.ak.name;
    cfg.expect_td = first.td.name;
    struct tpm_keys again = opened(t, &cfg);
    assert_false(again.ek.made || again.ak.made || again.srk.made || again.td.made);
    assert_true(pawl_name_equal(&first.ek.name, &again.ek.name));
    assert_true(pawl_name_equal(&first.ak.name, &again.ak.name));
    assert_true(pawl_name_equal(&first.srk.name, &again.srk.name));
    assert_true(pawl_name_equal(&first.td.name, &again.td.name));
    quotes_all(t, &again);
    tpm_close(&t);
}

static void makes_nothing_unless_told(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_ek          ek = chosen(t);
    struct tpm_keys        keys;
    struct pawl_err        err;

    cfg.make = false;
    T_FAILS(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "ek");
    tpm_close(&t);
}

static void takes_up_what_a_power_cut_left(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        first = opened(t, &cfg);

    tpm_close(&t);
    device_run(*state,
               "tpm2_evictcontrol -C o -c 0x81005057; tpm2_evictcontrol -C o -c 0x81005056");
    device_power_cut(*state);
    t = open_tpm(*state);
    struct tpm_keys again = opened(t, &cfg);
    assert_true(again.td.made && again.srk.made && !again.ak.made && !again.ek.made);
    assert_true(pawl_name_equal(&first.ak.name, &again.ak.name));
    assert_true(pawl_name_equal(&first.srk.name, &again.srk.name)); /* same seed, same primary */
    assert_false(pawl_name_equal(&first.td.name, &again.td.name));
    tpm_close(&t);
}

/* After enrolment a new key would be a new device: it is not made behind anybody's back. */
static void never_replaces_an_enrolled_key(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        first = opened(t, &cfg);
    struct tpm_keys        keys;
    struct pawl_err        err;

    tpm_close(&t);
    cfg.expect_ak = first.ak.name;
    device_run(*state, "tpm2_evictcontrol -C o -c 0x81015057");
    t = open_tpm(*state);
    struct tpm_ek ek = chosen(t);
    T_FAILS(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "ak");
    cfg.expect_ak.n = 0;
    T_OK(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err);
    cfg.expect_ak = first.ak.name; /* a good AK under the same EK, and not the enrolled one */
    T_FAILS(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "ak");
    tpm_close(&t);
}

static void refuses_what_stands_at(const struct device *d, const char *make, const char *handle,
                                   const char *where)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    char                   command[700];
    struct tpm_keys        keys;
    struct pawl_err        err;

    snprintf(command, sizeof(command),
             "cd $DEVICE; %s; tpm2_evictcontrol -C o -c key.ctx %s; tpm2_flushcontext -t; "
             "tpm2_readpublic -c %s -o before.pub",
             make, handle, handle);
    device_run(d, command);
    struct tpm   *t = open_tpm(d);
    struct tpm_ek ek = chosen(t);
    t_poison(&keys, sizeof(keys));
    T_FAILS(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, where);
    t_still_poisoned(&keys, sizeof(keys));
    leaves_nothing(t);
    tpm_close(&t);
    snprintf(command, sizeof(command),
             "cd $DEVICE; tpm2_readpublic -c %s -o after.pub; cmp before.pub after.pub", handle);
    device_run(d, command);
}

/* A key of the AK's very template in the owner hierarchy: only the qualified Name tells (Q14, K4).
 */
#define OWNER_AK                                                                                   \
    "tpm2_createprimary -C o -G ecc256:ecdsa-sha256:null -c key.ctx -a "                           \
    "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign'"
#define SIGNING_KEY                                                                                \
    "tpm2_createprimary -C o -G ecc256:ecdsa-sha256:null -c key.ctx -a "                           \
    "sign\\|userwithauth\\|sensitivedataorigin"

static void refuses_a_foreign_object_at_the_ak_handle(void **state)
{
    refuses_what_stands_at(*state, SIGNING_KEY, "0x81015057", "ak");
}

static void refuses_an_ak_of_the_owner_hierarchy(void **state)
{
    refuses_what_stands_at(*state, OWNER_AK, "0x81015057", "ak");
}

/* Right parent, wrong template: K1, K5, and an engineer who changed the configuration. */
static void refuses_an_ak_of_the_other_kind(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        keys;
    struct pawl_err        err;

    cfg.ak = PAWL_AK_RSA2048;
    opened(t, &cfg);
    cfg.ak = PAWL_AK_P256;
    struct tpm_ek ek = chosen(t);
    T_FAILS(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "ak");
    assert_non_null(strstr(err.why, "type"));
    tpm_close(&t);
}

static void refuses_a_foreign_object_at_the_td_handle(void **state)
{
    refuses_what_stands_at(*state, SIGNING_KEY, "0x81005057", "td");
}

static void refuses_a_foreign_object_at_the_ek_handle(void **state)
{
    refuses_what_stands_at(*state, SIGNING_KEY, "0x81010002", "ek");
}

static void refuses_a_foreign_object_at_our_srk_handle(void **state)
{
    refuses_what_stands_at(*state, SIGNING_KEY, "0x81005056", "srk");
}

static void has_srk(const struct device *d, const char *make, uint32_t handle)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    char                   command[700];

    snprintf(command, sizeof(command),
             "cd $DEVICE; %s; tpm2_evictcontrol -C o -c key.ctx 0x81000001; tpm2_flushcontext -t",
             make);
    device_run(d, command);
    struct tpm     *t = open_tpm(d);
    struct tpm_keys keys = opened(t, &cfg);
    assert_int_equal(keys.srk.handle, handle);
    certifies(t, &keys);
    leaves_nothing(t);
    tpm_close(&t);
}

static void uses_the_systems_srk_where_it_fits(void **state)
{
    has_srk(*state,
            "tpm2_createprimary -C o -G rsa2048:aes128cfb -c key.ctx -a 'fixedtpm|fixedparent|"
            "sensitivedataorigin|userwithauth|noda|restricted|decrypt'",
            0x81000001);
}

static void makes_its_own_srk_beside_one_that_counts_failures(void **state)
{
    has_srk(*state,
            "tpm2_createprimary -C o -G ecc256:aes128cfb -c key.ctx -a 'fixedtpm|fixedparent|"
            "sensitivedataorigin|userwithauth|restricted|decrypt'",
            0x81005056);
}

static void makes_its_own_srk_beside_a_key_that_is_none(void **state)
{
    has_srk(*state, SIGNING_KEY, 0x81005056);
}

/* As systemd does at a start of a later version. */
static void keeps_its_own_srk_when_the_system_makes_one_later(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        first = opened(t, &cfg);

    tpm_close(&t);
    device_run(*state, "cd $DEVICE; tpm2_createprimary -C o -G rsa2048:aes128cfb -c key.ctx -a "
                       "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|"
                       "decrypt'; tpm2_evictcontrol -C o -c key.ctx 0x81000001; "
                       "tpm2_flushcontext -t");
    t = open_tpm(*state);
    cfg.make = false;
    struct tpm_keys again = opened(t, &cfg);
    assert_int_equal(again.srk.handle, TPM_HANDLE_OUR_SRK);
    assert_false(again.srk.made);
    assert_true(pawl_name_equal(&first.td.name, &again.td.name));
    certifies(t, &again);
    leaves_nothing(t);
    tpm_close(&t);
}

static void keys_may_live_elsewhere(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();

    cfg.ek_handle = 0x81010077;
    cfg.ak_handle = 0x81017777;
    cfg.td_handle = 0x81007777;
    cfg.our_srk_handle = 0x81007778;
    carries_everything(*state, &cfg, PAWL_EK_P256);
    device_run(*state, "test \"$(tpm2_getcap handles-persistent | sort | tr -d '\\n')\" = "
                       "'- 0x81007777- 0x81007778- 0x81010077- 0x81017777'");
}

/* ---- passwords of the hierarchies --------------------------------------------------------------
 */

static void is_denied(const struct device *d, const char *command, const char *where)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(d);
    struct tpm_ek          ek = chosen(t);
    struct tpm_keys        keys;
    struct pawl_err        err;

    tpm_close(&t);
    device_run(d, command);
    t = open_tpm(d);
    T_FAILS(tpm_keys_open(t, &ek, &cfg, &keys, &err), &err, PAWL_E_DENIED);
    T_WHERE(&err, where);
    leaves_nothing(t);
    tpm_close(&t);
}

static void says_that_the_owner_has_a_password(void **state)
{
    is_denied(*state, "tpm2_changeauth -c o secret", "TPM2_EvictControl");
}

static void says_that_the_endorsement_hierarchy_has_a_password(void **state)
{
    is_denied(*state, "tpm2_changeauth -c e secret", "TPM2_CreatePrimary");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T_DEVICE("finds its keys again", finds_its_keys_again, "--ek p256"),
        T_DEVICE("makes nothing unless told", makes_nothing_unless_told, "--ek p256"),
        T_DEVICE("takes up what a power cut left", takes_up_what_a_power_cut_left, "--ek p256"),
        T_DEVICE("never replaces an enrolled key", never_replaces_an_enrolled_key, "--ek p256"),
        T_DEVICE("refuses a foreign object at the AK's handle",
                 refuses_a_foreign_object_at_the_ak_handle, "--ek p256"),
        T_DEVICE("refuses an AK of the owner hierarchy", refuses_an_ak_of_the_owner_hierarchy,
                 "--ek p256"),
        T_DEVICE("refuses an AK of the other kind", refuses_an_ak_of_the_other_kind, "--ek p256"),
        T_DEVICE("refuses a foreign object at t_D's handle",
                 refuses_a_foreign_object_at_the_td_handle, "--ek p256"),
        T_DEVICE("refuses a foreign object at the EK's handle",
                 refuses_a_foreign_object_at_the_ek_handle, "--ek p256"),
        T_DEVICE("refuses a foreign object at our SRK's handle",
                 refuses_a_foreign_object_at_our_srk_handle, "--ek p256"),
        T_DEVICE("uses the system's SRK where it fits", uses_the_systems_srk_where_it_fits,
                 "--ek p256"),
        T_DEVICE("makes its own SRK beside one that counts failures",
                 makes_its_own_srk_beside_one_that_counts_failures, "--ek p256"),
        T_DEVICE("makes its own SRK beside a key that is none",
                 makes_its_own_srk_beside_a_key_that_is_none, "--ek p256"),
        T_DEVICE("keeps its own SRK when the system makes one later",
                 keeps_its_own_srk_when_the_system_makes_one_later, "--ek p256"),
        T_DEVICE("keys may live elsewhere", keys_may_live_elsewhere, "--ek p256"),
        T_DEVICE("says that the owner has a password", says_that_the_owner_has_a_password,
                 "--ek p256"),
        T_DEVICE("says that the endorsement hierarchy has a password",
                 says_that_the_endorsement_hierarchy_has_a_password, "--ek p256"),
    };

    if (!device_is_possible()) {
        printf("skipped: swtpm, tpm2-tools or openssl is missing\n");
        return 77;
    }
    return cmocka_run_group_tests_name("tpm_keys", tests, NULL, NULL);
}
