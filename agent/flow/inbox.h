/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes down for applications: from the verifier's answer into the inbox, and out of it.
 *
 * Invariant: a message is put into the inbox before its slot is logged as taken, and handed on only
 * after (D7). A crash in between leaves one that nobody saw and the verifier sends again:
 * inbox_open takes it off, so each is handed on once.
 */
#ifndef AGENT_FLOW_INBOX_H
#define AGENT_FLOW_INBOX_H

#include "flow/flow.h"

/* An answer of /messages: all that opens is logged, kept, and counted in *done. Bytes that are no
 * message, or no key of ours opens, are left out: the verifier sends again what we do not
 * acknowledge. */
PAWL_MUST_USE pawl_status inbox_take(struct flow *f, struct pawl_view body,
                                     struct flow_messages *done, struct pawl_err *err);

/* After a start: takes off what was put there and never logged. */
PAWL_MUST_USE pawl_status inbox_open(struct live *l, struct pawl_err *err);

/* The oldest message behind `after` that may be handed on; as spool_next. From any thread. */
PAWL_MUST_USE pawl_status inbox_next(struct spool *inbox, uint64_t after, uint64_t *ret_id,
                                     uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err);

#endif
