/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a verdict came out as it did, as text. The device's record keeps one line for each finding of
 * the last verdict, "code: detail", so that an operator sees at any time what the verifier saw.
 */
#ifndef VERIFIER_FLOW_WHY_H
#define VERIFIER_FLOW_WHY_H

#include "appraise/verdict.h"
#include "store/store.h"

void why_write(const struct verdict *v, char ret[DEVICE_WHY_MAX]);

/* What the verdict is about, part by part: "identity,boot-log=no-event-log,runtime=no-ima-list". */
void why_coverage(const struct verdict *v, char ret[DEVICE_COVERAGE_MAX]);

/* The same back, into v->cover. What is none of ours means nothing. */
void why_coverage_read(const char *coverage, struct verdict *v);

/* One more, unless its reason is there already or there is no room. */
void why_add(const struct finding *f, char why[DEVICE_WHY_MAX]);

struct why_line {
    enum reason      reason;
    struct pawl_view detail;
};

/* Takes the next line from *at; false at the end. */
bool why_next(const char **at, struct why_line *ret);

/* Whether both tell of the same state of things. */
bool why_is_same(const char *a, const char *b);

/* Adds the findings to a line of the event log, "; code: detail"; ".." stands for those that do not
 * fit. */
void why_append(const char *why, char *line, size_t cap);

#endif
