-- SPDX-License-Identifier: Apache-2.0
-- Who posts a tenant's feed. Times are Unix seconds.

PRAGMA user_version = 9;
