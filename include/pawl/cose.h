/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE (RFC 9052, RFC 9053). For now COSE_Sign1 with ES256, the form of a signed refusal.
 */
#ifndef PAWL_COSE_H
#define PAWL_COSE_H

#include <pawl/crypto.h>

/* external_aad of a refusal, as text. */
#define PAWL_COSE_REFUSAL "pawl/1 refusal"

/* Writes COSE_Sign1 (tag 18): protected {1: -7}, unprotected {4: kid}, payload, signature. */
PAWL_MUST_USE pawl_status pawl_cose_sign1_write(const struct pawl_private *key,
                                                struct pawl_view kid, struct pawl_view external_aad,
                                                struct pawl_view payload, struct pawl_wr *w,
                                                struct pawl_err *err);

/* Verifies exactly that form. *ret_payload points into in. FORGED if the signature does not verify,
 * FORM for any other header or algorithm. kid is a hint and is not judged. */
PAWL_MUST_USE pawl_status pawl_cose_sign1_open(const struct pawl_public *key,
                                               struct pawl_view external_aad, struct pawl_view in,
                                               struct pawl_view *ret_payload, struct pawl_err *err);

#endif
