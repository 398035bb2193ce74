-- SPDX-License-Identifier: Apache-2.0
-- What the store knows of itself, in one row. Times are Unix milliseconds.

CREATE TABLE history (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    commits     INTEGER NOT NULL, -- transactions so far; the file pawl.count follows it
    newest_ms   INTEGER NOT NULL, -- the newest time of any row
    restored_ms INTEGER NOT NULL  -- when an older copy was put back; 0: never
) STRICT;

INSERT INTO history VALUES (1, 0, 0, 0);

PRAGMA user_version = 3;
