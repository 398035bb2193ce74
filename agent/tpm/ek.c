/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endorsement Keys: certificates in NV, and the keys that the TPM makes from the templates.
 *
 * A certificate alone proves nothing about this TPM, and a key alone nothing to a verifier: an EK
 * counts when the TPM makes the very key that the certificate names. Whether the certificate is any
 * good is the verifier's business. TCG EK Credential Profile 2.6, sections 2.2.2 and B.
 */

#include <string.h>

#include "tpm/ek.h"
#include "tpm/nv.h"
#include "tpm/object.h"

struct place {
    TPM2_HANDLE index;
    TPM2_HANDLE handle;
    enum pawl_template template;
    const char *unsupported; /* what it is, if template is NONE */
};

/* In the order of choice: P-256, P-384, RSA-2048. */
static const struct place places[TPM_EKS_MAX] = {
    { 0x01c0000a, 0x81010002, PAWL_EK_P256, NULL },
    { 0x01c00014, 0x81010014, PAWL_EK_P256_H, NULL },
    { 0x01c00016, 0x81010016, PAWL_EK_P384, NULL },
    { 0x01c00002, 0x81010001, PAWL_EK_RSA2048, NULL },
    { 0x01c00012, 0x81010012, PAWL_EK_RSA2048_H, NULL },
    { 0x01c00018, 0, PAWL_TEMPLATE_NONE, "P-521" },
    { 0x01c0001a, 0, PAWL_TEMPLATE_NONE, "SM2" },
    { 0x01c0001c, 0, PAWL_TEMPLATE_NONE, "RSA-3072" },
    { 0x01c0001e, 0, PAWL_TEMPLATE_NONE, "RSA-4096" },
};

const char *tpm_ek_state_name(enum tpm_ek_state s)
{
    static const char *const name[TPM_EK_STATE_COUNT] = {
        [TPM_EK_NONE] = "none",       [TPM_EK_MATCHES] = "matches",
        [TPM_EK_DIFFERS] = "differs", [TPM_EK_NO_CERT] = "no-certificate",
        [TPM_EK_BAD] = "bad",         [TPM_EK_UNSUPPORTED] = "unsupported",
    };

    return (unsigned)s < TPM_EK_STATE_COUNT ? name[s] : "unknown";
}

TPM2_HANDLE ek_handle(enum pawl_template template)
{
    for (size_t i = 0; i < TPM_EKS_MAX; i++)
        if (places[i].template == template)
            return places[i].handle;
    return 0;
}

/* ---- certificates --------------------------------------------------------------------------- */

/* Reads and parses the certificate at the place; ABSENT if there is none. */
static pawl_status read_cert(struct tpm *t, const struct place *at, struct tpm_ek *ek,
                             struct pawl_err *err)
{
    uint8_t          nv[PAWL_CERT_MAX];
    size_t           n = 0;
    struct pawl_view der = { 0 };

    PAWL_TRY(nv_read(t, at->index, nv, sizeof(nv), &n, err));
    PAWL_TRY(pawl_under(err, "ek_cert", pawl_ek_cert_der(pawl_view(nv, n), &der, err)));
    memcpy(ek->cert, der.p, der.n);
    ek->cert_n = der.n;
    if (at->template == PAWL_TEMPLATE_NONE)
        return pawl_ok();
    return pawl_under(err, "ek_cert", pawl_ek_cert_parse(der, &ek->facts, err));
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* The public area that an EK of this template with the certificate's key has; its Name is the
 * anchor of all our sessions. */
static pawl_status expected_public(const struct place *at, const struct pawl_public *key,
                                   struct tpm_key *ret, struct pawl_err *err)
{
    struct pawl_wr         w = pawl_wr_to(ret->bytes, sizeof(ret->bytes));
    struct pawl_tpm_public pub;
    struct pawl_view       v = { 0 };

    PAWL_TRY(pawl_template_write(at->template, key, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "publicArea", &v, err));
    PAWL_TRY(pawl_tpm_public_parse(v, &pub, err));
    ret->n = v.n;
    return pawl_tpm_name(&pub, &ret->name, err);
}

/* True if the persistent EK is this one already: spares making it, seconds for RSA. A handle that
 * lies is found out by the first salted session. */
static bool is_persistent(struct tpm *t, const struct place *at, const struct pawl_name *name)
{
    struct pawl_err ignored;
    struct tpm_key  key;
    ESYS_TR         tr = ESYS_TR_NONE;
    bool            there = false;

    if (!pawl_is_ok(tpm_has_handle(t, at->handle, &there, &ignored)) || !there)
        return false;
    if (!pawl_is_ok(object_read(t, at->handle, &tr, &key, &ignored)))
        return false;
    Esys_TR_Close(t->esys, &tr);
    return pawl_name_equal(&key.name, name);
}

static pawl_status make_key(struct tpm *t, const struct place *at, struct tpm_key *ret,
                            struct pawl_err *err)
{
    TPM_LOADED l = { 0 };

    return object_make_primary(t, ESYS_TR_RH_ENDORSEMENT, at->template, &l, ret, err);
}

static pawl_status set_key(struct tpm_ek *ek, const struct tpm_key *key, struct pawl_err *err)
{
    PAWL_TRY(pawl_sha256(pawl_name_view(&key->name), ek->device_id, err));
    memcpy(ek->public, key->bytes, key->n);
    ek->public_n = key->n;
    ek->name = key->name;
    return pawl_ok();
}

/* Holds the TPM's key against the certificate's. An EK other than the one to keep is left alone,
 * in state NONE: its key would take seconds to make. */
static pawl_status compare(struct tpm *t, const struct place *at, const struct pawl_name *keep,
                           struct tpm_ek *ek, struct pawl_err *err)
{
    struct tpm_key expected = { 0 };
    struct tpm_key made = { 0 };

    PAWL_TRY(pawl_under(err, "ek_cert", expected_public(at, &ek->facts.key, &expected, err)));
    if (keep && !pawl_name_equal(&expected.name, keep)) {
        ek->state = TPM_EK_NONE;
        return pawl_ok();
    }
    if (!is_persistent(t, at, &expected.name)) {
        PAWL_TRY(make_key(t, at, &made, err));
        if (!pawl_name_equal(&made.name, &expected.name)) {
            PAWL_TRY(set_key(ek, &made, err));
            ek->state = TPM_EK_DIFFERS;
            return pawl_fail(err, PAWL_E_FORGED, "ek_cert.subjectPublicKeyInfo",
                             "0x%08x: not the key that the TPM makes from the template %s",
                             at->index, pawl_template_name(at->template));
        }
    }
    ek->state = TPM_EK_MATCHES;
    return set_key(ek, &expected, err);
}

/* ---- one place ------------------------------------------------------------------------------ */

/* Fails only with ABSENT, and when the TPM does not work at the moment, which says nothing about
 * this EK: passing on to the next one then would make another device of us. What is wrong with this
 * one EK stands in ek->state and ek->problem. */
static pawl_status examine(struct tpm *t, const struct place *at, const struct pawl_name *keep,
                           struct tpm_ek *ek, struct pawl_err *err)
{
    struct pawl_err problem = { 0 };

    *ek = (struct tpm_ek){ .state = TPM_EK_BAD, .index = at->index, .template = at->template };
    pawl_status s = read_cert(t, at, ek, &problem);
    if (pawl_is_ok(s) && at->template == PAWL_TEMPLATE_NONE) {
        ek->state = TPM_EK_UNSUPPORTED;
        s = pawl_fail(&problem, PAWL_E_UNSUPPORTED, "ek_cert", "%s keys are not used",
                      at->unsupported);
    } else if (pawl_is_ok(s)) {
        s = compare(t, at, keep, ek, &problem);
    }
    if (s.code == PAWL_E_ABSENT || s.code == PAWL_E_IO || s.code == PAWL_E_MEMORY) {
        *err = problem;
        return s;
    }
    ek->problem = problem;
    return pawl_ok();
}

/* A key without certificate: RSA-2048, P-256 and P-384 where the TPM can make them. */
static pawl_status examine_bare(struct tpm *t, const struct place *at, struct tpm_ek *ek,
                                struct pawl_err *err)
{
    struct tpm_key made = { 0 };

    *ek = (struct tpm_ek){ .state = TPM_EK_NO_CERT, .index = at->index, .template = at->template };
    PAWL_TRY(make_key(t, at, &made, err));
    return set_key(ek, &made, err);
}

static bool is_usual(enum pawl_template t)
{
    return t == PAWL_EK_P256 || t == PAWL_EK_P384 || t == PAWL_EK_RSA2048;
}

pawl_status tpm_identity(struct tpm *t, bool keys_too, struct tpm_identity *ret,
                         struct pawl_err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < TPM_EKS_MAX; i++) {
        pawl_status s = examine(t, &places[i], NULL, &ret->ek[n], err);
        if (s.code == PAWL_E_ABSENT && keys_too && is_usual(places[i].template))
            s = examine_bare(t, &places[i], &ret->ek[n], err);
        if (s.code == PAWL_E_IO || s.code == PAWL_E_MEMORY)
            return s;
        if (pawl_is_ok(s))
            n++;
    }
    if (n == 0)
        return pawl_fail(err, PAWL_E_ABSENT, "ek_cert", "the TPM holds no EK certificate");
    ret->n = n;
    return pawl_ok();
}

/* ---- choice --------------------------------------------------------------------------------- */

static pawl_status explain_no_choice(bool others, const struct pawl_err *first,
                                     struct pawl_err *err)
{
    if (first->code != PAWL_E_NONE) {
        *err = *first;
        return (pawl_status){ first->code };
    }
    if (others)
        return pawl_fail(
            err, PAWL_E_ABSENT, "ek_cert",
            "the EK that this device enrolled with is gone; if the TPM is another one: empty "
            "the state");
    return pawl_fail(err, PAWL_E_ABSENT, "ek_cert",
                     "the TPM holds no EK certificate: ask its maker, or use another TPM");
}

pawl_status tpm_choose_ek(struct tpm *t, const struct pawl_name *keep, struct tpm_ek *ret,
                          struct pawl_err *err)
{
    struct pawl_err first = { 0 }; /* what is wrong with the first bad one */
    bool            others = false;
    struct tpm_ek   ek;

    for (size_t i = 0; i < TPM_EKS_MAX; i++) {
        pawl_status s = examine(t, &places[i], keep, &ek, err);
        if (s.code == PAWL_E_ABSENT)
            continue;
        PAWL_TRY(s);
        if (ek.state == TPM_EK_MATCHES) {
            *ret = ek;
            return pawl_ok();
        }
        others = others || ek.state == TPM_EK_NONE;
        if (first.code == PAWL_E_NONE)
            first = ek.problem;
    }
    return explain_no_choice(others, &first, err);
}
