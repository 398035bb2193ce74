/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every statement of the shared layer; values go in as parameters only.
 *
 * One text for both engines, in the SQL that both understand: parameters are $1, $2 ..; ON
 * CONFLICT, not OR REPLACE; a query in FROM has a name. INDEXED BY, which PostgreSQL does not know,
 * is taken out of what it gets. Where they cannot say the same, PostgreSQL has a text of its own.
 */

#include "ratchet/incident.h"
#include "store/sql.h"

#define DEVICE_COLUMNS                                                                             \
    "id, state, roots, ek_name, td_name, qualified_signer, ak_public, td_point, suite,"            \
    " enrolments, attempt, clock_ms, resets, restarts, safe, firmware, boot_id, os_boot,"          \
    " firmware_cert, banks, pcr_digest, policy, status, why, created_s, software_status,"          \
    " keys_status, due_s, told_s, attested_s, coverage, release, app_point, claims, judged_by,"    \
    " manufacturer, rekey_due_s, ak_name"
#define DEVICE_SELECT_AND(more)                                                                    \
    "SELECT device.tenant, " DEVICE_COLUMNS ", grp, version, seen_s" more                          \
    " FROM device JOIN ratchet ON ratchet.device = device.number WHERE device.tenant = $1"
#define DEVICE_SELECT DEVICE_SELECT_AND("")
/* Its key in the tables that have one row for each device. */
#define NUMBER "(SELECT number FROM device WHERE tenant = $1 AND id = $2)"
/* The number too, as something that is known before the rows are looked for: PostgreSQL, which
 * reckons with a device in each partition, reads all ratchets of a fleet of thousands else. */
#define THIS_DEVICE     " AND id = $2 AND number = " NUMBER
#define SEGMENT_HEADS   "number, kind, device, time_ms, n, id_lo, id_hi, heads"
#define SEGMENT_COLUMNS SEGMENT_HEADS ", bytes"
#define INCIDENT_COLUMNS                                                                           \
    "device, epoch, kind, severity, state, rules, opened_ms, changed_ms, slot_lo, slot_hi,"        \
    " forged, genuine, unattested, detail, note, slots"
#define INCIDENTS_ORDER   " ORDER BY changed_ms DESC, device DESC, epoch DESC"
#define TOKEN_COLUMNS     "tenant, id, wrapped, uses_left, expires_s, device, created_s"
#define POLICY_COLUMNS    "tenant, name, version, created_s, json"
#define GROUP_COLUMNS     "name, policy, enforce, note, created_s, changed_s"
#define ACCESS_COLUMNS    "name, tenant, role, kind, sha256, labels, author, created_s, expires_s"
#define EXCEPTION_COLUMNS "number, device, grp, created_s, reason, what, author, note, until_s"

/* Stand in 004 and below as numbers. */
_Static_assert(DEVICE_ACTIVE == 2 && SEGMENT_MESSAGES == 0 && INCIDENT_CLOSED == 3,
               "partial indexes");

#define REFUSAL_COLUMNS                                                                            \
    "tenant, subject, code, serial, address, first_s, last_s, count, status, requests, detail, "   \
    "net"

static const char *const text[SQL_COUNT] = {
    [SQL_DEVICE] = DEVICE_SELECT THIS_DEVICE,
    [SQL_DEVICE_RATCHET] = DEVICE_SELECT_AND(", bytes") THIS_DEVICE,
    [SQL_DEVICE_PAST] = "SELECT d.*, pcr_select, snapshot.bytes, common.bytes,"
                        " boot.resets, boot.os_boot, ima, facts.sha256, facts.bytes FROM"
                        " (" DEVICE_SELECT_AND(", bytes, number") THIS_DEVICE
    ") AS d"
    " LEFT JOIN snapshot ON snapshot.device = d.number"
    " LEFT JOIN common ON common.number = snapshot.common"
    " LEFT JOIN boot ON boot.device = d.number"
    " LEFT JOIN facts ON facts.number = boot.facts",
    [SQL_DEVICE_BY_AK] = DEVICE_SELECT
    " AND id = (SELECT id FROM device INDEXED BY device_ak WHERE tenant = $1"
    " AND substr(ak_name, 3, 8) = substr($2, 3, 8) AND ak_name = $2)",
    [SQL_DEVICES] = DEVICE_SELECT " AND id > $2 ORDER BY id LIMIT $3",
    [SQL_DEVICES_IN_STATE] = DEVICE_SELECT " AND state = $2 AND state <> 2 AND id > $3"
                                           " ORDER BY id LIMIT $4",
    [SQL_DEVICES_IN_GROUP] = DEVICE_SELECT " AND grp = $2 AND grp != '' AND id > $3"
                                           " ORDER BY id LIMIT $4",
    [SQL_DEVICES_WITH_LABEL] = DEVICE_SELECT
    " AND id IN (SELECT l.device FROM device_label AS l WHERE l.tenant = $1 AND l.name = $2"
    " AND l.value = $3 AND l.device > $4 ORDER BY l.device LIMIT $5) ORDER BY id",
    [SQL_DEVICE_COUNTS] = "SELECT state, status, grp, count(*) FROM device"
                          " WHERE tenant = $1 AND id >= $2 AND id < $3"
                          " GROUP BY state, status, grp",
    [SQL_DEVICES_OVERDUE] = DEVICE_SELECT " AND state = 2 AND told_s = 0 AND due_s > 0"
                                          " AND due_s < $2 AND due_s >= $3"
                                          " AND (due_s > $3 OR id > $4)"
                                          " ORDER BY due_s, id LIMIT $5",
    [SQL_TENANT_NEXT] = "SELECT tenant FROM"
                        " (SELECT min(tenant) AS tenant FROM device WHERE tenant > $1"
                        " UNION ALL SELECT min(tenant) FROM token WHERE tenant > $1"
                        " UNION ALL SELECT min(tenant) FROM segment WHERE tenant > $1) AS held"
                        " WHERE tenant IS NOT NULL ORDER BY tenant LIMIT 1",
    [SQL_DEVICE_INSERT] =
        "INSERT INTO device (tenant, " DEVICE_COLUMNS ") VALUES"
        " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
        "$16, $17, $18, $19, $20, $21, $22, $23, $24,"
        " $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39)",
    [SQL_DEVICE_UPDATE] =
        "UPDATE device SET state = $3, roots = $4, ek_name = $5, td_name = $6,"
        " qualified_signer = $7, ak_public = $8, td_point = $9, suite = $10,"
        " enrolments = $11, attempt = $12, clock_ms = $13, resets = $14, restarts = $15,"
        " safe = $16, firmware = $17, boot_id = $18, os_boot = $19, firmware_cert = $20,"
        " banks = $21, pcr_digest = $22, policy = $23, status = $24, why = $25,"
        " created_s = $26, software_status = $27, keys_status = $28, due_s = $29,"
        " told_s = $30, attested_s = $31, coverage = $32, release = $33, app_point = $34,"
        " claims = $35, judged_by = $36, manufacturer = $37,"
        " rekey_due_s = $38"
        " WHERE tenant = $1 AND id = $2",
    /* By itself: indexes have it, which the statement above would write anew each time. A group
     * that is not there gives NULL, which the column refuses. */
    [SQL_DEVICE_INDEXED] = "UPDATE device SET grp = CASE WHEN $3 = '' THEN $3 ELSE"
                           " (SELECT name FROM device_group WHERE tenant = $1 AND name = $3) END,"
                           " ak_name = $4"
                           " WHERE tenant = $1 AND id = $2 AND (grp != $3 OR ak_name != $4)",
    [SQL_DEVICE_REVOKE] = "UPDATE device SET state = $3 WHERE tenant = $1 AND id = $2",

    [SQL_LABELS] = "SELECT name, value FROM device_label WHERE tenant = $1 AND device = $2"
                   " ORDER BY name",
    [SQL_LABELS_FORGET] = "DELETE FROM device_label WHERE tenant = $1 AND device = $2",
    [SQL_LABEL_INSERT] = "INSERT INTO device_label (tenant, device, name, value)"
                         " VALUES ($1, $2, $3, $4)",

    [SQL_SNAPSHOT] = "SELECT pcr_select, snapshot.bytes, common.bytes FROM snapshot"
                     " LEFT JOIN common ON common.number = snapshot.common"
                     " WHERE device = " NUMBER,
    [SQL_SNAPSHOT_COMMON] = "SELECT coalesce(common, 0) FROM snapshot WHERE device = " NUMBER,
    /* Where that stays: its index is not written. */
    [SQL_SNAPSHOT_UPDATE] = "UPDATE snapshot SET bytes = $4 WHERE device = " NUMBER
                            " AND common = $3",
    [SQL_SNAPSHOT_PUT] = "INSERT INTO snapshot (device, common, pcr_select, bytes)"
                         " VALUES (" NUMBER ", $3, $4, $5) ON CONFLICT (device) DO UPDATE"
                         " SET common = excluded.common, pcr_select = excluded.pcr_select,"
                         " bytes = excluded.bytes",
    [SQL_PAPERS] = "SELECT papers.bytes, common.bytes FROM papers"
                   " LEFT JOIN common ON common.number = papers.common"
                   " WHERE device = " NUMBER,
    [SQL_PAPERS_PUT] = "INSERT INTO papers (device, common, bytes) VALUES (" NUMBER ", $3, $4)"
                       " ON CONFLICT (device) DO UPDATE"
                       " SET common = excluded.common, bytes = excluded.bytes",
    [SQL_COMMON] = "SELECT number, bytes FROM common"
                   " WHERE tenant = $1 AND kind = $2 AND sha256 = $3",
    [SQL_COMMON_PUT] = "INSERT INTO common (tenant, kind, sha256, bytes) VALUES ($1, $2, $3, $4)"
                       " ON CONFLICT (tenant, kind, sha256) DO NOTHING",
    [SQL_COMMON_FORGET] = "DELETE FROM common WHERE number = $1"
                          " AND NOT EXISTS (SELECT 1 FROM snapshot WHERE common = $1)",

    [SQL_TOKEN] = "SELECT " TOKEN_COLUMNS " FROM token WHERE tenant = $1 AND id = $2",
    [SQL_TOKENS] = "SELECT " TOKEN_COLUMNS " FROM token WHERE tenant = $1 AND id > $2"
                   " ORDER BY id LIMIT $3",
    [SQL_TOKEN_INSERT] = "INSERT INTO token (" TOKEN_COLUMNS
                         ") VALUES ($1, $2, $3, $4, $5, $6, $7)",
    [SQL_TOKEN_USED_BY] =
        "SELECT 1 FROM token_use WHERE tenant = $1 AND token = $2 AND device = $3",
    [SQL_TOKEN_USE_INSERT] = "INSERT INTO token_use (tenant, token, device)"
                             " VALUES ($1, $2, $3) ON CONFLICT (tenant, token, device) DO NOTHING",
    [SQL_TOKEN_COUNT_DOWN] = "UPDATE token SET uses_left = uses_left - 1"
                             " WHERE tenant = $1 AND id = $2 AND uses_left > 0",
    [SQL_TOKEN_END] = "UPDATE token SET uses_left = 0, expires_s = $3"
                      " WHERE tenant = $1 AND id = $2",

    [SQL_POLICY] = "SELECT " POLICY_COLUMNS " FROM policy"
                   " WHERE tenant = $1 AND name = $2 AND version = $3",
    [SQL_POLICY_NEWEST] = "SELECT " POLICY_COLUMNS " FROM policy WHERE tenant = $1 AND name = $2"
                          " ORDER BY version DESC LIMIT 1",
    /* Answered by the key alone: a text may have megabytes. */
    [SQL_POLICY_VERSION] = "SELECT version FROM policy WHERE tenant = $1 AND name = $2"
                           " ORDER BY version DESC LIMIT 1",
    [SQL_POLICIES] = "SELECT tenant, name, version, created_s, '' FROM policy WHERE tenant = $1"
                     " AND (name, version) > ($2, $3) ORDER BY name, version LIMIT $4",
    [SQL_POLICY_INSERT] = "INSERT INTO policy (" POLICY_COLUMNS ") VALUES ($1, $2, $3, $4, $5)",
    [SQL_DEFAULT_POLICY] = "SELECT default_policy FROM tenant WHERE name = $1",
    [SQL_DEFAULT_POLICY_PUT] = "INSERT INTO tenant (name, default_policy) VALUES ($1, $2)"
                               " ON CONFLICT (name) DO UPDATE"
                               " SET default_policy = excluded.default_policy",
    [SQL_EVENTS] = "SELECT time_s, line FROM event WHERE device = " NUMBER
                   " ORDER BY number DESC LIMIT $3",
    /* The tenant of a device's stands in the device's row. */
    [SQL_EVENT_INSERT] = "INSERT INTO event (tenant, device, time_s, line)"
                         " SELECT CASE WHEN max(number) IS NULL THEN $1 ELSE '' END, max(number),"
                         " $3, $4 FROM device WHERE tenant = $1 AND id = $2",
    /* The newest one that is one too many, and all before it. */
    [SQL_EVENTS_FORGET] = "DELETE FROM event WHERE device = " NUMBER " AND number <="
                          " (SELECT number FROM event WHERE device = " NUMBER
                          " ORDER BY number DESC LIMIT 1 OFFSET $3)",
    [SQL_EVENTS_FORGET_OLD] =
        "DELETE FROM event WHERE number IN (SELECT number FROM event"
        " WHERE device IS NULL AND tenant = $1 AND time_s < $2 ORDER BY time_s LIMIT 16)",

    [SQL_RATCHET] = "SELECT bytes FROM ratchet"
                    " WHERE device = " NUMBER " AND bytes IS NOT NULL",
    [SQL_RATCHET_INSERT] = "INSERT INTO ratchet (device, version, seen_s, bytes)"
                           " VALUES (" NUMBER ", $3 + 1, $4, $5)",
    [SQL_RATCHET_UPDATE] = "UPDATE ratchet SET version = $3 + 1, seen_s = $4,"
                           " bytes = coalesce($5, bytes)"
                           " WHERE device = " NUMBER " AND version = $3",
    [SQL_GENERATION] =
        "SELECT bytes FROM generation"
        " WHERE tenant = $1 AND device = $2 AND dir = $3 AND epoch = $4 AND gen = $5",
    [SQL_GENERATIONS] = "SELECT dir, epoch, gen, bytes FROM generation"
                        " WHERE tenant = $1 AND device = $2 AND dir = $3 ORDER BY epoch, gen",
    [SQL_GENERATION_PUT] =
        "INSERT INTO generation (tenant, device, dir, epoch, gen, bytes)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, device, dir, epoch, gen)"
        " DO UPDATE SET bytes = excluded.bytes",
    [SQL_GENERATION_DELETE] =
        "DELETE FROM generation"
        " WHERE tenant = $1 AND device = $2 AND dir = $3 AND epoch = $4 AND gen = $5",
    [SQL_SEGMENTS] = "SELECT " SEGMENT_COLUMNS " FROM segment INDEXED BY segment_tenant"
                     " WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3",
    [SQL_SEGMENTS_OF] =
        "SELECT " SEGMENT_COLUMNS " FROM segment INDEXED BY segment_device"
        " WHERE tenant = $1 AND device = $2 AND number > $3 ORDER BY number LIMIT $4",
    [SQL_SEGMENTS_SINCE] = "SELECT " SEGMENT_HEADS
                           ", substr(heads, 1, 0) FROM segment INDEXED BY segment_device"
                           " WHERE tenant = $1 AND device = $2 AND time_ms >= $3 ORDER BY number",
    /* What comes twice comes soon: a call stays short, however many there are. */
    [SQL_SEGMENTS_WITH] =
        "SELECT " SEGMENT_COLUMNS
        " FROM segment WHERE tenant = $1 AND kind = 0 AND number IN (SELECT number FROM"
        " (SELECT number, id_lo, id_hi FROM segment INDEXED BY segment_device"
        " WHERE tenant = $1 AND device = $2 ORDER BY number DESC LIMIT 4096) AS newest"
        " WHERE id_lo <= $3 AND id_hi >= $3) ORDER BY number DESC LIMIT $4",
    [SQL_SEGMENT] = "SELECT " SEGMENT_COLUMNS " FROM segment WHERE tenant = $1 AND number = $2",
    [SQL_SEGMENT_INSERT] =
        "INSERT INTO segment (tenant, kind, device, time_ms, n, id_lo, id_hi, heads, bytes)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    /* Only the oldest are looked at: however many there are, a call stays short. */
    [SQL_SEGMENTS_FORGET] =
        "DELETE FROM segment WHERE tenant = $1 AND number IN (SELECT number FROM"
        " (SELECT number, time_ms FROM segment INDEXED BY segment_tenant WHERE tenant = $1"
        " ORDER BY number LIMIT $2) AS oldest WHERE time_ms < $3)",
    [SQL_DOWNLINKS] = "SELECT device, id, created_ms, seq, sent_ms, body FROM downlink"
                      " WHERE tenant = $1 AND device = $2 AND id > $3 ORDER BY id LIMIT $4",
    [SQL_DOWNLINK_QUEUE] = "SELECT count(*), (SELECT id FROM downlink"
                           " WHERE tenant = $1 AND device = $2 ORDER BY id DESC LIMIT 1)"
                           " FROM downlink WHERE tenant = $1 AND device = $2",
    [SQL_DOWNLINK_PUT] = "INSERT INTO downlink (tenant, device, id, created_ms, seq, sent_ms, body)"
                         " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, device, id)"
                         " DO UPDATE SET seq = excluded.seq, sent_ms = excluded.sent_ms"
                         " WHERE excluded.seq != 0",
    [SQL_DOWNLINK_DELETE] = "DELETE FROM downlink WHERE tenant = $1 AND device = $2 AND id = $3",

    [SQL_INCIDENT] = "SELECT " INCIDENT_COLUMNS " FROM incident"
                     " WHERE tenant = $1 AND device = $2 AND epoch = $3",
    [SQL_INCIDENTS] = "SELECT " INCIDENT_COLUMNS " FROM incident WHERE tenant = $1"
                      " AND (changed_ms, device, epoch) < ($2, $3, $4)" INCIDENTS_ORDER " LIMIT $5",
    [SQL_INCIDENTS_OF] = "SELECT " INCIDENT_COLUMNS
                         " FROM incident WHERE tenant = $1 AND device = $6"
                         " AND (changed_ms, device, epoch) < ($2, $3, $4)" INCIDENTS_ORDER
                         " LIMIT $5",
    [SQL_INCIDENTS_OPEN] = "SELECT " INCIDENT_COLUMNS " FROM incident"
                           " WHERE tenant = $1 AND state != 3"
                           " AND (changed_ms, device, epoch) < ($2, $3, $4)" INCIDENTS_ORDER
                           " LIMIT $5",
    [SQL_INCIDENTS_OPEN_OF] = "SELECT " INCIDENT_COLUMNS " FROM incident"
                              " WHERE tenant = $1 AND device = $6 AND state != 3"
                              " AND (changed_ms, device, epoch) < ($2, $3, $4)" INCIDENTS_ORDER
                              " LIMIT $5",
    [SQL_INCIDENT_PUT] =
        "INSERT INTO incident (tenant, " INCIDENT_COLUMNS ")"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        " ON CONFLICT (tenant, device, epoch) DO UPDATE SET kind = excluded.kind,"
        " severity = excluded.severity, state = excluded.state, rules = excluded.rules,"
        " opened_ms = excluded.opened_ms, changed_ms = excluded.changed_ms,"
        " slot_lo = excluded.slot_lo, slot_hi = excluded.slot_hi, forged = excluded.forged,"
        " genuine = excluded.genuine, unattested = excluded.unattested,"
        " detail = excluded.detail, note = excluded.note, slots = excluded.slots",
    [SQL_PROOFS] = "SELECT device, epoch, number, time_ms, bytes FROM proof"
                   " WHERE tenant = $1 AND device = $2 AND epoch = $3 ORDER BY number",
    [SQL_PROOF_INSERT] = "INSERT INTO proof (tenant, device, epoch, number, time_ms, bytes)"
                         " SELECT $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5 FROM proof"
                         " WHERE tenant = $1 AND device = $2 AND epoch = $3",
    [SQL_EVIDENCE] = "SELECT device.tenant, " DEVICE_COLUMNS ", grp, version, seen_s,"
                     " evidence.bytes, common.bytes FROM device"
                     " JOIN ratchet ON ratchet.device = device.number"
                     " JOIN evidence ON evidence.device = device.number"
                     " LEFT JOIN common ON common.number = evidence.common"
                     " WHERE device.tenant = $1 AND id = $2",
    [SQL_EVIDENCE_PUT] = "INSERT INTO evidence (device, common, bytes) VALUES (" NUMBER ", $3, $4)"
                         " ON CONFLICT (device) DO UPDATE"
                         " SET common = excluded.common, bytes = excluded.bytes",
    [SQL_AUDIT] = "SELECT number, time_ms, device, line, hash FROM audit"
                  " WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3",
    [SQL_AUDIT_HEAD] = "SELECT number, hash FROM audit WHERE tenant = $1"
                       " ORDER BY number DESC LIMIT 1",
    /* SQLite has one writer. */
    [SQL_AUDIT_LOCK] = "SELECT $1",
    [SQL_AUDIT_INSERT] = "INSERT INTO audit (tenant, number, time_ms, device, line, hash)"
                         " VALUES ($1, $2, $3, $4, $5, $6)",
    [SQL_BOOT] = "SELECT resets, os_boot, ima, sha256, bytes FROM boot"
                 " LEFT JOIN facts ON facts.number = boot.facts WHERE device = " NUMBER,
    [SQL_BOOT_FACTS] = "SELECT coalesce(facts, 0) FROM boot WHERE device = " NUMBER,
    [SQL_BOOT_PUT] = "INSERT INTO boot (device, resets, os_boot, ima, facts)"
                     " VALUES (" NUMBER ", $3, $4, $5, $6) ON CONFLICT (device)"
                     " DO UPDATE SET resets = excluded.resets, os_boot = excluded.os_boot,"
                     " ima = excluded.ima, facts = excluded.facts",
    /* Where the facts stay: their index is not written. */
    [SQL_BOOT_UPDATE] = "UPDATE boot SET resets = $3, os_boot = $4, ima = $5"
                        " WHERE device = " NUMBER " AND facts IS $6",
    [SQL_FACTS_NUMBER] = "SELECT number FROM facts WHERE tenant = $1 AND sha256 = $2",
    [SQL_FACTS_PUT] = "INSERT INTO facts (tenant, sha256, bytes) VALUES ($1, $2, $3)"
                      " ON CONFLICT (tenant, sha256) DO NOTHING",
    [SQL_FACTS_FORGET] = "DELETE FROM facts WHERE number = $1"
                         " AND NOT EXISTS (SELECT 1 FROM boot WHERE facts = $1)",
    [SQL_KEPT] = "SELECT kind, first, bytes FROM kept WHERE tenant = $1 AND device = $2"
                 " ORDER BY kind, first",
    [SQL_KEPT_PUT] =
        "INSERT INTO kept (tenant, device, kind, first, bytes) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (tenant, device, kind, first)"
        " DO UPDATE SET bytes = excluded.bytes",
    [SQL_KEPT_SIZE] = "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM kept"
                      " WHERE tenant = $1 AND device = $2 AND kind = $3 AND first != $4",
    [SQL_KEPT_FORGET] = "DELETE FROM kept WHERE tenant = $1 AND device = $2",
    [SQL_GROUP] = "SELECT " GROUP_COLUMNS " FROM device_group WHERE tenant = $1 AND name = $2",
    [SQL_GROUPS] = "SELECT " GROUP_COLUMNS " FROM device_group WHERE tenant = $1 AND name > $2"
                   " ORDER BY name LIMIT $3",
    /* Not OR REPLACE: what is replaced takes its exceptions with it. */
    [SQL_GROUP_PUT] = "INSERT INTO device_group (tenant, " GROUP_COLUMNS ")"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, name) DO UPDATE"
                      " SET policy = excluded.policy, enforce = excluded.enforce,"
                      " note = excluded.note, created_s = excluded.created_s,"
                      " changed_s = excluded.changed_s",
    [SQL_GROUP_LOCK] = "SELECT 1 FROM device_group WHERE tenant = $1 AND name = $2",
    [SQL_GROUP_DELETE] = "DELETE FROM device_group WHERE tenant = $1 AND name = $2",
    [SQL_GROUP_IN_USE] = "SELECT 1 FROM device INDEXED BY device_grp"
                         " WHERE tenant = $1 AND grp = $2 AND grp != '' LIMIT 1",
    [SQL_EXCEPTIONS] = "SELECT " EXCEPTION_COLUMNS " FROM exception WHERE tenant = $1"
                       " ORDER BY number",
    [SQL_EXCEPTIONS_FOR] = "SELECT " EXCEPTION_COLUMNS " FROM exception INDEXED BY exception_of"
                           " WHERE tenant = $1 AND device = $2"
                           " UNION ALL SELECT " EXCEPTION_COLUMNS
                           " FROM exception INDEXED BY exception_of"
                           " WHERE tenant = $1 AND device IS NULL AND (grp IS NULL OR grp = $3)"
                           " ORDER BY number",
    [SQL_EXCEPTION_NUMBER] = "INSERT INTO tenant (name, default_policy, exceptions)"
                             " VALUES ($1, '', 1) ON CONFLICT (name) DO UPDATE"
                             " SET exceptions = tenant.exceptions + 1 RETURNING exceptions",
    [SQL_EXCEPTION_INSERT] = "INSERT INTO exception (tenant, " EXCEPTION_COLUMNS ")"
                             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    [SQL_EXCEPTION_DELETE] = "DELETE FROM exception WHERE tenant = $1 AND number = $2",
    [SQL_CREDENTIAL] = "SELECT " ACCESS_COLUMNS " FROM credential WHERE sha256 = $1",
    [SQL_CREDENTIALS] = "SELECT " ACCESS_COLUMNS " FROM credential ORDER BY name",
    [SQL_CREDENTIAL_INSERT] = "INSERT INTO credential (" ACCESS_COLUMNS ")"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    [SQL_CREDENTIAL_DELETE] = "DELETE FROM credential WHERE name = $1",
    [SQL_CONSUMER] = "SELECT name, cursor, version, holder, until_s FROM consumer"
                     " WHERE tenant = $1 AND name = $2",
    [SQL_CONSUMER_INSERT] = "INSERT INTO consumer (tenant, name, cursor, version, holder, until_s)"
                            " VALUES ($1, $2, $3, 1, $4, $5) ON CONFLICT (tenant, name) DO NOTHING",
    [SQL_CONSUMER_UPDATE] = "UPDATE consumer SET version = version + 1, cursor = $4, holder = $5,"
                            " until_s = $6 WHERE tenant = $1 AND name = $2 AND version = $3",
    [SQL_PARKED] = "SELECT device, cursor, first, tries, next_s FROM parked"
                   " WHERE tenant = $1 AND consumer = $2 ORDER BY device",
    [SQL_PARKED_PUT] = "INSERT INTO parked (tenant, consumer, device, cursor, first, tries, next_s)"
                       " VALUES ($1, $2, $3, $4, $5, $6, $7)"
                       " ON CONFLICT (tenant, consumer, device) DO UPDATE"
                       " SET cursor = excluded.cursor, first = excluded.first,"
                       " tries = excluded.tries, next_s = excluded.next_s",
    [SQL_PARKED_DELETE] = "DELETE FROM parked WHERE tenant = $1 AND consumer = $2 AND device = $3",

    [SQL_REFUSALS_OF] = "SELECT " REFUSAL_COLUMNS " FROM refusal WHERE tenant = $1"
                        " AND subject = $2 ORDER BY last_s DESC LIMIT $3",
    [SQL_REFUSALS_SERIAL] = "SELECT " REFUSAL_COLUMNS " FROM refusal WHERE tenant = $1"
                            " AND serial = $2 ORDER BY last_s DESC LIMIT $3",
    /* Looks through all rows of the tenant, which are bounded. */
    [SQL_REFUSALS_WITH] = "SELECT " REFUSAL_COLUMNS " FROM refusal WHERE tenant = $1"
                          " AND requests LIKE '%' || CAST($2 AS TEXT) || '%'"
                          " ORDER BY last_s DESC LIMIT $3",
    [SQL_REFUSALS_COUNT] = "SELECT count(*) FROM (SELECT 1 FROM refusal WHERE tenant = $1"
                           " AND code = $2 AND last_s >= $3 LIMIT $4) AS few",
    /* What was over for a day begins anew. */
    [SQL_REFUSAL_PUT] =
        "INSERT INTO refusal (" REFUSAL_COLUMNS
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        " ON CONFLICT (tenant, subject, code) DO UPDATE SET"
        " serial = CASE WHEN excluded.serial = '' THEN refusal.serial ELSE excluded.serial END,"
        " address = CASE WHEN excluded.address = '' THEN refusal.address"
        " ELSE excluded.address END,"
        " first_s = CASE WHEN excluded.first_s - refusal.last_s > 86400 THEN excluded.first_s"
        " ELSE refusal.first_s END,"
        " count = CASE WHEN excluded.first_s - refusal.last_s > 86400 THEN excluded.count"
        " ELSE refusal.count + excluded.count END,"
        " last_s = excluded.last_s, status = excluded.status,"
        " requests = substr(excluded.requests || ' ' || refusal.requests, 1, 67),"
        " detail = excluded.detail",
    [SQL_REFUSALS_FORGET_OF] = "DELETE FROM refusal WHERE tenant = $1 AND net = $3 AND last_s <="
                               " (SELECT last_s FROM refusal WHERE tenant = $1 AND net = $3"
                               " ORDER BY last_s DESC LIMIT 1 OFFSET $2)",
    [SQL_REFUSALS_FORGET] = "DELETE FROM refusal WHERE tenant = $1 AND last_s <="
                            " (SELECT last_s FROM refusal WHERE tenant = $1"
                            " ORDER BY last_s DESC LIMIT 1 OFFSET $2)",

    [SQL_TOKEN_REWRAP] = "UPDATE token SET wrapped = $4"
                         " WHERE tenant = $1 AND id = $2 AND wrapped = $3",
    [SQL_RATCHET_REWRAP] = "UPDATE ratchet SET bytes = $4"
                           " WHERE device = " NUMBER " AND bytes = $3",
    [SQL_GENERATION_REWRAP] = "UPDATE generation SET bytes = $7 WHERE tenant = $1 AND device = $2"
                              " AND dir = $3 AND epoch = $4 AND gen = $5 AND bytes = $6",
    [SQL_DOWNLINK_REWRAP] = "UPDATE downlink SET body = $5"
                            " WHERE tenant = $1 AND device = $2 AND id = $3 AND body = $4",
    [SQL_SEGMENT_REWRAP] = "UPDATE segment SET bytes = $4"
                           " WHERE tenant = $1 AND number = $2 AND bytes = $3",
};

/* Where it has to say the same in other words. SQLite has one writer; here a row is locked. */
static const char *const postgres[SQL_COUNT] = {
    [SQL_DEVICE_BY_AK] = DEVICE_SELECT
    " AND number = (SELECT number FROM device WHERE tenant = $1 AND id ="
    " (SELECT device FROM device_ak AS ak WHERE ak.tenant = $1 AND ak.ak_name = $2))",
    /* Numbers grow in the order of the commits: who was given one holds the row until it is visible
     * to all, or the number goes back. */
    [SQL_SEGMENT_INSERT] = "WITH next AS (INSERT INTO feed_number (tenant, number) VALUES ($1,"
                           " (SELECT feed_base FROM history) + 1) ON CONFLICT (tenant) DO UPDATE "
                           "SET number = feed_number.number + 1 RETURNING number)"
                           " INSERT INTO segment"
                           " (tenant, number, kind, device, time_ms, n, id_lo, id_hi, heads, bytes)"
                           " SELECT $1, number, $2, $3, $4, $5, $6, $7, $8, $9 FROM next",
    [SQL_BOOT_UPDATE] = "UPDATE boot SET resets = $3, os_boot = $4, ima = $5"
                        " WHERE device = " NUMBER " AND facts IS NOT DISTINCT FROM $6",
    [SQL_FACTS_NUMBER] = "SELECT number FROM facts WHERE tenant = $1 AND sha256 = $2"
                         " FOR KEY SHARE",
    [SQL_GROUP_LOCK] = "SELECT 1 FROM device_group WHERE tenant = $1 AND name = $2 FOR KEY SHARE",
    [SQL_DEVICE_INDEXED] =
        "UPDATE device SET grp = CASE WHEN $3 = '' THEN $3 ELSE (SELECT name FROM"
        " device_group WHERE tenant = $1 AND name = $3 FOR KEY SHARE) END, ak_name = $4"
        " WHERE tenant = $1 AND id = $2 AND (grp != $3 OR ak_name != $4)",
    [SQL_AUDIT_LOCK] = "INSERT INTO tenant (name, default_policy) VALUES ($1, '')"
                       " ON CONFLICT (name) DO UPDATE SET default_policy = tenant.default_policy",
};

const char *statement_text(enum statement which)
{
    return text[which];
}

const char *statement_text_postgres(enum statement which)
{
    return postgres[which] ? postgres[which] : text[which];
}
