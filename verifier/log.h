/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's log: one line for each event on stderr, of the form
 *
 *   2026-01-31T12:00:00.123Z info request=.. route=.. device=.. outcome="affirming"
 *   2026-01-31T12:00:00.456Z warn request=.. route=.. where=quote.extraData why="not TH1"
 *
 * or, with `log = json`, as one JSON object with the same members (docs/log.md).
 *
 * Never a body, never a secret. Whatever a client can choose is escaped, so that a line stays a
 * line. Safe from every thread: a line is one write.
 */
#ifndef VERIFIER_LOG_H
#define VERIFIER_LOG_H

#include <pawl/base.h>

enum log_level { LOG_NONE = 0, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVEL_COUNT };

/* NULL and empty members are left out. */
struct log_line {
    enum log_level level;
    const char    *request; /* the id in the header Pawl-Request */
    const char    *route;
    const char    *device;
    int            status;  /* of HTTP; 0: none */
    const char    *peer;    /* the other end's address */
    int64_t        took_us; /* from the request to this line; 0: not known */
    const char    *outcome;
    const char    *where;
    const char    *why;
};

void log_line(const struct log_line *l);

/* From now on each line is one JSON object with the same members. Before other threads start. */
void log_as_json(void);

/* A line of the program itself; outcome says what it was about. */
void log_info(const char *fmt, ...) PAWL_PRINTF(1, 2);
void log_failure(const char *outcome, const struct pawl_err *err);

/* The text of a line without time and final newline; returns its length, below cap. For tests. */
size_t log_text(const struct log_line *l, char *ret, size_t cap);
/* The same as a JSON object, with time as its first member. */
size_t log_json(const struct log_line *l, const char *time, char *ret, size_t cap);

#endif
