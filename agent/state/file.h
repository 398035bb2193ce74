/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files that are whole or absent: read at once, replaced at once.
 *
 * Invariant: after a power cut, a full disk or a kill at any moment, the file holds either the old
 * bytes or the new ones (temporary file, fsync, rename, fsync of the directory).
 *
 * Not here: what the bytes mean, and who may write (the lock in dir.h).
 */
#ifndef AGENT_STATE_FILE_H
#define AGENT_STATE_FILE_H

#include <pawl/base.h>

/* Reads the whole file. ABSENT if there is none, RANGE if it is longer than cap, FORM if it is not
 * a regular file. err->where is name. */
PAWL_MUST_USE pawl_status file_read(int dir, const char *name, uint8_t *ret, size_t cap,
                                    size_t *ret_n, struct pawl_err *err);

/* Replaces the file, which keeps its owner and mode, or makes it, mode 0600; durable when it
 * returns. On failure (IO) the old file is still there and no temporary one is. */
PAWL_MUST_USE pawl_status file_replace(int dir, const char *name, struct pawl_view bytes,
                                       struct pawl_err *err);

/* Renames the file to NAME.bad, over an older one, for somebody to look at. */
PAWL_MUST_USE pawl_status file_set_aside(int dir, const char *name, struct pawl_err *err);

/* Opens the directory that a path names its file in, for the calls above; *ret_name gets the rest
 * of path. make: a missing directory is made, if its own parent is there. */
PAWL_MUST_USE pawl_status file_open_parent(const char *path, bool make, int *ret,
                                           const char **ret_name, struct pawl_err *err);

/* Closes *fd unless it is -1: for PAWL_CLEANUP. */
void file_close(int *fd);

#endif
