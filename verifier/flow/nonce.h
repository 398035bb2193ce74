/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nonces that the verifier does not keep (P-NONCE-1, P-NONCE-2):
 *
 *   nonce = u48 ms || 10 random bytes || HMAC-SHA-256(K_nonce, CBOR["pawl/1 nonce", tenant,
 *           device_id, label, ms, random])[0..16)
 *
 * Once they were used is for the attempt counter to say, not for them.
 */
#ifndef VERIFIER_FLOW_NONCE_H
#define VERIFIER_FLOW_NONCE_H

#include <pawl/wire.h>

#include "keys.h"

/* For whom and for what a nonce is. */
struct nonce_scope {
    struct pawl_view tenant;
    struct pawl_view device_id;
    enum pawl_label  label;
};

PAWL_MUST_USE pawl_status nonce_make(const struct keys *keys, const struct nonce_scope *scope,
                                     int64_t now_ms, uint8_t ret[PAWL_NONCE], struct pawl_err *err);

/* FORGED if we never made it for this scope, EXPIRED if it is too old, or from a clock that was
 * ahead of ours. err->where is "A1.nonce". */
PAWL_MUST_USE pawl_status nonce_check(const struct keys *keys, const struct nonce_scope *scope,
                                      int64_t now_ms, struct pawl_view nonce, struct pawl_err *err);

#endif
