/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/ear.h"

#include <stdio.h>
#include <string.h>

#include <pawl/limits.h>

#include "state/json.h"

enum { NOT_RECOGNISED = 97 }; /* AR4SI, instance-identity */

static const char *const status_names[EAR_STATUS_COUNT] = {
    [EAR_NONE] = "none",
    [EAR_AFFIRMING] = "affirming",
    [EAR_WARNING] = "warning",
    [EAR_CONTRAINDICATED] = "contraindicated",
};

const char *ear_status_name(enum ear_status s)
{
    return (unsigned)s < EAR_STATUS_COUNT ? status_names[s] : status_names[EAR_NONE];
}

/* ---- the envelope --------------------------------------------------------------------------- */

struct parts {
    struct pawl_view header, claims, signature, signed_bytes;
};

static pawl_status split(struct pawl_view jws, struct parts *ret, struct pawl_err *err)
{
    const uint8_t *one = jws.n ? memchr(jws.p, '.', jws.n) : NULL;
    const uint8_t *end = jws.p + jws.n;
    const uint8_t *two = one ? memchr(one + 1, '.', (size_t)(end - one - 1)) : NULL;

    if (!two || jws.n > PAWL_EAR_MAX)
        return pawl_fail(err, PAWL_E_FORM, "ear", "not a compact JWS");
    ret->header = pawl_view(jws.p, (size_t)(one - jws.p));
    ret->claims = pawl_view(one + 1, (size_t)(two - one - 1));
    ret->signature = pawl_view(two + 1, (size_t)(end - two - 1));
    ret->signed_bytes = pawl_view(jws.p, (size_t)(two - jws.p));
    return pawl_ok();
}

static pawl_status verify(const struct parts *p, const struct pawl_public *key,
                          struct pawl_err *err)
{
    uint8_t sig[64];
    size_t  n = 0;

    PAWL_TRY(pawl_b64url_parse(p->signature, "ear.signature", sig, sizeof(sig), &n, err));
    if (n != sizeof(sig))
        return pawl_fail(err, PAWL_E_FORGED, "ear.signature", "%zu bytes, ES256 has 64", n);
    return pawl_under(err, "ear", pawl_es256_verify(key, p->signed_bytes, sig, err));
}

static pawl_status decode(struct pawl_view text, const char *what, cJSON **ret,
                          struct pawl_err *err)
{
    uint8_t bytes[PAWL_EAR_MAX];
    size_t  n = 0;

    PAWL_TRY(pawl_b64url_parse(text, what, bytes, sizeof(bytes), &n, err));
    return json_parse(pawl_view(bytes, n), what, ret, err);
}

static pawl_status must_be(const cJSON *j, const char *name, const char *want, struct pawl_err *err)
{
    const char *got;

    PAWL_TRY(json_text(j, name, 64, &got, err));
    if (strcmp(got, want))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, name, "not %s", want);
    return pawl_ok();
}

static pawl_status check_header(struct pawl_view text, struct pawl_err *err)
{
    static const char *const       names[] = { "alg", "typ", "kid" };
    PAWL_CLEANUP(json_done) cJSON *j = NULL;

    PAWL_TRY(decode(text, "ear.header", &j, err));
    PAWL_TRY(
        pawl_under(err, "ear.header", json_only(j, names, sizeof(names) / sizeof(*names), err)));
    PAWL_TRY(pawl_under(err, "ear.header", must_be(j, "alg", "ES256", err)));
    return pawl_under(err, "ear.header", must_be(j, "typ", "eat+jwt", err));
}

/* ---- the claims ----------------------------------------------------------------------------- */

static pawl_status check_nonce(const cJSON *j, const uint8_t th1[32], struct pawl_err *err)
{
    uint8_t     nonce[32];
    size_t      n = 0;
    const char *text;

    PAWL_TRY(json_text(j, "eat_nonce", pawl_b64url_n(sizeof(nonce)), &text, err));
    PAWL_TRY(pawl_b64url_parse(pawl_view_str(text), "eat_nonce", nonce, sizeof(nonce), &n, err));
    if (!pawl_view_equal(pawl_view(nonce, n), pawl_view(th1, 32)))
        return pawl_fail(err, PAWL_E_FORGED, "eat_nonce", "answers another request");
    return pawl_ok();
}

static pawl_status read_status(const cJSON *j, const char *name, enum ear_status *ret,
                               struct pawl_err *err)
{
    const char *text;

    PAWL_TRY(json_text(j, name, 32, &text, err));
    for (unsigned s = EAR_NONE; s < EAR_STATUS_COUNT; s++)
        if (!strcmp(text, status_names[s])) {
            *ret = (enum ear_status)s;
            return pawl_ok();
        }
    return pawl_fail(err, PAWL_E_UNSUPPORTED, name, "no such status");
}

/* One of the two lights: none where it is not there. */
static pawl_status read_light(const cJSON *private, const char *name, enum ear_status *ret,
                              struct pawl_err *err)
{
    return cJSON_GetObjectItemCaseSensitive(private, name) ? read_status(private, name, ret, err)
                                                           : pawl_ok();
}

static pawl_status read_identity(const cJSON *device, struct ear *e, struct pawl_err *err)
{
    const cJSON *vector;
    int64_t      identity = 0;

    PAWL_TRY(json_object(device, "ear.trustworthiness-vector", &vector, err));
    if (!cJSON_GetObjectItemCaseSensitive(vector, "instance-identity"))
        return pawl_ok();
    PAWL_TRY(json_int(vector, "instance-identity", -128, 127, &identity, err));
    e->waits = identity == NOT_RECOGNISED;
    return pawl_ok();
}

/* What people read of other people's words. */
static void make_plain(char *text)
{
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

/* The reasons as one line for people. */
static pawl_status read_why(const cJSON *private, struct ear *e, struct pawl_err *err)
{
    const cJSON *why, *one;
    size_t       n = 0;

    PAWL_TRY(json_array(private, "why", &why, err));
    cJSON_ArrayForEach(one, why)
    {
        if (!cJSON_IsString(one))
            return pawl_fail(err, PAWL_E_FORM, "why", "not a list of texts");
        if (!e->incident)
            e->incident = incident_from(one->valuestring);
        int put = snprintf(e->why + n, sizeof(e->why) - n, "%s%s", n ? ", " : "", one->valuestring);
        if (put < 0 || (size_t)put >= sizeof(e->why) - n)
            break; /* cut: the verifier's log has all of them */
        n += (size_t)put;
    }
    make_plain(e->why);
    return pawl_ok();
}

/* The parts that there are today, each with the reason why it is not covered, if it is not. A part
 * that we do not know means nothing to whoever reads our status. */
static pawl_status read_coverage(const cJSON *private, struct ear *e, struct pawl_err *err)
{
    static const char *const parts[] = { "identity", "boot-log", "runtime" };
    const cJSON             *cov;
    const char              *why;

    if (!cJSON_GetObjectItemCaseSensitive(private, "cov"))
        return pawl_ok();
    PAWL_TRY(json_object(private, "cov", &cov, err));
    for (size_t i = 0, n = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (!cJSON_GetObjectItemCaseSensitive(cov, parts[i]))
            continue;
        PAWL_TRY(pawl_under(err, "cov", json_text(cov, parts[i], PAWL_EAR_MAX, &why, err)));
        n += (size_t)snprintf(e->coverage + n, sizeof(e->coverage) - n, "%s%s%s%.28s", n ? "," : "",
                              parts[i], *why ? "=" : "", why);
    }
    make_plain(e->coverage);
    return pawl_ok();
}

/* What the verdict is about. */
static pawl_status read_scope(const cJSON *private, struct ear *e, struct pawl_err *err)
{
    const char *release = "";

    PAWL_TRY(read_coverage(private, e, err));
    if (cJSON_GetObjectItemCaseSensitive(private, "rel"))
        PAWL_TRY(json_text(private, "rel", PAWL_EAR_MAX, &release, err));
    snprintf(e->release, sizeof(e->release), "%s", release);
    make_plain(e->release);
    if (cJSON_GetObjectItemCaseSensitive(private, "watch"))
        PAWL_TRY(json_bool(private, "watch", &e->watched, err));
    return pawl_ok();
}

/* Epochs count up by one: they stay far below what JSON numbers hold. */
static pawl_status read_epoch(const cJSON *private, const char *name, uint64_t *ret,
                              struct pawl_err *err)
{
    int64_t v;

    PAWL_TRY(json_int(private, name, 0, INT64_C(1) << 53, &v, err));
    *ret = (uint64_t)v;
    return pawl_ok();
}

/* A claim of n bytes, which may be missing. */
static pawl_status read_bytes(const cJSON *private, const char *name, uint8_t *ret, size_t n,
                              bool *ret_has, struct pawl_err *err)
{
    const char *text;
    size_t      got = 0;

    if (!cJSON_GetObjectItemCaseSensitive(private, name))
        return pawl_ok();
    PAWL_TRY(json_text(private, name, pawl_b64url_n(n), &text, err));
    PAWL_TRY(pawl_b64url_parse(pawl_view_str(text), name, ret, n, &got, err));
    if (got != n)
        return pawl_fail(err, PAWL_E_RANGE, name, "has %zu bytes, not %zu", got, n);
    *ret_has = true;
    return pawl_ok();
}

static pawl_status read_request(const cJSON *private, struct ear *e, struct pawl_err *err)
{
    const cJSON *attempt = cJSON_GetObjectItemCaseSensitive(private, "att");
    const char  *label;

    PAWL_TRY(json_text(private, "lbl", PAWL_LABEL_MAX, &label, err));
    e->label = pawl_label_from(pawl_view_str(label));
    if (!cJSON_IsNumber(attempt))
        return pawl_fail(err, PAWL_E_FORM, "att", "a number is wanted");
    e->attempt = attempt->valuedouble;
    return pawl_ok();
}

/* P-TR-8 */
static pawl_status read_ratchet(const cJSON *private, struct ear *e, struct pawl_err *err)
{
    PAWL_TRY(read_epoch(private, "base", &e->base_epoch, err));
    PAWL_TRY(read_epoch(private, "new", &e->new_epoch, err));
    PAWL_TRY(read_bytes(private, "ev", e->e_v, sizeof(e->e_v), &e->has_e_v, err));
    return read_bytes(private, "rcpt", e->rcpt, sizeof(e->rcpt), &e->has_rcpt, err);
}

/* RFC 7800: the key of the device's applications, as a JWK. Another kind of key is none of ours. */
static pawl_status read_cnf(const cJSON *j, struct ear *e, struct pawl_err *err)
{
    const size_t half = (PAWL_POINT_P256 - 1) / 2;
    const cJSON *cnf, *jwk;
    bool         x = false, y = false;

    if (!cJSON_GetObjectItemCaseSensitive(j, "cnf"))
        return pawl_ok();
    PAWL_TRY(json_object(j, "cnf", &cnf, err));
    PAWL_TRY(pawl_under(err, "cnf", json_object(cnf, "jwk", &jwk, err)));
    PAWL_TRY(pawl_under(err, "cnf", read_bytes(jwk, "x", e->app_point + 1, half, &x, err)));
    PAWL_TRY(pawl_under(err, "cnf", read_bytes(jwk, "y", e->app_point + 1 + half, half, &y, err)));
    e->app_point[0] = 4; /* uncompressed */
    e->has_app_point = x && y;
    return pawl_ok();
}

static pawl_status read_claims(const cJSON *j, const uint8_t th1[32], struct ear *ret,
                               struct pawl_err *err)
{
    const cJSON *submods, *device, *private;
    struct ear   e = { 0 };

    PAWL_TRY(check_nonce(j, th1, err));
    PAWL_TRY(json_object(j, "submods", &submods, err));
    PAWL_TRY(json_object(submods, "device", &device, err));
    PAWL_TRY(read_status(device, "ear.status", &e.status, err));
    PAWL_TRY(read_identity(device, &e, err));
    PAWL_TRY(json_object(j, "pawl", &private, err));
    PAWL_TRY(read_light(private, "sw", &e.software, err));
    PAWL_TRY(read_light(private, "keys", &e.keys, err));
    PAWL_TRY(read_why(private, &e, err));
    PAWL_TRY(read_scope(private, &e, err));
    PAWL_TRY(read_cnf(j, &e, err));
    PAWL_TRY(read_request(private, &e, err));
    PAWL_TRY(read_ratchet(private, &e, err));
    PAWL_TRY(read_bytes(private, "next_key", e.next_key, sizeof(e.next_key), &e.has_next_key, err));
    *ret = e;
    return pawl_ok();
}

pawl_status ear_check(struct pawl_view jws, const struct pawl_public *key, const uint8_t th1[32],
                      struct ear *ret, struct pawl_err *err)
{
    struct parts p;

    PAWL_TRY(split(jws, &p, err));
    PAWL_TRY(verify(&p, key, err));
    PAWL_TRY(check_header(p.header, err));
    PAWL_CLEANUP(json_done) cJSON *j = NULL;
    PAWL_TRY(decode(p.claims, "ear.claims", &j, err));
    return pawl_under(err, "ear", read_claims(j, th1, ret, err));
}

pawl_status ear_is_for(const struct ear *e, const struct pawl_a1 *a1, struct pawl_err *err)
{
    static const char why[] = "is not what was asked";

    if (e->label != a1->label)
        return pawl_fail(err, PAWL_E_FORGED, "ear.lbl", "%s", why);
    if (e->attempt != (double)a1->attempt)
        return pawl_fail(err, PAWL_E_FORGED, "ear.att", "%s", why);
    if (e->base_epoch != a1->base_epoch)
        return pawl_fail(err, PAWL_E_FORGED, "ear.base", "%s", why);
    if (e->new_epoch != a1->new_epoch)
        return pawl_fail(err, PAWL_E_FORGED, "ear.new", "%s", why);
    return pawl_ok();
}
