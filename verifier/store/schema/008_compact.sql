-- SPDX-License-Identifier: Apache-2.0
-- Less room for each device. Times are Unix seconds.

PRAGMA user_version = 8;
