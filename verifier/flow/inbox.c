/* SPDX-License-Identifier: Apache-2.0 */
/* Segments of the inbox: bytes of a row, both ways. */

#include "flow/inbox.h"

#include <stdlib.h>
#include <string.h>

#include <pawl/cbor.h>

#define FIELD "inbox"

/* Room for the heads of a message, and of the segment with its status. */
enum { MESSAGE_HEADS = 48, SEGMENT_HEAD = 64 };

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

/* ---- writing -------------------------------------------------------------------------------- */

static size_t size_of(const struct inbox_message *message, size_t n)
{
    size_t size = SEGMENT_HEAD;

    for (size_t i = 0; i < n; i++)
        size += MESSAGE_HEADS + message[i].body.n;
    return size;
}

static void put_message(struct pawl_wr *w, const struct inbox_message *m)
{
    pawl_cbor_wr_array(w, 5);
    pawl_cbor_wr_uint(w, m->epoch);
    pawl_cbor_wr_uint(w, m->gen);
    pawl_cbor_wr_uint(w, m->seq);
    pawl_cbor_wr_uint(w, m->id);
    pawl_cbor_wr_bytes(w, m->body);
}

pawl_status inbox_seal(const struct keys *k, struct pawl_view tenant,
                       const uint8_t device_id[PAWL_DEVICE_ID], const char *status,
                       const struct inbox_message *message, size_t n, struct blob *ret,
                       struct pawl_err *err)
{
    PAWL_CLEANUP(plain_done) struct blob plain = { 0 };
    PAWL_CLEANUP(blob_done) struct blob  sealed = { 0 };
    struct pawl_view                     in;

    PAWL_TRY(blob_of(size_of(message, n), &plain, err));
    PAWL_TRY(blob_of(plain.n + PAWL_AEAD_TAG, &sealed, err));
    struct pawl_wr w = pawl_wr_to(plain.p, plain.n);
    pawl_cbor_wr_array(&w, 2);
    pawl_cbor_wr_text(&w, status);
    pawl_cbor_wr_array(&w, n);
    for (size_t i = 0; i < n; i++)
        put_message(&w, &message[i]);
    PAWL_TRY(pawl_wr_end(&w, FIELD, &in, err));
    PAWL_TRY(keys_seal(k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), FIELD, 0, in, sealed.p,
                       sealed.n, &sealed.n, err));
    *ret = sealed;
    sealed = (struct blob){ 0 };
    return pawl_ok();
}

/* ---- reading -------------------------------------------------------------------------------- */

static void get_message(struct pawl_cbor_rd *r, struct inbox_message *ret)
{
    pawl_cbor_rd_array_of(r, "message", 5);
    ret->epoch = pawl_cbor_rd_uint(r, "epoch", UINT64_MAX);
    ret->gen = (uint32_t)pawl_cbor_rd_uint(r, "gen", UINT32_MAX);
    ret->seq = pawl_cbor_rd_uint(r, "seq", UINT64_MAX);
    ret->id = pawl_cbor_rd_uint(r, "id", UINT64_MAX);
    ret->body = pawl_cbor_rd_bytes(r, "body", 0, PAWL_PLAINTEXT_MAX);
    pawl_cbor_rd_leave(r, "message");
}

static pawl_status parse(struct pawl_view plain, struct inbox_segment *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(plain);

    pawl_cbor_rd_array_of(&r, FIELD, 2);
    struct pawl_view status = pawl_cbor_rd_text(&r, "status", sizeof(ret->status) - 1);
    ret->n = pawl_cbor_rd_array(&r, "messages", PAWL_MESSAGES_N_MAX);
    for (size_t i = 0; i < ret->n; i++)
        get_message(&r, &ret->message[i]);
    pawl_cbor_rd_leave(&r, "messages");
    pawl_cbor_rd_leave(&r, FIELD);
    PAWL_TRY(pawl_under(err, FIELD, pawl_cbor_rd_end(&r, err)));
    if (status.n)
        memcpy(ret->status, status.p, status.n);
    ret->status[status.n] = 0;
    return pawl_ok();
}

pawl_status inbox_open(const struct keys *k, struct pawl_view tenant, const struct segment_row *row,
                       struct inbox_segment *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(plain_done) struct blob plain = { 0 };

    PAWL_TRY(blob_of(row->bytes.n, &plain, err));
    PAWL_TRY(keys_open(k, tenant, PAWL_VIEW_OF(row->device), FIELD, 0,
                       pawl_view(row->bytes.p, row->bytes.n), plain.p, plain.n, &plain.n, err));
    PAWL_TRY(parse(pawl_view(plain.p, plain.n), ret, err));
    ret->plain = plain;
    plain = (struct blob){ 0 };
    return pawl_ok();
}
