/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HTTP_ROUTE_H
#define VERIFIER_HTTP_ROUTE_H

#include "http/http.h"

/* What a table says to a request. status 0: route takes it; else 404, 405 (with allow). */
struct route_match {
    int                      status;
    const struct http_route *route;
    const char              *allow;
    char                     segment[HTTP_SEGMENT_MAX + 1];
};

/* method HTTP_NONE: one that no route has. Pure. */
struct route_match route_find(const struct http_route *table, enum http_method method,
                              const char *path);

/* Whether the header Content-Type names this media type, whatever its parameters. */
bool route_type_is(const char *header, const char *type);

#endif
