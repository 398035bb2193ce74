/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a device as a table: docs/state-machines.md is printed from it.
 *
 * The table decides whether an event may happen; the flows decide which event it is, and do it.
 */
#ifndef VERIFIER_FLOW_LIFECYCLE_H
#define VERIFIER_FLOW_LIFECYCLE_H

#include "store/store.h"

enum device_event {
    DEVICE_EVENT_NONE = 0,
    DEVICE_EVENT_ENROL,   /* proved its keys; nobody vouched for it */
    DEVICE_EVENT_ADMIT,   /* proved its keys; leave, a token or the tenant's rule let it in */
    DEVICE_EVENT_APPROVE, /* by an operator; of an active device: leave to enrol again, once */
    DEVICE_EVENT_REVOKE,  /* by an operator */
    DEVICE_EVENT_COUNT
};

const char *device_event_name(enum device_event e); /* "enrol"; never NULL */

/* from: DEVICE_NONE for a device without a record. STATE if the table refuses; BUG outside of it.
 */
PAWL_MUST_USE pawl_status device_next(enum device_state from, enum device_event on,
                                      enum device_state *ret, struct pawl_err *err);

#endif
