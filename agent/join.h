/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pawl-agent join STRING` or `join -`: writes what the verifier's one string says into the
 * configuration file and keeps everything else that stands there, comments too.
 */
#ifndef AGENT_JOIN_H
#define AGENT_JOIN_H

#include <stdio.h>

#include "config.h"

/* What a new file holds beside the keys of join: each other key with its default, commented out. */
extern const char join_template[];

enum { JOIN_STRING_MAX = 1024 };

/* Reads the string as one line, blanks around it dropped. For `join -`: an argument would show a
 * token to whoever lists processes. FORM if there is none, RANGE if it is longer. Wipe *ret. */
PAWL_MUST_USE pawl_status join_read(FILE *in, char ret[JOIN_STRING_MAX], struct pawl_err *err);

/* The file's text with the keys of join replaced: server, tenant, verifier_key, tls, token.
 * FULL if it does not fit. */
PAWL_MUST_USE pawl_status join_text(struct pawl_view old, const struct pawl_join *join, char *ret,
                                    size_t cap, size_t *ret_n, struct pawl_err *err);

/* Replaces the file at once, with its owner and mode; makes it, mode 0600, and its directory, where
 * they are missing. DENIED if a token would come into a file that others can read. CONFLICT if the
 * file names another verifier, unless force is set. FORM for a bad string, without repeating it. */
PAWL_MUST_USE pawl_status join_file(const char *path, const char *string, bool force,
                                    struct pawl_err *err);

#endif
