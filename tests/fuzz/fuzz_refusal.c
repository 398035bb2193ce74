/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at a refusal's payload: a read beyond the input or a list beyond its limit,
 * and a message that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_refusal, pawl_refusal_parse, pawl_refusal_write)
