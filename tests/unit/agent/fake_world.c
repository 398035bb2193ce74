/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_world.h"

#include <stdlib.h>
#include <string.h>

#include "net/client.h"
#include "t.h"
#include "tpm/tpm.h"

struct fake_world world;

void fake_world_end(void)
{
    for (int i = 0; i < 2; i++)
        signer_free(&world.signer[i]);
}

void fake_world_new(void)
{
    fake_world_end();
    world = (struct fake_world){ .resets = 1, .pcr = 7, .jwks_n = 1 };
    for (int i = 0; i < 2; i++)
        world.signer[i] = signer_make();
}

/* ---- the TPM -------------------------------------------------------------------------------- */

static struct pawl_name a_name(uint8_t fill)
{
    struct pawl_name n = { .n = 34, .b = { 0x00, 0x0b } };

    memset(n.b + 2, fill, 32);
    return n;
}

pawl_status tpm_open(const char *tcti, struct tpm **ret, struct pawl_err *err)
{
    (void)tcti;
    if (world.tpm_away)
        return pawl_fail(err, PAWL_E_IO, "tcti", "no TPM");
    world.opened++;
    *ret = (struct tpm *)&world;
    return pawl_ok();
}

void tpm_close(struct tpm **t)
{
    world.closed += *t != NULL;
    *t = NULL;
}

pawl_status tpm_choose_ek(struct tpm *t, const struct pawl_name *keep, struct tpm_ek *ret,
                          struct pawl_err *err)
{
    (void)t;
    *ret = (struct tpm_ek){ .state = TPM_EK_MATCHES,
                            .template = PAWL_EK_P256,
                            .cert_n = 100,
                            .public_n = 80,
                            .name = a_name(0xee) };
    memset(ret->device_id, 0xdd, sizeof(ret->device_id));
    if (keep && !pawl_name_equal(keep, &ret->name))
        return pawl_fail(err, PAWL_E_ABSENT, "ek", "not this one");
    return pawl_ok();
}

struct tpm_keys_config tpm_keys_config_default(void)
{
    return (struct tpm_keys_config){ .ak = PAWL_AK_P256 };
}

static struct tpm_key a_key(enum pawl_template template, uint8_t fill)
{
    struct tpm_key  k = { .name = a_name(fill) };
    struct pawl_wr  w = pawl_wr_to(k.bytes, sizeof(k.bytes));
    struct pawl_err err;

    T_OK(pawl_template_write(template, pawl_private_public(world.signer[0].key), &w, &err), &err);
    k.n = w.n;
    return k;
}

pawl_status tpm_keys_open(struct tpm *t, const struct tpm_ek *ek, const struct tpm_keys_config *cfg,
                          struct tpm_keys *ret, struct pawl_err *err)
{
    (void)t, (void)ek, (void)err;
    world.made_keys = cfg->make;
    world.expect_ak = cfg->expect_ak;
    *ret = (struct tpm_keys){ .ak = a_key(PAWL_AK_P256, 0xaa), .td = a_key(PAWL_TD_P256, 0x7d) };
    return pawl_ok();
}

pawl_status tpm_certify_td(struct tpm *t, struct pawl_view nonce, struct tpm_signed *ret,
                           struct pawl_err *err)
{
    (void)t, (void)err;
    *ret = (struct tpm_signed){ .attest_n = nonce.n, .sig_n = 64 };
    memcpy(ret->attest, nonce.p, nonce.n);
    return pawl_ok();
}

/* "Opens" a credential by repeating it. */
pawl_status tpm_activate(struct tpm *t, struct pawl_view id_object, struct pawl_view enc_secret,
                         struct pawl_secret *ret, struct pawl_err *err)
{
    (void)t, (void)enc_secret;
    return pawl_secret_from(pawl_view(id_object.p, 32), "secret", ret, err);
}

static void fill_values(const struct pawl_pcr_selection *s, struct pawl_pcr_values *v)
{
    v->n = 0;
    for (size_t b = 0; b < s->n; b++)
        for (unsigned i = 0; i < PAWL_PCRS; i++)
            if (s->bank[b].bits >> i & 1) {
                struct pawl_digest *d = &v->value[v->n++];
                d->n = pawl_hash_n(s->bank[b].hash);
                memset(d->b, world.pcr, d->n);
            }
}

pawl_status tpm_quote(struct tpm *t, const struct pawl_pcr_selection *pcrs, const uint8_t nonce[32],
                      struct tpm_quote *ret, struct pawl_err *err)
{
    struct pawl_digest digest;

    (void)t;
    world.quotes++;
    for (size_t b = 0; world.lacks_sha384 && b < pcrs->n; b++)
        if (pcrs->bank[b].hash == PAWL_SHA384)
            return pawl_fail(err, PAWL_E_UNSUPPORTED, "TPM2_Quote.PCRselect", "0x3c3");
    *ret = (struct tpm_quote){ .pcrs = *pcrs };
    fill_values(pcrs, &ret->values);
    PAWL_TRY(pawl_pcr_digest(PAWL_SHA256, pcrs, &ret->values, &digest, err));

    struct pawl_wr   w = pawl_wr_to(ret->sign.attest, sizeof(ret->sign.attest));
    struct pawl_name signer = a_name(0xaa);
    pawl_wr_u32(&w, PAWL_TPM_GENERATED);
    pawl_wr_u16(&w, PAWL_TPM_ST_QUOTE);
    pawl_wr_tpm2b(&w, pawl_name_view(&signer));
    pawl_wr_tpm2b(&w, pawl_view(nonce, 32));
    pawl_wr_u64(&w, 1000);
    pawl_wr_u32(&w, world.resets);
    pawl_wr_u32(&w, 0);
    pawl_wr_u8(&w, 1);
    pawl_wr_u64(&w, 1);
    pawl_pcr_selection_write(pcrs, &w);
    pawl_wr_tpm2b(&w, pawl_digest_view(&digest));
    assert_false(w.full);
    ret->sign.attest_n = w.n;
    ret->sign.sig_n = 72;
    return pawl_ok();
}

pawl_status tpm_quote_all(struct tpm *t, const uint8_t nonce[32], struct tpm_quote *ret,
                          struct pawl_err *err)
{
    struct pawl_pcr_selection all = pawl_pcr_selection_all(world.lacks_sha384 ? 2 : 0);

    return tpm_quote(t, &all, nonce, ret, err);
}

/* ---- the verifier --------------------------------------------------------------------------- */

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

static const struct pawl_suites suites = { 2, { PAWL_SUITE_GCM, PAWL_SUITE_CCM } };
static const uint8_t            nonce[PAWL_NONCE] = { 9 };

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
                                .suites = suites,
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
    assert_int_equal(q.label, PAWL_LABEL_ATTEST);
    struct pawl_challenge_ans a = { .nonce = PAWL_VIEW_OF(nonce), .suites = suites };
    T_OK(
        pawl_pcr_selection_from_text(world.lacks_sha384 ? "sha384:0" : "sha256:0,7", &a.pcrs, &err),
        &err);
    T_OK(pawl_challenge_ans_write(&a, &w, &err), &err);
    return answers(200, written(&w), ret);
}

static pawl_status refuse(const struct fake_step *step, const uint8_t th1[32],
                          struct net_answer *ret)
{
    struct pawl_refusal r = { .code = step->code, .last_attempt = step->last_attempt };

    memcpy(r.th1, th1, sizeof(r.th1));
    return answers(409, signer_refusal(&world.signer[0], &r), ret);
}

static pawl_status result(const struct signer *s, const uint8_t th1[32], const struct fake_step *st,
                          struct net_answer *ret)
{
    bool waits = st->answer == FAKE_WAITS;

    return answers(200,
                   signer_result(s, th1, waits ? "none" : "affirming", waits ? 97 : 2,
                                 waits ? "\"awaits-approval\"" : "",
                                 st->answer == FAKE_WANTS_VALUES),
                   ret);
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
    static const uint8_t    old[32] = { 0x66 };
    const struct fake_step *step = &world.step[world.evidence_n];
    struct fake_evidence   *e = parse_evidence(body);

    switch (step->answer) {
    case FAKE_RESULT:
    case FAKE_WAITS:
    case FAKE_WANTS_VALUES:
        return result(&world.signer[0], e->th1, step, ret);
    case FAKE_FOREIGN:
        return result(&world.signer[1], e->th1, step, ret);
    case FAKE_OLD_TH1:
        return result(&world.signer[0], old, step, ret);
    case FAKE_REFUSES:
        return refuse(step, e->th1, ret);
    case FAKE_REFUSES_OLD:
        return refuse(step, old, ret);
    case FAKE_403:
        return answers(403, pawl_view(NULL, 0), ret);
    case FAKE_503:
        answers(503, pawl_view(NULL, 0), ret);
        ret->retry_after_s = 17;
        return pawl_ok();
    case FAKE_GARBAGE:
        return answers(200, pawl_view_str("garbage"), ret);
    case FAKE_AWAY:
        break;
    }
    return pawl_fail(err, PAWL_E_IO, "server", "away");
}

pawl_status net_post(struct net *n, const char *path, struct pawl_view body, struct net_answer *ret,
                     struct pawl_err *err)
{
    (void)n;
    if (!strcmp(path, PAWL_ROUTE_ENROL))
        return take_enrol(body, ret);
    if (!strcmp(path, PAWL_ROUTE_CHALLENGE))
        return take_challenge(body, ret);
    assert_string_equal(path, PAWL_ROUTE_EVIDENCE);
    return take_evidence(body, ret, err);
}
