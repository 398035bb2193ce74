/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/enrol: a device shows its keys.
 *
 *     {1: tenant, 2: suites, 3: ek_public, ?4: [+ ek_cert], 5: ak_public, 6: td_public,
 *      7: certify_attest, 8: certify_sig, 9: verifier_id, ?10: [token_id, token_mac],
 *      11: {* tstr => tstr}}
 *  -> {1: nonce, 2: pcrs, 3: suites, 4: cookie, 5: id_object, 6: encrypted_secret}
 *
 * Spec: docs/protocol.md, section "Exchanges". Not here: whether keys, certificates and token are
 * good, and what the cookie holds.
 */

#include <string.h>

#include "wire/field.h"

/* ---- request -------------------------------------------------------------------------------- */

static size_t rd_certs(struct pawl_cbor_rd *r, struct pawl_view cert[PAWL_CERTS_MAX])
{
    size_t n = pawl_cbor_rd_array(r, "ek_cert", PAWL_CERTS_MAX);

    if (n == 0)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "ek_cert");
    for (size_t i = 0; i < n; i++)
        cert[i] = pawl_cbor_rd_bytes(r, "ek_cert", 1, PAWL_CERT_MAX);
    pawl_cbor_rd_leave(r, "ek_cert");
    return n;
}

pawl_status pawl_enrol_req_parse(struct pawl_view in, struct pawl_enrol_req *ret,
                                 struct pawl_err *err)
{
    struct pawl_cbor_rd   r = wire_rd_from(in, PAWL_ENROL_MAX);
    struct pawl_enrol_req m = { 0 };

    pawl_cbor_rd_map(&r, "map", 11);
    pawl_cbor_rd_need(&r, 1, "tenant");
    m.tenant = wire_rd_tenant(&r, "tenant");
    pawl_cbor_rd_need(&r, 2, "suites");
    m.suites = wire_rd_suites(&r, "suites");
    pawl_cbor_rd_need(&r, 3, "ek_public");
    m.ek_public = pawl_cbor_rd_bytes(&r, "ek_public", 1, PAWL_PUBLIC_MAX);
    if (pawl_cbor_rd_key(&r, 4))
        m.cert_n = rd_certs(&r, m.cert);
    pawl_cbor_rd_need(&r, 5, "ak_public");
    m.ak_public = pawl_cbor_rd_bytes(&r, "ak_public", 1, PAWL_PUBLIC_MAX);
    pawl_cbor_rd_need(&r, 6, "td_public");
    m.td_public = pawl_cbor_rd_bytes(&r, "td_public", 1, PAWL_PUBLIC_MAX);
    pawl_cbor_rd_need(&r, 7, "certify_attest");
    m.certify_attest = pawl_cbor_rd_bytes(&r, "certify_attest", 1, PAWL_ATTEST_MAX);
    pawl_cbor_rd_need(&r, 8, "certify_sig");
    m.certify_sig = pawl_cbor_rd_bytes(&r, "certify_sig", 1, PAWL_TPM_SIG_MAX);
    pawl_cbor_rd_need(&r, 9, "verifier_id");
    m.verifier_id = pawl_cbor_rd_bytes(&r, "verifier_id", PAWL_VERIFIER_ID, PAWL_VERIFIER_ID);
    if (pawl_cbor_rd_key(&r, 10)) {
        pawl_cbor_rd_array_of(&r, "token", 2);
        m.token_id = pawl_cbor_rd_bytes(&r, "token_id", PAWL_TOKEN_ID, PAWL_TOKEN_ID);
        m.token_mac = pawl_cbor_rd_bytes(&r, "token_mac", PAWL_TOKEN_MAC, PAWL_TOKEN_MAC);
        pawl_cbor_rd_leave(&r, "token");
    }
    pawl_cbor_rd_need(&r, 11, "facts");
    m.fact_n = wire_rd_facts(&r, "facts", m.fact);
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "enrol", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

static void wr_certs(struct pawl_wr *w, const struct pawl_enrol_req *m)
{
    pawl_cbor_wr_array(w, m->cert_n);
    for (size_t i = 0; i < wire_at_most(m->cert_n, PAWL_CERTS_MAX); i++)
        pawl_cbor_wr_bytes(w, m->cert[i]);
}

static pawl_status wr_request(const struct pawl_enrol_req *m, bool token, struct pawl_wr *w,
                              struct pawl_err *err)
{
    struct pawl_wr        out = *w;
    struct pawl_enrol_req back;
    struct pawl_view      written;

    pawl_cbor_wr_map(&out, 9u + (m->cert_n > 0) + token);
    pawl_cbor_wr_uint(&out, 1);
    pawl_cbor_wr_text_n(&out, m->tenant);
    pawl_cbor_wr_uint(&out, 2);
    wire_wr_suites(&out, &m->suites);
    pawl_cbor_wr_uint(&out, 3);
    pawl_cbor_wr_bytes(&out, m->ek_public);
    if (m->cert_n) {
        pawl_cbor_wr_uint(&out, 4);
        wr_certs(&out, m);
    }
    pawl_cbor_wr_uint(&out, 5);
    pawl_cbor_wr_bytes(&out, m->ak_public);
    pawl_cbor_wr_uint(&out, 6);
    pawl_cbor_wr_bytes(&out, m->td_public);
    pawl_cbor_wr_uint(&out, 7);
    pawl_cbor_wr_bytes(&out, m->certify_attest);
    pawl_cbor_wr_uint(&out, 8);
    pawl_cbor_wr_bytes(&out, m->certify_sig);
    pawl_cbor_wr_uint(&out, 9);
    pawl_cbor_wr_bytes(&out, m->verifier_id);
    if (token) {
        pawl_cbor_wr_uint(&out, 10);
        pawl_cbor_wr_array(&out, 2);
        pawl_cbor_wr_bytes(&out, m->token_id);
        pawl_cbor_wr_bytes(&out, m->token_mac);
    }
    pawl_cbor_wr_uint(&out, 11);
    wire_wr_facts(&out, m->fact, m->fact_n);
    PAWL_TRY(wire_written(w, &out, "enrol", &written, err));
    return wire_commit(pawl_enrol_req_parse(written, &back, err), &out, w, err);
}

pawl_status pawl_enrol_req_write(const struct pawl_enrol_req *m, struct pawl_wr *w,
                                 struct pawl_err *err)
{
    return wr_request(m, m->token_id.n > 0, w, err);
}

/* ---- token and certification ---------------------------------------------------------------- */

pawl_status pawl_enrol_token_mac(const struct pawl_enrol_req *m, const struct pawl_secret *secret,
                                 uint8_t ret[PAWL_TOKEN_MAC], struct pawl_err *err)
{
    uint8_t            b[PAWL_ENROL_MAX];
    uint8_t            hash[32];
    struct pawl_digest mac;
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));

    PAWL_TRY(wr_request(m, false, &w, err));
    PAWL_TRY(pawl_sha256(pawl_view(b, w.n), hash, err));
    const struct pawl_view parts[] = { pawl_view_str("pawl/1 token"), PAWL_VIEW_OF(hash) };
    PAWL_TRY(pawl_hmac(PAWL_SHA256, secret, parts, 2, &mac, err));
    memcpy(ret, mac.b, PAWL_TOKEN_MAC);
    return pawl_ok();
}

pawl_status pawl_certify_nonce(struct pawl_view tenant, struct pawl_view verifier_id,
                               const struct pawl_name *ek, const struct pawl_name *ak,
                               uint8_t ret[32], struct pawl_err *err)
{
    uint8_t          b[16 + PAWL_TENANT_MAX + PAWL_VERIFIER_ID + 2 * PAWL_NAME_MAX + 16];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view written;

    pawl_cbor_wr_array(&w, 5);
    pawl_cbor_wr_text(&w, "pawl/1 certify");
    pawl_cbor_wr_text_n(&w, tenant);
    pawl_cbor_wr_bytes(&w, verifier_id);
    pawl_cbor_wr_bytes(&w, pawl_name_view(ek));
    pawl_cbor_wr_bytes(&w, pawl_name_view(ak));
    PAWL_TRY(pawl_wr_end(&w, "certify_nonce", &written, err));
    return pawl_sha256(written, ret, err);
}

/* ---- answer --------------------------------------------------------------------------------- */

pawl_status pawl_enrol_ans_parse(struct pawl_view in, struct pawl_enrol_ans *ret,
                                 struct pawl_err *err)
{
    struct pawl_cbor_rd   r = wire_rd_from(in, PAWL_ENROL_MAX);
    struct pawl_enrol_ans m = { 0 };

    pawl_cbor_rd_map(&r, "map", 6);
    pawl_cbor_rd_need(&r, 1, "nonce");
    m.nonce = pawl_cbor_rd_bytes(&r, "nonce", PAWL_NONCE, PAWL_NONCE);
    pawl_cbor_rd_need(&r, 2, "pcrs");
    struct pawl_view pcrs = wire_rd_pcrs(&r, "pcrs");
    pawl_cbor_rd_need(&r, 3, "suites");
    m.suites = wire_rd_suites(&r, "suites");
    pawl_cbor_rd_need(&r, 4, "cookie");
    m.cookie = pawl_cbor_rd_bytes(&r, "cookie", 1, PAWL_COOKIE_MAX);
    pawl_cbor_rd_need(&r, 5, "id_object");
    m.id_object = pawl_cbor_rd_bytes(&r, "id_object", 1, PAWL_ID_OBJECT_MAX);
    pawl_cbor_rd_need(&r, 6, "encrypted_secret");
    m.enc_secret = pawl_cbor_rd_bytes(&r, "encrypted_secret", 1, PAWL_ENC_SECRET_MAX);
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "enrol", pawl_cbor_rd_end(&r, err)));
    PAWL_TRY(pawl_under(err, "enrol.pcrs", pawl_pcr_selection_parse(pcrs, &m.pcrs, err)));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_enrol_ans_write(const struct pawl_enrol_ans *m, struct pawl_wr *w,
                                 struct pawl_err *err)
{
    struct pawl_wr        out = *w;
    struct pawl_enrol_ans back;
    struct pawl_view      written;

    pawl_cbor_wr_map(&out, 6);
    pawl_cbor_wr_uint(&out, 1);
    pawl_cbor_wr_bytes(&out, m->nonce);
    pawl_cbor_wr_uint(&out, 2);
    wire_wr_pcrs(&out, &m->pcrs);
    pawl_cbor_wr_uint(&out, 3);
    wire_wr_suites(&out, &m->suites);
    pawl_cbor_wr_uint(&out, 4);
    pawl_cbor_wr_bytes(&out, m->cookie);
    pawl_cbor_wr_uint(&out, 5);
    pawl_cbor_wr_bytes(&out, m->id_object);
    pawl_cbor_wr_uint(&out, 6);
    pawl_cbor_wr_bytes(&out, m->enc_secret);
    PAWL_TRY(wire_written(w, &out, "enrol", &written, err));
    return wire_commit(pawl_enrol_ans_parse(written, &back, err), &out, w, err);
}
