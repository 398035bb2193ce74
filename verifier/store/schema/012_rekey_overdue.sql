-- SPDX-License-Identifier: Apache-2.0
-- Devices that attest and do not rekey.

ALTER TABLE device ADD COLUMN rekey_due_s INTEGER NOT NULL DEFAULT 0; -- 0: not told

PRAGMA user_version = 12;
