/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verifier without a network: real store, real keys, two tenants, a clock that a test sets.
 *
 * acme trusts the vendor and the lab, other only the vendor; both are open unless a test says
 * otherwise, and quote sha1:0-7 and sha256:0-7.
 */
#ifndef VERIFIER_FLOW_FIXTURE_H
#define VERIFIER_FLOW_FIXTURE_H

#include <cjson/cJSON.h>

#include "flow/flow.h"
#include "flow/lifecycle.h"
#include "ratchet/detect.h"
#include "soft_device.h"
#include "store_fixture.h"

enum { ACME, OTHER };

struct world {
    struct store_fixture   store;
    struct verifier_config config;
    struct keys            keys;
    struct soft_ca         vendor, lab;
    struct ek_trust        trust[2];
    struct flow            flow;
    int64_t                now_ms;
    struct answer          answer; /* its body in room */
    uint8_t                room[PAWL_RESULT_MAX];
    struct step            step;
    struct pawl_err        err;
};

void world_make(struct world *w);
void world_done(struct world *w);
#define WORLD PAWL_CLEANUP(world_done) struct world

void device_done(struct soft_device *d);
#define DEVICE PAWL_CLEANUP(device_done) struct soft_device

/* A device that knows this verifier. */
void world_device(struct world *w, const struct soft_ca *ca, struct soft_device *ret);

typedef pawl_status flow_fn(struct flow *f, struct pawl_view body, struct answer *ret,
                            struct step *step, struct pawl_err *err);

/* Plans; on success commits. http: what the answer must be. */
void world_takes(struct world *w, flow_fn *flow, struct pawl_view body, int http);
/* Plans, fails with this code and field, answers 403, and no row has changed. */
void world_refuses(struct world *w, flow_fn *flow, struct pawl_view body, enum pawl_code code,
                   const char *where);
/* A signed refusal with this code; no row has changed, but for an incident with FORKED. */
struct pawl_refusal world_says_no(struct world *w, struct pawl_view body,
                                  enum pawl_refusal_code code);

/* ---- whole exchanges ------------------------------------------------------------------------- */

/* What the answer to enrol gave. */
struct enrolling {
    struct pawl_enrol_ans ans;
    struct pawl_secret    secret;
};

void world_enrol_request(struct world *w, const struct soft_device *d,
                         const struct pawl_enrol_req *req, struct enrolling *ret);
void world_enrol_evidence(struct soft_device *d, const struct enrolling *e,
                          struct soft_evidence *ret);
/* The whole of it, to the record. */
void world_enrol(struct world *w, struct soft_device *d);

void world_challenge(struct world *w, const struct soft_device *d, enum pawl_label label,
                     uint8_t ret[PAWL_NONCE]);
/* Evidence of an attest, unsigned; over the tenant's set. */
void world_attest_begin(struct world *w, struct soft_device *d, uint8_t nonce[PAWL_NONCE],
                        struct soft_evidence *ret);
void world_attest(struct world *w, struct soft_device *d);
/* The same over all PCRs. */
void world_attest_all(struct world *w, struct soft_device *d);

/* Evidence of a rekey or a resync, unsigned; the nonce is kept. */
void world_begin(struct world *w, struct soft_device *d, enum pawl_label label,
                 struct soft_evidence *ret);
/* Signs and sends, must be accepted; the device takes no notice of the answer (it is lost). */
void world_sends(struct world *w, struct soft_evidence *ev);
/* What the device does with w->answer: the root in it is its own from now on. */
void world_adopt(struct world *w, struct soft_device *d, const struct soft_evidence *ev,
                 const struct pawl_secret *secret);
void world_rekey(struct world *w, struct soft_device *d);
void world_resync(struct world *w, struct soft_device *d);
/* Enrolled, and the first root seen in use. */
void world_settled(struct world *w, struct soft_device *d);

/* ---- tokens -----------------------------------------------------------------------------------
 */

struct made_token {
    uint8_t            id[PAWL_TOKEN_ID];
    struct pawl_secret secret;
};

/* body: as an operator writes it. tenant: ACME or OTHER. */
struct made_token     world_token(struct world *w, unsigned tenant, const char *body);
struct pawl_enrol_req world_token_request(const struct soft_device *d, const struct made_token *t);

/* Request and activation: evidence that is signed and was not sent. */
void world_enrol_with(struct world *w, struct soft_device *d, const struct pawl_enrol_req *req,
                      struct soft_evidence *ret);

/* ---- what the answer says -------------------------------------------------------------------- */

/* The claims of a token, its signature verified. The caller deletes them. */
cJSON *world_opens(struct world *w, struct pawl_view jws);
/* The claims of the EAR of w->answer, its signature verified. The caller deletes them. */
cJSON *world_ear(struct world *w);
void   ear_done(cJSON **ear);
#define EAR PAWL_CLEANUP(ear_done) cJSON
const char *ear_status(const cJSON *ear);
/* A claim of the trustworthiness vector, 0 if absent. */
int ear_claim(const cJSON *ear, const char *name);
/* A text of the private claim `pawl`: "sw", "keys". */
const char        *ear_private(const cJSON *ear, const char *name);
bool               ear_says(const cJSON *ear, const char *why);
bool               world_wants_values(struct world *w);
struct pawl_result world_result(struct world *w);
/* Incidents with this rule, and all that speak against a device. */
int64_t world_incidents(struct world *w, enum rule rule);
int64_t world_all_incidents(struct world *w);

/* ---- the operator's side ----------------------------------------------------------------------
 */

/* A policy that accepts the device's last values, made the tenant's default. */
void world_learn(struct world *w, const struct soft_device *d);
void world_move(struct world *w, const struct soft_device *d, enum device_event on);
/* The id as text, until the next call. */
const char *world_id(const struct soft_device *d);

struct device world_record(struct world *w, const struct soft_device *d);

#endif
