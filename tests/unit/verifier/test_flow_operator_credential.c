/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a credential is stored as a hash and found by it; it is told in the chain; who is of one
 * tenant makes, sees and drops none of others; names and keys are taken once, also of two who come
 * at the same time; what is wrong in a wish is named and changes nothing; and a NUL hides nothing
 * in a body. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/operator.h"
#include "operator_fixture.h"

/* Asked by whoever has the socket, unless w->flow.asker says otherwise. */
static pawl_status wish(struct world *w, const char *body, char **json)
{
    step_done(&w->step);
    return operator_credential_add(&w->flow, acme(w), t_copy(pawl_view_str(body)), json, &w->step,
                                   &w->err);
}

/* The secret; empty for a certificate. */
static void made(struct world *w, const char *body, char secret[128])
{
    char *json;

    T_OK(wish(w, body, &json), &w->err);
    commit(w);
    EAR        *made = parsed(json);
    const char *text = cJSON_GetStringValue(member(made, "secret"));
    snprintf(secret, 128, "%s", text ? text : "");
}

static pawl_status look_up(struct world *w, const char *secret, struct credential *ret)
{
    uint8_t             sha256[32];
    const struct store *s = &w->store.store;

    T_OK(pawl_sha256(pawl_view_str(secret), sha256, &w->err), &w->err);
    return s->credential(s->self, PAWL_VIEW_OF(sha256), ret, &w->err);
}

static void refuses(struct world *w, const char *body, enum pawl_code code, const char *where)
{
    char *json = NULL;

    T_FAILS(wish(w, body, &json), &w->err, code);
    T_WHERE(&w->err, where);
    assert_null(json);
    assert_true(step_is_empty(&w->step));
}

static int shown(struct world *w, const struct tenant_config *tenant)
{
    char *json;

    T_OK(operator_credentials(&w->flow, tenant, &json, &w->err), &w->err);
    EAR *list = parsed(json);
    return cJSON_GetArraySize(member(list, "credentials"));
}

static void is_told_in_the_chain(void **state)
{
    (void)state;
    const struct credential root = { .name = "root", .role = ROLE_ADMIN };
    WORLD                   w;
    char                    secret[128], *json;

    world_make(&w);
    made(&w, "{\"name\":\"ann\",\"role\":\"operator\"}", secret);
    EAR *line = chain_ends(&w, 1, NULL);
    assert_string_equal(text_of(line, "what"), "made");
    assert_string_equal(text_of(line, "kind"), "credential");
    assert_string_equal(text_of(line, "by"), "an operator");
    assert_string_equal(text_of(line, "detail"),
                        "credential ann (operator, acme) made by an operator");
    w.flow.asker = &root;
    T_OK(operator_credential_drop(&w.flow, acme(&w), "ann", &json, &w.step, &w.err), &w.err);
    free(json);
    commit(&w);
    EAR *last = chain_ends(&w, 2, NULL);
    assert_string_equal(text_of(last, "what"), "dropped");
    assert_string_equal(text_of(last, "by"), "root");
}

static void is_found_by_its_secret_alone(void **state)
{
    (void)state;
    WORLD             w;
    struct credential c;
    char              secret[128];

    world_make(&w);
    made(&w, "{\"name\":\"ann\",\"role\":\"operator\"}", secret);
    assert_int_equal(strlen(secret), strlen("pawl-secret-") + 64);
    T_OK(look_up(&w, secret, &c), &w.err);
    assert_string_equal(c.name, "ann");
    assert_string_equal(c.tenant, acme(&w)->name);
    assert_int_equal(c.role, ROLE_OPERATOR);
    assert_int_equal(c.kind, CREDENTIAL_BEARER);
    assert_int_equal(c.created_s, w.now_ms / 1000);
    assert_int_equal(c.expires_s, 0);
    secret[20] ^= 1;
    T_FAILS(look_up(&w, secret, &c), &w.err, PAWL_E_ABSENT);
}

static void a_service_has_its_labels_alone(void **state)
{
    (void)state;
    WORLD             w;
    struct credential c;
    char              secret[128];

    world_make(&w);
    made(&w, "{\"name\":\"vpn\",\"role\":\"service\",\"labels\":[\"tunnel\",\"disk\"]}", secret);
    T_OK(look_up(&w, secret, &c), &w.err);
    assert_true(credential_has_label(&c, "tunnel"));
    assert_true(credential_has_label(&c, "disk"));
    assert_false(credential_has_label(&c, "tunne"));
    assert_false(credential_has_label(&c, "tunnel2"));
    assert_false(credential_has_label(&c, "tunnel\ndisk"));
    assert_false(credential_has_label(&c, ""));
}

static void who_is_of_one_tenant_has_no_say_in_others(void **state)
{
    (void)state;
    WORLD             w;
    struct credential bound = { .name = "ann", .role = ROLE_ADMIN };
    char              secret[128], *json;

    world_make(&w);
    snprintf(bound.tenant, sizeof(bound.tenant), "%s", acme(&w)->name);
    made(&w, "{\"name\":\"root\",\"role\":\"admin\",\"all_tenants\":true}", secret);
    made(&w, "{\"name\":\"one\",\"role\":\"read\"}", secret);
    assert_int_equal(shown(&w, acme(&w)), 2);
    assert_int_equal(shown(&w, &w.config.tenant[OTHER]), 1);
    w.flow.asker = &bound;
    assert_int_equal(shown(&w, acme(&w)), 1);
    refuses(&w, "{\"name\":\"x\",\"role\":\"admin\",\"all_tenants\":true}", PAWL_E_DENIED,
            "all_tenants");
    T_FAILS(operator_credential_drop(&w.flow, acme(&w), "root", &json, &w.step, &w.err), &w.err,
            PAWL_E_ABSENT);
    T_FAILS(
        operator_credential_drop(&w.flow, &w.config.tenant[OTHER], "one", &json, &w.step, &w.err),
        &w.err, PAWL_E_ABSENT);
    T_OK(operator_credential_drop(&w.flow, acme(&w), "one", &json, &w.step, &w.err), &w.err);
    free(json);
    assert_non_null(strstr(w.step.event, "dropped by ann"));
    commit(&w);
    T_FAILS(operator_credential_drop(&w.flow, acme(&w), "one", &json, &w.step, &w.err), &w.err,
            PAWL_E_ABSENT);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM credential"), 1);
}

#define SPKI "abababababababababababababababababababababababababababababababab"

static void names_and_keys_are_taken_once(void **state)
{
    (void)state;
    WORLD       w;
    char        secret[128], *json;
    struct step late;

    world_make(&w);
    T_OK(wish(&w, "{\"name\":\"bob\",\"role\":\"read\",\"spki\":\"" SPKI "\"}", &json), &w.err);
    free(json);
    late = w.step;
    w.step = (struct step){ 0 };
    made(&w, "{\"name\":\"bob\",\"role\":\"admin\"}", secret);
    T_FAILS(store_commit_wait(&w.store.store, &late, &w.err), &w.err, PAWL_E_CONFLICT);
    step_done(&late);
    refuses(&w, "{\"name\":\"bob\",\"role\":\"read\"}", PAWL_E_CONFLICT, "name");
    made(&w, "{\"name\":\"key\",\"role\":\"read\",\"spki\":\"" SPKI "\"}", secret);
    assert_string_equal(secret, "");
    refuses(&w, "{\"name\":\"key2\",\"role\":\"read\",\"spki\":\"" SPKI "\"}", PAWL_E_CONFLICT,
            "spki");
}

static void a_wrong_wish_is_named(void **state)
{
    (void)state;
    WORLD w;
    char  labels[1200];

    world_make(&w);
    refuses(&w, "{\"role\":\"read\"}", PAWL_E_FORM, "name");
    refuses(&w, "{\"name\":\"Ann\",\"role\":\"read\"}", PAWL_E_FORM, "name");
    refuses(&w, "{\"name\":\"ann\"}", PAWL_E_FORM, "role");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"none\"}", PAWL_E_FORM, "role");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"service\"}", PAWL_E_FORM, "labels");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"service\",\"labels\":[]}", PAWL_E_FORM, "labels");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"read\",\"labels\":[\"a\"]}", PAWL_E_FORM, "labels");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"service\",\"labels\":[\"\"]}", PAWL_E_FORM, "labels");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"service\",\"labels\":[\"a\\nb\"]}", PAWL_E_FORM,
            "labels");
    snprintf(labels, sizeof(labels),
             "{\"name\":\"ann\",\"role\":\"service\",\"labels\":[\"%0*d\",\"b\"]}",
             CREDENTIAL_LABELS_MAX - 2, 7);
    refuses(&w, labels, PAWL_E_RANGE, "labels");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"read\",\"expires\":\"2001-01-01\"}", PAWL_E_RANGE,
            "expires");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"read\",\"expires\":\"soon\"}", PAWL_E_FORM,
            "expires");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"read\",\"spki\":\"abab\"}", PAWL_E_RANGE, "spki");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"read\",\"kind\":\"bearer\"}", PAWL_E_FORM, "body");
}

static void a_nul_hides_nothing(void **state)
{
    (void)state;
    WORLD w;
    char  secret[128];

    world_make(&w);
    refuses(&w, "{\"name\":\"a\\u0000b\",\"role\":\"read\"}", PAWL_E_FORM, "body");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"read\",\"spki\\u0000x\":1}", PAWL_E_FORM, "body");
    refuses(&w, "{\"name\":\"ann\",\"role\":\"read\xff\"}", PAWL_E_FORM, "body");
    /* A backslash and the letters behind it are no NUL. */
    made(&w, "{\"name\":\"ann\",\"role\":\"service\",\"labels\":[\"a\\\\u0000b\"]}", secret);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM credential"), 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a credential is told in the chain", is_told_in_the_chain),
        T_CASE("a credential is found by its secret alone", is_found_by_its_secret_alone),
        T_CASE("a service has its labels alone", a_service_has_its_labels_alone),
        T_CASE("who is of one tenant has no say in others",
               who_is_of_one_tenant_has_no_say_in_others),
        T_CASE("names and keys are taken once", names_and_keys_are_taken_once),
        T_CASE("a wrong wish is named", a_wrong_wish_is_named),
        T_CASE("a NUL hides nothing", a_nul_hides_nothing),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
