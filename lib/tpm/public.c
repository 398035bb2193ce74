/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPMT_PUBLIC (Part 2, 12.2.4) of type RSA or ECC.
 *
 * Invariants
 *  1. A structure is taken whole or not at all; the bytes that were parsed are the bytes that the
 *     Name is computed from.
 *  2. The key that comes out is a good key: on its curve, or a modulus of an accepted size. Hashes
 *     weaker than SHA-256 are refused here, so no caller has to think of them.
 *
 * Whether the key is the right kind of key is template.c's to say.
 */

#include <string.h>

#include "tpm/point.h"

enum { RSA_EXPONENT = 65537 };

/* A TPMI_ALG_HASH that names or signs: SHA-1 is not good enough for either. */
static enum pawl_hash rd_hash(struct pawl_rd *r, const char *field)
{
    enum pawl_hash h = pawl_tpm_hash(pawl_rd_u16(r, field));

    if (h == PAWL_HASH_NONE || h == PAWL_SHA1)
        pawl_rd_fail(r, PAWL_E_UNSUPPORTED, field);
    return h;
}

/* TPMT_SYM_DEF_OBJECT: none, or AES in CFB mode. */
static void rd_symmetric(struct pawl_rd *r, struct pawl_tpm_public *pub)
{
    pub->sym = pawl_rd_u16(r, "parameters.symmetric.algorithm");
    if (pub->sym == PAWL_TPM_ALG_NULL)
        return;
    if (pub->sym != PAWL_TPM_ALG_AES)
        pawl_rd_fail(r, PAWL_E_UNSUPPORTED, "parameters.symmetric.algorithm");
    pub->sym_bits = pawl_rd_u16(r, "parameters.symmetric.keyBits");
    if (pub->sym_bits != 128 && pub->sym_bits != 192 && pub->sym_bits != 256)
        pawl_rd_fail(r, PAWL_E_RANGE, "parameters.symmetric.keyBits");
    if (pawl_rd_u16(r, "parameters.symmetric.mode") != PAWL_TPM_ALG_CFB)
        pawl_rd_fail(r, PAWL_E_UNSUPPORTED, "parameters.symmetric.mode");
}

/* TPMT_RSA_SCHEME or TPMT_ECC_SCHEME: none, or one of the signing schemes of the key's type. */
static void rd_scheme(struct pawl_rd *r, struct pawl_tpm_public *pub)
{
    bool rsa = pub->type == PAWL_TPM_ALG_RSA;

    pub->scheme = pawl_rd_u16(r, "parameters.scheme.scheme");
    switch (pub->scheme) {
    case PAWL_TPM_ALG_NULL:
        return;
    case PAWL_TPM_ALG_RSASSA:
    case PAWL_TPM_ALG_RSAPSS:
        if (!rsa)
            pawl_rd_fail(r, PAWL_E_UNSUPPORTED, "parameters.scheme.scheme");
        break;
    case PAWL_TPM_ALG_ECDSA:
        if (rsa)
            pawl_rd_fail(r, PAWL_E_UNSUPPORTED, "parameters.scheme.scheme");
        break;
    default:
        pawl_rd_fail(r, PAWL_E_UNSUPPORTED, "parameters.scheme.scheme");
    }
    pub->scheme_hash = rd_hash(r, "parameters.scheme.details.hashAlg");
}

/* TPMS_RSA_PARMS and the modulus. The modulus fills keyBits exactly: a shorter or padded one would
 * be a second spelling. */
static void rd_rsa(struct pawl_rd *r, struct pawl_tpm_public *pub)
{
    rd_symmetric(r, pub);
    rd_scheme(r, pub);
    uint16_t bits = pawl_rd_u16(r, "parameters.rsaDetail.keyBits");
    if (bits != 2048 && bits != 3072 && bits != 4096)
        pawl_rd_fail(r, PAWL_E_RANGE, "parameters.rsaDetail.keyBits");
    uint32_t exponent = pawl_rd_u32(r, "parameters.rsaDetail.exponent");
    if (exponent != 0 && exponent != RSA_EXPONENT)
        pawl_rd_fail(r, PAWL_E_RANGE, "parameters.rsaDetail.exponent");

    struct pawl_view n = pawl_rd_tpm2b(r, "unique.rsa", PAWL_RSA_MODULUS_MAX);
    if (n.n != bits / 8u || (n.n && !(n.p[0] & 0x80)))
        pawl_rd_fail(r, PAWL_E_RANGE, "unique.rsa");
    if (r->bad)
        return;
    pub->key.kind = PAWL_KEY_RSA;
    pub->key.n = n.n;
    memcpy(pub->key.b, n.p, n.n);
}

/* TPMS_ECC_PARMS and the point. */
static void rd_ecc(struct pawl_rd *r, struct pawl_tpm_public *pub)
{
    size_t field_n = 0;

    rd_symmetric(r, pub);
    rd_scheme(r, pub);
    switch (pawl_rd_u16(r, "parameters.eccDetail.curveID")) {
    case PAWL_TPM_ECC_P256:
        pub->key.kind = PAWL_KEY_P256;
        field_n = 32;
        break;
    case PAWL_TPM_ECC_P384:
        pub->key.kind = PAWL_KEY_P384;
        field_n = 48;
        break;
    default:
        pawl_rd_fail(r, PAWL_E_UNSUPPORTED, "parameters.eccDetail.curveID");
    }
    if (pawl_rd_u16(r, "parameters.eccDetail.kdf.scheme") != PAWL_TPM_ALG_NULL)
        pawl_rd_fail(r, PAWL_E_UNSUPPORTED, "parameters.eccDetail.kdf.scheme");

    pub->key.n = 1 + 2 * field_n;
    pub->key.b[0] = 0x04;
    rd_coordinate(r, "unique.ecc.x", pub->key.b + 1, field_n);
    rd_coordinate(r, "unique.ecc.y", pub->key.b + 1 + field_n, field_n);
}

pawl_status pawl_tpm_public_parse(struct pawl_view in, struct pawl_tpm_public *ret,
                                  struct pawl_err *err)
{
    struct pawl_rd         r = pawl_rd_from(in);
    struct pawl_tpm_public pub = { .bytes = in };

    pub.type = pawl_rd_u16(&r, "type");
    if (pub.type != PAWL_TPM_ALG_RSA && pub.type != PAWL_TPM_ALG_ECC)
        pawl_rd_fail(&r, PAWL_E_UNSUPPORTED, "type");
    pub.name_alg = rd_hash(&r, "nameAlg");
    pub.attributes = pawl_rd_u32(&r, "objectAttributes");
    pub.policy = pawl_rd_tpm2b(&r, "authPolicy", PAWL_POLICY_MAX);
    if (pub.policy.n != 0 && pub.policy.n != pawl_hash_n(pub.name_alg))
        pawl_rd_fail(&r, PAWL_E_RANGE, "authPolicy");
    if (pub.type == PAWL_TPM_ALG_RSA)
        rd_rsa(&r, &pub);
    else
        rd_ecc(&r, &pub);
    PAWL_TRY(pawl_rd_end(&r, err));

    PAWL_TRY(pawl_under(err, "unique", pawl_public_check(&pub.key, err)));
    *ret = pub;
    return pawl_ok();
}
