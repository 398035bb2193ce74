/* SPDX-License-Identifier: Apache-2.0 */
/* Remembers what the device's face refused, for GET /v1/why. */
#ifndef VERIFIER_API_REFUSED_H
#define VERIFIER_API_REFUSED_H

#include "api/api.h"

/* What was refused: of a flow (a and err), or by HTTP itself (a NULL, err NULL, why). */
struct refused_request {
    int                    status; /* of HTTP */
    enum refused           is;
    const struct answer   *a;
    const struct pawl_err *err;
    const char            *why;
};

void refused_note(const struct http_request *r, const struct refused_request *what);
/* The same of what never became a request: for these there is no worker, and so no context. */
void refused_unread(const char *request, int status, const char *why);

/* Where refused_unread goes; NULL: nowhere. Before the servers start and after they stopped. */
void refused_unread_to(const struct flow *f);

#endif
