/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents: what detection found, written down before anything is done about it (V4). One for each
 * device and epoch; it stands in the step that finds it, and demands a rekey. */
#ifndef VERIFIER_FLOW_INCIDENT_H
#define VERIFIER_FLOW_INCIDENT_H

#include "flow/held.h"
#include "ratchet/detect.h"

/* fmt: a sentence for people. */
PAWL_MUST_USE pawl_status incident_open(struct held *h, struct step *step, int64_t now_ms,
                                        struct pawl_err *err, enum rule rule, const char *fmt, ...)
    PAWL_PRINTF(6, 7);

/* The same for what was found; nothing happens without a finding. */
PAWL_MUST_USE pawl_status incident_of(struct held *h, struct step *step, int64_t now_ms,
                                      const struct findings *found, struct pawl_err *err);

#endif
