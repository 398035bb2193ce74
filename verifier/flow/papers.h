/* SPDX-License-Identifier: Apache-2.0 */
/* A device's papers: what its EK certificate says, and what the device says of itself. For people:
 * what of it decides anything stands in the device's row. JSON: {"ek": {..}, "facts": {..}}. */
#ifndef VERIFIER_FLOW_PAPERS_H
#define VERIFIER_FLOW_PAPERS_H

#include "flow/cookie.h"
#include "store/store.h"

/* *ret: owned by the caller (free). */
PAWL_MUST_USE pawl_status papers_write(const struct cookie *c, char **ret, struct pawl_err *err);

#endif
