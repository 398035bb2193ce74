/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE_Encrypt0 and COSE_Encrypt with one recipient that has the secret already:
 *
 *     16([ << header >>, header, ciphertext ])
 *     96([ << header >>, header, ciphertext, [ [ << header >>, header, h'' ] ] ])
 *
 * Spec: RFC 9052, sections 5.1 to 5.3; RFC 9053, sections 5.1, 5.2 and 6.1.2. Not here: which
 * parameters a message of ours has (lib/ratchet).
 */

#include "cose/header.h"

enum {
    TAG_ENCRYPT0 = 16,
    TAG_ENCRYPT = 96,
    PROTECTED_MAX = 256,
    CIPHERTEXT_MAX = PAWL_PLAINTEXT_MAX + PAWL_AEAD_TAG,
    CONTEXT_MAX = 512, /* of COSE_KDF_Context, and of Enc_structure */
};

/* {1: -10} */
static const uint8_t direct_hkdf[] = { 0xa1, 0x01, 0x29 };

/* ---- parse ---------------------------------------------------------------------------------- */

static void layer_read(struct pawl_cbor_rd *r, size_t ciphertext_max, struct pawl_cose_layer *l)
{
    l->bytes = pawl_cbor_rd_bytes(r, "protected", 0, PROTECTED_MAX);
    cose_header_read(r, "unprotected", &l->open, &l->param);
    l->ciphertext = pawl_cbor_rd_bytes(r, "ciphertext", 0, ciphertext_max);
}

/* The header inside the byte string. One without parameters is authenticated as no bytes, in
 * whichever of its two spellings it came (RFC 9052 5.3). */
static pawl_status protected_parse(struct pawl_cose_layer *l, struct pawl_err *err)
{
    /* What nearly every recipient says needs no reader. */
    if (pawl_view_equal(l->bytes, PAWL_VIEW_OF(direct_hkdf))) {
        l->protected_ = PAWL_COSE_ALG;
        l->param.alg = PAWL_COSE_DIRECT_HKDF_SHA_256;
    } else if (l->bytes.n) {
        struct pawl_cbor_rd r = pawl_cbor_rd_from(l->bytes);
        cose_header_read(&r, "map", &l->protected_, &l->param);
        PAWL_TRY(pawl_under(err, "protected", pawl_cbor_rd_end(&r, err)));
    }
    if (l->protected_ == 0)
        l->bytes = pawl_view(NULL, 0);
    if (l->protected_ & l->open & ~PAWL_COSE_UNKNOWN)
        return pawl_fail(err, PAWL_E_FORM, "unprotected", "a parameter that is protected too");
    return pawl_ok();
}

static pawl_status parse(struct pawl_view in, struct pawl_cose_encrypt *m, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);
    bool                has_recipient = in.n && in.p[0] != (0xc0 | TAG_ENCRYPT0);

    m->form = has_recipient ? PAWL_COSE_ENCRYPT : PAWL_COSE_ENCRYPT0;
    pawl_cbor_rd_tag(&r, "tag", has_recipient ? TAG_ENCRYPT : TAG_ENCRYPT0);
    pawl_cbor_rd_array_of(&r, "array", has_recipient ? 4 : 3);
    layer_read(&r, CIPHERTEXT_MAX, &m->body);
    if (has_recipient) {
        pawl_cbor_rd_array_of(&r, "recipients", 1);
        pawl_cbor_rd_array_of(&r, "recipient", 3);
        layer_read(&r, 0, &m->recipient);
        pawl_cbor_rd_leave(&r, "recipient");
        pawl_cbor_rd_leave(&r, "recipients");
    }
    pawl_cbor_rd_leave(&r, "array");
    PAWL_TRY(pawl_cbor_rd_end(&r, err));
    PAWL_TRY(protected_parse(&m->body, err));
    return pawl_under(err, "recipient", protected_parse(&m->recipient, err));
}

pawl_status pawl_cose_encrypt_parse(struct pawl_view in, struct pawl_cose_encrypt *ret,
                                    struct pawl_err *err)
{
    struct pawl_cose_encrypt m = { 0 };

    PAWL_TRY(pawl_under(err, "COSE_Encrypt", parse(in, &m, err)));
    *ret = m;
    return pawl_ok();
}

/* ---- content key ---------------------------------------------------------------------------- */

static void bytes_or_nil(struct pawl_wr *w, struct pawl_view v)
{
    if (v.p)
        pawl_cbor_wr_bytes(w, v);
    else
        pawl_cbor_wr_null(w);
}

/* PartyInfo = [ identity, nonce, other ] */
static void party_write(struct pawl_wr *w, const struct pawl_cose_party *p)
{
    pawl_cbor_wr_array(w, 3);
    bytes_or_nil(w, p->identity);
    if (p->nonce.p)
        pawl_wr_bytes(w, p->nonce);
    else
        pawl_cbor_wr_null(w);
    bytes_or_nil(w, p->other);
}

/* COSE_KDF_Context = [ AlgorithmID, PartyUInfo, PartyVInfo,
 *                      SuppPubInfo: [ keyDataLength in bits, protected, ?other ], ?SuppPrivInfo ]
 */
static void context_write(struct pawl_wr *w, enum pawl_aead aead,
                          const struct pawl_cose_context *ctx)
{
    pawl_cbor_wr_array(w, 4u + (ctx->priv_info.p != NULL));
    pawl_cbor_wr_int(w, pawl_cose_alg(aead));
    party_write(w, &ctx->u);
    party_write(w, &ctx->v);
    pawl_cbor_wr_array(w, 2u + (ctx->pub_other.p != NULL));
    pawl_cbor_wr_uint(w, 8 * pawl_aead_key_n(aead));
    pawl_cbor_wr_bytes(w, ctx->recipient);
    if (ctx->pub_other.p)
        pawl_cbor_wr_bytes(w, ctx->pub_other);
    if (ctx->priv_info.p)
        pawl_cbor_wr_bytes(w, ctx->priv_info);
}

pawl_status pawl_cose_content_key(const struct pawl_secret *prk, enum pawl_aead aead,
                                  const struct pawl_cose_context *ctx, struct pawl_secret *ret,
                                  struct pawl_err *err)
{
    uint8_t          b[CONTEXT_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view info;

    if (pawl_cose_alg(aead) == 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "COSE_KDF_Context.AlgorithmID", "none of ours");
    context_write(&w, aead, ctx);
    PAWL_TRY(pawl_wr_end(&w, "COSE_KDF_Context", &info, err));
    return pawl_hkdf_expand(prk, info, pawl_aead_key_n(aead), ret, err);
}

/* ---- content -------------------------------------------------------------------------------- */

/* What the encryption of a body takes beside its key and text. */
struct content {
    enum pawl_aead   aead;
    struct pawl_view iv;
    struct pawl_view aad;
    uint8_t          aad_bytes[CONTEXT_MAX];
};

/* Enc_structure = [ context, protected, external_aad ] */
static pawl_status content_of(const struct pawl_cose_encrypt *m, struct pawl_view bytes,
                              struct pawl_view external_aad, struct content *ret,
                              struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(ret->aad_bytes, sizeof(ret->aad_bytes));

    ret->aead = pawl_cose_aead(m->body.param.alg);
    if (ret->aead == PAWL_AEAD_NONE)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "COSE_Encrypt.alg", "no algorithm of ours");
    ret->iv = m->body.param.iv;
    pawl_cbor_wr_array(&w, 3);
    pawl_cbor_wr_text(&w, m->form == PAWL_COSE_ENCRYPT ? "Encrypt" : "Encrypt0");
    pawl_cbor_wr_bytes(&w, bytes);
    pawl_cbor_wr_bytes(&w, external_aad);
    return pawl_wr_end(&w, "Enc_structure", &ret->aad, err);
}

pawl_status pawl_cose_encrypt_open(const struct pawl_cose_encrypt *m, const struct pawl_secret *key,
                                   struct pawl_view external_aad, uint8_t *ret, size_t cap,
                                   size_t *ret_n, struct pawl_err *err)
{
    struct content c;

    PAWL_TRY(content_of(m, m->body.bytes, external_aad, &c, err));
    return pawl_under(
        err, "COSE_Encrypt",
        pawl_aead_open(c.aead, key, c.iv, c.aad, m->body.ciphertext, ret, cap, ret_n, err));
}

/* ---- write ---------------------------------------------------------------------------------- */

/* A byte string that holds the header, or no bytes where it has no parameters. *ret: what is
 * inside, as a view into what was written. */
static pawl_status protected_write(struct pawl_wr *w, const struct pawl_cose_layer *l,
                                   struct pawl_view *ret, struct pawl_err *err)
{
    uint8_t          b[PROTECTED_MAX];
    struct pawl_wr   inner = pawl_wr_to(b, sizeof(b));
    struct pawl_view map;

    if (l->protected_)
        cose_header_write(&inner, l->protected_, &l->param);
    PAWL_TRY(pawl_wr_end(&inner, "COSE_Encrypt.protected", &map, err));
    pawl_cbor_wr_bytes(w, map);
    if (w->full)
        return pawl_fail(err, PAWL_E_FULL, "COSE_Encrypt", "does not fit into %zu bytes", w->cap);
    *ret = pawl_view(w->p + w->n - map.n, map.n);
    return pawl_ok();
}

/* The ciphertext as a byte string, made in its place. */
static pawl_status ciphertext_write(const struct content *c, const struct pawl_secret *key,
                                    struct pawl_view plain, struct pawl_wr *w,
                                    struct pawl_view *ret, struct pawl_err *err)
{
    size_t n;

    if (plain.n > PAWL_PLAINTEXT_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "COSE_Encrypt.plaintext",
                         "%zu bytes where at most %d fit", plain.n, PAWL_PLAINTEXT_MAX);
    pawl_cbor_wr_bytes_head(w, plain.n + pawl_aead_tag_n(c->aead));
    PAWL_TRY(pawl_under(
        err, "COSE_Encrypt",
        pawl_aead_seal(c->aead, key, c->iv, c->aad, plain, w->p + w->n, w->cap - w->n, &n, err)));
    *ret = pawl_view(w->p + w->n, n);
    w->n += n;
    return pawl_ok();
}

pawl_status pawl_cose_encrypt_seal(struct pawl_cose_encrypt *m, const struct pawl_secret *key,
                                   struct pawl_view external_aad, struct pawl_view plain,
                                   struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_wr   out = *w; /* committed whole or not at all */
    struct content   c;
    struct pawl_view bytes, ciphertext, recipient, written;
    bool             has_recipient = m->form == PAWL_COSE_ENCRYPT;

    pawl_cbor_wr_tag(&out, has_recipient ? TAG_ENCRYPT : TAG_ENCRYPT0);
    pawl_cbor_wr_array(&out, has_recipient ? 4 : 3);
    PAWL_TRY(protected_write(&out, &m->body, &bytes, err));
    cose_header_write(&out, m->body.open, &m->body.param);
    PAWL_TRY(content_of(m, bytes, external_aad, &c, err));
    PAWL_TRY(ciphertext_write(&c, key, plain, &out, &ciphertext, err));
    if (has_recipient) {
        pawl_cbor_wr_array(&out, 1);
        pawl_cbor_wr_array(&out, 3);
        PAWL_TRY(protected_write(&out, &m->recipient, &recipient, err));
        cose_header_write(&out, m->recipient.open, &m->recipient.param);
        pawl_cbor_wr_bytes(&out, pawl_view(NULL, 0));
    }
    PAWL_TRY(pawl_wr_end(&out, "COSE_Encrypt", &written, err));
    *w = out;
    m->body.bytes = bytes;
    m->body.ciphertext = ciphertext;
    return pawl_ok();
}
