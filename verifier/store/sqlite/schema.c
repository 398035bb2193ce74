/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations: schema/NNN_name.sql, in order. Each sets PRAGMA user_version to its number in its own
 * transaction, so the file always stands at one whole version. One that makes a table anew leaves
 * references to it without a row for a moment, so they are looked at when it is through.
 */

#include <inttypes.h>

#include "store/sqlite/sqlite.h"

#define APPLICATION_ID 0x5061776c /* "Pawl" */

static const struct migration {
    int64_t     number;
    const char *name;
    const char *sql;
} migrations[] = {
#include "schema.inc"
};

static const int64_t newest = sizeof(migrations) / sizeof(migrations[0]);

static pawl_status check_references(struct sqlite_connection *c, struct pawl_err *err)
{
    int64_t n;

    PAWL_TRY(
        connection_number(c, "SELECT count(*) FROM pragma_foreign_key_check", "schema", &n, err));
    if (n)
        return pawl_fail(err, PAWL_E_FORM, "store.schema",
                         "%" PRId64 " rows refer to others that are not there", n);
    return pawl_ok();
}

static pawl_status migrate_one(struct sqlite_connection *c, const struct migration *m,
                               struct pawl_err *err)
{
    int64_t     version;
    pawl_status s;

    PAWL_TRY(connection_exec(c, "BEGIN IMMEDIATE", "schema", err));
    /* Another process may have been here between our look and our lock. */
    s = connection_number(c, "PRAGMA user_version", "schema", &version, err);
    if (pawl_is_ok(s) && version < m->number)
        s = connection_exec(c, m->sql, "schema", err);
    if (pawl_is_ok(s))
        s = check_references(c, err);
    if (pawl_is_ok(s))
        s = connection_exec(c, "COMMIT", "schema", err);
    if (!pawl_is_ok(s))
        sqlite3_exec(c->sql, "ROLLBACK", NULL, NULL, NULL);
    return pawl_under(err, m->name, s);
}

pawl_status schema_migrate(struct sqlite_connection *c, struct pawl_err *err)
{
    int64_t version, application, tables;

    PAWL_TRY(connection_number(c, "PRAGMA user_version", "schema", &version, err));
    PAWL_TRY(connection_number(c, "PRAGMA application_id", "schema", &application, err));
    PAWL_TRY(connection_number(c, "SELECT count(*) FROM sqlite_schema", "schema", &tables, err));
    if (application != APPLICATION_ID && (version != 0 || tables != 0))
        return pawl_fail(err, PAWL_E_FORM, "store.schema", STORE_FILE " is another program's");
    if (version > newest)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "store.schema",
                         "version %" PRId64
                         " was written by a newer program, this one knows %" PRId64,
                         version, newest);
    if (version == newest)
        return pawl_ok();
    PAWL_TRY(connection_exec(c, "PRAGMA foreign_keys = OFF", "schema", err));
    for (int64_t i = version; i < newest; i++)
        PAWL_TRY(migrate_one(c, &migrations[i], err));
    return connection_exec(c, "PRAGMA foreign_keys = ON", "schema", err);
}
