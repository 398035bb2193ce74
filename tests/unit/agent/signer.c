/* SPDX-License-Identifier: Apache-2.0 */
#include "signer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <pawl/cose.h>

#include "t.h"

enum { TEXT_MAX = 6000 };

struct signer signer_make(void)
{
    struct signer   s = { 0 };
    struct pawl_err err;

    T_OK(pawl_private_make(PAWL_KEY_P256, &s.key, &err), &err);
    T_OK(pawl_spki_pin(pawl_private_public(s.key), s.id, &err), &err);
    return s;
}

void signer_free(struct signer *s)
{
    pawl_private_free(&s->key);
}

static size_t append(char *text, size_t n, struct pawl_view bytes, const char *end)
{
    struct pawl_err err;

    T_OK(pawl_b64url_write(bytes, text + n, TEXT_MAX - n, &err), &err);
    n += pawl_b64url_n(bytes.n);
    return n + (size_t)snprintf(text + n, TEXT_MAX - n, "%s", end);
}

struct pawl_view signer_envelope(const char *header, const char *claims, struct pawl_view signature)
{
    char   text[TEXT_MAX];
    size_t n = append(text, 0, pawl_view_str(header), ".");

    n = append(text, n, pawl_view_str(claims), ".");
    n = append(text, n, signature, "");
    return t_copy(pawl_view(text, n));
}

struct pawl_view signer_jws(const struct signer *s, const char *header, const char *claims)
{
    char            text[TEXT_MAX];
    uint8_t         sig[64];
    size_t          n = append(text, 0, pawl_view_str(header), ".");
    struct pawl_err err;

    n = append(text, n, pawl_view_str(claims), "");
    T_OK(pawl_es256_sign(s->key, pawl_view(text, n), sig, &err), &err);
    return signer_envelope(header, claims, PAWL_VIEW_OF(sig));
}

/* ,"name":"base64url", or nothing for no bytes. */
static void claim(const char *name, struct pawl_view v, char *ret, size_t cap)
{
    char            text[128];
    struct pawl_err err;

    ret[0] = 0;
    if (!v.n)
        return;
    T_OK(pawl_b64url_write(v, text, sizeof(text), &err), &err);
    snprintf(ret, cap, ",\"%s\":\"%s\"", name, text);
}

/* ,"name":"text", or nothing without a text. */
static void text_claim(const char *name, const char *text, char ret[64])
{
    ret[0] = 0;
    if (text)
        snprintf(ret, 64, ",\"%s\":\"%s\"", name, text);
}

struct pawl_view signer_token(const struct signer *s, const struct signer_ear *e)
{
    char            nonce[64], e_v[160], rcpt[160], sw[64], keys[64], claims[TEXT_MAX / 2];
    struct pawl_err err;

    T_OK(pawl_b64url_write(PAWL_VIEW_OF(e->th1), nonce, sizeof(nonce), &err), &err);
    claim("ev", e->e_v, e_v, sizeof(e_v));
    claim("rcpt", e->rcpt, rcpt, sizeof(rcpt));
    text_claim("sw", e->sw, sw);
    text_claim("keys", e->keys, keys);
    snprintf(claims, sizeof(claims),
             "{\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"iat\":1,\"exp\":2,"
             "\"eat_nonce\":\"%s\",\"sub\":\"00\",\"aud\":\"demo\",\"submods\":{\"device\":{"
             "\"ear.status\":\"%s\",\"ear.trustworthiness-vector\":{\"instance-identity\":%d}}},"
             "\"pawl\":{\"v\":1,\"lbl\":\"%s\",\"att\":%" PRIu64 ",\"base\":%" PRIu64
             ",\"new\":%" PRIu64 "%s%s%s%s%s,\"why\":[%s]}}",
             nonce, e->status, e->identity, pawl_label_text(e->label), e->attempt, e->base,
             e->new_epoch, e_v, rcpt, sw, keys, e->more ? e->more : "", e->why);
    return signer_jws(s, EAR_HEADER, claims);
}

struct pawl_view signer_ear(const struct signer *s, const uint8_t th1[32], const char *status,
                            int identity, const char *why)
{
    struct signer_ear e = {
        .status = status, .identity = identity, .why = why, .label = PAWL_LABEL_ATTEST
    };

    memcpy(e.th1, th1, sizeof(e.th1));
    return signer_token(s, &e);
}

struct pawl_view signer_result(const struct pawl_result *r)
{
    static uint8_t   bytes[PAWL_RESULT_MAX];
    struct pawl_wr   w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_view all;
    struct pawl_err  err;

    T_OK(pawl_result_write(r, &w, &err), &err);
    T_OK(pawl_wr_end(&w, "result", &all, &err), &err);
    return t_copy(all);
}

struct pawl_view signer_refusal(const struct signer *s, const struct pawl_refusal *r)
{
    uint8_t          payload[PAWL_REFUSAL_MAX], bytes[PAWL_REFUSAL_MAX];
    struct pawl_wr   p = pawl_wr_to(payload, sizeof(payload)), w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_view all;
    struct pawl_err  err;

    T_OK(pawl_refusal_write(r, &p, &err), &err);
    T_OK(pawl_wr_end(&p, "refusal", &all, &err), &err);
    T_OK(pawl_cose_sign1_write(s->key, PAWL_VIEW_OF(s->id), pawl_view_str(PAWL_COSE_REFUSAL), all,
                               &w, &err),
         &err);
    T_OK(pawl_wr_end(&w, "refusal", &all, &err), &err);
    return t_copy(all);
}

struct pawl_view signer_jwks(const struct signer *s, size_t n)
{
    char   text[TEXT_MAX] = "{\"keys\":[";
    size_t at = strlen(text);

    for (size_t i = 0; i < n; i++) {
        const struct pawl_public *k = pawl_private_public(s[i].key);
        at += (size_t)snprintf(text + at, TEXT_MAX - at,
                               "%s{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"", i ? "," : "");
        at = append(text, at, pawl_view(k->b + 1, 32), "\",\"y\":\"");
        at = append(text, at, pawl_view(k->b + 33, 32), "\",\"kid\":\"0\",\"alg\":\"ES256\"}");
    }
    at += (size_t)snprintf(text + at, TEXT_MAX - at, "]}");
    return t_copy(pawl_view(text, at));
}
