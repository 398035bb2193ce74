/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash chain of a tenant's incidents and of what its operators did (exceptions, approvals,
 * revocations, credentials): nobody, they neither, takes an entry out later without every head that
 * was given out before (in each EAR) telling.
 *
 *   hash = SHA-256("pawl/1 audit" || previous hash (32 zero bytes first) || u64 number ||
 *                  u64 time_ms || device (32) || u32 length || line)
 *
 * The store gives number and hash inside of the transaction that adds the entry.
 */
#ifndef VERIFIER_AUDIT_H
#define VERIFIER_AUDIT_H

#include "store/store.h"

/* *ret is the head behind this entry; row: number, time_ms, device and line are read. */
PAWL_MUST_USE pawl_status audit_next(const struct audit_head *before, const struct audit_row *row,
                                     struct audit_head *ret, struct pawl_err *err);

#endif
