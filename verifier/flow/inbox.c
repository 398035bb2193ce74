/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the feed: bytes of a row, both ways. */

#include "flow/inbox.h"

#include <stdlib.h>
#include <string.h>

#include <pawl/cbor.h>
#include <pawl/crypto.h>

#define FIELD "inbox"

enum {
    HASH = 32,
    STATUS_HEADS = 32,   /* of a row of messages, its status and the list */
    MESSAGE_HEADS = 64,  /* of one message: six numbers and a leaf */
    BODY_HEAD = 8,       /* of one body */
    MARK_HEADS = 64,     /* of one mark: eight numbers */
    MARKS_LIST_HEAD = 8, /* of their list */
    FLAGS_MAX = INBOX_COPY | INBOX_HELD
};

/* Bodies do not stay in memory that others get. */
static void plain_done(struct blob *b)
{
    if (b->p)
        pawl_wipe(b->p, b->n);
    blob_done(b);
}

static pawl_status blob_of(size_t n, struct blob *ret, struct pawl_err *err)
{
    uint8_t *p = malloc(n ? n : 1);

    if (!p)
        return pawl_fail(err, PAWL_E_MEMORY, FIELD, "out of memory");
    *ret = (struct blob){ .n = n, .p = p };
    return pawl_ok();
}

void inbox_segment_done(struct inbox_segment *s)
{
    plain_done(&s->plain);
    s->n = 0;
}

pawl_status inbox_plan(struct step *step, struct segment_row *row, struct pawl_err *err)
{
    struct segment_row *rows = realloc(step->segment, (step->segment_n + 1) * sizeof(*rows));

    if (!rows)
        return pawl_fail(err, PAWL_E_MEMORY, FIELD, "out of memory");
    step->segment = rows;
    rows[step->segment_n++] = *row;
    row->heads = row->bytes = (struct blob){ 0 };
    return pawl_ok();
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put_head(struct pawl_wr *w, const struct inbox_head *h)
{
    pawl_cbor_wr_array(w, 7);
    pawl_cbor_wr_uint(w, h->epoch);
    pawl_cbor_wr_uint(w, h->gen);
    pawl_cbor_wr_uint(w, h->seq);
    pawl_cbor_wr_uint(w, h->id);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(h->leaf));
    pawl_cbor_wr_uint(w, h->mark);
    pawl_cbor_wr_uint(w, h->flags);
}

static pawl_status write_heads(const char *status, const struct inbox_message *message, size_t n,
                               struct blob *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob heads = { 0 };
    struct pawl_view                    written;

    PAWL_TRY(blob_of(STATUS_HEADS + n * MESSAGE_HEADS, &heads, err));
    struct pawl_wr w = pawl_wr_to(heads.p, heads.n);
    pawl_cbor_wr_array(&w, 2);
    pawl_cbor_wr_text(&w, status);
    pawl_cbor_wr_array(&w, n);
    for (size_t i = 0; i < n; i++)
        put_head(&w, &message[i].head);
    PAWL_TRY(pawl_wr_end(&w, FIELD, &written, err));
    heads.n = written.n;
    *ret = heads;
    heads = (struct blob){ 0 };
    return pawl_ok();
}

/* What is sealed: the hash binds the heads, which are in the clear. */
static pawl_status write_plain(struct pawl_view heads, const struct inbox_message *message,
                               size_t n, struct blob *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(plain_done) struct blob plain = { 0 };
    uint8_t                              hash[HASH];
    struct pawl_view                     written;
    size_t                               size = HASH + BODY_HEAD;

    for (size_t i = 0; i < n; i++)
        size += BODY_HEAD + message[i].body.n;
    PAWL_TRY(pawl_sha256(heads, hash, err));
    PAWL_TRY(blob_of(size, &plain, err));
    struct pawl_wr w = pawl_wr_to(plain.p, plain.n);
    pawl_wr_bytes(&w, PAWL_VIEW_OF(hash));
    pawl_cbor_wr_array(&w, n);
    for (size_t i = 0; i < n; i++)
        pawl_cbor_wr_bytes(&w, message[i].body);
    PAWL_TRY(pawl_wr_end(&w, FIELD, &written, err));
    plain.n = written.n;
    *ret = plain;
    plain = (struct blob){ 0 };
    return pawl_ok();
}

/* What the store finds an id by. */
static void range_of_ids(const struct inbox_message *message, size_t n, struct segment_row *ret)
{
    ret->id_lo = ret->id_hi = message[0].head.id;
    for (size_t i = 1; i < n; i++) {
        uint64_t id = message[i].head.id;

        if (id < ret->id_lo)
            ret->id_lo = id;
        if (id > ret->id_hi)
            ret->id_hi = id;
    }
}

pawl_status inbox_seal(const struct keys *k, struct pawl_view tenant,
                       const uint8_t device_id[PAWL_DEVICE_ID], const char *status,
                       const struct inbox_message *message, size_t n, struct segment_row *ret,
                       struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob  heads = { 0 };
    PAWL_CLEANUP(plain_done) struct blob plain = { 0 };
    PAWL_CLEANUP(blob_done) struct blob  sealed = { 0 };

    PAWL_TRY(write_heads(status, message, n, &heads, err));
    PAWL_TRY(write_plain(pawl_view(heads.p, heads.n), message, n, &plain, err));
    PAWL_TRY(blob_of(plain.n + PAWL_AEAD_TAG, &sealed, err));
    PAWL_TRY(keys_seal(k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), FIELD, 0,
                       pawl_view(plain.p, plain.n), sealed.p, sealed.n, &sealed.n, err));
    ret->kind = SEGMENT_MESSAGES;
    ret->n = (uint32_t)n;
    range_of_ids(message, n, ret);
    ret->heads = heads;
    ret->bytes = sealed;
    heads = sealed = (struct blob){ 0 };
    return pawl_ok();
}

/* ---- reading -------------------------------------------------------------------------------- */

static struct inbox_head get_head(struct pawl_cbor_rd *r)
{
    struct inbox_head h = { 0 };

    pawl_cbor_rd_array_of(r, "message", 7);
    h.epoch = pawl_cbor_rd_uint(r, "epoch", UINT64_MAX);
    h.gen = (uint32_t)pawl_cbor_rd_uint(r, "gen", UINT32_MAX);
    h.seq = pawl_cbor_rd_uint(r, "seq", UINT64_MAX);
    h.id = pawl_cbor_rd_uint(r, "id", UINT64_MAX);
    pawl_cbor_rd_bytes_to(r, "leaf", h.leaf, sizeof(h.leaf));
    h.mark = (enum mark)pawl_cbor_rd_uint(r, "mark", MARK_COUNT - 1);
    h.flags = (unsigned)pawl_cbor_rd_uint(r, "flags", FLAGS_MAX);
    pawl_cbor_rd_leave(r, "message");
    return h;
}

pawl_status inbox_heads(const struct segment_row *row, struct inbox_segment *ret,
                        struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(pawl_view(row->heads.p, row->heads.n));

    ret->plain = (struct blob){ 0 };
    pawl_cbor_rd_array_of(&r, FIELD, 2);
    struct pawl_view status = pawl_cbor_rd_text(&r, "status", sizeof(ret->status) - 1);
    ret->n = pawl_cbor_rd_array(&r, "messages", PAWL_MESSAGES_N_MAX);
    for (size_t i = 0; i < ret->n; i++)
        ret->message[i] = (struct inbox_message){ .head = get_head(&r) };
    pawl_cbor_rd_leave(&r, "messages");
    pawl_cbor_rd_leave(&r, FIELD);
    PAWL_TRY(pawl_under(err, FIELD, pawl_cbor_rd_end(&r, err)));
    if (status.n)
        memcpy(ret->status, status.p, status.n);
    ret->status[status.n] = 0;
    return pawl_ok();
}

/* The bodies that go with these heads. */
static pawl_status get_bodies(struct pawl_view plain, struct pawl_view heads,
                              struct inbox_segment *ret, struct pawl_err *err)
{
    uint8_t hash[HASH];

    PAWL_TRY(pawl_sha256(heads, hash, err));
    if (plain.n < HASH || memcmp(plain.p, hash, HASH) != 0)
        return pawl_fail(err, PAWL_E_FORGED, FIELD, "the heads are another row's");
    struct pawl_cbor_rd r = pawl_cbor_rd_from(pawl_view(plain.p + HASH, plain.n - HASH));
    pawl_cbor_rd_array_of(&r, "bodies", ret->n);
    for (size_t i = 0; i < ret->n; i++)
        ret->message[i].body = pawl_cbor_rd_bytes(&r, "body", 0, PAWL_PLAINTEXT_MAX);
    pawl_cbor_rd_leave(&r, "bodies");
    return pawl_under(err, FIELD, pawl_cbor_rd_end(&r, err));
}

pawl_status inbox_open(const struct keys *k, struct pawl_view tenant, const struct segment_row *row,
                       struct inbox_segment *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(plain_done) struct blob plain = { 0 };

    PAWL_TRY(blob_of(row->bytes.n, &plain, err));
    PAWL_TRY(keys_open(k, tenant, PAWL_VIEW_OF(row->device), FIELD, 0,
                       pawl_view(row->bytes.p, row->bytes.n), plain.p, plain.n, &plain.n, err));
    PAWL_TRY(inbox_heads(row, ret, err));
    PAWL_TRY(
        get_bodies(pawl_view(plain.p, plain.n), pawl_view(row->heads.p, row->heads.n), ret, err));
    ret->plain = plain;
    plain = (struct blob){ 0 };
    return pawl_ok();
}

pawl_status inbox_rewrap(const struct keys *k, struct pawl_view tenant,
                         const struct segment_row *row, struct blob *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob sealed = { 0 };

    PAWL_TRY(blob_of(row->bytes.n, &sealed, err));
    PAWL_TRY(keys_rewrap(k, tenant, PAWL_VIEW_OF(row->device), FIELD, 0,
                         pawl_view(row->bytes.p, row->bytes.n), sealed.p, sealed.n, &sealed.n,
                         err));
    *ret = sealed;
    sealed = (struct blob){ 0 };
    return pawl_ok();
}

/* ---- marks ---------------------------------------------------------------------------------- */

pawl_status inbox_marks_write(const struct inbox_mark *mark, size_t n, struct blob *ret,
                              struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob heads = { 0 };
    struct pawl_view                    written;

    PAWL_TRY(blob_of(MARKS_LIST_HEAD + n * MARK_HEADS, &heads, err));
    struct pawl_wr w = pawl_wr_to(heads.p, heads.n);
    pawl_cbor_wr_array(&w, n);
    for (size_t i = 0; i < n; i++) {
        const struct inbox_mark *m = &mark[i];

        pawl_cbor_wr_array(&w, 8);
        pawl_cbor_wr_uint(&w, m->segment);
        pawl_cbor_wr_uint(&w, m->index);
        pawl_cbor_wr_uint(&w, m->epoch);
        pawl_cbor_wr_uint(&w, m->gen);
        pawl_cbor_wr_uint(&w, m->seq);
        pawl_cbor_wr_uint(&w, m->id);
        pawl_cbor_wr_uint(&w, m->mark);
        pawl_cbor_wr_uint(&w, m->incident);
    }
    PAWL_TRY(pawl_wr_end(&w, FIELD, &written, err));
    heads.n = written.n;
    *ret = heads;
    heads = (struct blob){ 0 };
    return pawl_ok();
}

static struct inbox_mark get_mark(struct pawl_cbor_rd *r)
{
    struct inbox_mark m = { 0 };

    pawl_cbor_rd_array_of(r, "mark", 8);
    m.segment = pawl_cbor_rd_uint(r, "segment", INT64_MAX);
    m.index = (uint32_t)pawl_cbor_rd_uint(r, "index", PAWL_MESSAGES_N_MAX);
    m.epoch = pawl_cbor_rd_uint(r, "epoch", UINT64_MAX);
    m.gen = (uint32_t)pawl_cbor_rd_uint(r, "gen", UINT32_MAX);
    m.seq = pawl_cbor_rd_uint(r, "seq", UINT64_MAX);
    m.id = pawl_cbor_rd_uint(r, "id", UINT64_MAX);
    m.mark = (enum mark)pawl_cbor_rd_uint(r, "mark", MARK_COUNT - 1);
    m.incident = pawl_cbor_rd_uint(r, "incident", UINT64_MAX);
    pawl_cbor_rd_leave(r, "mark");
    return m;
}

pawl_status inbox_marks_read(const struct segment_row *row, struct inbox_mark *ret, size_t cap,
                             size_t *ret_n, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(pawl_view(row->heads.p, row->heads.n));
    size_t              n = pawl_cbor_rd_array(&r, "marks", cap);

    for (size_t i = 0; i < n; i++)
        ret[i] = get_mark(&r);
    pawl_cbor_rd_leave(&r, "marks");
    PAWL_TRY(pawl_under(err, FIELD, pawl_cbor_rd_end(&r, err)));
    *ret_n = n;
    return pawl_ok();
}
