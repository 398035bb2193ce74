/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pawlctl allowlist` reads: a directory tree, Debian packages, Keylime's runtime policies.
 * All hash files, or take digests that somebody made of files; md5sums of packages are worth
 * nothing.
 */
#ifndef VERIFIER_CTL_ALLOWLIST_H
#define VERIFIER_CTL_ALLOWLIST_H

#include "appraise/allow_list.h"
#include "ctl/ctl.h"

/* Each regular file below a directory, by SHA-256, at root and its path below the directory. */
PAWL_MUST_USE pawl_status allow_tree(const char *directory, const char *root, struct allow_list *l,
                                     struct pawl_err *err);

/* Each regular file in a package. What Debian keeps in /bin, /sbin and /lib* stands in /usr on a
 * system of today, and as packaged on an older one: both are listed. */
PAWL_MUST_USE pawl_status allow_deb(const char *path, const char *root, struct allow_list *l,
                                    struct pawl_err *err);

/* The digests of a runtime policy. Of its excludes, which are regular expressions, those that are
 * plain anchored prefixes go to `exclude`, all others to `left_out`. */
PAWL_MUST_USE pawl_status allow_keylime(const char *path, struct allow_list *l, cJSON *exclude,
                                        cJSON *left_out, struct pawl_err *err);

/* root and a path below it, "/usr/bin/bash" for "./usr/bin/bash": in ret. RANGE. */
PAWL_MUST_USE pawl_status allow_path(const char *root, const char *below, char *ret, size_t cap,
                                     struct pawl_err *err);

#endif
