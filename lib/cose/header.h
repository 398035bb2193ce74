/* SPDX-License-Identifier: Apache-2.0 */
/* Header maps: see header.c. Inside lib/cose only. */
#ifndef COSE_HEADER_H
#define COSE_HEADER_H

#include <pawl/cbor.h>
#include <pawl/cose.h>

/* Reads one map, which the report calls field: its parameters go to *p, the bits of them to *has.
 */
void cose_header_read(struct pawl_cbor_rd *r, const char *field, unsigned *has,
                      struct pawl_cose_params *p);

/* Writes a map of those parameters whose bits are set. */
void cose_header_write(struct pawl_wr *w, unsigned has, const struct pawl_cose_params *p);

#endif
