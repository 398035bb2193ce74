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

PRAGMA user_version = 6;
