/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet moves from SQLite to PostgreSQL. What is moved is read out of the schema: every table
 * with all of its columns, so that none can be forgotten.
 *
 *   move.c                what is done, in order
 *   sqlite/source.c       where rows come from
 *   postgres/target.c     where they go
 *
 * Invariants
 *  1. The target holds all rows or none: one transaction, which ends when each table was read back
 *     and has the rows of the source, byte by byte; but for texts that are no UTF-8 (text_mend).
 *  2. Rows keep all their numbers; those that are given from then on are above them. So a cursor of
 *     the feed goes on where it was.
 *  3. The file has another name before the move is over: nobody serves it by mistake.
 */
#ifndef VERIFIER_STORE_MOVE_H
#define VERIFIER_STORE_MOVE_H

#include <pawl/base.h>

#define MOVED_FILE "pawl.db.migrated"

#define MOVE_TABLES_MAX 64

struct move_table {
    char name[64];
    char columns[2048]; /* "a", "b": quoted, in the order of a row's fields */
};

/* What the store knows of itself. */
struct move_history {
    int64_t newest_ms, restored_ms;
    int64_t last_segment; /* the highest number that was ever given, of all tenants */
};

/* A row as PostgreSQL's COPY has it in binary: the number of fields, then each behind its length.
 * It is the caller's. */
typedef pawl_status move_row_fn(struct pawl_view row, void *arg, struct pawl_err *err);

/* ---- sqlite/source.c ------------------------------------------------------------------------- */

struct move_source;

/* CONFLICT when the file was moved before; IO while another process writes to it, and nobody does
 * from then on. The file has this program's schema afterwards. */
PAWL_MUST_USE pawl_status move_source_open(const char *path, struct move_source **ret,
                                           struct pawl_err *err);
void                      move_source_free(struct move_source **s);
/* All tables, those first that others refer to. */
PAWL_MUST_USE pawl_status move_source_tables(struct move_source *s,
                                             struct move_table ret[MOVE_TABLES_MAX], size_t *ret_n,
                                             struct pawl_err *err);
PAWL_MUST_USE pawl_status move_source_rows(struct move_source *s, const struct move_table *t,
                                           move_row_fn *fn, void *arg, struct pawl_err *err);
PAWL_MUST_USE pawl_status move_source_history(struct move_source *s, struct move_history *ret,
                                              struct pawl_err *err);
/* It is MOVED_FILE from now on. */
PAWL_MUST_USE pawl_status move_source_retire(struct move_source *s, struct pawl_err *err);

/* ---- postgres/target.c ----------------------------------------------------------------------- */

struct move_target;

/* Makes the schema, and begins the transaction. */
PAWL_MUST_USE pawl_status move_target_open(const char *conninfo, struct move_target **ret,
                                           struct pawl_err *err);
/* What was not committed is gone. */
void move_target_free(struct move_target **t);
/* CONFLICT unless nothing is in it and no verifier ever used it; nobody else does from then on. */
PAWL_MUST_USE pawl_status move_target_claim(struct move_target *t, const struct move_table *tables,
                                            size_t n, struct pawl_err *err);
PAWL_MUST_USE pawl_status move_target_begin(struct move_target *t, const struct move_table *table,
                                            struct pawl_err *err);
move_row_fn               move_target_row; /* arg: the target; between begin and end */
PAWL_MUST_USE pawl_status move_target_end(struct move_target *t, struct pawl_err *err);
/* What is in it now. */
PAWL_MUST_USE pawl_status move_target_rows(struct move_target *t, const struct move_table *table,
                                           move_row_fn *fn, void *arg, struct pawl_err *err);
PAWL_MUST_USE pawl_status move_target_commit(struct move_target *t, const struct move_history *h,
                                             struct pawl_err *err);

/* ---- move.c ---------------------------------------------------------------------------------- */

/* Called for each table that is in the target as it was. */
typedef void move_say_fn(const char *table, uint64_t rows);

/* path: the state directory, which the caller holds. */
PAWL_MUST_USE pawl_status store_move(const char *path, const char *conninfo, move_say_fn *say,
                                     struct pawl_err *err);

#endif
