-- SPDX-License-Identifier: Apache-2.0
-- Detection: the feed with marks and notices, one incident for each device and epoch, proofs, the
-- audit chain, overdue devices. Times are Unix milliseconds, those that end in _s seconds.

-- ---- devices: two lights, and when the next attestation is due ----------------------------------

ALTER TABLE device ADD COLUMN software_status TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN keys_status TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN due_s INTEGER NOT NULL DEFAULT 0;  -- 0: it named no interval
ALTER TABLE device ADD COLUMN told_s INTEGER NOT NULL DEFAULT 0; -- 0: nobody was told yet
ALTER TABLE device ADD COLUMN attested_s INTEGER NOT NULL DEFAULT 0;

-- Active ones (state 2) alone: a sweep looks at nothing but what it will tell.
CREATE INDEX device_due ON device (tenant, due_s) WHERE state = 2 AND told_s = 0 AND due_s > 0;

-- ---- the feed ------------------------------------------------------------------------------------

-- Segments without heads cannot be read any more, and no version that wrote them was released: they
-- go. Their numbers are not given again.
CREATE TABLE feed (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant  TEXT    NOT NULL,
    kind    INTEGER NOT NULL,
    device  BLOB    NOT NULL,
    time_ms INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    id_lo   BLOB    NOT NULL CHECK (length(id_lo) = 8), -- of messages; see 002 on the order
    id_hi   BLOB    NOT NULL CHECK (length(id_hi) = 8),
    heads   BLOB    NOT NULL,
    bytes   BLOB    NOT NULL, -- last: a look at heads does not read them
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

INSERT INTO sqlite_sequence (name, seq)
    SELECT 'feed', seq FROM sqlite_sequence WHERE name = 'segment';
DROP TABLE segment;
ALTER TABLE feed RENAME TO segment;

CREATE INDEX segment_tenant ON segment (tenant);
-- One for all that is asked of a device's segments: each batch writes into it. Times and ids are
-- looked through in the index alone.
CREATE INDEX segment_device ON segment (tenant, device, number, time_ms, id_lo, id_hi);

-- Where a consumer of the feed goes on.
CREATE TABLE consumer (
    tenant TEXT NOT NULL,
    name   TEXT NOT NULL,
    cursor TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- ---- incidents -----------------------------------------------------------------------------------

ALTER TABLE incident RENAME TO finding;

CREATE TABLE incident (
    tenant     TEXT    NOT NULL,
    device     BLOB    NOT NULL,
    epoch      INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    severity   INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    rules      INTEGER NOT NULL,
    opened_ms  INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    slot_lo    INTEGER NOT NULL,
    slot_hi    INTEGER NOT NULL,
    forged     INTEGER NOT NULL,
    genuine    INTEGER NOT NULL,
    unattested INTEGER NOT NULL,
    detail     TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    slots      BLOB    NOT NULL,
    PRIMARY KEY (tenant, device, epoch),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

CREATE INDEX incident_changed ON incident (tenant, changed_ms);
CREATE INDEX incident_open ON incident (tenant, changed_ms) WHERE state != 3; -- closed

-- What was found before becomes one open incident for each device and epoch, under the first
-- finding's detail. Rules 1 to 7 are E1 to E7; kind 3 is device-cloned, the gravest.
INSERT INTO incident
    SELECT f.tenant, f.device, f.epoch, g.kind, g.severity, 1, g.rules, g.opened_ms, g.changed_ms,
           0, 0, 0, 0, 0, f.detail, '', x''
    FROM (SELECT min(number) AS first,
                 iif(max(rule = 5), 3,
                     max(CASE rule WHEN 2 THEN 2 WHEN 4 THEN 2 WHEN 6 THEN 4 ELSE 1 END)) AS kind,
                 iif(max(rule = 5), 3, 2) AS severity,
                 sum(DISTINCT 1 << rule) AS rules,
                 min(time_ms) AS opened_ms, max(time_ms) AS changed_ms
          FROM finding GROUP BY tenant, device, epoch) AS g
    JOIN finding AS f ON f.number = g.first ORDER BY g.first;

DROP TABLE finding;

CREATE TABLE proof (
    tenant  TEXT    NOT NULL,
    device  BLOB    NOT NULL,
    epoch   INTEGER NOT NULL,
    number  INTEGER NOT NULL CHECK (number > 0),
    time_ms INTEGER NOT NULL,
    bytes   BLOB    NOT NULL,
    PRIMARY KEY (tenant, device, epoch, number),
    FOREIGN KEY (tenant, device, epoch) REFERENCES incident (tenant, device, epoch)
) STRICT;

-- The last accepted evidence of a device: what the proof of a later incident begins with.
CREATE TABLE evidence (
    tenant TEXT NOT NULL,
    device BLOB NOT NULL,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (tenant, device),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

-- The hash chain begins empty.
CREATE TABLE audit (
    tenant  TEXT    NOT NULL,
    number  INTEGER NOT NULL CHECK (number > 0),
    time_ms INTEGER NOT NULL,
    device  BLOB    NOT NULL,
    line    TEXT    NOT NULL,
    hash    BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
