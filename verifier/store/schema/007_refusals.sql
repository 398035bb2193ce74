-- SPDX-License-Identifier: Apache-2.0
-- Why requests were refused: see store/refusal_row.h. Times are Unix seconds.

CREATE TABLE refusal (
    tenant   TEXT    NOT NULL,
    subject  TEXT    NOT NULL, -- "device HEX" or "address TEXT"
    code     TEXT    NOT NULL, -- of refusal/code.h
    serial   TEXT    NOT NULL, -- of the EK certificate; empty: none came
    address  TEXT    NOT NULL, -- the last; empty: not known
    first_s  INTEGER NOT NULL,
    last_s   INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    status   INTEGER NOT NULL, -- of HTTP, the last
    requests TEXT    NOT NULL, -- the last ids, the newest first
    detail   TEXT    NOT NULL,
    PRIMARY KEY (tenant, subject, code)
) STRICT, WITHOUT ROWID;

CREATE INDEX refusal_code ON refusal (tenant, code, last_s);
CREATE INDEX refusal_serial ON refusal (tenant, serial);
CREATE INDEX refusal_age ON refusal (tenant, last_s);

PRAGMA user_version = 7;
