/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endorsement Keys of the agent's TPM, on a software TPM that is fresh for each test.
 *
 * Proves: an EK of every template carries enrolment and attestation; certificates are found in the
 * order of choice, and one that is not of this TPM, or no certificate at all, is passed over.
 */

#include <stdio.h>
#include <string.h>

#include "steps.h"

/* ---- kinds of EK and AK ------------------------------------------------------------------------
 */

static void p256_ek_carries_everything(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();

    carries_everything(*state, &cfg, PAWL_EK_P256);
}

static void p384_ek_carries_everything(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();

    carries_everything(*state, &cfg, PAWL_EK_P384);
}

static void rsa_ek_carries_everything(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();

    carries_everything(*state, &cfg, PAWL_EK_RSA2048);
}

static void high_p256_ek_carries_everything(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();

    carries_everything(*state, &cfg, PAWL_EK_P256_H);
}

static void high_rsa_ek_carries_everything(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();

    carries_everything(*state, &cfg, PAWL_EK_RSA2048_H);
}

static void rsa_ak_carries_everything(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();

    cfg.ak = PAWL_AK_RSA2048;
    carries_everything(*state, &cfg, PAWL_EK_P256);
}

/* ---- identity and choice -----------------------------------------------------------------------
 */

static void lists_every_ek_in_the_order_of_choice(void **state)
{
    static const uint32_t index[] = { 0x01c0000a, 0x01c00016, 0x01c00002 };
    struct tpm           *t = open_tpm(*state);
    struct tpm_identity   id;
    struct pawl_err       err;

    T_OK(tpm_identity(t, false, &id, &err), &err);
    assert_int_equal(id.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(id.ek[i].index, index[i]);
        assert_int_equal(id.ek[i].state, TPM_EK_MATCHES);
        assert_string_equal(id.ek[i].facts.manufacturer, "id:00001014");
        assert_string_equal(id.ek[i].facts.model, "swtpm");
        assert_true(id.ek[i].facts.has_ek_usage);
        assert_int_equal(id.ek[i].facts.der_n, id.ek[i].cert_n);
    }
    struct tpm_ek first = chosen(t);
    assert_true(pawl_name_equal(&id.ek[0].name, &first.name));
    leaves_nothing(t);
    tpm_close(&t);
}

static void lists_keys_without_certificate_on_demand_only(void **state)
{
    struct tpm         *t = open_tpm(*state);
    struct tpm_identity id;
    struct tpm_ek       ek;
    struct pawl_err     err;

    T_FAILS(tpm_identity(t, false, &id, &err), &err, PAWL_E_ABSENT);
    T_FAILS(tpm_choose_ek(t, NULL, &ek, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "ek_cert");
    T_OK(tpm_identity(t, true, &id, &err), &err);
    assert_int_equal(id.n, 3);
    for (size_t i = 0; i < id.n; i++) {
        assert_int_equal(id.ek[i].state, TPM_EK_NO_CERT);
        assert_int_equal(id.ek[i].cert_n, 0);
        assert_true(id.ek[i].public_n > 0);
    }
    leaves_nothing(t);
    tpm_close(&t);
}

static void keeps_to_the_ek_it_enrolled_with(void **state)
{
    struct tpm         *t = open_tpm(*state);
    struct tpm_identity id;
    struct tpm_ek       ek;
    struct pawl_name    unknown = { .n = 34, .b = { 0, 11, 1 } };
    struct pawl_err     err;

    T_OK(tpm_identity(t, false, &id, &err), &err);
    for (size_t i = 0; i < id.n; i++) {
        T_OK(tpm_choose_ek(t, &id.ek[i].name, &ek, &err), &err);
        assert_int_equal(ek.index, id.ek[i].index);
    }
    T_FAILS(tpm_choose_ek(t, &unknown, &ek, &err), &err, PAWL_E_ABSENT);
    assert_non_null(strstr(err.why, "is gone"));
    tpm_close(&t);
}

/* Replaces the P-256 certificate by the bytes of a file, as the platform's owner may. */
static void replace_cert(const struct device *d, const char *make_file)
{
    char command[700];

    snprintf(command, sizeof(command),
             "%s; tpm2_nvundefine -C p 0x01C0000A; "
             "tpm2_nvdefine -C p -s $(wc -c <$DEVICE/new) "
             "-a 'ppwrite|ppread|ownerread|authread|no_da|platformcreate' 0x01C0000A; "
             "[ ! -s $DEVICE/new ] || tpm2_nvwrite -C p -i $DEVICE/new 0x01C0000A",
             make_file);
    device_run(d, command);
}

#define CERT_OF_ANOTHER_TPM                                                                        \
    "\"$SWTPM_CONFIG/fresh\" $DEVICE/other --ca $DEVICE/ca --ek p256; "                            \
    "cp $DEVICE/other/ek/p256.der $DEVICE/new"

static void refuses_a_certificate_of_another_tpm(void **state)
{
    struct tpm_ek   ek;
    struct pawl_err err;

    replace_cert(*state, CERT_OF_ANOTHER_TPM);
    struct tpm *t = open_tpm(*state);
    t_poison(&ek, sizeof(ek));
    T_FAILS(tpm_choose_ek(t, NULL, &ek, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "ek_cert.subjectPublicKeyInfo");
    t_still_poisoned(&ek, sizeof(ek));
    leaves_nothing(t);
    tpm_close(&t);
}

static void passes_over_a_certificate_of_another_tpm(void **state)
{
    struct tpm_identity id;
    struct pawl_err     err;

    replace_cert(*state, CERT_OF_ANOTHER_TPM);
    struct tpm *t = open_tpm(*state);
    assert_int_equal(chosen(t).template, PAWL_EK_P384);
    T_OK(tpm_identity(t, false, &id, &err), &err);
    assert_int_equal(id.n, 3);
    assert_int_equal(id.ek[0].state, TPM_EK_DIFFERS);
    assert_int_equal(id.ek[0].problem.code, PAWL_E_FORGED);
    assert_int_equal(id.ek[1].state, TPM_EK_MATCHES);
    tpm_close(&t);
}

static void names_what_is_wrong_with_a_certificate(const struct device *d, const char *make_file,
                                                   enum pawl_code code)
{
    struct tpm_identity id;
    struct pawl_err     err;

    replace_cert(d, make_file);
    struct tpm *t = open_tpm(d);
    T_OK(tpm_identity(t, false, &id, &err), &err);
    assert_int_equal(id.ek[0].index, 0x01c0000a);
    assert_int_equal(id.ek[0].state, TPM_EK_BAD);
    assert_int_equal(id.ek[0].problem.code, code);
    assert_int_equal(chosen(t).template, PAWL_EK_P384);
    tpm_close(&t);
}

static void survives_rubbish_in_place_of_a_certificate(void **state)
{
    names_what_is_wrong_with_a_certificate(*state, "printf rubbish >$DEVICE/new", PAWL_E_FORM);
}

static void survives_a_certificate_cut_short(void **state)
{
    names_what_is_wrong_with_a_certificate(*state, "head -c 300 $DEVICE/ek/p256.der >$DEVICE/new",
                                           PAWL_E_SHORT);
}

static void finds_a_certificate_inside_padding(void **state)
{
    struct tpm_ek ek;

    /* C4: bytes after the DER, as some makers leave them. */
    replace_cert(*state, "{ cat $DEVICE/ek/p256.der; head -c 500 /dev/zero | tr '\\0' '\\377'; } "
                         ">$DEVICE/new");
    struct tpm *t = open_tpm(*state);
    ek = chosen(t);
    assert_int_equal(ek.template, PAWL_EK_P256);
    assert_int_equal(ek.facts.der_n, ek.cert_n);
    tpm_close(&t);
}

/* The P-256 EK comes first. What the TPM says of the moment must not make another device of us;
 * what it says of that EK passes on to the next. */
static void a_tpm_that_is_busy_is_not_another_device(void **state)
{
    static const char *const passing[] = {
        "refuse=131,902",   /* TPM2_CreatePrimary: OBJECT_MEMORY */
        "refuse=131,903",   /* SESSION_MEMORY */
        "refuse=131,904",   /* MEMORY */
        "refuse=131,921",   /* LOCKOUT */
        "refuse=131,101",   /* FAILURE */
        "refuse=131,c0902", /* the TPM's, by a resource manager */
        "refuse=131,b0005", /* the resource manager's own */
        "refuse=169,923",   /* TPM2_NV_ReadPublic: NV_UNAVAILABLE */
        "refuse=14e,920",   /* TPM2_NV_Read: NV_RATE */
    };
    struct tpm_ek   ek;
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++) {
        struct tpm *t = open_bent(*state, passing[i]);
        T_FAILS(tpm_choose_ek(t, NULL, &ek, &err), &err, PAWL_E_IO);
        assert_int_equal(chosen(t).template, PAWL_EK_P256);
        tpm_close(&t);
    }
    struct tpm *t = open_bent(*state, "refuse=131,2e6"); /* TPM_RC_CURVE, parameter 2 */
    assert_int_equal(chosen(t).template, PAWL_EK_P384);
    tpm_close(&t);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T_DEVICE("a P-256 EK carries everything", p256_ek_carries_everything, ""),
        T_DEVICE("a P-384 EK carries everything", p384_ek_carries_everything, "--ek p384"),
        T_DEVICE("an RSA EK carries everything", rsa_ek_carries_everything, "--ek rsa2048"),
        T_DEVICE("a P-256 EK of the high range carries everything", high_p256_ek_carries_everything,
                 "--ek p256-h"),
        T_DEVICE("an RSA EK of the high range carries everything", high_rsa_ek_carries_everything,
                 "--ek rsa2048-h"),
        T_DEVICE("an RSA AK carries everything", rsa_ak_carries_everything, "--ek p256"),
        T_DEVICE("C14: lists every EK in the order of choice",
                 lists_every_ek_in_the_order_of_choice, ""),
        T_DEVICE("lists keys without certificate on demand only",
                 lists_keys_without_certificate_on_demand_only, "--ek none"),
        T_DEVICE("keeps to the EK it enrolled with", keeps_to_the_ek_it_enrolled_with, ""),
        T_DEVICE("refuses a certificate of another TPM", refuses_a_certificate_of_another_tpm,
                 "--ek p256"),
        T_DEVICE("passes over a certificate of another TPM",
                 passes_over_a_certificate_of_another_tpm, ""),
        T_DEVICE("a TPM that is busy is not another device",
                 a_tpm_that_is_busy_is_not_another_device, ""),
        T_DEVICE("survives rubbish in place of a certificate",
                 survives_rubbish_in_place_of_a_certificate, "--ek p256,p384"),
        T_DEVICE("survives a certificate cut short", survives_a_certificate_cut_short,
                 "--ek p256,p384"),
        T_DEVICE("finds a certificate inside padding", finds_a_certificate_inside_padding,
                 "--ek p256"),
    };

    if (!device_is_possible()) {
        printf("skipped: swtpm, tpm2-tools or openssl is missing\n");
        return 77;
    }
    return cmocka_run_group_tests_name("tpm_ek", tests, NULL, NULL);
}
