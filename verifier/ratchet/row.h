/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ratchet and its generations as bytes for the store: deterministic CBOR, the public part in the
 * clear, the secrets in one AES-256-SIV under K_wrap with associated data CBOR["pawl/1 row",
 * device_id, field, epoch]. What the database holds opens nothing without the master key.
 */
#ifndef VERIFIER_RATCHET_ROW_H
#define VERIFIER_RATCHET_ROW_H

#include "keys.h"
#include "ratchet/ratchet.h"

#define RATCHET_ROW_MAX    (8 * 1024)
#define GENERATION_ROW_MAX 2048

/* Whether a row was looked at, and is not what was written, or not for these keys: what came of
 * reading or rewrapping it. Other failures say nothing about it. */
bool row_is_damaged(pawl_status read);

PAWL_MUST_USE pawl_status ratchet_write(const struct keys *k, struct pawl_view tenant,
                                        const uint8_t         device_id[PAWL_DEVICE_ID],
                                        const struct ratchet *r, uint8_t *ret, size_t cap,
                                        size_t *ret_n, struct pawl_err *err);
/* FORGED for another device, tenant or master key, and for a row that was changed; FORM, RANGE,
 * UNSUPPORTED for bytes that are no such row. prk of a use key is not kept: see pawl_use_ready. */
PAWL_MUST_USE pawl_status ratchet_read(const struct keys *k, struct pawl_view tenant,
                                       const uint8_t device_id[PAWL_DEVICE_ID], struct pawl_view in,
                                       struct ratchet *ret, struct pawl_err *err);

PAWL_MUST_USE pawl_status generation_write(const struct keys *k, struct pawl_view tenant,
                                           const uint8_t            device_id[PAWL_DEVICE_ID],
                                           const struct generation *g, uint8_t *ret, size_t cap,
                                           size_t *ret_n, struct pawl_err *err);
PAWL_MUST_USE pawl_status generation_read(const struct keys *k, struct pawl_view tenant,
                                          const uint8_t    device_id[PAWL_DEVICE_ID],
                                          struct pawl_view in, struct generation *ret,
                                          struct pawl_err *err);

/* The same row as ratchet_write or generation_write made it, under the present master key, as long
 * as in; *ret_n is 0 if the old one is not needed for it. Fails as reading does, but what it says
 * is not looked at. */
PAWL_MUST_USE pawl_status ratchet_rewrap(const struct keys *k, struct pawl_view tenant,
                                         const uint8_t    device_id[PAWL_DEVICE_ID],
                                         struct pawl_view in, uint8_t *ret, size_t cap,
                                         size_t *ret_n, struct pawl_err *err);
PAWL_MUST_USE pawl_status generation_rewrap(const struct keys *k, struct pawl_view tenant,
                                            const uint8_t    device_id[PAWL_DEVICE_ID],
                                            struct pawl_view in, uint8_t *ret, size_t cap,
                                            size_t *ret_n, struct pawl_err *err);

#endif
