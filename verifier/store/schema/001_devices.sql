-- SPDX-License-Identifier: Apache-2.0
-- Devices, their snapshots and papers, tokens, policies, events. The tenant is part of every key.
--
-- Counters of 64 bits without sign are kept as the integer of the same bits; nothing in SQL
-- compares them except for equality. Times are Unix seconds. What changes with every request of a
-- device, its version too, stands in 002.

CREATE TABLE device (
    tenant           TEXT    NOT NULL,
    id               BLOB    NOT NULL CHECK (length(id) = 32),
    state            INTEGER NOT NULL,
    roots            INTEGER NOT NULL,
    ek_name          BLOB    NOT NULL,
    ak_name          BLOB    NOT NULL,
    td_name          BLOB    NOT NULL,
    qualified_signer BLOB    NOT NULL,
    ak_public        BLOB    NOT NULL,
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
    policy           TEXT    NOT NULL, -- empty: the tenant's default
    status           TEXT    NOT NULL,
    why              TEXT    NOT NULL, -- of the last verdict, a line for each finding
    created_s        INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- An attestation key belongs to one device.
CREATE UNIQUE INDEX device_ak ON device (tenant, ak_name);

CREATE TABLE snapshot (
    tenant     TEXT NOT NULL,
    device     BLOB NOT NULL,
    pcr_select BLOB NOT NULL, -- TPML_PCR_SELECTION
    pcr_values BLOB NOT NULL, -- one after the other
    PRIMARY KEY (tenant, device),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE papers (
    tenant TEXT NOT NULL,
    device BLOB NOT NULL,
    json   TEXT NOT NULL,
    PRIMARY KEY (tenant, device),
    FOREIGN KEY (tenant, device) REFERENCES device (tenant, id)
) STRICT;

CREATE TABLE token (
    tenant    TEXT    NOT NULL,
    id        BLOB    NOT NULL CHECK (length(id) = 8),
    wrapped   BLOB    NOT NULL,
    uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
    expires_s INTEGER NOT NULL,
    device    BLOB,             -- the only device that may use it; NULL: any
    created_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- A use counts once for each device.
CREATE TABLE token_use (
    tenant TEXT NOT NULL,
    token  BLOB NOT NULL,
    device BLOB NOT NULL,
    PRIMARY KEY (tenant, token, device),
    FOREIGN KEY (tenant, token) REFERENCES token (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy (
    tenant    TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    version   INTEGER NOT NULL CHECK (version > 0),
    created_s INTEGER NOT NULL,
    json      TEXT    NOT NULL,
    PRIMARY KEY (tenant, name, version)
) STRICT;

CREATE TABLE tenant (
    name           TEXT NOT NULL PRIMARY KEY,
    default_policy TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    time_s INTEGER NOT NULL,
    tenant TEXT    NOT NULL,
    device BLOB,
    line   TEXT    NOT NULL
) STRICT;

CREATE INDEX event_device ON event (tenant, device, number);

PRAGMA application_id = 1348564844; -- "Pawl"
PRAGMA user_version = 1;
