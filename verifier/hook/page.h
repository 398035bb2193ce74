/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page of the feed on its way to a receiver: which of its entries go now. Pure; the page is
 * what GET /v1/messages answers.
 */
#ifndef VERIFIER_HOOK_PAGE_H
#define VERIFIER_HOOK_PAGE_H

#include "store/store.h"

struct page {
    char  *text;                  /* what to post; owned */
    char   next[FEED_CURSOR_MAX]; /* behind all of it */
    size_t listed;                /* entries that it came with .. */
    size_t n;                     /* .. and that are left; 0: nothing to post */
    char first[FEED_CURSOR_MAX];  /* cursor, time and device of the first of them; empty and 0 .. */
    int64_t first_s;
    uint8_t device[PAWL_DEVICE_ID];
    bool    has_device; /* .. if it names none */
};

/* Which entries stay. */
struct page_filter {
    bool (*waits)(const uint8_t device[PAWL_DEVICE_ID], const void *arg); /* NULL: none does */
    const void *arg;
    const char *until; /* nothing behind this cursor; NULL: all */
};

/* Takes text over in any case. An entry without a device stays. BUG if it is no page. */
PAWL_MUST_USE pawl_status page_open(char *text, const struct page_filter *filter, struct page *ret,
                                    struct pawl_err *err);
void                      page_done(struct page *p);

/* Below 0: a lies before b. An empty one is the beginning. */
int cursor_compare(const char *a, const char *b);

#endif
