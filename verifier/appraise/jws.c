/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/jws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing --------------------------------------------------------------------------------- */

/* The text so far. */
struct token {
    char  *s;
    size_t n, cap;
};

static pawl_status append_b64url(struct token *t, struct pawl_view v, struct pawl_err *err)
{
    PAWL_TRY(pawl_under(err, "jws", pawl_b64url_write(v, t->s + t->n, t->cap - t->n, err)));
    t->n += pawl_b64url_n(v.n);
    return pawl_ok();
}

static pawl_status append_dot(struct token *t, struct pawl_err *err)
{
    if (t->cap - t->n < 2)
        return pawl_fail(err, PAWL_E_FULL, "jws", "does not fit %zu bytes", t->cap);
    t->s[t->n++] = '.';
    return pawl_ok();
}

pawl_status jws_write(const struct pawl_private *key, const uint8_t verifier_id[32],
                      const char *type, struct pawl_view claims, char *ret, size_t cap,
                      struct pawl_err *err)
{
    struct token t = { .s = ret, .cap = cap };
    char         kid[2 * 32 + 1], header[160];
    uint8_t      sig[64];

    PAWL_TRY(pawl_hex_write(pawl_view(verifier_id, 32), kid, sizeof(kid), err));
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"typ\":\"%.32s\",\"kid\":\"%s\"}", type,
             kid);
    PAWL_TRY(append_b64url(&t, pawl_view_str(header), err));
    PAWL_TRY(append_dot(&t, err));
    PAWL_TRY(append_b64url(&t, claims, err));
    PAWL_TRY(pawl_es256_sign(key, pawl_view(ret, t.n), sig, err));
    PAWL_TRY(append_dot(&t, err));
    return append_b64url(&t, PAWL_VIEW_OF(sig), err);
}

/* ---- reading --------------------------------------------------------------------------------- */

void jws_done(struct jws *j)
{
    free(j->room);
    *j = (struct jws){ 0 };
}

/* Up to the next dot; of the last part to the end. */
static pawl_status next_part(struct pawl_view *rest, bool is_last, struct pawl_view *ret,
                             struct pawl_err *err)
{
    const uint8_t *dot = rest->n ? memchr(rest->p, '.', rest->n) : NULL;

    if (is_last == (dot != NULL))
        return pawl_fail(err, PAWL_E_FORM, "token", "is not three parts with dots between");
    size_t n = dot ? (size_t)(dot - rest->p) : rest->n, gone = dot ? n + 1 : n;
    *ret = pawl_view(rest->p, n);
    *rest = pawl_view(rest->p + gone, rest->n - gone);
    return pawl_ok();
}

pawl_status jws_read(struct pawl_view text, struct jws *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(jws_done) struct jws j = { .room = malloc(text.n ? text.n : 1) };
    struct pawl_view                  rest = text, header, claims, signature;
    size_t                            header_n, claims_n, n;

    if (!j.room)
        return pawl_fail(err, PAWL_E_MEMORY, "token", "out of memory");
    PAWL_TRY(next_part(&rest, false, &header, err));
    PAWL_TRY(next_part(&rest, false, &claims, err));
    PAWL_TRY(next_part(&rest, true, &signature, err));
    PAWL_TRY(pawl_b64url_parse(header, "header", j.room, text.n, &header_n, err));
    PAWL_TRY(
        pawl_b64url_parse(claims, "claims", j.room + header_n, text.n - header_n, &claims_n, err));
    PAWL_TRY(pawl_b64url_parse(signature, "signature", j.signature, sizeof(j.signature), &n, err));
    if (n != sizeof(j.signature))
        return pawl_fail(err, PAWL_E_RANGE, "signature", "has %zu bytes, not 64", n);
    j.signed_text = pawl_view(text.p, header.n + 1 + claims.n);
    j.header = pawl_view(j.room, header_n);
    j.claims = pawl_view(j.room + header_n, claims_n);
    *ret = j;
    j.room = NULL;
    return pawl_ok();
}
