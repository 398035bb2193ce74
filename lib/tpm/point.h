/* SPDX-License-Identifier: Apache-2.0 */
/* Inside lib/tpm: coordinates of points. */
#ifndef LIB_TPM_POINT_H
#define LIB_TPM_POINT_H

#include <pawl/tpm.h>

/* A TPM2B_ECC_PARAMETER of at most field_n bytes, left-padded to that: older TPMs leave leading
 * zeros out (Part 1, C.8). */
void rd_coordinate(struct pawl_rd *r, const char *field, uint8_t *ret, size_t field_n);

#endif
