/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/steps.h"

#include <string.h>

#include "state/json.h"

#define JWKS_PATH "/.well-known/jwks.json"

static pawl_status read_coordinate(const cJSON *jwk, const char *name, uint8_t ret[32],
                                   struct pawl_err *err)
{
    const char *text;
    size_t      n = 0;

    PAWL_TRY(json_text(jwk, name, 64, &text, err));
    PAWL_TRY(pawl_b64url_parse(pawl_view_str(text), name, ret, 32, &n, err));
    if (n != 32)
        return pawl_fail(err, PAWL_E_RANGE, name, "%zu bytes, a P-256 coordinate has 32", n);
    return pawl_ok();
}

/* One JWK (RFC 7518 6.2.1) as a P-256 key and its pin. */
static pawl_status read_jwk(const cJSON *jwk, struct verifier *ret, struct pawl_err *err)
{
    struct verifier v = { .key = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256, .b = { 0x04 } } };
    const char     *kty, *crv;

    PAWL_TRY(json_text(jwk, "kty", 16, &kty, err));
    PAWL_TRY(json_text(jwk, "crv", 16, &crv, err));
    if (strcmp(kty, "EC") || strcmp(crv, "P-256"))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "crv", "not P-256");
    PAWL_TRY(read_coordinate(jwk, "x", v.key.b + 1, err));
    PAWL_TRY(read_coordinate(jwk, "y", v.key.b + 33, err));
    PAWL_TRY(pawl_public_check(&v.key, err));
    PAWL_TRY(pawl_spki_pin(&v.key, v.id, err));
    *ret = v;
    return pawl_ok();
}

pawl_status verifier_pick(struct pawl_view jwks, const uint8_t pins[][PAWL_SPKI_PIN], size_t pin_n,
                          struct verifier *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_done) cJSON *j = NULL;
    const cJSON                   *keys, *one;
    size_t                         best = pin_n;
    struct verifier                v;
    struct pawl_err                ignored; /* a key that we cannot read is not ours */

    PAWL_TRY(json_parse(jwks, "jwks", &j, err));
    PAWL_TRY(pawl_under(err, "jwks", json_array(j, "keys", &keys, err)));
    cJSON_ArrayForEach(one, keys)
    {
        if (!pawl_is_ok(read_jwk(one, &v, &ignored)))
            continue;
        for (size_t i = 0; i < best; i++)
            if (pawl_view_equal(PAWL_VIEW_OF(v.id), pawl_view(pins[i], PAWL_SPKI_PIN))) {
                best = i;
                *ret = v;
            }
    }
    if (best == pin_n)
        return pawl_fail(err, PAWL_E_DENIED, "verifier_key",
                         "the verifier has no signing key with a pinned hash");
    return pawl_ok();
}

/* The cached key, if the configuration still pins it. */
static bool cached(const struct flow *f, struct verifier *ret)
{
    const struct record *r = &f->record;

    if (!r->has_verifier)
        return false;
    ret->key = (struct pawl_public){ .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };
    memcpy(ret->key.b, r->verifier_point, PAWL_POINT_P256);
    for (size_t i = 0; i < f->config->verifier_n; i++) {
        struct pawl_err ignored;
        /* The hash is taken anew: the file is not what decides whom we believe. */
        if (pawl_is_ok(pawl_spki_pin(&ret->key, ret->id, &ignored)) &&
            pawl_view_equal(PAWL_VIEW_OF(ret->id), PAWL_VIEW_OF(f->config->verifier[i])))
            return true;
    }
    return false;
}

static pawl_status fetch(struct flow *f, const uint8_t pins[][PAWL_SPKI_PIN], size_t n,
                         struct verifier *ret, struct pawl_err *err)
{
    struct net_answer a;

    PAWL_TRY(net_get_json(f->net, JWKS_PATH, &a, err));
    PAWL_TRY(answer_is_ok(&a, err));
    PAWL_TRY(verifier_pick(a.body, pins, n, ret, err));
    f->record.has_verifier = true;
    memcpy(f->record.verifier_id, ret->id, sizeof(ret->id));
    memcpy(f->record.verifier_point, ret->key.b, sizeof(f->record.verifier_point));
    f->ask_jwks = false;
    return pawl_ok();
}

pawl_status verifier_find(struct flow *f, struct verifier *ret, struct pawl_err *err)
{
    struct verifier v;
    bool            have = cached(f, &v);

    /* With one pin there is nothing that asking again could change. */
    if (!have || (f->ask_jwks && f->config->verifier_n > 1))
        PAWL_TRY(fetch(f, f->config->verifier, f->config->verifier_n, &v, err));
    *ret = v;
    return pawl_ok();
}

/* P-TRUST-4 */
void verifier_follow(struct flow *f, const struct ear *e)
{
    struct verifier v;
    struct pawl_err ignored; /* the next result says it again */

    for (size_t i = 0; e->has_next_key && i < f->config->verifier_n; i++)
        if (pawl_view_equal(PAWL_VIEW_OF(e->next_key), PAWL_VIEW_OF(f->config->verifier[i])))
            (void)pawl_is_ok(fetch(f, &f->config->verifier[i], 1, &v, &ignored));
}
