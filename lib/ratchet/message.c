/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message: COSE around one plaintext, in two forms that share key and meaning.
 *
 *     full      96([ << {1: alg, -70001: starts} >>, {5: IV}, ciphertext,
 *                    [ [ << {1: -10} >>, {4: kid || gen, -22: seq}, h'' ] ] ])
 *     compact   16([ << {1: alg, -70001: starts} >>, {4: kid || gen, 5: IV, -70003: seq},
 *                    ciphertext ])
 *
 * Both are opened by the same content key, HKDF over the generation's key with the place in its
 * context; the rest of the place, and tenant and device, are authenticated data. So nothing of a
 * message can be moved, and nothing of it has to be said twice.
 *
 * Spec: docs/protocol.md, section "Messages". Not here: COSE itself (lib/cose), what a plaintext
 * says (content.c), which place is free and which message is believed (the programs).
 */

#include <inttypes.h>
#include <string.h>

#include <pawl/ratchet.h>

enum {
    KEY_ID = PAWL_KID + 4, /* kid || gen */
    SEQ_MAX = 9,           /* bytes of a number in CBOR */
    IV_MAX = 13,
    IV_SIV = 12,    /* which takes a nonce of any length */
    NAME_MAX = 160, /* of external_aad */

    /* The parameters of each header. */
    PROTECTED = PAWL_COSE_ALG | PAWL_COSE_STARTS,
    COMPACT = PAWL_COSE_KID | PAWL_COSE_IV | PAWL_COSE_SEQ,
    RECIPIENT_OPEN = PAWL_COSE_KID | PAWL_COSE_U_NONCE,
};

static const char LABEL[] = "pawl/1 msg";

/* << {1: -10} >> */
static const uint8_t RECIPIENT[] = { 0xa1, 0x01, 0x29 };

/* ---- what a message is bound to ------------------------------------------------------------- */

/* P-MSG-1: the content algorithm is the suite's. */
static enum pawl_aead aead_of(uint16_t suite)
{
    switch (suite & ~PAWL_SUITE_HMAC_KEY) {
    case PAWL_SUITE_CCM:
        return PAWL_AES_CCM_16_128_128;
    case PAWL_SUITE_CHACHA:
        return PAWL_CHACHA20_POLY1305;
    case PAWL_SUITE_GCM:
        return PAWL_A128GCM;
    case PAWL_SUITE_SIV:
        return PAWL_AES_256_SIV;
    default:
        return PAWL_AEAD_NONE;
    }
}

static bool is_of_a_suite(enum pawl_aead aead)
{
    for (uint16_t suite = PAWL_SUITE_CCM; suite <= PAWL_SUITE_SIV; suite++)
        if (aead_of(suite) == aead)
            return true;
    return false;
}

/* P-MSG-2: epochs, generations and slots follow each other from 1, a generation has 64 of them. */
static pawl_status check_place(const struct pawl_msg_place *at, struct pawl_err *err)
{
    if (at->epoch_start_seq == 0 || at->epoch_start_seq > at->gen_start_seq)
        return pawl_fail(err, PAWL_E_RANGE, "epoch_start_seq",
                         "%" PRIu64 ", its generation starts at %" PRIu64, at->epoch_start_seq,
                         at->gen_start_seq);
    if (at->gen_start_seq > at->seq || at->seq - at->gen_start_seq >= PAWL_GEN_MESSAGES)
        return pawl_fail(err, PAWL_E_RANGE, "seq",
                         "%" PRIu64 " in a generation of %d that starts at %" PRIu64, at->seq,
                         PAWL_GEN_MESSAGES, at->gen_start_seq);
    return pawl_ok();
}

static pawl_status check_scope(const struct pawl_msg_scope *s, struct pawl_err *err)
{
    if (!pawl_is_name(s->tenant))
        return pawl_fail(err, PAWL_E_RANGE, "tenant", "not a name");
    if (s->device_id.n != PAWL_DEVICE_ID)
        return pawl_fail(err, PAWL_E_RANGE, "device_id", "%zu bytes", s->device_id.n);
    if (s->verifier_id.n != PAWL_VERIFIER_ID)
        return pawl_fail(err, PAWL_E_RANGE, "verifier_id", "%zu bytes", s->verifier_id.n);
    return pawl_ok();
}

/* P-MSG-3: boot_id and zeros, as long as the algorithm's nonce. */
static struct pawl_view iv_write(enum pawl_aead aead, const uint8_t boot_id[PAWL_BOOT_ID],
                                 uint8_t ret[IV_MAX])
{
    size_t n = aead == PAWL_AES_256_SIV ? IV_SIV : pawl_aead_nonce_n(aead);

    memset(ret, 0, IV_MAX);
    memcpy(ret, boot_id, PAWL_BOOT_ID);
    return pawl_view(ret, n);
}

/* What a place is bound by: the content key of this one message, and its name. */
struct binding {
    struct pawl_secret key;
    struct pawl_view   seq; /* CBOR of it: the nonce of PartyU */
    struct pawl_view   name;
    uint8_t            seq_bytes[SEQ_MAX];
    uint8_t            name_bytes[NAME_MAX];
};

static void binding_wipe(struct binding *b)
{
    pawl_secret_wipe(&b->key);
}

/* P-MSG-4: COSE_KDF_Context says who sends, who receives, seq, and
 * CBOR["pawl/1 msg", dir, epoch, gen]. */
static pawl_status content_key(const struct pawl_use *use, const struct pawl_msg_scope *s,
                               struct binding *b, struct pawl_err *err)
{
    uint8_t                  other[64];
    struct pawl_wr           w = pawl_wr_to(other, sizeof(other));
    bool                     up = use->dir == PAWL_UP;
    struct pawl_cose_context ctx = {
        .u = { .identity = up ? s->device_id : s->verifier_id, .nonce = b->seq },
        .v = { .identity = up ? s->verifier_id : s->device_id },
        .recipient = PAWL_VIEW_OF(RECIPIENT),
    };

    pawl_cbor_wr_array(&w, 4);
    pawl_cbor_wr_text(&w, LABEL);
    pawl_cbor_wr_uint(&w, use->dir);
    pawl_cbor_wr_uint(&w, use->epoch);
    pawl_cbor_wr_uint(&w, use->gen);
    PAWL_TRY(pawl_wr_end(&w, "SuppPubInfo", &ctx.pub_other, err));
    return pawl_cose_content_key(&use->prk, aead_of(use->suite), &ctx, &b->key, err);
}

static pawl_status bind(const struct pawl_use *use, const struct pawl_msg_scope *s,
                        const struct pawl_msg_place *at, struct binding *ret, struct pawl_err *err)
{
    struct pawl_wr seq = pawl_wr_to(ret->seq_bytes, sizeof(ret->seq_bytes));
    struct pawl_wr name = pawl_wr_to(ret->name_bytes, sizeof(ret->name_bytes));

    PAWL_TRY(check_scope(s, err));
    pawl_cbor_wr_uint(&seq, at->seq);
    PAWL_TRY(pawl_wr_end(&seq, "seq", &ret->seq, err));
    PAWL_TRY(content_key(use, s, ret, err));

    /* P-MSG-5: external_aad = CBOR["pawl/1 msg", tenant, device_id, dir, epoch, gen, seq, boot_id]
     */
    pawl_cbor_wr_array(&name, 8);
    pawl_cbor_wr_text(&name, LABEL);
    pawl_cbor_wr_text_n(&name, s->tenant);
    pawl_cbor_wr_bytes(&name, s->device_id);
    pawl_cbor_wr_uint(&name, use->dir);
    pawl_cbor_wr_uint(&name, use->epoch);
    pawl_cbor_wr_uint(&name, use->gen);
    pawl_cbor_wr_uint(&name, at->seq);
    pawl_cbor_wr_bytes(&name, PAWL_VIEW_OF(at->boot_id));
    return pawl_wr_end(&name, "external_aad", &ret->name, err);
}

/* ---- seal ----------------------------------------------------------------------------------- */

static void key_id_write(const struct pawl_use *use, uint8_t ret[KEY_ID])
{
    struct pawl_wr w = pawl_wr_to(ret, KEY_ID);

    pawl_wr_bytes(&w, PAWL_VIEW_OF(use->kid));
    pawl_wr_u32(&w, use->gen);
}

/* P-MSG-6: these headers, and nothing else in them. */
static struct pawl_cose_encrypt headers(enum pawl_msg_form form, int64_t alg,
                                        const struct pawl_msg_place *at, struct pawl_view iv,
                                        struct pawl_view key_id, struct pawl_view seq)
{
    bool                     full = form == PAWL_MSG_FULL;
    struct pawl_cose_encrypt m = {
        .form = full ? PAWL_COSE_ENCRYPT : PAWL_COSE_ENCRYPT0,
        .body.protected_ = PROTECTED,
        .body.open = full ? PAWL_COSE_IV : COMPACT,
        .body.param = { .alg = alg,
                        .gen_start_seq = at->gen_start_seq,
                        .epoch_start_seq = at->epoch_start_seq,
                        .kid = key_id,
                        .iv = iv,
                        .seq = at->seq },
        .recipient.protected_ = PAWL_COSE_ALG,
        .recipient.open = RECIPIENT_OPEN,
        .recipient.param = { .alg = PAWL_COSE_DIRECT_HKDF_SHA_256, .kid = key_id, .u.nonce = seq },
    };

    return m;
}

static pawl_status seal(const struct pawl_use *use, const struct pawl_msg_scope *s,
                        const struct pawl_msg_place *at, enum pawl_msg_form form,
                        struct pawl_view plain, struct pawl_wr *w, uint8_t ret_leaf[PAWL_LEAF],
                        struct pawl_err *err)
{
    PAWL_CLEANUP(binding_wipe) struct binding b = { 0 };
    uint8_t                                   iv[IV_MAX], key_id[KEY_ID];
    struct pawl_wr                            out = *w;
    enum pawl_aead                            aead = aead_of(use->suite);

    if (form != PAWL_MSG_FULL && form != PAWL_MSG_COMPACT)
        return pawl_fail(err, PAWL_E_BUG, "form", "%d is none", (int)form);
    if (plain.n == 0 || plain.n > PAWL_PLAINTEXT_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "plaintext", "%zu bytes, 1 to %d may be", plain.n,
                         PAWL_PLAINTEXT_MAX);
    PAWL_TRY(check_place(at, err));
    PAWL_TRY(bind(use, s, at, &b, err));
    key_id_write(use, key_id);
    struct pawl_cose_encrypt m = headers(form, pawl_cose_alg(aead), at,
                                         iv_write(aead, at->boot_id, iv), PAWL_VIEW_OF(key_id),
                                         b.seq);
    PAWL_TRY(pawl_cose_encrypt_seal(&m, &b.key, b.name, plain, &out, err));
    PAWL_TRY(pawl_leaf(at->seq, m.body.bytes, m.body.ciphertext, ret_leaf, err));
    *w = out;
    return pawl_ok();
}

pawl_status pawl_msg_seal(const struct pawl_use *use, const struct pawl_msg_scope *s,
                          const struct pawl_msg_place *at, enum pawl_msg_form form,
                          struct pawl_view plain, struct pawl_wr *w, uint8_t ret_leaf[PAWL_LEAF],
                          struct pawl_err *err)
{
    return pawl_under(err, "message", seal(use, s, at, form, plain, w, ret_leaf, err));
}

/* ---- parse ---------------------------------------------------------------------------------- */

static pawl_status seq_parse(struct pawl_view nonce, uint64_t *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(nonce);
    uint64_t            seq = pawl_cbor_rd_uint(&r, "seq", UINT64_MAX);

    PAWL_TRY(pawl_cbor_rd_end(&r, err));
    *ret = seq;
    return pawl_ok();
}

/* P-MSG-6: the headers of one of the two forms. */
static pawl_status check_headers(const struct pawl_cose_encrypt *m, struct pawl_err *err)
{
    bool full = m->form == PAWL_COSE_ENCRYPT;

    if (m->body.protected_ != PROTECTED)
        return pawl_fail(err, PAWL_E_FORM, "protected", "other parameters than a message's");
    if (m->body.open != (full ? PAWL_COSE_IV : COMPACT))
        return pawl_fail(err, PAWL_E_FORM, "unprotected", "other parameters than a message's");
    if (full && !pawl_view_equal(m->recipient.bytes, PAWL_VIEW_OF(RECIPIENT)))
        return pawl_fail(err, PAWL_E_FORM, "recipient.protected", "not direct+HKDF-SHA-256");
    if (full && m->recipient.open != RECIPIENT_OPEN)
        return pawl_fail(err, PAWL_E_FORM, "recipient.unprotected",
                         "other parameters than a message's");
    return pawl_ok();
}

static pawl_status iv_parse(enum pawl_aead aead, struct pawl_view iv, uint8_t ret[PAWL_BOOT_ID],
                            struct pawl_err *err)
{
    uint8_t want[IV_MAX];

    if (iv.n < PAWL_BOOT_ID || !pawl_view_equal(iv, iv_write(aead, iv.p, want)))
        return pawl_fail(err, PAWL_E_FORM, "IV", "not boot_id and zeros");
    memcpy(ret, iv.p, PAWL_BOOT_ID);
    return pawl_ok();
}

static pawl_status key_id_parse(struct pawl_view key_id, struct pawl_msg *m, struct pawl_err *err)
{
    struct pawl_rd   r = pawl_rd_from(key_id);
    struct pawl_view kid = pawl_rd_bytes(&r, "kid", PAWL_KID);
    uint32_t         gen = pawl_rd_u32(&r, "kid");

    PAWL_TRY(pawl_under(err, "kid", pawl_rd_end(&r, err)));
    memcpy(m->kid, kid.p, PAWL_KID);
    m->gen = gen;
    return pawl_ok();
}

static pawl_status parse(struct pawl_view in, struct pawl_msg *ret, struct pawl_err *err)
{
    struct pawl_cose_encrypt       c;
    const struct pawl_cose_params *body = &c.body.param, *recipient = &c.recipient.param;

    PAWL_TRY(pawl_cose_encrypt_parse(in, &c, err));
    PAWL_TRY(check_headers(&c, err));
    bool            full = c.form == PAWL_COSE_ENCRYPT;
    struct pawl_msg m = { .form = full ? PAWL_MSG_FULL : PAWL_MSG_COMPACT,
                          .alg = pawl_cose_aead(body->alg),
                          .at.gen_start_seq = body->gen_start_seq,
                          .at.epoch_start_seq = body->epoch_start_seq,
                          .protected_ = c.body.bytes,
                          .recipient = c.recipient.bytes,
                          .ciphertext = c.body.ciphertext };

    if (!is_of_a_suite(m.alg))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "alg", "%" PRId64 " is of no suite", body->alg);
    if (m.ciphertext.n <= PAWL_AEAD_TAG)
        return pawl_fail(err, PAWL_E_RANGE, "ciphertext", "%zu bytes hold no plaintext",
                         m.ciphertext.n);
    PAWL_TRY(iv_parse(m.alg, body->iv, m.at.boot_id, err));
    PAWL_TRY(key_id_parse(full ? recipient->kid : body->kid, &m, err));
    m.at.seq = body->seq;
    if (full)
        PAWL_TRY(seq_parse(recipient->u.nonce, &m.at.seq, err));
    PAWL_TRY(check_place(&m.at, err));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_msg_parse(struct pawl_view in, struct pawl_msg *ret, struct pawl_err *err)
{
    return pawl_under(err, "message", parse(in, ret, err));
}

/* ---- open ----------------------------------------------------------------------------------- */

/* P-MSG-7: before anything is derived. */
static pawl_status check_key(const struct pawl_use *use, const struct pawl_msg *m,
                             struct pawl_err *err)
{
    if (!pawl_view_equal(PAWL_VIEW_OF(m->kid), PAWL_VIEW_OF(use->kid)))
        return pawl_fail(err, PAWL_E_DENIED, "kid", "of another root");
    if (m->gen != use->gen)
        return pawl_fail(err, PAWL_E_DENIED, "gen", "%" PRIu32 " with the key of %" PRIu32, m->gen,
                         use->gen);
    if (m->alg == PAWL_AEAD_NONE || m->alg != aead_of(use->suite))
        return pawl_fail(err, PAWL_E_DENIED, "alg", "not that of suite 0x%04x", use->suite);
    return pawl_ok();
}

static pawl_status open_message(const struct pawl_use *use, const struct pawl_msg_scope *s,
                                const struct pawl_msg *m, uint8_t *ret, size_t cap, size_t *ret_n,
                                uint8_t ret_leaf[PAWL_LEAF], struct pawl_err *err)
{
    PAWL_CLEANUP(binding_wipe) struct binding b = { 0 };
    uint8_t                                   iv[IV_MAX], leaf[PAWL_LEAF];
    struct pawl_cose_encrypt                  c = { 0 };

    c.form = m->form == PAWL_MSG_FULL ? PAWL_COSE_ENCRYPT : PAWL_COSE_ENCRYPT0;
    c.body.bytes = m->protected_;
    c.body.param.alg = pawl_cose_alg(m->alg);
    c.body.param.iv = iv_write(m->alg, m->at.boot_id, iv);
    c.body.ciphertext = m->ciphertext;
    PAWL_TRY(check_key(use, m, err));
    PAWL_TRY(bind(use, s, &m->at, &b, err));
    PAWL_TRY(pawl_leaf(m->at.seq, m->protected_, m->ciphertext, leaf, err));
    PAWL_TRY(pawl_cose_encrypt_open(&c, &b.key, b.name, ret, cap, ret_n, err));
    memcpy(ret_leaf, leaf, PAWL_LEAF);
    return pawl_ok();
}

pawl_status pawl_msg_open(const struct pawl_use *use, const struct pawl_msg_scope *s,
                          const struct pawl_msg *m, uint8_t *ret, size_t cap, size_t *ret_n,
                          uint8_t ret_leaf[PAWL_LEAF], struct pawl_err *err)
{
    return pawl_under(err, "message", open_message(use, s, m, ret, cap, ret_n, ret_leaf, err));
}
