/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a verifier's state directory, complete: the service then starts with nothing else. */
#ifndef VERIFIER_INIT_H
#define VERIFIER_INIT_H

#include "state.h"

#define INIT_PATHS_MAX 16

struct init_paths {
    size_t      n;
    const char *path[INIT_PATHS_MAX];
};

struct init_options {
    const char *dir;
    const char *address;   /* NULL: host name and the port of listen */
    const char *listen;    /* NULL: "*:8443", or the port of address */
    const char *tenant;    /* NULL: "default" */
    const char *admission; /* NULL: "approve" */
    bool        with_token;
    /* Files or directories of certificates, PEM or DER, that are copied. */
    struct init_paths roots, lab_roots, intermediates;
};

/* ret: the join string. CONFLICT if dir holds anything. After a failure nothing is left behind. */
PAWL_MUST_USE pawl_status init_state(const struct init_options *o, char ret[STATE_JOIN_MAX],
                                     struct pawl_err *err);

#endif
