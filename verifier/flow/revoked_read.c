/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of revoked devices that was kept, read back. Its claims are read after the signature was
 * verified, and the algorithm is ES256 whatever it says (RFC 8725).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/jws.h"
#include "flow/json.h"
#include "flow/revoked.h"

#define TIME_MAX 253402300799 /* the last second of the year 9999 */

void revocations_done(struct revocations *r)
{
    free(r->id);
    *r = (struct revocations){ 0 };
}

/* ---- the token ------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct pawl_view without_blanks(struct pawl_view v)
{
    while (v.n && is_blank(v.p[v.n - 1]))
        v.n--;
    while (v.n && is_blank(v.p[0]))
        v = pawl_view(v.p + 1, v.n - 1);
    return v;
}

/* *ret may lie in room. */
static pawl_status find_token(struct pawl_view text, struct json *room, struct pawl_view *ret,
                              struct pawl_err *err)
{
    static const char *const known[] = { "revoked", NULL };
    const char              *token;

    *ret = without_blanks(text);
    if (ret->n == 0)
        return pawl_fail(err, PAWL_E_FORM, "token", "there is none");
    if (ret->p[0] != '{')
        return pawl_ok();
    PAWL_TRY(json_parse(*ret, known, room, err));
    PAWL_TRY(json_get_text(room, "revoked", true, &token, err));
    *ret = pawl_view_str(token);
    return pawl_ok();
}

static pawl_status must_say(const struct json *j, const char *name, const char *due,
                            struct pawl_err *err)
{
    const char *is;

    PAWL_TRY(json_get_text(j, name, true, &is, err));
    if (strcmp(is, due) != 0)
        return pawl_fail(err, PAWL_E_DENIED, name, "is not %s", due);
    return pawl_ok();
}

/* A key that the backup does not have is one that was made after it, or another verifier's: which
 * of both cannot be told. */
static pawl_status find_signer(const struct keys *k, const char *kid, struct signer *ret,
                               struct pawl_err *err)
{
    uint8_t id[PAWL_VERIFIER_ID];

    PAWL_TRY(pawl_hex_parse_exact(kid, "kid", id, sizeof(id), err));
    if (!pawl_is_ok(keys_signer(k, PAWL_VIEW_OF(id), ret, err)))
        return pawl_fail(
            err, PAWL_E_DENIED, "kid",
            "key %.16s.. is none of these: another verifier's, or made since the backup", kid);
    return pawl_ok();
}

static pawl_status check_header(const struct keys *k, struct pawl_view text, struct signer *ret,
                                struct pawl_err *err)
{
    static const char *const known[] = { "alg", "typ", "kid", NULL };
    JSON                     j = { 0 };
    const char              *kid;

    PAWL_TRY(json_parse(text, known, &j, err));
    PAWL_TRY(must_say(&j, "alg", "ES256", err));
    PAWL_TRY(must_say(&j, "typ", REVOKED_TYPE, err));
    PAWL_TRY(json_get_text(&j, "kid", true, &kid, err));
    return find_signer(k, kid, ret, err);
}

static pawl_status check_signature(const struct keys *k, const struct jws *t, struct pawl_err *err)
{
    struct signer signer;

    PAWL_TRY(pawl_under(err, "header", check_header(k, t->header, &signer, err)));
    if (!pawl_is_ok(
            pawl_es256_verify(pawl_private_public(signer.key), t->signed_text, t->signature, err)))
        return pawl_fail(err, PAWL_E_FORGED, "signature",
                         "does not verify: this is not what was signed");
    return pawl_ok();
}

/* ---- the claims ------------------------------------------------------------------------------ */

static pawl_status read_ids(const struct json *j, struct revocations *ret, struct pawl_err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(j->root, "revoked"), *one;
    char         where[40];

    if (!cJSON_IsArray(list))
        return pawl_fail(err, PAWL_E_FORM, "revoked", "is no list");
    ret->id = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*ret->id));
    if (!ret->id)
        return pawl_fail(err, PAWL_E_MEMORY, "revoked", "out of memory");
    cJSON_ArrayForEach(one, list)
    {
        snprintf(where, sizeof(where), "revoked[%zu]", ret->n);
        if (!cJSON_IsString(one))
            return pawl_fail(err, PAWL_E_FORM, where, "is no text");
        PAWL_TRY(
            pawl_hex_parse_exact(one->valuestring, where, ret->id[ret->n++], PAWL_DEVICE_ID, err));
    }
    return pawl_ok();
}

static pawl_status read_claims(const struct verifier_config *c, struct pawl_view text,
                               struct revocations *ret, struct pawl_err *err)
{
    static const char *const known[] = { "iat", "exp", "aud", "revoked", NULL };
    JSON                     j = { 0 };
    const char              *tenant;
    uint64_t                 iat = 0;

    PAWL_TRY(json_parse(text, known, &j, err));
    PAWL_TRY(json_get_text(&j, "aud", true, &tenant, err));
    ret->tenant = config_tenant(c, pawl_view_str(tenant));
    if (!ret->tenant)
        return pawl_fail(err, PAWL_E_DENIED, "aud", "is a tenant that is not in verifier.ini");
    PAWL_TRY(json_get_u64(&j, "iat", TIME_MAX, &iat, err));
    if (iat == 0)
        return pawl_fail(err, PAWL_E_FORM, "iat", "is missing");
    ret->signed_s = (int64_t)iat;
    return read_ids(&j, ret, err);
}

pawl_status revocations_read(const struct verifier_config *c, const struct keys *k,
                             struct pawl_view text, struct revocations *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(revocations_done) struct revocations r = { 0 };
    PAWL_CLEANUP(jws_done) struct jws                 t = { 0 };
    JSON                                              room = { 0 };
    struct pawl_view                                  token;

    PAWL_TRY(find_token(text, &room, &token, err));
    PAWL_TRY(jws_read(token, &t, err));
    PAWL_TRY(check_signature(k, &t, err));
    PAWL_TRY(read_claims(c, t.claims, &r, err));
    *ret = r;
    r.id = NULL;
    return pawl_ok();
}
