/* SPDX-License-Identifier: Apache-2.0 */
/* The socket's place among the files. */
#ifndef AGENT_LOCAL_LISTEN_H
#define AGENT_LOCAL_LISTEN_H

#include <pawl/base.h>

/* A listening SOCK_SEQPACKET socket; its directory is made if the one above it is there. What an
 * agent that was killed left behind is replaced. others: people beside root and our own user come
 * through the file system too. CONFLICT if somebody listens there; IO, with what to do, where it
 * cannot be made. */
PAWL_MUST_USE pawl_status listen_open(const char *path, bool others, int *ret,
                                      struct pawl_err *err);

/* Closes it and removes the file. */
void listen_close(const char *path, int *fd);

#endif
