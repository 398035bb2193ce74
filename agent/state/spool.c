/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is put or taken off waits in memory until a sync brings it to the disk as one frame. A
 * thread that syncs does not keep others from putting: what they put goes with the next frame.
 */
#include "state/spool.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/file.h"
#include "state/point.h"
#include "state/spool_book.h"

struct spool {
    pthread_mutex_t   lock;
    pthread_cond_t    settled;
    bool              busy; /* somebody writes; the book's file is theirs */
    uint64_t          cap_n;
    struct spool_book book;
    /* What waits, as the body of the next frame. Byte i of it is byte base + i of all that ever
     * waited; the first is the frame's kind and always there. */
    uint64_t       base;
    struct pawl_wr wait;
};

enum { KIND = 1 };

/* For PAWL_CLEANUP. */
static void unlock(struct spool **s)
{
    pthread_mutex_unlock(&(*s)->lock);
}

#define HOLD(s)                                                                                    \
    PAWL_CLEANUP(unlock) struct spool *held = (s);                                                 \
    pthread_mutex_lock(&held->lock)

/* ---- opening -------------------------------------------------------------------------------- */

static void forget_records(struct spool_book *b)
{
    b->first = b->n = 0;
    b->live_n = b->body_n = b->next_no = 0;
    b->has_head = false;
}

static pawl_status open_book(int dir, struct spool_book *b, struct pawl_err *err)
{
    struct pawl_err ignored;

    pawl_status s = spool_book_load(dir, b, err);
    if (pawl_is_ok(s)) {
        /* Without room for it the spoilt file goes on as it is. */
        if (b->lost)
            (void)!pawl_is_ok(spool_book_rewrite(dir, b, &ignored));
        return s;
    }
    if (s.code == PAWL_E_IO || s.code == PAWL_E_MEMORY || s.code == PAWL_E_CRYPTO)
        return s;
    forget_records(b);
    b->lost = s.code != PAWL_E_ABSENT;
    if (b->lost)
        PAWL_TRY(file_set_aside(dir, b->name, err));
    return spool_book_rewrite(dir, b, err);
}

static pawl_status open_all(int dir, const struct spool_config *c, const struct pawl_secret *key,
                            struct spool *s, struct pawl_err *err)
{
    struct spool_book *b = &s->book;
    const size_t       cap = SPOOL_BODY_MAX;
    uint8_t           *wait = malloc(cap);

    s->wait = pawl_wr_to(wait, wait ? cap : 0);
    b->file.fd = -1;
    b->key = *key;
    b->name_n = strlen(c->name);
    s->cap_n = c->cap_n;
    if (!wait)
        return pawl_fail(err, PAWL_E_MEMORY, "spool", "out of memory");
    if (key->n != pawl_aead_key_n(PAWL_AES_256_SIV) || b->name_n > SPOOL_NAME_MAX)
        return pawl_fail(err, PAWL_E_BUG, "spool", "a key of %zu bytes, a name of %zu", key->n,
                         b->name_n);
    snprintf(b->name, sizeof(b->name), "%s.spool", c->name);
    spool_wr_batch(&s->wait);
    return open_book(dir, b, err);
}

pawl_status spool_open(int dir, const struct spool_config *c, const struct pawl_secret *key,
                       struct spool **ret, bool *ret_lost, struct pawl_err *err)
{
    struct spool *s = calloc(1, sizeof(*s));

    if (!s)
        return pawl_fail(err, PAWL_E_MEMORY, "spool", "out of memory");
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->settled, NULL);
    pawl_status done = open_all(dir, c, key, s, err);
    if (!pawl_is_ok(done)) {
        spool_close(&s);
        return done;
    }
    *ret_lost = s->book.lost;
    *ret = s;
    return done;
}

void spool_close(struct spool **s)
{
    struct pawl_err ignored;

    if (!*s)
        return;
    if ((*s)->book.file.fd >= 0)
        (void)!pawl_is_ok(spool_sync(*s, &ignored));
    journal_close(&(*s)->book.file);
    pawl_secret_wipe(&(*s)->book.key);
    free((*s)->book.record);
    free((*s)->wait.p);
    pthread_cond_destroy(&(*s)->settled);
    pthread_mutex_destroy(&(*s)->lock);
    free(*s);
    *s = NULL;
}

/* ---- to the disk ---------------------------------------------------------------------------- */

/* The first n bytes of what waited stand in the file now, their frame's body at `at`. */
static void settle(struct spool *s, size_t n, uint64_t at)
{
    struct spool_book *b = &s->book;

    for (size_t i = b->n; i > b->first && !b->record[i - 1].durable; i--) {
        struct spool_record *r = &b->record[i - 1];
        if (r->at - s->base >= n) /* put since */
            continue;
        r->at = at + (r->at - s->base);
        r->durable = true;
    }
    spool_book_trim(b);
    memmove(s->wait.p + KIND, s->wait.p + n, s->wait.n - n);
    s->wait.n -= n - KIND;
    s->base += n - KIND;
}

/* With the lock held; lets go of it while the disk works. */
static pawl_status write_waiting(struct spool *s, struct pawl_err *err)
{
    size_t   n = s->wait.n;
    uint64_t at = s->book.file.end + JOURNAL_HEAD;
    uint8_t *copy = malloc(n);

    if (!copy)
        return pawl_fail(err, PAWL_E_MEMORY, s->book.name, "out of memory");
    memcpy(copy, s->wait.p, n);
    s->busy = true;
    pthread_mutex_unlock(&s->lock);
    pawl_status done = journal_append(&s->book.file, pawl_view(copy, n), err);
    free(copy);
    pthread_mutex_lock(&s->lock);
    s->busy = false;
    pthread_cond_broadcast(&s->settled);
    if (pawl_is_ok(done))
        settle(s, n, at);
    return done;
}

static pawl_status sync_held(struct spool *s, struct pawl_err *err)
{
    uint64_t        all = s->base + s->wait.n;
    struct pawl_err ignored;

    while (s->base + KIND < all) {
        if (s->busy)
            pthread_cond_wait(&s->settled, &s->lock);
        else
            PAWL_TRY(write_waiting(s, err));
    }
    /* On a full disk the file stays as it is, for longer. */
    if (!s->busy && spool_book_is_stale(&s->book) &&
        pawl_is_ok(spool_book_rewrite(s->book.file.dir, &s->book, &ignored)))
        point("spool.rewritten");
    return pawl_ok();
}

/* For one record more; the lock may be open meanwhile. */
static pawl_status make_room(struct spool *s, struct pawl_err *err)
{
    while (s->wait.n > SPOOL_BATCH_MAX)
        PAWL_TRY(sync_held(s, err));
    return pawl_ok();
}

pawl_status spool_sync(struct spool *s, struct pawl_err *err)
{
    HOLD(s);
    PAWL_TRY(sync_held(held, err));
    point("spool.synced");
    return pawl_ok();
}

/* ---- records -------------------------------------------------------------------------------- */

static pawl_status check_room(const struct spool *s, size_t body_n, struct pawl_err *err)
{
    const struct spool_book *b = &s->book;
    uint64_t                 used = b->body_n + b->live_n * SPOOL_SHARE;

    if (!body_n || body_n > PAWL_BODY_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "message", "%zu bytes, 1 to %d are taken", body_n,
                         PAWL_BODY_MAX);
    if (used > s->cap_n || body_n + SPOOL_SHARE > s->cap_n - used)
        return pawl_fail(err, PAWL_E_FULL, b->name,
                         "%" PRIu64 " messages, %" PRIu64 " bytes: at most %" PRIu64 " are kept",
                         b->live_n, b->body_n, s->cap_n);
    if (b->next_no == UINT64_MAX)
        return pawl_fail(err, PAWL_E_RANGE, b->name, "no places are left");
    return pawl_ok();
}

static pawl_status put(struct spool *s, uint64_t id, struct pawl_view body, uint64_t *ret_id,
                       struct pawl_err *err)
{
    struct spool_book  *b = &s->book;
    struct spool_record r = { .no = b->next_no, .id = id ? id : b->next_id, .own = !id };
    uint8_t             box[SPOOL_BOX_MAX];
    size_t              box_n = 0;

    PAWL_TRY(spool_book_room(b, err));
    PAWL_TRY(spool_box_seal(b, r.no, r.id, body, box, &box_n, err));
    r.box_n = (uint32_t)box_n;
    r.at = s->base + s->wait.n + SPOOL_PUT;
    spool_wr_put(&s->wait, &r, pawl_view(box, box_n));
    spool_book_add(b, r);
    if (r.own)
        b->next_id = spool_id_after(r.id);
    *ret_id = r.id;
    return pawl_ok();
}

pawl_status spool_put(struct spool *s, uint64_t id, struct pawl_view body, uint64_t *ret_id,
                      struct pawl_err *err)
{
    HOLD(s);
    PAWL_TRY(make_room(held, err));
    const struct spool_record *r = id ? spool_book_find(&held->book, id) : NULL;
    if (r && !r->taken) { /* it came again before its receipt was known */
        *ret_id = id;
        return pawl_ok();
    }
    PAWL_TRY(check_room(held, body.n, err));
    return put(held, id, body, ret_id, err);
}

pawl_status spool_next(struct spool *s, uint64_t after, uint64_t *ret_id, uint8_t *ret, size_t cap,
                       size_t *ret_n, struct pawl_err *err)
{
    uint8_t box[SPOOL_BOX_MAX];

    HOLD(s);
    struct spool_book         *b = &held->book;
    const struct spool_record *at = after ? spool_book_find(b, after) : NULL;
    for (size_t i = at ? (size_t)(at - b->record) + 1 : b->first; i < b->n; i++) {
        const struct spool_record *r = &b->record[i];
        if (r->taken || !r->durable)
            continue;
        if (r->box_n - PAWL_AEAD_TAG > cap)
            return pawl_fail(err, PAWL_E_FULL, b->name, "a message of %u bytes, room for %zu",
                             r->box_n - PAWL_AEAD_TAG, cap);
        PAWL_TRY(journal_read(&b->file, r->at, box, r->box_n, err));
        PAWL_TRY(spool_box_open(b, r, pawl_view(box, r->box_n), ret, cap, ret_n, err));
        *ret_id = r->id;
        return pawl_ok();
    }
    return pawl_fail(err, PAWL_E_ABSENT, b->name, "nothing waits");
}

pawl_status spool_take(struct spool *s, uint64_t id, struct pawl_err *err)
{
    HOLD(s);
    PAWL_TRY(make_room(held, err));
    struct spool_book   *b = &held->book;
    struct spool_record *r = spool_book_find(b, id);
    if (!r || r->taken)
        return pawl_ok();
    spool_wr_taken(&held->wait, r->no);
    spool_book_take(b, r);
    spool_book_trim(b);
    point("spool.taken");
    return pawl_ok();
}

/* Before the oldest of ours that waits. */
static uint64_t done_id(const struct spool_book *b)
{
    for (size_t i = b->first; i < b->n; i++)
        if (b->record[i].own && !b->record[i].taken)
            return b->record[i].id - 1;
    return b->next_id - 1;
}

struct spool_facts spool_facts(struct spool *s)
{
    HOLD(s);
    return (struct spool_facts){ .n = held->book.live_n,
                                 .body_n = held->book.body_n,
                                 .cap_n = held->cap_n,
                                 .done_id = done_id(&held->book) };
}
