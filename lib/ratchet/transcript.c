/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transcript of a rekey: what both sides have seen when they mix a new root.
 *
 *     TH2 = SHA-256([ "pawl/1 th2", TH1, SHA-256(TPMS_ATTEST), E_V,
 *                     SHA-256(JWS signing input of the EAR) ])
 *
 * Spec: docs/protocol.md, section "Transcript". Not here: A1 and mac_base (lib/wire).
 */

#include <string.h>

#include <pawl/ratchet.h>

/* P-TR-2 */
pawl_status pawl_th2(const uint8_t th1[32], struct pawl_view attest,
                     const uint8_t e_v[PAWL_POINT_P256], struct pawl_view signing_input,
                     uint8_t ret[32], struct pawl_err *err)
{
    uint8_t          buf[256];
    struct pawl_wr   w = pawl_wr_to(buf, sizeof(buf));
    struct pawl_view transcript;
    uint8_t          quote[32], ear[32];

    PAWL_TRY(pawl_sha256(attest, quote, err));
    PAWL_TRY(pawl_sha256(signing_input, ear, err));

    pawl_cbor_wr_array(&w, 5);
    /* "pawl/1 th2" */
    pawl_cbor_wr_text(&w, "pawl/1 th2");
    /* TH1 */
    pawl_cbor_wr_bytes(&w, pawl_view(th1, 32));
    /* SHA-256(TPMS_ATTEST) */
    pawl_cbor_wr_bytes(&w, PAWL_VIEW_OF(quote));
    /* E_V */
    pawl_cbor_wr_bytes(&w, pawl_view(e_v, PAWL_POINT_P256));
    /* SHA-256(JWS signing input of the EAR) */
    pawl_cbor_wr_bytes(&w, PAWL_VIEW_OF(ear));
    PAWL_TRY(pawl_wr_end(&w, "th2", &transcript, err));
    return pawl_sha256(transcript, ret, err);
}

struct pawl_view pawl_jws_signing_input(struct pawl_view jws)
{
    const uint8_t *end = jws.p + jws.n;
    const uint8_t *one = jws.n ? memchr(jws.p, '.', jws.n) : NULL;
    const uint8_t *two = one ? memchr(one + 1, '.', (size_t)(end - one - 1)) : NULL;

    return two ? pawl_view(jws.p, (size_t)(two - jws.p)) : pawl_view(NULL, 0);
}
