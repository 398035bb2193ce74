-- SPDX-License-Identifier: Apache-2.0
-- Which of several verifiers posts a tenant's feed, and the devices whose entries the receiver
-- refused: theirs wait. Times are Unix seconds.

ALTER TABLE consumer ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE consumer ADD COLUMN holder TEXT NOT NULL DEFAULT '';    -- empty: none
ALTER TABLE consumer ADD COLUMN until_s INTEGER NOT NULL DEFAULT 0; -- how long it is the holder

CREATE TABLE parked (
    tenant   TEXT    NOT NULL,
    consumer TEXT    NOT NULL,
    device   BLOB    NOT NULL,
    cursor   TEXT    NOT NULL, -- behind what was taken of this device
    first    TEXT    NOT NULL, -- the entry that was refused; empty: none since then
    tries    INTEGER NOT NULL,
    next_s   INTEGER NOT NULL,
    PRIMARY KEY (tenant, consumer, device)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 9;
