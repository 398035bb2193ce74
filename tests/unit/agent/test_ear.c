/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that the device believes a result only if the pinned key signed it with ES256 over the
 * request under way: not another key's, not another request's, not one whose header talks it into
 * something else, and not one bit of it changed.
 */
#include <stdio.h>
#include <string.h>

#include "flow/ear.h"
#include "signer.h"
#include "t.h"

static struct signer mine, other;
static const uint8_t th1[32] = { 1, 2, 3 };

/* Claims of a token for that TH1, and a whole one with these in its private claim. */
#define NONCE "\"eat_nonce\":\"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
#define PAWL(members)                                                                              \
    "{" NONCE ",\"submods\":{\"device\":{\"ear.status\":\"affirming\","                            \
    "\"ear.trustworthiness-vector\":{}}},\"pawl\":{\"why\":[],\"lbl\":\"pawl/1 rekey\","           \
    "\"att\":1," members "}}"

static int make_signers(void **state)
{
    (void)state;
    mine = signer_make();
    other = signer_make();
    return 0;
}

static int free_signers(void **state)
{
    (void)state;
    signer_free(&mine);
    signer_free(&other);
    return 0;
}

static pawl_status check(struct pawl_view jws, struct ear *ret, struct pawl_err *err)
{
    return ear_check(jws, pawl_private_public(mine.key), th1, ret, err);
}

static void refuses(struct pawl_view jws, enum pawl_code code, const char *where)
{
    struct ear      e;
    struct pawl_err err = { 0 };

    t_poison(&e, sizeof(e));
    T_FAILS(check(jws, &e, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&e, sizeof(e));
}

static void takes_what_the_verifier_signed(void **state) /* P-EAR-3 */
{
    static const char *const status[] = { "none", "affirming", "warning", "contraindicated" };
    struct ear               e;
    struct pawl_err          err;

    (void)state;
    for (int i = 0; i < 4; i++) {
        T_OK(check(signer_ear(&mine, th1, status[i], 2, ""), &e, &err), &err);
        assert_int_equal(e.status, i);
        assert_false(e.waits);
        assert_string_equal(e.why, "");
    }
    T_OK(check(signer_ear(&mine, th1, "none", 97, "\"awaits-approval\",\"lab\\u001b[1m\""), &e,
               &err),
         &err);
    assert_true(e.waits);
    assert_string_equal(e.why, "awaits-approval, lab?[1m");
}

static void reads_the_epochs_the_point_and_the_receipt(void **state) /* P-TR-8, P-TRUST-4 */
{
    char            text[1200], ev[100], rcpt[50];
    uint8_t         point[PAWL_POINT_P256], hash[32];
    struct ear      e;
    struct pawl_err err;

    (void)state;
    memset(point, 0xe5, sizeof(point));
    memset(hash, 0xc4, sizeof(hash));
    T_OK(pawl_b64url_write(PAWL_VIEW_OF(point), ev, sizeof(ev), &err), &err);
    T_OK(pawl_b64url_write(PAWL_VIEW_OF(hash), rcpt, sizeof(rcpt), &err), &err);
    snprintf(text, sizeof(text),
             PAWL("\"base\":7,\"new\":8,\"ev\":\"%s\",\"rcpt\":\"%s\",\"next_key\":\"%s\""), ev,
             rcpt, rcpt);
    T_OK(check(signer_jws(&mine, EAR_HEADER, text), &e, &err), &err);
    assert_true(e.base_epoch == 7 && e.new_epoch == 8 && e.has_e_v && e.has_rcpt);
    assert_memory_equal(e.e_v, point, sizeof(point));
    assert_memory_equal(e.rcpt, hash, sizeof(hash));
    assert_true(e.has_next_key);
    assert_memory_equal(e.next_key, hash, sizeof(hash));

    T_OK(
        check(signer_jws(&mine, EAR_HEADER, PAWL("\"base\":0,\"new\":9007199254740992")), &e, &err),
        &err);
    assert_true(e.new_epoch == UINT64_C(1) << 53 && !e.has_e_v && !e.has_rcpt);
    assert_false(e.has_next_key);
}

static void reads_the_two_lights(void **state)
{
    struct signer_ear c = { .status = "contraindicated",
                            .identity = 96,
                            .why = "\"lab-tpm\",\"key-used-elsewhere\",\"device-cloned\"",
                            .label = PAWL_LABEL_ATTEST,
                            .sw = "warning",
                            .keys = "contraindicated" };
    struct ear        e;
    struct pawl_err   err;

    (void)state;
    memcpy(c.th1, th1, sizeof(c.th1));
    T_OK(check(signer_token(&mine, &c), &e, &err), &err);
    assert_int_equal(e.software, EAR_WARNING);
    assert_int_equal(e.keys, EAR_CONTRAINDICATED);
    assert_int_equal(e.incident, INCIDENT_KEY_USED_ELSEWHERE); /* the first of them */
    c.keys = "affirming";
    c.sw = NULL;
    c.why = "\"pcr-differs\"";
    T_OK(check(signer_token(&mine, &c), &e, &err), &err);
    assert_true(e.software == EAR_NONE && e.keys == EAR_AFFIRMING && !e.incident);
    c.keys = NULL;
    T_OK(check(signer_token(&mine, &c), &e, &err), &err);
    assert_int_equal(e.keys, EAR_NONE);
    c.keys = "green";
    refuses(signer_token(&mine, &c), PAWL_E_UNSUPPORTED, "ear.keys");
    c.keys = NULL;
    c.sw = "";
    refuses(signer_token(&mine, &c), PAWL_E_UNSUPPORTED, "ear.sw");
    refuses(signer_jws(&mine, EAR_HEADER, PAWL("\"base\":0,\"new\":0,\"keys\":1")), PAWL_E_FORM,
            "ear.keys");
    /* What a later verifier adds is not for us. */
    T_OK(check(signer_jws(&mine, EAR_HEADER,
                          PAWL("\"base\":0,\"new\":0,\"inc\":1,\"audit\":[7,\"AAAA\"]")),
               &e, &err),
         &err);
}

static void reads_what_the_verdict_is_about(void **state)
{
    struct signer_ear c = { .status = "affirming",
                            .identity = 2,
                            .why = "",
                            .label = PAWL_LABEL_ATTEST,
                            .more = ",\"cov\":{\"boot-log\":\"tpm-not-reset\",\"later\":3,"
                                    "\"identity\":\"\",\"runtime\":\"\"},\"rel\":\"6.1.0-55\"" };
    struct ear        e;
    struct pawl_err   err;

    (void)state;
    memcpy(c.th1, th1, sizeof(c.th1));
    T_OK(check(signer_token(&mine, &c), &e, &err), &err);
    assert_string_equal(e.coverage, "identity,boot-log=tpm-not-reset,runtime");
    assert_string_equal(e.release, "6.1.0-55");
    assert_false(e.watched);
    c.more = ",\"watch\":true,\"cov\":{}";
    T_OK(check(signer_token(&mine, &c), &e, &err), &err);
    assert_string_equal(e.coverage, "");
    assert_string_equal(e.release, "");
    assert_true(e.watched);
    /* Words that are too long, or would move a terminal, are cut and made plain. */
    c.more = ",\"cov\":{\"identity\":\"123456789012345678901234567890\","
             "\"boot-log\":\"123456789012345678901234567890\","
             "\"runtime\":\"123456789012345678901234567890\"},"
             "\"rel\":\"\\u001b[2J456789012345678901234567890123\"";
    T_OK(check(signer_token(&mine, &c), &e, &err), &err);
    assert_string_equal(e.coverage, "identity=1234567890123456789012345678,"
                                    "boot-log=1234567890123456789012345678,"
                                    "runtime=1234567890123456789012345678");
    assert_string_equal(e.release, "?[2J4567890123456789012345678901");
    c.more = ",\"cov\":[]";
    refuses(signer_token(&mine, &c), PAWL_E_FORM, "ear.cov");
    c.more = ",\"cov\":{\"runtime\":1}";
    refuses(signer_token(&mine, &c), PAWL_E_FORM, "ear.cov.runtime");
    c.more = ",\"rel\":1";
    refuses(signer_token(&mine, &c), PAWL_E_FORM, "ear.rel");
    c.more = ",\"watch\":\"yes\"";
    refuses(signer_token(&mine, &c), PAWL_E_FORM, "ear.watch");
}

static void another_key_is_not_believed(void **state)
{
    (void)state;
    refuses(signer_ear(&other, th1, "affirming", 2, ""), PAWL_E_FORGED, "ear.signature");
}

static void another_request_is_not_believed(void **state)
{
    static const uint8_t old[32] = { 1, 2, 4 };

    (void)state;
    refuses(signer_ear(&mine, old, "affirming", 2, ""), PAWL_E_FORGED, "ear.eat_nonce");
}

static void alg_none_is_not_believed(void **state)
{
    static const char none[] = "{\"alg\":\"none\",\"typ\":\"eat+jwt\",\"kid\":\"00\"}";

    (void)state;
    refuses(signer_envelope(none, "{}", pawl_view(NULL, 0)), PAWL_E_FORGED, "ear.signature");
    refuses(signer_jws(&mine, none, "{}"), PAWL_E_UNSUPPORTED, "ear.header.alg");
}

/* The old trick: HMAC with the public key, which everybody has, as its secret. */
static void hs256_with_the_public_key_is_not_believed(void **state)
{
    static const char  hs256[] = "{\"alg\":\"HS256\",\"typ\":\"eat+jwt\"}";
    struct pawl_view   open = signer_envelope(hs256, "{}", pawl_view(NULL, 0));
    struct pawl_view   input = pawl_view(open.p, open.n - 1);
    uint8_t            spki[128], padded[64] = { 0 };
    size_t             n = 0;
    struct pawl_digest mac;
    struct pawl_err    err;
    PAWL_SECRET        key = { 0 };

    (void)state;
    T_OK(pawl_public_to_spki(pawl_private_public(mine.key), spki, sizeof(spki), &n, &err), &err);
    T_OK(pawl_secret_from(pawl_view(spki, 64), "key", &key, &err), &err);
    T_OK(pawl_hmac(PAWL_SHA256, &key, &input, 1, &mac, &err), &err);
    refuses(signer_envelope(hs256, "{}", pawl_digest_view(&mac)), PAWL_E_FORGED, "ear.signature");
    memcpy(padded, mac.b, mac.n);
    memcpy(padded + 32, mac.b, mac.n);
    refuses(signer_envelope(hs256, "{}", PAWL_VIEW_OF(padded)), PAWL_E_FORGED, "ear.signature");
    refuses(signer_jws(&mine, hs256, "{}"), PAWL_E_UNSUPPORTED, "ear.header.alg");
}

static void the_header_is_taken_as_a_whole(void **state)
{
    (void)state;
    refuses(signer_jws(&mine, "{\"alg\":\"ES256\",\"typ\":\"JWT\"}", "{}"), PAWL_E_UNSUPPORTED,
            "ear.header.typ");
    refuses(signer_jws(&mine, "{\"alg\":\"ES256\"}", "{}"), PAWL_E_ABSENT, "ear.header.typ");
    refuses(signer_jws(&mine, "{\"alg\":\"ES256\",\"typ\":\"eat+jwt\",\"crit\":[\"b64\"]}", "{}"),
            PAWL_E_FORM, "ear.header.member");
    refuses(signer_jws(&mine, "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"eat+jwt\"}", "{}"),
            PAWL_E_FORM, "ear.header.alg");
    refuses(signer_jws(&mine, "[]", "{}"), PAWL_E_FORM, "ear.header");
}

static void bad_claims_are_refused_by_name(void **state)
{
    static const struct {
        const char    *claims;
        enum pawl_code code;
        const char    *where;
    } bad[] = {
        { "{}", PAWL_E_ABSENT, "ear.eat_nonce" },
        { "{} {}", PAWL_E_TRAILING, "ear.claims" },
        { "nonsense", PAWL_E_FORM, "ear.claims" },
        { "{\"eat_nonce\":[]}", PAWL_E_FORM, "ear.eat_nonce" },
        { "{\"eat_nonce\":\"AQID\"}", PAWL_E_FORGED, "ear.eat_nonce" },
        { "{" NONCE "}", PAWL_E_ABSENT, "ear.submods" },
        { "{" NONCE ",\"submods\":{}}", PAWL_E_ABSENT, "ear.device" },
        { "{" NONCE ",\"submods\":{\"device\":{\"ear.status\":1}}}", PAWL_E_FORM,
          "ear.ear.status" },
        { "{" NONCE ",\"submods\":{\"device\":{\"ear.status\":\"good\"}}}", PAWL_E_UNSUPPORTED,
          "ear.ear.status" },
        { "{" NONCE ",\"submods\":{\"device\":{\"ear.status\":\"affirming\"}}}", PAWL_E_ABSENT,
          "ear.ear.trustworthiness-vector" },
        { "{" NONCE ",\"submods\":{\"device\":{\"ear.status\":\"affirming\","
          "\"ear.trustworthiness-vector\":{\"instance-identity\":300}}}}",
          PAWL_E_RANGE, "ear.instance-identity" },
        { "{" NONCE ",\"submods\":{\"device\":{\"ear.status\":\"affirming\","
          "\"ear.trustworthiness-vector\":{}}}}",
          PAWL_E_ABSENT, "ear.pawl" },
        { "{" NONCE ",\"submods\":{\"device\":{\"ear.status\":\"affirming\","
          "\"ear.trustworthiness-vector\":{}}},\"pawl\":{\"why\":[1]}}",
          PAWL_E_FORM, "ear.why" },
        { PAWL("\"new\":1"), PAWL_E_ABSENT, "ear.base" },
        { PAWL("\"base\":0"), PAWL_E_ABSENT, "ear.new" },
        { PAWL("\"base\":-1,\"new\":1"), PAWL_E_RANGE, "ear.base" },
        { PAWL("\"base\":0,\"new\":9007199254740994"), PAWL_E_RANGE, "ear.new" },
        { PAWL("\"base\":0,\"new\":1.5"), PAWL_E_FORM, "ear.new" },
        { PAWL("\"base\":0,\"new\":\"1\""), PAWL_E_FORM, "ear.new" },
        { PAWL("\"base\":0,\"new\":1,\"ev\":null"), PAWL_E_FORM, "ear.ev" },
        { PAWL("\"base\":0,\"new\":1,\"ev\":\"AQID\""), PAWL_E_RANGE, "ear.ev" },
        { PAWL("\"base\":0,\"new\":1,\"ev\":\"A=\""), PAWL_E_FORM, "ear.ev" },
        { PAWL("\"base\":0,\"new\":1,\"rcpt\":\"\""), PAWL_E_RANGE, "ear.rcpt" },
        { PAWL("\"base\":0,\"new\":1,\"rcpt\":"
               "\"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""),
          PAWL_E_RANGE, "ear.rcpt" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        refuses(signer_jws(&mine, EAR_HEADER, bad[i].claims), bad[i].code, bad[i].where);
}

static void what_is_no_token_is_refused(void **state)
{
    static uint8_t long_one[PAWL_EAR_MAX + 1];

    (void)state;
    refuses(pawl_view(NULL, 0), PAWL_E_FORM, "ear");
    refuses(pawl_view_str("a.b"), PAWL_E_FORM, "ear");
    refuses(pawl_view_str(".."), PAWL_E_FORGED, "ear.signature");
    refuses(pawl_view_str("a.b.c.d"), PAWL_E_FORM, "ear.signature");
    memset(long_one, '.', sizeof(long_one));
    refuses(PAWL_VIEW_OF(long_one), PAWL_E_FORM, "ear");
}

static void many_reasons_are_cut(void **state)
{
    char            why[1000] = "\"a\"";
    struct ear      e;
    struct pawl_err err;

    (void)state;
    for (int i = 0; i < 60; i++)
        strncat(why, ",\"pcr-differs\"", sizeof(why) - strlen(why) - 1);
    T_OK(check(signer_ear(&mine, th1, "none", 2, why), &e, &err), &err);
    assert_true(strlen(e.why) < sizeof(e.why));
}

static void must_fail(struct pawl_view v, void *arg)
{
    struct ear      e;
    struct pawl_err err;

    (void)arg;
    assert_false(pawl_is_ok(check(v, &e, &err)));
}

static void no_truncation_and_no_flip_is_believed(void **state)
{
    struct pawl_view good = signer_ear(&mine, th1, "affirming", 2, "");

    (void)state;
    t_each_truncation(good, must_fail, NULL);
    t_each_flip(good, must_fail, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("takes what the verifier signed", takes_what_the_verifier_signed),
        T_CASE("reads the epochs, the point and the receipt",
               reads_the_epochs_the_point_and_the_receipt),
        T_CASE("reads the two lights", reads_the_two_lights),
        T_CASE("reads what the verdict is about", reads_what_the_verdict_is_about),
        T_CASE("another key is not believed", another_key_is_not_believed),
        T_CASE("another request is not believed", another_request_is_not_believed),
        T_CASE("alg none is not believed", alg_none_is_not_believed),
        T_CASE("HS256 with the public key is not believed",
               hs256_with_the_public_key_is_not_believed),
        T_CASE("the header is taken as a whole", the_header_is_taken_as_a_whole),
        T_CASE("bad claims are refused by name", bad_claims_are_refused_by_name),
        T_CASE("what is no token is refused", what_is_no_token_is_refused),
        T_CASE("many reasons are cut", many_reasons_are_cut),
        T_CASE("no truncation and no flip is believed", no_truncation_and_no_flip_is_believed),
    };

    return cmocka_run_group_tests(tests, make_signers, free_signers);
}
