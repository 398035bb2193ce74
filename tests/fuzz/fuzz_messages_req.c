/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at a batch of COSE messages, each an item that is only walked over: a read beyond the input
 * or a list beyond its limit, and a message that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_messages_req, pawl_messages_req_parse, pawl_messages_req_write)
