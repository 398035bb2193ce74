/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware's event log, as the kernel keeps it of this boot: bytes, and what A1.LOG says of
 * them.
 *
 * Not here: what stands in it. It proves nothing until the verifier replays it against the quote.
 */
#ifndef AGENT_EVIDENCE_EVENTLOG_H
#define AGENT_EVIDENCE_EVENTLOG_H

#include <pawl/base.h>

#define EVENTLOG_KEY "event_log" /* of the configuration; begins each error */
#define EVENTLOG_MAX (1024 * 1024)

struct eventlog {
    uint8_t *bytes; /* owned */
    size_t   n;     /* 0: there is none */
    uint8_t  sha256[32];
};

/* Reads it whole. ABSENT if it is not there or empty, RANGE above EVENTLOG_MAX, IO and FORM if it
 * cannot be read; then *ret is as it was. Release with eventlog_done. */
PAWL_MUST_USE pawl_status eventlog_read(const char *path, struct eventlog *ret,
                                        struct pawl_err *err);

void eventlog_done(struct eventlog *l); /* also for PAWL_CLEANUP */

#endif
