/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the kernel's that is read from its begin to its end. It says no size beforehand and may
 * grow meanwhile, so nothing here believes fstat's.
 */
#ifndef AGENT_EVIDENCE_SOURCE_H
#define AGENT_EVIDENCE_SOURCE_H

#include <pawl/base.h>

/* key: of the configuration, for errors. ABSENT if it is not there, IO or FORM (no regular file)
 * otherwise. Close *ret_fd with source_close, also by PAWL_CLEANUP. */
PAWL_MUST_USE pawl_status source_open(const char *path, const char *key, int *ret_fd,
                                      struct pawl_err *err);
void                      source_close(int *fd);

/* Up to cap bytes; fewer only at the end. */
PAWL_MUST_USE pawl_status source_read(int fd, const char *key, uint8_t *ret, size_t cap,
                                      size_t *ret_n, struct pawl_err *err);

#endif
