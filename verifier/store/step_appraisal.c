/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a step writes of appraisal: a boot and the facts that devices share, kept evidence, groups,
 * exceptions.
 *
 * Invariants
 *  1. Every row of facts has a boot that refers to it: who takes the last one away takes the facts
 *     with it, in the same transaction.
 *  2. Every group that a device or an exception is in exists.
 *  3. A boot that keeps its facts, and a device that keeps its group, write into no index.
 */

#include "store/sql.h"

/* ---- boots and their facts ------------------------------------------------------------------- */

static pawl_status put_facts(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_FACTS_PUT, "facts");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->boot.facts_sha256));
    query_bytes(&q, pawl_view(s->boot.facts.p, s->boot.facts.n));
    return query_run(&q, err);
}

/* The number of the step's facts, which are stored if they are new; 0 if it has none. */
static pawl_status facts_number(struct connection *c, const struct step *s, uint64_t *ret,
                                struct pawl_err *err)
{
    *ret = 0;
    if (!s->boot.has_facts)
        return pawl_ok();
    if (s->boot.facts.n)
        PAWL_TRY(put_facts(c, s, err));
    QUERY q = query_on(c, SQL_FACTS_NUMBER, "facts");
    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->boot.facts_sha256));
    bool is_there = query_row(&q);
    /* Another one left them there before, and has taken them away by now. */
    if (!is_there && !q.failed && s->boot.facts.n)
        return pawl_fail(err, PAWL_E_CONFLICT, "store.facts", "another device went");
    if (!is_there)
        return row_absent(&q, err);
    *ret = get_max(&q, "number", INT64_MAX);
    return query_end(&q, err);
}

/* Those of the device's boot so far; 0: none, or no boot. */
static pawl_status facts_before(struct connection *c, const struct step *s, uint64_t *ret,
                                struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_BOOT_FACTS, "boot");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    *ret = query_row(&q) ? get_max(&q, "facts", INT64_MAX) : 0;
    return query_end(&q, err);
}

static pawl_status write_boot(struct connection *c, enum statement which, const struct step *s,
                              uint64_t facts, uint64_t *ret, struct pawl_err *err)
{
    QUERY q = query_on(c, which, "boot");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    put_boot(&q, &s->boot, facts);
    return query_run_count(&q, ret, err);
}

static pawl_status forget_facts(struct connection *c, uint64_t number, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_FACTS_FORGET, "facts");

    query_u64(&q, number);
    return query_run(&q, err);
}

static pawl_status put_boot_row(struct connection *c, const struct step *s, struct pawl_err *err)
{
    uint64_t facts, before, n;

    PAWL_TRY(facts_number(c, s, &facts, err));
    PAWL_TRY(write_boot(c, SQL_BOOT_UPDATE, s, facts, &n, err));
    if (n == 1)
        return pawl_ok(); /* inv. 3 */
    PAWL_TRY(facts_before(c, s, &before, err));
    PAWL_TRY(write_boot(c, SQL_BOOT_PUT, s, facts, &n, err));
    return before ? forget_facts(c, before, err) : pawl_ok();
}

/* ---- kept evidence -------------------------------------------------------------------------- */

static pawl_status forget_kept(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_KEPT_FORGET, "kept");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    return query_run(&q, err);
}

/* Beside the other pieces of the list. */
static pawl_status has_room(struct connection *c, const struct step *s, const struct kept_row *k,
                            bool *ret, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_KEPT_SIZE, "kept");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_u64(&q, k->kind);
    query_order(&q, k->first);
    if (!query_row(&q))
        return row_absent(&q, err);
    uint64_t pieces = get_max(&q, "pieces", INT64_MAX);
    uint64_t bytes = get_max(&q, "bytes", INT64_MAX);
    *ret = pieces < KEPT_PIECES_MAX && bytes <= KEPT_LIST_MAX &&
           k->bytes.n <= KEPT_LIST_MAX - bytes;
    return query_end(&q, err);
}

static pawl_status put_kept_row(struct connection *c, const struct step *s,
                                const struct kept_row *k, struct pawl_err *err)
{
    bool room = true;

    if (k->kind == KEPT_LIST)
        PAWL_TRY(has_room(c, s, k, &room, err));
    if (!room)
        return pawl_ok();
    QUERY q = query_on(c, SQL_KEPT_PUT, "kept");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    put_kept(&q, k);
    return query_run(&q, err);
}

/* ---- groups --------------------------------------------------------------------------------- */

pawl_status put_group_row(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_GROUP_PUT, "group");

    query_text(&q, s->tenant);
    put_group(&q, &s->group);
    return query_run(&q, err);
}

/* What a step says that was planned on a group which was dropped since. */
#define GROUP_GONE "there is no group of that name"

/* The statement fails where it would put the device into none. */
pawl_status put_device_indexed(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_DEVICE_INDEXED, "device");

    q.why = GROUP_GONE;
    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_text(&q, s->device.group);
    query_bytes(&q, pawl_name_view(&s->device.ak_name));
    return query_run(&q, err);
}

/* Deleted first: where several write at once, nobody comes into it from then on. */
static pawl_status drop_group(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY    q = query_on(c, SQL_GROUP_DELETE, "group");
    uint64_t n;

    query_text(&q, s->tenant);
    query_text(&q, s->group.name);
    PAWL_TRY(query_run_count(&q, &n, err));
    if (n == 0)
        return row_absent(&q, err);

    QUERY used = query_on(c, SQL_GROUP_IN_USE, "group");
    query_text(&used, s->tenant);
    query_text(&used, s->group.name);
    if (query_row(&used))
        return pawl_fail(err, PAWL_E_CONFLICT, "store.group", "a device is in it");
    return query_end(&used, err);
}

/* ---- exceptions ----------------------------------------------------------------------------- */

static pawl_status next_exception(struct connection *c, const struct step *s, uint64_t *ret,
                                  struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_EXCEPTION_NUMBER, "tenant");

    query_text(&q, s->tenant);
    if (!query_row(&q))
        return row_absent(&q, err);
    *ret = get_max(&q, "exceptions", INT64_MAX);
    return query_end(&q, err);
}

static pawl_status group_is_there(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_GROUP_LOCK, "group");

    query_text(&q, s->tenant);
    query_text(&q, s->exception.group);
    if (query_row(&q))
        return pawl_ok();
    PAWL_TRY(query_end(&q, err));
    return pawl_fail(err, PAWL_E_CONFLICT, "store.group", GROUP_GONE);
}

static pawl_status put_exception_row(struct connection *c, const struct step *s,
                                     struct pawl_err *err)
{
    uint64_t number;

    if (s->exception.group[0])
        PAWL_TRY(group_is_there(c, s, err));
    PAWL_TRY(next_exception(c, s, &number, err));
    QUERY q = query_on(c, SQL_EXCEPTION_INSERT, "exception");
    query_text(&q, s->tenant);
    query_u64(&q, number);
    put_exception(&q, &s->exception);
    return query_run(&q, err);
}

static pawl_status end_exception(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY    q = query_on(c, SQL_EXCEPTION_DELETE, "exception");
    uint64_t n;

    query_text(&q, s->tenant);
    query_u64(&q, s->ends_exception);
    PAWL_TRY(query_run_count(&q, &n, err));
    return n ? pawl_ok() : row_absent(&q, err);
}

pawl_status put_appraisal_rows(struct connection *c, const struct step *s, struct pawl_err *err)
{
    if (s->has_boot)
        PAWL_TRY(put_boot_row(c, s, err));
    if (s->forgets_kept)
        PAWL_TRY(forget_kept(c, s, err));
    for (size_t i = 0; i < s->kept_n; i++)
        PAWL_TRY(put_kept_row(c, s, &s->kept[i], err));
    if (s->has_exception)
        PAWL_TRY(put_exception_row(c, s, err));
    if (s->ends_exception)
        PAWL_TRY(end_exception(c, s, err));
    if (s->drops_group)
        PAWL_TRY(drop_group(c, s, err));
    return pawl_ok();
}
