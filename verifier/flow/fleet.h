/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many devices there are, by state, status and group. Counting a million rows takes seconds, so
 * it goes on in pieces between other requests, and what was counted is told for a while: at least
 * 5 s, and 20 times as long as counting took.
 */
#ifndef VERIFIER_FLOW_FLEET_H
#define VERIFIER_FLOW_FLEET_H

#include "flow/flow.h"

struct fleet;

/* Counts on for a short while. *ret_ready: there is a count that is young enough. */
PAWL_MUST_USE pawl_status fleet_count(struct fleet **fleet, struct flow *f, const char *tenant,
                                      bool *ret_ready, struct pawl_err *err);
void                      fleet_free(struct fleet **fleet);

/* The last count: after fleet_count said that it is ready. */
int64_t  fleet_as_of_s(const struct fleet *fleet);
uint64_t fleet_devices(const struct fleet *fleet);

enum fleet_by { FLEET_STATE, FLEET_STATUS, FLEET_GROUP, FLEET_BY_COUNT };

/* Row i by that; false behind the last. */
bool fleet_row(const struct fleet *fleet, enum fleet_by by, size_t i, const char **ret_name,
               uint64_t *ret_n);

#endif
