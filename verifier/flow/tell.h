/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who learns of a step beside the device's own events: readers of the tenant's feed, and of its
 * audit chain (audit.h). Both are rows of the step that they tell of, so that there is neither
 * without the other.
 */
#ifndef VERIFIER_FLOW_TELL_H
#define VERIFIER_FLOW_TELL_H

#include "flow/flow.h"
#include "flow/json.h"

/* A document with the members that every entry of the feed has: type, device, time. */
struct json tell_begin(const char *type, const uint8_t device[PAWL_DEVICE_ID], int64_t now_ms);
/* Becomes an entry of the feed. */
PAWL_MUST_USE pawl_status tell_feed(struct step *step, const struct json *entry,
                                    const uint8_t device[PAWL_DEVICE_ID], int64_t now_ms,
                                    struct pawl_err *err);

/* A line of JSON becomes an entry of the chain. device NULL: it is about none. */
PAWL_MUST_USE pawl_status tell_chain(struct step *step, const char *line, const uint8_t *device,
                                     int64_t now_ms, struct pawl_err *err);

/* An operator's act, into the chain: {"what", "kind", "by", "detail"}, where detail is the step's
 * event, which is written already: names and words of ours, and no text of anybody's. */
PAWL_MUST_USE pawl_status tell_act(const struct flow *f, struct step *step, const char *what,
                                   const char *kind, struct pawl_err *err);

#endif
