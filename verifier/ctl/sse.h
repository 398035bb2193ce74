/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events as they come in pieces: what the verifier's stream sends, one event behind the
 * other. Comments and fields that nobody asks for are passed over. */
#ifndef VERIFIER_CTL_SSE_H
#define VERIFIER_CTL_SSE_H

#include "ctl/ctl.h"

#define SSE_ID_MAX    48            /* with its 0 */
#define SSE_EVENT_MAX (1024 * 1024) /* bytes of one event */

struct sse {
    size_t n, cap;
    char  *p; /* of an event that is not whole yet */
};

void sse_done(struct sse *s);

/* An event: its id, empty without one, and its data. Both end with the call. */
typedef pawl_status sse_fn(const char *id, const char *data, void *arg, struct pawl_err *err);

/* RANGE for an event that does not end or has lines that are too long; stops at the first failure
 * of each. */
PAWL_MUST_USE pawl_status sse_take(struct sse *s, struct pawl_view bytes, sse_fn *each, void *arg,
                                   struct pawl_err *err);

#endif
