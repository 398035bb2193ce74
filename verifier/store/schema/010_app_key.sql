-- SPDX-License-Identifier: Apache-2.0
-- A key of a device's applications that its AK certified: results name it.

ALTER TABLE device ADD COLUMN app_point BLOB NOT NULL DEFAULT x''; -- empty: none

PRAGMA user_version = 10;
