/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict as a signed EAR: an EAT attestation result (draft-ietf-rats-ear) as ES256 JWT, in the
 * profile that the deployed libraries read; and the JWKS that verifies it. */
#ifndef VERIFIER_APPRAISE_EAR_H
#define VERIFIER_APPRAISE_EAR_H

#include <pawl/crypto.h>
#include <pawl/wire.h>

#include "appraise/verdict.h"

struct ear_claims {
    enum pawl_label  label;
    uint8_t          th1[32]; /* eat_nonce */
    uint8_t          device_id[PAWL_DEVICE_ID];
    struct pawl_view tenant;
    uint64_t         attempt, base_epoch, new_epoch;
    uint64_t         enrolments;
    bool             incident;       /* one is not closed (pawl.inc) */
    uint64_t         audit;          /* head of the tenant's chain, at most 1 s old .. */
    uint8_t          audit_hash[32]; /* .. pawl.audit: [number, hash in base64url] */
    enum pawl_reason reason;
    bool             has_e_v; /* of a request that made a root */
    uint8_t          e_v[PAWL_POINT_P256];
    const uint8_t   *app_point; /* cnf: a key of the device's applications, 65 bytes; or NULL */
    bool             has_rcpt;  /* SHA-256 of the receipt beside this EAR */
    uint8_t          rcpt[32];
    const uint8_t   *next_key; /* verifier_id that the device is to name from now on; or NULL */
    bool             lab;
    int64_t          iat_s;
    uint64_t         ttl_s;
};

/* ret: compact JWS, NUL-terminated, at most PAWL_EAR_MAX. */
PAWL_MUST_USE pawl_status ear_write(const struct pawl_private *key, const uint8_t verifier_id[32],
                                    const struct ear_claims *claims, const struct verdict *v,
                                    char *ret, size_t cap, struct pawl_err *err);

/* A key of the JWKS. */
struct jwks_key {
    const struct pawl_public *key;
    const uint8_t            *verifier_id;
};

/* {"keys":[{kty, crv, x, y, kid, use, alg}, ..]}, in this order. */
PAWL_MUST_USE pawl_status jwks_write(const struct jwks_key *key, size_t n, char *ret, size_t cap,
                                     struct pawl_err *err);

#endif
