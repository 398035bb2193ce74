/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages that came since a window's beginning, with the marks that were told of them since:
 * heads alone, in the order in which they came.
 */
#ifndef VERIFIER_FLOW_WINDOW_H
#define VERIFIER_FLOW_WINDOW_H

#include "flow/held.h"
#include "flow/inbox.h"

struct window_entry {
    uint64_t          segment;
    uint32_t          at;    /* in its segment .. */
    uint32_t          index; /* .. and as inbox_mark has it */
    struct inbox_head head;  /* mark: the newest that was told */
    enum mark         now;   /* the caller's: what it turned out to be */
    bool              list;  /* the caller's: it is stored again, to be listed */
};

struct window {
    size_t               n, cap;
    struct window_entry *entry;
};

/* What is kept of it since since_ms. Release with window_done. */
PAWL_MUST_USE pawl_status window_read(const struct held *h, int64_t since_ms, struct window *ret,
                                      struct pawl_err *err);
void                      window_done(struct window *w);

/* Messages of one id at a time, each group in the order in which they came. */
typedef pawl_status       window_group_fn(struct window_entry **group, size_t n, void *arg,
                                          struct pawl_err *err);
PAWL_MUST_USE pawl_status window_by_id(struct window *w, window_group_fn *each, void *arg,
                                       struct pawl_err *err);

#endif
