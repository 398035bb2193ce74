/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGTERM and SIGINT, for `run`. They are blocked, so that none interrupts a command that the TPM
 * is at, and a thread of their own takes them: the first one asks, another one a moment later, or
 * some time after the first, ends the process with 3. A TPM knows no timeout, and a round can hang
 * in it for ever; files are whole at any moment (state/file.h).
 */
#ifndef AGENT_SIGNALS_H
#define AGENT_SIGNALS_H

#include <pthread.h>

#include <pawl/base.h>

#define SIGNALS_GRACE_MS  10000 /* from the signal to an end by force */
#define SIGNALS_MOMENT_MS 2000  /* signals so soon after the first one are the same wish */

/* grace_ms: for a test another one than SIGNALS_GRACE_MS. */
PAWL_MUST_USE pawl_status signals_open(uint64_t grace_ms, pthread_t *ret, struct pawl_err *err);
void                      signals_close(pthread_t thread);

/* A signal came. From any thread. */
bool signals_came(void);

/* Waits for a signal, for fd to be readable (-1: for none), or for so long. True for a signal. */
bool signals_wait(uint64_t ms, int fd);

#endif
