/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an appraisal found wrong: the row of docs/appraisal.md that says so, what was expected and
 * what was found instead, as sentences for people. The texts are printable ASCII whatever a device
 * sent (L18). A list is judged by whoever asked for the appraisal: it is no verdict.
 */
#ifndef VERIFIER_APPRAISE_FAILURE_H
#define VERIFIER_APPRAISE_FAILURE_H

#include <pawl/base.h>

#define FAILURES_MAX 32

struct failure {
    char row[8];       /* "L5" */
    bool warning;      /* wrong only if a policy says so */
    long entry;        /* number of the event or entry that shows it; FAILURE_WHOLE for none */
    char expected[96]; /* "a separator ends PCR 7" */
    char found[128];
};
#define FAILURE_WHOLE (-1L)

struct failures {
    size_t         n;
    size_t         dropped; /* how many more there were: a full list keeps its first ones */
    struct failure list[FAILURES_MAX];
};

/* A format for found; no raw input but through text_printable. */
void failure_add(struct failures *f, const char *row, long entry, const char *expected,
                 const char *found, ...) PAWL_PRINTF(5, 6);
void failure_warn(struct failures *f, const char *row, long entry, const char *expected,
                  const char *found, ...) PAWL_PRINTF(5, 6);

/* Adds all of another list. */
void failures_join(struct failures *f, const struct failures *more);

/* For who keeps few of them: at most `max` stay, those that are no mere warnings first, in their
 * order. dropped counts no warnings here. */
void failures_keep(struct failures *f, size_t max);

/* Whether one of them is no mere warning. */
bool failures_are_bad(const struct failures *f);

#endif
