/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a key that the device's AK certified as one of its own TPM, for this tenant, verifier and
 * device, is named by its results from then on; nothing else is (P-APP). */
#include <string.h>

#include "flow_fixture.h"

/* The certification of a key of d's applications, to be changed before it is signed. */
struct claim {
    EVP_PKEY *key, *signer;
    struct pawl_view public, tenant, verifier_id, device_id;
    struct pawl_name name, qualified;
};

static struct claim claim_of(const struct soft_device *d)
{
    struct claim c = { .key = soft_key(PAWL_KEY_P256, 1),
                       .signer = d->ak,
                       .tenant = pawl_view_str(d->tenant),
                       .verifier_id = PAWL_VIEW_OF(d->verifier_id),
                       .device_id = PAWL_VIEW_OF(d->id),
                       .qualified = soft_device_qualified(d) };

    c.public = soft_template(PAWL_APP_P256, c.key);
    c.name = soft_name(c.public);
    return c;
}

static void certify(const struct claim *c, struct soft_evidence *ev)
{
    uint8_t         nonce[32];
    struct pawl_err err;

    T_OK(pawl_app_key_nonce(c->tenant, c->verifier_id, c->device_id, nonce, &err), &err);
    ev->m.app_public = c->public;
    ev->m.app_attest = soft_attest(
        &(struct soft_attest){ .magic = PAWL_TPM_GENERATED,
                               .type = PAWL_TPM_ST_CERTIFY,
                               .signer = t_copy(pawl_name_view(&c->qualified)),
                               .nonce = PAWL_VIEW_OF(nonce),
                               .body = soft_certify_body(t_copy(pawl_name_view(&c->name)),
                                                         t_copy(pawl_name_view(&c->name))) });
    ev->m.app_signature = soft_sign(c->signer, PAWL_TPM_ALG_ECDSA, PAWL_SHA256, ev->m.app_attest);
}

/* An enrolled device, and an attest of it that is good as it stands. */
static void begin(struct world *w, struct soft_device *d, uint8_t nonce[PAWL_NONCE],
                  struct soft_evidence *ev)
{
    world_make(w);
    world_device(w, &w->vendor, d);
    world_enrol(w, d);
    world_attest_begin(w, d, nonce, ev);
}

static void sends(struct world *w, struct soft_evidence *ev)
{
    soft_evidence_sign(ev, NULL);
    world_takes(w, flow_evidence, soft_evidence_bytes(ev), 200);
}

/* Whether the result of w->answer names this key. */
static bool names(struct world *w, EVP_PKEY *key)
{
    EAR                     *ear = world_ear(w);
    const struct pawl_public p = soft_public(key);
    const cJSON             *jwk = cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "cnf"), "jwk");
    char                     x[64], y[64];
    struct pawl_err          err;

    if (!jwk)
        return false;
    T_OK(pawl_b64url_write(pawl_view(p.b + 1, 32), x, sizeof(x), &err), &err);
    T_OK(pawl_b64url_write(pawl_view(p.b + 33, 32), y, sizeof(y), &err), &err);
    assert_string_equal(cJSON_GetObjectItem(jwk, "kty")->valuestring, "EC");
    assert_string_equal(cJSON_GetObjectItem(jwk, "crv")->valuestring, "P-256");
    return strcmp(cJSON_GetObjectItem(jwk, "x")->valuestring, x) == 0 &&
           strcmp(cJSON_GetObjectItem(jwk, "y")->valuestring, y) == 0;
}

static void refuses(struct world *w, struct soft_evidence *ev, enum pawl_code code,
                    const char *where)
{
    soft_evidence_sign(ev, NULL);
    world_refuses(w, flow_evidence, soft_evidence_bytes(ev), code, where);
}

/* ---- accepted ------------------------------------------------------------------------------- */

static void a_certified_key_is_named_from_then_on(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;
    uint8_t              nonce[PAWL_NONCE];

    begin(&w, &d, nonce, &ev);
    struct claim c = claim_of(&d);
    certify(&c, &ev);
    sends(&w, &ev);
    assert_true(names(&w, c.key));
    world_attest(&w, &d); /* without it */
    assert_true(names(&w, c.key));
    world_attest_begin(&w, &d, nonce, &ev);
    c.key = soft_key(PAWL_KEY_P256, 2); /* another one takes its place */
    c.public = soft_template(PAWL_APP_P256, c.key);
    c.name = soft_name(c.public);
    certify(&c, &ev);
    sends(&w, &ev);
    assert_true(names(&w, c.key));
}

static void a_device_without_one_is_named_none(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_attest(&w, &d);
    EAR *ear = world_ear(&w);
    assert_null(cJSON_GetObjectItem(ear, "cnf"));
}

static void an_enrolment_forgets_the_key_of_before(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;
    uint8_t              nonce[PAWL_NONCE];

    begin(&w, &d, nonce, &ev);
    struct claim c = claim_of(&d);
    certify(&c, &ev);
    sends(&w, &ev);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    soft_device_forget(&d);
    world_enrol(&w, &d);
    assert_false(names(&w, c.key));
    assert_false(world_record(&w, &d).has_app_point);
}

/* ---- refused -------------------------------------------------------------------------------- */

static void what_it_is_made_for_is_held_against_the_request(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;
    uint8_t              nonce[PAWL_NONCE], other[32] = { 9 };
    static const char    field[] = "app_key.extraData";

    begin(&w, &d, nonce, &ev);
    struct claim c = claim_of(&d);
    c.tenant = pawl_view_str("other");
    certify(&c, &ev);
    refuses(&w, &ev, PAWL_E_FORGED, field);
    c = claim_of(&d);
    c.verifier_id = PAWL_VIEW_OF(other);
    certify(&c, &ev);
    refuses(&w, &ev, PAWL_E_FORGED, field);
    c = claim_of(&d);
    c.device_id = PAWL_VIEW_OF(other);
    certify(&c, &ev);
    refuses(&w, &ev, PAWL_E_FORGED, field);
}

static void another_key_or_another_ak_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d, e;
    struct soft_evidence ev;
    uint8_t              nonce[PAWL_NONCE];

    begin(&w, &d, nonce, &ev);
    world_device(&w, &w.vendor, &e);
    struct claim c = claim_of(&d);
    c.name = d.td_name;
    certify(&c, &ev);
    refuses(&w, &ev, PAWL_E_FORGED, "app_key.name");
    c = claim_of(&d);
    c.qualified = soft_device_qualified(&e);
    certify(&c, &ev);
    refuses(&w, &ev, PAWL_E_FORGED, "app_key.qualifiedSigner");
    c = claim_of(&d);
    c.signer = e.ak;
    certify(&c, &ev);
    refuses(&w, &ev, PAWL_E_FORGED, "app_key.signature");
}

/* A key that could leave the TPM, or do more than sign, is none that a result vouches for. */
static void a_key_of_another_kind_is_refused(void **state)
{
    (void)state;
    WORLD                 w;
    DEVICE                d;
    struct soft_evidence  ev;
    uint8_t               nonce[PAWL_NONCE];
    static const uint32_t attributes[] = { 0x00040470, 0x00040462, 0x00060472, 0x00050472 };

    begin(&w, &d, nonce, &ev);
    for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
        struct claim c = claim_of(&d);
        c.public = soft_attributes(c.public, attributes[i]);
        c.name = soft_name(c.public);
        certify(&c, &ev);
        refuses(&w, &ev, PAWL_E_DENIED, "app_key.objectAttributes");
    }
    struct claim c = claim_of(&d);
    c.public = t_copy(pawl_view_str("nothing"));
    certify(&c, &ev);
    refuses(&w, &ev, PAWL_E_UNSUPPORTED, "app_key.type");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("P-APP-3 a certified key is named from then on",
               a_certified_key_is_named_from_then_on),
        T_CASE("a device without one is named none", a_device_without_one_is_named_none),
        T_CASE("P-APP-4 an enrolment forgets the key of before",
               an_enrolment_forgets_the_key_of_before),
        T_CASE("P-APP-2 what it is made for is held against the request",
               what_it_is_made_for_is_held_against_the_request),
        T_CASE("P-APP-2 another key or another AK is refused",
               another_key_or_another_ak_is_refused),
        T_CASE("P-APP-1 a key of another kind is refused", a_key_of_another_kind_is_refused),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
