/* SPDX-License-Identifier: Apache-2.0 */
/* What the process gives up before it does anything: core dumps, being read by a debugger of the
 * same user, new privileges, files that others may read. */
#ifndef AGENT_SANDBOX_H
#define AGENT_SANDBOX_H

#include <pawl/base.h>

PAWL_MUST_USE pawl_status sandbox_enter(struct pawl_err *err);

#endif
