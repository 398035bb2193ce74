/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots, papers and evidence of a device: kept as their difference from what is alike for many
 * devices (delta.h). What is alike stands once, in the table common, under the hash of what makes
 * rows alike; the first device that comes with it leaves its own there.
 *
 * Invariants
 *  1. A row of common never changes.
 *  2. Every one of a snapshot has a snapshot that refers to it: who takes the last one away takes
 * it along, in the same transaction. Devices choose their PCR values. The others are few: they are
 *     told apart by what a maker's certificate and the verifier say.
 *  3. Evidence is told by its device's row too, so that row's names, boots and pcr_digest change
 *     only in a step that brings evidence.
 */

#include <stdlib.h>
#include <string.h>

#include "store/delta.h"
#include "store/sql.h"

enum common_kind { COMMON_SNAPSHOT = 1, COMMON_PAPERS, COMMON_EVIDENCE };

/* Beginnings that agree make papers and evidence alike: of papers that names the maker of the TPM,
 * of evidence the label and most of verifier_id. */
#define ALIKE_N 48

/* Longer than what the flows write. */
#define PAPERS_MAX   (256 * 1024)
#define EVIDENCE_MAX (128 * 1024)
#define SNAPSHOT_MAX (1 + PAWL_PCR_SELECT_MAX + PAWL_PCR_VALUES_MAX * PAWL_HASH_MAX)

/* What evidence of a rekey takes, the longest that comes often. A row that grows splits a page of
 * the database, and leaves two that are half empty; this many bytes fit on it 16 times. */
#define EVIDENCE_LEAST 242

/* What a device booted in firmware and loader; the other PCRs may be its own. */
static const uint32_t booted = 1u << 0 | 1u << 2 | 1u << 4 | 1u << 7;

/* ---- what is common ------------------------------------------------------------------------- */

struct common {
    uint64_t    number;
    struct blob bytes;
};

static void common_done(struct common *c)
{
    blob_done(&c->bytes);
}

/* number 0: it is not there. */
static pawl_status find(struct connection *c, const struct step *s, enum common_kind kind,
                        struct pawl_view sha256, struct common *ret, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_COMMON, "common");

    query_text(&q, s->tenant);
    query_u64(&q, kind);
    query_bytes(&q, sha256);
    if (query_row(&q)) {
        ret->number = get_max(&q, "number", INT64_MAX);
        get_blob(&q, "bytes", &ret->bytes);
    }
    return query_end(&q, err);
}

static pawl_status leave(struct connection *c, const struct step *s, enum common_kind kind,
                         struct pawl_view sha256, struct pawl_view bytes, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_COMMON_PUT, "common");

    query_text(&q, s->tenant);
    query_u64(&q, kind);
    query_bytes(&q, sha256);
    query_bytes(&q, bytes);
    return query_run(&q, err);
}

/* What bytes have in common with others that are alike in this; they are that if nothing is. Of
 * them what a difference is made from: the first device decides what all the others read each time.
 */
static pawl_status common_of(struct connection *c, const struct step *s, enum common_kind kind,
                             struct pawl_view alike, struct pawl_view bytes, struct common *ret,
                             struct pawl_err *err)
{
    uint8_t sha256[32];

    PAWL_TRY(pawl_sha256(alike, sha256, err));
    PAWL_TRY(find(c, s, kind, PAWL_VIEW_OF(sha256), ret, err));
    if (ret->number)
        return pawl_ok();
    bytes.n = bytes.n < DELTA_BASE_MAX ? bytes.n : DELTA_BASE_MAX;
    PAWL_TRY(leave(c, s, kind, PAWL_VIEW_OF(sha256), bytes, err));
    PAWL_TRY(find(c, s, kind, PAWL_VIEW_OF(sha256), ret, err));
    /* Another one left it there before, and has taken it away by now. */
    return ret->number ? pawl_ok()
                       : pawl_fail(err, PAWL_E_CONFLICT, "store.common", "another device went");
}

/* What a row is a difference from: what is common, behind what its device's row says. */
static pawl_status base_of(struct pawl_view said, const struct blob *common, struct blob *ret,
                           struct pawl_err *err)
{
    struct blob b = { .n = said.n + common->n };

    b.p = malloc(b.n ? b.n : 1);
    if (!b.p)
        return pawl_fail(err, PAWL_E_MEMORY, "store.common", "out of memory");
    struct pawl_wr w = pawl_wr_to(b.p, b.n);
    pawl_wr_bytes(&w, said);
    pawl_wr_bytes(&w, pawl_view(common->p, common->n));
    *ret = b;
    return pawl_ok();
}

/* ---- any row -------------------------------------------------------------------------------- */

struct kept {
    struct common common;
    struct blob   bytes; /* the difference */
};

static void kept_done(struct kept *k)
{
    common_done(&k->common);
    blob_done(&k->bytes);
}

#define KEPT PAWL_CLEANUP(kept_done) struct kept

static pawl_status keep(struct connection *c, const struct step *s, enum common_kind kind,
                        struct pawl_view alike, struct pawl_view said, struct pawl_view bytes,
                        struct kept *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob base = { 0 };

    PAWL_TRY(common_of(c, s, kind, alike, bytes, &ret->common, err));
    PAWL_TRY(base_of(said, &ret->common.bytes, &base, err));
    return delta_write(pawl_view(base.p, base.n), bytes, &ret->bytes, err);
}

/* The next two columns: a row's bytes, and what is common, NULL if they are whole. */
static pawl_status whole(struct query *q, const char *column, struct pawl_view said, size_t max,
                         struct blob *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob bytes = { 0 }, common = { 0 }, base = { 0 };

    get_blob(q, column, &bytes);
    bool is_whole = get_is_null(q);
    get_blob(q, column, &common);
    PAWL_TRY(query_end(q, err));
    if (is_whole) {
        *ret = bytes;
        bytes = (struct blob){ 0 };
        return pawl_ok();
    }
    PAWL_TRY(base_of(said, &common, &base, err));
    return delta_read(pawl_view(base.p, base.n), pawl_view(bytes.p, bytes.n), max, ret, err);
}

/* As the row has them, or the column is bad. */
static void get_whole(struct query *q, const char *column, struct pawl_view said, size_t max,
                      struct blob *ret)
{
    struct pawl_err err;

    if (!q->bad && !pawl_is_ok(whole(q, column, said, max, ret, &err)))
        q->bad = column;
}

static struct pawl_view beginning(struct pawl_view v)
{
    return pawl_view(v.p, v.n < ALIKE_N ? v.n : ALIKE_N);
}

static const struct pawl_view nothing = { NULL, 0 };

/* ---- snapshot ------------------------------------------------------------------------------- */

/* The selection with its length, then the values, which are as long as their banks' digests. alike:
 * the selection with those of the PCRs that were booted. */
static void write_snapshot(const struct snapshot *s, struct pawl_wr *w, struct pawl_wr *alike)
{
    uint8_t        b[PAWL_PCR_SELECT_MAX];
    struct pawl_wr select = pawl_wr_to(b, sizeof(b));
    size_t         at = 0;

    pawl_pcr_selection_write(&s->select, &select);
    pawl_wr_u8(w, (uint8_t)select.n);
    pawl_wr_bytes(w, pawl_view(b, select.n));
    pawl_wr_bytes(alike, pawl_view(b, select.n));
    for (size_t i = 0; i < s->select.n; i++)
        for (unsigned pcr = 0; pcr < PAWL_PCRS && at < s->values.n; pcr++) {
            if (!(s->select.bank[i].bits >> pcr & 1))
                continue;
            struct pawl_view v = pawl_digest_view(&s->values.value[at++]);
            pawl_wr_bytes(w, v);
            if (booted >> pcr & 1)
                pawl_wr_bytes(alike, v);
        }
    w->full |= select.full;
}

static void read_values(struct pawl_rd *r, struct snapshot *ret)
{
    for (size_t i = 0; i < ret->select.n; i++) {
        size_t n = pawl_hash_n(ret->select.bank[i].hash);

        for (uint32_t bits = ret->select.bank[i].bits; bits; bits &= bits - 1) {
            struct pawl_digest *d = &ret->values.value[ret->values.n++];
            struct pawl_view    v = pawl_rd_bytes(r, "value", n);
            d->n = v.n;
            if (v.n)
                memcpy(d->b, v.p, v.n);
        }
    }
}

/* One that is whole has its selection in a column of its own. */
static pawl_status parse_snapshot(struct pawl_view select, struct pawl_view bytes,
                                  struct snapshot *ret, struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(bytes);

    if (!select.n)
        select = pawl_rd_bytes(&r, "select", pawl_rd_u8(&r, "select"));
    PAWL_TRY(pawl_pcr_selection_parse(select, &ret->select, err));
    read_values(&r, ret);
    return pawl_rd_end(&r, err);
}

void get_snapshot(struct query *q, struct snapshot *ret)
{
    PAWL_CLEANUP(blob_done) struct blob select = { 0 }, bytes = { 0 };
    struct pawl_err                     err;

    ret->values.n = 0; /* not the whole of it: it is large */
    get_blob(q, "pcr_select", &select);
    get_whole(q, "bytes", nothing, SNAPSHOT_MAX, &bytes);
    if (!q->bad && !pawl_is_ok(parse_snapshot(pawl_view(select.p, select.n),
                                              pawl_view(bytes.p, bytes.n), ret, &err)))
        q->bad = "bytes";
}

/* 0: none. */
static pawl_status snapshot_before(struct connection *c, const struct step *s, uint64_t *ret,
                                   struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_SNAPSHOT_COMMON, "snapshot");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    *ret = query_row(&q) ? get_max(&q, "common", INT64_MAX) : 0;
    return query_end(&q, err);
}

static pawl_status forget(struct connection *c, uint64_t number, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_COMMON_FORGET, "common");

    query_u64(&q, number);
    return query_run(&q, err);
}

static pawl_status update_snapshot(struct connection *c, const struct step *s, const struct kept *k,
                                   uint64_t *ret, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_SNAPSHOT_UPDATE, "snapshot");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_u64(&q, k->common.number);
    query_bytes(&q, pawl_view(k->bytes.p, k->bytes.n));
    return query_run_count(&q, ret, err);
}

static pawl_status replace_snapshot(struct connection *c, const struct step *s,
                                    const struct kept *k, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_SNAPSHOT_PUT, "snapshot");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_u64(&q, k->common.number);
    query_bytes(&q, nothing);
    query_bytes(&q, pawl_view(k->bytes.p, k->bytes.n));
    return query_run(&q, err);
}

pawl_status put_snapshot_row(struct connection *c, const struct step *s, struct pawl_err *err)
{
    KEPT             k = { 0 };
    uint8_t          b[SNAPSHOT_MAX], a[SNAPSHOT_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b)), alike = pawl_wr_to(a, sizeof(a));
    struct pawl_view bytes;
    uint64_t         before, n;

    write_snapshot(&s->snapshot, &w, &alike);
    PAWL_TRY(pawl_wr_end(&w, "store.snapshot", &bytes, err));
    PAWL_TRY(keep(c, s, COMMON_SNAPSHOT, pawl_view(a, alike.n), nothing, bytes, &k, err));
    PAWL_TRY(update_snapshot(c, s, &k, &n, err));
    if (n == 1)
        return pawl_ok();
    PAWL_TRY(snapshot_before(c, s, &before, err));
    PAWL_TRY(replace_snapshot(c, s, &k, err));
    return before ? forget(c, before, err) : pawl_ok(); /* inv. 2 */
}

/* ---- papers and evidence --------------------------------------------------------------------- */

static pawl_status replace_row(struct connection *c, enum statement which, const char *table,
                               const struct step *s, const struct kept *k, struct pawl_err *err)
{
    QUERY q = query_on(c, which, table);

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_u64(&q, k->common.number);
    query_bytes(&q, pawl_view(k->bytes.p, k->bytes.n));
    return query_run(&q, err);
}

pawl_status put_papers_row(struct connection *c, const struct step *s, struct pawl_err *err)
{
    struct pawl_view papers = pawl_view_str(s->papers);
    KEPT             k = { 0 };

    PAWL_TRY(keep(c, s, COMMON_PAPERS, beginning(papers), nothing, papers, &k, err));
    return replace_row(c, SQL_PAPERS_PUT, "papers", s, &k, err);
}

void get_papers(struct query *q, char **ret)
{
    PAWL_CLEANUP(blob_done) struct blob b = { 0 };

    get_whole(q, "bytes", nothing, PAPERS_MAX, &b);
    if (q->bad)
        return;
    *ret = strndup((const char *)b.p, b.n);
    if (!*ret)
        q->bad = "bytes";
}

#define SAID_MAX (PAWL_DEVICE_ID + 3 * PAWL_NAME_MAX + PAWL_BOOT_ID + PAWL_OS_BOOT + PAWL_HASH_MAX)

/* inv. 3 */
static struct pawl_view said_of(const struct device *d, uint8_t room[SAID_MAX])
{
    struct pawl_wr w = pawl_wr_to(room, SAID_MAX);

    pawl_wr_bytes(&w, PAWL_VIEW_OF(d->id));
    pawl_wr_bytes(&w, pawl_name_view(&d->ak_name));
    pawl_wr_bytes(&w, pawl_name_view(&d->td_name));
    pawl_wr_bytes(&w, pawl_name_view(&d->qualified_signer));
    pawl_wr_bytes(&w, PAWL_VIEW_OF(d->boot_id));
    pawl_wr_bytes(&w, PAWL_VIEW_OF(d->os_boot));
    pawl_wr_bytes(&w, pawl_digest_view(&d->pcr_digest));
    return pawl_view(room, w.n);
}

pawl_status put_evidence_row(struct connection *c, const struct step *s, struct pawl_err *err)
{
    struct pawl_view evidence = pawl_view(s->evidence.p, s->evidence.n);
    uint8_t          room[SAID_MAX];
    KEPT             k = { 0 };

    PAWL_TRY(keep(c, s, COMMON_EVIDENCE, beginning(evidence), said_of(&s->device, room), evidence,
                  &k, err));
    PAWL_TRY(delta_fill(&k.bytes, EVIDENCE_LEAST, err));
    return replace_row(c, SQL_EVIDENCE_PUT, "evidence", s, &k, err);
}

void get_evidence(struct query *q, struct blob *ret)
{
    uint8_t       room[SAID_MAX];
    struct device d;

    get_device(q, &d);
    get_whole(q, "bytes", said_of(&d, room), EVIDENCE_MAX, ret);
}
