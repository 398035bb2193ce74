/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifier states to others, signed: a compact JWS (RFC 7515) with ES256. */
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

#endif
