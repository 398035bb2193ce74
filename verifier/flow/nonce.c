/* SPDX-License-Identifier: Apache-2.0 */
/* Nonces that the verifier does not keep. */

#include "flow/nonce.h"

#include <inttypes.h>
#include <string.h>

#include <pawl/cbor.h>

enum { MS_N = 6, RANDOM_N = 10, MAC_N = 16, MAC_AT = MS_N + RANDOM_N };

static pawl_status mac(const struct pawl_secret *key, const struct nonce_scope *scope, uint64_t ms,
                       const uint8_t random[RANDOM_N], uint8_t ret[MAC_N], struct pawl_err *err)
{
    uint8_t            b[192];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_view   said;
    struct pawl_digest d;

    pawl_cbor_wr_array(&w, 6);
    pawl_cbor_wr_text(&w, "pawl/1 nonce");
    pawl_cbor_wr_text_n(&w, scope->tenant);
    pawl_cbor_wr_bytes(&w, scope->device_id);
    pawl_cbor_wr_text(&w, pawl_label_text(scope->label));
    pawl_cbor_wr_uint(&w, ms);
    pawl_cbor_wr_bytes(&w, pawl_view(random, RANDOM_N));
    PAWL_TRY(pawl_wr_end(&w, "nonce", &said, err));
    PAWL_TRY(pawl_hmac(PAWL_SHA256, key, &said, 1, &d, err));
    memcpy(ret, d.b, MAC_N);
    return pawl_ok();
}

pawl_status nonce_make(const struct keys *keys, const struct nonce_scope *scope, int64_t now_ms,
                       uint8_t ret[PAWL_NONCE], struct pawl_err *err)
{
    uint8_t  nonce[PAWL_NONCE];
    uint64_t ms = (uint64_t)now_ms;

    if (now_ms < 0 || ms >> 48)
        return pawl_fail(err, PAWL_E_RANGE, "nonce.ms", "no time of day: %" PRId64, now_ms);
    for (unsigned i = 0; i < MS_N; i++)
        nonce[i] = (uint8_t)(ms >> 8 * (MS_N - 1 - i));
    PAWL_TRY(pawl_random(nonce + MS_N, RANDOM_N, err));
    PAWL_TRY(mac(&keys->nonce, scope, ms, nonce + MS_N, nonce + MAC_AT, err));
    memcpy(ret, nonce, sizeof(nonce));
    return pawl_ok();
}

pawl_status nonce_check(const struct keys *keys, const struct nonce_scope *scope, int64_t now_ms,
                        struct pawl_view nonce, struct pawl_err *err)
{
    const struct pawl_secret *key;
    uint8_t                   want[MAC_N];
    uint64_t                  ms = 0;
    bool                      made = false;

    if (nonce.n != PAWL_NONCE)
        return pawl_fail(err, PAWL_E_RANGE, "A1.nonce", "has %zu bytes, not %d", nonce.n,
                         PAWL_NONCE);
    for (unsigned i = 0; i < MS_N; i++)
        ms = ms << 8 | nonce.p[i];
    for (size_t i = 0; !made && (key = keys_nonce(keys, i)); i++) {
        PAWL_TRY(mac(key, scope, ms, nonce.p + MS_N, want, err));
        made = pawl_mac_equal(PAWL_VIEW_OF(want), pawl_view(nonce.p + MAC_AT, MAC_N));
    }
    if (!made)
        return pawl_fail(err, PAWL_E_FORGED, "A1.nonce",
                         "was not made for this tenant, device and label");
    /* Only now is ms a number of ours. */
    int64_t age_ms = now_ms - (int64_t)ms;
    if (age_ms > PAWL_NONCE_TTL_MS)
        return pawl_fail(err, PAWL_E_EXPIRED, "A1.nonce", "is %" PRId64 " ms old", age_ms);
    if (age_ms < -PAWL_NONCE_AHEAD_MS)
        return pawl_fail(err, PAWL_E_EXPIRED, "A1.nonce", "is %" PRId64 " ms ahead of our clock",
                         -age_ms);
    return pawl_ok();
}
