/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `status`: six lines that say how it stands: server, software, keys, queue, last contact, next
 * step. Software and keys have a light each: a rekey proves fresh keys, not clean software. From
 * configuration and state directory, and what a running agent says of its queue.
 */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include <pawl/local.h>

#include "cli.h"
#include "config.h"
#include "state/record.h"

/* What status is made of. */
struct status {
    const struct config    *config;
    struct record           record;
    bool                    has_state; /* the directory is there */
    long                    pid;       /* of the agent that runs; 0 none, -1 not known */
    bool                    has_queue; /* it told us */
    struct pawl_local_facts queue;
    int64_t                 contact_s; /* Unix time, 0: never */
    int64_t                 now_s;
};

PAWL_MUST_USE pawl_status status_look(const struct config *c, struct status *ret,
                                      struct pawl_err *err);

/* CLI_GOOD: enrolled, affirming, in contact, no incident. Otherwise CLI_ATTENTION. */
enum cli_exit status_judge(const struct status *s);

/* What a person should do next: one sentence. */
void status_next(const struct status *s, char *ret, size_t cap);

/* On stdout. */
void status_print(const struct status *s, bool json);

#endif
