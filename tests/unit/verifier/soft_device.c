/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "soft_pki.h"
#include "t.h"

enum { YEAR = 31536000, BODY = PAWL_EVIDENCE_MAX };

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");

    assert_non_null(k);
    return k;
}

/* ---- who vouches for it --------------------------------------------------------------------- */

void soft_ca_make(struct soft_ca *ca, bool lab, int64_t now_s)
{
    const char *name = lab ? "swtpm-localca" : "Vendor EK Root CA";

    *ca = (struct soft_ca){ .key = new_key(), .lab = lab };
    ca->cert = soft_cert_make(&(struct soft_cert){ .subject = name,
                                                   .issuer = name,
                                                   .key = ca->key,
                                                   .by = ca->key,
                                                   .is_ca = true,
                                                   .usage = "critical,keyCertSign",
                                                   .not_before_s = now_s - YEAR,
                                                   .not_after_s = now_s + YEAR });
}

void soft_ca_done(struct soft_ca *ca)
{
    EVP_PKEY_free(ca->key);
}

static struct pawl_view ek_cert(const struct soft_device *d, const struct soft_ca *ca,
                                int64_t now_s)
{
    return soft_cert_make(
        &(struct soft_cert){ .issuer = ca->lab ? "swtpm-localca" : "Vendor EK Root CA",
                             .key = d->ek,
                             .by = ca->key,
                             .usage = "critical,keyAgreement",
                             .manufacturer = ca->lab ? "id:00001014" : "id:53544D20",
                             .model = ca->lab ? "swtpm" : "ST33HTPHAHD4",
                             .version = "id:00490040",
                             .not_before_s = now_s - YEAR,
                             .not_after_s = now_s + YEAR });
}

void soft_device_rename(struct soft_device *d)
{
    struct pawl_err err;

    d->ek_name = soft_name(d->ek_public);
    d->ak_name = soft_name(d->ak_public);
    d->td_name = soft_name(d->td_public);
    T_OK(pawl_sha256(pawl_name_view(&d->ek_name), d->id, &err), &err);
}

static void make_keys(struct soft_device *d)
{
    d->ak = new_key();
    d->td = new_key();
    d->ak_public = soft_template(PAWL_AK_P256, d->ak);
    d->td_public = soft_template(PAWL_TD_P256, d->td);
    soft_device_rename(d);
}

void soft_device_make(struct soft_device *d, const struct soft_ca *ca, int64_t now_s)
{
    *d = (struct soft_device){
        .ek = new_key(),
        .clock = { .clock_ms = 5000,
                   .resets = 3,
                   .restarts = 1,
                   .safe = true,
                   .firmware = 0x0049004012345678 },
        .banks = 1u << PAWL_SHA1 | 1u << PAWL_SHA256,
        .e_d = new_key(),
        .boot_id = { 7 },
        .os_boot = "one boot",
        .tenant = "acme",
    };
    for (unsigned i = 0; i < 8; i++)
        d->pcr[i] = (uint8_t)(0x10 + i);
    d->ek_public = soft_template(PAWL_EK_P256, d->ek);
    d->cert = ek_cert(d, ca, now_s);
    make_keys(d);
}

void soft_device_clear(struct soft_device *d)
{
    EVP_PKEY_free(d->ak);
    EVP_PKEY_free(d->td);
    make_keys(d);
    d->clock = (struct pawl_clock){ .clock_ms = 1, .firmware = d->clock.firmware };
    soft_device_forget(d);
}

void soft_device_forget(struct soft_device *d)
{
    d->has_root = false;
    pawl_root_wipe(&d->root);
}

void soft_device_done(struct soft_device *d)
{
    EVP_PKEY_free(d->ek);
    EVP_PKEY_free(d->ak);
    EVP_PKEY_free(d->td);
    EVP_PKEY_free(d->e_d);
}

struct pawl_name soft_device_qualified(const struct soft_device *d)
{
    const struct pawl_name chain[] = { d->ek_name, d->ak_name };
    struct pawl_name       q;
    struct pawl_err        err;

    T_OK(pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, chain, 2, &q, &err), &err);
    return q;
}

static struct pawl_view name_copy(struct pawl_name n)
{
    return t_copy(pawl_name_view(&n));
}

/* ---- enrolment ------------------------------------------------------------------------------ */

struct pawl_enrol_req soft_enrol(const struct soft_device *d)
{
    struct pawl_enrol_req req = { .tenant = pawl_view_str(d->tenant),
                                  .suites = { 2, { PAWL_SUITE_GCM, PAWL_SUITE_CCM } },
                                  .ek_public = d->ek_public,
                                  .cert_n = 1,
                                  .cert = { d->cert },
                                  .ak_public = d->ak_public,
                                  .td_public = d->td_public,
                                  .verifier_id = PAWL_VIEW_OF(d->verifier_id),
                                  .fact_n = 1,
                                  .fact = { { pawl_view_str("serial"), pawl_view_str("4711") } } };
    uint8_t               nonce[32];
    struct pawl_err       err;

    T_OK(pawl_certify_nonce(req.tenant, req.verifier_id, &d->ek_name, &d->ak_name, nonce, &err),
         &err);
    req.certify_attest = soft_attest(&(struct soft_attest){
        .magic = PAWL_TPM_GENERATED,
        .type = PAWL_TPM_ST_CERTIFY,
        .signer = name_copy(soft_device_qualified(d)),
        .nonce = PAWL_VIEW_OF(nonce),
        .clock = d->clock,
        .body = soft_certify_body(pawl_name_view(&d->td_name), pawl_name_view(&d->td_name)) });
    req.certify_sig = soft_sign(d->ak, PAWL_TPM_ALG_ECDSA, PAWL_SHA256, req.certify_attest);
    return req;
}

void soft_enrol_token(struct pawl_enrol_req *req, struct pawl_view id,
                      const struct pawl_secret *secret)
{
    uint8_t         mac[PAWL_TOKEN_MAC];
    struct pawl_err err;

    T_OK(pawl_enrol_token_mac(req, secret, mac, &err), &err);
    req->token_id = t_copy(id);
    req->token_mac = t_copy(PAWL_VIEW_OF(mac));
}

struct pawl_view soft_enrol_bytes(const struct pawl_enrol_req *req)
{
    uint8_t         b[PAWL_ENROL_MAX];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));
    struct pawl_err err;

    T_OK(pawl_enrol_req_write(req, &w, &err), &err);
    return t_copy(pawl_view(b, w.n));
}

static EVP_PKEY *public_key(struct pawl_view point)
{
    EVP_PKEY     *k = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM    p[] = {
           OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.p, point.n),
           OSSL_PARAM_END,
    };

    assert_int_equal(EVP_PKEY_fromdata_init(c), 1);
    assert_int_equal(EVP_PKEY_fromdata(c, &k, EVP_PKEY_PUBLIC_KEY, p), 1);
    EVP_PKEY_CTX_free(c);
    return k;
}

static struct pawl_secret agree(EVP_PKEY *mine, struct pawl_view point)
{
    struct pawl_secret z = { .n = sizeof(z.b) };
    EVP_PKEY          *theirs = public_key(point);
    EVP_PKEY_CTX      *c = EVP_PKEY_CTX_new(mine, NULL);

    assert_int_equal(EVP_PKEY_derive_init(c), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(c, theirs), 1);
    assert_int_equal(EVP_PKEY_derive(c, z.b, &z.n), 1);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(theirs);
    return z;
}

static void decrypt_cfb(const struct pawl_secret *key, struct pawl_view in, uint8_t *out)
{
    static const uint8_t iv[16];
    EVP_CIPHER_CTX      *c = EVP_CIPHER_CTX_new();
    int                  n;

    assert_int_equal(EVP_DecryptInit_ex(c, EVP_aes_128_cfb128(), NULL, key->b, iv), 1);
    assert_int_equal(EVP_DecryptUpdate(c, out, &n, in.p, (int)in.n), 1);
    EVP_CIPHER_CTX_free(c);
}

struct pawl_secret soft_activate(const struct soft_device *d, struct pawl_view id_object,
                                 struct pawl_view enc_secret)
{
    struct pawl_err    err;
    struct pawl_rd     r = pawl_rd_from(enc_secret);
    uint8_t            point[PAWL_POINT_P256] = { 0x04 }, plain[PAWL_ID_OBJECT_MAX];
    struct pawl_view   x = pawl_rd_tpm2b(&r, "x", 32), y = pawl_rd_tpm2b(&r, "y", 32);
    struct pawl_public ek = soft_public(d->ek);
    struct pawl_secret seed, key, mac_key, secret;

    T_OK(pawl_rd_end(&r, &err), &err);
    memcpy(point + 33 - x.n, x.p, x.n);
    memcpy(point + 65 - y.n, y.p, y.n);
    struct pawl_secret z = agree(d->ek, PAWL_VIEW_OF(point));
    T_OK(pawl_kdfe(PAWL_SHA256, &z, "IDENTITY", pawl_view(point + 1, 32), pawl_view(ek.b + 1, 32),
                   256, &seed, &err),
         &err);
    T_OK(pawl_kdfa(PAWL_SHA256, &seed, "STORAGE", pawl_name_view(&d->ak_name), pawl_view(NULL, 0),
                   128, &key, &err),
         &err);
    T_OK(pawl_kdfa(PAWL_SHA256, &seed, "INTEGRITY", pawl_view(NULL, 0), pawl_view(NULL, 0), 256,
                   &mac_key, &err),
         &err);

    r = pawl_rd_from(id_object);
    struct pawl_view       mac = pawl_rd_tpm2b(&r, "integrity", 32);
    struct pawl_view       box = pawl_rd_bytes(&r, "encIdentity", r.left);
    const struct pawl_view parts[] = { box, pawl_name_view(&d->ak_name) };
    struct pawl_digest     want;
    T_OK(pawl_hmac(PAWL_SHA256, &mac_key, parts, 2, &want, &err), &err);
    assert_true(pawl_view_equal(mac, pawl_digest_view(&want)));
    decrypt_cfb(&key, box, plain);
    r = pawl_rd_from(pawl_view(plain, box.n));
    T_OK(pawl_secret_from(pawl_rd_tpm2b(&r, "secret", 32), "secret", &secret, &err), &err);
    return secret;
}

/* ---- evidence ------------------------------------------------------------------------------- */

static void read_pcrs(const struct soft_device *d, const struct pawl_pcr_selection *select,
                      struct pawl_pcr_values *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < select->n; i++)
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            if (select->bank[i].bits >> pcr & 1) {
                struct pawl_digest *v = &ret->value[ret->n++];
                v->n = pawl_hash_n(select->bank[i].hash);
                memset(v->b, d->pcr[pcr], v->n);
                if (select->bank[i].hash == PAWL_SHA256 && d->sha256[pcr].n)
                    *v = d->sha256[pcr];
            }
}

/* What A1 says of the base and of the root to come. */
static void begin_root(const struct soft_device *d, struct soft_evidence *ret)
{
    static const uint8_t none[PAWL_KID];
    struct pawl_a1      *a1 = &ret->a1;
    bool                 has_base = d->has_root && a1->label != PAWL_LABEL_ENROL;
    struct pawl_public   e_d = soft_public(d->e_d);

    a1->base_epoch = has_base ? d->root.epoch : 0;
    a1->base_kid = t_copy(has_base ? PAWL_VIEW_OF(d->root.kid) : PAWL_VIEW_OF(none));
    if (has_base)
        ret->k_auth = d->root.k_auth;
    a1->new_epoch = a1->base_epoch + (a1->label == PAWL_LABEL_REKEY);
    if (a1->label == PAWL_LABEL_RESYNC || a1->label == PAWL_LABEL_ENROL)
        a1->new_epoch = d->known_epoch + 1;
    if (a1->label != PAWL_LABEL_ATTEST)
        a1->e_d = t_copy(pawl_view(e_d.b, e_d.n));
}

/* A1 names the log, whether it is sent or not. */
static void name_log(const struct soft_device *d, struct pawl_a1 *a1)
{
    uint8_t         digest[32];
    struct pawl_err err;

    if (!d->eventlog.n)
        return;
    T_OK(pawl_sha256(d->eventlog, digest, &err), &err);
    a1->log[0] = (struct pawl_log_ref){ 1, d->eventlog.n, t_copy(PAWL_VIEW_OF(digest)) };
    a1->log_n = 1;
}

void soft_evidence_begin(struct soft_device *d, enum pawl_label label, struct pawl_view nonce,
                         const struct pawl_pcr_selection *asked, struct soft_evidence *ret)
{
    *ret = (struct soft_evidence){ .select = *asked, .signer = d->ak };
    for (size_t i = 0; i < asked->n; i++)
        if (!(d->banks >> asked->bank[i].hash & 1))
            ret->select.bank[i].bits = 0;
    ret->select_bytes = soft_selection(&ret->select);
    read_pcrs(d, &ret->select, &ret->values);
    d->clock.clock_ms += 10;
    ret->attest = (struct soft_attest){ .magic = PAWL_TPM_GENERATED,
                                        .type = PAWL_TPM_ST_QUOTE,
                                        .signer = name_copy(soft_device_qualified(d)),
                                        .clock = d->clock };
    ret->a1 = (struct pawl_a1){ .label = label,
                                .suite = PAWL_SUITE_CCM,
                                .tenant = pawl_view_str(d->tenant),
                                .verifier_id = PAWL_VIEW_OF(d->verifier_id),
                                .device_id = PAWL_VIEW_OF(d->id),
                                .ak_name = pawl_name_view(&d->ak_name),
                                .td_name = pawl_name_view(&d->td_name),
                                .nonce = nonce,
                                .attempt = ++d->attempt,
                                .boot_id = t_copy(PAWL_VIEW_OF(d->boot_id)),
                                .os_boot = PAWL_VIEW_OF(d->os_boot) };
    begin_root(d, ret);
    name_log(d, &ret->a1);
}

/* Field 7 as it will be sent, which mac_base covers. */
static struct pawl_view ima_field(const struct pawl_evidence *m)
{
    uint8_t       *b = malloc(BODY);
    struct pawl_wr w = pawl_wr_to(b, BODY);

    assert_non_null(b);
    if (m->ima.n) {
        pawl_cbor_wr_array(&w, 2);
        pawl_cbor_wr_uint(&w, m->ima_first);
        pawl_cbor_wr_bytes(&w, m->ima);
    }
    struct pawl_view copy = t_copy(pawl_view(b, w.n));
    free(b);
    return copy;
}

static struct pawl_view digest_of(const struct soft_evidence *e)
{
    struct pawl_digest d;
    struct pawl_view   parts[PAWL_PCR_VALUES_MAX];
    struct pawl_err    err;

    for (size_t i = 0; i < e->values.n; i++)
        parts[i] = pawl_digest_view(&e->values.value[i]);
    T_OK(pawl_hash(PAWL_SHA256, parts, e->values.n, &d, &err), &err);
    return t_copy(pawl_digest_view(&d));
}

void soft_evidence_sign(struct soft_evidence *e, const struct pawl_secret *secret)
{
    uint8_t         b[PAWL_A1_MAX], th1[32], mac[32];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));
    struct pawl_err err;

    T_OK(pawl_a1_write(&e->a1, &w, &err), &err);
    e->m.a1 = t_copy(pawl_view(b, w.n));
    T_OK(pawl_sha256(e->m.a1, th1, &err), &err);
    e->attest.nonce = t_copy(PAWL_VIEW_OF(th1));
    if (!e->attest.body.n)
        e->attest.body = soft_quote_body(e->select_bytes, digest_of(e));
    e->m.attest = soft_attest(&e->attest);
    e->m.signature = soft_sign(e->signer, PAWL_TPM_ALG_ECDSA, PAWL_SHA256, e->m.attest);
    e->m.has_pcrs = true;
    e->m.pcr_n = e->values.n;
    for (size_t i = 0; i < e->values.n; i++)
        e->m.pcr[i] = t_copy(pawl_digest_view(&e->values.value[i]));
    struct pawl_secret k_auth = e->k_auth;
    if (secret)
        T_OK(pawl_expand_label(secret, "enrol auth", pawl_view(NULL, 0), 32, &k_auth, &err), &err);
    if (k_auth.n == 0)
        return;
    T_OK(pawl_mac_base(&k_auth, th1, ima_field(&e->m), mac, &err), &err);
    e->m.mac_base = t_copy(PAWL_VIEW_OF(mac));
}

struct pawl_view soft_evidence_bytes(const struct soft_evidence *e)
{
    uint8_t        *b = malloc(BODY);
    struct pawl_wr  w = pawl_wr_to(b, BODY);
    struct pawl_err err;

    assert_non_null(b);
    T_OK(pawl_evidence_write(&e->m, &w, &err), &err);
    struct pawl_view copy = t_copy(pawl_view(b, w.n));
    free(b);
    return copy;
}

void soft_adopt(struct soft_device *d, const struct soft_evidence *e, const struct pawl_root *base,
                const struct pawl_secret *secret, const uint8_t e_v[PAWL_POINT_P256],
                struct pawl_view ear, struct pawl_view conf_v)
{
    uint8_t                 th1[32], conf[32];
    struct pawl_err         err;
    struct pawl_secret      rk, h;
    struct pawl_secret      z_ee = agree(d->e_d, pawl_view(e_v, PAWL_POINT_P256));
    struct pawl_secret      z_se = agree(d->td, pawl_view(e_v, PAWL_POINT_P256));
    struct pawl_rekey_terms t = {
        .rk = base ? &base->rk : &rk, .z_ee = &z_ee, .z_se = &z_se, .epoch = e->a1.new_epoch
    };

    T_OK(pawl_sha256(e->m.a1, th1, &err), &err);
    T_OK(pawl_th2(th1, e->m.attest, e_v, pawl_jws_signing_input(ear), t.th2, &err), &err);
    if (secret) {
        T_OK(pawl_rk_enrol(&rk, &err), &err);
        T_OK(pawl_enrol_term(secret, &h, &err), &err);
        t.h = &h;
    } else if (!base) {
        T_OK(pawl_rk_resync(th1, &rk, &err), &err);
    }
    if (e->a1.suite & PAWL_SUITE_HMAC_KEY) {
        const struct pawl_view part = PAWL_VIEW_OF(t.th2);
        struct pawl_digest     mac;
        T_OK(pawl_hmac(PAWL_SHA256, &d->hedge, &part, 1, &mac, &err), &err);
        T_OK(pawl_secret_from(pawl_digest_view(&mac), "h", &h, &err), &err);
        t.h = &h;
    }
    T_OK(pawl_root_make(&t, &d->root, conf, &err), &err);
    assert_true(pawl_mac_equal(PAWL_VIEW_OF(conf), conf_v));
    d->has_root = true;
    if (d->known_epoch < d->root.epoch)
        d->known_epoch = d->root.epoch;
}

struct pawl_view soft_challenge(const struct soft_device *d, enum pawl_label label)
{
    uint8_t                         b[PAWL_CHALLENGE_MAX];
    struct pawl_wr                  w = pawl_wr_to(b, sizeof(b));
    struct pawl_err                 err;
    const struct pawl_challenge_req req = { .tenant = pawl_view_str(d->tenant),
                                            .device_id = PAWL_VIEW_OF(d->id),
                                            .label = label };

    T_OK(pawl_challenge_req_write(&req, &w, &err), &err);
    return t_copy(pawl_view(b, w.n));
}
