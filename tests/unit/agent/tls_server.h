/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTPS server in a child process, with a script: it answers each request with the same
 * bytes, in the way that a test asks for.
 */
#ifndef TESTS_AGENT_TLS_SERVER_H
#define TESTS_AGENT_TLS_SERVER_H

#include <pawl/base.h>

struct tls_script {
    struct pawl_view answer; /* the whole HTTP answer */
    bool             only_tls12;
    bool             silent;   /* takes the request and says nothing */
    bool             drips;    /* one byte every 100 ms */
    bool             hangs_up; /* before the last byte of the answer */
};

struct tls_server {
    int     pid;
    int     requests;    /* pipe: what came in, each head and body */
    char    address[32]; /* 127.0.0.1:PORT */
    uint8_t pin[PAWL_SPKI_PIN];
    char    cert_pem[4096]; /* self-signed, for 127.0.0.1 */
};

/* Ready to answer when it returns. Ends the test if it cannot start. */
struct tls_server tls_server_start(const struct tls_script *script);
void              tls_server_stop(struct tls_server *s);

/* The next request as the server read it, NUL-terminated; and how many connections so far: the
 * first byte of each request's text is '0' + connection. */
void tls_server_request(const struct tls_server *s, char *ret, size_t cap);

#endif
