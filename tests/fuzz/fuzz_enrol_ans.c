/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the answer to an enrolment: a read beyond the input or a list beyond its limit,
 * and a message that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_enrol_ans, pawl_enrol_ans_parse, pawl_enrol_ans_write)
