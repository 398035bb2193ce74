/* SPDX-License-Identifier: Apache-2.0 */
/* Header maps: see header.c. Inside lib/cose only. */
#ifndef COSE_HEADER_H
#define COSE_HEADER_H

#include <pawl/cbor.h>
#include <pawl/cose.h>

/* Reads one map, which the report calls field. */
void cose_header_read(struct pawl_cbor_rd *r, const char *field, struct pawl_cose_header *ret);

void cose_header_write(struct pawl_wr *w, const struct pawl_cose_header *h);

#endif
