/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was put back from an older copy does not know who was revoked since. Lists of revoked
 * devices that were kept, signed by this verifier, say so: each device on them is revoked again,
 * those too that the copy never knew.
 *
 * Invariant: all lists are read and good before the first device is touched.
 */
#ifndef VERIFIER_RELIST_H
#define VERIFIER_RELIST_H

#include <pawl/limits.h>

#include "flow/operator.h"

#define RELIST_MAX       16                 /* files */
#define RELIST_BYTES_MAX (64 * 1024 * 1024) /* of each: some 700,000 devices */

/* Files of GET /v1/revoked, of one tenant each, and what became of each. */
struct relist {
    size_t n;
    struct relisted {
        const char *path;
        char        tenant[PAWL_TENANT_MAX + 1];
        int64_t     signed_s;
        size_t      was[REVOKED_AGAIN_COUNT]; /* its devices, by what they were found as */
    } of[RELIST_MAX];
};

/* In a directory that nobody serves. made_s: when its copy was made; a list from before that is
 * refused (EXPIRED at "iat"), for the copy knows what it says. 0: whenever that was. Errors are
 * under the name of the file. */
PAWL_MUST_USE pawl_status relist(const char *dir, int64_t made_s, struct relist *l,
                                 struct pawl_err *err);

#endif
