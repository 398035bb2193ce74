/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/evidence: the quote and what it speaks of.
 *
 *     {1: bstr .cbor A1, 2: attest, 3: signature, 4: mac_base, ?5: [* pcr value],
 *      ?6: {* type => log}, ?7: [first_entry, ima_bytes], ?8: cookie,
 *      ?9: [app_public, attest, signature]} -> result | refusal
 *
 * Spec: docs/protocol.md, section "Exchanges". A1 itself is parsed by pawl_a1_parse.
 */

#include <string.h>

#include "wire/field.h"

static bool is_digest_length(size_t n)
{
    for (int hash = PAWL_SHA1; hash < PAWL_HASH_COUNT; hash++)
        if (pawl_hash_n((enum pawl_hash)hash) == n)
            return true;
    return false;
}

static size_t rd_pcr_values(struct pawl_cbor_rd *r, struct pawl_view pcr[PAWL_PCR_VALUES_MAX])
{
    size_t n = pawl_cbor_rd_array(r, "pcr_values", PAWL_PCR_VALUES_MAX);

    for (size_t i = 0; i < n; i++) {
        pcr[i] = pawl_cbor_rd_bytes(r, "pcr_values", 0, PAWL_HASH_MAX);
        if (!is_digest_length(pcr[i].n))
            pawl_cbor_rd_fail(r, PAWL_E_RANGE, "pcr_values");
    }
    pawl_cbor_rd_leave(r, "pcr_values");
    return n;
}

static void rd_app_key(struct pawl_cbor_rd *r, struct pawl_evidence *m)
{
    pawl_cbor_rd_array_of(r, "app_key", 3);
    m->app_public = pawl_cbor_rd_bytes(r, "app_key.public", 1, PAWL_PUBLIC_MAX);
    m->app_attest = pawl_cbor_rd_bytes(r, "app_key.attest", 1, PAWL_ATTEST_MAX);
    m->app_signature = pawl_cbor_rd_bytes(r, "app_key.signature", 1, PAWL_TPM_SIG_MAX);
    pawl_cbor_rd_leave(r, "app_key");
}

pawl_status pawl_evidence_parse(struct pawl_view in, struct pawl_evidence *ret,
                                struct pawl_err *err)
{
    struct pawl_cbor_rd  r = wire_rd_from(in, PAWL_EVIDENCE_MAX);
    struct pawl_evidence m = { 0 };

    pawl_cbor_rd_map(&r, "map", 9);
    pawl_cbor_rd_need(&r, 1, "A1");
    m.a1 = pawl_cbor_rd_bytes(&r, "A1", 1, PAWL_A1_MAX);
    pawl_cbor_rd_need(&r, 2, "attest");
    m.attest = pawl_cbor_rd_bytes(&r, "attest", 1, PAWL_ATTEST_MAX);
    pawl_cbor_rd_need(&r, 3, "signature");
    m.signature = pawl_cbor_rd_bytes(&r, "signature", 1, PAWL_TPM_SIG_MAX);
    pawl_cbor_rd_need(&r, 4, "mac_base");
    m.mac_base = pawl_cbor_rd_bytes(&r, "mac_base", 0, 32);
    if (m.mac_base.n != 0 && m.mac_base.n != 32)
        pawl_cbor_rd_fail(&r, PAWL_E_RANGE, "mac_base");
    m.has_pcrs = pawl_cbor_rd_key(&r, 5);
    if (m.has_pcrs)
        m.pcr_n = rd_pcr_values(&r, m.pcr);
    if (pawl_cbor_rd_key(&r, 6))
        m.log_n = wire_rd_logs(&r, "logs", m.log);
    if (pawl_cbor_rd_key(&r, 7)) {
        size_t from = r.at;
        m.ima = wire_rd_ima(&r, "ima", &m.ima_first);
        m.ima_field = pawl_view(in.p + from, r.at - from); /* mac_base covers it as sent */
    }
    if (pawl_cbor_rd_key(&r, 8))
        m.cookie = pawl_cbor_rd_bytes(&r, "cookie", 1, PAWL_COOKIE_MAX);
    if (pawl_cbor_rd_key(&r, 9))
        rd_app_key(&r, &m);
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "evidence", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

static void wr_pcr_values(struct pawl_wr *w, const struct pawl_evidence *m)
{
    pawl_cbor_wr_array(w, m->pcr_n);
    for (size_t i = 0; i < wire_at_most(m->pcr_n, PAWL_PCR_VALUES_MAX); i++)
        pawl_cbor_wr_bytes(w, m->pcr[i]);
}

pawl_status pawl_evidence_write(const struct pawl_evidence *m, struct pawl_wr *w,
                                struct pawl_err *err)
{
    struct pawl_wr       out = *w;
    struct pawl_evidence back;
    struct pawl_view     written;

    pawl_cbor_wr_map(&out, 4u + m->has_pcrs + (m->log_n > 0) + (m->ima.n > 0) + (m->cookie.n > 0) +
                               (m->app_public.n > 0));
    pawl_cbor_wr_uint(&out, 1);
    pawl_cbor_wr_bytes(&out, m->a1);
    pawl_cbor_wr_uint(&out, 2);
    pawl_cbor_wr_bytes(&out, m->attest);
    pawl_cbor_wr_uint(&out, 3);
    pawl_cbor_wr_bytes(&out, m->signature);
    pawl_cbor_wr_uint(&out, 4);
    pawl_cbor_wr_bytes(&out, m->mac_base);
    if (m->has_pcrs) {
        pawl_cbor_wr_uint(&out, 5);
        wr_pcr_values(&out, m);
    }
    if (m->log_n) {
        pawl_cbor_wr_uint(&out, 6);
        wire_wr_logs(&out, m->log, m->log_n);
    }
    if (m->ima.n) {
        pawl_cbor_wr_uint(&out, 7);
        wire_wr_ima(&out, m->ima_first, m->ima);
    }
    if (m->cookie.n) {
        pawl_cbor_wr_uint(&out, 8);
        pawl_cbor_wr_bytes(&out, m->cookie);
    }
    if (m->app_public.n) {
        pawl_cbor_wr_uint(&out, 9);
        pawl_cbor_wr_array(&out, 3);
        pawl_cbor_wr_bytes(&out, m->app_public);
        pawl_cbor_wr_bytes(&out, m->app_attest);
        pawl_cbor_wr_bytes(&out, m->app_signature);
    }
    PAWL_TRY(wire_written(w, &out, "evidence", &written, err));
    return wire_commit(pawl_evidence_parse(written, &back, err), &out, w, err);
}

/* P-APP-2 */
pawl_status pawl_app_key_nonce(struct pawl_view tenant, struct pawl_view verifier_id,
                               struct pawl_view device_id, uint8_t ret[32], struct pawl_err *err)
{
    uint8_t          b[32 + PAWL_TENANT_MAX + PAWL_VERIFIER_ID + PAWL_DEVICE_ID + 16];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view written;

    pawl_cbor_wr_array(&w, 4);
    pawl_cbor_wr_text(&w, "pawl/1 application key");
    pawl_cbor_wr_text_n(&w, tenant);
    pawl_cbor_wr_bytes(&w, verifier_id);
    pawl_cbor_wr_bytes(&w, device_id);
    PAWL_TRY(pawl_wr_end(&w, "app_key_nonce", &written, err));
    return pawl_sha256(written, ret, err);
}

/* P-TR-3 */
pawl_status pawl_mac_base(const struct pawl_secret *k_auth, const uint8_t th1[32],
                          struct pawl_view ima_field, uint8_t ret[32], struct pawl_err *err)
{
    uint8_t            ima_hash[32];
    struct pawl_digest mac;

    PAWL_TRY(pawl_sha256(ima_field, ima_hash, err));
    const struct pawl_view parts[] = { pawl_view(th1, 32), PAWL_VIEW_OF(ima_hash) };
    PAWL_TRY(pawl_hmac(PAWL_SHA256, k_auth, parts, 2, &mac, err));
    memcpy(ret, mac.b, 32);
    return pawl_ok();
}
