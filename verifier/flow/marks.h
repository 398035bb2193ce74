/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks: what each message of a tainted window turned out to be, told through the feed.
 *
 *     new -> tainted -> genuine | forged | unattested
 *
 * A message arrives as `new`, or with the mark that its slot deserves when a window is open or a
 * snapshot lies above it already. When an incident opens, what was delivered since the last clean
 * snapshot becomes `tainted`. When a snapshot covers the window and no leaf of it is missing, every
 * message of it gets its final mark, and the window ends below that snapshot.
 *
 * With on_incident = hold-messages, what arrives while the window is open is held: stored, and not
 * listed. What turns out genuine or unattested is then stored again as a message that is listed;
 * what is forged is told as a mark alone.
 *
 * A message whose id came before is stored as a copy, not listed, while its body is the same
 * (P-VMSG-4); when the one that was listed turns out forged and the copy genuine, the copy is
 * listed.
 *
 * Not here: what is found (ratchet/detect.h), the incident's row (flow/incident.h).
 */
#ifndef VERIFIER_FLOW_MARKS_H
#define VERIFIER_FLOW_MARKS_H

#include "flow/held.h"
#include "flow/inbox.h"

/* The window opens: everything of it that was delivered is tainted. Called in the step that opens
 * the incident, before the messages of the same request are stored. */
PAWL_MUST_USE pawl_status marks_taint(struct held *h, struct step *step, int64_t now_ms,
                                      struct pawl_err *err);

/* Behind reconciliation and supply: final marks, if all of the window below the snapshot can be
 * said. Nothing happens without a window. */
PAWL_MUST_USE pawl_status marks_resolve(struct held *h, struct step *step, int64_t now_ms,
                                        struct pawl_err *err);

/* The mark of a message that arrives now. g: its generation as it will be, or NULL. */
enum mark marks_arrival(const struct ratchet *r, const struct generation *g, uint64_t epoch,
                        uint64_t seq, const uint8_t leaf[PAWL_LEAF]);

#endif
