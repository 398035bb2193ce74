-- SPDX-License-Identifier: Apache-2.0
-- Appraisal: what each device booted, groups, exceptions, evidence that is kept. Times are Unix
-- seconds.

-- ---- devices: a group, and what the last verdict looked at ---------------------------------------

ALTER TABLE device ADD COLUMN grp TEXT NOT NULL DEFAULT '';      -- empty: none
ALTER TABLE device ADD COLUMN coverage TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN release TEXT NOT NULL DEFAULT '';

-- Whether anybody is in a group. Nothing that a request writes stands in it.
CREATE INDEX device_grp ON device (tenant, grp) WHERE grp != '';

CREATE TABLE device_group (
    tenant    TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    policy    TEXT    NOT NULL, -- empty: the tenant's default
    enforce   INTEGER NOT NULL,
    note      TEXT    NOT NULL,
    created_s INTEGER NOT NULL,
    changed_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- ---- what a device booted ------------------------------------------------------------------------

-- Devices of a tenant that booted alike share a row. One that no boot refers to any more is gone.
CREATE TABLE facts (
    number INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    bytes  BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX facts_sha256 ON facts (tenant, sha256);

CREATE TABLE boot (
    tenant  TEXT    NOT NULL,
    device  BLOB    NOT NULL,
    resets  INTEGER NOT NULL,
    os_boot BLOB    NOT NULL,
    facts   INTEGER,          -- NULL: none are known
    ima     BLOB    NOT NULL, -- empty: no list was judged
    PRIMARY KEY (tenant, device),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id),
    FOREIGN KEY (facts) REFERENCES facts (number)
) STRICT;

CREATE INDEX boot_facts ON boot (facts);

-- ---- exceptions ----------------------------------------------------------------------------------

-- The highest number that was ever given: one that ended gives its own to no other.
ALTER TABLE tenant ADD COLUMN exceptions INTEGER NOT NULL DEFAULT 0;

CREATE TABLE exception (
    tenant    TEXT    NOT NULL,
    number    INTEGER NOT NULL CHECK (number > 0),
    device    BLOB,             -- of one device ..
    grp       TEXT,             -- .. or of a group, and goes with it; both NULL: of the tenant
    created_s INTEGER NOT NULL,
    reason    TEXT    NOT NULL, -- its code
    what      TEXT    NOT NULL,
    author    TEXT    NOT NULL,
    note      TEXT    NOT NULL,
    until_s   INTEGER NOT NULL,
    PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id),
    FOREIGN KEY (tenant, grp) REFERENCES device_group (tenant, name) ON DELETE CASCADE,
    CHECK (device IS NULL OR grp IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX exception_of ON exception (tenant, device, grp);

-- ---- evidence that is kept -----------------------------------------------------------------------

CREATE TABLE kept (
    tenant TEXT    NOT NULL,
    device BLOB    NOT NULL,
    kind   INTEGER NOT NULL,
    first  BLOB    NOT NULL CHECK (length(first) = 8), -- see 002 on the order
    bytes  BLOB    NOT NULL,
    PRIMARY KEY (tenant, device, kind, first),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

PRAGMA user_version = 5;
