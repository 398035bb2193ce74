/* SPDX-License-Identifier: Apache-2.0 */
#include "store/move.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <pawl/crypto.h>

#include "point.h"

/* Of a table's rows in any order: how many, and the sum of their hashes. */
struct sum {
    uint64_t rows, lane[4];
};

static pawl_status add_up(struct pawl_view row, void *arg, struct pawl_err *err)
{
    struct sum *s = arg;
    uint64_t    lane[4];
    uint8_t     digest[32];

    PAWL_TRY(pawl_sha256(row, digest, err));
    memcpy(lane, digest, sizeof(lane));
    for (size_t i = 0; i < 4; i++)
        s->lane[i] += lane[i];
    s->rows++;
    return pawl_ok();
}

struct copying {
    struct move_target *to;
    struct sum          sum;
};

static pawl_status copy_row(struct pawl_view row, void *arg, struct pawl_err *err)
{
    struct copying *c = arg;

    PAWL_TRY(add_up(row, &c->sum, err));
    return move_target_row(row, c->to, err);
}

/* inv. 1 */
static pawl_status compare(const struct move_table *t, const struct sum *sent,
                           const struct sum *got, struct pawl_err *err)
{
    char where[sizeof(err->where)] = "store.";

    strncat(where, t->name, sizeof(where) - sizeof("store."));
    if (sent->rows != got->rows)
        return pawl_fail(err, PAWL_E_IO, where, "%" PRIu64 " rows went, %" PRIu64 " are there",
                         sent->rows, got->rows);
    if (memcmp(sent->lane, got->lane, sizeof(sent->lane)) != 0)
        return pawl_fail(err, PAWL_E_IO, where, "the rows are not as they were");
    return pawl_ok();
}

static pawl_status move_rows(struct move_source *from, struct move_target *to,
                             const struct move_table *t, uint64_t *ret, struct pawl_err *err)
{
    struct copying c = { .to = to };
    struct sum     got = { 0 };

    PAWL_TRY(move_target_begin(to, t, err));
    PAWL_TRY(move_source_rows(from, t, copy_row, &c, err));
    PAWL_TRY(move_target_end(to, err));
    PAWL_TRY(move_target_rows(to, t, add_up, &got, err));
    PAWL_TRY(compare(t, &c.sum, &got, err));
    *ret = got.rows;
    return pawl_ok();
}

static pawl_status move_tables(struct move_source *from, struct move_target *to,
                               struct move_table *tables, move_say_fn *say, struct pawl_err *err)
{
    size_t   n;
    uint64_t rows;

    PAWL_TRY(move_source_tables(from, tables, &n, err));
    PAWL_TRY(move_target_claim(to, tables, n, err));
    for (size_t i = 0; i < n; i++) {
        PAWL_TRY(move_rows(from, to, &tables[i], &rows, err));
        say(tables[i].name, rows);
        point("move.table");
    }
    return pawl_ok();
}

static void free_tables(struct move_table **t)
{
    free(*t);
}

pawl_status store_move(const char *path, const char *conninfo, move_say_fn *say,
                       struct pawl_err *err)
{
    PAWL_CLEANUP(move_source_free) struct move_source *from = NULL;
    PAWL_CLEANUP(move_target_free) struct move_target *to = NULL;
    PAWL_CLEANUP(free_tables) struct move_table       *tables = NULL;
    struct move_history                                h;

    tables = calloc(MOVE_TABLES_MAX, sizeof(*tables));
    if (!tables)
        return pawl_fail(err, PAWL_E_MEMORY, "store", "out of memory");
    PAWL_TRY(move_source_open(path, &from, err));
    PAWL_TRY(move_target_open(conninfo, &to, err));
    PAWL_TRY(move_tables(from, to, tables, say, err));
    PAWL_TRY(move_source_history(from, &h, err));
    PAWL_TRY(move_target_commit(to, &h, err));
    point("move.committed");
    PAWL_TRY(move_source_retire(from, err)); /* inv. 3 */
    point("move.retired");
    return pawl_ok();
}
