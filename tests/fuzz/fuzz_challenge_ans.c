/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the answer with a nonce, PCR selection inside: a read beyond the input or a list beyond
 * its limit, and a message that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_challenge_ans, pawl_challenge_ans_parse, pawl_challenge_ans_write)
