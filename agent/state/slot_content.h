/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sealed slot holds, as bytes: deterministic CBOR, strict, for slot.c alone.
 *
 *     content = [ verifier_id, suite, epoch, kid, RK, K_auth, exporter, up, down, down_use, old,
 *                 spool_key, age_ms, slots, starts ]
 *     old     = null | [ verifier_id, suite, epoch, kid, down, down_use ]
 *     up, down = [ gen, GK_gen ]        down_use = null | [ gen, UK_gen ]
 *
 * Not here: counter and device, which the seal around the content binds.
 */
#ifndef AGENT_STATE_SLOT_CONTENT_H
#define AGENT_STATE_SLOT_CONTENT_H

#include "state/slot.h"

#define SLOT_CONTENT_MAX 1024

/* Bytes with keys in them. */
struct slot_content {
    size_t  n;
    uint8_t b[SLOT_CONTENT_MAX];
};

void slot_content_wipe(struct slot_content *c);

/* BUG for a slot whose parts are not of one epoch; RANGE for a secret of a wrong length. */
PAWL_MUST_USE pawl_status slot_content_write(const struct slot *s, struct slot_content *ret,
                                             struct pawl_err *err);

/* All but counter, device_id and the prk of the use keys (pawl_use_ready makes it). */
PAWL_MUST_USE pawl_status slot_content_parse(struct pawl_view in, struct slot *ret,
                                             struct pawl_err *err);

#endif
