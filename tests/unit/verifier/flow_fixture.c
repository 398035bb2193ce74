/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pawl/cose.h>

#include "flow/operator.h"

static int64_t now(void *arg)
{
    return ((struct world *)arg)->now_ms;
}

static struct pawl_certs *certs(struct pawl_view der)
{
    struct pawl_certs *c = NULL;
    size_t             n;
    struct pawl_err    err;

    T_OK(pawl_certs_add(&c, der, &n, &err), &err);
    return c;
}

static void make_tenant(struct tenant_config *t, const char *name)
{
    snprintf(t->name, sizeof(t->name), "%s", name);
    t->admission = ADMISSION_OPEN;
    t->pcrs = (struct pawl_pcr_selection){ 2, { { PAWL_SHA1, 0xff }, { PAWL_SHA256, 0xff } } };
    t->suites = (struct pawl_suites){ 2, { PAWL_SUITE_CCM, PAWL_SUITE_GCM } };
    t->ear_ttl_s = 3600;
}

void world_make(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->answer.body = w->room;
    w->now_ms = 1790000000000;
    store_fixture_make(&w->store);
    T_OK(keys_make(w->store.dir, &w->err), &w->err);
    T_OK(keys_load(w->store.dir, &w->keys, &w->err), &w->err);
    snprintf(w->config.address, sizeof(w->config.address), "verifier.example:8443");
    w->config.tenant_n = 2;
    make_tenant(&w->config.tenant[ACME], "acme");
    make_tenant(&w->config.tenant[OTHER], "other");
    soft_ca_make(&w->vendor, false, w->now_ms / 1000);
    soft_ca_make(&w->lab, true, w->now_ms / 1000);
    w->trust[ACME] = (struct ek_trust){ .vendor = certs(w->vendor.cert),
                                        .lab = certs(w->lab.cert) };
    w->trust[OTHER] = (struct ek_trust){ .vendor = certs(w->vendor.cert) };
    w->flow = (struct flow){ .config = &w->config,
                             .keys = &w->keys,
                             .trust = w->trust,
                             .store = &w->store.store,
                             .now_ms = now,
                             .now_arg = w };
    memset(w->flow.tls_pin, 0x77, sizeof(w->flow.tls_pin));
    T_OK(pawl_p256_verifier_make(&w->flow.p256, &w->err), &w->err);
    T_OK(flow_memory_make(&w->flow.memory, &w->err), &w->err);
}

void world_done(struct world *w)
{
    step_done(&w->step);
    flow_memory_free(&w->flow.memory);
    pawl_p256_verifier_free(&w->flow.p256);
    ek_trust_done(&w->trust[ACME]);
    ek_trust_done(&w->trust[OTHER]);
    soft_ca_done(&w->vendor);
    soft_ca_done(&w->lab);
    keys_done(&w->keys);
    store_fixture_done(&w->store);
}

void device_done(struct soft_device *d)
{
    soft_device_done(d);
}

void world_device(struct world *w, const struct soft_ca *ca, struct soft_device *ret)
{
    soft_device_make(ret, ca, w->now_ms / 1000);
    memcpy(ret->verifier_id, w->keys.verifier_id, sizeof(ret->verifier_id));
}

/* ---- flows ---------------------------------------------------------------------------------- */

/* A step as a server has it: anything where nothing was planned. */
static void begin_step(struct world *w)
{
    step_done(&w->step);
    memset(&w->step.device, 0xa5, sizeof(w->step.device));
    memset(&w->step.snapshot, 0xa5, sizeof(w->step.snapshot));
}

void world_takes(struct world *w, flow_fn *flow, struct pawl_view body, int http)
{
    begin_step(w);
    T_OK(flow(&w->flow, t_copy(body), &w->answer, &w->step, &w->err), &w->err);
    assert_int_equal(w->answer.http, http);
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
}

static void assert_unchanged(struct world *w, char *before)
{
    char *after = store_dump(&w->store);

    assert_string_equal(before, after);
    free(before);
    free(after);
}

void world_refuses(struct world *w, flow_fn *flow, struct pawl_view body, enum pawl_code code,
                   const char *where)
{
    char *before = store_dump(&w->store);

    begin_step(w);
    w->answer.n = 0;
    T_FAILS(flow(&w->flow, t_copy(body), &w->answer, &w->step, &w->err), &w->err, code);
    T_WHERE(&w->err, where);
    assert_int_equal(w->answer.http, 403);
    if (refused_by(403, &w->err) == REFUSED_OTHER) /* an operator gets a code for each of them */
        fail_msg("no code for %s: %s: %s", pawl_code_name(w->err.code), w->err.where, w->err.why);
    assert_int_equal(w->answer.n, 0);
    assert_true(step_is_empty(&w->step));
    assert_unchanged(w, before);
}

struct pawl_refusal world_says_no(struct world *w, struct pawl_view body,
                                  enum pawl_refusal_code code)
{
    struct pawl_refusal  r;
    struct pawl_view     payload;
    struct pawl_evidence m;
    uint8_t              th1[32];
    char                *before = store_dump(&w->store);
    const char          *position = "SELECT sum(attempt + clock_ms) FROM device";
    int64_t              was = store_number(&w->store, position);

    body = t_copy(body);
    world_takes(w, flow_evidence, body, 409);
    if (code == PAWL_REFUSAL_FORKED) { /* an incident and its light */
        free(before);
        assert_false(w->step.has_snapshot || w->step.generation_n || w->step.evidence.n);
        assert_int_equal(store_number(&w->store, position), was);
    } else {
        assert_true(step_is_empty(&w->step));
        assert_unchanged(w, before);
    }
    assert_true(pawl_is_refusal(pawl_view(w->answer.body, w->answer.n)));
    T_OK(pawl_cose_sign1_open(pawl_private_public(w->keys.signing),
                              pawl_view_str(PAWL_COSE_REFUSAL),
                              pawl_view(w->answer.body, w->answer.n), &payload, &w->err),
         &w->err);
    T_OK(pawl_refusal_parse(payload, &r, &w->err), &w->err);
    T_OK(pawl_evidence_parse(body, &m, &w->err), &w->err);
    T_OK(pawl_sha256(m.a1, th1, &w->err), &w->err);
    assert_memory_equal(r.th1, th1, 32);
    assert_int_equal(r.code, code);
    assert_int_equal(w->answer.refused, refused_by_name(code));
    return r;
}

/* ---- exchanges ------------------------------------------------------------------------------ */

void world_enrol_request(struct world *w, const struct soft_device *d,
                         const struct pawl_enrol_req *req, struct enrolling *ret)
{
    world_takes(w, flow_enrol, soft_enrol_bytes(req), 200);
    assert_true(step_is_empty(&w->step));
    T_OK(pawl_enrol_ans_parse(t_copy(pawl_view(w->answer.body, w->answer.n)), &ret->ans, &w->err),
         &w->err);
    ret->secret = soft_activate(d, ret->ans.id_object, ret->ans.enc_secret);
}

void world_enrol_evidence(struct soft_device *d, const struct enrolling *e,
                          struct soft_evidence *ret)
{
    soft_evidence_begin(d, PAWL_LABEL_ENROL, e->ans.nonce, &e->ans.pcrs, ret);
    ret->m.cookie = e->ans.cookie;
}

void world_enrol(struct world *w, struct soft_device *d)
{
    struct pawl_enrol_req req = soft_enrol(d);
    struct enrolling      e;
    struct soft_evidence  ev;

    world_enrol_request(w, d, &req, &e);
    world_enrol_evidence(d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    world_takes(w, flow_evidence, soft_evidence_bytes(&ev), 200);
    world_adopt(w, d, &ev, &e.secret);
}

void world_challenge(struct world *w, const struct soft_device *d, enum pawl_label label,
                     uint8_t ret[PAWL_NONCE])
{
    struct pawl_challenge_ans ans;

    world_takes(w, flow_challenge, soft_challenge(d, label), 200);
    T_OK(pawl_challenge_ans_parse(pawl_view(w->answer.body, w->answer.n), &ans, &w->err), &w->err);
    memcpy(ret, ans.nonce.p, PAWL_NONCE);
}

void world_attest_begin(struct world *w, struct soft_device *d, uint8_t nonce[PAWL_NONCE],
                        struct soft_evidence *ret)
{
    world_challenge(w, d, PAWL_LABEL_ATTEST, nonce);
    soft_evidence_begin(d, PAWL_LABEL_ATTEST, pawl_view(nonce, PAWL_NONCE),
                        &w->config.tenant[ACME].pcrs, ret);
}

void world_attest(struct world *w, struct soft_device *d)
{
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    world_attest_begin(w, d, nonce, &ev);
    soft_evidence_sign(&ev, NULL);
    world_takes(w, flow_evidence, soft_evidence_bytes(&ev), 200);
}

void world_attest_all(struct world *w, struct soft_device *d)
{
    const struct pawl_pcr_selection all = pawl_pcr_selection_all(0);
    uint8_t                         nonce[PAWL_NONCE];
    struct soft_evidence            ev;

    world_challenge(w, d, PAWL_LABEL_ATTEST, nonce);
    soft_evidence_begin(d, PAWL_LABEL_ATTEST, PAWL_VIEW_OF(nonce), &all, &ev);
    soft_evidence_sign(&ev, NULL);
    world_takes(w, flow_evidence, soft_evidence_bytes(&ev), 200);
}

void world_begin(struct world *w, struct soft_device *d, enum pawl_label label,
                 struct soft_evidence *ret)
{
    uint8_t nonce[PAWL_NONCE];

    world_challenge(w, d, label, nonce);
    soft_evidence_begin(d, label, t_copy(PAWL_VIEW_OF(nonce)), &w->config.tenant[ACME].pcrs, ret);
}

void world_sends(struct world *w, struct soft_evidence *ev)
{
    soft_evidence_sign(ev, NULL);
    world_takes(w, flow_evidence, soft_evidence_bytes(ev), 200);
}

void world_adopt(struct world *w, struct soft_device *d, const struct soft_evidence *ev,
                 const struct pawl_secret *secret)
{
    struct pawl_result r = world_result(w);
    struct pawl_root   base = d->root;
    EAR               *ear = world_ear(w);
    uint8_t            e_v[PAWL_POINT_P256];
    size_t             n;
    const cJSON       *text = cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), "ev");

    assert_non_null(text);
    T_OK(pawl_b64url_parse(pawl_view_str(cJSON_GetStringValue(text)), "ev", e_v, sizeof(e_v), &n,
                           &w->err),
         &w->err);
    assert_int_equal(n, sizeof(e_v));
    soft_adopt(d, ev, ev->a1.label == PAWL_LABEL_REKEY ? &base : NULL, secret, e_v, r.ear,
               r.conf_v);
}

static void world_makes_root(struct world *w, struct soft_device *d, enum pawl_label label)
{
    struct soft_evidence ev;

    world_begin(w, d, label, &ev);
    world_sends(w, &ev);
    world_adopt(w, d, &ev, NULL);
}

void world_rekey(struct world *w, struct soft_device *d)
{
    world_makes_root(w, d, PAWL_LABEL_REKEY);
}

void world_resync(struct world *w, struct soft_device *d)
{
    world_makes_root(w, d, PAWL_LABEL_RESYNC);
}

void world_settled(struct world *w, struct soft_device *d)
{
    world_device(w, &w->vendor, d);
    world_enrol(w, d);
    world_learn(w, d);
    world_attest(w, d);
    w->now_ms += PAWL_REKEY_MIN_MS;
}

/* ---- tokens -----------------------------------------------------------------------------------
 */

struct made_token world_token(struct world *w, unsigned tenant, const char *body)
{
    struct made_token t;
    struct pawl_join  join;
    char             *json;

    begin_step(w);
    T_OK(operator_token_make(&w->flow, &w->config.tenant[tenant], pawl_view_str(body), &json,
                             &w->step, &w->err),
         &w->err);
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    cJSON *j = cJSON_Parse(json);
    T_OK(pawl_join_parse(cJSON_GetStringValue(cJSON_GetObjectItem(j, "join")), &join, &w->err),
         &w->err);
    memcpy(t.id, join.token_id, sizeof(t.id));
    t.secret = join.token;
    cJSON_Delete(j);
    free(json);
    return t;
}

struct pawl_enrol_req world_token_request(const struct soft_device *d, const struct made_token *t)
{
    struct pawl_enrol_req req = soft_enrol(d);

    soft_enrol_token(&req, PAWL_VIEW_OF(t->id), &t->secret);
    return req;
}

void world_enrol_with(struct world *w, struct soft_device *d, const struct pawl_enrol_req *req,
                      struct soft_evidence *ret)
{
    struct enrolling e;

    world_enrol_request(w, d, req, &e);
    world_enrol_evidence(d, &e, ret);
    soft_evidence_sign(ret, &e.secret);
}

/* ---- answers -------------------------------------------------------------------------------- */

struct pawl_result world_result(struct world *w)
{
    struct pawl_result r;

    T_OK(pawl_result_parse(pawl_view(w->answer.body, w->answer.n), &r, &w->err), &w->err);
    return r;
}

bool world_wants_values(struct world *w)
{
    struct pawl_result r = world_result(w);

    return r.want.present && r.want.pcr_values;
}

cJSON *world_opens(struct world *w, struct pawl_view jws)
{
    const uint8_t *first = memchr(jws.p, '.', jws.n);
    const uint8_t *last = memrchr(jws.p, '.', jws.n);
    uint8_t        sig[64], *json = malloc(jws.n);
    size_t         n;

    assert_true(json && first && last > first);
    T_OK(pawl_b64url_parse(pawl_view(last + 1, (size_t)(jws.p + jws.n - last - 1)), "sig", sig, 64,
                           &n, &w->err),
         &w->err);
    T_OK(pawl_es256_verify(pawl_private_public(w->keys.signing),
                           pawl_view(jws.p, (size_t)(last - jws.p)), sig, &w->err),
         &w->err);
    T_OK(pawl_b64url_parse(pawl_view(first + 1, (size_t)(last - first - 1)), "claims", json, jws.n,
                           &n, &w->err),
         &w->err);
    cJSON *j = cJSON_ParseWithLength((const char *)json, n);
    free(json);
    assert_non_null(j);
    return j;
}

cJSON *world_ear(struct world *w)
{
    return world_opens(w, world_result(w).ear);
}

int64_t world_incidents(struct world *w, enum rule rule)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM incident WHERE rules & %u", 1u << rule);
    return store_number(&w->store, sql);
}

int64_t world_all_incidents(struct world *w)
{
    char sql[96];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM incident WHERE kind != %d",
             INCIDENT_SERVER_WENT_BACK);
    return store_number(&w->store, sql);
}

void ear_done(cJSON **ear)
{
    cJSON_Delete(*ear);
}

static const cJSON *member(const cJSON *j, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(j, name);
}

static const cJSON *device_of(const cJSON *ear)
{
    return member(member(ear, "submods"), "device");
}

const char *ear_status(const cJSON *ear)
{
    return cJSON_GetStringValue(member(device_of(ear), "ear.status"));
}

int ear_claim(const cJSON *ear, const char *name)
{
    const cJSON *c = member(member(device_of(ear), "ear.trustworthiness-vector"), name);

    return c ? c->valueint : 0;
}

const char *ear_private(const cJSON *ear, const char *name)
{
    const cJSON *v = cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), name);

    assert_true(cJSON_IsString(v));
    return v->valuestring;
}

bool ear_says(const cJSON *ear, const char *why)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, member(member(ear, "pawl"), "why")) if (strcmp(m->valuestring, why) ==
                                                                  0) return true;
    return false;
}

/* ---- operators ------------------------------------------------------------------------------ */

const char *world_id(const struct soft_device *d)
{
    static char     id[2 * PAWL_DEVICE_ID + 1];
    struct pawl_err err;

    T_OK(pawl_hex_write(PAWL_VIEW_OF(d->id), id, sizeof(id), &err), &err);
    return id;
}

static void commit_planned(struct world *w, char *json)
{
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    step_done(&w->step);
    free(json);
}

void world_move(struct world *w, const struct soft_device *d, enum device_event on)
{
    char *json;

    begin_step(w);
    T_OK(operator_device_move(&w->flow, &w->config.tenant[ACME], world_id(d), on, &json, &w->step,
                              &w->err),
         &w->err);
    commit_planned(w, json);
}

void world_learn(struct world *w, const struct soft_device *d)
{
    const struct tenant_config *acme = &w->config.tenant[ACME];
    char                        body[160], *json;

    begin_step(w);
    snprintf(body, sizeof(body), "{\"name\":\"golden\",\"device\":\"%s\",\"literal\":true}",
             world_id(d));
    T_OK(operator_policy_learn(&w->flow, acme, pawl_view_str(body), &json, &w->step, &w->err),
         &w->err);
    commit_planned(w, json);
    T_OK(operator_default_policy(&w->flow, acme, pawl_view_str("{\"policy\":\"golden\"}"), &json,
                                 &w->step, &w->err),
         &w->err);
    commit_planned(w, json);
}

struct device world_record(struct world *w, const struct soft_device *d)
{
    struct device r;

    T_OK(w->store.store.device(w->store.store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                               &r, &w->err),
         &w->err);
    return r;
}
