/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the last verdict on a device was made of, as one file (appraise/bundle.h).
 *
 * Pieces of a list may overlap, for a device sends on from what was attested; what stands behind a
 * gap is left out.
 */

#include <stdlib.h>
#include <string.h>

#include "appraise/bundle.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"

#define BUNDLE_HEADS 64 /* the array, its label, the lengths */

struct gathered {
    struct blob head, log, list;
    size_t      cap; /* of list */
    uint64_t    entries;
};

static void gathered_done(struct gathered *g)
{
    blob_done(&g->head);
    blob_done(&g->log);
    blob_done(&g->list);
}

/* ---- the list ------------------------------------------------------------------------------- */

static pawl_status append(struct gathered *g, struct pawl_view v, struct pawl_err *err)
{
    if (v.n > IMA_LIST_MAX - g->list.n)
        return pawl_fail(err, PAWL_E_RANGE, "evidence.list", "is longer than %d bytes",
                         IMA_LIST_MAX);
    if (v.n > g->cap - g->list.n) {
        size_t   cap = 2 * g->cap + v.n;
        uint8_t *p = realloc(g->list.p, cap);
        if (!p)
            return pawl_fail(err, PAWL_E_MEMORY, "evidence.list", "out of memory");
        g->list.p = p;
        g->cap = cap;
    }
    memcpy(g->list.p + g->list.n, v.p, v.n);
    g->list.n += v.n;
    return pawl_ok();
}

/* What follows on what is there. Bytes that are no list go along: that is what was judged. */
static pawl_status add_piece(struct gathered *g, uint64_t first, struct pawl_view piece,
                             struct pawl_err *err)
{
    struct ima_list  l = ima_list_from(piece, first);
    struct ima_entry e;
    struct pawl_err  ignored;
    size_t           from = 0;

    if (first > g->entries)
        return pawl_ok();
    while (ima_more(&l) && pawl_is_ok(ima_next(&l, &e, &ignored)))
        if (l.index == g->entries)
            from = l.rd.at;
    if (l.index <= g->entries && g->entries)
        return pawl_ok();
    g->entries = l.index;
    return append(g, pawl_view(piece.p + from, piece.n - from), err);
}

/* ---- gathering ------------------------------------------------------------------------------ */

static pawl_status gather(const struct kept_row *k, void *arg, struct pawl_err *err)
{
    struct gathered *g = arg;
    struct pawl_view v = pawl_view(k->bytes.p, k->bytes.n);

    switch (k->kind) {
    case KEPT_HEAD:
        return blob_from(v, &g->head, err);
    case KEPT_LOG:
        return blob_from(v, &g->log, err);
    case KEPT_LIST:
        return add_piece(g, k->first, v, err);
    }
    return pawl_fail(err, PAWL_E_BUG, "evidence", "a kind %d is kept", (int)k->kind);
}

pawl_status operator_find_list(struct flow *f, const struct device *d, struct blob *ret,
                               struct pawl_err *err)
{
    PAWL_CLEANUP(gathered_done) struct gathered g = { 0 };

    PAWL_TRY(f->store->kept(f->store->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), gather,
                            &g, err));
    *ret = g.list;
    g.list = (struct blob){ 0 };
    return pawl_ok();
}

static struct pawl_view view(const struct blob *b)
{
    return pawl_view(b->p, b->n);
}

static pawl_status write_bundle(const struct gathered *g, struct blob *ret, struct pawl_err *err)
{
    size_t   cap = BUNDLE_HEADS + g->head.n + g->log.n + g->list.n;
    uint8_t *p = malloc(cap);

    if (!p)
        return pawl_fail(err, PAWL_E_MEMORY, "evidence", "out of memory");
    struct pawl_wr w = pawl_wr_to(p, cap);
    pawl_status    s = bundle_write(view(&g->head), view(&g->log), view(&g->list), &w, err);
    *ret = (struct blob){ .n = w.n, .p = p };
    return s;
}

pawl_status operator_evidence(struct flow *f, const struct tenant_config *tenant, const char *id,
                              char **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(gathered_done) struct gathered g = { 0 };
    PAWL_CLEANUP(blob_done) struct blob         bundle = { 0 };
    JSON                                        j = json_begin();
    struct device                               d;

    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    if (!tenant->keep_evidence)
        return pawl_fail(err, PAWL_E_ABSENT, "evidence", "this tenant keeps none (keep_evidence)");
    PAWL_TRY(
        f->store->kept(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), gather, &g, err));
    if (!g.head.n)
        return pawl_fail(err, PAWL_E_ABSENT, "evidence", "none was kept yet: it has to attest");
    PAWL_TRY(write_bundle(&g, &bundle, err));
    json_b64(&j, j.root, "bundle", view(&bundle));
    return json_end(&j, ret, err);
}
