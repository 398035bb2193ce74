/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as their difference from others that are there anyway (the base): what stands in the base
 * is named by its place, the rest stands as it is.
 *
 * A delta is runs of bytes and copies, to its end:
 *     0x00..0x7f            that number of bytes and one more follow
 *     0x80..0xfe  u16       copy this number less 0x80, and DELTA_COPY_MIN more, from that place
 *     0xff        u16 u16   copy the second number of bytes from the place that the first one is
 *     0xff 0xff.., 0xff     nothing more: fills up to the end
 */
#ifndef VERIFIER_STORE_DELTA_H
#define VERIFIER_STORE_DELTA_H

#include "store/store.h"

#define DELTA_BASE_MAX 4096
#define DELTA_COPY_MIN 5

/* base: of more than DELTA_BASE_MAX bytes only the first are looked at. *ret: owned by the caller
 * (blob_done). MEMORY. */
PAWL_MUST_USE pawl_status delta_write(struct pawl_view base, struct pawl_view in, struct blob *ret,
                                      struct pawl_err *err);

/* Fills d up to least bytes, so that the next one takes its place in the database. MEMORY. */
PAWL_MUST_USE pawl_status delta_fill(struct blob *d, size_t least, struct pawl_err *err);

/* *ret as above. FORM if in is no delta from this base, or makes more than max bytes. MEMORY. */
PAWL_MUST_USE pawl_status delta_read(struct pawl_view base, struct pawl_view in, size_t max,
                                     struct blob *ret, struct pawl_err *err);

#endif
