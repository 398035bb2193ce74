/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the transcript A1 and its four lists: a read beyond the input or a list beyond its limit,
 * and a message that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_a1, pawl_a1_parse, pawl_a1_write)
