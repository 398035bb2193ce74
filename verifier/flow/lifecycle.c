/* SPDX-License-Identifier: Apache-2.0 */
/* The states of a device as a table. */

#include "flow/lifecycle.h"

static const char *const event_name[DEVICE_EVENT_COUNT] = {
    [DEVICE_EVENT_NONE] = "none",     [DEVICE_EVENT_ENROL] = "enrol",
    [DEVICE_EVENT_ADMIT] = "admit",   [DEVICE_EVENT_APPROVE] = "approve",
    [DEVICE_EVENT_REVOKE] = "revoke",
};

/* An empty cell: refused. An active device that enrols again needs somebody's word for it, or its
 * old keys would be only as safe as its EK; who has that word is decided by enroll.c. */
static const enum device_state next[DEVICE_COUNT][DEVICE_EVENT_COUNT] = {
    [DEVICE_NONE] = { [DEVICE_EVENT_ENROL] = DEVICE_PENDING, [DEVICE_EVENT_ADMIT] = DEVICE_ACTIVE },
    [DEVICE_PENDING] = { [DEVICE_EVENT_ENROL] = DEVICE_PENDING,
                         [DEVICE_EVENT_ADMIT] = DEVICE_ACTIVE,
                         [DEVICE_EVENT_APPROVE] = DEVICE_ACTIVE,
                         [DEVICE_EVENT_REVOKE] = DEVICE_REVOKED },
    [DEVICE_ACTIVE] = { [DEVICE_EVENT_ADMIT] = DEVICE_ACTIVE,
                        [DEVICE_EVENT_APPROVE] = DEVICE_ACTIVE,
                        [DEVICE_EVENT_REVOKE] = DEVICE_REVOKED },
    [DEVICE_REVOKED] = { DEVICE_NONE }, /* final */
};

const char *device_event_name(enum device_event e)
{
    return (unsigned)e < DEVICE_EVENT_COUNT ? event_name[e] : event_name[DEVICE_EVENT_NONE];
}

pawl_status device_next(enum device_state from, enum device_event on, enum device_state *ret,
                        struct pawl_err *err)
{
    if ((unsigned)from >= DEVICE_COUNT || (unsigned)on >= DEVICE_EVENT_COUNT)
        return pawl_fail(err, PAWL_E_BUG, "device.state", "state %d, event %d", (int)from, (int)on);
    if (next[from][on] == DEVICE_NONE)
        return pawl_fail(err, PAWL_E_STATE, "device.state", "%s is refused while %s",
                         event_name[on], device_state_name(from));
    *ret = next[from][on];
    return pawl_ok();
}
