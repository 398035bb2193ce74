/* SPDX-License-Identifier: Apache-2.0 */
/* Failures inside of rows: what is kept of a boot and of a measurement list. */
#ifndef VERIFIER_APPRAISE_FAILURE_ROW_H
#define VERIFIER_APPRAISE_FAILURE_ROW_H

#include <pawl/cbor.h>

#include "appraise/failure.h"

/* Two items: the number of dropped ones, and an array of the others. */
void failures_write(const struct failures *f, struct pawl_wr *w);

/* The same, strictly; at most max of them. *ret was zero. */
void failures_read(struct pawl_cbor_rd *r, size_t max, struct failures *ret);

/* Text that is printable ASCII, and a NUL; *ret was zero. */
void failure_text_read(struct pawl_cbor_rd *r, const char *field, char *ret, size_t cap);

#endif
