/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPMT_SIGNATURE (Part 2, 11.3.4) and the verification of an attestation by it.
 *
 * The key decides which algorithm and hash a signature has, never the signature. There is one way
 * to success and it ends in pawl_verify or pawl_p256_verify.
 */

#include <string.h>

#include <pawl/tpm.h>

enum { FIELD_P256 = 32, FIELD_P384 = 48 };

/* signatureR and signatureS, both padded to the field that the longer one needs. */
static void rd_ecdsa(struct pawl_rd *r, struct pawl_tpm_signature *sig)
{
    struct pawl_view rr = pawl_rd_tpm2b(r, "signatureR", FIELD_P384);
    struct pawl_view ss = pawl_rd_tpm2b(r, "signatureS", FIELD_P384);
    size_t           half = rr.n > FIELD_P256 || ss.n > FIELD_P256 ? FIELD_P384 : FIELD_P256;

    if (r->bad)
        return;
    sig->n = 2 * half;
    if (rr.n)
        memcpy(sig->b + half - rr.n, rr.p, rr.n);
    if (ss.n)
        memcpy(sig->b + 2 * half - ss.n, ss.p, ss.n);
}

static void rd_rsa(struct pawl_rd *r, struct pawl_tpm_signature *sig)
{
    struct pawl_view v = pawl_rd_tpm2b(r, "sig", PAWL_SIGNATURE_MAX);

    if (r->bad)
        return;
    sig->n = v.n;
    memcpy(sig->b, v.p, v.n);
}

static enum pawl_sig_alg sig_alg(uint16_t scheme)
{
    switch (scheme) {
    case PAWL_TPM_ALG_RSASSA:
        return PAWL_SIG_RSASSA;
    case PAWL_TPM_ALG_RSAPSS:
        return PAWL_SIG_RSAPSS;
    case PAWL_TPM_ALG_ECDSA:
        return PAWL_SIG_ECDSA;
    default:
        return PAWL_SIG_NONE;
    }
}

pawl_status pawl_tpm_signature_parse(struct pawl_view in, struct pawl_tpm_signature *ret,
                                     struct pawl_err *err)
{
    struct pawl_rd            r = pawl_rd_from(in);
    struct pawl_tpm_signature sig = { 0 };

    sig.alg = sig_alg(pawl_rd_u16(&r, "sigAlg"));
    if (sig.alg == PAWL_SIG_NONE)
        pawl_rd_fail(&r, PAWL_E_UNSUPPORTED, "sigAlg");
    sig.hash = pawl_tpm_hash(pawl_rd_u16(&r, "hash"));
    if (sig.hash == PAWL_HASH_NONE || sig.hash == PAWL_SHA1)
        pawl_rd_fail(&r, PAWL_E_UNSUPPORTED, "hash");
    if (sig.alg == PAWL_SIG_ECDSA)
        rd_ecdsa(&r, &sig);
    else
        rd_rsa(&r, &sig);
    PAWL_TRY(pawl_rd_end(&r, err));
    *ret = sig;
    return pawl_ok();
}

/* The signature is of the one kind that this key makes. */
static pawl_status check_scheme(const struct pawl_tpm_public    *pub,
                                const struct pawl_tpm_signature *sig, struct pawl_err *err)
{
    enum pawl_sig_alg want = sig_alg(pub->scheme);
    bool              rsa = pub->key.kind == PAWL_KEY_RSA;

    if (want == PAWL_SIG_NONE || (want == PAWL_SIG_ECDSA) == rsa)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "parameters.scheme.scheme",
                         "0x%04x does not sign with %s", (unsigned)pub->scheme,
                         pawl_public_name(&pub->key));
    if (pawl_hash_n(pub->scheme_hash) < pawl_hash_n(PAWL_SHA256))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "parameters.scheme.details.hashAlg",
                         "%s is too weak to sign with", pawl_hash_name(pub->scheme_hash));
    if (sig->alg != want)
        return pawl_fail(err, PAWL_E_FORGED, "sigAlg", "not the key's scheme");
    if (sig->hash != pub->scheme_hash)
        return pawl_fail(err, PAWL_E_FORGED, "hash", "%s, the key signs with %s",
                         pawl_hash_name(sig->hash), pawl_hash_name(pub->scheme_hash));
    return pawl_ok();
}

pawl_status pawl_tpm_verify(struct pawl_p256_verifier *v, const struct pawl_tpm_public *pub,
                            struct pawl_view attest, const struct pawl_tpm_signature *sig,
                            struct pawl_err *err)
{
    struct pawl_digest digest;

    PAWL_TRY(check_scheme(pub, sig, err));
    PAWL_TRY(pawl_hash(sig->hash, &attest, 1, &digest, err));
    if (v && pub->key.kind == PAWL_KEY_P256 && sig->hash == PAWL_SHA256 && sig->n == 2 * FIELD_P256)
        return pawl_p256_verify(v, pub->key.b, digest.b, sig->b, err);
    return pawl_verify(&pub->key, sig->alg, sig->hash, pawl_digest_view(&digest),
                       pawl_view(sig->b, sig->n), err);
}
