/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API of a verifier: JSON over HTTP, on its Unix socket or over TLS (remote.h). */
#ifndef VERIFIER_CTL_API_H
#define VERIFIER_CTL_API_H

#include "ctl/ctl.h"

/* A path below /v1, built from parts that people typed; release with api_path_done. */
struct api_path {
    char *p;
};

void api_path_done(struct api_path *p);

/* Appends to *ret. fmt holds %s only; each argument is escaped. */
PAWL_MUST_USE pawl_status api_path(struct api_path *ret, struct pawl_err *err, const char *fmt, ...)
    PAWL_PRINTF(3, 4);

/* Appends what is escaped already. */
PAWL_MUST_USE pawl_status api_join(struct api_path *ret, const char *path, struct pawl_err *err);

/* One request. body NULL: GET, otherwise POST; it is released here. IO when the verifier cannot be
 * reached; what it refuses comes back with its field and detail: ABSENT never, CONFLICT for 409,
 * DENIED otherwise. */
PAWL_MUST_USE pawl_status api_call(const struct args *a, const char *path, cJSON *body, cJSON **ret,
                                   struct pawl_err *err);

/* The same with texts as they are; body.p NULL: GET. Behind the answer's bytes is a NUL. Release
 * *ret with bytes_done. */
PAWL_MUST_USE pawl_status api_text(const struct args *a, const char *path, struct pawl_view body,
                                   struct bytes *ret, struct pawl_err *err);

/* All pages of a list as one: the members of the first with the rows of all, and without "next". A
 * path with a query. list: the member that holds the rows; limit: so many at most, 0: all. */
PAWL_MUST_USE pawl_status api_list(const struct args *a, const char *path, const char *list,
                                   uint64_t limit, cJSON **ret, struct pawl_err *err);

#endif
