/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks, and may they: on the socket its owner, from afar whoever a credential names.
 *
 * Invariants
 *  1. No route of the operator API does anything before access_allows said yes.
 *  2. A secret is looked up by its hash: how long that takes says nothing about how much of a wrong
 *     one was right.
 *  3. A good credential is never turned away for what others tried from its address: a secret of
 *     256 bits is not guessed, and a lock would be a weapon for whoever shares an address.
 *  4. What a page of the web makes a browser send changes nothing: a browser shows a certificate to
 *     whoever it is sent to, and tells in Origin who sent it, but for a plain GET, which only
 *     reads, and whose answer the page does not get. A secret it does not send by itself.
 *
 * Not here: which tenant is meant (operator.c), what a service may derive (flow/).
 */
#ifndef VERIFIER_API_ACCESS_H
#define VERIFIER_API_ACCESS_H

#include "flow/flow.h"
#include "http/http.h"
#include "credential.h"

/* Tries that failed, by address: beyond a few in a minute they are answered 429 and leave no line
 * in the log. One for each worker; all zero is empty. */
#define ACCESS_TRIES_MAX 10 /* in a minute, of one address */

struct access_tries {
    struct access_tried {
        char     peer[64];
        int64_t  minute;
        unsigned n;
    } peer[256]; /* by a hash of the address: the newer one takes the place */
};

/* Fills *ret with who asks, if one of these roles; otherwise answers (401, 403, 429, 503), which
 * releases r, and returns false. */
bool access_allows(struct http_request *r, unsigned roles, struct credential *ret);

/* Whether what was allowed before still is: DENIED unless the credential is there, as it was, and
 * not over. Always, of whoever has the socket. */
PAWL_MUST_USE pawl_status access_holds(const struct flow *f, const struct credential *who,
                                       struct pawl_err *err);

#endif
