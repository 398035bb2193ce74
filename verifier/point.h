/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the verifier's store has just changed on disk, or is just about to, or an answer is about
 * to leave. A port: the program leaves it empty; a test stops the process here, at each point in
 * turn.
 */
#ifndef VERIFIER_POINT_H
#define VERIFIER_POINT_H

/* Called, on whatever thread is there, with the point's name: "store.committed". */
extern void (*point_reached)(const char *name);

void point(const char *name);

#endif
