/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent answers to an application, but for messages that it hands in (group.h). */
#ifndef AGENT_LOCAL_ANSWER_H
#define AGENT_LOCAL_ANSWER_H

#include <pawl/local.h>

#include "flow/shared.h"

/* *ret points into body. ABSENT for a message that is not there yet. Wipe body. */
PAWL_MUST_USE pawl_status answer_request(struct shared *s, const struct pawl_local_req *m,
                                         uint8_t body[PAWL_BODY_MAX], struct pawl_local_ans *ret,
                                         struct pawl_err *err);

/* The next message behind this one. */
PAWL_MUST_USE pawl_status answer_message(struct shared *s, uint64_t after,
                                         uint8_t body[PAWL_BODY_MAX], struct pawl_local_ans *ret,
                                         struct pawl_err *err);

#endif
