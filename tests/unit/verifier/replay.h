/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the replays of tests/model need beside the fixture: a verifier that dies and starts again,
 * one whose store is put back from a copy (the database's own file, recognised by the store
 * itself), and a device that heeds refusals.
 */
#ifndef VERIFIER_REPLAY_H
#define VERIFIER_REPLAY_H

#include "soft_log.h"

/* Signed, and answered by a signed refusal with this code. */
struct pawl_refusal replay_says_no(struct world *w, struct soft_evidence *ev,
                                   enum pawl_refusal_code code);
/* The same for a fresh request with this label; the device remembers what it is told. */
struct pawl_refusal replay_refused(struct world *w, struct soft_device *d, enum pawl_label label,
                                   enum pawl_refusal_code code);
/* A request with this label that is accepted, and whose answer is lost. */
void replay_answer_lost(struct world *w, struct soft_device *d, enum pawl_label label);

/* The verifier's process dies; what is durable is all that the next one has. */
void replay_restart(struct world *w);
/* A copy of the store; and that copy put back in its place, later than anything in it. */
void replay_keep_store(struct world *w);
void replay_put_back(struct world *w);

/* The device's newest root is current or pending, attested now, and by that current. Nothing was
 * called a fork. */
void replay_in_step(struct world *w, struct soft_device *d);

#endif
