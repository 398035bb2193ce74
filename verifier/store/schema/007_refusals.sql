-- SPDX-License-Identifier: Apache-2.0
-- Why requests were refused. Times are Unix seconds.

PRAGMA user_version = 7;
