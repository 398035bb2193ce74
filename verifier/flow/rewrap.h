/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the old master key wrapped, wrapped anew under the present one: a walk over all rows that
 * hold something wrapped (tokens; ratchets, generations and downlinks of each device; segments),
 * of all tenants of the store, configured or not, one short piece at a time. Nothing notes how far
 * it came: what is under the present key already opens under it and is passed by, so whoever begins
 * anew goes on.
 *
 * A piece is planned from rows as they were read and commits only onto those very bytes
 * (store.h, rewrapped): a device that comes meanwhile wins. A row that cannot be read stops the
 * walk, since nobody knows what it needs; err->why names its device, or the token or segment before
 * it. A walk that found nothing is the end; after one that found something another one is due.
 */
#ifndef VERIFIER_FLOW_REWRAP_H
#define VERIFIER_FLOW_REWRAP_H

#include "flow/flow.h"

enum rewrap_part { REWRAP_TOKENS = 0, REWRAP_DEVICES, REWRAP_SEGMENTS, REWRAP_PARTS };

/* A place in the store. All zero is the beginning. */
struct rewrap {
    char             tenant[PAWL_TENANT_MAX + 1]; /* it is in this one, or behind it */
    bool             in_tenant;
    bool             over; /* behind the last one */
    enum rewrap_part part;
    size_t           after_n; /* behind this token, this device .. */
    uint8_t          after[PAWL_DEVICE_ID];
    uint64_t         number;     /* .. this segment */
    uint64_t         found;      /* rows under the old key, so far */
    uint64_t         unreadable; /* rows that no key of ours opens */
};

/* Plans the next piece, some kilobytes; the step is often empty. f: its store and keys are used,
 * whose old master key is there. */
PAWL_MUST_USE pawl_status rewrap_next(struct rewrap *r, const struct flow *f, struct step *step,
                                      struct pawl_err *err);
/* How many rows of the store need the old key; changes nothing. */
PAWL_MUST_USE pawl_status rewrap_count(const struct flow *f, uint64_t *ret, struct pawl_err *err);

#endif
