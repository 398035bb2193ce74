/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at evidence: PCR values, logs, IMA list: a read beyond the input or a list beyond its limit,
 * and a message that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_evidence, pawl_evidence_parse, pawl_evidence_write)
