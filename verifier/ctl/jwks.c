/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's public keys as it publishes them: a JSON Web Key Set (RFC 7517) in a file. */
#include "ctl/ctl.h"

enum { JWKS_MAX = 256 * 1024 };

static pawl_status read_coordinate(const cJSON *jwk, const char *name, uint8_t ret[32],
                                   struct pawl_err *err)
{
    const char *text = json_text(jwk, name);
    size_t      n = 0;

    if (!text)
        return pawl_fail(err, PAWL_E_FORM, name, "is missing");
    PAWL_TRY(pawl_b64url_parse(pawl_view_str(text), name, ret, 32, &n, err));
    return n == 32 ? pawl_ok() : pawl_fail(err, PAWL_E_RANGE, name, "has %zu bytes, not 32", n);
}

static pawl_status read_jwk(const cJSON *jwk, struct pawl_public *ret, struct pawl_err *err)
{
    struct pawl_public k = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256, .b = { 0x04 } };

    if (!json_says(jwk, "kty", "EC") || !json_says(jwk, "crv", "P-256"))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "jwks", "the key of that kid is not EC P-256");
    PAWL_TRY(pawl_under(err, "jwks", read_coordinate(jwk, "x", k.b + 1, err)));
    PAWL_TRY(pawl_under(err, "jwks", read_coordinate(jwk, "y", k.b + 33, err)));
    PAWL_TRY(pawl_under(err, "jwks", pawl_public_check(&k, err)));
    *ret = k;
    return pawl_ok();
}

pawl_status jwks_key(const char *path, const char *kid, const char *where, struct pawl_public *ret,
                     struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };
    PAWL_CLEANUP(json_free) cJSON        *jwks = NULL;
    const cJSON                          *jwk;

    PAWL_TRY(pawl_under(err, "jwks", input_read(path, JWKS_MAX, &file, err)));
    jwks = cJSON_ParseWithLength((const char *)file.p, file.n);
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(jwks, "keys");
    if (!cJSON_IsArray(keys))
        return pawl_fail(err, PAWL_E_FORM, "jwks", "is no JSON object with a list keys");
    cJSON_ArrayForEach(jwk, keys) if (json_says(jwk, "kid", kid)) return read_jwk(jwk, ret, err);
    return pawl_fail(err, PAWL_E_DENIED, where, "names a key that the JWKS does not have");
}
