/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawlctl ear verify: an attestation result as a relying party reads it.
 *
 * The algorithm is ES256 whatever the token says (RFC 8725); the token only names which key of the
 * JWKS signed it. Claims are read after the signature was verified.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pawl/crypto.h>

#include "appraise/jws.h"
#include "ctl/ctl.h"

#define EAR_PROFILE "tag:github.com,2023:veraison/ear"

enum { TOKEN_MAX = 16 * 1024, SKEW_S = 60 };

struct token {
    struct bytes text;
    struct jws   jws;
    cJSON       *header, *claims;
};

static void token_done(struct token *t)
{
    bytes_done(&t->text);
    jws_done(&t->jws);
    cJSON_Delete(t->header);
    cJSON_Delete(t->claims);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* The token itself, or @FILE, or - for standard input; white space around it does not count. */
static pawl_status read_text(const char *operand, struct bytes *ret, struct pawl_err *err)
{
    if (operand[0] == '@' || strcmp(operand, "-") == 0)
        PAWL_TRY(input_read(operand + (operand[0] == '@'), TOKEN_MAX, ret, err));
    else {
        ret->p = (uint8_t *)strdup(operand);
        if (!ret->p)
            return pawl_fail(err, PAWL_E_MEMORY, "token", "no memory");
        ret->n = strlen(operand);
    }
    while (ret->n && strchr(" \t\r\n", ret->p[ret->n - 1]))
        ret->n--;
    if (ret->n == 0 || ret->n > TOKEN_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "token", "has %zu characters, 1 to %d are taken",
                         ret->n, TOKEN_MAX);
    return pawl_ok();
}

/* A name given twice would say one thing to us and another to others (RFC 7519, 4). */
static pawl_status decode(struct token *t, struct pawl_err *err)
{
    PAWL_TRY(jws_read(bytes_view(&t->text), &t->jws, err));
    PAWL_TRY(json_parse_object(t->jws.header, "header", &t->header, err));
    return json_parse_object(t->jws.claims, "claims", &t->claims, err);
}

/* ---- judging -------------------------------------------------------------------------------- */

static pawl_status check_signature(const struct token *t, const char *jwks, struct pawl_err *err)
{
    const char        *kid = json_text(t->header, "kid");
    struct pawl_public key;

    if (!json_says(t->header, "alg", "ES256"))
        return pawl_fail(err, PAWL_E_DENIED, "header.alg", "is not ES256");
    if (!json_says(t->header, "typ", "eat+jwt"))
        return pawl_fail(err, PAWL_E_DENIED, "header.typ", "is not eat+jwt");
    if (!kid)
        return pawl_fail(err, PAWL_E_DENIED, "header.kid", "is missing");
    if (cJSON_GetObjectItemCaseSensitive(t->header, "crit")) /* RFC 7515, 4.1.11 */
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "header.crit",
                         "names what must be understood, and none of it is");
    PAWL_TRY(jwks_key(jwks, kid, "header.kid", &key, err));
    return pawl_es256_verify(&key, t->jws.signed_text, t->jws.signature, err);
}

static pawl_status check_times(const cJSON *claims, int64_t now_s, struct pawl_err *err)
{
    int64_t iat = json_number(claims, "iat", -1), exp = json_number(claims, "exp", -1);

    if (iat < 0)
        return pawl_fail(err, PAWL_E_FORM, "iat", "is missing");
    if (exp < 0)
        return pawl_fail(err, PAWL_E_FORM, "exp", "is missing");
    if (iat > now_s + SKEW_S)
        return pawl_fail(err, PAWL_E_DENIED, "iat", "lies %lld s ahead", (long long)(iat - now_s));
    if (exp <= now_s)
        return pawl_fail(err, PAWL_E_EXPIRED, "exp", "passed %lld s ago", (long long)(now_s - exp));
    return pawl_ok();
}

static pawl_status check_status(const cJSON *claims, const char *require, struct pawl_err *err)
{
    const cJSON *submods = cJSON_GetObjectItemCaseSensitive(claims, "submods"), *m;

    if (!cJSON_IsObject(submods) || !submods->child)
        return pawl_fail(err, PAWL_E_FORM, "submods", "is missing");
    cJSON_ArrayForEach(m, submods)
    {
        const char *status = json_text(m, "ear.status");
        if (!status)
            return pawl_fail(err, PAWL_E_FORM, "ear.status", "is missing");
        if (require && strcmp(status, require) != 0)
            return pawl_fail(err, PAWL_E_DENIED, "ear.status", "is %s, not %s", status, require);
    }
    return pawl_ok();
}

/* A token of one tenant means nothing to another's services (S2, S4). */
static pawl_status check_audience(const cJSON *claims, const char *tenant, struct pawl_err *err)
{
    if (tenant && !json_says(claims, "aud", tenant))
        return pawl_fail(err, PAWL_E_DENIED, "aud", "is not this tenant");
    return pawl_ok();
}

pawl_status ear_open(const char *operand, const char *jwks, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(token_done) struct token t = { 0 };

    PAWL_TRY(read_text(operand, &t.text, err));
    PAWL_TRY(decode(&t, err));
    PAWL_TRY(check_signature(&t, jwks, err));
    if (!json_says(t.claims, "eat_profile", EAR_PROFILE))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "eat_profile", "is not %s", EAR_PROFILE);
    *ret = t.claims;
    t.claims = NULL;
    return pawl_ok();
}

pawl_status ear_verify(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *claims = NULL;

    PAWL_TRY(ear_open(a->operand, a->option[OPT_JWKS], &claims, err));
    PAWL_TRY(check_times(claims, (int64_t)time(NULL), err));
    PAWL_TRY(check_audience(claims, a->option[OPT_TENANT], err));
    PAWL_TRY(check_status(claims, a->option[OPT_REQUIRE], err));
    *ret = claims;
    claims = NULL;
    return pawl_ok();
}
