/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_world.h"

#include <stdlib.h>
#include <string.h>

#include "fake_messages.h"
#include "net/client.h"
#include "t.h"

struct fake_world world;

void fake_world_end(void)
{
    for (int i = 0; i < 2; i++)
        signer_free(&world.signer[i]);
    pawl_private_free(&world.td);
    pawl_private_free(&world.ed);
}

void fake_world_new(void)
{
    struct pawl_err err;

    fake_world_end();
    fake_messages_new();
    world = (struct fake_world){ .resets = 1,
                                 .pcr = 7,
                                 .jwks_n = 1,
                                 .suites = { 2, { PAWL_SUITE_GCM, PAWL_SUITE_CCM } },
                                 .floor_up = 32769,
                                 .floor_down = 1 };
    for (int i = 0; i < 2; i++)
        world.signer[i] = signer_make();
    T_OK(pawl_private_make(PAWL_KEY_P256, &world.td, &err), &err);
    T_OK(pawl_random(world.vault.seed, sizeof(world.vault.seed), &err), &err);
}

void fake_world_forget(void)
{
    world.current = world.pending = (struct pawl_root){ 0 };
    world.known_epoch = 0;
}

/* ---- the way to it -------------------------------------------------------------------------- */

struct net {
    int nothing;
};

static struct net the_net;

pawl_status net_open(const struct net_config *cfg, struct net **ret, struct pawl_err *err)
{
    (void)cfg, (void)err;
    *ret = &the_net;
    return pawl_ok();
}

void net_close(struct net **n)
{
    *n = NULL;
}

static pawl_status answers(int status, struct pawl_view body, struct net_answer *ret)
{
    *ret = (struct net_answer){ .status = status, .body = body, .request = "abc123" };
    return pawl_ok();
}

pawl_status net_get_json(struct net *n, const char *path, struct net_answer *ret,
                         struct pawl_err *err)
{
    (void)n, (void)err;
    assert_string_equal(path, "/.well-known/jwks.json");
    world.jwks++;
    return answers(200, signer_jwks(world.signer + world.jwks_from, world.jwks_n), ret);
}

/* ---- before the evidence -------------------------------------------------------------------- */

static const uint8_t nonce[PAWL_NONCE] = { 9 };

static struct pawl_view written(const struct pawl_wr *w)
{
    assert_false(w->full);
    return t_copy(pawl_view(w->p, w->n));
}

static pawl_status take_enrol(struct pawl_view body, struct net_answer *ret)
{
    static uint8_t  secret[64], cookie[] = "cookie";
    uint8_t         bytes[1024];
    struct pawl_wr  w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_err err;

    world.enrols++;
    T_OK(pawl_enrol_req_parse(t_copy(body), &world.enrol, &err), &err);
    if (world.refuses_enrol)
        return answers(403, pawl_view(NULL, 0), ret);
    struct pawl_enrol_ans a = { .nonce = PAWL_VIEW_OF(nonce),
                                .pcrs = pawl_pcr_selection_all(0),
                                .suites = world.suites,
                                .cookie = PAWL_VIEW_OF(cookie),
                                .id_object = PAWL_VIEW_OF(secret),
                                .enc_secret = PAWL_VIEW_OF(secret) };
    T_OK(pawl_enrol_ans_write(&a, &w, &err), &err);
    return answers(200, written(&w), ret);
}

static pawl_status take_challenge(struct pawl_view body, struct net_answer *ret)
{
    uint8_t                   bytes[PAWL_CHALLENGE_MAX];
    struct pawl_wr            w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_challenge_req q;
    struct pawl_err           err;

    world.challenges++;
    T_OK(pawl_challenge_req_parse(t_copy(body), &q, &err), &err);
    assert_true(q.label == PAWL_LABEL_ATTEST || world.ed); /* e_D comes first */
    struct pawl_challenge_ans a = { .nonce = PAWL_VIEW_OF(nonce), .suites = world.suites };
    T_OK(
        pawl_pcr_selection_from_text(world.lacks_sha384 ? "sha384:0" : "sha256:0,7", &a.pcrs, &err),
        &err);
    T_OK(pawl_challenge_ans_write(&a, &w, &err), &err);
    return answers(200, written(&w), ret);
}

/* ---- answers to evidence -------------------------------------------------------------------- */

static const uint8_t other_th1[32] = { 0x66 };

static struct pawl_view refusal(const struct fake_evidence *e, enum pawl_refusal_code code,
                                uint64_t last, bool old)
{
    struct pawl_refusal r = { .code = code,
                              .last_attempt = last,
                              .known_epoch = world.known_epoch,
                              .seq_floor_up = world.floor_up,
                              .seq_floor_down = world.floor_down };

    memcpy(r.th1, old ? other_th1 : e->th1, sizeof(r.th1));
    return signer_refusal(&world.signer[0], &r);
}

/* Everything that SND lists was received. */
static struct pawl_view receipt(const struct fake_evidence *e, enum fake_answer how)
{
    static const uint8_t ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
    static uint8_t       bitmap[PAWL_SND_GENS_MAX][8], bytes[PAWL_RESULT_MAX];
    struct pawl_wr       w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_receipt *r = calloc(1, sizeof(*r));
    struct pawl_err      err;

    r->device_id = how == FAKE_RECEIPT_FOREIGN ? pawl_view(other_th1, 32) : e->a1.device_id;
    r->th1 = how == FAKE_RECEIPT_OLD ? pawl_view(other_th1, 32) : PAWL_VIEW_OF(e->th1);
    r->gen_n = e->a1.snd.gen_n;
    for (size_t i = 0; i < r->gen_n; i++) {
        const struct pawl_snd_gen *g = &e->a1.snd.gens[i];
        uint64_t                   bits = g->count == 64 ? pawl_bits_read(PAWL_VIEW_OF(ones))
                                                         : (1ull << g->count) - 1;
        size_t                     n = pawl_bits_write(bits, bitmap[i]);
        r->gens[i] = (struct pawl_rcv_gen){ g->epoch, g->gen, g->first_seq, pawl_view(bitmap[i], n),
                                            g->digest };
        r->seq_hi = g->last_seq;
    }
    if (world.claims_hi)
        r->seq_hi = world.claims_hi;
    T_OK(pawl_receipt_write(r, &w, &err), &err);
    free(r);
    return written(&w);
}

/* The EAR's claims about the request, as the script bends them. */
static struct signer_ear claims(const struct fake_evidence *e, enum fake_answer how,
                                const struct fake_grant *g)
{
    bool              waits = how == FAKE_WAITS;
    struct signer_ear c = { .status = waits ? "none" : "affirming",
                            .identity = waits ? 97 : 2,
                            .why = waits       ? "\"awaits-approval\""
                                   : world.why ? world.why
                                               : "",
                            .sw = world.sw,
                            .keys = world.keys,
                            .more = world.more,
                            .label = how == FAKE_WRONG_LBL ? PAWL_LABEL_COUNT - 1 : e->a1.label,
                            .attempt = e->a1.attempt + (how == FAKE_WRONG_ATT),
                            .base = e->a1.base_epoch + (how == FAKE_WRONG_BASE),
                            .new_epoch = e->a1.new_epoch + (how == FAKE_WRONG_NEW) };

    if (how == FAKE_WRONG_LBL && c.label == e->a1.label)
        c.label = PAWL_LABEL_ENROL;
    memcpy(c.th1, how == FAKE_OLD_TH1 ? other_th1 : e->th1, sizeof(c.th1));
    if ((e->a1.label != PAWL_LABEL_ATTEST) != (how == FAKE_NO_EV))
        c.e_v = PAWL_VIEW_OF(g->e_v);
    return c;
}

static void add_wants(const struct fake_evidence *e, enum fake_answer how, struct pawl_result *r)
{
    static const uint8_t ticket[] = "ticket";
    struct pawl_want    *w = &r->want;

    *w = world.want;
    if (world.want_ticket)
        r->ticket = PAWL_VIEW_OF(ticket);
    w->pcr_values = how == FAKE_WANTS_VALUES;
    w->rekey_now = how == FAKE_WANTS_REKEY;
    w->present = w->present || w->pcr_values || w->rekey_now;
    if (how != FAKE_WANTS_LEAVES)
        return;
    w->present = true;
    r->ticket = PAWL_VIEW_OF(ticket);
    for (size_t i = 0; i < e->a1.snd.gen_n && w->gen_n < PAWL_VERDICT_PAIRS_MAX - 2; i++) {
        w->gen[w->gen_n].epoch = e->a1.snd.gens[i].epoch;
        w->gen[w->gen_n++].gen = e->a1.snd.gens[i].gen;
    }
    w->gen[w->gen_n++].epoch = 77; /* and one that the device never had, .. */
    w->gen[w->gen_n] = w->gen[0];
    w->gen[w->gen_n++].dir = PAWL_DOWN; /* .. or did not send */
}

static struct pawl_view result(const struct fake_evidence *e, enum fake_answer how,
                               const struct pawl_root *base)
{
    bool                 root = e->a1.label != PAWL_LABEL_ATTEST;
    struct fake_grant    g = { 0 }, other = { 0 };
    struct pawl_result   r = { 0 };
    const struct signer *s = &world.signer[how == FAKE_FOREIGN];
    uint8_t              hash[32];
    struct pawl_err      err;

    add_wants(e, how, &r);
    fake_point(&g);
    if (how == FAKE_OFF_CURVE)
        g.e_v[64] ^= 1;
    struct signer_ear c = claims(e, how, &g);
    if (how == FAKE_OTHER_EV)
        c.e_v = pawl_view(pawl_private_public(world.signer[1].key)->b, PAWL_POINT_P256);
    if ((world.receipts && e->a1.snd.gen_n) || world.claims_hi || how >= FAKE_RECEIPT_LESS) {
        r.receipt = receipt(e, how);
        T_OK(pawl_sha256(r.receipt, hash, &err), &err);
        hash[0] ^= how == FAKE_RECEIPT_OTHER;
        c.rcpt = PAWL_VIEW_OF(hash);
        if (how == FAKE_RECEIPT_LESS)
            r.receipt = pawl_view(NULL, 0);
        if (how == FAKE_RECEIPT_UNSIGNED)
            c.rcpt = pawl_view(NULL, 0);
    }
    r.ear = signer_token(s, &c);
    if (root) {
        fake_grant(e, base, pawl_jws_signing_input(r.ear), &g);
        other = g;
        other.conf_v[31] ^= how == FAKE_OTHER_CONF;
    }
    if (root != (how == FAKE_NO_CONF))
        r.conf_v = PAWL_VIEW_OF(other.conf_v);
    return signer_result(&r);
}

static pawl_status honest(const struct fake_evidence *e, enum fake_answer how,
                          struct net_answer *ret)
{
    const struct pawl_root *base = fake_base(e);
    enum pawl_label         l = e->a1.label;
    bool                    fresh = l == PAWL_LABEL_ENROL || l == PAWL_LABEL_RESYNC;

    if (!fresh && !base)
        return answers(409, refusal(e, PAWL_REFUSAL_UNKNOWN_BASE, e->a1.attempt - 1, false), ret);
    if (l == PAWL_LABEL_RESYNC && base)
        return answers(409, refusal(e, PAWL_REFUSAL_WAIT_FOR_APPROVAL, e->a1.attempt - 1, false),
                       ret);
    if (fresh && e->a1.new_epoch <= world.known_epoch)
        return answers(409, refusal(e, PAWL_REFUSAL_UNKNOWN_BASE, e->a1.attempt - 1, false), ret);
    return answers(200, result(e, how, base), ret);
}

static struct fake_evidence *parse_evidence(struct pawl_view body)
{
    static struct fake_evidence kept[FAKE_MAX];
    struct fake_evidence       *e = &kept[world.evidence_n];
    struct pawl_err             err;

    assert_true(world.evidence_n < FAKE_MAX);
    T_OK(pawl_evidence_parse(t_copy(body), &e->e, &err), &err);
    T_OK(pawl_a1_parse(e->e.a1, &e->a1, &err), &err);
    T_OK(pawl_quote_parse(e->e.attest, &e->quote, &err), &err);
    T_OK(pawl_sha256(e->e.a1, e->th1, &err), &err);
    world.evidence[world.evidence_n++] = e;
    return e;
}

static pawl_status take_evidence(struct pawl_view body, struct net_answer *ret,
                                 struct pawl_err *err)
{
    static struct net_answer before;
    const struct fake_step  *step = &world.step[world.evidence_n];
    struct fake_evidence    *e = parse_evidence(body);

    switch (step->answer) {
    case FAKE_REFUSES:
        return answers(409, refusal(e, step->code, step->last_attempt, false), ret);
    case FAKE_REFUSES_OLD:
        return answers(409, refusal(e, step->code, step->last_attempt, true), ret);
    case FAKE_403:
        return answers(403, pawl_view(NULL, 0), ret);
    case FAKE_503:
        answers(503, pawl_view(NULL, 0), ret);
        ret->retry_after_s = 17;
        return pawl_ok();
    case FAKE_GARBAGE:
        return answers(200, pawl_view_str("garbage"), ret);
    case FAKE_REPLAYS:
        *ret = before;
        return pawl_ok();
    case FAKE_AWAY:
        break;
    case FAKE_LOSES:
        honest(e, step->answer, &before);
        break;
    default:
        honest(e, step->answer, ret);
        before = *ret;
        return pawl_ok();
    }
    return pawl_fail(err, PAWL_E_IO, "server", "away");
}

static pawl_status take_supply(struct pawl_view body, struct net_answer *ret, struct pawl_err *err)
{
    static const uint8_t next[] = "the next ticket";
    struct pawl_result   r = { 0 };

    world.supplies++;
    T_OK(pawl_supply_parse(t_copy(body), &world.supply, err), err);
    if (world.supply_away || world.supplies == world.supply_lost)
        return pawl_fail(err, PAWL_E_IO, "server", "away");
    struct signer_ear c = { .status = "warning",
                            .identity = 2,
                            .why = world.why ? world.why : "\"incident\"",
                            .label = PAWL_LABEL_ATTEST,
                            .keys = world.supply_keys ? world.supply_keys : world.keys };
    memcpy(c.th1, world.evidence[world.evidence_n - 1]->th1, sizeof(c.th1));
    r.ear = signer_token(&world.signer[0], &c);
    if (world.supplied && world.supplied(&r.want))
        r.ticket = PAWL_VIEW_OF(next);
    return answers(200, signer_result(&r), ret);
}

pawl_status net_post(struct net *n, const char *path, struct pawl_view body, struct net_answer *ret,
                     struct pawl_err *err)
{
    (void)n;
    if (!strcmp(path, PAWL_ROUTE_ENROL))
        return take_enrol(body, ret);
    if (!strcmp(path, PAWL_ROUTE_CHALLENGE))
        return take_challenge(body, ret);
    if (!strcmp(path, PAWL_ROUTE_SUPPLY))
        return take_supply(body, ret, err);
    if (!strcmp(path, PAWL_ROUTE_MESSAGES))
        return fake_take_messages(body, ret, err);
    assert_string_equal(path, PAWL_ROUTE_EVIDENCE);
    return take_evidence(body, ret, err);
}
