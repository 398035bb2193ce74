/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_open: one message with a body of 256 bytes in the full form and the default suite, from
 * bytes to plaintext and leaf, as the verifier does it: parsed, its content key derived from the
 * generation's kept PRK, opened, hashed. message_seal: the way back. Every piece is another slot of
 * one generation.
 *
 * Floor of both: what no implementation can do without, on OpenSSL's own contexts that were made
 * and keyed before, over inputs that lie ready: the HMAC of one HKDF-Expand, one AES-CCM, three
 * SHA-256 for the leaf. It opens the very same messages.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <pawl/ratchet.h>

#include "floor.h"

enum { SLOTS = PAWL_GEN_MESSAGES, BODY = 256, EPOCH = 3, IV = 13, KEY = 16 };

struct slot {
    struct pawl_msg_place at;
    uint8_t               bytes[BODY + 256];
    size_t                n;
    /* The floor's. */
    struct pawl_msg m;
    uint8_t         iv[IV];
    uint8_t         info[256], aad[256];
    size_t          info_n, aad_n;
};

struct bench {
    struct pawl_use       use;
    struct pawl_msg_scope scope;
    struct pawl_view      plain;
    struct slot           slot[SLOTS];
    uint8_t               out[BODY + 256];
    EVP_MAC_CTX          *hmac; /* keyed with the PRK */
    EVP_CIPHER_CTX       *open, *seal;
    EVP_MD_CTX           *sha256;
};

static void must(pawl_status s, const struct pawl_err *err)
{
    if (pawl_is_ok(s))
        return;
    fprintf(stderr, "message: %s: %s: %s\n", pawl_code_name(s.code), err->where, err->why);
    exit(1);
}

static void must_be(bool good)
{
    if (good)
        return;
    fprintf(stderr, "message: the floor does not hold\n");
    exit(1);
}

/* ---- ours ----------------------------------------------------------------------------------- */

static void open_ours(void *arg, size_t i)
{
    struct bench      *b = arg;
    const struct slot *s = &b->slot[i % SLOTS];
    struct pawl_msg    m;
    struct pawl_err    err;
    uint8_t            leaf[PAWL_LEAF];
    size_t             n;

    must(pawl_msg_parse(pawl_view(s->bytes, s->n), &m, &err), &err);
    must(pawl_msg_open(&b->use, &b->scope, &m, b->out, sizeof(b->out), &n, leaf, &err), &err);
}

static void seal_ours(void *arg, size_t i)
{
    struct bench   *b = arg;
    struct pawl_wr  w = pawl_wr_to(b->out, sizeof(b->out));
    struct pawl_err err;
    uint8_t         leaf[PAWL_LEAF];

    must(pawl_msg_seal(&b->use, &b->scope, &b->slot[i % SLOTS].at, PAWL_MSG_FULL, b->plain, &w,
                       leaf, &err),
         &err);
}

/* ---- the floor ------------------------------------------------------------------------------ */

static void sha256(struct bench *b, const uint8_t *p, size_t n, uint8_t ret[32])
{
    must_be(EVP_DigestInit_ex2(b->sha256, NULL, NULL) == 1 &&
            EVP_DigestUpdate(b->sha256, p, n) == 1 &&
            EVP_DigestFinal_ex(b->sha256, ret, NULL) == 1);
}

static void leaf_raw(struct bench *b, const struct slot *s, const uint8_t *ciphertext, size_t n)
{
    uint8_t in[1 + 8 + 32 + 32] = { 0 }, out[32];

    sha256(b, s->m.protected_.p, s->m.protected_.n, in + 9);
    sha256(b, ciphertext, n, in + 41);
    sha256(b, in, sizeof(in), out);
}

static void expand_raw(struct bench *b, const struct slot *s, uint8_t ret[32])
{
    static const uint8_t one = 1;
    size_t               n;

    must_be(EVP_MAC_init(b->hmac, NULL, 0, NULL) == 1 &&
            EVP_MAC_update(b->hmac, s->info, s->info_n) == 1 &&
            EVP_MAC_update(b->hmac, &one, 1) == 1 && EVP_MAC_final(b->hmac, ret, &n, 32) == 1);
}

void message_floor(void *arg, size_t i)
{
    struct bench *b = arg;
    struct slot  *s = &b->slot[i % SLOTS];
    uint8_t       key[32];
    int           n, text_n = (int)s->m.ciphertext.n - PAWL_AEAD_TAG;

    expand_raw(b, s, key);
    must_be(EVP_CIPHER_CTX_ctrl(b->open, EVP_CTRL_AEAD_SET_TAG, PAWL_AEAD_TAG,
                                (void *)(s->m.ciphertext.p + text_n)) == 1 &&
            EVP_DecryptInit_ex2(b->open, NULL, key, s->iv, NULL) == 1 &&
            EVP_DecryptUpdate(b->open, NULL, &n, NULL, text_n) == 1 &&
            EVP_DecryptUpdate(b->open, NULL, &n, s->aad, (int)s->aad_n) == 1 &&
            EVP_DecryptUpdate(b->open, b->out, &n, s->m.ciphertext.p, text_n) == 1);
    leaf_raw(b, s, s->m.ciphertext.p, s->m.ciphertext.n);
}

static void seal_raw(void *arg, size_t i)
{
    struct bench *b = arg;
    struct slot  *s = &b->slot[i % SLOTS];
    uint8_t       key[32], *tag = b->out + b->plain.n;
    int           n, rest;

    expand_raw(b, s, key);
    must_be(EVP_EncryptInit_ex2(b->seal, NULL, key, s->iv, NULL) == 1 &&
            EVP_EncryptUpdate(b->seal, NULL, &n, NULL, (int)b->plain.n) == 1 &&
            EVP_EncryptUpdate(b->seal, NULL, &n, s->aad, (int)s->aad_n) == 1 &&
            EVP_EncryptUpdate(b->seal, b->out, &n, b->plain.p, (int)b->plain.n) == 1 &&
            EVP_EncryptFinal_ex(b->seal, b->out + n, &rest) == 1 &&
            EVP_CIPHER_CTX_ctrl(b->seal, EVP_CTRL_AEAD_GET_TAG, PAWL_AEAD_TAG, tag) == 1);
    leaf_raw(b, s, b->out, b->plain.n + PAWL_AEAD_TAG);
}

/* ---- making both ready ---------------------------------------------------------------------- */

/* COSE_KDF_Context, as docs/protocol.md has it. */
static void info_ready(struct bench *b, struct slot *s)
{
    uint8_t          other[64];
    struct pawl_wr   o = pawl_wr_to(other, sizeof(other));
    struct pawl_wr   w = pawl_wr_to(s->info, sizeof(s->info));
    const uint8_t    recipient[] = { 0xa1, 0x01, 0x29 };
    struct pawl_view id[] = { b->scope.device_id, b->scope.verifier_id };

    pawl_cbor_wr_array(&o, 4);
    pawl_cbor_wr_text(&o, "pawl/1 msg");
    pawl_cbor_wr_uint(&o, PAWL_UP);
    pawl_cbor_wr_uint(&o, b->use.epoch);
    pawl_cbor_wr_uint(&o, b->use.gen);
    pawl_cbor_wr_array(&w, 4);
    pawl_cbor_wr_uint(&w, 30);
    for (int party = 0; party < 2; party++) {
        pawl_cbor_wr_array(&w, 3);
        pawl_cbor_wr_bytes(&w, id[party]);
        if (party == 0)
            pawl_cbor_wr_uint(&w, s->at.seq);
        else
            pawl_cbor_wr_null(&w);
        pawl_cbor_wr_null(&w);
    }
    pawl_cbor_wr_array(&w, 3);
    pawl_cbor_wr_uint(&w, 8 * KEY);
    pawl_cbor_wr_bytes(&w, PAWL_VIEW_OF(recipient));
    pawl_cbor_wr_bytes(&w, pawl_view(other, o.n));
    s->info_n = w.n;
}

static void aad_ready(struct bench *b, struct slot *s)
{
    uint8_t        name[160];
    struct pawl_wr e = pawl_wr_to(name, sizeof(name));
    struct pawl_wr w = pawl_wr_to(s->aad, sizeof(s->aad));

    pawl_cbor_wr_array(&e, 8);
    pawl_cbor_wr_text(&e, "pawl/1 msg");
    pawl_cbor_wr_text_n(&e, b->scope.tenant);
    pawl_cbor_wr_bytes(&e, b->scope.device_id);
    pawl_cbor_wr_uint(&e, PAWL_UP);
    pawl_cbor_wr_uint(&e, b->use.epoch);
    pawl_cbor_wr_uint(&e, b->use.gen);
    pawl_cbor_wr_uint(&e, s->at.seq);
    pawl_cbor_wr_bytes(&e, PAWL_VIEW_OF(s->at.boot_id));
    pawl_cbor_wr_array(&w, 3);
    pawl_cbor_wr_text(&w, "Encrypt");
    pawl_cbor_wr_bytes(&w, s->m.protected_);
    pawl_cbor_wr_bytes(&w, pawl_view(name, e.n));
    s->aad_n = w.n;
}

static void slot_ready(struct bench *b, size_t i)
{
    struct slot    *s = &b->slot[i];
    struct pawl_wr  w = pawl_wr_to(s->bytes, sizeof(s->bytes));
    struct pawl_err err;
    uint8_t         leaf[PAWL_LEAF];

    s->at = (struct pawl_msg_place){
        .seq = 100000 + i, .gen_start_seq = 100000, .epoch_start_seq = 99000, .boot_id = "booted!"
    };
    must(pawl_msg_seal(&b->use, &b->scope, &s->at, PAWL_MSG_FULL, b->plain, &w, leaf, &err), &err);
    s->n = w.n;
    must(pawl_msg_parse(pawl_view(s->bytes, s->n), &s->m, &err), &err);
    memcpy(s->iv, s->at.boot_id, PAWL_BOOT_ID);
    info_ready(b, s);
    aad_ready(b, s);
}

static EVP_CIPHER_CTX *cipher_ready(bool seal)
{
    EVP_CIPHER     *ccm = EVP_CIPHER_fetch(NULL, "AES-128-CCM", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    must_be(EVP_CipherInit_ex2(ctx, ccm, NULL, NULL, seal, NULL) == 1 &&
            EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, IV, NULL) == 1);
    must_be(!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, PAWL_AEAD_TAG, NULL) == 1);
    EVP_CIPHER_free(ccm);
    return ctx;
}

static void floor_ready(struct bench *b)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MD  *sha = EVP_MD_fetch(NULL, "SHA256", NULL);

    b->hmac = EVP_MAC_CTX_new(hmac);
    b->sha256 = EVP_MD_CTX_new();
    must_be(EVP_MAC_init(b->hmac, b->use.prk.b, b->use.prk.n, params) == 1 &&
            EVP_DigestInit_ex2(b->sha256, sha, NULL) == 1);
    b->open = cipher_ready(false);
    b->seal = cipher_ready(true);
    EVP_MAC_free(hmac);
    EVP_MD_free(sha);
}

static struct bench *bench_ready(void)
{
    static struct bench  b;
    static const uint8_t body[BODY], id[2][32] = { { 1 }, { 2 } };
    static uint8_t       plain[BODY + 16];
    struct pawl_wr       w = pawl_wr_to(plain, sizeof(plain));
    struct pawl_content  c = { .id = 1000, .body = PAWL_VIEW_OF(body) };
    struct pawl_err      err;

    must(pawl_content_write(&c, &w, &err), &err);
    b.plain = pawl_view(plain, w.n);
    b.scope = (struct pawl_msg_scope){ pawl_view_str("default"), PAWL_VIEW_OF(id[0]),
                                       PAWL_VIEW_OF(id[1]) };
    b.use = (struct pawl_use){ .epoch = EPOCH, .suite = PAWL_SUITE_CCM, .uk.n = 32 };
    must(pawl_use_ready(&b.use, &err), &err);
    for (size_t i = 0; i < SLOTS; i++)
        slot_ready(&b, i);
    floor_ready(&b);
    return &b;
}

static void bench_done(struct bench *b)
{
    EVP_MAC_CTX_free(b->hmac);
    EVP_MD_CTX_free(b->sha256);
    EVP_CIPHER_CTX_free(b->open);
    EVP_CIPHER_CTX_free(b->seal);
}

void *message_floor_make(void)
{
    return bench_ready();
}

void message_floor_done(void *arg)
{
    bench_done(arg);
}

void bench_message_open(struct bench_result *ret)
{
    struct bench *b = bench_ready();

    bench_pair(open_ours, message_floor, b, ret);
    bench_done(b);
}

void bench_message_seal(struct bench_result *ret)
{
    struct bench *b = bench_ready();

    bench_pair(seal_ours, seal_raw, b, ret);
    bench_done(b);
}
