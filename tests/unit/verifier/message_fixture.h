/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of messages and what becomes of it: taken, refused, or refused as an incident.
 */
#ifndef VERIFIER_MESSAGE_FIXTURE_H
#define VERIFIER_MESSAGE_FIXTURE_H

#include "soft_messages.h"

/* Sends what e sealed; it is taken. */
void   messages_taken(struct world *w, const struct soft_device *d, const struct soft_epoch *e,
                      const struct pawl_view *cose, size_t n);
void   messages_refused(struct world *w, const struct soft_device *d, const struct pawl_view *cose,
                        size_t n);
size_t incident_count(struct world *w);

#endif
