/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens for targets behind a signature: the input is the header's JSON, a line's end and the
 * claims' JSON, and a key of this run signs them. What begins with no '{' is a token as it is,
 * which that key did not sign.
 */
#ifndef PAWL_FUZZ_JWS_H
#define PAWL_FUZZ_JWS_H

#include <pawl/crypto.h>

#include "fuzz.h"

#define JWS_MAX (64 * 1024)

static inline const struct pawl_private *jws_key(void)
{
    static struct pawl_private *key;
    struct pawl_err             err;

    if (!key)
        FUZZ_HOLDS(pawl_is_ok(pawl_private_make(PAWL_KEY_P256, &key, &err)));
    return key;
}

static inline size_t jws_part(struct pawl_view v, char end, char *text, size_t n)
{
    struct pawl_err err;

    FUZZ_HOLDS(pawl_is_ok(pawl_b64url_write(v, text + n, JWS_MAX - n, &err)));
    n += pawl_b64url_n(v.n);
    if (end)
        text[n++] = end;
    return n;
}

/* The token's length in text; *ret_signed says whether we signed it. */
static inline size_t jws_from(struct pawl_view in, char text[JWS_MAX], bool *ret_signed)
{
    const uint8_t  *line = in.n ? memchr(in.p, '\n', in.n) : NULL;
    uint8_t         sig[64];
    struct pawl_err err;

    *ret_signed = line && in.p[0] == '{' && in.n < JWS_MAX / 2;
    if (!*ret_signed) {
        size_t n = in.n < JWS_MAX ? in.n : JWS_MAX;
        if (n)
            memcpy(text, in.p, n);
        return n;
    }
    size_t n = jws_part(pawl_view(in.p, (size_t)(line - in.p)), '.', text, 0);
    n = jws_part(pawl_view(line + 1, in.n - (size_t)(line - in.p) - 1), 0, text, n);
    FUZZ_HOLDS(pawl_is_ok(pawl_es256_sign(jws_key(), pawl_view(text, n), sig, &err)));
    text[n++] = '.';
    return jws_part(PAWL_VIEW_OF(sig), 0, text, n);
}

#endif
