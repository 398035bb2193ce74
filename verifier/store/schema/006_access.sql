-- SPDX-License-Identifier: Apache-2.0
-- Operators from afar: credentials. Devices: labels. Times are Unix seconds.

PRAGMA user_version = 6;
