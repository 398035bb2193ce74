/* SPDX-License-Identifier: Apache-2.0 */
/* As rows.c: what is kept of appraisal, as columns. */

#include "store/sql.h"

/* ---- boot ----------------------------------------------------------------------------------- */

void put_boot(struct query *q, const struct boot_row *b, uint64_t facts)
{
    query_u64(q, b->resets);
    query_bytes(q, PAWL_VIEW_OF(b->os_boot));
    query_bytes(q, pawl_view(b->ima.p, b->ima.n));
    if (facts)
        query_u64(q, facts);
    else
        query_null(q);
}

void get_boot(struct query *q, struct boot_row *ret)
{
    ret->resets = (uint32_t)get_max(q, "resets", UINT32_MAX);
    get_exact(q, "os_boot", ret->os_boot, sizeof(ret->os_boot));
    get_blob(q, "ima", &ret->ima);
    ret->has_facts = !get_is_null(q);
    if (!ret->has_facts)
        return;
    get_exact(q, "facts", ret->facts_sha256, sizeof(ret->facts_sha256));
    get_blob(q, "facts", &ret->facts);
}

/* ---- group ---------------------------------------------------------------------------------- */

void put_group(struct query *q, const struct group_row *g)
{
    query_text(q, g->name);
    query_text(q, g->policy);
    query_u64(q, g->enforce);
    query_text(q, g->note);
    query_u64(q, (uint64_t)g->created_s);
    query_u64(q, (uint64_t)g->changed_s);
}

void get_group(struct query *q, struct group_row *ret)
{
    *ret = (struct group_row){ 0 };
    get_text(q, "name", ret->name, sizeof(ret->name));
    get_text(q, "policy", ret->policy, sizeof(ret->policy));
    ret->enforce = get_max(q, "enforce", 1);
    get_text(q, "note", ret->note, sizeof(ret->note));
    ret->created_s = (int64_t)get_u64(q);
    ret->changed_s = (int64_t)get_u64(q);
}

/* ---- exception ------------------------------------------------------------------------------ */

/* The reason by its code: the numbers of the catalogue are those of one program. */
void put_exception(struct query *q, const struct exception_row *x)
{
    if (x->has_device)
        query_bytes(q, PAWL_VIEW_OF(x->device));
    else
        query_null(q);
    if (x->group[0])
        query_text(q, x->group);
    else
        query_null(q);
    query_u64(q, (uint64_t)x->created_s);
    query_text(q, reason_code(x->x.reason));
    query_text(q, x->x.what);
    query_text(q, x->x.author);
    query_text(q, x->x.note);
    query_u64(q, (uint64_t)x->x.until_s);
}

/* NONE for a code that a newer program wrote: its exception holds for nothing here, and keeps no
 * device from being judged. */
static enum reason get_reason(struct query *q)
{
    char code[64];

    get_text(q, "reason", code, sizeof(code));
    if (!code[0] && !q->bad)
        q->bad = "reason";
    return reason_of_code(pawl_view_str(code));
}

void get_exception(struct query *q, struct exception_row *ret)
{
    *ret = (struct exception_row){ 0 };
    ret->number = get_max(q, "number", INT64_MAX);
    ret->has_device = !get_is_null(q);
    if (ret->has_device)
        get_exact(q, "device", ret->device, sizeof(ret->device));
    else
        get_skip(q);
    get_text(q, "grp", ret->group, sizeof(ret->group));
    ret->created_s = (int64_t)get_u64(q);
    ret->x.reason = get_reason(q);
    get_text(q, "what", ret->x.what, sizeof(ret->x.what));
    get_text(q, "author", ret->x.author, sizeof(ret->x.author));
    get_text(q, "note", ret->x.note, sizeof(ret->x.note));
    ret->x.until_s = (int64_t)get_u64(q);
}

/* ---- kept evidence -------------------------------------------------------------------------- */

void put_kept(struct query *q, const struct kept_row *k)
{
    query_u64(q, k->kind);
    query_order(q, k->first);
    query_bytes(q, pawl_view(k->bytes.p, k->bytes.n));
}

void get_kept(struct query *q, struct kept_row *ret)
{
    blob_done(&ret->bytes);
    ret->kind = (enum kept_kind)get_max(q, "kind", KEPT_LIST);
    ret->first = get_order(q, "first");
    get_blob(q, "bytes", &ret->bytes);
}
