/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SIGHUP does: keys, trusted roots and the TLS certificate are read again, and requests go on
 * meanwhile. What cannot be read leaves in use what was there, and the log says why.
 */
#ifndef VERIFIER_RELOAD_H
#define VERIFIER_RELOAD_H

#include "http/http.h"
#include "state.h"

/* What stands behind a listener. */
struct served_tls {
    struct http_tls      *tls; /* NULL: there is none */
    struct http_tls_files files;
};

/* The first of tls is the devices'. The log says what changed. */
void reload(struct state *s, const struct served_tls *tls, size_t tls_n);

#endif
