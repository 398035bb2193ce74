/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pawl-agent send` and `recv`: through a running agent's socket, or by themselves where none runs
 * (own.h). They print nothing but messages and errors.
 */
#ifndef AGENT_MESSAGE_H
#define AGENT_MESSAGE_H

#include "cli.h"
#include "config.h"

enum cli_exit message_send(const struct cli *cli, const struct config *c);
enum cli_exit message_recv(const struct cli *cli, const struct config *c);

/* The agent that runs, or *ret stays NULL: without one we would be it, unless the configuration is
 * closed to us (IO). */
struct pawl_local;
PAWL_MUST_USE pawl_status message_agent(const struct config *c, struct pawl_local **ret,
                                        struct pawl_err *err);

#endif
