/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of verifier/http with routes for its tests, without a verifier behind it.
 *
 *   http_server DIR [WORKERS [REQUEST_TIMEOUT_S [IDLE_TIMEOUT_S [CONNECTIONS_MAX
 *       [ADDRESS_RATE [ADDRESS_CONNECTIONS [PROXY_NETWORK]]]]]]]
 *
 * Listens with TLS on a free port of loopback and plain on DIR/socket, prints "ready PORT", and
 * stops at the end of its input, with a second of grace and one more for each byte of it.
 * Deadlines that are not given are an hour: a test on a busy machine never meets them. GET /held
 * says how many requests POST /hold keeps; POST /release answers them from another thread. GET
 * /who says who asks. GET /stream counts up every 10 ms until its reader is gone or the server
 * stops; GET /torrent sends as much as it can, GET /pool no more than fills what its reader has
 * not taken, GET /quiet two lines with 2.5 s between them. POST /renew loads DIR/cert.pem and
 * DIR/key.pem again. Clients are asked for certificates; with a file DIR/clients.pem for such
 * that are below it. POST /stall keeps its worker until DIR/go is there.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pawl/crypto.h>

#include "http/http.h"

#define TYPE "application/vnd.pawl+cbor"

static void text(struct http_request *r, const char *s)
{
    http_answer(
        r, &(struct http_answer){ .status = 200, .type = "text/plain", .body = pawl_view_str(s) });
}

static void echo(struct http_request *r, const void *arg)
{
    (void)arg;
    http_answer(r, &(struct http_answer){ .status = 200, .type = TYPE, .body = http_body(r) });
}

static void item(struct http_request *r, const void *arg)
{
    struct pawl_err err;
    char            n[8] = "none";
    char            line[256];
    bool            there;

    (void)arg;
    if (!pawl_is_ok(http_query(r, "n", n, sizeof(n), &there, &err)))
        snprintf(n, sizeof(n), "long");
    snprintf(line, sizeof(line), "%s %s", http_segment(r), n);
    text(r, line);
}

/* ---- who asks -------------------------------------------------------------------------------- */

static void who(struct http_request *r, const void *arg)
{
    uint8_t          spki[PAWL_SPKI_PIN] = { 0 };
    char             hex[2 * sizeof(spki) + 1], line[1024];
    struct pawl_err  err;
    struct pawl_view bearer = http_bearer(r);
    const char      *agent = http_header(r, "user-agent");

    (void)arg;
    if (!http_client_spki(r, spki) ||
        !pawl_is_ok(pawl_hex_write(PAWL_VIEW_OF(spki), hex, sizeof(hex), &err)))
        snprintf(hex, sizeof(hex), "none");
    snprintf(line, sizeof(line), "%s %s %s %.*s", http_peer(r), hex, agent ? agent : "none",
             (int)bearer.n, (const char *)bearer.p);
    text(r, line);
}

static void stranger(struct http_request *r, const void *arg)
{
    (void)arg;
    http_answer(r, &(struct http_answer){ .status = 401, .challenge = "Bearer" });
}

/* ---- answers without an end ------------------------------------------------------------------ */

static atomic_uint streams_ended;

struct count {
    unsigned n;
    size_t   piece; /* bytes of each line */
};

static void go_on(struct http_request *r, void *arg)
{
    static const char blanks[64 * 1024];
    struct count     *c = arg;
    char              line[32];

    for (unsigned i = 0; i < (c->piece ? 8 : 1); i++) {
        snprintf(line, sizeof(line), "%u\n", c->n++);
        http_stream_send(r, pawl_view_str(line));
        http_stream_send(r, pawl_view((const uint8_t *)blanks, c->piece));
    }
    if (!http_is_gone(r) && http_after(r, 10, go_on, c))
        return;
    http_stream_send(r, pawl_view_str("end\n"));
    http_stream_end(r);
    atomic_fetch_add(&streams_ended, 1);
    free(c);
}

/* Far below HTTP_STREAM_BACKLOG, and more than goes out before its reader takes some. */
static void fill(struct http_request *r, void *arg)
{
    static const char blanks[HTTP_STREAM_BACKLOG - 64 * 1024];

    if (!http_stream_waits(r))
        http_stream_send(r, pawl_view((const uint8_t *)blanks, sizeof(blanks)));
    if (!http_is_gone(r) && http_after(r, 10, fill, arg))
        return;
    http_stream_end(r);
    atomic_fetch_add(&streams_ended, 1);
}

static void pool(struct http_request *r, const void *arg)
{
    (void)arg;
    http_stream_begin(r, "text/event-stream");
    fill(r, NULL);
}

static void end_quiet(struct http_request *r, void *arg)
{
    (void)arg;
    http_stream_send(r, pawl_view_str("end\n"));
    http_stream_end(r);
}

static void quiet(struct http_request *r, const void *arg)
{
    (void)arg;
    http_stream_begin(r, "text/event-stream");
    http_stream_send(r, pawl_view_str("begin\n"));
    if (!http_after(r, 2500, end_quiet, NULL))
        end_quiet(r, NULL);
}

static void stream(struct http_request *r, const void *arg)
{
    struct count *c = calloc(1, sizeof(*c));

    if (!c)
        exit(1);
    c->piece = arg ? 64 * 1024 : 0;
    http_stream_begin(r, "text/event-stream");
    go_on(r, c);
}

static void how_many_ended(struct http_request *r, const void *arg)
{
    char line[32];

    (void)arg;
    snprintf(line, sizeof(line), "%u", atomic_load(&streams_ended));
    text(r, line);
}

/* ---- a worker that is busy ------------------------------------------------------------------- */

static char go_path[512];

static void stall(struct http_request *r, const void *arg)
{
    (void)arg;
    while (access(go_path, F_OK) != 0)
        usleep(1000);
    text(r, "gone on");
}

/* ---- requests that wait for another thread --------------------------------------------------- */

#define HELD_MAX 1024
static pthread_mutex_t      lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t       due = PTHREAD_COND_INITIALIZER;
static struct http_request *held[HELD_MAX];
static size_t               held_n;
static bool                 release_now, ended;
static atomic_uint          gone_n;

static void keep(struct http_request *r, void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    held[held_n++] = r;
    pthread_mutex_unlock(&lock);
}

/* As a step goes to the store: at the end of the turn, and back from another thread. */
static void hold(struct http_request *r, const void *arg)
{
    (void)arg;
    http_after_turn(r, keep, NULL);
}

static void how_many_held(struct http_request *r, const void *arg)
{
    char line[64];

    (void)arg;
    pthread_mutex_lock(&lock);
    snprintf(line, sizeof(line), "%zu %u", held_n, atomic_load(&gone_n));
    pthread_mutex_unlock(&lock);
    text(r, line);
}

static void let_go(struct http_request *r, const void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    release_now = true;
    pthread_cond_signal(&due);
    pthread_mutex_unlock(&lock);
    text(r, "released");
}

static void answer_held(struct http_request *r, void *arg)
{
    (void)arg;
    if (http_is_gone(r))
        atomic_fetch_add(&gone_n, 1);
    echo(r, NULL);
}

static void *answer_all(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    while (!ended || held_n) {
        if (release_now || ended) {
            for (size_t i = 0; i < held_n; i++)
                http_later(held[i], answer_held, NULL);
            held_n = 0;
            release_now = false;
        } else {
            pthread_cond_wait(&due, &lock);
        }
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* ---- its certificate ------------------------------------------------------------------------- */

static char                  key_path[512], cert_path[512], clients_path[512];
static struct http_tls_files files = { cert_path, key_path, true, NULL };
static struct http_tls      *tls;

static void renew(struct http_request *r, const void *arg)
{
    struct pawl_err err;

    (void)arg;
    text(r, pawl_is_ok(http_tls_renew(tls, &files, &err)) ? "renewed" : err.where);
}

/* ---- the server ------------------------------------------------------------------------------ */

static const struct http_route routes[] = {
    { HTTP_POST, "/echo", TYPE, 256 * 1024, echo, NULL },
    { HTTP_POST, "/small", TYPE, 512, echo, NULL },
    { HTTP_GET, "/items/*", NULL, 0, item, NULL },
    { HTTP_POST, "/items/*/take", NULL, 0, item, NULL },
    { HTTP_POST, "/hold", TYPE, 256 * 1024, hold, NULL },
    { HTTP_GET, "/held", NULL, 0, how_many_held, NULL },
    { HTTP_POST, "/release", NULL, 0, let_go, NULL },
    { HTTP_GET, "/who", NULL, 0, who, NULL },
    { HTTP_GET, "/stranger", NULL, 0, stranger, NULL },
    { HTTP_GET, "/stream", NULL, 0, stream, NULL },
    { HTTP_GET, "/torrent", NULL, 0, stream, "much" },
    { HTTP_GET, "/quiet", NULL, 0, quiet, NULL },
    { HTTP_GET, "/pool", NULL, 0, pool, NULL },
    { HTTP_GET, "/ended", NULL, 0, how_many_ended, NULL },
    { HTTP_POST, "/renew", NULL, 0, renew, NULL },
    { HTTP_POST, "/stall", NULL, 0, stall, NULL },
    { 0 },
};

static void refuse(struct http_request *r, const struct http_answer *a, const char *why)
{
    (void)why;
    http_answer(r, a);
}

static void refused(const char *request, int status, const char *why)
{
    fprintf(stderr, "%s %d %s\n", request, status, why);
}

static void die(const struct pawl_err *err)
{
    fprintf(stderr, "http_server: %s: %s\n", err->where, err->why);
    exit(1);
}

static void check(pawl_status s, const struct pawl_err *err)
{
    if (!pawl_is_ok(s))
        die(err);
}

static void write_file(const char *path, const uint8_t *p, size_t n)
{
    FILE *f = fopen(path, "w");

    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        exit(1);
}

static void make_tls(const char *dir)
{
    struct pawl_err      err;
    struct pawl_private *key = NULL;
    const char *const    names[] = { "127.0.0.1" };
    uint8_t              pem[4096];
    size_t               n = 0;

    snprintf(key_path, sizeof(key_path), "%s/key.pem", dir);
    snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", dir);
    snprintf(clients_path, sizeof(clients_path), "%s/clients.pem", dir);
    if (access(clients_path, F_OK) == 0)
        files.clients = clients_path;
    check(pawl_private_make(PAWL_KEY_P256, &key, &err), &err);
    check(pawl_private_to_pem(key, pem, sizeof(pem), &n, &err), &err);
    write_file(key_path, pem, n);
    check(pawl_tls_cert_make(key, names, 1, 1700000000, 10000, pem, sizeof(pem), &n, &err), &err);
    write_file(cert_path, pem, n);
    check(http_tls_make(&files, &tls, &err), &err);
    pawl_private_free(&key);
}

static uint64_t number(int argc, char **argv, int i, uint64_t otherwise)
{
    return i < argc ? strtoull(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    struct pawl_err     err;
    struct http_server *device = NULL, *local = NULL;
    void               *context[HTTP_WORKERS_MAX] = { 0 };
    char                socket_path[512], c;
    uint64_t            grace_s = 1;
    pthread_t           thread;
    struct network      proxy;

    if (argc < 2)
        return 2;
    make_tls(argv[1]);
    snprintf(go_path, sizeof(go_path), "%s/go", argv[1]);
    struct http_config config = {
        .listen = "127.0.0.1:0",
        .tls = tls,
        .routes = routes,
        .workers = (unsigned)number(argc, argv, 2, 2),
        .context = context,
        .request_timeout_s = number(argc, argv, 3, 3600),
        .idle_timeout_s = number(argc, argv, 4, 3600),
        .connections_max = number(argc, argv, 5, 1000),
        .address_rate = number(argc, argv, 6, 0),
        .address_connections = number(argc, argv, 7, 0),
        .proxies = &proxy,
        .proxy_n = argc > 8,
        .body_max = 256 * 1024,
        .refuse = refuse,
        .refused = refused,
    };
    if (argc > 8)
        check(network_parse(pawl_view_str(argv[8]), &proxy, &err), &err);
    check(http_server_start(&config, &device, &err), &err);
    snprintf(socket_path, sizeof(socket_path), "%s/socket", argv[1]);
    config.listen = socket_path;
    config.tls = NULL;
    config.workers = 1;
    check(http_server_start(&config, &local, &err), &err);
    pthread_create(&thread, NULL, answer_all, NULL);
    printf("ready %s\n", strrchr(http_server_address(device), ':') + 1);
    fflush(stdout);

    while (read(STDIN_FILENO, &c, 1) > 0)
        grace_s++;
    printf("stopping\n");
    fflush(stdout);
    http_server_stop(device, grace_s);
    http_server_stop(local, grace_s);
    pthread_mutex_lock(&lock);
    ended = true;
    pthread_cond_signal(&due);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    http_server_free(&device);
    http_server_free(&local);
    http_tls_free(&tls);
    printf("stopped\n");
    return 0;
}
