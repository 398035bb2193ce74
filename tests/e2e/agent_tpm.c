/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's TPM on a software TPM that is fresh for each test.
 *
 * Proves: every kind of EK carries enrolment and attestation, and libpawl accepts what they sign;
 * keys are found again and foreign objects left alone; nothing stays loaded, little room is enough;
 * power cuts never arm the lockout; a liar on the bus (tcti_bend.c) is caught, and sees no secret
 * and no password.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "tpm/tpm.h"

static const uint8_t nonce[32] = "the hash of a labelled record";

/* ---- pieces --------------------------------------------------------------------------------- */

/* Through the watching TCTI, with what it is to do. */
static struct tpm *open_bent(const struct device *d, const char *bend)
{
    char            tcti[512];
    struct pawl_err err;
    struct tpm     *t = NULL;

    setenv("PAWL_BEND", bend, 1);
    snprintf(tcti, sizeof(tcti), "%s:%s", getenv("PAWL_TCTI_BEND"), d->tcti);
    T_OK(tpm_open(tcti, &t, &err), &err);
    return t;
}

static struct tpm *open_tpm(const struct device *d)
{
    return open_bent(d, "");
}

static struct tpm_ek chosen(struct tpm *t)
{
    struct tpm_ek   ek;
    struct pawl_err err;

    T_OK(tpm_choose_ek(t, NULL, &ek, &err), &err);
    return ek;
}

static struct tpm_keys opened(struct tpm *t, const struct tpm_keys_config *cfg)
{
    struct tpm_ek   ek = chosen(t);
    struct tpm_keys keys;
    struct pawl_err err;

    T_OK(tpm_keys_open(t, &ek, cfg, &keys, &err), &err);
    return keys;
}

static void leaves_nothing(struct tpm *t)
{
    struct tpm_facts f;
    struct pawl_err  err;

    T_OK(tpm_facts(t, &f, &err), &err);
    assert_int_equal(f.transients, 0);
    assert_int_equal(f.sessions, 0);
    assert_int_equal(f.lockout_counter, 0);
}

static struct pawl_tpm_public public_of(const struct tpm_key *k)
{
    struct pawl_tpm_public pub;
    struct pawl_err        err;

    T_OK(pawl_tpm_public_parse(pawl_view(k->bytes, k->n), &pub, &err), &err);
    return pub;
}

static void verifies(const struct tpm_key *ak, const struct tpm_signed *s)
{
    struct pawl_tpm_public    pub = public_of(ak);
    struct pawl_tpm_signature sig;
    struct pawl_err           err;

    T_OK(pawl_tpm_signature_parse(pawl_view(s->sig, s->sig_n), &sig, &err), &err);
    T_OK(pawl_tpm_verify(NULL, &pub, pawl_view(s->attest, s->attest_n), &sig, &err), &err);
}

/* Q14: the qualified Name in the attestation proves hierarchy and parent. */
static void is_signed_by(struct pawl_view signer, const struct tpm_keys *keys)
{
    const struct pawl_name chain[] = { keys->ek.name, keys->ak.name };
    struct pawl_name       qualified;
    struct pawl_err        err;

    T_OK(pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, chain, 2, &qualified, &err), &err);
    assert_true(pawl_view_equal(signer, pawl_name_view(&qualified)));
}

static struct tpm_quote quotes_all(struct tpm *t, const struct tpm_keys *keys)
{
    struct tpm_quote   q;
    struct pawl_quote  parsed;
    struct pawl_digest digest;
    struct pawl_err    err;

    T_OK(tpm_quote_all(t, nonce, &q, &err), &err);
    verifies(&keys->ak, &q.sign);
    T_OK(pawl_quote_parse(pawl_view(q.sign.attest, q.sign.attest_n), &parsed, &err), &err);
    is_signed_by(parsed.signer, keys);
    assert_true(pawl_view_equal(parsed.nonce, PAWL_VIEW_OF(nonce)));
    assert_true(pawl_pcr_selection_equal(&parsed.pcrs, &q.pcrs));
    T_OK(pawl_pcr_digest(PAWL_SHA256, &q.pcrs, &q.values, &digest, &err), &err);
    assert_true(pawl_view_equal(parsed.digest, pawl_digest_view(&digest)));
    return q;
}

static void certifies(struct tpm *t, const struct tpm_keys *keys)
{
    struct tpm_signed   s;
    struct pawl_certify c;
    struct pawl_err     err;

    T_OK(tpm_certify_td(t, PAWL_VIEW_OF(nonce), &s, &err), &err);
    verifies(&keys->ak, &s);
    T_OK(pawl_certify_parse(pawl_view(s.attest, s.attest_n), &c, &err), &err);
    is_signed_by(c.signer, keys);
    assert_true(pawl_view_equal(c.nonce, PAWL_VIEW_OF(nonce)));
    assert_true(pawl_view_equal(c.name, pawl_name_view(&keys->td.name)));
}

static struct pawl_credential credential_for(const struct tpm_keys  *keys,
                                             const struct pawl_name *name,
                                             struct pawl_secret     *secret)
{
    struct pawl_tpm_public ek = public_of(&keys->ek);
    struct pawl_credential cred;
    struct pawl_err        err;

    T_OK(pawl_secret_random(32, secret, &err), &err);
    T_OK(pawl_make_credential(&ek, name, secret, &cred, &err), &err);
    return cred;
}

static void activates(struct tpm *t, const struct tpm_keys *keys)
{
    PAWL_SECRET            sent = { 0 };
    PAWL_SECRET            got = { 0 };
    struct pawl_credential cred = credential_for(keys, &keys->ak.name, &sent);
    struct pawl_err        err;

    T_OK(tpm_activate(t, pawl_view(cred.id_object, cred.id_object_n),
                      pawl_view(cred.enc_secret, cred.enc_secret_n), &got, &err),
         &err);
    assert_true(pawl_secret_equal(&sent, &got));
}

/* All that enrolment and attestation ask of the TPM, each leaving it empty. */
static void carries_everything(const struct device *d, const struct tpm_keys_config *cfg,
                               enum pawl_template ek)
{
    struct tpm            *t = open_tpm(d);
    struct tpm_keys        keys = opened(t, cfg);
    struct pawl_tpm_public pub = public_of(&keys.ek);
    struct pawl_tpm_public ak = public_of(&keys.ak);
    struct pawl_tpm_public td = public_of(&keys.td);
    struct pawl_err        err;

    assert_int_equal(pawl_template_of_ek(&pub), ek);
    T_OK(pawl_template_check(cfg->ak, &ak, &err), &err);
    T_OK(pawl_template_check(PAWL_TD_P256, &td, &err), &err);
    leaves_nothing(t);
    certifies(t, &keys);
    leaves_nothing(t);
    activates(t, &keys);
    leaves_nothing(t);
    quotes_all(t, &keys);
    leaves_nothing(t);
    tpm_close(&t);
}

/* ---- kinds of EK and AK --------------------------------------------------------------------- */

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

/* ---- identity and choice -------------------------------------------------------------------- */

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

/* ---- persistent keys ------------------------------------------------------------------------ */

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

/* ---- passwords of the hierarchies ----------------------------------------------------------- */

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

/* ---- credential activation ------------------------------------------------------------------ */

static void refuses_a_credential_for_another_name(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        keys = opened(t, &cfg);
    PAWL_SECRET            secret = { 0 };
    struct pawl_secret     got;
    struct pawl_credential cred = credential_for(&keys, &keys.td.name, &secret);
    struct pawl_err        err;

    t_poison(&got, sizeof(got));
    T_FAILS(tpm_activate(t, pawl_view(cred.id_object, cred.id_object_n),
                         pawl_view(cred.enc_secret, cred.enc_secret_n), &got, &err),
            &err, PAWL_E_FORGED);
    t_still_poisoned(&got, sizeof(got));
    leaves_nothing(t);
    tpm_close(&t);
}

static void refuses_every_damaged_credential(void **state)
{
    static const size_t    too_long = PAWL_ID_OBJECT_MAX * 8;
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        keys = opened(t, &cfg);
    PAWL_SECRET            secret = { 0 };
    PAWL_SECRET            got = { 0 };
    struct pawl_credential cred = credential_for(&keys, &keys.ak.name, &secret);
    struct pawl_view       id = pawl_view(cred.id_object, cred.id_object_n);
    struct pawl_view       enc = pawl_view(cred.enc_secret, cred.enc_secret_n);
    uint8_t                big[PAWL_ID_OBJECT_MAX * 8] = { 0 };
    struct pawl_err        err;

    for (size_t n = 1; n < id.n; n += 7)
        T_FAILS(tpm_activate(t, t_copy(pawl_view(id.p, n)), enc, &got, &err), &err, PAWL_E_FORGED);
    for (size_t n = 1; n < enc.n; n += 7)
        T_FAILS(tpm_activate(t, id, t_copy(pawl_view(enc.p, n)), &got, &err), &err, PAWL_E_FORGED);
    cred.id_object[cred.id_object_n - 1] ^= 1;
    T_FAILS(tpm_activate(t, id, enc, &got, &err), &err, PAWL_E_FORGED);
    T_FAILS(tpm_activate(t, pawl_view(big, 0), enc, &got, &err), &err, PAWL_E_SHORT);
    T_WHERE(&err, "id_object");
    T_FAILS(tpm_activate(t, id, pawl_view(big, 0), &got, &err), &err, PAWL_E_SHORT);
    T_WHERE(&err, "encrypted_secret");
    T_FAILS(tpm_activate(t, pawl_view(big, too_long), enc, &got, &err), &err, PAWL_E_RANGE);
    T_FAILS(tpm_activate(t, id, pawl_view(big, too_long), &got, &err), &err, PAWL_E_RANGE);
    leaves_nothing(t);
    tpm_close(&t);
}

static void needs_its_keys_first(void **state)
{
    struct tpm       *t = open_tpm(*state);
    PAWL_SECRET       got = { 0 };
    struct tpm_quote  q;
    struct tpm_signed s;
    struct pawl_err   err;

    T_FAILS(tpm_quote_all(t, nonce, &q, &err), &err, PAWL_E_STATE);
    T_FAILS(tpm_certify_td(t, PAWL_VIEW_OF(nonce), &s, &err), &err, PAWL_E_STATE);
    T_FAILS(tpm_activate(t, PAWL_VIEW_OF(nonce), PAWL_VIEW_OF(nonce), &got, &err), &err,
            PAWL_E_STATE);
    tpm_close(&t);
}

/* ---- quotes --------------------------------------------------------------------------------- */

/* Q22: the signed selection shows which banks are allocated. */
static void shows_the_allocated_banks(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        keys = opened(t, &cfg);
    struct tpm_quote       q = quotes_all(t, &keys);

    assert_int_equal(q.dropped, 0);
    assert_int_equal(q.pcrs.n, 4);
    assert_int_equal(q.pcrs.bank[0].hash, PAWL_SHA1);
    assert_int_equal(q.pcrs.bank[0].bits, 0xffffff);
    assert_int_equal(q.pcrs.bank[1].bits, 0xffffff);
    assert_int_equal(q.pcrs.bank[2].bits, 0);
    assert_int_equal(q.pcrs.bank[3].bits, 0);
    assert_int_equal(q.values.n, 48);
    tpm_close(&t);
}

static void quotes_what_was_extended(void **state)
{
    static const uint8_t      one[32] = { [31] = 1 };
    struct tpm_keys_config    cfg = tpm_keys_config_default();
    struct pawl_pcr_selection some = { .n = 1, .bank = { { PAWL_SHA256, 1u << 7 | 1u << 16 } } };
    struct pawl_view          parts[] = { pawl_view((uint8_t[32]){ 0 }, 32), PAWL_VIEW_OF(one) };
    struct tpm_quote          q;
    struct pawl_digest        expected;
    struct pawl_err           err;

    device_run(*state, "tpm2_pcrextend 7:sha256=$(printf %064d 1)");
    struct tpm     *t = open_tpm(*state);
    struct tpm_keys keys = opened(t, &cfg);
    T_OK(tpm_quote(t, &some, nonce, &q, &err), &err);
    verifies(&keys.ak, &q.sign);
    assert_int_equal(q.values.n, 2);
    T_OK(pawl_hash(PAWL_SHA256, parts, 2, &expected, &err), &err);
    assert_memory_equal(pawl_pcr_value(&q.pcrs, &q.values, PAWL_SHA256, 7)->b, expected.b, 32);
    tpm_close(&t);
}

static void refuses_a_quote_over_no_allocated_bank(void **state)
{
    struct tpm_keys_config    cfg = tpm_keys_config_default();
    struct pawl_pcr_selection sha1 = { .n = 1, .bank = { { PAWL_SHA1, 0xff } } };
    struct pawl_pcr_values    values;
    struct tpm_quote          q;
    struct pawl_err           err;
    struct tpm               *t = open_tpm(*state);

    opened(t, &cfg);
    T_FAILS(tpm_quote(t, &sha1, nonce, &q, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "TPM2_Quote.pcrSelect");
    T_FAILS(tpm_pcr_read(t, &sha1, &values, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "TPM2_PCR_Read.pcrSelectionIn");
    leaves_nothing(t);
    tpm_close(&t);
}

static void drops_banks_that_the_tpm_does_not_know(void **state)
{
    static const struct {
        const char *lacks;
        unsigned    dropped;
    } tpms[] = { { "lacks=000d", 1 }, { "lacks=000c", 2 }, { "lacks=0004", 3 } };
    struct tpm_keys_config cfg = tpm_keys_config_default();

    for (size_t i = 0; i < 3; i++) {
        struct tpm               *t = open_bent(*state, tpms[i].lacks);
        struct tpm_keys           keys = opened(t, &cfg);
        struct tpm_quote          q = quotes_all(t, &keys);
        struct pawl_pcr_selection all = pawl_pcr_selection_all(tpms[i].dropped);
        assert_int_equal(q.dropped, tpms[i].dropped);
        assert_int_equal(q.pcrs.n, all.n);
        tpm_close(&t);
    }
}

static void never_drops_sha256(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_bent(*state, "lacks=000b");
    struct tpm_quote       q;
    struct pawl_err        err;

    opened(t, &cfg);
    t_poison(&q, sizeof(q));
    T_FAILS(tpm_quote_all(t, nonce, &q, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "TPM2_Quote.PCRselect");
    t_still_poisoned(&q, sizeof(q));
    tpm_close(&t);
}

/* Q23: values that do not belong to the quote are never returned. */
static void quotes_again_when_a_pcr_changed_in_between(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_bent(*state, "extend=2");
    struct tpm_keys        keys = opened(t, &cfg);
    struct tpm_quote       q;
    struct pawl_err        err;

    quotes_all(t, &keys);
    tpm_close(&t);
    t = open_bent(*state, "extend=99");
    opened(t, &cfg);
    T_FAILS(tpm_quote_all(t, nonce, &q, &err), &err, PAWL_E_STATE);
    leaves_nothing(t);
    tpm_close(&t);
}

static void put_file(const struct device *d, const char *name, struct pawl_view v)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", d->dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(v.p, 1, v.n, f), v.n);
    assert_int_equal(fclose(f), 0);
}

/* Somebody else's verifier agrees, and refuses another nonce. */
static void tpm2_checkquote_takes_our_quotes(void **state)
{
    const struct device   *d = *state;
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(d);
    struct tpm_keys        keys = opened(t, &cfg);
    struct tpm_quote       q = quotes_all(t, &keys);
    char                   hex[65], command[600];
    struct pawl_err        err;

    tpm_close(&t);
    T_OK(pawl_hex_write(PAWL_VIEW_OF(nonce), hex, sizeof(hex), &err), &err);
    put_file(d, "attest", pawl_view(q.sign.attest, q.sign.attest_n));
    put_file(d, "sig", pawl_view(q.sign.sig, q.sign.sig_n));
    snprintf(command, sizeof(command),
             "cd $DEVICE; tpm2_readpublic -c 0x81015057 -f pem -o ak.pem; "
             "tpm2_checkquote -u ak.pem -m attest -s sig -g sha256 -q %s; "
             "! tpm2_checkquote -u ak.pem -m attest -s sig -g sha256 -q %.62sff 2>/dev/null",
             hex, hex);
    device_run(d, command);
}

/* ---- room and power ------------------------------------------------------------------------- */

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
    T_FAILS(tpm_choose_ek(t, NULL, &ek, &err), &err, PAWL_E_TPM);
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

/* ---- a liar on the bus ---------------------------------------------------------------------- */

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

/* ---- no TPM --------------------------------------------------------------------------------- */

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
        T_DEVICE("a P-256 EK carries everything", p256_ek_carries_everything, ""),
        T_DEVICE("a P-384 EK carries everything", p384_ek_carries_everything, "--ek p384"),
        T_DEVICE("an RSA EK carries everything", rsa_ek_carries_everything, "--ek rsa2048"),
        T_DEVICE("a P-256 EK of the high range carries everything", high_p256_ek_carries_everything,
                 "--ek p256-h"),
        T_DEVICE("an RSA EK of the high range carries everything", high_rsa_ek_carries_everything,
                 "--ek rsa2048-h"),
        T_DEVICE("an RSA AK carries everything", rsa_ak_carries_everything, "--ek p256"),
        T_DEVICE("lists every EK in the order of choice", lists_every_ek_in_the_order_of_choice,
                 ""),
        T_DEVICE("lists keys without certificate on demand only",
                 lists_keys_without_certificate_on_demand_only, "--ek none"),
        T_DEVICE("keeps to the EK it enrolled with", keeps_to_the_ek_it_enrolled_with, ""),
        T_DEVICE("refuses a certificate of another TPM", refuses_a_certificate_of_another_tpm,
                 "--ek p256"),
        T_DEVICE("passes over a certificate of another TPM",
                 passes_over_a_certificate_of_another_tpm, ""),
        T_DEVICE("survives rubbish in place of a certificate",
                 survives_rubbish_in_place_of_a_certificate, "--ek p256,p384"),
        T_DEVICE("survives a certificate cut short", survives_a_certificate_cut_short,
                 "--ek p256,p384"),
        T_DEVICE("finds a certificate inside padding", finds_a_certificate_inside_padding,
                 "--ek p256"),
        T_DEVICE("finds its keys again", finds_its_keys_again, "--ek p256"),
        T_DEVICE("makes nothing unless told", makes_nothing_unless_told, "--ek p256"),
        T_DEVICE("takes up what a power cut left", takes_up_what_a_power_cut_left, "--ek p256"),
        T_DEVICE("never replaces an enrolled key", never_replaces_an_enrolled_key, "--ek p256"),
        T_DEVICE("refuses a foreign object at the AK's handle",
                 refuses_a_foreign_object_at_the_ak_handle, "--ek p256"),
        T_DEVICE("refuses an AK of the owner hierarchy", refuses_an_ak_of_the_owner_hierarchy,
                 "--ek p256"),
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
        T_DEVICE("keys may live elsewhere", keys_may_live_elsewhere, "--ek p256"),
        T_DEVICE("says that the owner has a password", says_that_the_owner_has_a_password,
                 "--ek p256"),
        T_DEVICE("says that the endorsement hierarchy has a password",
                 says_that_the_endorsement_hierarchy_has_a_password, "--ek p256"),
        T_DEVICE("refuses a credential for another Name", refuses_a_credential_for_another_name,
                 "--ek p256"),
        T_DEVICE("refuses every damaged credential", refuses_every_damaged_credential,
                 "--ek rsa2048"),
        T_DEVICE("needs its keys first", needs_its_keys_first, "--ek none"),
        T_DEVICE("shows the allocated banks", shows_the_allocated_banks,
                 "--ek p256 --banks sha1,sha256"),
        T_DEVICE("quotes what was extended", quotes_what_was_extended, "--ek p256"),
        T_DEVICE("refuses a quote over no allocated bank", refuses_a_quote_over_no_allocated_bank,
                 "--ek p256"),
        T_DEVICE("drops banks that the TPM does not know", drops_banks_that_the_tpm_does_not_know,
                 "--ek p256 --banks sha1,sha256,sha384,sha512"),
        T_DEVICE("never drops SHA-256", never_drops_sha256, "--ek p256"),
        T_DEVICE("quotes again when a PCR changed in between",
                 quotes_again_when_a_pcr_changed_in_between, "--ek p256"),
        T_DEVICE("tpm2_checkquote takes our quotes", tpm2_checkquote_takes_our_quotes, "--ek p256"),
        T_DEVICE("gets by with two slots and two sessions", gets_by_with_two_slots_and_two_sessions,
                 "--ek rsa2048"),
        T_DEVICE("says that the slots are taken", says_that_the_slots_are_taken, "--ek p256"),
        T_DEVICE("says that no persistent slot is free", says_that_no_persistent_slot_is_free,
                 "--ek p256"),
        T_DEVICE("power cuts never arm the lockout (P-384)", power_cuts_never_arm_the_lockout,
                 "--ek p384"),
        T_DEVICE("power cuts never arm the lockout (RSA)", power_cuts_never_arm_the_lockout,
                 "--ek rsa2048"),
        T_DEVICE("the bus sees no secret", the_bus_sees_no_secret, "--ek p256"),
        T_DEVICE("a liar cannot put its key in the EK's place",
                 a_liar_cannot_put_its_key_in_the_eks_place, "--ek p256"),
        T_DEVICE("a liar cannot change what is quoted", a_liar_cannot_change_what_is_quoted,
                 "--ek p256"),
        T_DEVICE("tells what the TPM is", tells_what_the_tpm_is, "--ek none"),
        T_CASE("says where it looked for a TPM", says_where_it_looked_for_a_tpm),
    };

    if (!device_is_possible()) {
        printf("skipped: swtpm, tpm2-tools or openssl is missing\n");
        return 77;
    }
    return cmocka_run_group_tests_name("agent_tpm", tests, NULL, NULL);
}
