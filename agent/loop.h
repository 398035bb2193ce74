/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `run`: rounds until SIGTERM or SIGINT. A verifier, network or TPM that is away is no reason to
 * end, nor is a lock that somebody else holds or a disk that takes nothing; a configuration that
 * cannot be used is.
 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include "config.h"

#define LOOP_STOP_GRACE_S   10 /* from the signal to an end by force */
#define LOOP_RETRY_MIN_MS   5000
#define LOOP_RETRY_MAX_MS   (15 * 60 * 1000)
#define LOOP_RETRY_BUSY_MAX 3600  /* seconds that an unsigned answer can ask for */
#define LOOP_RETRY_TOLD_MAX 86400 /* seconds: no answer keeps a device silent for longer */

/* How long to wait. failures in a row (0: the last round was good) make it longer; told_s: the
 * verifier asked for that much at least. random: any 32 bits, for the jitter. */
uint64_t loop_wait_ms(const struct config *c, unsigned failures, uint64_t told_s, uint32_t random);

/* Returns when a signal asks for it, and ends the process with 3 where a hung TPM does not let it;
 * fails if it can never begin. Rounds are logged on stderr. */
PAWL_MUST_USE pawl_status loop_run(struct config *c, struct pawl_err *err);

#endif
