/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange: plan, commit, answer. The plan changes nothing and may be made again; the answer
 * goes out only when the step is durable.
 */
#ifndef VERIFIER_API_EXCHANGE_H
#define VERIFIER_API_EXCHANGE_H

#include "api/api.h"

/* First member of a face's own struct. Lives until finish, which releases it. */
struct exchange {
    struct http_request *r;
    unsigned             plans;    /* made so far */
    int64_t              began_us; /* metric_clock_us of the first .. */
    int64_t              given_us; /* .. and of handing the step over */
    unsigned             again_ms; /* set by plan: nothing to say yet, plan again then; 0: no */
    bool                 reads_nothing; /* set by plan: nothing of the store is in the answer */
    pawl_status          status;
    struct pawl_err      err; /* filled unless status is good */

    /* Decides; fills step or leaves it empty. */
    pawl_status (*plan)(struct exchange *x, struct pawl_err *err);
    /* Answers x->r by x->status, and frees x. */
    void (*finish)(struct exchange *x);

    struct step step; /* last: cleared in its own way */
};

/* Behind it plan and finish are set. */
void exchange_begin(struct exchange *x, struct http_request *r);

/* Also of another plan, with an empty step. */
void exchange_run(struct exchange *x);

/* One line for each exchange. */
void exchange_log(const struct exchange *x, int http, const char *device, const char *outcome);

/* The line of a request that was refused before there was an exchange. */
void api_refused(const struct http_request *r, const struct http_answer *a, const char *why);

/* False for 10 s after the store could not commit, or until it could again. */
bool exchange_commits(void);

/* Whether the failure is ours and not the client's. */
bool exchange_failed(const struct exchange *x);

#endif
