/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict as a signed EAR.
 *
 * Numbers that may pass 2^53 are written from the integer itself, since cJSON
 * keeps numbers as double.
 */
#include "appraise/ear.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "appraise/jws.h"

#define EAR_PROFILE   "tag:github.com,2023:veraison/ear"
#define EAR_TYPE      "eat+jwt"
#define EAR_DEVELOPER "Pawl"

static void json_free(cJSON **j)
{
    cJSON_Delete(*j);
}

static bool add_u64(cJSON *o, const char *name, uint64_t v)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, v);
    return cJSON_AddRawToObject(o, name, text);
}

static bool add_hex(cJSON *o, const char *name, struct pawl_view v)
{
    char            text[2 * PAWL_HASH_MAX + 1];
    struct pawl_err ignored;

    return pawl_is_ok(pawl_hex_write(v, text, sizeof(text), &ignored)) &&
           cJSON_AddStringToObject(o, name, text);
}

static bool add_b64url(cJSON *o, const char *name, struct pawl_view v)
{
    char            text[128];
    struct pawl_err ignored;

    return pawl_is_ok(pawl_b64url_write(v, text, sizeof(text), &ignored)) &&
           cJSON_AddStringToObject(o, name, text);
}

static bool add_text(cJSON *o, const char *name, struct pawl_view v)
{
    char text[PAWL_TENANT_MAX + 1];

    if (v.n >= sizeof(text))
        return false;
    memcpy(text, v.p, v.n);
    text[v.n] = 0;
    return cJSON_AddStringToObject(o, name, text);
}

/* A point of P-256, uncompressed, as a JWK. */
static bool add_point(cJSON *jwk, const uint8_t point[PAWL_POINT_P256])
{
    return cJSON_AddStringToObject(jwk, "kty", "EC") &&
           cJSON_AddStringToObject(jwk, "crv", "P-256") &&
           add_b64url(jwk, "x", pawl_view(point + 1, 32)) &&
           add_b64url(jwk, "y", pawl_view(point + 33, 32));
}

/* A claim of 0 is no claim and is left out. */
static bool add_claim(cJSON *vector, const char *name, int8_t value)
{
    return value == AR4SI_NONE || cJSON_AddNumberToObject(vector, name, value);
}

static bool add_appraisal(cJSON *o, const struct verdict *v)
{
    cJSON *submods = cJSON_AddObjectToObject(o, "submods");
    cJSON *device = cJSON_AddObjectToObject(submods, "device");

    if (!cJSON_AddStringToObject(device, "ear.status", tier_name(verdict_tier(v))))
        return false;
    cJSON *vector = cJSON_AddObjectToObject(device, "ear.trustworthiness-vector");
    return vector && add_claim(vector, "instance-identity", verdict_identity(v)) &&
           add_claim(vector, "configuration", v->configuration) &&
           add_claim(vector, "executables", v->executables) &&
           add_claim(vector, "hardware", v->hardware) &&
           (!v->policy[0] || cJSON_AddStringToObject(device, "ear.appraisal-policy-id", v->policy));
}

/* Each reason once, however many findings have it. */
static bool add_reasons(cJSON *o, const struct verdict *v)
{
    cJSON *why = cJSON_AddArrayToObject(o, "why");
    bool   seen[REASON_COUNT] = { false };

    for (size_t i = 0; i < v->finding_n; i++) {
        enum reason r = v->finding[i].reason;
        if ((unsigned)r >= REASON_COUNT || seen[r])
            continue;
        seen[r] = true;
        if (!cJSON_AddItemToArray(why, cJSON_CreateString(reason_code(r))))
            return false;
    }
    return why != NULL;
}

/* "": it was looked at; otherwise why not. Parts that were nobody's business (of a rekey, say) are
 * left out. */
static bool add_coverage(cJSON *o, const struct verdict *v)
{
    cJSON *cov = cJSON_AddObjectToObject(o, "cov");

    for (int c = 0; c < COVER_COUNT; c++) {
        const struct covered *part = &v->cover[c];
        if ((part->is || part->why) &&
            !cJSON_AddStringToObject(cov, cover_name((enum cover)c),
                                     part->is ? "" : reason_code(part->why)))
            return false;
    }
    return cov != NULL;
}

/* What the policy found: of which release it is, and that nobody enforces it (P-EAR-6). */
static bool add_judged(cJSON *o, const struct verdict *v)
{
    return add_coverage(o, v) &&
           (!v->release[0] || cJSON_AddStringToObject(o, "rel", v->release)) &&
           (!v->watched || cJSON_AddTrueToObject(o, "watch"));
}

/* [number, hash]: who kept a token can tell later whether the chain still holds that entry. */
static bool add_audit(cJSON *o, const struct ear_claims *c)
{
    cJSON          *head = cJSON_AddArrayToObject(o, "audit");
    char            text[24], hash[64];
    struct pawl_err ignored;

    snprintf(text, sizeof(text), "%" PRIu64, c->audit);
    return head && cJSON_AddItemToArray(head, cJSON_CreateRaw(text)) &&
           pawl_is_ok(
               pawl_b64url_write(PAWL_VIEW_OF(c->audit_hash), hash, sizeof(hash), &ignored)) &&
           cJSON_AddItemToArray(head, cJSON_CreateString(hash));
}

/* Two lights: a rekey proves fresh keys and says nothing of the software. */
static bool add_lights(cJSON *o, const struct verdict *v)
{
    return cJSON_AddStringToObject(o, "sw", tier_name(verdict_software(v))) &&
           cJSON_AddStringToObject(o, "keys", tier_name(verdict_keys(v)));
}

/* P-TR-8 */
static bool add_private_claim(cJSON *o, const struct ear_claims *c, const struct verdict *v)
{
    cJSON *p = cJSON_AddObjectToObject(o, "pawl");

    if (c->has_e_v && !add_b64url(p, "ev", PAWL_VIEW_OF(c->e_v)))
        return false;
    if (c->has_rcpt && !add_b64url(p, "rcpt", PAWL_VIEW_OF(c->rcpt)))
        return false;
    if (c->next_key && !add_b64url(p, "next_key", pawl_view(c->next_key, PAWL_VERIFIER_ID)))
        return false;
    return p && cJSON_AddNumberToObject(p, "v", 1) &&
           cJSON_AddStringToObject(p, "lbl", pawl_label_text(c->label)) &&
           add_u64(p, "att", c->attempt) && add_u64(p, "base", c->base_epoch) &&
           add_u64(p, "new", c->new_epoch) && add_u64(p, "inc", c->incident) &&
           add_u64(p, "enr", c->enrolments) && cJSON_AddNumberToObject(p, "rsn", c->reason) &&
           cJSON_AddStringToObject(p, "roots", c->lab ? "lab" : "vendor") && add_lights(p, v) &&
           add_audit(p, c) && add_judged(p, v) && add_reasons(p, v);
}

/* RFC 7800, 3.2: who shows this token proves that he has this key. */
static bool add_cnf(cJSON *o, const uint8_t point[PAWL_POINT_P256])
{
    cJSON *jwk = cJSON_AddObjectToObject(cJSON_AddObjectToObject(o, "cnf"), "jwk");

    return jwk && add_point(jwk, point);
}

static bool add_claims(cJSON *o, const struct ear_claims *c, const struct verdict *v)
{
    if (!cJSON_AddStringToObject(o, "eat_profile", EAR_PROFILE) ||
        !cJSON_AddNumberToObject(o, "iat", (double)c->iat_s) ||
        !cJSON_AddNumberToObject(o, "exp", (double)c->iat_s + (double)c->ttl_s))
        return false;
    cJSON *verifier = cJSON_AddObjectToObject(o, "ear.verifier-id");
    return verifier && cJSON_AddStringToObject(verifier, "developer", EAR_DEVELOPER) &&
           cJSON_AddStringToObject(verifier, "build", "pawl-verifier " PAWL_VERSION) &&
           add_b64url(o, "eat_nonce", PAWL_VIEW_OF(c->th1)) &&
           add_hex(o, "sub", PAWL_VIEW_OF(c->device_id)) && add_text(o, "aud", c->tenant) &&
           (!c->app_point || add_cnf(o, c->app_point)) && add_appraisal(o, v) &&
           add_private_claim(o, c, v);
}

pawl_status ear_write(const struct pawl_private *key, const uint8_t verifier_id[32],
                      const struct ear_claims *claims, const struct verdict *v, char *ret,
                      size_t cap, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *body = cJSON_CreateObject();
    char                           text[PAWL_EAR_MAX], token[PAWL_EAR_MAX];

    if (!add_claims(body, claims, v))
        return pawl_fail(err, PAWL_E_MEMORY, "ear", "no memory for the claims");
    if (!cJSON_PrintPreallocated(body, text, sizeof(text), false))
        return pawl_fail(err, PAWL_E_FULL, "ear", "the claims do not fit");
    PAWL_TRY(pawl_under(
        err, "ear",
        jws_write(key, verifier_id, EAR_TYPE, pawl_view_str(text), token, sizeof(token), err)));
    size_t n = strlen(token);
    if (n >= cap)
        return pawl_fail(err, PAWL_E_FULL, "ear", "has %zu characters, %zu fit", n, cap);
    memcpy(ret, token, n + 1);
    return pawl_ok();
}

static pawl_status add_jwk(cJSON *keys, const struct jwks_key *k, struct pawl_err *err)
{
    if (k->key->kind != PAWL_KEY_P256 || k->key->n != PAWL_POINT_P256)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "jwks", "a key of %s does not sign ES256",
                         pawl_public_name(k->key));
    cJSON *jwk = cJSON_CreateObject();
    if (!jwk || !cJSON_AddItemToArray(keys, jwk)) {
        cJSON_Delete(jwk);
        return pawl_fail(err, PAWL_E_MEMORY, "jwks", "no memory");
    }
    if (!add_point(jwk, k->key->b) || !add_hex(jwk, "kid", pawl_view(k->verifier_id, 32)) ||
        !cJSON_AddStringToObject(jwk, "use", "sig") ||
        !cJSON_AddStringToObject(jwk, "alg", "ES256"))
        return pawl_fail(err, PAWL_E_MEMORY, "jwks", "no memory");
    return pawl_ok();
}

pawl_status jwks_write(const struct jwks_key *key, size_t n, char *ret, size_t cap,
                       struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *jwks = cJSON_CreateObject();
    cJSON                         *keys = cJSON_AddArrayToObject(jwks, "keys");

    for (size_t i = 0; i < n; i++)
        PAWL_TRY(add_jwk(keys, &key[i], err));
    if (cap > INT32_MAX || !cJSON_PrintPreallocated(jwks, ret, (int)cap, false))
        return pawl_fail(err, PAWL_E_FULL, "jwks", "does not fit %zu bytes", cap);
    return pawl_ok();
}
