/* SPDX-License-Identifier: Apache-2.0 */
/* A connection with its statements. Every statement stands here; values go in as parameters only.
 */

#include <stdio.h>

#include "ratchet/incident.h"
#include "store/sqlite.h"

#define BUSY_TIMEOUT_MS 2000

#define DEVICE_COLUMNS                                                                             \
    "id, state, roots, ek_name, ak_name, td_name, qualified_signer, ak_public, td_point, suite,"   \
    " enrolments, attempt, clock_ms, resets, restarts, safe, firmware, boot_id, os_boot,"          \
    " firmware_cert, banks, pcr_digest, policy, status, why, created_s, software_status,"          \
    " keys_status, due_s, told_s, attested_s, coverage, release"
#define DEVICE_SELECT                                                                              \
    "SELECT device.tenant, " DEVICE_COLUMNS ", grp, version, seen_s FROM device JOIN ratchet"      \
    " ON ratchet.tenant = device.tenant AND ratchet.device = id WHERE device.tenant = ?"
#define SEGMENT_HEADS   "number, kind, device, time_ms, n, id_lo, id_hi, heads"
#define SEGMENT_COLUMNS SEGMENT_HEADS ", bytes"
#define INCIDENT_COLUMNS                                                                           \
    "device, epoch, kind, severity, state, rules, opened_ms, changed_ms, slot_lo, slot_hi,"        \
    " forged, genuine, unattested, detail, note, slots"
#define TOKEN_COLUMNS     "tenant, id, wrapped, uses_left, expires_s, device, created_s"
#define POLICY_COLUMNS    "tenant, name, version, created_s, json"
#define GROUP_COLUMNS     "name, policy, enforce, note, created_s, changed_s"
#define EXCEPTION_COLUMNS "number, device, grp, created_s, reason, what, author, note, until_s"

/* Stand in 004 and below as numbers. */
_Static_assert(DEVICE_ACTIVE == 2 && SEGMENT_MESSAGES == 0 && INCIDENT_CLOSED == 3,
               "partial indexes");

static const char *const text[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_SAVEPOINT] = "SAVEPOINT step",
    [SQL_RELEASE] = "RELEASE step",
    [SQL_ROLLBACK_TO] = "ROLLBACK TO step",

    [SQL_DEVICE] = DEVICE_SELECT " AND id = ?",
    [SQL_DEVICE_BY_AK] = DEVICE_SELECT " AND ak_name = ?",
    [SQL_DEVICES] = DEVICE_SELECT " AND id > ? ORDER BY id LIMIT ?",
    [SQL_DEVICES_OVERDUE] = DEVICE_SELECT " AND state = 2 AND told_s = 0 AND due_s > 0"
                                          " AND due_s < ? ORDER BY due_s LIMIT ?",
    [SQL_DEVICE_INSERT] =
        "INSERT INTO device (tenant, " DEVICE_COLUMNS ") VALUES"
        " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_DEVICE_UPDATE] =
        "UPDATE device SET state = ?3, roots = ?4, ek_name = ?5, ak_name = ?6, td_name = ?7,"
        " qualified_signer = ?8, ak_public = ?9, td_point = ?10, suite = ?11, enrolments = ?12,"
        " attempt = ?13, clock_ms = ?14, resets = ?15, restarts = ?16, safe = ?17, firmware = ?18,"
        " boot_id = ?19, os_boot = ?20, firmware_cert = ?21, banks = ?22, pcr_digest = ?23,"
        " policy = ?24, status = ?25, why = ?26, created_s = ?27, software_status = ?28,"
        " keys_status = ?29, due_s = ?30, told_s = ?31, attested_s = ?32, coverage = ?33,"
        " release = ?34 WHERE tenant = ?1 AND id = ?2",
    /* By itself: an index has it, which the statement above would write anew each time. */
    [SQL_DEVICE_GROUP] = "UPDATE device SET grp = ?3"
                         " WHERE tenant = ?1 AND id = ?2 AND grp != ?3",

    [SQL_SNAPSHOT] = "SELECT pcr_select, pcr_values FROM snapshot WHERE tenant = ? AND device = ?",
    [SQL_SNAPSHOT_PUT] = "INSERT OR REPLACE INTO snapshot (tenant, device, pcr_select, pcr_values)"
                         " VALUES (?, ?, ?, ?)",
    [SQL_PAPERS] = "SELECT json FROM papers WHERE tenant = ? AND device = ?",
    [SQL_PAPERS_PUT] = "INSERT OR REPLACE INTO papers (tenant, device, json) VALUES (?, ?, ?)",

    [SQL_TOKEN] = "SELECT " TOKEN_COLUMNS " FROM token WHERE tenant = ? AND id = ?",
    [SQL_TOKENS] = "SELECT " TOKEN_COLUMNS " FROM token WHERE tenant = ? ORDER BY id",
    [SQL_TOKEN_INSERT] = "INSERT INTO token (" TOKEN_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)",
    [SQL_TOKEN_USED_BY] = "SELECT 1 FROM token_use WHERE tenant = ? AND token = ? AND device = ?",
    [SQL_TOKEN_USE_INSERT] = "INSERT OR IGNORE INTO token_use (tenant, token, device)"
                             " VALUES (?, ?, ?)",
    [SQL_TOKEN_COUNT_DOWN] = "UPDATE token SET uses_left = uses_left - 1"
                             " WHERE tenant = ? AND id = ? AND uses_left > 0",

    [SQL_POLICY] = "SELECT " POLICY_COLUMNS " FROM policy"
                   " WHERE tenant = ? AND name = ? AND version = ?",
    [SQL_POLICY_NEWEST] = "SELECT " POLICY_COLUMNS " FROM policy WHERE tenant = ? AND name = ?"
                          " ORDER BY version DESC LIMIT 1",
    /* Answered by the key alone: a text may have megabytes. */
    [SQL_POLICY_VERSION] = "SELECT version FROM policy WHERE tenant = ? AND name = ?"
                           " ORDER BY version DESC LIMIT 1",
    [SQL_POLICIES] = "SELECT tenant, name, version, created_s, '' FROM policy WHERE tenant = ?"
                     " ORDER BY name, version",
    [SQL_POLICY_INSERT] = "INSERT INTO policy (" POLICY_COLUMNS ") VALUES (?, ?, ?, ?, ?)",
    [SQL_DEFAULT_POLICY] = "SELECT default_policy FROM tenant WHERE name = ?",
    [SQL_DEFAULT_POLICY_PUT] = "INSERT INTO tenant (name, default_policy) VALUES (?, ?)"
                               " ON CONFLICT (name) DO UPDATE"
                               " SET default_policy = excluded.default_policy",
    [SQL_EVENTS] = "SELECT time_s, line FROM event WHERE tenant = ? AND device = ?"
                   " ORDER BY number DESC LIMIT ?",
    [SQL_EVENT_INSERT] = "INSERT INTO event (time_s, tenant, device, line) VALUES (?, ?, ?, ?)",

    [SQL_RATCHET] = "SELECT bytes FROM ratchet"
                    " WHERE tenant = ? AND device = ? AND bytes IS NOT NULL",
    [SQL_RATCHET_INSERT] = "INSERT INTO ratchet (tenant, device, version, seen_s, bytes)"
                           " VALUES (?, ?, ? + 1, ?, ?)",
    [SQL_RATCHET_UPDATE] = "UPDATE ratchet SET version = ?3 + 1, seen_s = ?4,"
                           " bytes = coalesce(?5, bytes)"
                           " WHERE tenant = ?1 AND device = ?2 AND version = ?3",
    [SQL_GENERATION] = "SELECT bytes FROM generation"
                       " WHERE tenant = ? AND device = ? AND dir = ? AND epoch = ? AND gen = ?",
    [SQL_GENERATIONS] = "SELECT dir, epoch, gen, bytes FROM generation"
                        " WHERE tenant = ? AND device = ? AND dir = ? ORDER BY epoch, gen",
    [SQL_GENERATION_PUT] =
        "INSERT INTO generation (tenant, device, dir, epoch, gen, bytes)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, device, dir, epoch, gen)"
        " DO UPDATE SET bytes = excluded.bytes",
    [SQL_GENERATION_DELETE] =
        "DELETE FROM generation"
        " WHERE tenant = ? AND device = ? AND dir = ? AND epoch = ? AND gen = ?",
    [SQL_SEGMENTS] = "SELECT " SEGMENT_COLUMNS " FROM segment INDEXED BY segment_tenant"
                     " WHERE tenant = ? AND number > ? ORDER BY number LIMIT ?",
    [SQL_SEGMENTS_OF] = "SELECT " SEGMENT_COLUMNS " FROM segment INDEXED BY segment_device"
                        " WHERE tenant = ? AND device = ? AND number > ? ORDER BY number LIMIT ?",
    [SQL_SEGMENTS_SINCE] = "SELECT " SEGMENT_HEADS ", x'' FROM segment INDEXED BY segment_device"
                           " WHERE tenant = ? AND device = ? AND time_ms >= ? ORDER BY number",
    /* What comes twice comes soon: a call stays short, however many there are. */
    [SQL_SEGMENTS_WITH] = "SELECT " SEGMENT_COLUMNS
                          " FROM segment WHERE kind = 0 AND number IN (SELECT number FROM"
                          " (SELECT number, id_lo, id_hi FROM segment INDEXED BY segment_device"
                          " WHERE tenant = ?1 AND device = ?2 ORDER BY number DESC LIMIT 4096)"
                          " WHERE id_lo <= ?3 AND id_hi >= ?3) ORDER BY number DESC LIMIT ?4",
    [SQL_SEGMENT] = "SELECT " SEGMENT_COLUMNS " FROM segment WHERE tenant = ? AND number = ?",
    [SQL_SEGMENT_INSERT] =
        "INSERT INTO segment (tenant, kind, device, time_ms, n, id_lo, id_hi, heads, bytes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    /* Only the oldest are looked at: however many there are, a call stays short. */
    [SQL_SEGMENTS_FORGET] =
        "DELETE FROM segment WHERE number IN (SELECT number FROM"
        " (SELECT number, time_ms FROM segment INDEXED BY segment_tenant WHERE tenant = ?"
        " ORDER BY number LIMIT ?) WHERE time_ms < ?)",
    [SQL_DOWNLINKS] = "SELECT device, id, created_ms, seq, sent_ms, body FROM downlink"
                      " WHERE tenant = ? AND device = ? AND id > ? ORDER BY id LIMIT ?",
    [SQL_DOWNLINK_QUEUE] = "SELECT count(*), max(id) FROM downlink"
                           " WHERE tenant = ? AND device = ?",
    [SQL_DOWNLINK_PUT] = "INSERT INTO downlink (tenant, device, id, created_ms, seq, sent_ms, body)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, device, id)"
                         " DO UPDATE SET seq = excluded.seq, sent_ms = excluded.sent_ms"
                         " WHERE excluded.seq != 0",
    [SQL_DOWNLINK_DELETE] = "DELETE FROM downlink WHERE tenant = ? AND device = ? AND id = ?",

    [SQL_INCIDENT] = "SELECT " INCIDENT_COLUMNS " FROM incident"
                     " WHERE tenant = ? AND device = ? AND epoch = ?",
    [SQL_INCIDENTS] = "SELECT " INCIDENT_COLUMNS " FROM incident WHERE tenant = ?"
                      " ORDER BY changed_ms DESC, rowid DESC LIMIT ?",
    [SQL_INCIDENTS_OF] = "SELECT " INCIDENT_COLUMNS " FROM incident WHERE tenant = ? AND device = ?"
                         " ORDER BY changed_ms DESC, rowid DESC LIMIT ?",
    [SQL_INCIDENTS_OPEN] = "SELECT " INCIDENT_COLUMNS " FROM incident"
                           " WHERE tenant = ? AND state != 3"
                           " ORDER BY changed_ms DESC, rowid DESC LIMIT ?",
    [SQL_INCIDENTS_OPEN_OF] = "SELECT " INCIDENT_COLUMNS " FROM incident"
                              " WHERE tenant = ? AND device = ? AND state != 3"
                              " ORDER BY changed_ms DESC, rowid DESC LIMIT ?",
    [SQL_INCIDENT_PUT] =
        "INSERT INTO incident (tenant, " INCIDENT_COLUMNS ")"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant, device, epoch) DO UPDATE SET kind = excluded.kind,"
        " severity = excluded.severity, state = excluded.state, rules = excluded.rules,"
        " opened_ms = excluded.opened_ms, changed_ms = excluded.changed_ms,"
        " slot_lo = excluded.slot_lo, slot_hi = excluded.slot_hi, forged = excluded.forged,"
        " genuine = excluded.genuine, unattested = excluded.unattested,"
        " detail = excluded.detail, note = excluded.note, slots = excluded.slots",
    [SQL_PROOFS] = "SELECT device, epoch, number, time_ms, bytes FROM proof"
                   " WHERE tenant = ? AND device = ? AND epoch = ? ORDER BY number",
    [SQL_PROOF_INSERT] = "INSERT INTO proof (tenant, device, epoch, number, time_ms, bytes)"
                         " SELECT ?1, ?2, ?3, coalesce(max(number), 0) + 1, ?4, ?5 FROM proof"
                         " WHERE tenant = ?1 AND device = ?2 AND epoch = ?3",
    [SQL_EVIDENCE] = "SELECT bytes FROM evidence WHERE tenant = ? AND device = ?",
    [SQL_EVIDENCE_PUT] = "INSERT INTO evidence (tenant, device, bytes) VALUES (?, ?, ?)"
                         " ON CONFLICT (tenant, device) DO UPDATE SET bytes = excluded.bytes",
    [SQL_AUDIT] = "SELECT number, time_ms, device, line, hash FROM audit"
                  " WHERE tenant = ? AND number > ? ORDER BY number LIMIT ?",
    [SQL_AUDIT_HEAD] = "SELECT number, hash FROM audit WHERE tenant = ?"
                       " ORDER BY number DESC LIMIT 1",
    [SQL_AUDIT_INSERT] = "INSERT INTO audit (tenant, number, time_ms, device, line, hash)"
                         " VALUES (?, ?, ?, ?, ?, ?)",
    [SQL_BOOT] = "SELECT resets, os_boot, ima, sha256, bytes FROM boot"
                 " LEFT JOIN facts ON facts.number = boot.facts"
                 " WHERE boot.tenant = ? AND device = ?",
    [SQL_BOOT_FACTS] = "SELECT coalesce(facts, 0) FROM boot WHERE tenant = ? AND device = ?",
    [SQL_BOOT_PUT] = "INSERT INTO boot (tenant, device, resets, os_boot, ima, facts)"
                     " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, device)"
                     " DO UPDATE SET resets = excluded.resets, os_boot = excluded.os_boot,"
                     " ima = excluded.ima, facts = excluded.facts",
    /* Where the facts stay: their index is not written. */
    [SQL_BOOT_UPDATE] = "UPDATE boot SET resets = ?3, os_boot = ?4, ima = ?5"
                        " WHERE tenant = ?1 AND device = ?2 AND facts IS ?6",
    [SQL_FACTS_NUMBER] = "SELECT number FROM facts WHERE tenant = ? AND sha256 = ?",
    [SQL_FACTS_PUT] = "INSERT INTO facts (tenant, sha256, bytes) VALUES (?, ?, ?)"
                      " ON CONFLICT (tenant, sha256) DO NOTHING",
    [SQL_FACTS_FORGET] = "DELETE FROM facts WHERE number = ?1"
                         " AND NOT EXISTS (SELECT 1 FROM boot WHERE facts = ?1)",
    [SQL_KEPT] = "SELECT kind, first, bytes FROM kept WHERE tenant = ? AND device = ?"
                 " ORDER BY kind, first",
    [SQL_KEPT_PUT] = "INSERT INTO kept (tenant, device, kind, first, bytes) VALUES (?, ?, ?, ?, ?)"
                     " ON CONFLICT (tenant, device, kind, first)"
                     " DO UPDATE SET bytes = excluded.bytes",
    [SQL_KEPT_SIZE] = "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM kept"
                      " WHERE tenant = ? AND device = ? AND kind = ? AND first != ?",
    [SQL_KEPT_FORGET] = "DELETE FROM kept WHERE tenant = ? AND device = ?",
    [SQL_GROUP] = "SELECT " GROUP_COLUMNS " FROM device_group WHERE tenant = ? AND name = ?",
    [SQL_GROUPS] = "SELECT " GROUP_COLUMNS " FROM device_group WHERE tenant = ? ORDER BY name",
    /* Not OR REPLACE: what is replaced takes its exceptions with it. */
    [SQL_GROUP_PUT] = "INSERT INTO device_group (tenant, " GROUP_COLUMNS ")"
                      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, name) DO UPDATE"
                      " SET policy = excluded.policy, enforce = excluded.enforce,"
                      " note = excluded.note, created_s = excluded.created_s,"
                      " changed_s = excluded.changed_s",
    [SQL_GROUP_DELETE] = "DELETE FROM device_group WHERE tenant = ? AND name = ?",
    [SQL_GROUP_IN_USE] = "SELECT 1 FROM device INDEXED BY device_grp"
                         " WHERE tenant = ?1 AND grp = ?2 AND grp != '' LIMIT 1",
    [SQL_EXCEPTIONS] = "SELECT " EXCEPTION_COLUMNS " FROM exception WHERE tenant = ?"
                       " ORDER BY number",
    [SQL_EXCEPTIONS_FOR] = "SELECT " EXCEPTION_COLUMNS " FROM exception INDEXED BY exception_of"
                           " WHERE tenant = ?1 AND device = ?2"
                           " UNION ALL SELECT " EXCEPTION_COLUMNS
                           " FROM exception INDEXED BY exception_of"
                           " WHERE tenant = ?1 AND device IS NULL AND (grp IS NULL OR grp = ?3)"
                           " ORDER BY number",
    [SQL_EXCEPTION_NUMBER] = "INSERT INTO tenant (name, default_policy, exceptions)"
                             " VALUES (?, '', 1) ON CONFLICT (name) DO UPDATE"
                             " SET exceptions = exceptions + 1 RETURNING exceptions",
    [SQL_EXCEPTION_INSERT] = "INSERT INTO exception (tenant, " EXCEPTION_COLUMNS ")"
                             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_EXCEPTION_DELETE] = "DELETE FROM exception WHERE tenant = ? AND number = ?",
    [SQL_CURSOR] = "SELECT cursor FROM consumer WHERE tenant = ? AND name = ?",
    [SQL_CURSOR_PUT] = "INSERT OR REPLACE INTO consumer (tenant, name, cursor) VALUES (?, ?, ?)",

    [SQL_HISTORY] = "SELECT commits, newest_ms, restored_ms FROM history",
    [SQL_HISTORY_COUNT] = "UPDATE history SET commits = commits + 1,"
                          " newest_ms = max(newest_ms, ?) RETURNING commits, newest_ms",
    [SQL_HISTORY_RESTORED] = "UPDATE history SET commits = max(commits, ?1) + 1,"
                             " newest_ms = max(newest_ms, ?2), restored_ms = max(newest_ms, ?2)",
    [SQL_SEGMENT_SKIP] = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'segment'",
};

pawl_status connection_fail(const struct connection *c, int rc, const char *what,
                            struct pawl_err *err)
{
    char where[sizeof(err->where)];

    snprintf(where, sizeof(where), "store.%s", what);
    if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
        return pawl_fail(err, PAWL_E_CONFLICT, where, "there is one already");
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return pawl_fail(err, PAWL_E_IO, where, "the disk is full");
    case SQLITE_READONLY:
        return pawl_fail(err, PAWL_E_IO, where, STORE_FILE " cannot be written");
    case SQLITE_CANTOPEN:
        return pawl_fail(err, PAWL_E_IO, where, STORE_FILE " cannot be opened");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return pawl_fail(err, PAWL_E_IO, where, "another process holds " STORE_FILE);
    case SQLITE_IOERR:
        return pawl_fail(err, PAWL_E_IO, where, "reading or writing " STORE_FILE " failed (%d)",
                         rc);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return pawl_fail(err, PAWL_E_FORM, where,
                         STORE_FILE " is damaged or no database: restore a copy");
    case SQLITE_NOMEM:
        return pawl_fail(err, PAWL_E_MEMORY, where, "out of memory");
    default:
        return pawl_fail(err, PAWL_E_BUG, where, "SQLite: %s (%d)", sqlite3_errmsg(c->sql), rc);
    }
}

pawl_status connection_exec(struct connection *c, const char *sql, const char *what,
                            struct pawl_err *err)
{
    int rc = sqlite3_exec(c->sql, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? pawl_ok() : connection_fail(c, rc, what, err);
}

pawl_status connection_number(struct connection *c, const char *sql, const char *what, int64_t *ret,
                              struct pawl_err *err)
{
    sqlite3_stmt *s = NULL;
    int           rc = sqlite3_prepare_v2(c->sql, sql, -1, &s, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? pawl_ok() : connection_fail(c, rc, what, err);
}

static pawl_status set_up(struct connection *c, struct pawl_err *err)
{
    int64_t synchronous, foreign_keys;

    sqlite3_extended_result_codes(c->sql, 1);
    sqlite3_busy_timeout(c->sql, BUSY_TIMEOUT_MS);
    PAWL_TRY(connection_exec(c, "PRAGMA journal_mode = WAL", "open", err));
    PAWL_TRY(connection_exec(c, "PRAGMA synchronous = FULL", "open", err));
    PAWL_TRY(connection_exec(c, "PRAGMA foreign_keys = ON", "open", err));
    /* 16 MB of log before it is merged: a page that many batches change is merged once. */
    PAWL_TRY(connection_exec(c, "PRAGMA wal_autocheckpoint = 4000", "open", err));
    /* SQLite passes silently over a pragma that it cannot honour. */
    PAWL_TRY(connection_number(c, "PRAGMA synchronous", "open", &synchronous, err));
    PAWL_TRY(connection_number(c, "PRAGMA foreign_keys", "open", &foreign_keys, err));
    if (synchronous != 2 || foreign_keys != 1)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "store.open",
                         "SQLite was built without synchronous or foreign_keys");
    return pawl_ok();
}

pawl_status connection_open(const char *file, struct connection *ret, struct pawl_err *err)
{
    struct connection c = { 0 };
    /* The file exists by then: its mode was chosen by the caller, not by the umask. */
    int rc = sqlite3_open_v2(file, &c.sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    pawl_status s = rc == SQLITE_OK ? set_up(&c, err) : connection_fail(&c, rc, "open", err);

    if (!pawl_is_ok(s)) {
        connection_close(&c);
        return s;
    }
    *ret = c;
    return pawl_ok();
}

void connection_close(struct connection *c)
{
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(c->prepared[i]);
    sqlite3_close(c->sql);
    *c = (struct connection){ 0 };
}

struct query query_on(struct connection *c, enum statement which, const char *table)
{
    struct query q = { .c = c, .table = table, .rc = SQLITE_OK };

    if (!c->prepared[which])
        q.rc = sqlite3_prepare_v3(c->sql, text[which], -1, SQLITE_PREPARE_PERSISTENT,
                                  &c->prepared[which], NULL);
    q.s = c->prepared[which];
    return q;
}
