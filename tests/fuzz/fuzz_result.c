/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the result: an embedded receipt and what is wanted: a read beyond the input or a list
 * beyond its limit, and a message that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_result, pawl_result_parse, pawl_result_write)
