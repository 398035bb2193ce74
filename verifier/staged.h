/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory that appears whole or not at all: it is filled as DIR.XXXXXX beside its place, and
 * renamed when it is complete and on disk.
 *
 * A place that holds anything is never touched.
 */
#ifndef VERIFIER_STAGED_H
#define VERIFIER_STAGED_H

#include <limits.h>

#include <pawl/base.h>

struct staged {
    const char *place;
    char        dir[PATH_MAX]; /* to be filled; empty: there is none */
};

/* CONFLICT unless place is free: absent or an empty directory. */
PAWL_MUST_USE pawl_status staged_begin(const char *place, struct staged *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status staged_end(struct staged *s, struct pawl_err *err);
/* Removes what was not ended. Also for PAWL_CLEANUP. */
void staged_drop(struct staged *s);

/* Makes the entries of a directory durable. */
void staged_sync(const char *dir);

#endif
