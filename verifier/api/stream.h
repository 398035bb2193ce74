/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed as an answer without an end (text/event-stream): what is there, then what comes.
 *
 * Invariants
 *  1. Events go out in the order of the feed, each once, behind the cursor that the reader came
 *     with: who comes again with the last id that he has misses nothing and gets nothing twice.
 *  2. Nothing is read while the reader has not taken what was read before: a slow one holds a page.
 *  3. A stream ends within a second of its reader's credential, or of the role and tenant that it
 *     had; and after LIFE_MS: its reader comes again.
 *  4. Each has a place (waits.h); a process that stops ends them all between two events.
 */
#ifndef VERIFIER_API_STREAM_H
#define VERIFIER_API_STREAM_H

#include "api/api.h"
#include "flow/operator.h"

struct stream;

/* Reads the first page behind q->after. Fails as wait_hold and operator_events do. */
PAWL_MUST_USE pawl_status stream_open(struct flow *f, const struct tenant_config *tenant,
                                      const struct credential *asker, const struct message_query *q,
                                      struct stream **ret, struct pawl_err *err);

/* Answers r with it, and releases both when one of the two ends goes away. */
void stream_run(struct stream *s, struct http_request *r);

/* One that was not run. */
void stream_free(struct stream **s);

#endif
