/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: who comes too often is told when to come again, changes nothing and costs nobody else
 * anything; a tenant's quota of enrolments has a share for each network; nobody uses up what
 * another device has. */
#include "flow/limit.h"
#include "flow_fixture.h"

static void limit(struct world *w, uint64_t enrolments, uint64_t attests)
{
    world_make(w);
    for (unsigned i = 0; i < w->config.tenant_n; i++) {
        w->config.tenant[i].enrolments_per_minute = enrolments;
        w->config.tenant[i].attests_per_minute = attests;
    }
    T_OK(limits_make(&w->config, &w->flow.limits, &w->err), &w->err);
}

static void limited_done(struct world *w)
{
    limits_free(&w->flow.limits);
    world_done(w);
}
#define LIMITED PAWL_CLEANUP(limited_done) struct world

/* Refused with 429 and this time; no row has changed, and an operator is told why. */
static void must_wait(struct world *w, flow_fn *flow, struct pawl_view body, const char *where,
                      unsigned wait_s)
{
    char *before = store_dump(&w->store);

    step_done(&w->step);
    T_FAILS(flow(&w->flow, t_copy(body), &w->answer, &w->step, &w->err), &w->err, PAWL_E_DENIED);
    T_WHERE(&w->err, where);
    assert_int_equal(w->answer.http, 429);
    assert_int_equal(w->answer.retry_after_s, wait_s);
    assert_int_equal(w->answer.n, 0);
    assert_true(step_is_empty(&w->step));
    assert_int_equal(refused_by(429, &w->err), REFUSED_TOO_MANY);
    char *after = store_dump(&w->store);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void enrol_from(struct world *w, const struct soft_device *d, uint64_t net)
{
    struct pawl_enrol_req req = soft_enrol(d);

    w->flow.net = net;
    world_takes(w, flow_enrol, soft_enrol_bytes(&req), 200);
}

static void enrol_waits(struct world *w, const struct soft_device *d, uint64_t net, unsigned wait_s)
{
    struct pawl_enrol_req req = soft_enrol(d);

    w->flow.net = net;
    must_wait(w, flow_enrol, soft_enrol_bytes(&req), "rate.enrolments", wait_s);
}

/* ---- enrolments ----------------------------------------------------------------------------- */

static void one_network_has_a_quarter_of_the_enrolments(void **state)
{
    (void)state;
    LIMITED w;
    DEVICE  d;

    limit(&w, 8, 0);
    world_device(&w, &w.vendor, &d);
    for (unsigned i = 0; i < 2; i++)
        enrol_from(&w, &d, 1);
    enrol_waits(&w, &d, 1, 30);
    enrol_from(&w, &d, 2);
    w.now_ms += 29000;
    enrol_waits(&w, &d, 1, 1);
    w.now_ms += 1000;
    enrol_from(&w, &d, 1);
}

static void all_together_have_the_tenants_quota(void **state)
{
    (void)state;
    LIMITED w;
    DEVICE  d;

    limit(&w, 4, 0);
    world_device(&w, &w.vendor, &d);
    for (uint64_t net = 1; net <= 4; net++)
        enrol_from(&w, &d, net);
    enrol_waits(&w, &d, 5, 15);
    d.tenant = "other";
    enrol_from(&w, &d, 5);
}

/* From as many addresses as he likes: papers of no maker use up nothing of the tenant's. */
static void who_has_no_tpm_locks_nobody_out(void **state)
{
    (void)state;
    LIMITED               w;
    DEVICE                d, other;
    struct pawl_enrol_req req;

    limit(&w, 4, 0);
    world_device(&w, &w.vendor, &d);
    world_device(&w, &w.vendor, &other);
    for (uint64_t net = 1; net <= 16; net++) {
        req = soft_enrol(&d);
        req.ek_public = soft_enrol(&other).ek_public;
        w.flow.net = net;
        world_refuses(&w, flow_enrol, soft_enrol_bytes(&req), PAWL_E_DENIED,
                      "enrol.ek_cert.subjectPublicKeyInfo");
    }
    enrol_from(&w, &d, 17);
    w.flow.net = 16; /* it counted for the address */
    must_wait(&w, flow_enrol, soft_enrol_bytes(&req), "rate.enrolments", 60);
}

static void who_has_a_token_needs_no_quota(void **state)
{
    (void)state;
    LIMITED w;
    DEVICE  d;

    limit(&w, 1, 0);
    world_device(&w, &w.vendor, &d);
    enrol_from(&w, &d, 1);
    enrol_waits(&w, &d, 1, 60);
    struct made_token     t = world_token(&w, ACME, "{\"uses\":5}");
    struct pawl_enrol_req req = world_token_request(&d, &t);
    for (unsigned i = 0; i < 3; i++)
        world_takes(&w, flow_enrol, soft_enrol_bytes(&req), 200);
    t.secret.b[0] ^= 1;
    req = world_token_request(&d, &t);
    world_refuses(&w, flow_enrol, soft_enrol_bytes(&req), PAWL_E_FORGED, "enrol.token");
}

/* ---- attests -------------------------------------------------------------------------------- */

static void a_device_that_attests_too_often_is_told_to_wait(void **state)
{
    (void)state;
    LIMITED              w;
    DEVICE               d, other;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    limit(&w, 0, 3);
    world_device(&w, &w.vendor, &d);
    world_device(&w, &w.vendor, &other);
    world_enrol(&w, &d);
    world_enrol(&w, &other);
    for (unsigned i = 0; i < 3; i++)
        world_attest(&w, &d);
    world_attest_begin(&w, &d, nonce, &ev);
    soft_evidence_sign(&ev, NULL);
    must_wait(&w, flow_evidence, soft_evidence_bytes(&ev), "rate.attests", 20);
    world_attest(&w, &other);
    w.now_ms += 20000;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200); /* the same, unused */
}

/* Whoever has not the AK: before the quote verified nothing counts. */
static void nobody_uses_up_what_another_device_has(void **state)
{
    (void)state;
    LIMITED              w;
    DEVICE               d, other;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    limit(&w, 0, 2);
    world_device(&w, &w.vendor, &d);
    world_device(&w, &w.vendor, &other);
    world_enrol(&w, &d);
    world_attest_begin(&w, &d, nonce, &ev);
    soft_evidence_sign(&ev, NULL);
    struct soft_evidence forged = ev;
    forged.signer = other.ak;
    soft_evidence_sign(&forged, NULL);
    for (unsigned i = 0; i < 10; i++)
        world_refuses(&w, flow_evidence, soft_evidence_bytes(&forged), PAWL_E_FORGED,
                      "signature.signature");
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    world_attest(&w, &d);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("one network has a quarter of the enrolments",
               one_network_has_a_quarter_of_the_enrolments),
        T_CASE("all together have the tenant's quota", all_together_have_the_tenants_quota),
        T_CASE("who has no TPM locks nobody out", who_has_no_tpm_locks_nobody_out),
        T_CASE("who has a token needs no quota", who_has_a_token_needs_no_quota),
        T_CASE("a device that attests too often is told to wait",
               a_device_that_attests_too_often_is_told_to_wait),
        T_CASE("nobody uses up what another device has", nobody_uses_up_what_another_device_has),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
