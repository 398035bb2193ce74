/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/jws.h"

#include <stdio.h>

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
