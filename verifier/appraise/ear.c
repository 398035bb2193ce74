/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict as a signed EAR. */

#include "appraise/ear.h"

#include <string.h>

#include "appraise/json_text.h"
#include "appraise/jws.h"

#define EAR_PROFILE   "tag:github.com,2023:veraison/ear"
#define EAR_TYPE      "eat+jwt"
#define EAR_DEVELOPER "Pawl"

/* A point of P-256, uncompressed, as a JWK. */
static void put_point(struct json_text *t, const uint8_t point[PAWL_POINT_P256])
{
    jt_string(t, "kty", "EC");
    jt_string(t, "crv", "P-256");
    jt_b64url(t, "x", pawl_view(point + 1, 32));
    jt_b64url(t, "y", pawl_view(point + 33, 32));
}

/* A claim of 0 is no claim and is left out; none is negative. */
static void put_claim(struct json_text *t, const char *name, int8_t value)
{
    if (value != AR4SI_NONE)
        jt_u64(t, name, (uint64_t)value);
}

static void put_appraisal(struct json_text *t, const struct verdict *v)
{
    jt_object(t, "submods");
    jt_object(t, "device");
    jt_string(t, "ear.status", tier_name(verdict_tier(v)));
    jt_object(t, "ear.trustworthiness-vector");
    put_claim(t, "instance-identity", verdict_identity(v));
    put_claim(t, "configuration", v->configuration);
    put_claim(t, "executables", v->executables);
    put_claim(t, "hardware", v->hardware);
    jt_object_end(t);
    if (v->policy[0])
        jt_string(t, "ear.appraisal-policy-id", v->policy);
    jt_object_end(t);
    jt_object_end(t);
}

/* Each reason once, however many findings have it. */
static void put_reasons(struct json_text *t, const struct verdict *v)
{
    bool seen[REASON_COUNT] = { false };

    jt_array(t, "why");
    for (size_t i = 0; i < v->finding_n; i++) {
        enum reason r = v->finding[i].reason;
        if ((unsigned)r >= REASON_COUNT || seen[r])
            continue;
        seen[r] = true;
        jt_string(t, NULL, reason_code(r));
    }
    jt_array_end(t);
}

/* "": it was looked at; otherwise why not. Parts that were nobody's business (of a rekey, say) are
 * left out. */
static void put_coverage(struct json_text *t, const struct verdict *v)
{
    jt_object(t, "cov");
    for (int c = 0; c < COVER_COUNT; c++) {
        const struct covered *part = &v->cover[c];
        if (part->is || part->why)
            jt_string(t, cover_name((enum cover)c), part->is ? "" : reason_code(part->why));
    }
    jt_object_end(t);
}

/* What the policy found: of which release it is, and that nobody enforces it (P-EAR-6). */
static void put_judged(struct json_text *t, const struct verdict *v)
{
    put_coverage(t, v);
    if (v->release[0])
        jt_string(t, "rel", v->release);
    if (v->watched)
        jt_true(t, "watch");
}

/* [number, hash]: who kept a token can tell later whether the chain still holds that entry. */
static void put_audit(struct json_text *t, const struct ear_claims *c)
{
    jt_array(t, "audit");
    jt_u64(t, NULL, c->audit);
    jt_b64url(t, NULL, PAWL_VIEW_OF(c->audit_hash));
    jt_array_end(t);
}

/* Two lights: a rekey proves fresh keys and says nothing of the software. */
static void put_lights(struct json_text *t, const struct verdict *v)
{
    jt_string(t, "sw", tier_name(verdict_software(v)));
    jt_string(t, "keys", tier_name(verdict_keys(v)));
}

/* P-TR-8 */
static void put_private_claim(struct json_text *t, const struct ear_claims *c,
                              const struct verdict *v)
{
    jt_object(t, "pawl");
    if (c->has_e_v)
        jt_b64url(t, "ev", PAWL_VIEW_OF(c->e_v));
    if (c->has_rcpt)
        jt_b64url(t, "rcpt", PAWL_VIEW_OF(c->rcpt));
    if (c->next_key)
        jt_b64url(t, "next_key", pawl_view(c->next_key, PAWL_VERIFIER_ID));
    jt_u64(t, "v", 1);
    jt_string(t, "lbl", pawl_label_text(c->label));
    jt_u64(t, "att", c->attempt);
    jt_u64(t, "base", c->base_epoch);
    jt_u64(t, "new", c->new_epoch);
    jt_u64(t, "inc", c->incident);
    jt_u64(t, "enr", c->enrolments);
    jt_u64(t, "rsn", c->reason);
    jt_string(t, "roots", c->lab ? "lab" : "vendor");
    put_lights(t, v);
    put_audit(t, c);
    put_judged(t, v);
    put_reasons(t, v);
    jt_object_end(t);
}

/* RFC 7800, 3.2: who shows this token proves that he has this key. */
static void put_cnf(struct json_text *t, const uint8_t point[PAWL_POINT_P256])
{
    jt_object(t, "cnf");
    jt_object(t, "jwk");
    put_point(t, point);
    jt_object_end(t);
    jt_object_end(t);
}

static void put_claims(struct json_text *t, const struct ear_claims *c, const struct verdict *v)
{
    uint64_t iat_s = c->iat_s > 0 ? (uint64_t)c->iat_s : 0;

    jt_string(t, "eat_profile", EAR_PROFILE);
    jt_u64(t, "iat", iat_s);
    jt_u64(t, "exp", iat_s + c->ttl_s);
    jt_object(t, "ear.verifier-id");
    jt_string(t, "developer", EAR_DEVELOPER);
    jt_string(t, "build", "pawl-verifier " PAWL_VERSION);
    jt_object_end(t);
    jt_b64url(t, "eat_nonce", PAWL_VIEW_OF(c->th1));
    jt_hex(t, "sub", PAWL_VIEW_OF(c->device_id));
    jt_text(t, "aud", c->tenant);
    if (c->app_point)
        put_cnf(t, c->app_point);
    put_appraisal(t, v);
    put_private_claim(t, c, v);
}

pawl_status ear_write(const struct pawl_private *key, const uint8_t verifier_id[32],
                      const struct ear_claims *claims, const struct verdict *v, char *ret,
                      size_t cap, struct pawl_err *err)
{
    char             text[PAWL_EAR_MAX], token[PAWL_EAR_MAX];
    struct json_text t = json_text_to(text, sizeof(text));

    put_claims(&t, claims, v);
    PAWL_TRY(json_text_end(&t, "ear", err));
    PAWL_TRY(pawl_under(
        err, "ear",
        jws_write(key, verifier_id, EAR_TYPE, pawl_view(text, t.n), token, sizeof(token), err)));
    size_t n = strlen(token);
    if (n >= cap)
        return pawl_fail(err, PAWL_E_FULL, "ear", "has %zu characters, %zu fit", n, cap);
    memcpy(ret, token, n + 1);
    return pawl_ok();
}

static pawl_status put_jwk(struct json_text *t, const struct jwks_key *k, struct pawl_err *err)
{
    if (k->key->kind != PAWL_KEY_P256 || k->key->n != PAWL_POINT_P256)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "jwks", "a key of %s does not sign ES256",
                         pawl_public_name(k->key));
    jt_object(t, NULL);
    put_point(t, k->key->b);
    jt_hex(t, "kid", pawl_view(k->verifier_id, 32));
    jt_string(t, "use", "sig");
    jt_string(t, "alg", "ES256");
    jt_object_end(t);
    return pawl_ok();
}

pawl_status jwks_write(const struct jwks_key *key, size_t n, char *ret, size_t cap,
                       struct pawl_err *err)
{
    struct json_text t = json_text_to(ret, cap);

    jt_array(&t, "keys");
    for (size_t i = 0; i < n; i++)
        PAWL_TRY(put_jwk(&t, &key[i], err));
    jt_array_end(&t);
    return json_text_end(&t, "jwks", err);
}
