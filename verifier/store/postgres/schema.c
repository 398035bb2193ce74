/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations: schema/postgres/NNN_name.sql, in order, each with its number in one transaction. Of
 * several verifiers that start at once one does them, and the others wait for it.
 */

#include <inttypes.h>
#include <stdio.h>

#include "store/postgres/postgres.h"

#define MIGRATION_MS 3600000

/* Any number that nobody else uses in this database: "Pawl". */
#define LOCK "SELECT pg_advisory_xact_lock(1348564844)"

static const struct migration {
    int64_t     number;
    const char *name;
    const char *sql;
} migrations[] = {
#include "schema_postgres.inc"
};

const int64_t pg_schema_number = sizeof(migrations) / sizeof(migrations[0]);

/* 0: there is nothing yet. */
static pawl_status version_of(struct pg_connection *c, const char *column, int64_t *ret,
                              struct pawl_err *err)
{
    char    sql[64];
    int64_t there;

    PAWL_TRY(pg_number(c,
                       "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
                       " AND tablename = 'schema_version'",
                       "schema", &there, err));
    *ret = 0;
    if (!there)
        return pawl_ok();
    snprintf(sql, sizeof(sql), "SELECT %s FROM schema_version", column);
    return pg_number(c, sql, "schema", ret, err);
}

static pawl_status migrate_one(struct pg_connection *c, const struct migration *m,
                               struct pawl_err *err)
{
    char    set[64];
    int64_t version;

    PAWL_TRY(pg_exec(c, LOCK, "schema", err));
    PAWL_TRY(version_of(c, "number", &version, err)); /* another one may have been here */
    if (version >= m->number)
        return pawl_ok();
    PAWL_TRY(pg_exec(c, m->sql, "schema", err));
    snprintf(set, sizeof(set), "UPDATE schema_version SET number = %" PRId64, m->number);
    return pg_exec(c, set, "schema", err);
}

static pawl_status in_transaction(struct pg_connection *c, const struct migration *m,
                                  struct pawl_err *err)
{
    struct pawl_err ignored;

    /* A migration may take its time, and so may the wait for another verifier's. */
    PAWL_TRY(pg_exec(c, "BEGIN; SET LOCAL statement_timeout = 0", "schema", err));
    pawl_status s = migrate_one(c, m, err);
    if (pawl_is_ok(s))
        return pg_exec(c, "COMMIT", "schema", err);
    if (!pawl_is_ok(pg_exec(c, "ROLLBACK", "schema", &ignored)))
        c->base.broken = true;
    return pawl_under(err, m->name, s);
}

pawl_status pg_migrate(struct pg_connection *c, struct pawl_err *err)
{
    int64_t version, oldest;

    PAWL_TRY(version_of(c, "number", &version, err));
    PAWL_TRY(version_of(c, "oldest", &oldest, err));
    if (oldest > pg_schema_number)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "store.schema",
                         "version %" PRId64
                         " was written by a newer program, this one knows %" PRId64,
                         version, pg_schema_number);
    pawl_status s = pawl_ok();
    c->wait_ms = MIGRATION_MS;
    for (int64_t i = version; i < pg_schema_number && pawl_is_ok(s); i++)
        s = in_transaction(c, &migrations[i], err);
    c->wait_ms = PG_WAIT_MS;
    return s;
}
