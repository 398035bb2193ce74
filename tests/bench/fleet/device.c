/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device says, and what it makes of the answers: the agent's part of each exchange over
 * software keys. What it remembers moves on only with the turn that an agent would store: a
 * message's slots when they are sealed, an attempt when it is made, a root when conf_V was right.
 */
#include "fleet.h"

#include <inttypes.h>
#include <string.h>

#include <pawl/ratchet.h>

#define SUITE    PAWL_SUITE_CCM
#define BODY     256
#define NEXT_S   PAWL_NEXT_S_MAX /* so that nobody looks for a kept fleet that is not loaded */
#define FIRMWARE 0x0049004012345678
#define IMA_PCR  10 /* each device measured files of its own; else they booted alike */

static const uint8_t boot_id[PAWL_BOOT_ID] = "started", os_boot[PAWL_OS_BOOT] = "booted!";

const char *fleet_job_name(enum fleet_job job)
{
    static const char *const name[] = { "enrol", "attest", "rekey", "messages" };

    return job < FLEET_JOB_COUNT ? name[job] : "none";
}

void fleet_talk_begin(struct fleet_talk *t, enum fleet_job job, size_t index)
{
    memset(t, 0, sizeof(*t));
    t->job = job;
    t->index = index;
}

/* ---- the TPM -------------------------------------------------------------------------------- */

static struct pawl_name name_of(const uint8_t digest[32])
{
    struct pawl_name n = { .n = 34 };
    struct pawl_wr   w = pawl_wr_to(n.b, n.n);

    pawl_wr_u16(&w, PAWL_TPM_ALG_SHA256);
    pawl_wr_bytes(&w, pawl_view(digest, 32));
    return n;
}

static pawl_status attest_head(const struct fleet_device *d, uint16_t type, const uint8_t nonce[32],
                               struct pawl_wr *w, struct pawl_err *err)
{
    const struct pawl_name chain[] = { name_of(d->ek_name), name_of(d->ak_name) };
    struct pawl_name       q;

    PAWL_TRY(pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, chain, 2, &q, err));
    pawl_wr_u32(w, PAWL_TPM_GENERATED);
    pawl_wr_u16(w, type);
    pawl_wr_tpm2b(w, pawl_name_view(&q));
    pawl_wr_tpm2b(w, pawl_view(nonce, 32));
    pawl_wr_u64(w, d->clock_ms);
    pawl_wr_u32(w, 3); /* resets .. */
    pawl_wr_u32(w, 1); /* .. restarts .. */
    pawl_wr_u8(w, 1);  /* .. safe */
    pawl_wr_u64(w, FIRMWARE);
    return pawl_ok();
}

static void write_signature(EVP_PKEY *ak, struct pawl_view attest, struct pawl_wr *w)
{
    uint8_t rs[64];

    fleet_sign(ak, attest, rs);
    pawl_wr_u16(w, PAWL_TPM_ALG_ECDSA);
    pawl_wr_u16(w, PAWL_TPM_ALG_SHA256);
    pawl_wr_tpm2b(w, pawl_view(rs, 32));
    pawl_wr_tpm2b(w, pawl_view(rs + 32, 32));
}

/* Only the SHA-256 bank is allocated. */
static void read_pcrs(const struct fleet_device *d, struct pawl_pcr_selection *s,
                      struct pawl_pcr_values *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->bank[i].hash != PAWL_SHA256)
            s->bank[i].bits = 0;
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            if (!(s->bank[i].bits >> pcr & 1))
                continue;
            struct pawl_digest *v = &ret->value[ret->n++];
            v->n = 32;
            memset(v->b, pcr < 16 ? (int)(0x10 + pcr) : pcr < 23 ? 0xff : 0, 32);
            if (pcr == IMA_PCR)
                memcpy(v->b, d->id, 32);
        }
    }
}

/* ---- enrolment ------------------------------------------------------------------------------ */

struct public_area {
    size_t  n;
    uint8_t b[PAWL_PUBLIC_MAX];
};

static pawl_status make_public(const struct fleet *f, enum fleet_role role, enum pawl_template t,
                               size_t index, struct public_area *ret, uint8_t name[32],
                               uint8_t point[PAWL_POINT_P256], struct pawl_err *err)
{
    struct pawl_public pub = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };
    struct pawl_wr     w = pawl_wr_to(ret->b, sizeof(ret->b));

    EVP_PKEY_free(fleet_key(f, role, index, 0, point));
    memcpy(pub.b, point, PAWL_POINT_P256);
    PAWL_TRY(pawl_template_write(t, &pub, &w, err));
    ret->n = w.n;
    return pawl_sha256(pawl_view(ret->b, ret->n), name, err);
}

static pawl_status certify_td(const struct fleet *f, const struct fleet_talk *t,
                              struct pawl_wr *attest, struct pawl_wr *sig, struct pawl_err *err)
{
    const struct fleet_device *d = &f->device[t->index];
    const struct pawl_name     ek = name_of(d->ek_name), ak = name_of(d->ak_name),
                           td = name_of(d->td_name);
    uint8_t nonce[32];

    PAWL_TRY(pawl_certify_nonce(pawl_view_str(f->tenant), PAWL_VIEW_OF(f->verifier_id), &ek, &ak,
                                nonce, err));
    PAWL_TRY(attest_head(d, PAWL_TPM_ST_CERTIFY, nonce, attest, err));
    pawl_wr_tpm2b(attest, pawl_name_view(&td));
    pawl_wr_tpm2b(attest, pawl_name_view(&td)); /* qualified: below the owner, which nobody reads */
    EVP_PKEY *key = fleet_key(f, FLEET_AK, t->index, 0, NULL);
    write_signature(key, pawl_view(attest->p, attest->n), sig);
    EVP_PKEY_free(key);
    return pawl_ok();
}

static pawl_status ask_enrol(struct fleet *f, struct fleet_talk *t, struct pawl_wr *w,
                             struct pawl_err *err)
{
    struct fleet_device *d = &f->device[t->index];
    struct public_area   ek, ak, td;
    uint8_t              point[PAWL_POINT_P256], ek_point[PAWL_POINT_P256], cert[FLEET_CERT_MAX];
    uint8_t              attest[PAWL_ATTEST_MAX], sig[PAWL_TPM_SIG_MAX];
    struct pawl_wr       a = pawl_wr_to(attest, sizeof(attest)), s = pawl_wr_to(sig, sizeof(sig));

    PAWL_TRY(make_public(f, FLEET_EK, PAWL_EK_P256, t->index, &ek, d->ek_name, ek_point, err));
    PAWL_TRY(make_public(f, FLEET_AK, PAWL_AK_P256, t->index, &ak, d->ak_name, point, err));
    PAWL_TRY(make_public(f, FLEET_TD, PAWL_TD_P256, t->index, &td, d->td_name, point, err));
    const struct pawl_name ek_name = name_of(d->ek_name);
    PAWL_TRY(pawl_sha256(pawl_name_view(&ek_name), d->id, err));
    d->clock_ms += 5000;
    PAWL_TRY(certify_td(f, t, &a, &s, err));

    size_t                cert_n = fleet_maker_certify(f->maker, t->index, ek_point, cert);
    struct pawl_enrol_req req = { .tenant = pawl_view_str(f->tenant),
                                  .suites = { 2, { PAWL_SUITE_CCM, PAWL_SUITE_GCM } },
                                  .ek_public = pawl_view(ek.b, ek.n),
                                  .cert_n = 1,
                                  .cert = { pawl_view(cert, cert_n) },
                                  .ak_public = pawl_view(ak.b, ak.n),
                                  .td_public = pawl_view(td.b, td.n),
                                  .certify_attest = pawl_view(attest, a.n),
                                  .certify_sig = pawl_view(sig, s.n),
                                  .verifier_id = PAWL_VIEW_OF(f->verifier_id) };
    return pawl_enrol_req_write(&req, w, err);
}

static pawl_status agree(EVP_PKEY *mine, struct pawl_view point, struct pawl_secret *ret,
                         struct pawl_err *err)
{
    EVP_PKEY     *theirs = EVP_PKEY_new();
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(mine, NULL);
    size_t        n = 32;

    bool good = theirs && c && EVP_PKEY_copy_parameters(theirs, mine) == 1 &&
                EVP_PKEY_set1_encoded_public_key(theirs, point.p, point.n) == 1 &&
                EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, theirs) == 1 &&
                EVP_PKEY_derive(c, ret->b, &n) == 1;
    ret->n = n;
    EVP_PKEY_free(theirs);
    EVP_PKEY_CTX_free(c);
    return good ? pawl_ok() : pawl_fail(err, PAWL_E_CRYPTO, "fleet.agree", "failed");
}

/* TPM2_ActivateCredential of an EK on P-256 (Part 1, 24). */
static pawl_status activate(const struct fleet *f, const struct fleet_talk *t,
                            const struct pawl_enrol_ans *ans, struct pawl_secret *ret,
                            struct pawl_err *err)
{
    static const uint8_t       iv[16];
    const struct fleet_device *d = &f->device[t->index];
    const struct pawl_name     ak_name = name_of(d->ak_name);
    struct pawl_rd             r = pawl_rd_from(ans->enc_secret);
    uint8_t                    theirs[PAWL_POINT_P256] = { 0x04 }, ours[PAWL_POINT_P256];
    uint8_t                    plain[PAWL_ID_OBJECT_MAX];
    struct pawl_view           x = pawl_rd_tpm2b(&r, "x", 32), y = pawl_rd_tpm2b(&r, "y", 32);
    struct pawl_secret         z, seed, key;
    int                        n;

    PAWL_TRY(pawl_rd_end(&r, err));
    memcpy(theirs + 33 - x.n, x.p, x.n);
    memcpy(theirs + 65 - y.n, y.p, y.n);
    EVP_PKEY   *ek = fleet_key(f, FLEET_EK, t->index, 0, ours);
    pawl_status s = agree(ek, PAWL_VIEW_OF(theirs), &z, err);
    EVP_PKEY_free(ek);
    PAWL_TRY(s);
    PAWL_TRY(pawl_kdfe(PAWL_SHA256, &z, "IDENTITY", pawl_view(theirs + 1, 32),
                       pawl_view(ours + 1, 32), 256, &seed, err));
    PAWL_TRY(pawl_kdfa(PAWL_SHA256, &seed, "STORAGE", pawl_name_view(&ak_name), pawl_view(NULL, 0),
                       128, &key, err));

    r = pawl_rd_from(ans->id_object);
    pawl_rd_tpm2b(&r, "integrity", 32); /* this lab's TPMs do not look */
    struct pawl_view box = pawl_rd_bytes(&r, "encIdentity", r.left);
    PAWL_TRY(pawl_rd_end(&r, err));
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool            good = c && box.n <= sizeof(plain) &&
                EVP_DecryptInit_ex(c, EVP_aes_128_cfb128(), NULL, key.b, iv) == 1 &&
                EVP_DecryptUpdate(c, plain, &n, box.p, (int)box.n) == 1;
    EVP_CIPHER_CTX_free(c);
    if (!good)
        return pawl_fail(err, PAWL_E_CRYPTO, "fleet.activate", "failed");
    r = pawl_rd_from(pawl_view(plain, box.n));
    return pawl_secret_from(pawl_rd_tpm2b(&r, "secret", 32), "secret", ret, err);
}

/* ---- evidence ------------------------------------------------------------------------------- */

struct evidence {
    struct pawl_a1            a1;
    struct pawl_evidence      m;
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
    uint8_t                   a1_bytes[1024], sig[PAWL_TPM_SIG_MAX], mac[32];
    uint8_t                   e_d[PAWL_POINT_P256];
};

static void begin_a1(const struct fleet *f, const struct fleet_talk *t, enum pawl_label label,
                     struct pawl_a1 *a1, uint8_t e_d[PAWL_POINT_P256])
{
    static const uint8_t       none[PAWL_KID];
    const struct fleet_device *d = &f->device[t->index];
    bool                       based = label != PAWL_LABEL_ENROL;

    a1->label = label;
    a1->suite = SUITE;
    a1->tenant = pawl_view_str(f->tenant);
    a1->verifier_id = PAWL_VIEW_OF(f->verifier_id);
    a1->device_id = PAWL_VIEW_OF(d->id);
    a1->attempt = d->attempt;
    a1->base_epoch = based ? d->epoch : 0;
    a1->base_kid = based ? PAWL_VIEW_OF(d->kid) : PAWL_VIEW_OF(none);
    a1->new_epoch = t->new_epoch;
    a1->boot_id = PAWL_VIEW_OF(boot_id);
    a1->os_boot = PAWL_VIEW_OF(os_boot);
    a1->next_s = NEXT_S;
    if (label == PAWL_LABEL_ATTEST)
        return;
    EVP_PKEY_free(fleet_key(f, FLEET_ED, t->index, d->attempt, e_d));
    a1->e_d = pawl_view(e_d, PAWL_POINT_P256);
}

static pawl_status quote(const struct fleet *f, struct fleet_talk *t, struct evidence *e,
                         struct pawl_err *err)
{
    const struct fleet_device *d = &f->device[t->index];
    struct pawl_wr             a = pawl_wr_to(t->attest, sizeof(t->attest));
    struct pawl_wr             s = pawl_wr_to(e->sig, sizeof(e->sig));
    struct pawl_digest         digest;

    PAWL_TRY(attest_head(d, PAWL_TPM_ST_QUOTE, t->th1, &a, err));
    pawl_pcr_selection_write(&e->select, &a);
    read_pcrs(d, &e->select, &e->values);
    PAWL_TRY(pawl_pcr_digest(PAWL_SHA256, &e->select, &e->values, &digest, err));
    pawl_wr_tpm2b(&a, pawl_digest_view(&digest));
    t->attest_n = a.n;
    EVP_PKEY *ak = fleet_key(f, FLEET_AK, t->index, 0, NULL);
    write_signature(ak, pawl_view(t->attest, t->attest_n), &s);
    EVP_PKEY_free(ak);
    e->m.attest = pawl_view(t->attest, t->attest_n);
    e->m.signature = pawl_view(e->sig, s.n);
    return pawl_ok();
}

/* Values go with an enrolment alone: later they are those of the last quote. */
static void add_values(struct evidence *e)
{
    e->m.has_pcrs = true;
    e->m.pcr_n = e->values.n;
    for (size_t i = 0; i < e->values.n; i++)
        e->m.pcr[i] = pawl_digest_view(&e->values.value[i]);
}

static pawl_status say_evidence(struct fleet *f, struct fleet_talk *t, enum pawl_label label,
                                struct pawl_view nonce, const struct pawl_pcr_selection *asked,
                                struct pawl_view cookie, struct pawl_wr *w, struct pawl_err *err)
{
    struct fleet_device *d = &f->device[t->index];
    struct evidence      e = { .select = *asked };
    struct pawl_secret   k_auth = { .n = 32 };
    struct pawl_wr       a = pawl_wr_to(e.a1_bytes, sizeof(e.a1_bytes));

    for (size_t i = 0; i < e.select.n; i++)
        if (e.select.bank[i].hash != PAWL_SHA256)
            e.select.bank[i].bits = 0;
    d->attempt++;
    d->clock_ms += 10;
    t->new_epoch = d->epoch + (label != PAWL_LABEL_ATTEST);
    begin_a1(f, t, label, &e.a1, e.e_d);
    const struct pawl_name ak = name_of(d->ak_name), td = name_of(d->td_name);
    e.a1.ak_name = pawl_name_view(&ak);
    e.a1.td_name = pawl_name_view(&td);
    e.a1.nonce = nonce;
    PAWL_TRY(pawl_a1_write(&e.a1, &a, err));
    e.m.a1 = pawl_view(a.p, a.n);
    PAWL_TRY(pawl_sha256(e.m.a1, t->th1, err));
    PAWL_TRY(quote(f, t, &e, err));
    memcpy(k_auth.b, d->k_auth, 32);
    if (label == PAWL_LABEL_ENROL) {
        add_values(&e);
        e.m.cookie = cookie;
        PAWL_TRY(pawl_enrol_auth(&t->secret, &k_auth, err));
    }
    PAWL_TRY(pawl_mac_base(&k_auth, t->th1, pawl_view(NULL, 0), e.mac, err));
    e.m.mac_base = PAWL_VIEW_OF(e.mac);
    return pawl_evidence_write(&e.m, w, err);
}

static pawl_status answer_enrol(struct fleet *f, struct fleet_talk *t, struct pawl_view answer,
                                struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_enrol_ans ans;

    PAWL_TRY(pawl_enrol_ans_parse(answer, &ans, err));
    PAWL_TRY(activate(f, t, &ans, &t->secret, err));
    return say_evidence(f, t, PAWL_LABEL_ENROL, ans.nonce, &ans.pcrs, ans.cookie, w, err);
}

static pawl_status ask_challenge(const struct fleet *f, const struct fleet_talk *t,
                                 enum pawl_label label, struct pawl_wr *w, struct pawl_err *err)
{
    const struct pawl_challenge_req req = { .tenant = pawl_view_str(f->tenant),
                                            .device_id = PAWL_VIEW_OF(f->device[t->index].id),
                                            .label = label };

    return pawl_challenge_req_write(&req, w, err);
}

static pawl_status answer_challenge(struct fleet *f, struct fleet_talk *t, enum pawl_label label,
                                    struct pawl_view answer, struct pawl_wr *w,
                                    struct pawl_err *err)
{
    struct pawl_challenge_ans ans;

    PAWL_TRY(pawl_challenge_ans_parse(answer, &ans, err));
    return say_evidence(f, t, label, ans.nonce, &ans.pcrs, pawl_view(NULL, 0), w, err);
}

/* ---- roots ---------------------------------------------------------------------------------- */

/* E_V out of the EAR's claims. The result's signature is conf_V's business: it covers the EAR. */
static pawl_status read_e_v(struct pawl_view ear, uint8_t ret[PAWL_POINT_P256],
                            struct pawl_err *err)
{
    static const char key[] = "\"ev\":\"";
    uint8_t           claims[PAWL_EAR_MAX];
    size_t            n, got;
    struct pawl_view  input = pawl_jws_signing_input(ear);
    const uint8_t    *dot = memchr(input.p, '.', input.n);

    if (!dot)
        return pawl_fail(err, PAWL_E_FORM, "result.ear", "has no claims");
    PAWL_TRY(pawl_b64url_parse(pawl_view(dot + 1, input.n - (size_t)(dot + 1 - input.p)),
                               "result.ear", claims, sizeof(claims), &n, err));
    const uint8_t *at = memmem(claims, n, key, sizeof(key) - 1);
    size_t         text_n = pawl_b64url_n(PAWL_POINT_P256);
    if (!at || (size_t)(claims + n - at) < sizeof(key) - 1 + text_n)
        return pawl_fail(err, PAWL_E_FORM, "result.ear", "has no ev");
    return pawl_b64url_parse(pawl_view(at + sizeof(key) - 1, text_n), "result.ear.ev", ret,
                             PAWL_POINT_P256, &got, err);
}

static pawl_status agree_both(const struct fleet *f, const struct fleet_talk *t,
                              const uint8_t e_v[PAWL_POINT_P256], struct pawl_secret *z_ee,
                              struct pawl_secret *z_se, struct pawl_err *err)
{
    EVP_PKEY *e_d = fleet_key(f, FLEET_ED, t->index, f->device[t->index].attempt, NULL);
    EVP_PKEY *td = fleet_key(f, FLEET_TD, t->index, 0, NULL);

    pawl_status s = agree(e_d, pawl_view(e_v, PAWL_POINT_P256), z_ee, err);
    if (pawl_is_ok(s))
        s = agree(td, pawl_view(e_v, PAWL_POINT_P256), z_se, err);
    EVP_PKEY_free(e_d);
    EVP_PKEY_free(td);
    return s;
}

static void remember_root(struct fleet_device *d, const struct pawl_root *r)
{
    d->epoch = r->epoch;
    memcpy(d->kid, r->kid, sizeof(d->kid));
    memcpy(d->rk, r->rk.b, sizeof(d->rk));
    memcpy(d->k_auth, r->k_auth.b, sizeof(d->k_auth));
    memcpy(d->up, r->up.gk.b, sizeof(d->up));
    d->gen = 0;
    d->gen_start = 0;
    d->epoch_start = 0;
    if (!d->seq)
        d->seq = 1;
}

static pawl_status adopt(struct fleet *f, struct fleet_talk *t, struct pawl_view answer,
                         struct pawl_err *err)
{
    struct fleet_device    *d = &f->device[t->index];
    struct pawl_result      res;
    struct pawl_root        root;
    struct pawl_secret      rk = { .n = 32 }, z_ee, z_se, h;
    struct pawl_rekey_terms terms = {
        .rk = &rk, .z_ee = &z_ee, .z_se = &z_se, .epoch = t->new_epoch
    };
    uint8_t e_v[PAWL_POINT_P256], conf_v[32];

    PAWL_TRY(pawl_result_parse(answer, &res, err));
    PAWL_TRY(read_e_v(res.ear, e_v, err));
    PAWL_TRY(agree_both(f, t, e_v, &z_ee, &z_se, err));
    PAWL_TRY(pawl_th2(t->th1, pawl_view(t->attest, t->attest_n), e_v,
                      pawl_jws_signing_input(res.ear), terms.th2, err));
    memcpy(rk.b, d->rk, 32);
    if (t->job == FLEET_ENROL) {
        PAWL_TRY(pawl_rk_enrol(&rk, err));
        PAWL_TRY(pawl_enrol_term(&t->secret, &h, err));
        terms.h = &h;
    }
    PAWL_TRY(pawl_root_make(&terms, &root, conf_v, err));
    if (!pawl_mac_equal(PAWL_VIEW_OF(conf_v), res.conf_v))
        return pawl_fail(err, PAWL_E_FORGED, "result.conf_V", "is of another root");
    remember_root(d, &root);
    return pawl_ok();
}

/* ---- messages ------------------------------------------------------------------------------- */

/* The generation under way, opened; the record moves on when it is full. */
static pawl_status open_generation(struct fleet_device *d, struct pawl_use *use,
                                   struct pawl_chain *after, struct pawl_err *err)
{
    struct pawl_chain c = { .dir = PAWL_UP, .epoch = d->epoch, .gen = d->gen, .gk.n = 32 };

    memcpy(c.gk.b, d->up, 32);
    PAWL_TRY(pawl_chain_open(&c, SUITE, d->kid, use, err));
    *after = c;
    if (!d->gen_start)
        d->gen_start = d->seq;
    if (!d->epoch_start)
        d->epoch_start = d->seq;
    return pawl_ok();
}

static void leave_generation(struct fleet_device *d, const struct pawl_chain *after)
{
    memcpy(d->up, after->gk.b, 32);
    d->gen = after->gen;
    d->gen_start = 0;
}

static pawl_status say_one(const struct fleet *f, struct fleet_device *d,
                           const struct pawl_use *use, struct pawl_wr *w, struct pawl_err *err)
{
    static const uint8_t        body[BODY];
    const struct pawl_msg_scope scope = { pawl_view_str(f->tenant), PAWL_VIEW_OF(d->id),
                                          PAWL_VIEW_OF(f->verifier_id) };
    const struct pawl_content   c = { .type = PAWL_CONTENT_APP,
                                      .id = d->seq,
                                      .body = PAWL_VIEW_OF(body) };
    struct pawl_msg_place       at = { .seq = d->seq++,
                                       .gen_start_seq = d->gen_start,
                                       .epoch_start_seq = d->epoch_start };
    uint8_t                     plain[BODY + 32], leaf[PAWL_LEAF];
    struct pawl_wr              p = pawl_wr_to(plain, sizeof(plain));

    memcpy(at.boot_id, boot_id, sizeof(at.boot_id));
    PAWL_TRY(pawl_content_write(&c, &p, err));
    return pawl_msg_seal(use, &scope, &at, PAWL_MSG_FULL, pawl_view(p.p, p.n), w, leaf, err);
}

static pawl_status say_messages(struct fleet *f, struct fleet_talk *t, struct pawl_wr *w,
                                struct pawl_err *err)
{
    static _Thread_local uint8_t room[PAWL_MESSAGES_MAX];
    struct fleet_device         *d = &f->device[t->index];
    struct pawl_messages_req     req = { .tenant = pawl_view_str(f->tenant),
                                         .device_id = PAWL_VIEW_OF(d->id) };
    struct pawl_wr               m = pawl_wr_to(room, sizeof(room));
    struct pawl_chain            after;
    struct pawl_use              use;

    PAWL_TRY(open_generation(d, &use, &after, err));
    while (req.n < f->batch) {
        size_t begin = m.n;
        if (d->seq - d->gen_start >= PAWL_GEN_MESSAGES) {
            leave_generation(d, &after);
            PAWL_TRY(open_generation(d, &use, &after, err));
        }
        PAWL_TRY(say_one(f, d, &use, &m, err));
        req.cose[req.n++] = pawl_view(room + begin, m.n - begin);
    }
    return pawl_messages_req_write(&req, w, err);
}

/* ---- turns ---------------------------------------------------------------------------------- */

static pawl_status first_turn(struct fleet *f, struct fleet_talk *t, struct pawl_wr *w,
                              const char **path, struct pawl_err *err)
{
    switch (t->job) {
    case FLEET_ENROL:
        *path = PAWL_ROUTE_ENROL;
        return ask_enrol(f, t, w, err);
    case FLEET_ATTEST:
        *path = PAWL_ROUTE_CHALLENGE;
        return ask_challenge(f, t, PAWL_LABEL_ATTEST, w, err);
    case FLEET_REKEY:
        *path = PAWL_ROUTE_CHALLENGE;
        return ask_challenge(f, t, PAWL_LABEL_REKEY, w, err);
    case FLEET_MESSAGES:
        *path = PAWL_ROUTE_MESSAGES;
        return say_messages(f, t, w, err);
    default:
        return pawl_fail(err, PAWL_E_BUG, "fleet.job", "%d", (int)t->job);
    }
}

static pawl_status second_turn(struct fleet *f, struct fleet_talk *t, struct pawl_view answer,
                               struct pawl_wr *w, const char **path, struct pawl_err *err)
{
    *path = PAWL_ROUTE_EVIDENCE;
    switch (t->job) {
    case FLEET_ENROL:
        return answer_enrol(f, t, answer, w, err);
    case FLEET_ATTEST:
        return answer_challenge(f, t, PAWL_LABEL_ATTEST, answer, w, err);
    case FLEET_REKEY:
        return answer_challenge(f, t, PAWL_LABEL_REKEY, answer, w, err);
    default: /* messages: what came back is the applications' */
        *path = NULL;
        return pawl_ok();
    }
}

pawl_status fleet_talk_turn(struct fleet *f, struct fleet_talk *t, int http,
                            struct pawl_view answer, struct pawl_wr *w, const char **path,
                            struct pawl_err *err)
{
    *path = NULL;
    if (t->turn && http != 200)
        return pawl_fail(err, PAWL_E_DENIED, fleet_job_name(t->job), "turn %u is answered by %d",
                         t->turn, http);
    switch (t->turn++) {
    case 0:
        return first_turn(f, t, w, path, err);
    case 1:
        return second_turn(f, t, answer, w, path, err);
    default:
        return t->job == FLEET_ATTEST ? pawl_ok() : adopt(f, t, answer, err);
    }
}
