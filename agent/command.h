/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command of the operator's that runs beside the agent: one at a time, never waited for, ended by
 * force when it takes too long.
 *
 * Invariants
 *  1. It inherits no descriptor but /dev/null and our log, no signal mask, and of the environment
 *     nothing but what is handed to command_start.
 *  2. It leads a session of its own, so that force ends what it started as well.
 *  3. Whoever started one calls command_look until it says that none runs: so no zombie is left.
 *
 * No shell takes part: words are split at blanks, and nothing else in them means anything.
 */
#ifndef AGENT_COMMAND_H
#define AGENT_COMMAND_H

#include <sys/types.h>

#include <pawl/base.h>

#define COMMAND_MAX_MS    60000
#define COMMAND_WORDS_MAX 16
#define COMMAND_ENV_MAX   8

struct command {
    pid_t   pid;      /* 0: none runs */
    int64_t until_ms; /* then it is ended */
};

enum command_state {
    COMMAND_NONE = 0, /* none runs .. */
    COMMAND_RUNS,
    COMMAND_ENDED, /* .. and this is the first look that sees it */
};

/* line: an absolute path and arguments, with blanks between. env: "NAME=value", NULL at its end, to
 * which a PATH is added. now_ms: any clock that command_look uses too. RANGE for too many words, IO
 * if no process can be made. That the file cannot be run is said on stderr, by the child. */
PAWL_MUST_USE pawl_status command_start(struct command *c, const char *line, const char *const *env,
                                        int64_t now_ms, struct pawl_err *err);

/* Whether its program is there and may be run by us, as it is now: who waits for the first incident
 * learns of a typing error too late. ABSENT or DENIED. */
PAWL_MUST_USE pawl_status command_check(const char *line, struct pawl_err *err);

enum command_state command_look(struct command *c, int64_t now_ms);

/* Ends what runs. For PAWL_CLEANUP. */
void command_stop(struct command *c);

#endif
