/* SPDX-License-Identifier: Apache-2.0 */
#include "state/spool_book.h"

#include <stdlib.h>
#include <string.h>

#include <pawl/cbor.h>

enum { HEAD = 1, BATCH };
enum { PUT = 1, TAKEN };
enum { PROOF = 1 + PAWL_AEAD_TAG, AAD_MAX = 96, STALE_MIN = 64 * 1024 };

/* ---- memory --------------------------------------------------------------------------------- */

pawl_status spool_book_room(struct spool_book *b, struct pawl_err *err)
{
    if (b->n < b->room)
        return pawl_ok();
    if (b->first > b->n / 2) { /* what was taken off makes room */
        memmove(b->record, b->record + b->first, (b->n - b->first) * sizeof(*b->record));
        b->n -= b->first;
        b->first = 0;
        return pawl_ok();
    }
    size_t               room = b->room ? 2 * b->room : 64;
    struct spool_record *more = reallocarray(b->record, room, sizeof(*more));
    if (!more)
        return pawl_fail(err, PAWL_E_MEMORY, b->name, "out of memory");
    b->record = more;
    b->room = room;
    return pawl_ok();
}

void spool_book_add(struct spool_book *b, struct spool_record r)
{
    b->record[b->n++] = r;
    b->live_n++;
    b->body_n += r.box_n - PAWL_AEAD_TAG;
    b->next_no = r.no + 1;
}

struct spool_record *spool_book_find(struct spool_book *b, uint64_t id)
{
    for (size_t i = b->first; i < b->n; i++)
        if (b->record[i].id == id)
            return &b->record[i];
    return NULL;
}

void spool_book_take(struct spool_book *b, struct spool_record *r)
{
    r->taken = true;
    b->live_n--;
    b->body_n -= r->box_n - PAWL_AEAD_TAG;
}

void spool_book_trim(struct spool_book *b)
{
    while (b->first < b->n && b->record[b->first].taken && b->record[b->first].durable)
        b->first++;
}

/* u32 drawn at random || u32 count from 1. Drawn so that it can grow: when the count is used up,
 * the next number is as good as another drawing. */
static pawl_status draw_id(uint64_t *ret, struct pawl_err *err)
{
    uint8_t b[4];

    PAWL_TRY(pawl_random(b, sizeof(b), err));
    struct pawl_rd r = pawl_rd_from(PAWL_VIEW_OF(b));
    *ret = (uint64_t)(pawl_rd_u32(&r, "id") / 2 + 1) << 32 | 1;
    return pawl_ok();
}

uint64_t spool_id_after(uint64_t id)
{
    return (uint32_t)(id + 1) ? id + 1 : id + 2;
}

/* ---- boxes ---------------------------------------------------------------------------------- */

static pawl_status bind(const struct spool_book *b, uint64_t no, uint64_t id, uint8_t ret[AAD_MAX],
                        struct pawl_view *ret_aad, struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(ret, AAD_MAX);

    pawl_cbor_wr_array(&w, 5);
    pawl_cbor_wr_text(&w, "pawl/1 spool");
    pawl_cbor_wr_text_n(&w, pawl_view(b->name, b->name_n));
    pawl_cbor_wr_bytes(&w, PAWL_VIEW_OF(b->made));
    pawl_cbor_wr_uint(&w, no);
    pawl_cbor_wr_uint(&w, id);
    return pawl_wr_end(&w, "spool.aad", ret_aad, err);
}

pawl_status spool_box_seal(const struct spool_book *b, uint64_t no, uint64_t id,
                           struct pawl_view body, uint8_t ret[SPOOL_BOX_MAX], size_t *ret_n,
                           struct pawl_err *err)
{
    uint8_t          bytes[AAD_MAX];
    struct pawl_view aad;

    PAWL_TRY(bind(b, no, id, bytes, &aad, err));
    return pawl_aead_seal(PAWL_AES_256_SIV, &b->key, pawl_view(NULL, 0), aad, body, ret,
                          SPOOL_BOX_MAX, ret_n, err);
}

pawl_status spool_box_open(const struct spool_book *b, const struct spool_record *r,
                           struct pawl_view box, uint8_t *ret, size_t cap, size_t *ret_n,
                           struct pawl_err *err)
{
    uint8_t          bytes[AAD_MAX];
    struct pawl_view aad;

    PAWL_TRY(bind(b, r->no, r->id, bytes, &aad, err));
    return pawl_under(err, b->name,
                      pawl_aead_open(PAWL_AES_256_SIV, &b->key, pawl_view(NULL, 0), aad, box, ret,
                                     cap, ret_n, err));
}

/* ---- reading -------------------------------------------------------------------------------- */

static pawl_status rd_head(struct pawl_rd *r, struct spool_book *b, struct pawl_err *err)
{
    const struct spool_record none = { .no = 0 };
    struct pawl_view          made = pawl_rd_bytes(r, "made", SPOOL_MADE);
    uint8_t                   plain[1];
    size_t                    n;

    b->next_id = pawl_rd_u64(r, "next_id");
    b->next_no = pawl_rd_u64(r, "next_no");
    struct pawl_view proof = pawl_rd_bytes(r, "proof", PROOF);
    PAWL_TRY(pawl_rd_end(r, err));
    memcpy(b->made, made.p, SPOOL_MADE);
    PAWL_TRY(spool_box_open(b, &none, proof, plain, sizeof(plain), &n, err));
    if (!b->next_no || !(uint32_t)b->next_id)
        return pawl_fail(err, PAWL_E_RANGE, b->name, "counts from 0");
    b->has_head = true;
    return pawl_ok();
}

/* A record that does not open under the key, or stands in a wrong place, is left out. */
static pawl_status take_put(struct spool_book *b, const struct spool_record *r,
                            struct pawl_view box, struct pawl_err *err)
{
    uint8_t         plain[PAWL_BODY_MAX];
    size_t          n = 0;
    struct pawl_err ignored;

    pawl_status s = spool_box_open(b, r, box, plain, sizeof(plain), &n, &ignored);
    pawl_wipe(plain, n);
    if (!pawl_is_ok(s) || r->no < b->next_no || r->no == UINT64_MAX) {
        b->lost = true;
        return pawl_ok();
    }
    PAWL_TRY(spool_book_room(b, err));
    spool_book_add(b, *r);
    if (r->own && r->id >= b->next_id)
        b->next_id = spool_id_after(r->id);
    return pawl_ok();
}

static void take_taken(struct spool_book *b, uint64_t no)
{
    for (size_t i = b->first; i < b->n; i++)
        if (b->record[i].no == no && !b->record[i].taken) {
            spool_book_take(b, &b->record[i]);
            break;
        }
    spool_book_trim(b);
}

static pawl_status rd_batch(struct pawl_rd *r, uint64_t at, struct spool_book *b,
                            struct pawl_err *err)
{
    do {
        unsigned            kind = pawl_rd_u8(r, "kind");
        struct spool_record rec = { .no = pawl_rd_u64(r, "no"), .durable = true };
        if (kind == TAKEN && !r->bad) {
            take_taken(b, rec.no);
            continue;
        }
        if (kind != PUT)
            pawl_rd_fail(r, PAWL_E_FORM, "kind");
        rec.id = pawl_rd_u64(r, "id");
        rec.own = pawl_rd_bool(r, "own");
        rec.box_n = pawl_rd_u32(r, "n");
        if (rec.box_n <= PAWL_AEAD_TAG || rec.box_n > SPOOL_BOX_MAX)
            pawl_rd_fail(r, PAWL_E_RANGE, "n");
        rec.at = at + r->at;
        struct pawl_view box = pawl_rd_bytes(r, "box", rec.box_n);
        if (!r->bad)
            PAWL_TRY(take_put(b, &rec, box, err));
    } while (!r->bad && r->left);
    return pawl_rd_end(r, err);
}

static pawl_status visit(void *arg, uint64_t at, struct pawl_view body, struct pawl_err *err)
{
    struct spool_book *b = arg;
    struct pawl_rd     r = pawl_rd_from(body);
    unsigned           kind = pawl_rd_u8(&r, "kind");

    if (!b->has_head && kind == HEAD)
        return rd_head(&r, b, err);
    if (b->has_head && kind == BATCH)
        return rd_batch(&r, at, b, err);
    return pawl_fail(err, PAWL_E_FORM, b->name, "a frame of kind %u is not expected here", kind);
}

pawl_status spool_book_load(int dir, struct spool_book *b, struct pawl_err *err)
{
    PAWL_TRY(journal_open(dir, b->name, SPOOL_BODY_MAX, visit, b, &b->file, err));
    if (!b->has_head) {
        journal_close(&b->file);
        return pawl_fail(err, PAWL_E_FORM, b->name, "its beginning is missing");
    }
    b->lost = b->lost || b->file.damaged;
    return pawl_ok();
}

/* ---- writing -------------------------------------------------------------------------------- */

void spool_wr_batch(struct pawl_wr *w)
{
    pawl_wr_u8(w, BATCH);
}

void spool_wr_put(struct pawl_wr *w, const struct spool_record *r, struct pawl_view box)
{
    pawl_wr_u8(w, PUT);
    pawl_wr_u64(w, r->no);
    pawl_wr_u64(w, r->id);
    pawl_wr_u8(w, r->own);
    pawl_wr_u32(w, (uint32_t)box.n);
    pawl_wr_bytes(w, box);
}

void spool_wr_taken(struct pawl_wr *w, uint64_t no)
{
    pawl_wr_u8(w, TAKEN);
    pawl_wr_u64(w, no);
}

static bool stays(const struct spool_record *r)
{
    return r->durable && !r->taken;
}

/* Of the first record that stays, or that is yet to come. */
static uint64_t first_no(const struct spool_book *b)
{
    for (size_t i = b->first; i < b->n; i++)
        if (stays(&b->record[i]) || !b->record[i].durable)
            return b->record[i].no;
    return b->next_no;
}

static pawl_status write_head(const struct spool_book *b, struct journal *j, struct pawl_err *err)
{
    static const uint8_t zero[1];
    uint8_t              box[SPOOL_BOX_MAX], bytes[1 + SPOOL_MADE + 8 + 8 + PROOF];
    struct pawl_wr       w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_view     body;
    size_t               n;

    PAWL_TRY(spool_box_seal(b, 0, 0, PAWL_VIEW_OF(zero), box, &n, err));
    pawl_wr_u8(&w, HEAD);
    pawl_wr_bytes(&w, PAWL_VIEW_OF(b->made));
    pawl_wr_u64(&w, b->next_id);
    pawl_wr_u64(&w, first_no(b));
    pawl_wr_bytes(&w, pawl_view(box, n));
    PAWL_TRY(pawl_wr_end(&w, b->name, &body, err));
    return journal_write(j, body, err);
}

/* As it is: its seal does not depend on where it stands in the file. */
static pawl_status copy_record(const struct spool_book *b, const struct spool_record *r,
                               struct journal *j, struct pawl_err *err)
{
    uint8_t          box[SPOOL_BOX_MAX], bytes[1 + SPOOL_PUT + SPOOL_BOX_MAX];
    struct pawl_wr   w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_view body;

    PAWL_TRY(journal_read(&b->file, r->at, box, r->box_n, err));
    spool_wr_batch(&w);
    spool_wr_put(&w, r, pawl_view(box, r->box_n));
    PAWL_TRY(pawl_wr_end(&w, b->name, &body, err));
    return journal_write(j, body, err);
}

static pawl_status write_all(const struct spool_book *b, struct journal *j, struct pawl_err *err)
{
    PAWL_TRY(write_head(b, j, err));
    for (size_t i = b->first; i < b->n; i++)
        if (stays(&b->record[i]))
            PAWL_TRY(copy_record(b, &b->record[i], j, err));
    return pawl_ok();
}

/* Where the boxes stand in the file that write_all wrote. */
static void note_places(struct spool_book *b, uint64_t head_end)
{
    uint64_t at = head_end;

    for (size_t i = b->first; i < b->n; i++) {
        struct spool_record *r = &b->record[i];
        if (!stays(r))
            continue;
        r->at = at + JOURNAL_HEAD + 1 + SPOOL_PUT;
        at += JOURNAL_FRAME + 1 + SPOOL_PUT + r->box_n;
    }
}

pawl_status spool_book_rewrite(int dir, struct spool_book *b, struct pawl_err *err)
{
    PAWL_CLEANUP(journal_close) struct journal next = { .fd = -1 };

    if (!b->next_no) {
        b->next_no = 1;
        PAWL_TRY(pawl_random(b->made, sizeof(b->made), err));
        PAWL_TRY(draw_id(&b->next_id, err));
    }
    PAWL_TRY(journal_begin(dir, b->name, SPOOL_BODY_MAX, &next, err));
    uint64_t head_at = next.end;
    PAWL_TRY(write_all(b, &next, err));
    PAWL_TRY(journal_install(&next, &b->file, err));
    note_places(b, head_at + JOURNAL_FRAME + 1 + SPOOL_MADE + 8 + 8 + PROOF);
    return pawl_ok();
}

bool spool_book_is_stale(const struct spool_book *b)
{
    uint64_t live = b->body_n + b->live_n * (JOURNAL_FRAME + 1 + SPOOL_PUT + PAWL_AEAD_TAG);

    return b->file.end > STALE_MIN && b->file.end / 2 > live;
}
