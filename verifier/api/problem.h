/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator API answers when it does not do what was asked: application/problem+json, RFC
 * 9457, with the members "field" (what of the request is wrong) and "request" (its id in the log).
 */
#ifndef VERIFIER_API_PROBLEM_H
#define VERIFIER_API_PROBLEM_H

#include "http/http.h"

struct problem {
    const char *code;   /* of the kind of problem, as pawl_code_name has it: "range" */
    const char *detail; /* for people */
    const char *field;  /* NULL: the request as a whole */
};

/* Answers with a's status and headers, and releases r. */
void problem_answer(struct http_request *r, struct http_answer a, const struct problem *p);

#endif
