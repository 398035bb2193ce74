/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a policy: JSON (RFC 8259) in which comments may stand as in C, and the place of each
 * value in it.
 *
 * Not here: what the members mean (policy_read.h and the files that read them).
 */
#ifndef VERIFIER_APPRAISE_POLICY_TEXT_H
#define VERIFIER_APPRAISE_POLICY_TEXT_H

#include <cjson/cJSON.h>

#include <pawl/base.h>

struct policy_text {
    char  *text; /* owned; comments are blank, so that every value stands where it stood */
    size_t n;
    cJSON *root; /* owned */
};

/* The whole text must be one JSON value of UTF-8 without NUL, as "\u0000" either. err->where is
 * "policy", err->why ends in the line. RANGE, FORM, TRAILING. Release with policy_text_done, which
 * may be called on zeros. */
PAWL_MUST_USE pawl_status policy_text_read(struct pawl_view in, struct policy_text *ret,
                                           struct pawl_err *err);
void                      policy_text_done(struct policy_text *t);

/* Makes an error one about this value: err->where becomes its path ("pcrs.sha256.7[1]"), with
 * ".member" if that is what is missing in it, and err->why gets its line (".., in line 12"). */
void policy_text_blame(const struct policy_text *t, const cJSON *at, const char *member,
                       struct pawl_err *err);

#endif
