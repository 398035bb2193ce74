/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "steps.h"

const uint8_t nonce[32] = "the hash of a labelled record";

struct tpm *open_bent(const struct device *d, const char *bend)
{
    char            tcti[512];
    struct pawl_err err;
    struct tpm     *t = NULL;

    setenv("PAWL_BEND", bend, 1);
    snprintf(tcti, sizeof(tcti), "%s:%s", getenv("PAWL_TCTI_BEND"), d->tcti);
    T_OK(tpm_open(tcti, &t, &err), &err);
    return t;
}

struct tpm *open_tpm(const struct device *d)
{
    return open_bent(d, "");
}

struct tpm_ek chosen(struct tpm *t)
{
    struct tpm_ek   ek;
    struct pawl_err err;

    T_OK(tpm_choose_ek(t, NULL, &ek, &err), &err);
    return ek;
}

struct tpm_keys opened(struct tpm *t, const struct tpm_keys_config *cfg)
{
    struct tpm_ek   ek = chosen(t);
    struct tpm_keys keys;
    struct pawl_err err;

    T_OK(tpm_keys_open(t, &ek, cfg, &keys, &err), &err);
    return keys;
}

void leaves_nothing(struct tpm *t)
{
    struct tpm_facts f;
    struct pawl_err  err;

    T_OK(tpm_facts(t, &f, &err), &err);
    assert_int_equal(f.transients, 0);
    assert_int_equal(f.sessions, 0);
    assert_int_equal(f.lockout_counter, 0);
}

struct pawl_tpm_public public_of(const struct tpm_key *k)
{
    struct pawl_tpm_public pub;
    struct pawl_err        err;

    T_OK(pawl_tpm_public_parse(pawl_view(k->bytes, k->n), &pub, &err), &err);
    return pub;
}

void verifies(const struct tpm_key *ak, const struct tpm_signed *s)
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

struct tpm_quote quotes_all(struct tpm *t, const struct tpm_keys *keys)
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

void certifies(struct tpm *t, const struct tpm_keys *keys)
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

struct pawl_credential credential_for(const struct tpm_keys *keys, const struct pawl_name *name,
                                      struct pawl_secret *secret)
{
    struct pawl_tpm_public ek = public_of(&keys->ek);
    struct pawl_credential cred;
    struct pawl_err        err;

    T_OK(pawl_secret_random(32, secret, &err), &err);
    T_OK(pawl_make_credential(&ek, name, secret, &cred, &err), &err);
    return cred;
}

void activates(struct tpm *t, const struct tpm_keys *keys)
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
void carries_everything(const struct device *d, const struct tpm_keys_config *cfg,
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
