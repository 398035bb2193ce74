/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.3 as the devices' pipe. Nothing may be replayed and nothing outlives a connection: no
 * tickets, no resumption, no early data. Devices pin the key; the certificate is a wrapper for it.
 */
#include "http/tls.h"

#include <stdlib.h>

#include <openssl/err.h>

struct http_tls {
    SSL_CTX *ctx;
};

static pawl_status refuse(const char *where, const char *path, struct pawl_err *err)
{
    char why[80];

    ERR_error_string_n(ERR_peek_last_error(), why, sizeof(why));
    ERR_clear_error();
    return pawl_fail(err, PAWL_E_IO, where, "%s: %s", path, why);
}

static bool restrict_context(SSL_CTX *ctx)
{
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* An idle connection gives its record buffers back: 32 KiB each. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
           SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1;
}

pawl_status http_tls_make(const char *certificate, const char *key, struct http_tls **ret,
                          struct pawl_err *err)
{
    PAWL_CLEANUP(http_tls_free) struct http_tls *t = calloc(1, sizeof(*t));

    if (!t)
        return pawl_fail(err, PAWL_E_MEMORY, "tls", "no memory");
    t->ctx = SSL_CTX_new(TLS_server_method());
    if (!t->ctx || !restrict_context(t->ctx))
        return refuse("tls", "context", err);
    if (SSL_CTX_use_certificate_chain_file(t->ctx, certificate) != 1)
        return refuse("tls.certificate", certificate, err);
    if (SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(t->ctx) != 1)
        return refuse("tls.key", key, err);
    *ret = t;
    t = NULL;
    return pawl_ok();
}

void http_tls_free(struct http_tls **t)
{
    if (!*t)
        return;
    SSL_CTX_free((*t)->ctx);
    free(*t);
    *t = NULL;
}

SSL *http_tls_accept(const struct http_tls *t)
{
    return SSL_new(t->ctx);
}

void http_tls_goodbye(SSL *ssl)
{
    if (SSL_is_init_finished(ssl) && !(SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN))
        SSL_shutdown(ssl);
    ERR_clear_error(); /* one connection's failure must not be read as the next one's */
}
