/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.3 as the devices' pipe. Nothing may be replayed and nothing outlives a connection: no
 * tickets, no resumption, no early data. Devices pin the key; the certificate is a wrapper for it.
 *
 * Invariant: a context is not changed once it is in use. Another certificate comes with another
 * context; a connection keeps the one that it began with.
 */
#include "http/tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include <pawl/crypto.h>

struct http_tls {
    pthread_mutex_t lock;
    SSL_CTX        *ctx; /* under lock */
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
    /* AES-128-GCM, the cheapest where processors have AES; for a client that puts ChaCha20 first,
     * since its processor has none, that. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* An idle connection gives its record buffers back: 32 KiB each. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                         "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1;
}

static void free_context(SSL_CTX **ctx)
{
    SSL_CTX_free(*ctx);
}

/* ---- certificates of clients ----------------------------------------------------------------- */

/* TLS proves that the client has the key. Whether anybody knows that key is not asked here. */
static int take_any(X509_STORE_CTX *chain, void *arg)
{
    (void)chain;
    (void)arg;
    return 1;
}

static bool ask_clients(SSL_CTX *ctx, const char *clients)
{
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (!clients) {
        SSL_CTX_set_cert_verify_callback(ctx, take_any, NULL);
        return true;
    }
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(clients);
    if (!names)
        return false;
    SSL_CTX_set_client_CA_list(ctx, names); /* takes it over: tells clients what to choose from */
    return SSL_CTX_load_verify_file(ctx, clients) == 1;
}

/* ---- a context ------------------------------------------------------------------------------- */

static pawl_status make_context(const struct http_tls_files *files, SSL_CTX **ret,
                                struct pawl_err *err)
{
    PAWL_CLEANUP(free_context) SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx || !restrict_context(ctx))
        return refuse("tls", "context", err);
    if (SSL_CTX_use_certificate_chain_file(ctx, files->certificate) != 1)
        return refuse("tls.certificate", files->certificate, err);
    if (SSL_CTX_use_PrivateKey_file(ctx, files->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        return refuse("tls.key", files->key, err);
    if (files->ask_client && !ask_clients(ctx, files->clients))
        return refuse("tls.clients", files->clients, err);
    *ret = ctx;
    ctx = NULL;
    return pawl_ok();
}

pawl_status http_tls_make(const struct http_tls_files *files, struct http_tls **ret,
                          struct pawl_err *err)
{
    SSL_CTX *ctx = NULL;

    PAWL_TRY(make_context(files, &ctx, err));
    struct http_tls *t = calloc(1, sizeof(*t));
    if (!t) {
        free_context(&ctx);
        return pawl_fail(err, PAWL_E_MEMORY, "tls", "no memory");
    }
    pthread_mutex_init(&t->lock, NULL);
    t->ctx = ctx;
    *ret = t;
    return pawl_ok();
}

pawl_status http_tls_renew(struct http_tls *t, const struct http_tls_files *files,
                           struct pawl_err *err)
{
    SSL_CTX *ctx = NULL;

    PAWL_TRY(make_context(files, &ctx, err));
    pthread_mutex_lock(&t->lock);
    SSL_CTX *old = t->ctx;
    t->ctx = ctx;
    pthread_mutex_unlock(&t->lock);
    free_context(&old);
    return pawl_ok();
}

int64_t http_tls_expires_s(struct http_tls *t)
{
    struct tm end;

    pthread_mutex_lock(&t->lock);
    const X509 *cert = SSL_CTX_get0_certificate(t->ctx);
    bool        is_known = cert && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) == 1;
    pthread_mutex_unlock(&t->lock);
    return is_known ? (int64_t)timegm(&end) : 0;
}

void http_tls_free(struct http_tls **t)
{
    if (!*t)
        return;
    free_context(&(*t)->ctx);
    pthread_mutex_destroy(&(*t)->lock);
    free(*t);
    *t = NULL;
}

/* ---- a connection ---------------------------------------------------------------------------- */

SSL *http_tls_accept(struct http_tls *t)
{
    pthread_mutex_lock(&t->lock);
    SSL *ssl = SSL_new(t->ctx); /* which holds the context */
    pthread_mutex_unlock(&t->lock);
    return ssl;
}

bool http_tls_client(const SSL *ssl, uint8_t ret[PAWL_SPKI_PIN])
{
    const X509     *cert = SSL_get0_peer_certificate(ssl);
    uint8_t        *spki = NULL;
    struct pawl_err err;

    int n = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki) : 0;
    if (n <= 0)
        return false;
    pawl_status hashed = pawl_sha256(pawl_view(spki, (size_t)n), ret, &err);
    OPENSSL_free(spki);
    return pawl_is_ok(hashed);
}

void http_tls_goodbye(SSL *ssl)
{
    if (SSL_is_init_finished(ssl) && !(SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN))
        SSL_shutdown(ssl);
    ERR_clear_error(); /* one connection's failure must not be read as the next one's */
}
