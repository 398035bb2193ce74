/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One receiver over HTTP: a body goes there, and whether it was taken comes back.
 *
 * TLS is verified against the system's roots, redirects are not followed, and what the receiver
 * answers beside its status is dropped unread. Nothing of a body comes into an error.
 */
#ifndef VERIFIER_HOOK_POST_H
#define VERIFIER_HOOK_POST_H

#include <pawl/base.h>

struct post;

/* Before any other thread of the process uses libcurl. */
PAWL_MUST_USE pawl_status post_open(const char *url, struct post **ret, struct pawl_err *err);
void                      post_close(struct post **p);

/* name: value of a header. */
struct post_header {
    const char *name, *value;
};

/* Good only if the receiver said 2xx. FORM if it refused what was in the post (400, 409, 413, 415,
 * 422): others may be taken. STATE if post_stop came first. *ret_wait_s: how long it asks
 * to be left alone (Retry-After), 0 if it does not; set in any case. */
PAWL_MUST_USE pawl_status post_send(struct post *p, const struct post_header *header, size_t n,
                                    struct pawl_view body, uint64_t *ret_wait_s,
                                    struct pawl_err *err);

/* Waits that long, or until post_stop; false then. */
bool post_wait(struct post *p, uint64_t ms);

/* From any thread: ends what is under way in post_send or post_wait, and all that comes. */
void post_stop(struct post *p);

#endif
