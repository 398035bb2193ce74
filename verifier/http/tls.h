/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HTTP_TLS_H
#define VERIFIER_HTTP_TLS_H

#include <openssl/ssl.h>

#include "http/http.h"

/* The server's side of a new connection; NULL when there is no memory. */
SSL *http_tls_accept(const struct http_tls *t);

/* Says goodbye (close_notify), so that the other side can tell an end from a cut. */
void http_tls_goodbye(SSL *ssl);

#endif
