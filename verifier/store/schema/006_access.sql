-- SPDX-License-Identifier: Apache-2.0
-- Operators from afar: credentials. Devices: labels. Times are Unix seconds.

-- The tenant is no part of the key: who asks is found before it is known whose tenant is meant.
CREATE TABLE credential (
    name      TEXT    NOT NULL PRIMARY KEY,
    tenant    TEXT    NOT NULL, -- empty: all
    role      INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    sha256    BLOB    NOT NULL CHECK (length(sha256) = 32),
    labels    TEXT    NOT NULL, -- of exported keys, a line for each
    author    TEXT    NOT NULL,
    created_s INTEGER NOT NULL,
    expires_s INTEGER NOT NULL  -- 0: never
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX credential_sha256 ON credential (sha256);

-- ---- labels: what operators call their devices ---------------------------------------------------

CREATE TABLE device_label (
    tenant TEXT NOT NULL,
    device BLOB NOT NULL,
    name   TEXT NOT NULL,
    value  TEXT NOT NULL, -- empty: a bare name
    PRIMARY KEY (tenant, device, name),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT, WITHOUT ROWID;

-- Lists of devices go along it, in the order of ids.
CREATE INDEX device_label_value ON device_label (tenant, name, value, device);

-- Devices that wait, and those that were turned away (states 1 and 3): few beside the active ones,
-- whose rows are written with every request and stand in no page of it.
CREATE INDEX device_state ON device (tenant, state, id) WHERE state <> 2;

PRAGMA user_version = 6;
