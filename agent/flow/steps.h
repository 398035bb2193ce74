/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that the exchanges share; called by this folder alone. */
#ifndef AGENT_FLOW_STEPS_H
#define AGENT_FLOW_STEPS_H

#include "evidence/eventlog.h"
#include "flow/flow.h"
#include "tpm/tpm.h"

#define FLOW_NOT_ENROLLED "not enrolled with this verifier: run `pawl-agent enroll`"

/* ---- device.c: our TPM, opened for one round ------------------------------------------------ */

struct device {
    struct tpm     *tpm;
    struct tpm_ek   ek;
    struct tpm_keys keys;
};

/* Opens the TPM, finds the EK and opens the keys. make: whether missing keys are made; otherwise
 * all must be the enrolled ones. Close with device_close, also by PAWL_CLEANUP. */
PAWL_MUST_USE pawl_status device_open(const struct flow *f, bool make, struct device *ret,
                                      struct pawl_err *err);
void                      device_close(struct device *d);

/* Writes into the record who we are. */
void device_note(const struct device *d, struct record *r);

/* ---- verifier.c: the key that signs --------------------------------------------------------- */

struct verifier {
    uint8_t            id[PAWL_VERIFIER_ID];
    struct pawl_public key;
};

/* The verifier's signing key: the cached one, or the first pinned one that its JWKS names. */
PAWL_MUST_USE pawl_status verifier_find(struct flow *f, struct verifier *ret, struct pawl_err *err);

/* After an exchange: its result may name the key that the verifier signs with from now on, and the
 * next request goes to that one if it is pinned. Whoever has no pin of it stays with the old one.
 */
void verifier_follow(struct flow *f, const struct ear *e);

/* The first of the pins in the text of a JWKS whose key is there. DENIED if none is. */
PAWL_MUST_USE pawl_status verifier_pick(struct pawl_view jwks, const uint8_t pins[][PAWL_SPKI_PIN],
                                        size_t pin_n, struct verifier *ret, struct pawl_err *err);

/* ---- resync.c: what the next try does ------------------------------------------------------- */

/* A request that is about to be made; a signed answer says what the next one does differently. */
struct ask {
    enum pawl_label  wanted; /* what the caller wants .. */
    bool             resync; /* .. and whether this one request is a resync in its place */
    enum pawl_reason reason;
    bool             all;         /* quote all banks, whatever the challenge says */
    bool             no_hedge;    /* without the imported key */
    uint64_t         known_epoch; /* the verifier's newest, of a refusal; 0: none came */
};

/* Of the next request. */
enum pawl_label ask_label(const struct ask *a);

/* Attest: that of the base. Rekey: the one behind it. Enrolment and resync: above all that either
 * side knows. */
uint64_t ask_epoch(const struct ask *a, const struct live *l);

struct quoted;

/* Whether this signed answer to the request in q is to be answered at once by another try, and how.
 * A refusal's numbers and floors are taken over. */
PAWL_MUST_USE pawl_status ask_next(struct flow *f, const struct quoted *q,
                                   const struct flow_answer *a, struct ask *ask, bool *ret_again,
                                   struct pawl_err *err);

/* ---- evidence.c: A1 -> TH1 -> quote -> request ---------------------------------------------- */

struct evidence {
    struct flow              *flow;
    struct device            *device;
    const struct verifier    *verifier;
    const struct ask         *ask;
    struct pawl_view          nonce;
    struct pawl_suites        suites; /* the verifier's */
    struct pawl_pcr_selection pcrs;   /* the verifier's */
    struct pawl_view          cookie; /* enrolment only .. */
    const struct pawl_secret
                    *k_auth; /* .. then of the credential; else of the base, NULL without */
    struct pawl_view e_d;    /* of a request that makes a root; empty otherwise */
};

/* The field that the kernel's measurements take beside their bytes: key, array, number, length. */
#define IMA_FIELD_HEAD (1 + 1 + 9 + 5)
/* .. and the event log: key, map, type, length. */
#define EVENTLOG_FIELD_HEAD (1 + 1 + 1 + 5)

/* One request: what was quoted, and over what. Too large for a stack. */
struct quoted {
    struct pawl_a1    a1; /* its views: flow->live, config, the evidence */
    size_t            a1_n;
    uint8_t           a1_bytes[PAWL_A1_MAX];
    uint8_t           th1[32];
    struct tpm_quote  quote;
    struct pawl_quote parsed; /* points into quote */
    struct tpm_signed app;    /* of the key of applications, where it goes along */
    bool              all;
    struct eventlog   log; /* that A1.LOG names; n == 0: there is none */
    uint8_t           ima[PAWL_EVIDENCE_MAX];
    uint8_t           request[PAWL_EVIDENCE_MAX];
};

PAWL_MUST_USE pawl_status quoted_make(struct quoted **ret, struct pawl_err *err);
void                      quoted_free(struct quoted **q); /* for PAWL_CLEANUP */

/* Beside what a person sees of an answer: the parts of a result that the next steps use. Views into
 * what came, good until the next request. */
struct judged {
    struct flow_answer shown;
    struct pawl_view   ear, conf_v, receipt, ticket;
};

/* Quotes, sends, and judges the answer. What the verifier believed is noted in flow and record.
 * Logs that do not fit the request wait for a supply. */
PAWL_MUST_USE pawl_status evidence_send(const struct evidence *e, struct quoted *q,
                                        struct judged *ret, struct pawl_err *err);

/* ---- ahead.c: a nonce that came with messages ------------------------------------------------ */

/* Of a challenge for an attest. */
void ahead_note(struct flow *f, const struct pawl_challenge_ans *ans);
/* Whether these messages ask for one, which replaces the one that is there. */
bool ahead_ask(struct flow *f, bool attest_near);
void ahead_came(struct flow *f, struct pawl_view nonce); /* empty: none did */
/* In place of a challenge for an attest, once; false: there is none. The nonce lies in f. */
bool ahead_use(struct flow *f, struct pawl_challenge_ans *ret);

/* ---- app_key.c: a key that results vouch for ------------------------------------------------- */

/* Into m, while the verifier does not name it. */
PAWL_MUST_USE pawl_status app_key_add(const struct evidence *e, struct quoted *q,
                                      struct pawl_evidence *m, struct pawl_err *err);
void                      app_key_note(const struct evidence *e, const struct ear *ear);

/* ---- answer.c: what came back --------------------------------------------------------------- */

/* net_post, and a note of how long an overloaded verifier asks to be left alone. */
PAWL_MUST_USE pawl_status answer_post(struct flow *f, const char *route, struct pawl_view body,
                                      struct net_answer *ret, struct pawl_err *err);

/* An answer to evidence: a result or a refusal that this key signed for the TH1 of this request,
 * and a result as it was asked for. Anything else fails: DENIED or IO by the HTTP status when there
 * is no body, FORM and FORGED otherwise. */
PAWL_MUST_USE pawl_status answer_judge(const struct net_answer *a, const struct pawl_public *key,
                                       const struct quoted *q, struct judged *ret,
                                       struct pawl_err *err);

/* What a signed answer to this request says of the keys, for the record. */
void answer_note_keys(struct flow *f, const struct pawl_a1 *a1, const struct flow_answer *a);

/* Fails as above unless the status is 200; for the answers before evidence. */
PAWL_MUST_USE pawl_status answer_is_ok(const struct net_answer *a, struct pawl_err *err);

/* ---- rekey.c: a new epoch ------------------------------------------------------------------- */

/* e_D, from before the nonce is fetched until the answer is there. */
struct rekey {
    struct tpm          *tpm; /* NULL: none is loaded */
    struct tpm_ephemeral e_d;
};

PAWL_MUST_USE pawl_status rekey_begin(struct device *d, struct rekey *ret, struct pawl_err *err);
void                      rekey_end(struct rekey *r);         /* for PAWL_CLEANUP */
struct pawl_view          rekey_point(const struct rekey *r); /* E_D; empty if none is loaded */

/* Who takes part. */
struct rekey_context {
    struct flow              *flow;
    struct device            *device;
    const struct verifier    *verifier;
    const struct pawl_secret *enrol_term; /* H of an enrolment, NULL otherwise */
};

/* Both Z, TH2, the key schedule, conf_V; then D4 and live_answered. FORGED for another conf_V. On
 * failure the old epoch stays in use, unless the state is lost. */
PAWL_MUST_USE pawl_status rekey_take(const struct rekey_context *c, struct rekey *r,
                                     const struct quoted *q, const struct judged *j,
                                     struct pawl_err *err);

/* ---- hedge.c: the imported key -------------------------------------------------------------- */

/* The suite of a request: the first of theirs that ours allow; while a key was imported, one with
 * bit 8 before all others. UNSUPPORTED if there is none. */
PAWL_MUST_USE pawl_status hedge_choose(const struct flow *f, const struct pawl_suites *theirs,
                                       bool no_hedge, uint16_t *ret, struct pawl_err *err);
/* H = TPM2_HMAC(imported key, TH2). */
PAWL_MUST_USE pawl_status hedge_term(const struct flow *f, const struct device *d,
                                     const uint8_t th2[32], struct pawl_secret *ret,
                                     struct pawl_err *err);

/* ---- supply.c ------------------------------------------------------------------------------- */

/* Leaves and logs that the result wants, where we have them, one request for each piece; a result
 * in answer replaces what is shown. What fails here fails nothing else: the verifier asks again. */
void supply(struct flow *f, const struct verifier *v, struct quoted *q, struct judged *j);

/* Of one call: enough for a list of IMA_LIST_MAX, the longest that is read. What is left then waits
 * for the next evidence. */
#define SUPPLIES_MAX 320

/* Takes over what a result wants with the next evidence. */
void evidence_note_want(struct flow_logs *l, const struct pawl_want *w);
/* The number of the firmware's event log in A1.LOG, in want and in the fields of logs. */
#define LOG_FIRMWARE 1
bool evidence_wants_log(const struct pawl_want *w);

/* Entries from `first` on that fit cap bytes. None without a list, which is noted. */
struct pawl_view evidence_ima(struct flow *f, struct quoted *q, uint64_t first, size_t cap);

/* At most this many requests for one call, however the verifier's signed answers ask for more. */
#define FLOW_TRIES_MAX 6

#endif
