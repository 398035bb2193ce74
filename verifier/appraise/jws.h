/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier states to others, signed: a compact JWS (RFC 7515) with ES256; and such a token
 * in its parts. What its header says, and whose key signed it, is for the reader to judge.
 */
#ifndef VERIFIER_APPRAISE_JWS_H
#define VERIFIER_APPRAISE_JWS_H

#include <pawl/crypto.h>

/* Room for the token of so many bytes of claims and a type of at most 32 characters, with its 0. */
#define JWS_ROOM(claims) (4 * ((claims) + 2) / 3 + 512)

/* base64url(header) "." base64url(claims) "." base64url(signature). claims: JSON. kid of the header
 * is verifier_id in hex. ret: NUL-terminated. FULL at "jws" if cap does not hold it. */
PAWL_MUST_USE pawl_status jws_write(const struct pawl_private *key, const uint8_t verifier_id[32],
                                    const char *type, struct pawl_view claims, char *ret,
                                    size_t cap, struct pawl_err *err);

/* header and claims: the texts, as they were before base64url. */
struct jws {
    struct pawl_view signed_text; /* of the token: header and claims, with the dot between */
    struct pawl_view header, claims;
    uint8_t          signature[64];
    uint8_t         *room; /* owned: header and claims */
};

/* FORM at "token" for what is not three parts; else at "header", "claims" or "signature". text
 * stays. Release with jws_done. */
PAWL_MUST_USE pawl_status jws_read(struct pawl_view text, struct jws *ret, struct pawl_err *err);
void                      jws_done(struct jws *j);

#endif
