/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of connections that read: a thread takes one, and gives it back when the read is over,
 * so a callback of a list may read too. In WAL mode they never wait for the writer, and see only
 * what is durable. */

#include <stdio.h>
#include <stdlib.h>

#include "store/sqlite.h"

struct reader {
    struct reader    *next;
    struct connection c;
};

static pawl_status reader_make(const char *file, struct reader **ret, struct pawl_err *err)
{
    struct reader *r = calloc(1, sizeof(*r));

    if (!r)
        return pawl_fail(err, PAWL_E_MEMORY, "store.reader", "out of memory");
    pawl_status s = connection_open(file, &r->c, err);
    if (pawl_is_ok(s))
        s = connection_exec(&r->c, "PRAGMA query_only = ON", "open", err);
    if (!pawl_is_ok(s)) {
        connection_close(&r->c);
        free(r);
        return s;
    }
    *ret = r;
    return pawl_ok();
}

pawl_status lease_reader(struct sqlite_store *s, struct lease *ret, struct pawl_err *err)
{
    struct reader *r;

    pthread_mutex_lock(&s->lock);
    r = s->idle;
    if (r)
        s->idle = r->next;
    pthread_mutex_unlock(&s->lock);
    if (!r)
        PAWL_TRY(reader_make(s->file, &r, err));
    *ret = (struct lease){ .store = s, .reader = r, .c = &r->c };
    return pawl_ok();
}

void lease_end(struct lease *l)
{
    if (!l->reader)
        return;
    pthread_mutex_lock(&l->store->lock);
    l->reader->next = l->store->idle;
    l->store->idle = l->reader;
    pthread_mutex_unlock(&l->store->lock);
}

void readers_close(struct sqlite_store *s)
{
    while (s->idle) {
        struct reader *r = s->idle;
        s->idle = r->next;
        connection_close(&r->c);
        free(r);
    }
}

pawl_status row_absent(const struct query *q, struct pawl_err *err)
{
    char where[sizeof(err->where)];

    PAWL_TRY(query_end(q, err));
    snprintf(where, sizeof(where), "store.%s", q->table);
    return pawl_fail(err, PAWL_E_ABSENT, where, "no such row");
}
