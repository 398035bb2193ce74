/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the judgement of a measurement list as it stands in the database and rides in a ticket:
 * counts that lead out of its arrays, places that cannot be, digests of another length than the
 * bank's.
 */

#include "appraise/ima_state.h"
#include "fuzz.h"

FUZZ_ONE_ENCODING(struct ima_state, ima_state_parse, ima_state_write)
