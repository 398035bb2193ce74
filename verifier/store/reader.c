/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of connections that read: a thread takes one, and gives it back when the read is over,
 * so a callback of a list may read too. */

#include <stdlib.h>

#include "store/sql.h"

struct reader {
    struct reader     *next;
    struct connection *c;
};

static pawl_status reader_make(struct sql_store *s, struct reader **ret, struct pawl_err *err)
{
    struct reader *r = calloc(1, sizeof(*r));

    if (!r)
        return pawl_fail(err, PAWL_E_MEMORY, "store.reader", "out of memory");
    pawl_status opened = s->open(s, &r->c, err);
    if (!pawl_is_ok(opened)) {
        free(r);
        return opened;
    }
    *ret = r;
    return pawl_ok();
}

static void reader_free(struct sql_store *s, struct reader *r)
{
    s->free(r->c);
    free(r);
}

pawl_status lease_reader(void *self, struct lease *ret, struct pawl_err *err)
{
    struct sql_store *s = self;
    struct reader    *r;

    pthread_mutex_lock(&s->lock);
    r = s->idle;
    if (r)
        s->idle = r->next;
    pthread_mutex_unlock(&s->lock);
    if (r && s->is_there && !s->is_there(s, r->c)) { /* and so are the others, most likely */
        reader_free(s, r);
        readers_close(s);
        r = NULL;
    }
    if (!r)
        PAWL_TRY(reader_make(s, &r, err));
    *ret = (struct lease){ .store = s, .reader = r, .c = r->c };
    return pawl_ok();
}

void lease_end(struct lease *l)
{
    if (!l->reader)
        return;
    if (l->c->broken) { /* as above */
        reader_free(l->store, l->reader);
        readers_close(l->store);
        return;
    }
    pthread_mutex_lock(&l->store->lock);
    l->reader->next = l->store->idle;
    l->store->idle = l->reader;
    pthread_mutex_unlock(&l->store->lock);
}

void readers_close(struct sql_store *s)
{
    struct reader *idle;

    pthread_mutex_lock(&s->lock);
    idle = s->idle;
    s->idle = NULL;
    pthread_mutex_unlock(&s->lock);
    while (idle) {
        struct reader *r = idle;
        idle = r->next;
        reader_free(s, r);
    }
}
