/* SPDX-License-Identifier: Apache-2.0 */
/* What an incident's step is put together from; for incident.c alone. */
#ifndef VERIFIER_FLOW_INCIDENT_PARTS_H
#define VERIFIER_FLOW_INCIDENT_PARTS_H

#include "flow/incident.h"

/* ---- incident_row.c -------------------------------------------------------------------------- */

/* The row of that epoch's incident: of the step, or of the store, or a new one; in the step from
 * now on, until the next call. */
PAWL_MUST_USE pawl_status incident_row_in(const struct held *h, struct step *step, uint64_t epoch,
                                          struct incident_row **ret, struct pawl_err *err);

/* inv. 2: everything that h->r.incident knows. */
void incident_row_follow(const struct held *h, int64_t now_ms, struct incident_row *row);

/* ---- incident_tell.c ------------------------------------------------------------------------- */

/* Adds an entry to the chain: {"what", "incident": DEVICE.EPOCH, "kind", "severity", "state",
 * "rules", "detail", ..}. detail: a sentence, or empty. */
PAWL_MUST_USE pawl_status incident_audit(const struct held *h, struct step *step, int64_t now_ms,
                                         const char *what, const struct incident_row *row,
                                         const char *detail, struct pawl_err *err);
/* The state of it, for the feed. */
PAWL_MUST_USE pawl_status incident_notice(const struct held *h, struct step *step, int64_t now_ms,
                                          const struct incident_row *row, struct pawl_err *err);

/* ---- incident_proof.c ------------------------------------------------------------------------ */

/* The proof of these findings, into the step; none beyond INCIDENT_PROOFS_MAX, and what does not
 * fit is left out of it, leaves first. */
PAWL_MUST_USE pawl_status incident_prove(struct held *h, const struct device *d, struct step *step,
                                         int64_t now_ms, const struct findings *found,
                                         const char *detail, const struct incident_case *c,
                                         struct pawl_err *err);

#endif
