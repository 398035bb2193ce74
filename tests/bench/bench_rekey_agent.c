/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey_agent: what a rekey costs the device's processor, without TPM, network and disk: A1 written
 * and hashed, the quote read, mac_base, evidence written; the answer judged, with the signature and
 * the claims of the EAR; TH2, key schedule, confirmation; the slot's content written, sealed, and
 * opened and read again to prove it. Both Z, the quote and the answer lie ready. Every piece is
 * another request.
 *
 * Floor: the cryptography of it and nothing else, on OpenSSL's own contexts that were made before:
 * one ECDSA-P256 verify; SHA-256 of A1, of no bytes (the absent IMA log), of the EAR, of the three
 * parts of TH2; 15 HMAC-SHA-256 (mac_base, 14 of the key schedule); AES-256-SIV over the slot,
 * sealed and opened.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "bench.h"
#include "flow/steps.h"
#include "signer.h"
#include "state/slot_content.h"

enum { REQUESTS = 16, WRAPPING_KEY = 64, HMACS = 15, EPOCH = 40 };

struct request {
    struct pawl_a1   a1;
    struct quoted   *q;
    struct pawl_view answer, signed_bytes; /* the latter of the EAR */
    uint8_t          der[80];
    size_t           der_n;
};

struct bench {
    struct pawl_public verifier;
    struct pawl_secret rk, k_auth, z[2], wrapping_key;
    struct slot        slot; /* all but the new root */
    struct request     request[REQUESTS];
    /* the floor's */
    EVP_PKEY       *key;
    EVP_PKEY_CTX   *verify;
    EVP_MD_CTX     *sha256;
    EVP_MAC_CTX    *hmac;
    EVP_CIPHER_CTX *seal, *open;
    uint8_t         content[SLOT_CONTENT_MAX], box[SLOT_CONTENT_MAX];
    size_t          content_n;
};

static void must(pawl_status s, const struct pawl_err *err)
{
    if (pawl_is_ok(s))
        return;
    fprintf(stderr, "rekey_agent: %s: %s: %s\n", pawl_code_name(s.code), err->where, err->why);
    exit(1);
}

static void must_be(bool good)
{
    if (good)
        return;
    fprintf(stderr, "rekey_agent: the floor does not hold\n");
    exit(1);
}

/* Nothing is sent here. */
pawl_status net_post(struct net *n, const char *path, struct pawl_view body, struct net_answer *ret,
                     struct pawl_err *err)
{
    (void)n, (void)path, (void)body, (void)ret;
    return pawl_fail(err, PAWL_E_BUG, "net", "there is none");
}

/* ---- ours ----------------------------------------------------------------------------------- */

static void write_a1(const struct pawl_a1 *a1, struct quoted *q)
{
    struct pawl_wr   w = pawl_wr_to(q->a1_bytes, sizeof(q->a1_bytes));
    struct pawl_view all;
    struct pawl_err  err;

    q->a1 = *a1;
    must(pawl_a1_write(a1, &w, &err), &err);
    must(pawl_wr_end(&w, "A1", &all, &err), &err);
    q->a1_n = all.n;
    must(pawl_sha256(all, q->th1, &err), &err);
}

static struct pawl_view attest_of(const struct quoted *q)
{
    return pawl_view(q->quote.sign.attest, q->quote.sign.attest_n);
}

/* The PCR values are those of the last quote and left out. */
static void write_evidence(const struct bench *b, struct quoted *q)
{
    struct pawl_wr       w = pawl_wr_to(q->request, sizeof(q->request));
    uint8_t              mac[32];
    struct pawl_evidence m = {
        .a1 = pawl_view(q->a1_bytes, q->a1_n),
        .attest = attest_of(q),
        .signature = pawl_view(q->quote.sign.sig, q->quote.sign.sig_n),
        .mac_base = PAWL_VIEW_OF(mac),
    };
    struct pawl_err err;

    must(pawl_quote_parse(m.attest, &q->parsed, &err), &err);
    must(pawl_mac_base(&b->k_auth, q->th1, pawl_view(NULL, 0), mac, &err), &err);
    must(pawl_evidence_write(&m, &w, &err), &err);
}

static void make_root(const struct bench *b, const struct quoted *q, struct pawl_view ear,
                      const uint8_t e_v[PAWL_POINT_P256], struct pawl_root *ret, uint8_t conf[32])
{
    struct pawl_rekey_terms t = {
        .rk = &b->rk, .z_ee = &b->z[0], .z_se = &b->z[1], .epoch = q->a1.new_epoch
    };
    struct pawl_err err;

    must(pawl_th2(q->th1, attest_of(q), e_v, pawl_jws_signing_input(ear), t.th2, &err), &err);
    must(pawl_root_make(&t, ret, conf, &err), &err);
}

static void fill_slot(const struct bench *b, const struct pawl_root *root, struct slot *ret)
{
    *ret = b->slot;
    ret->epoch = root->epoch;
    memcpy(ret->kid, root->kid, sizeof(ret->kid));
    ret->rk = root->rk;
    ret->k_auth = root->k_auth;
    ret->exporter = root->exporter;
    ret->up = root->up;
    ret->down = root->down;
}

static void seal_and_prove(const struct slot *s)
{
    static const uint8_t                                aad[48];
    PAWL_CLEANUP(slot_wipe) struct slot                 proved = { 0 };
    PAWL_CLEANUP(slot_content_wipe) struct slot_content plain = { 0 }, opened = { 0 };
    PAWL_SECRET                                         key = { 0 };
    uint8_t                                             box[SLOT_CONTENT_MAX + PAWL_AEAD_TAG];
    size_t                                              n;
    struct pawl_view                                    none = pawl_view(NULL, 0);
    struct pawl_err                                     err;

    must(slot_content_write(s, &plain, &err), &err);
    must(pawl_secret_random(WRAPPING_KEY, &key, &err), &err);
    must(pawl_aead_seal(PAWL_AES_256_SIV, &key, none, PAWL_VIEW_OF(aad),
                        pawl_view(plain.b, plain.n), box, sizeof(box), &n, &err),
         &err);
    must(pawl_aead_open(PAWL_AES_256_SIV, &key, none, PAWL_VIEW_OF(aad), pawl_view(box, n),
                        opened.b, sizeof(opened.b), &opened.n, &err),
         &err);
    must(slot_content_parse(pawl_view(opened.b, opened.n), &proved, &err), &err);
}

static void rekey_ours(void *arg, size_t i)
{
    struct bench                                 *b = arg;
    struct request                               *r = &b->request[i % REQUESTS];
    const struct net_answer                       got = { .status = 200, .body = r->answer };
    PAWL_CLEANUP(pawl_root_wipe) struct pawl_root root = { 0 };
    PAWL_CLEANUP(slot_wipe) struct slot           slot = { 0 };
    struct judged                                 j;
    struct pawl_err                               err;
    uint8_t                                       conf[32];

    write_a1(&r->a1, r->q);
    write_evidence(b, r->q);
    must(answer_judge(&got, &b->verifier, r->q, &j, &err), &err);
    make_root(b, r->q, j.ear, j.shown.ear.e_v, &root, conf);
    if (!pawl_mac_equal(PAWL_VIEW_OF(conf), j.conf_v))
        must(pawl_fail(&err, PAWL_E_FORGED, "conf_V", "another root"), &err);
    fill_slot(b, &root, &slot);
    seal_and_prove(&slot);
}

/* ---- the floor ------------------------------------------------------------------------------ */

static void sha256(struct bench *b, struct pawl_view in, uint8_t ret[32])
{
    must_be(EVP_DigestInit_ex2(b->sha256, NULL, NULL) == 1 &&
            EVP_DigestUpdate(b->sha256, in.p, in.n) == 1 &&
            EVP_DigestFinal_ex(b->sha256, ret, NULL) == 1);
}

static void hmac(struct bench *b, const uint8_t key[32], struct pawl_view in, uint8_t ret[32])
{
    size_t n;

    must_be(EVP_MAC_init(b->hmac, key, 32, NULL) == 1 && EVP_MAC_update(b->hmac, in.p, in.n) == 1 &&
            EVP_MAC_final(b->hmac, ret, &n, 32) == 1);
}

static void siv(struct bench *b)
{
    const uint8_t *key = b->wrapping_key.b;
    uint8_t        tag[PAWL_AEAD_TAG], out[SLOT_CONTENT_MAX];
    int            n, text_n = (int)b->content_n;

    must_be(EVP_EncryptInit_ex2(b->seal, NULL, key, NULL, NULL) == 1 &&
            EVP_EncryptUpdate(b->seal, NULL, &n, key, 48) == 1 &&
            EVP_EncryptUpdate(b->seal, b->box, &n, b->content, text_n) == 1 &&
            EVP_EncryptFinal_ex(b->seal, out, &n) == 1 &&
            EVP_CIPHER_CTX_ctrl(b->seal, EVP_CTRL_AEAD_GET_TAG, PAWL_AEAD_TAG, tag) == 1);
    must_be(EVP_DecryptInit_ex2(b->open, NULL, key, NULL, NULL) == 1 &&
            EVP_CIPHER_CTX_ctrl(b->open, EVP_CTRL_AEAD_SET_TAG, PAWL_AEAD_TAG, tag) == 1 &&
            EVP_DecryptUpdate(b->open, NULL, &n, key, 48) == 1 &&
            EVP_DecryptUpdate(b->open, out, &n, b->box, text_n) == 1);
}

static void rekey_raw(void *arg, size_t i)
{
    struct bench         *b = arg;
    const struct request *r = &b->request[i % REQUESTS];
    uint8_t               h[32], transcript[184] = { 0 };
    struct pawl_view      info = pawl_view(transcript, 48);

    sha256(b, pawl_view(r->q->a1_bytes, r->q->a1_n), h);
    sha256(b, pawl_view(h, 0), h);
    sha256(b, r->signed_bytes, h);
    must_be(EVP_PKEY_verify(b->verify, r->der, r->der_n, h, sizeof(h)) == 1);
    sha256(b, attest_of(r->q), h);
    sha256(b, r->signed_bytes, h);
    sha256(b, PAWL_VIEW_OF(transcript), h);
    for (unsigned k = 0; k < HMACS; k++)
        hmac(b, h, info, h);
    siv(b);
}

/* ---- making both ready ---------------------------------------------------------------------- */

static struct pawl_secret a_secret(size_t n, uint8_t fill)
{
    struct pawl_secret s = { .n = n };

    memset(s.b, fill, n);
    for (size_t i = 0; i < n; i++)
        s.b[i] = (uint8_t)(s.b[i] + i);
    return s;
}

static struct pawl_a1 a1_of(const struct signer *s, uint64_t attempt)
{
    static uint8_t            id[32], name[34] = { 0, 0x0b };
    const struct pawl_public *e_d = pawl_private_public(s->key); /* any point */
    struct pawl_a1            a1 = { .label = PAWL_LABEL_REKEY,
                                     .suite = PAWL_SUITE_CCM,
                                     .tenant = pawl_view_str("default"),
                                     .verifier_id = PAWL_VIEW_OF(s->id),
                                     .device_id = PAWL_VIEW_OF(id),
                                     .ak_name = PAWL_VIEW_OF(name),
                                     .td_name = PAWL_VIEW_OF(name),
                                     .nonce = PAWL_VIEW_OF(id),
                                     .attempt = attempt,
                                     .base_epoch = EPOCH,
                                     .base_kid = pawl_view(id, PAWL_KID),
                                     .new_epoch = EPOCH + 1,
                                     .e_d = pawl_view(e_d->b, PAWL_POINT_P256),
                                     .boot_id = pawl_view(id, PAWL_BOOT_ID),
                                     .os_boot = pawl_view(id, PAWL_OS_BOOT),
                                     .nv_counter = 77,
                                     .reason = PAWL_REASON_SCHEDULE };

    return a1;
}

/* The verifier's answer, over the root that comes out. */
static void answer_ready(struct bench *b, const struct signer *s, struct request *r)
{
    uint8_t           e_v[PAWL_POINT_P256], conf[32];
    struct pawl_root  root;
    struct signer_ear c = { .status = "affirming",
                            .identity = 2,
                            .why = "",
                            .label = r->a1.label,
                            .attempt = r->a1.attempt,
                            .base = r->a1.base_epoch,
                            .new_epoch = r->a1.new_epoch,
                            .e_v = PAWL_VIEW_OF(e_v) };

    memcpy(e_v, pawl_private_public(s->key)->b, sizeof(e_v)); /* any point */
    memcpy(c.th1, r->q->th1, sizeof(c.th1));
    struct pawl_result m = { .ear = signer_token(s, &c), .conf_v = PAWL_VIEW_OF(conf) };
    r->signed_bytes = pawl_jws_signing_input(m.ear);
    make_root(b, r->q, m.ear, e_v, &root, conf);
    r->answer = signer_result(&m);
    if (!b->content_n) { /* a slot's content for the floor */
        struct slot         slot;
        struct slot_content content;
        struct pawl_err     err;
        fill_slot(b, &root, &slot);
        must(slot_content_write(&slot, &content, &err), &err);
        memcpy(b->content, content.b, content.n);
        b->content_n = content.n;
    }
}

/* A TPMS_ATTEST of a quote, and bytes as long as a signature. */
static void quote_ready(struct quoted *q)
{
    static const uint8_t      digest[32], signer[34] = { 0, 0x0b };
    struct tpm_signed        *s = &q->quote.sign;
    struct pawl_wr            w = pawl_wr_to(s->attest, sizeof(s->attest));
    struct pawl_pcr_selection pcrs;
    struct pawl_err           err;

    must(pawl_pcr_selection_from_text("sha1:0,1,2,3,4,5,6,7+sha256:0,1,2,3,4,5,6,7", &pcrs, &err),
         &err);
    pawl_wr_u32(&w, PAWL_TPM_GENERATED);
    pawl_wr_u16(&w, PAWL_TPM_ST_QUOTE);
    pawl_wr_tpm2b(&w, PAWL_VIEW_OF(signer));
    pawl_wr_tpm2b(&w, PAWL_VIEW_OF(q->th1));
    pawl_wr_u64(&w, 1000); /* clock, resets, restarts, safe */
    pawl_wr_u32(&w, 0);
    pawl_wr_u32(&w, 0);
    pawl_wr_u8(&w, 1);
    pawl_wr_u64(&w, 1); /* firmware */
    pawl_pcr_selection_write(&pcrs, &w);
    pawl_wr_tpm2b(&w, PAWL_VIEW_OF(digest));
    s->attest_n = w.n;
    s->sig_n = 72;
}

static void request_ready(struct bench *b, const struct signer *s, size_t i)
{
    struct request *r = &b->request[i];
    struct pawl_err err;
    uint8_t         digest[32];

    r->q = calloc(1, sizeof(*r->q));
    must_be(r->q != NULL);
    r->a1 = a1_of(s, 1000 + i);
    write_a1(&r->a1, r->q);
    quote_ready(r->q);
    answer_ready(b, s, r);
    must(pawl_sha256(r->signed_bytes, digest, &err), &err);
    EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new(b->key, NULL);
    r->der_n = sizeof(r->der);
    must_be(EVP_PKEY_sign_init(sign) == 1 &&
            EVP_PKEY_sign(sign, r->der, &r->der_n, digest, sizeof(digest)) == 1);
    EVP_PKEY_CTX_free(sign);
}

static void floor_ready(struct bench *b)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC    *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MD     *sha = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);

    b->key = EVP_EC_gen("P-256");
    b->verify = EVP_PKEY_CTX_new(b->key, NULL);
    b->hmac = EVP_MAC_CTX_new(mac);
    b->sha256 = EVP_MD_CTX_new();
    b->seal = EVP_CIPHER_CTX_new();
    b->open = EVP_CIPHER_CTX_new();
    must_be(EVP_PKEY_verify_init(b->verify) == 1 &&
            EVP_MAC_init(b->hmac, b->rk.b, 32, params) == 1 &&
            EVP_DigestInit_ex2(b->sha256, sha, NULL) == 1 &&
            EVP_EncryptInit_ex2(b->seal, aes, NULL, NULL, NULL) == 1 &&
            EVP_DecryptInit_ex2(b->open, aes, NULL, NULL, NULL) == 1);
    EVP_MAC_free(mac);
    EVP_MD_free(sha);
    EVP_CIPHER_free(aes);
}

static void bench_done(struct bench *b)
{
    for (size_t i = 0; i < REQUESTS; i++)
        free(b->request[i].q);
    EVP_PKEY_CTX_free(b->verify);
    EVP_PKEY_free(b->key);
    EVP_MAC_CTX_free(b->hmac);
    EVP_MD_CTX_free(b->sha256);
    EVP_CIPHER_CTX_free(b->seal);
    EVP_CIPHER_CTX_free(b->open);
}

void bench_rekey_agent(struct bench_result *ret)
{
    static struct bench b;
    struct signer       s = signer_make();

    b.verifier = *pawl_private_public(s.key);
    b.rk = a_secret(32, 1);
    b.k_auth = a_secret(32, 2);
    b.z[0] = a_secret(32, 3);
    b.z[1] = a_secret(32, 4);
    b.wrapping_key = a_secret(WRAPPING_KEY, 5);
    b.slot = (struct slot){ .suite = PAWL_SUITE_CCM, .spool_key = a_secret(64, 6), .starts = 1 };
    floor_ready(&b);
    for (size_t i = 0; i < REQUESTS; i++)
        request_ready(&b, &s, i);
    bench_pair(rekey_ours, rekey_raw, &b, ret);
    bench_done(&b);
    signer_free(&s);
}
