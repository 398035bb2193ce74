/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the receipt that a device gets beside its EAR: more generations than there are places, a
 * bitmap or a digest of another length, and a receipt that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_receipt, pawl_receipt_parse, pawl_receipt_write)
