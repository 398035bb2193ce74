/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the EAR is a JWS that verifies with the key of the JWKS, and says what the verdict says:
 * no more, and nothing at all about what was not claimed. */
#include "appraise/ear.h"
#include "appraise/json_text.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "t.h"

static struct pawl_private *key;
static uint8_t              verifier_id[32];

static struct ear_claims claims(void)
{
    struct ear_claims c = { .label = PAWL_LABEL_ATTEST,
                            .tenant = pawl_view_str("default"),
                            .attempt = 18446744073709551615u,
                            .enrolments = 2,
                            .reason = PAWL_REASON_START,
                            .iat_s = 1790000000,
                            .ttl_s = 3600 };

    memset(c.th1, 0xa1, sizeof(c.th1));
    memset(c.device_id, 0xd1, sizeof(c.device_id));
    return c;
}

static struct verdict affirming(void)
{
    return (struct verdict){ .identity = AR4SI_RECOGNISED,
                             .configuration = AR4SI_RECOGNISED,
                             .executables = AR4SI_BOOT_ONLY,
                             .hardware = AR4SI_RECOGNISED,
                             .approved = true,
                             .policy = "gateway:3" };
}

static struct pawl_view part(const char *token, int i)
{
    for (; i; i--)
        token = strchr(token, '.') + 1;
    return pawl_view(token, strcspn(token, "."));
}

static cJSON *decode(const char *token, int i)
{
    uint8_t         b[PAWL_EAR_MAX];
    size_t          n;
    struct pawl_err err;

    T_OK(pawl_b64url_parse(part(token, i), "part", b, sizeof(b), &n, &err), &err);
    cJSON *j = cJSON_ParseWithLength((const char *)b, n);
    assert_non_null(j);
    return j;
}

static const char *text(const cJSON *o, const char *name)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

    assert_non_null(s);
    return s;
}

static double number(const cJSON *o, const char *name)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);

    assert_true(cJSON_IsNumber(n));
    return n->valuedouble;
}

static const cJSON *member(const cJSON *o, const char *name)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);

    assert_non_null(m);
    return m;
}

static void write(const struct ear_claims *c, const struct verdict *v, char token[PAWL_EAR_MAX])
{
    struct pawl_err err;

    T_OK(ear_write(key, verifier_id, c, v, token, PAWL_EAR_MAX, &err), &err);
}

static void verifies_with_the_signing_key(void **state)
{
    (void)state;
    char              token[PAWL_EAR_MAX];
    struct ear_claims c = claims();
    struct verdict    v = affirming();
    uint8_t           sig[64];
    size_t            n;
    struct pawl_err   err;

    write(&c, &v, token);
    struct pawl_view s = part(token, 2);
    T_OK(pawl_b64url_parse(s, "sig", sig, sizeof(sig), &n, &err), &err);
    assert_int_equal(n, 64);
    struct pawl_view input = pawl_view(token, (size_t)((const char *)s.p - token) - 1);
    T_OK(pawl_es256_verify(pawl_private_public(key), input, sig, &err), &err);

    cJSON *header = decode(token, 0);
    assert_string_equal(text(header, "alg"), "ES256");
    assert_string_equal(text(header, "typ"), "eat+jwt");
    assert_int_equal(strlen(text(header, "kid")), 64);
    assert_int_equal(cJSON_GetArraySize(header), 3);
    cJSON_Delete(header);
}

static void says_what_the_profile_wants(void **state)
{
    (void)state;
    char              token[PAWL_EAR_MAX];
    struct ear_claims c = claims();
    struct verdict    v = affirming();

    write(&c, &v, token);
    cJSON *j = decode(token, 1);
    assert_string_equal(text(j, "eat_profile"), "tag:github.com,2023:veraison/ear");
    assert_true(number(j, "iat") == 1790000000.0 && number(j, "exp") == 1790003600.0);
    assert_string_equal(text(j, "eat_nonce"), "oaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaE");
    assert_int_equal(strncmp(text(j, "sub"), "d1d1d1", 6), 0);
    assert_string_equal(text(j, "aud"), "default");
    assert_non_null(text(member(j, "ear.verifier-id"), "developer"));
    assert_non_null(text(member(j, "ear.verifier-id"), "build"));

    const cJSON *device = member(member(j, "submods"), "device");
    const cJSON *vector = member(device, "ear.trustworthiness-vector");
    assert_string_equal(text(device, "ear.status"), "affirming");
    assert_string_equal(text(device, "ear.appraisal-policy-id"), "gateway:3");
    assert_true(number(vector, "instance-identity") == 2 && number(vector, "configuration") == 2);
    assert_true(number(vector, "executables") == 3 && number(vector, "hardware") == 2);
    cJSON_Delete(j);
}

static void says_what_pawl_adds(void **state)
{
    (void)state;
    char              token[PAWL_EAR_MAX];
    struct ear_claims c = claims();
    struct verdict    v = affirming();

    c.lab = true;
    verdict_find(&v, REASON_LAB_TPM, "x");
    verdict_find(&v, REASON_PCR_DIFFERS, "sha256:0");
    verdict_find(&v, REASON_PCR_DIFFERS, "sha256:1");
    write(&c, &v, token);
    cJSON       *j = decode(token, 1);
    const cJSON *p = member(j, "pawl");
    char        *raw = cJSON_PrintUnformatted(j);
    assert_true(number(p, "v") == 1 && number(p, "enr") == 2 && number(p, "inc") == 0);
    assert_true(number(p, "base") == 0 && number(p, "new") == 0 && number(p, "rsn") == 1);
    assert_string_equal(text(p, "sw"), "affirming");
    assert_string_equal(text(p, "keys"), "none");
    assert_null(cJSON_GetObjectItem(p, "ev"));
    assert_null(cJSON_GetObjectItem(p, "rcpt"));
    assert_string_equal(text(p, "lbl"), "pawl/1 attest");
    assert_string_equal(text(p, "roots"), "lab");
    const cJSON *why = member(p, "why");
    assert_int_equal(cJSON_GetArraySize(why), 2); /* each code once, no details */
    assert_string_equal(cJSON_GetArrayItem(why, 0)->valuestring, "lab-tpm");
    assert_string_equal(cJSON_GetArrayItem(why, 1)->valuestring, "pcr-differs");
    assert_null(strstr(raw, "sha256:0"));
    free(raw);
    cJSON_Delete(j);
}

static void says_what_was_looked_at_and_which_release_it_is(void **state) /* P-EAR-6 */
{
    (void)state;
    char              token[PAWL_EAR_MAX];
    struct ear_claims c = claims();
    struct verdict    v = affirming();

    v.cover[COVER_IDENTITY].is = true;
    v.cover[COVER_BOOT_LOG].why = REASON_NO_EVENT_LOG;
    memcpy(v.release, "6.1.0-55", 9);
    write(&c, &v, token);
    cJSON       *j = decode(token, 1);
    const cJSON *p = member(j, "pawl");
    assert_string_equal(text(member(p, "cov"), "identity"), "");
    assert_string_equal(text(member(p, "cov"), "boot-log"), "no-event-log");
    assert_null(cJSON_GetObjectItem(member(p, "cov"), "runtime")); /* nobody looked */
    assert_string_equal(text(p, "rel"), "6.1.0-55");
    assert_null(cJSON_GetObjectItem(p, "watch"));
    cJSON_Delete(j);

    v.release[0] = 0;
    v.watched = true;
    write(&c, &v, token);
    j = decode(token, 1);
    p = member(j, "pawl");
    assert_null(cJSON_GetObjectItem(p, "rel"));
    assert_true(cJSON_IsTrue(member(p, "watch")));
    cJSON_Delete(j);
}

static void says_what_an_incident_says_of_the_keys(void **state) /* P-EAR-4, P-EAR-5 */
{
    (void)state;
    char              token[PAWL_EAR_MAX];
    struct ear_claims c = claims();
    struct verdict    v = affirming();

    c.incident = true;
    c.audit = UINT64_MAX;
    memset(c.audit_hash, 0xa1, sizeof(c.audit_hash));
    v.keys = AR4SI_CONTRAINDICATED;
    verdict_find(&v, REASON_KEY_USED_ELSEWHERE, "x");
    write(&c, &v, token);
    cJSON       *j = decode(token, 1);
    const cJSON *p = member(j, "pawl");
    const cJSON *device = member(member(j, "submods"), "device");
    assert_string_equal(text(device, "ear.status"), "contraindicated");
    assert_true(number(member(device, "ear.trustworthiness-vector"), "instance-identity") == 96);
    assert_true(number(p, "inc") == 1);
    assert_string_equal(text(p, "sw"), "affirming");
    assert_string_equal(text(p, "keys"), "contraindicated");
    assert_string_equal(cJSON_GetArrayItem(member(p, "why"), 0)->valuestring, "key-used-elsewhere");
    assert_int_equal(cJSON_GetArraySize(member(p, "audit")), 2);
    assert_string_equal(cJSON_GetArrayItem(member(p, "audit"), 1)->valuestring,
                        "oaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaE");
    cJSON_Delete(j);
}

static void bytes_are(const cJSON *o, const char *name, struct pawl_view want)
{
    uint8_t         b[PAWL_POINT_P256];
    size_t          n;
    struct pawl_err err;

    T_OK(pawl_b64url_parse(pawl_view_str(text(o, name)), name, b, sizeof(b), &n, &err), &err);
    assert_true(pawl_view_equal(pawl_view(b, n), want));
}

static void carries_the_point_and_the_hash_of_the_receipt(void **state) /* P-TR-8 */
{
    (void)state;
    char              token[PAWL_EAR_MAX];
    struct ear_claims c = claims();
    struct verdict    v = affirming();

    c.label = PAWL_LABEL_REKEY;
    c.base_epoch = 7;
    c.new_epoch = 8;
    c.has_e_v = c.has_rcpt = true;
    memset(c.e_v, 0xe5, sizeof(c.e_v));
    memset(c.rcpt, 0xc4, sizeof(c.rcpt));
    write(&c, &v, token);
    cJSON       *j = decode(token, 1);
    const cJSON *p = member(j, "pawl");
    bytes_are(p, "ev", PAWL_VIEW_OF(c.e_v));
    bytes_are(p, "rcpt", PAWL_VIEW_OF(c.rcpt));
    assert_true(number(p, "base") == 7 && number(p, "new") == 8);
    cJSON_Delete(j);
}

static void keeps_every_digit_of_the_attempt(void **state)
{
    (void)state;
    char              token[PAWL_EAR_MAX], json[PAWL_EAR_MAX] = "";
    struct ear_claims c = claims();
    struct verdict    v = affirming();
    size_t            n;
    struct pawl_err   err;

    write(&c, &v, token);
    T_OK(pawl_b64url_parse(part(token, 1), "claims", (uint8_t *)json, sizeof(json) - 1, &n, &err),
         &err);
    assert_non_null(strstr(json, "\"att\":18446744073709551615,"));
}

static void claims_nothing_where_nothing_is_known(void **state)
{
    (void)state;
    char              token[PAWL_EAR_MAX];
    struct ear_claims c = claims();
    struct verdict    v = { 0 };

    write(&c, &v, token);
    cJSON       *j = decode(token, 1);
    const cJSON *device = member(member(j, "submods"), "device");
    assert_string_equal(text(device, "ear.status"), "none");
    assert_int_equal(cJSON_GetArraySize(member(device, "ear.trustworthiness-vector")), 0);
    assert_null(cJSON_GetObjectItem(device, "ear.appraisal-policy-id"));
    assert_int_equal(cJSON_GetArraySize(member(member(j, "pawl"), "why")), 0);
    cJSON_Delete(j);
}

/* As many reasons as fit a verdict, those with the longest codes. */
static void longest_reasons(struct verdict *v)
{
    for (size_t n = 64; n > 0; n--)
        for (int r = 1; r < REASON_COUNT; r++)
            if (strlen(reason_code((enum reason)r)) == n)
                verdict_find(v, (enum reason)r, "x");
    assert_int_equal(v->finding_n, VERDICT_REASONS_MAX);
}

/* Names of releases are an operator's words: whatever stands in them, the claims stay one document
 * that says the same. */
static void escapes_what_would_end_a_string(void **state)
{
    (void)state;
    static const char words[] = "a\"b\\c\n\x01\x1f \xc3\xa9\",\"x\":1";
    char              token[PAWL_EAR_MAX];
    struct ear_claims c = claims();
    struct verdict    v = affirming();

    memcpy(v.release, words, sizeof(words));
    write(&c, &v, token);
    cJSON       *j = decode(token, 1);
    const cJSON *p = member(j, "pawl");
    assert_string_equal(text(p, "rel"), words);
    assert_null(cJSON_GetObjectItem(p, "x"));
    cJSON_Delete(j);
}

/* Every room that is too small by whatever it is. */
static void no_text_is_cut(void **state)
{
    (void)state;
    char            room[64];
    struct pawl_err err;

    for (size_t cap = 0; cap <= sizeof(room); cap++) {
        t_poison(room, sizeof(room));
        struct json_text t = json_text_to(room, cap);
        jt_array(&t, "a");
        jt_u64(&t, NULL, 0);
        jt_u64(&t, NULL, UINT64_MAX);
        jt_array_end(&t);
        jt_b64url(&t, "b", pawl_view("abcd", 4));
        jt_hex(&t, "h", pawl_view("\x0f", 1));
        jt_string(&t, "s", "");
        pawl_status       s = json_text_end(&t, "text", &err);
        static const char want[] =
            "{\"a\":[0,18446744073709551615],\"b\":\"YWJjZA\",\"h\":\"0f\",\"s\":\"\"}";
        if (cap < sizeof(want)) {
            assert_int_equal(s.code, PAWL_E_FULL);
        } else {
            T_OK(s, &err);
            assert_string_equal(room, want);
        }
        t_still_poisoned(room + cap, sizeof(room) - cap);
    }
}

static void fits_or_fails_and_leaves_the_output_alone(void **state)
{
    (void)state;
    char              token[PAWL_EAR_MAX], small[PAWL_EAR_MAX];
    struct ear_claims c = claims();
    struct verdict    v = affirming();
    struct pawl_err   err;

    c.tenant = pawl_view_str("abcdefghijklmnopqrstuvwxyz012345");
    c.has_e_v = c.has_rcpt = true;
    c.base_epoch = c.new_epoch = UINT64_MAX;
    c.enrolments = c.audit = UINT64_MAX; /* the longest there is */
    c.lab = c.incident = true;
    c.label = PAWL_LABEL_REKEY;
    v.identity = v.configuration = v.executables = v.hardware = AR4SI_NOT_RECOGNISED;
    v.watched = true;
    memset(v.policy, 'p', sizeof(v.policy) - 1);
    memset(v.release, 'r', sizeof(v.release) - 1);
    for (int cover = 0; cover < COVER_COUNT; cover++)
        v.cover[cover].why = REASON_BOOT_AUTHORITY_UNKNOWN;
    longest_reasons(&v);
    write(&c, &v, token);
    size_t n = strlen(token);
    assert_true(n < PAWL_EAR_MAX);
    t_poison(small, sizeof(small));
    T_FAILS(ear_write(key, verifier_id, &c, &v, small, n, &err), &err, PAWL_E_FULL);
    t_still_poisoned(small, sizeof(small));
    T_OK(ear_write(key, verifier_id, &c, &v, small, n + 1, &err), &err);
}

static void the_jwks_holds_the_public_key(void **state)
{
    (void)state;
    char               json[1024];
    struct pawl_public k = *pawl_private_public(key);
    struct jwks_key    one = { &k, verifier_id };
    const uint8_t      other_id[32] = { 7, 7 };
    struct pawl_err    err;
    uint8_t            xy[32];
    size_t             n;

    T_OK(jwks_write(&one, 1, json, sizeof(json), &err), &err);
    cJSON       *j = cJSON_Parse(json);
    const cJSON *jwk = cJSON_GetArrayItem(member(j, "keys"), 0);
    assert_string_equal(text(jwk, "kty"), "EC");
    assert_string_equal(text(jwk, "crv"), "P-256");
    assert_string_equal(text(jwk, "use"), "sig");
    assert_string_equal(text(jwk, "alg"), "ES256");
    assert_int_equal(strlen(text(jwk, "kid")), 64);
    T_OK(pawl_b64url_parse(pawl_view_str(text(jwk, "y")), "y", xy, 32, &n, &err), &err);
    assert_memory_equal(xy, k.b + 33, 32);
    T_OK(pawl_b64url_parse(pawl_view_str(text(jwk, "x")), "x", xy, 32, &n, &err), &err);
    assert_memory_equal(xy, k.b + 1, 32);
    assert_null(cJSON_GetObjectItem(jwk, "d"));
    cJSON_Delete(j);

    const struct jwks_key two[] = { { &k, verifier_id }, { &k, other_id } };
    T_OK(jwks_write(two, 2, json, sizeof(json), &err), &err);
    j = cJSON_Parse(json);
    assert_int_equal(cJSON_GetArraySize(member(j, "keys")), 2);
    assert_int_equal(strncmp(text(cJSON_GetArrayItem(member(j, "keys"), 1), "kid"), "0707", 4), 0);
    cJSON_Delete(j);

    T_FAILS(jwks_write(&one, 1, json, 40, &err), &err, PAWL_E_FULL);
    k.kind = PAWL_KEY_P384;
    T_FAILS(jwks_write(&one, 1, json, sizeof(json), &err), &err, PAWL_E_UNSUPPORTED);
}

static int setup(void **state)
{
    (void)state;
    struct pawl_err err;

    T_OK(pawl_private_make(PAWL_KEY_P256, &key, &err), &err);
    T_OK(pawl_spki_pin(pawl_private_public(key), verifier_id, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pawl_private_free(&key);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("says what an incident says of the keys", says_what_an_incident_says_of_the_keys),
        T_CASE("verifies with the signing key", verifies_with_the_signing_key),
        T_CASE("says what the profile wants", says_what_the_profile_wants),
        T_CASE("says what Pawl adds", says_what_pawl_adds),
        T_CASE("says what was looked at, and which release it is",
               says_what_was_looked_at_and_which_release_it_is),
        T_CASE("carries the point and the hash of the receipt",
               carries_the_point_and_the_hash_of_the_receipt),
        T_CASE("keeps every digit of the attempt", keeps_every_digit_of_the_attempt),
        T_CASE("claims nothing where nothing is known", claims_nothing_where_nothing_is_known),
        T_CASE("escapes what would end a string", escapes_what_would_end_a_string),
        T_CASE("no text is cut", no_text_is_cut),
        T_CASE("fits, or fails and leaves the output alone",
               fits_or_fails_and_leaves_the_output_alone),
        T_CASE("the JWKS holds the public key and no other", the_jwks_holds_the_public_key),
    };
    return cmocka_run_group_tests(cases, setup, teardown);
}
