/* SPDX-License-Identifier: Apache-2.0 */
/* One transfer as curl makes it: what api.c (one answer) and stream.c (one without an end) share.
 */
#ifndef VERIFIER_CTL_TRANSFER_H
#define VERIFIER_CTL_TRANSFER_H

#include <curl/curl.h>

#include "ctl/api.h"
#include "ctl/remote.h"

/* The whole URL of a path below /v1. */
PAWL_MUST_USE pawl_status api_url(const struct args *a, const struct remote *r, const char *path,
                                  struct api_path *ret, struct pawl_err *err);

/* All but the body and what is done with the answer. why: CURL_ERROR_SIZE bytes that live as long
 * as c. *headers: appended to; release with api_headers_done, which wipes them. */
PAWL_MUST_USE pawl_status api_prepare(CURL *c, const struct remote *r, const char *url, char *why,
                                      struct curl_slist **headers, struct pawl_err *err);
void                      api_headers_done(struct curl_slist **headers);

/* Why there is no answer: IO, or FORGED when the other end is not whom we were told of. */
pawl_status api_no_answer(CURL *c, CURLcode code, const char *why, const struct remote *r,
                          struct pawl_err *err);
/* An answer that is none of 2xx, in the verifier's own words: CONFLICT, DENIED. */
pawl_status api_refusal(long status, struct pawl_view answer, struct pawl_err *err);

#endif
