/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict under way: every fault goes through here, so that exceptions and groups that only watch
 * are looked at in one place.
 */
#ifndef VERIFIER_APPRAISE_JUDGING_H
#define VERIFIER_APPRAISE_JUDGING_H

#include "appraise/verdict.h"

#define EXCEPTION_AUTHOR_MAX 64  /* with its 0 */
#define EXCEPTION_NOTE_MAX   256 /* with its 0 */

/* Somebody's word that a fault is known and taken, until a day. */
struct exception {
    enum reason reason;
    char        what[VERDICT_WHAT_MAX]; /* of the finding; empty: whatever it is about */
    char        author[EXCEPTION_AUTHOR_MAX];
    char        note[EXCEPTION_NOTE_MAX];
    int64_t     until_s; /* the first second in which it holds no more */
};

struct judging {
    struct verdict         *v;
    bool                    watch; /* of the policy's rules only; set by appraise_software */
    int64_t                 now_s;
    size_t                  exception_n;
    const struct exception *exception;
};

/* A finding that makes *claim, one of *j->v, worse. An exception that holds turns it into a note
 * (excepted: who, until when, why) and leaves the claim alone; true then. In a group that watches,
 * value is at most UNRECOGNISED (of executables) or UNSAFE, and a note says so once. what,
 * printable: "sha256:7", "secure_boot.db", a path. */
bool judging_fault(struct judging *j, int8_t *claim, enum ar4si value, enum reason r,
                   const char *what, const char *fmt, ...) PAWL_PRINTF(6, 7);

/* A note: a finding that makes nothing worse. */
void judging_note(struct judging *j, enum reason r, const char *what, const char *fmt, ...)
    PAWL_PRINTF(4, 5);

/* The exception that holds now for such a fault, or NULL. */
const struct exception *judging_exception(const struct judging *j, enum reason r, const char *what);

/* "2026-12-31T00:00:00Z", or "2026-12-31": the whole of that day. *ret: the first second that is no
 * more in it. RANGE, FORM at "until". */
PAWL_MUST_USE pawl_status judging_until(struct pawl_view text, int64_t *ret, struct pawl_err *err);

#endif
