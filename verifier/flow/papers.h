/* SPDX-License-Identifier: Apache-2.0 */
/* A device's papers: what its EK certificate says, and what the device says of itself. For people;
 * of all that only the manufacturer decides anything, with the firmware's version. JSON: {"ek":
 * {..}, "facts": {..}}. */
#ifndef VERIFIER_FLOW_PAPERS_H
#define VERIFIER_FLOW_PAPERS_H

#include "flow/cookie.h"
#include "store/store.h"

#define PAPERS_MANUFACTURER 16

/* *ret: owned by the caller (free). */
PAWL_MUST_USE pawl_status papers_write(const struct cookie *c, char **ret, struct pawl_err *err);

/* "id:53544D20", from the papers of a device; empty without papers, and if its certificate
 * names none. */
PAWL_MUST_USE pawl_status papers_manufacturer(const struct store *s, const struct device *d,
                                              char ret[PAPERS_MANUFACTURER], struct pawl_err *err);

#endif
