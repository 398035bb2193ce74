/* SPDX-License-Identifier: Apache-2.0 */
/* How a round ended: one sentence for people, JSON for scripts, one exit code for both. No secret
 * is in any of them. */
#ifndef AGENT_REPORT_H
#define AGENT_REPORT_H

#include "cli.h"
#include "flow/flow.h"

enum cli_exit report_answer_exit(const struct flow_answer *a);
enum cli_exit report_failure_exit(enum pawl_code code);

/* "affirming", "affirming (epoch 3)" after a rekey, "contraindicated: pcr-differs", "refused:
 * revoked" */
void report_answer_line(const struct flow_answer *a, char *ret, size_t cap);

/* The line, or an object {device, verdict, why, waits, rekeyed, epoch, refusal, request}, on
 * stdout.
 */
void report_answer(const struct flow_answer *a, const struct record *r, bool json);

/* Writes the verifier's signed token into a file; a refusal has none, and then nothing is
 * written. */
PAWL_MUST_USE pawl_status report_token(const struct flow_answer *a, const char *path,
                                       struct pawl_err *err);

/* "pawl-agent: where: why" on stderr. */
void report_failure(const struct pawl_err *err);

/* A line on stderr for each part of the state that was found spoilt since the last call. */
void report_lost(struct flow *f);

/* A line on stderr for each log that evidence goes without, once. */
void report_missing(struct flow *f);

/* A line on stderr if one has begun or is over. */
void report_incident(const struct incident *before, const struct incident *now);

#endif
