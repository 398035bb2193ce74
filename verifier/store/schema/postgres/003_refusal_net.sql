-- SPDX-License-Identifier: Apache-2.0
-- A share of the refusals for each network. Rows of before are nobody's.

ALTER TABLE refusal ADD COLUMN net BIGINT NOT NULL DEFAULT 0; -- that made the row; 0: not known

CREATE INDEX refusal_net ON refusal (tenant, net, last_s);
