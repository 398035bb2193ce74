/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_bytes: what the protocol puts on the wire, bodies of requests and answers, without HTTP and
 * TLS.
 *
 * A message: sealed with a body of 16, 64 and 256 bytes in either form, in the middle of an epoch
 * of some age; its floor is the body and a tag.
 *
 * An exchange: request and answer that give the nonce, evidence, result. Device and verifier are
 * real but for the TPM, which is in software: P-256 keys, eight PCRs of SHA-1 and SHA-256 each. The
 * device enrols (one EK certificate, all PCRs quoted), attests and rekeys when the verifier knows
 * the values already. The floor is what any protocol has to carry for this TPM and this result:
 * nonce, certificate, public areas, certification and credential; the quote, its signature and the
 * values under it where they are sent; a signature of the verifier. With a root: two points and a
 * confirmation.
 */

#include <stdio.h>
#include <stdlib.h>

#include <pawl/ratchet.h>

#include "bench.h"
#include "flow_fixture.h"

enum { SIGNATURE_N = 64, CONFIRMATION_N = 32 };

/* ---- messages ------------------------------------------------------------------------------- */

static size_t message_bytes(size_t body_n, enum pawl_msg_form form)
{
    static const uint8_t        body[256], id[32] = { 1 };
    const struct pawl_msg_scope s = { pawl_view_str("default"), PAWL_VIEW_OF(id),
                                      PAWL_VIEW_OF(id) };
    const struct pawl_msg_place at = { .seq = 100030,
                                       .gen_start_seq = 100000,
                                       .epoch_start_seq = 99000 };
    struct pawl_content         c = { .id = (uint64_t)1 << 32, .body = pawl_view(body, body_n) };
    struct pawl_use             use = { .epoch = 300, .gen = 20, .suite = PAWL_SUITE_CCM };
    uint8_t                     plain[512], out[1024], leaf[PAWL_LEAF];
    struct pawl_wr              p = pawl_wr_to(plain, sizeof(plain));
    struct pawl_wr              w = pawl_wr_to(out, sizeof(out));
    struct pawl_err             err;

    use.uk.n = 32;
    if (pawl_is_ok(pawl_use_ready(&use, &err)) && pawl_is_ok(pawl_content_write(&c, &p, &err)) &&
        pawl_is_ok(pawl_msg_seal(&use, &s, &at, form, pawl_view(plain, p.n), &w, leaf, &err)))
        return w.n;
    fprintf(stderr, "wire_bytes: %s: %s\n", err.where, err.why);
    exit(1);
}

static void say_messages(bench_say *say)
{
    static const size_t      bodies[] = { 16, 64, 256 };
    static const char *const names[] = { [PAWL_MSG_FULL] = "full", [PAWL_MSG_COMPACT] = "compact" };
    char                     name[64];

    for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++)
        for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
            snprintf(name, sizeof(name), "wire_bytes.message.%s.%zu", names[form], bodies[i]);
            say(name, message_bytes(bodies[i], (enum pawl_msg_form)form),
                bodies[i] + PAWL_AEAD_TAG);
        }
}

/* ---- exchanges ------------------------------------------------------------------------------ */

/* Bytes of an exchange, ours and the floor's. */
struct exchange {
    size_t nonce, evidence, result;
    size_t nonce_floor, evidence_floor, result_floor;
};

static void say_exchange(bench_say *say, const char *what, const struct exchange *e)
{
    char name[64];

    snprintf(name, sizeof(name), "wire_bytes.%s", what);
    say(name, e->nonce + e->evidence + e->result,
        e->nonce_floor + e->evidence_floor + e->result_floor);
    snprintf(name, sizeof(name), "wire_bytes.%s.nonce", what);
    say(name, e->nonce, e->nonce_floor);
    snprintf(name, sizeof(name), "wire_bytes.%s.evidence", what);
    say(name, e->evidence, e->evidence_floor);
    snprintf(name, sizeof(name), "wire_bytes.%s.result", what);
    say(name, e->result, e->result_floor);
}

/* Sends the evidence, which is signed. */
static void send_evidence(struct world *w, const struct soft_evidence *ev, struct exchange *e)
{
    struct pawl_view body = soft_evidence_bytes(ev);
    bool             root = ev->a1.e_d.n > 0;

    world_takes(w, flow_evidence, body, 200);
    e->evidence = body.n;
    e->result = w->answer.n;
    e->evidence_floor = ev->m.attest.n + ev->m.signature.n + (root ? PAWL_POINT_P256 : 0);
    for (size_t i = 0; i < ev->m.pcr_n; i++)
        e->evidence_floor += ev->m.pcr[i].n;
    e->result_floor = SIGNATURE_N + (root ? PAWL_POINT_P256 + CONFIRMATION_N : 0);
}

static struct exchange enrol(struct world *w, struct soft_device *d)
{
    struct pawl_enrol_req req = soft_enrol(d);
    struct enrolling      made;
    struct soft_evidence  ev;
    struct exchange       e;

    world_enrol_request(w, d, &req, &made);
    e.nonce = soft_enrol_bytes(&req).n + w->answer.n;
    e.nonce_floor = req.ek_public.n + req.cert[0].n + req.ak_public.n + req.td_public.n +
                    req.certify_attest.n + req.certify_sig.n + PAWL_NONCE + made.ans.id_object.n +
                    made.ans.enc_secret.n;
    world_enrol_evidence(d, &made, &ev);
    soft_evidence_sign(&ev, &made.secret);
    send_evidence(w, &ev, &e);
    world_adopt(w, d, &ev, &made.secret);
    return e;
}

/* An attest or a rekey. The verifier has the values. */
static struct exchange ask(struct world *w, struct soft_device *d, enum pawl_label label)
{
    struct soft_evidence ev;
    struct exchange      e = { .nonce_floor = PAWL_NONCE };

    world_takes(w, flow_challenge, soft_challenge(d, label), 200);
    e.nonce = soft_challenge(d, label).n + w->answer.n;
    world_begin(w, d, label, &ev);
    soft_evidence_sign(&ev, NULL);
    ev.m.has_pcrs = false;
    ev.m.pcr_n = 0;
    send_evidence(w, &ev, &e);
    if (label == PAWL_LABEL_REKEY)
        world_adopt(w, d, &ev, NULL);
    return e;
}

static void say_exchanges(bench_say *say)
{
    WORLD           w;
    DEVICE          d;
    struct exchange e;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    e = enrol(&w, &d);
    say_exchange(say, "enrol", &e);
    world_learn(&w, &d);
    world_attest(&w, &d); /* with values */
    e = ask(&w, &d, PAWL_LABEL_ATTEST);
    say_exchange(say, "attest", &e);
    w.now_ms += PAWL_REKEY_MIN_MS;
    e = ask(&w, &d, PAWL_LABEL_REKEY);
    say_exchange(say, "rekey", &e);
}

void bench_wire_bytes(bench_say *say)
{
    say_messages(say);
    say_exchanges(say);
}
