/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at what is supplied after a result: logs, IMA list, leaves: a read beyond the input or a
 * list beyond its limit, and a message that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_supply, pawl_supply_parse, pawl_supply_write)
