-- SPDX-License-Identifier: Apache-2.0
-- What the last verdict on a device claimed, so that its result can be made again for others.

ALTER TABLE device ADD COLUMN claims BLOB NOT NULL DEFAULT x'';   -- empty: none since then
ALTER TABLE device ADD COLUMN judged_by TEXT NOT NULL DEFAULT ''; -- policy:version

PRAGMA user_version = 11;
