/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at a batch of downlink messages as the device gets it: a list beyond its limit, a nonce of
 * another length, and an answer that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_messages_ans, pawl_messages_ans_parse, pawl_messages_ans_write)
