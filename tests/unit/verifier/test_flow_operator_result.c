/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a result that is made again says what the device's own said, at the same time and until
 * the same time, and what became of it since; the list of revoked devices is whole and signed. */
#include <stdlib.h>
#include <string.h>

#include "flow/operator.h"
#include "operator_fixture.h"

/* The claims of what operator_ear answers. */
static cJSON *again(struct world *w, const struct soft_device *d)
{
    char *json;

    T_OK(operator_ear(&w->flow, acme(w), world_id(d), &json, &w->err), &w->err);
    EAR *answer = parsed(json);
    return world_opens(w, pawl_view_str(text_of(answer, "ear")));
}

static void refuses(struct world *w, const struct soft_device *d, const char *why)
{
    char *json;

    T_FAILS(operator_ear(&w->flow, acme(w), world_id(d), &json, &w->err), &w->err, PAWL_E_STATE);
    T_WHERE(&w->err, "device");
    assert_non_null(strstr(w->err.why, why));
}

static void is_the_same(const cJSON *a, const cJSON *b)
{
    static const char *const members[] = { "eat_profile", "iat", "exp", "ear.verifier-id",
                                           "eat_nonce",   "sub", "aud", "submods",
                                           "cnf" };
    static const char *const of_pawl[] = { "v",    "att", "inc", "enr",   "roots", "sw",
                                           "keys", "cov", "rel", "watch", "why" };

    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
        if (member(a, members[i]) || member(b, members[i]))
            assert_true(cJSON_Compare(member(a, members[i]), member(b, members[i]), true));
    for (size_t i = 0; i < sizeof(of_pawl) / sizeof(*of_pawl); i++) {
        const cJSON *x = member(member(a, "pawl"), of_pawl[i]);
        const cJSON *y = member(member(b, "pawl"), of_pawl[i]);
        if (x || y)
            assert_true(cJSON_Compare(x, y, true));
    }
}

static void it_says_what_the_device_s_own_said(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.lab, &d);
    world_enrol(&w, &d);
    world_attest(&w, &d); /* without a policy */
    EAR *none = world_ear(&w), *none_again = again(&w, &d);
    is_the_same(none, none_again);
    world_learn(&w, &d);
    world_attest(&w, &d);
    EAR *good = world_ear(&w);
    w.now_ms += 60000;
    EAR *good_again = again(&w, &d);
    assert_string_equal(ear_status(good_again), "affirming");
    is_the_same(good, good_again);
    d.pcr[7] ^= 1;
    world_attest(&w, &d);
    EAR *bad = world_ear(&w), *bad_again = again(&w, &d);
    assert_string_equal(ear_status(bad_again), "contraindicated");
    is_the_same(bad, bad_again);
}

static void it_ends_when_the_first_one_did(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_attest(&w, &d);
    int64_t ttl_ms = (int64_t)acme(&w)->ear_ttl_s * 1000;
    w.now_ms += ttl_ms - 1000;
    EAR *ear = again(&w, &d);
    assert_true(member(ear, "exp")->valuedouble > (double)(w.now_ms / 1000));
    w.now_ms += 1000;
    refuses(&w, &d, "older than ear_ttl_s");
}

static void a_revoked_device_has_none(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_attest(&w, &d);
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    refuses(&w, &d, "is revoked");
}

/* A verdict from before its claims were kept says less than it did. */
static void it_is_never_better_than_the_record(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    d.pcr[7] ^= 1;
    world_attest(&w, &d);
    EAR *bad = again(&w, &d);
    assert_string_equal(ear_status(bad), "contraindicated");
    store_exec(&w.store, "UPDATE device SET claims = x''");
    refuses(&w, &d, "has to attest");
}

/* What was judged of a stranger is no word on a device that was let in. */
static void an_approval_comes_with_the_next_verdict(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    w.config.tenant[0].admission = ADMISSION_APPROVE;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    EAR *waiting = again(&w, &d);
    assert_string_equal(ear_status(waiting), "none");
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_learn(&w, &d);
    refuses(&w, &d, "has to attest");
    world_attest(&w, &d);
    EAR *good = again(&w, &d);
    assert_string_equal(ear_status(good), "affirming");
}

/* Both are signed with one key: the header tells them apart. */
static void is_no_result(const char *token)
{
    uint8_t         header[256];
    struct pawl_err err;
    size_t          n;

    T_OK(pawl_b64url_parse(pawl_view(token, strcspn(token, ".")), "header", header,
                           sizeof(header) - 1, &n, &err),
         &err);
    header[n] = 0;
    assert_non_null(strstr((char *)header, "\"typ\":\"pawl-revoked+jwt\""));
}

static void the_list_names_those_that_are_revoked(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d, e;
    char   tag[REVOKED_TAG_MAX];
    char  *json;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_device(&w, &w.vendor, &e);
    world_enrol(&w, &d);
    world_enrol(&w, &e);
    world_move(&w, &e, DEVICE_EVENT_REVOKE);
    T_OK(operator_revoked(&w.flow, acme(&w), &json, tag, &w.err), &w.err);
    EAR *answer = parsed(json);
    is_no_result(text_of(answer, "revoked"));
    EAR *list = world_opens(&w, pawl_view_str(text_of(answer, "revoked")));
    assert_string_equal(text_of(list, "aud"), "acme");
    assert_true(member(list, "iat")->valuedouble == (double)(w.now_ms / 1000));
    assert_true(member(list, "exp")->valuedouble - member(list, "iat")->valuedouble ==
                (double)acme(&w)->ear_ttl_s);
    assert_int_equal(cJSON_GetArraySize(member(list, "revoked")), 1);
    assert_string_equal(cJSON_GetArrayItem(member(list, "revoked"), 0)->valuestring, world_id(&e));
}

/* How many it names, and its tag. */
static int listed(struct world *w, char tag[REVOKED_TAG_MAX])
{
    char *json;

    T_OK(operator_revoked(&w->flow, acme(w), &json, tag, &w->err), &w->err);
    EAR *answer = parsed(json);
    EAR *list = world_opens(w, pawl_view_str(text_of(answer, "revoked")));
    return cJSON_GetArraySize(member(list, "revoked"));
}

static void the_list_is_signed_when_it_changes_or_after_a_while(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char   first[REVOKED_TAG_MAX], tag[REVOKED_TAG_MAX];
    char  *json;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    assert_int_equal(listed(&w, first), 0);
    w.now_ms += 2 * REVOKED_READ_MS;
    assert_int_equal(listed(&w, tag), 0);
    assert_string_equal(tag, first); /* it was read, and is the same */
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    w.now_ms += REVOKED_READ_MS - 1;
    assert_int_equal(listed(&w, tag), 0);
    w.now_ms += 1;
    assert_int_equal(listed(&w, tag), 1);
    assert_string_not_equal(tag, first);
    memcpy(first, tag, sizeof(first));
    w.now_ms += (REVOKED_SIGNED_S - 1) * 1000;
    assert_int_equal(listed(&w, tag), 1);
    assert_string_equal(tag, first);
    w.now_ms += 1000;
    assert_int_equal(listed(&w, tag), 1);
    assert_string_not_equal(tag, first);
    /* Under another key at once. */
    memcpy(first, tag, sizeof(first));
    w.keys.verifier_id[0] ^= 1;
    T_OK(operator_revoked(&w.flow, acme(&w), &json, tag, &w.err), &w.err);
    free(json);
    w.keys.verifier_id[0] ^= 1;
    assert_string_not_equal(tag, first);
}

/* Half of its time is left to who reads it, however short that is. */
static void the_list_is_signed_sooner_where_it_is_believed_for_less(void **state)
{
    (void)state;
    WORLD w;
    char  first[REVOKED_TAG_MAX], tag[REVOKED_TAG_MAX];

    world_make(&w);
    w.config.tenant[ACME].ear_ttl_s = REVOKED_SIGNED_S;
    assert_int_equal(listed(&w, first), 0);
    w.now_ms += (REVOKED_SIGNED_S / 2 - 1) * 1000;
    assert_int_equal(listed(&w, tag), 0);
    assert_string_equal(tag, first);
    w.now_ms += 1000;
    assert_int_equal(listed(&w, tag), 0);
    assert_string_not_equal(tag, first);
}

/* They are read in pages of a thousand. */
static void a_long_list_is_whole(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char   tag[REVOKED_TAG_MAX];

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    for (int n = 1; n < 1024; n *= 2)
        store_exec(&w.store, "CREATE TABLE more AS SELECT * FROM device;"
                             " UPDATE more SET number = NULL, id = randomblob(32),"
                             " ak_name = randomblob(34);"
                             " INSERT INTO device SELECT * FROM more; DROP TABLE more");
    store_exec(&w.store, "INSERT INTO ratchet (device, version, seen_s) SELECT number, 1, 0"
                         " FROM device WHERE number NOT IN (SELECT device FROM ratchet)");
    assert_int_equal(listed(&w, tag), 1024);
}

/* What was read and signed at a time that is still to come is not fresh until then. */
static void a_clock_that_goes_back_makes_a_new_list(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char   first[REVOKED_TAG_MAX], tag[REVOKED_TAG_MAX];
    char  *json;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    assert_int_equal(listed(&w, first), 0);
    w.now_ms -= 1000; /* less than between two looks */
    T_OK(operator_revoked(&w.flow, acme(&w), &json, tag, &w.err), &w.err);
    assert_string_not_equal(tag, first);
    EAR *answer = parsed(json);
    EAR *list = world_opens(&w, pawl_view_str(text_of(answer, "revoked")));
    assert_true(member(list, "iat")->valuedouble == (double)(w.now_ms / 1000));
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    memcpy(first, tag, sizeof(first));
    w.now_ms -= 1; /* within one second of its time */
    assert_int_equal(listed(&w, tag), 1);
    assert_string_not_equal(tag, first);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("it says what the device's own said", it_says_what_the_device_s_own_said),
        T_CASE("it ends when the first one did", it_ends_when_the_first_one_did),
        T_CASE("it is never better than the record", it_is_never_better_than_the_record),
        T_CASE("an approval comes with the next verdict", an_approval_comes_with_the_next_verdict),
        T_CASE("a revoked device has none", a_revoked_device_has_none),
        T_CASE("the list names those that are revoked", the_list_names_those_that_are_revoked),
        T_CASE("the list is signed when it changes or after a while",
               the_list_is_signed_when_it_changes_or_after_a_while),
        T_CASE("the list is signed sooner where it is believed for less",
               the_list_is_signed_sooner_where_it_is_believed_for_less),
        T_CASE("a long list is whole", a_long_list_is_whole),
        T_CASE("a clock that goes back makes a new list", a_clock_that_goes_back_makes_a_new_list),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
