/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u8 type, u8 version, u8 hash, be32 key id, be16 n, u8[n] signature: PKCS #1 v1.5, or ECDSA in
 * DER. Version 2 signs the digest of a file, version 3 a hash over type, hash and digest of
 * fs-verity.
 */
#include "appraise/ima_signature.h"

#include <inttypes.h>
#include <string.h>

enum {
    TYPE_FILE = 3,   /* EVM_IMA_XATTR_DIGSIG */
    TYPE_VERITY = 6, /* IMA_VERITY_DIGSIG */
};

/* ---- keys ----------------------------------------------------------------------------------- */

/* RSAPublicKey (RFC 8017, A.1.1) of a modulus whose highest bit is set. */
static void write_rsa(struct pawl_wr *w, struct pawl_view modulus)
{
    static const uint8_t exponent[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };
    const size_t         integer_n = 1 + modulus.n;

    pawl_wr_u16(w, 0x3082); /* SEQUENCE */
    pawl_wr_u16(w, (uint16_t)(4 + integer_n + sizeof(exponent)));
    pawl_wr_u16(w, 0x0282); /* INTEGER */
    pawl_wr_u16(w, (uint16_t)integer_n);
    pawl_wr_u8(w, 0); /* or it would be negative */
    pawl_wr_bytes(w, modulus);
    pawl_wr_bytes(w, PAWL_VIEW_OF(exponent));
}

pawl_status ima_key_make(const struct pawl_public *key, struct ima_key *ret, struct pawl_err *err)
{
    uint8_t            b[PAWL_RSA_MODULUS_MAX + 32];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_view   bits;
    struct pawl_digest d;

    PAWL_TRY(pawl_public_check(key, err));
    if (key->kind == PAWL_KEY_RSA)
        write_rsa(&w, pawl_view(key->b, key->n));
    else
        pawl_wr_bytes(&w, pawl_view(key->b, key->n));
    PAWL_TRY(pawl_wr_end(&w, "key", &bits, err));
    PAWL_TRY(pawl_hash(PAWL_SHA1, &bits, 1, &d, err));
    struct pawl_rd end = pawl_rd_from(pawl_view(d.b + d.n - 4, 4));
    *ret = (struct ima_key){ .id = pawl_rd_u32(&end, "id"), .key = *key };
    return pawl_ok();
}

/* ---- signatures ----------------------------------------------------------------------------- */

struct signature {
    uint8_t          type, version, hash;
    uint32_t         key_id;
    struct pawl_view bytes;
};

static pawl_status parse(struct pawl_view in, struct signature *ret, struct pawl_err *err)
{
    struct pawl_rd   r = pawl_rd_from(in);
    struct signature s = { 0 };

    s.type = pawl_rd_u8(&r, "sig.type");
    s.version = pawl_rd_u8(&r, "sig.version");
    s.hash = pawl_rd_u8(&r, "sig.hash_algo");
    s.key_id = pawl_rd_u32(&r, "sig.keyid");
    s.bytes = pawl_rd_tpm2b(&r, "sig.sig", PAWL_SIGNATURE_MAX);
    PAWL_TRY(pawl_rd_end(&r, err));
    *ret = s;
    return pawl_ok();
}

/* The kernel's enum hash_algo, of what is long enough to sign. */
static enum pawl_hash hash_of(uint8_t algo)
{
    static const enum pawl_hash known[] = {
        [4] = PAWL_SHA256, [5] = PAWL_SHA384, [6] = PAWL_SHA512
    };

    return algo < sizeof(known) / sizeof(known[0]) ? known[algo] : PAWL_HASH_NONE;
}

static pawl_status check_kind(const struct signature *s, const struct ima_digest *file,
                              struct pawl_err *err)
{
    if (s->type != TYPE_FILE && s->type != TYPE_VERITY)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "sig.type", "%u is no signature of a file",
                         s->type);
    if (s->version != (s->type == TYPE_VERITY ? 3 : 2))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "sig.version", "%u does not go with type %u",
                         s->version, s->type);
    if (file->verity != (s->type == TYPE_VERITY))
        return pawl_fail(err, PAWL_E_FORGED, "sig.type", "the digest is %s of fs-verity",
                         file->verity ? "one" : "none");
    if (hash_of(s->hash) == PAWL_HASH_NONE)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "sig.hash_algo", "%u is not taken", s->hash);
    if (hash_of(s->hash) != file->alg)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "sig.hash_algo", "%s was signed, %s was measured",
                         pawl_hash_name(hash_of(s->hash)), pawl_hash_name(file->alg));
    return pawl_ok();
}

/* What the key signed. */
static pawl_status signed_digest(const struct signature *s, const struct ima_digest *file,
                                 struct pawl_digest *ret, struct pawl_err *err)
{
    const uint8_t          id[] = { s->type, s->hash };
    const struct pawl_view parts[] = { PAWL_VIEW_OF(id), file->bytes };

    if (s->type == TYPE_VERITY)
        return pawl_hash(file->alg, parts, 2, ret, err);
    ret->n = file->bytes.n; /* alg is known, so it has that hash's length */
    memcpy(ret->b, file->bytes.p, file->bytes.n);
    return pawl_ok();
}

static pawl_status verify(const struct pawl_public *key, const struct signature *s,
                          enum pawl_hash hash, struct pawl_view digest, struct pawl_err *err)
{
    uint8_t rs[PAWL_SIGNATURE_MAX];
    size_t  n;

    if (key->kind == PAWL_KEY_RSA)
        return pawl_verify(key, PAWL_SIG_RSASSA, hash, digest, s->bytes, err);
    PAWL_TRY(pawl_ecdsa_from_der(key->kind, s->bytes, rs, sizeof(rs), &n, err));
    return pawl_verify(key, PAWL_SIG_ECDSA, hash, digest, pawl_view(rs, n), err);
}

pawl_status ima_signature_check(struct pawl_view sig, const struct ima_digest *file,
                                const struct ima_key *keys, size_t keys_n, struct pawl_err *err)
{
    struct signature   s;
    struct pawl_digest d;
    struct pawl_err    ignored;
    bool               found = false;

    PAWL_TRY(parse(sig, &s, err));
    PAWL_TRY(check_kind(&s, file, err));
    PAWL_TRY(signed_digest(&s, file, &d, err));
    for (size_t i = 0; i < keys_n; i++) {
        if (keys[i].id != s.key_id)
            continue;
        found = true;
        if (pawl_is_ok(verify(&keys[i].key, &s, file->alg, pawl_digest_view(&d), &ignored)))
            return pawl_ok();
    }
    if (!found)
        return pawl_fail(err, PAWL_E_ABSENT, "sig.keyid", "no key has the id %08" PRIx32, s.key_id);
    return pawl_fail(err, PAWL_E_FORGED, "sig.sig", "does not verify by the key %08" PRIx32,
                     s.key_id);
}
