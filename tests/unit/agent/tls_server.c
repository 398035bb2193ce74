/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <pawl/crypto.h>

#include "t.h"

enum { REQUEST_MAX = 16 * 1024 };

static SSL_CTX *make_context(const struct tls_script *script, const char *key, const char *cert)
{
    SSL_CTX  *ctx = SSL_CTX_new(TLS_server_method());
    BIO      *b = BIO_new_mem_buf(key, -1);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);

    BIO_free(b);
    b = BIO_new_mem_buf(cert, -1);
    X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    assert_true(ctx && pkey && x && SSL_CTX_use_certificate(ctx, x) &&
                SSL_CTX_use_PrivateKey(ctx, pkey));
    X509_free(x);
    EVP_PKEY_free(pkey);
    if (script->only_tls12)
        SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_num_tickets(ctx, 0);
    return ctx;
}

/* Head and body by Content-Length; 0 at the end of the connection. */
static size_t read_request(SSL *ssl, char *ret)
{
    size_t n = 0, want = 0;

    while (n < REQUEST_MAX - 1) {
        int got = SSL_read(ssl, ret + n, (int)(REQUEST_MAX - 1 - n));
        if (got <= 0)
            return 0;
        n += (size_t)got;
        ret[n] = 0;
        const char *end = strstr(ret, "\r\n\r\n");
        if (!want && end) {
            const char *length = strcasestr(ret, "content-length:");
            want = (size_t)(end - ret) + 4 + (length ? (size_t)atol(length + 15) : 0);
        }
        if (want && n >= want)
            return n;
    }
    return 0;
}

static void write_answer(SSL *ssl, const struct tls_script *script)
{
    const struct timespec tick = { 0, 100 * 1000 * 1000 };
    struct pawl_view      a = script->answer;

    if (script->silent)
        pause();
    if (!script->drips) {
        SSL_write(ssl, a.p, (int)(script->hangs_up ? a.n - 1 : a.n));
        return;
    }
    for (size_t i = 0; i < a.n; i++) {
        SSL_write(ssl, a.p + i, 1);
        nanosleep(&tick, NULL);
    }
}

static void serve(int listener, SSL_CTX *ctx, const struct tls_script *script, int requests)
{
    static char text[REQUEST_MAX];

    for (int connection = 1;; connection++) {
        int  fd = accept(listener, NULL, NULL);
        SSL *ssl = SSL_new(ctx);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1)
            for (size_t n; (n = read_request(ssl, text));) {
                char first = (char)('0' + connection);
                if (write(requests, &first, 1) != 1 || write(requests, text, n + 1) < 0)
                    _exit(1);
                write_answer(ssl, script);
                if (script->hangs_up)
                    break;
            }
        SSL_free(ssl);
        close(fd);
    }
}

static int listen_anywhere(struct tls_server *s)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          n = sizeof(a);
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", (unsigned)ntohs(a.sin_port));
    return fd;
}

struct tls_server tls_server_start(const struct tls_script *script)
{
    static const char *const names[] = { "127.0.0.1" };
    struct tls_server        s = { 0 };
    struct pawl_private     *key = NULL;
    uint8_t                  key_pem[1024] = { 0 };
    size_t                   n = 0;
    int                      fds[2];
    struct pawl_err          err;

    T_OK(pawl_private_make(PAWL_KEY_P256, &key, &err), &err);
    T_OK(pawl_private_to_pem(key, key_pem, sizeof(key_pem) - 1, &n, &err), &err);
    T_OK(pawl_tls_cert_make(key, names, 1, time(NULL), 30, (uint8_t *)s.cert_pem,
                            sizeof(s.cert_pem) - 1, &n, &err),
         &err);
    T_OK(pawl_spki_pin(pawl_private_public(key), s.pin, &err), &err);
    pawl_private_free(&key);

    int listener = listen_anywhere(&s);
    assert_int_equal(pipe(fds), 0);
    s.pid = fork();
    assert_true(s.pid >= 0);
    if (!s.pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        serve(listener, make_context(script, (const char *)key_pem, s.cert_pem), script, fds[1]);
    }
    close(listener);
    close(fds[1]);
    s.requests = fds[0];
    return s;
}

void tls_server_stop(struct tls_server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    close(s->requests);
}

void tls_server_request(const struct tls_server *s, char *ret, size_t cap)
{
    size_t n = 0;

    while (n < cap - 1 && read(s->requests, ret + n, 1) == 1 && ret[n])
        n++;
    ret[n] = 0;
}
