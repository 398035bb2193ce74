/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the plaintext of a message, which the other side chose: a list beyond its limit, a bitmap
 * that claims slots above the highest, and a plaintext that has a second encoding.
 */

#include <pawl/ratchet.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_content, pawl_content_parse, pawl_content_write)
