-- SPDX-License-Identifier: Apache-2.0
-- What a next release might add (verifiers.py): the one before runs on beside it.
CREATE TABLE next_release (
    tenant TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    detail BYTEA NOT NULL
);
ALTER TABLE device ADD COLUMN next_release BIGINT NOT NULL DEFAULT 7;
ALTER TABLE ratchet ADD COLUMN next_release TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX device_by_next_release ON device (tenant, next_release);
