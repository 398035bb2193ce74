-- SPDX-License-Identifier: Apache-2.0
-- Less room for each device. Times are Unix seconds.
--
-- A device has a number, and what there is one of for each device has that number for its key: rows
-- are appended, so pages are full, and no row repeats the tenant and the id. What devices have in
-- common stands once, in common; their rows are differences from it (store/delta.h). Rows without
-- it are whole: those of before, until they are written again.

CREATE TABLE device_now (
    number           INTEGER PRIMARY KEY,
    tenant           TEXT    NOT NULL,
    id               BLOB    NOT NULL CHECK (length(id) = 32),
    state            INTEGER NOT NULL,
    roots            INTEGER NOT NULL,
    ek_name          BLOB    NOT NULL,
    ak_name          BLOB    NOT NULL,
    td_name          BLOB    NOT NULL, -- one byte: that of td_point in our template
    qualified_signer BLOB    NOT NULL, -- one byte: that of ak_name under ek_name
    ak_public        BLOB    NOT NULL, -- a point alone: in our template
    td_point         BLOB    NOT NULL,
    suite            INTEGER NOT NULL,
    enrolments       INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    clock_ms         INTEGER NOT NULL,
    resets           INTEGER NOT NULL,
    restarts         INTEGER NOT NULL,
    safe             INTEGER NOT NULL,
    firmware         INTEGER NOT NULL,
    boot_id          BLOB    NOT NULL,
    os_boot          BLOB    NOT NULL,
    firmware_cert    TEXT    NOT NULL,
    banks            BLOB    NOT NULL, -- TPML_PCR_SELECTION
    pcr_digest       BLOB    NOT NULL,
    policy           TEXT    NOT NULL, -- empty: its group's, or the tenant's default
    status           TEXT    NOT NULL,
    why              TEXT    NOT NULL, -- of the last verdict, a line for each finding
    created_s        INTEGER NOT NULL,
    software_status  TEXT    NOT NULL DEFAULT '',
    keys_status      TEXT    NOT NULL DEFAULT '',
    due_s            INTEGER NOT NULL DEFAULT 0, -- 0: it named no interval
    told_s           INTEGER NOT NULL DEFAULT 0, -- 0: nobody was told yet
    attested_s       INTEGER NOT NULL DEFAULT 0,
    grp              TEXT    NOT NULL DEFAULT '', -- empty: none
    coverage         TEXT    NOT NULL DEFAULT '',
    release          TEXT    NOT NULL DEFAULT '',
    manufacturer     TEXT    NOT NULL DEFAULT '', -- of the EK certificate
    UNIQUE (tenant, id)
) STRICT;

INSERT INTO device_now
    SELECT row_number() OVER (ORDER BY created_s, tenant, id), tenant, id, state, roots, ek_name,
           ak_name, td_name, qualified_signer, ak_public, td_point, suite, enrolments, attempt,
           clock_ms, resets, restarts, safe, firmware, boot_id, os_boot, firmware_cert, banks,
           pcr_digest, policy, status, why, created_s, software_status, keys_status, due_s, told_s,
           attested_s, grp, coverage, release,
           (SELECT coalesce(json_extract(json, '$.ek.manufacturer'), '') FROM papers AS p
            WHERE p.tenant = device.tenant AND p.device = device.id
            UNION ALL SELECT '' LIMIT 1)
    FROM device;

-- What rows of many devices have in common: bytes that they are differences from.
CREATE TABLE common (
    number INTEGER PRIMARY KEY,
    tenant TEXT    NOT NULL,
    kind   INTEGER NOT NULL,
    sha256 BLOB    NOT NULL CHECK (length(sha256) = 32), -- of what makes rows alike
    bytes  BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX common_sha256 ON common (tenant, kind, sha256);

-- ---- one row for each device ---------------------------------------------------------------------

CREATE TABLE ratchet_now (
    device  INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    seen_s  INTEGER NOT NULL,
    bytes   BLOB,             -- NULL: no root yet
    FOREIGN KEY (device) REFERENCES device (number)
) STRICT;

INSERT INTO ratchet_now
    SELECT d.number, version, seen_s, bytes FROM ratchet AS r
    JOIN device_now AS d ON d.tenant = r.tenant AND d.id = r.device ORDER BY d.number;
DROP TABLE ratchet;
ALTER TABLE ratchet_now RENAME TO ratchet;

CREATE TABLE snapshot_now (
    device     INTEGER PRIMARY KEY,
    common     INTEGER,          -- NULL: it is whole
    pcr_select BLOB    NOT NULL, -- TPML_PCR_SELECTION; else empty: it stands in bytes
    bytes      BLOB    NOT NULL, -- the values, one after the other
    FOREIGN KEY (device) REFERENCES device (number),
    FOREIGN KEY (common) REFERENCES common (number)
) STRICT;

INSERT INTO snapshot_now
    SELECT d.number, NULL, pcr_select, pcr_values FROM snapshot AS s
    JOIN device_now AS d ON d.tenant = s.tenant AND d.id = s.device ORDER BY d.number;
DROP TABLE snapshot;
ALTER TABLE snapshot_now RENAME TO snapshot;

-- Whether anybody is left.
CREATE INDEX snapshot_common ON snapshot (common) WHERE common IS NOT NULL;

CREATE TABLE papers_now (
    device INTEGER PRIMARY KEY,
    common INTEGER,          -- NULL: they are whole
    bytes  BLOB    NOT NULL, -- JSON
    FOREIGN KEY (device) REFERENCES device (number),
    FOREIGN KEY (common) REFERENCES common (number)
) STRICT;

INSERT INTO papers_now
    SELECT d.number, NULL, CAST(json AS BLOB) FROM papers AS p
    JOIN device_now AS d ON d.tenant = p.tenant AND d.id = p.device ORDER BY d.number;
DROP TABLE papers;
ALTER TABLE papers_now RENAME TO papers;

CREATE TABLE evidence_now (
    device INTEGER PRIMARY KEY,
    common INTEGER,          -- NULL: it is whole
    bytes  BLOB    NOT NULL,
    FOREIGN KEY (device) REFERENCES device (number),
    FOREIGN KEY (common) REFERENCES common (number)
) STRICT;

INSERT INTO evidence_now
    SELECT d.number, NULL, bytes FROM evidence AS e
    JOIN device_now AS d ON d.tenant = e.tenant AND d.id = e.device ORDER BY d.number;
DROP TABLE evidence;
ALTER TABLE evidence_now RENAME TO evidence;

CREATE TABLE boot_now (
    device  INTEGER PRIMARY KEY,
    resets  INTEGER NOT NULL,
    os_boot BLOB    NOT NULL,
    facts   INTEGER,          -- NULL: none are known
    ima     BLOB    NOT NULL, -- empty: no list was judged
    FOREIGN KEY (device) REFERENCES device (number),
    FOREIGN KEY (facts) REFERENCES facts (number)
) STRICT;

INSERT INTO boot_now
    SELECT d.number, b.resets, b.os_boot, facts, ima FROM boot AS b
    JOIN device_now AS d ON d.tenant = b.tenant AND d.id = b.device ORDER BY d.number;
DROP TABLE boot;
ALTER TABLE boot_now RENAME TO boot;

CREATE INDEX boot_facts ON boot (facts) WHERE facts IS NOT NULL;

-- ---- events: so many of a device, so old ones of a tenant ----------------------------------------

CREATE TABLE event_now (
    number INTEGER PRIMARY KEY,
    time_s INTEGER NOT NULL,
    tenant TEXT    NOT NULL,
    device INTEGER,          -- NULL: of the tenant
    line   TEXT    NOT NULL,
    FOREIGN KEY (device) REFERENCES device (number)
) STRICT;

INSERT INTO event_now
    SELECT e.number, time_s, e.tenant, d.number, line FROM event AS e
    LEFT JOIN device_now AS d ON d.tenant = e.tenant AND d.id = e.device ORDER BY e.number;
DROP TABLE event;
ALTER TABLE event_now RENAME TO event;

CREATE INDEX event_device ON event (device, number) WHERE device IS NOT NULL;
CREATE INDEX event_tenant ON event (tenant, time_s) WHERE device IS NULL;

-- ---- devices -------------------------------------------------------------------------------------

DROP TABLE device;
ALTER TABLE device_now RENAME TO device;

-- An attestation key belongs to one device.
CREATE UNIQUE INDEX device_ak ON device (tenant, ak_name);
-- As in 004, 005 and 006.
CREATE INDEX device_due ON device (tenant, due_s) WHERE state = 2 AND told_s = 0 AND due_s > 0;
CREATE INDEX device_grp ON device (tenant, grp, id) WHERE grp != '';
CREATE INDEX device_state ON device (tenant, state, id) WHERE state <> 2;

PRAGMA user_version = 8;
