/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE_Sign1 with ES256, in the one form that Pawl signs:
 *
 *     18([ << {1: -7} >>, {4: kid}, payload, signature ])
 *
 * Everything that may vary is under the signature, but for kid, which is a hint. Spec: RFC 9052,
 * sections 4.2 and 4.4; RFC 9053, section 2.1.
 */

#include <pawl/cbor.h>
#include <pawl/cose.h>

enum {
    TAG_SIGN1 = 18,
    HEADER_KID = 4,
    ES256_SIGNATURE = 64,
    AAD_MAX = 64,
    KID_MAX = PAWL_HASH_MAX,
    /* "Signature1", the protected header and four heads beside aad. */
    SIG_STRUCTURE_HEAD_MAX = AAD_MAX + 64,
};

static const uint8_t protected_es256[] = { 0xa1, 0x01, 0x26 }; /* {1: -7} */

/* Sig_structure = ["Signature1", protected, external_aad, payload], in two parts: the payload is
 * signed where it lies. */
struct sig_structure {
    uint8_t          head[SIG_STRUCTURE_HEAD_MAX];
    struct pawl_view part[2];
};

static pawl_status sig_structure(struct pawl_view aad, struct pawl_view payload,
                                 struct sig_structure *ret, struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(ret->head, sizeof(ret->head));

    if (aad.n > AAD_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "COSE_Sign1.external_aad", "%zu bytes", aad.n);
    if (payload.n > PAWL_SIGNED_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "COSE_Sign1.payload", "%zu bytes where at most %d fit",
                         payload.n, PAWL_SIGNED_MAX);
    pawl_cbor_wr_array(&w, 4);
    pawl_cbor_wr_text(&w, "Signature1");
    pawl_cbor_wr_bytes(&w, PAWL_VIEW_OF(protected_es256));
    pawl_cbor_wr_bytes(&w, aad);
    pawl_cbor_wr_bytes_head(&w, payload.n);
    ret->part[1] = payload;
    return pawl_wr_end(&w, "COSE_Sign1", &ret->part[0], err);
}

pawl_status pawl_cose_sign1_write(const struct pawl_private *key, struct pawl_view kid,
                                  struct pawl_view external_aad, struct pawl_view payload,
                                  struct pawl_wr *w, struct pawl_err *err)
{
    struct sig_structure tbs;
    uint8_t              signature[ES256_SIGNATURE];
    struct pawl_wr       out = *w; /* committed whole or not at all */
    struct pawl_view     written;

    if (kid.n == 0 || kid.n > KID_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "COSE_Sign1.kid", "%zu bytes", kid.n);
    PAWL_TRY(sig_structure(external_aad, payload, &tbs, err));
    PAWL_TRY(pawl_es256_sign_parts(key, tbs.part, 2, signature, err));

    pawl_cbor_wr_tag(&out, TAG_SIGN1);
    pawl_cbor_wr_array(&out, 4);
    pawl_cbor_wr_bytes(&out, PAWL_VIEW_OF(protected_es256));
    pawl_cbor_wr_map(&out, 1);
    pawl_cbor_wr_uint(&out, HEADER_KID);
    pawl_cbor_wr_bytes(&out, kid);
    pawl_cbor_wr_bytes(&out, payload);
    pawl_cbor_wr_bytes(&out, PAWL_VIEW_OF(signature));
    PAWL_TRY(pawl_wr_end(&out, "COSE_Sign1", &written, err));
    *w = out;
    return pawl_ok();
}

pawl_status pawl_cose_sign1_parse(struct pawl_view in, struct pawl_cose_sign1 *ret,
                                  struct pawl_err *err)
{
    struct pawl_cbor_rd    r = pawl_cbor_rd_from(in);
    struct pawl_cose_sign1 m;

    pawl_cbor_rd_tag(&r, "tag", TAG_SIGN1);
    pawl_cbor_rd_array_of(&r, "array", 4);
    struct pawl_view protected = pawl_cbor_rd_bytes(&r, "protected", 0, PAWL_HASH_MAX);
    if (!pawl_view_equal(protected, PAWL_VIEW_OF(protected_es256)))
        pawl_cbor_rd_fail(&r, PAWL_E_FORM, "protected");
    pawl_cbor_rd_map(&r, "unprotected", 1);
    pawl_cbor_rd_need(&r, HEADER_KID, "kid");
    m.kid = pawl_cbor_rd_bytes(&r, "kid", 1, KID_MAX);
    pawl_cbor_rd_leave(&r, "unprotected");
    m.payload = pawl_cbor_rd_bytes(&r, "payload", 0, PAWL_SIGNED_MAX);
    m.signature = pawl_cbor_rd_bytes(&r, "signature", ES256_SIGNATURE, ES256_SIGNATURE);
    pawl_cbor_rd_leave(&r, "array");
    PAWL_TRY(pawl_under(err, "COSE_Sign1", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_cose_sign1_open(const struct pawl_public *key, struct pawl_view external_aad,
                                 struct pawl_view in, struct pawl_view *ret_payload,
                                 struct pawl_err *err)
{
    struct pawl_cose_sign1 m;
    struct sig_structure   tbs;

    PAWL_TRY(pawl_cose_sign1_parse(in, &m, err));
    PAWL_TRY(sig_structure(external_aad, m.payload, &tbs, err));
    PAWL_TRY(pawl_under(err, "COSE_Sign1.signature",
                        pawl_es256_verify_parts(key, tbs.part, 2, m.signature.p, err)));
    *ret_payload = m.payload;
    return pawl_ok();
}
