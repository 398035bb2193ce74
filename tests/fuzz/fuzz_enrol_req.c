/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the enrolment request (keys, certificates, token, facts): a read beyond the input or a
 * list beyond its limit, and a message that has a second encoding.
 */

#include <pawl/wire.h>

#include "fuzz.h"

FUZZ_ONE_ENCODING(struct pawl_enrol_req, pawl_enrol_req_parse, pawl_enrol_req_write)
