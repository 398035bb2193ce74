/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of connections that read: a thread takes one, and gives it back when the read is over,
 * so a callback of a list may read too. Between reads_begin and reads_end it keeps its first one,
 * in one transaction: each of its own would find the store's pages again. */

#include <stdlib.h>

#include "store/sql.h"

struct reader {
    struct reader     *next;
    struct connection *c;
};

/* What this thread keeps. */
static _Thread_local struct keeping {
    struct sql_store *store;  /* NULL: nothing */
    struct reader    *reader; /* NULL: it read nothing yet */
    bool              in_use; /* whoever else reads meanwhile takes another one */
    unsigned          depth;  /* pairs that are open: the outermost one counts */
} kept;

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

static pawl_status take(struct sql_store *s, struct reader **ret, struct pawl_err *err)
{
    struct reader *r;

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
    *ret = r;
    return pawl_ok();
}

static void give_back(struct sql_store *s, struct reader *r)
{
    if (r->c->broken) { /* as above */
        reader_free(s, r);
        readers_close(s);
        return;
    }
    pthread_mutex_lock(&s->lock);
    r->next = s->idle;
    s->idle = r;
    pthread_mutex_unlock(&s->lock);
}

static pawl_status take_to_keep(struct sql_store *s, struct pawl_err *err)
{
    struct reader *r;

    PAWL_TRY(take(s, &r, err));
    pawl_status began = s->begin(r->c, err);
    if (!pawl_is_ok(began)) {
        give_back(s, r);
        return began;
    }
    kept.reader = r;
    return pawl_ok();
}

pawl_status lease_reader(void *self, struct lease *ret, struct pawl_err *err)
{
    struct sql_store *s = self;
    struct reader    *r;

    if (kept.store != s || kept.in_use) {
        PAWL_TRY(take(s, &r, err));
    } else {
        if (!kept.reader)
            PAWL_TRY(take_to_keep(s, err));
        r = kept.reader;
        kept.in_use = true;
    }
    *ret = (struct lease){ .store = s, .reader = r, .c = r->c };
    return pawl_ok();
}

void lease_end(struct lease *l)
{
    if (!l->reader)
        return;
    if (l->reader == kept.reader)
        kept.in_use = false;
    else
        give_back(l->store, l->reader);
}

void sql_reads_begin(void *self)
{
    struct sql_store *s = self;

    if (s->begin && kept.depth++ == 0)
        kept.store = s;
}

void sql_reads_end(void *self)
{
    struct sql_store *s = self;

    if (!s->begin || --kept.depth > 0)
        return;
    if (kept.reader) {
        kept.store->end(kept.reader->c);
        give_back(kept.store, kept.reader);
    }
    kept = (struct keeping){ 0 };
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
