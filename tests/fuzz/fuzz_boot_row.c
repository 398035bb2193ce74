/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at a boot as it stands in the database, and in saved evidence: counts that lead out of its
 * arrays, values that belong to no selected PCR, digests of another length than the bank's.
 */

#include "appraise/boot.h"
#include "fuzz.h"

FUZZ_ONE_ENCODING(struct boot, boot_parse, boot_write)
