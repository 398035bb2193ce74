/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the agent's state has just changed on disk or in the TPM, or is just about to. A port: the
 * program leaves it empty; a test stops the process here, at each point in turn.
 */
#ifndef AGENT_STATE_POINT_H
#define AGENT_STATE_POINT_H

/* Called with the point's name, "slot.written": verb in the past, what it happened to in front. */
extern void (*point_reached)(const char *name);

void point(const char *name);

#endif
