-- SPDX-License-Identifier: Apache-2.0
-- Ratchets with their generations, messages both ways, incidents. Times are Unix milliseconds.
--
-- A number of 64 bits without sign that gives rows their order is a BLOB of its 8 bytes, most
-- significant first: INTEGER would put the upper half before the lower.

-- What moves with every request. A batch of messages rewrites this row and not the wide one in
-- device. version is the one that compare-and-set looks at.
CREATE TABLE ratchet (
    tenant  TEXT    NOT NULL,
    device  BLOB    NOT NULL,
    version INTEGER NOT NULL,
    seen_s  INTEGER NOT NULL,
    bytes   BLOB,             -- NULL: no root yet
    PRIMARY KEY (tenant, device),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

CREATE TABLE generation (
    tenant TEXT    NOT NULL,
    device BLOB    NOT NULL,
    dir    INTEGER NOT NULL,
    epoch  BLOB    NOT NULL CHECK (length(epoch) = 8),
    gen    INTEGER NOT NULL,
    bytes  BLOB    NOT NULL,
    PRIMARY KEY (tenant, device, dir, epoch, gen),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

-- number is a cursor. Numbers are given inside of write transactions, of which there is one at a
-- time, and AUTOINCREMENT gives none twice: so they grow in the order of the commits, and what a
-- reader has not seen yet has a higher one than all that it has seen.
CREATE TABLE segment (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant  TEXT    NOT NULL,
    device  BLOB    NOT NULL,
    time_ms INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    bytes   BLOB    NOT NULL,
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

CREATE INDEX segment_tenant ON segment (tenant);
CREATE INDEX segment_device ON segment (tenant, device);
INSERT INTO sqlite_sequence (name, seq) VALUES ('segment', 0);

CREATE TABLE downlink (
    tenant     TEXT    NOT NULL,
    device     BLOB    NOT NULL,
    id         BLOB    NOT NULL CHECK (length(id) = 8),
    created_ms INTEGER NOT NULL,
    seq        INTEGER NOT NULL, -- 0: in no slot yet
    sent_ms    INTEGER NOT NULL,
    body       BLOB    NOT NULL,
    PRIMARY KEY (tenant, device, id),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

CREATE TABLE incident (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant  TEXT    NOT NULL,
    device  BLOB    NOT NULL,
    time_ms INTEGER NOT NULL,
    rule    INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    detail  TEXT    NOT NULL,
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

CREATE INDEX incident_device ON incident (tenant, device);

PRAGMA user_version = 2;
