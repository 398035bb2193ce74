/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HTTP_TLS_H
#define VERIFIER_HTTP_TLS_H

#include <openssl/ssl.h>

#include "http/http.h"

/* The server's side of a new connection; NULL when there is no memory. */
SSL *http_tls_accept(struct http_tls *t);

/* SHA-256 of the public key of the client's certificate; false without one. */
bool http_tls_client(const SSL *ssl, uint8_t ret[PAWL_SPKI_PIN]);

/* Says goodbye (close_notify), so that the other side can tell an end from a cut. */
void http_tls_goodbye(SSL *ssl);

#endif
