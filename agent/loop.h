/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `run`: what schedule.h says, until SIGTERM or SIGINT, and the application socket beside it. A
 * verifier, network or TPM that is away is no reason to end, nor is a lock that somebody else holds
 * or a disk that takes nothing, nor that nobody has joined the device yet; a configuration that
 * cannot be used is, and a socket that cannot be made.
 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include <pawl/base.h>

/* path: the configuration; it may come later. Returns when a signal asks for it, and ends the
 * process with 3 where a hung TPM does not let it; fails if it can never begin. Rounds are logged
 * on stderr. */
PAWL_MUST_USE pawl_status loop_run(const char *path, struct pawl_err *err);

#endif
