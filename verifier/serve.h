/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_SERVE_H
#define VERIFIER_SERVE_H

#include <pawl/base.h>

/* Serves until SIGTERM or SIGINT; then requests in flight get their answers. SIGHUP: see reload.h.
 * Prints one line that begins with "ready" on stdout when it takes connections. CONFLICT if a
 * verifier serves this state already. */
PAWL_MUST_USE pawl_status serve(const char *dir, struct pawl_err *err);

#endif
