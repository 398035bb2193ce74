/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service: opens the state, starts both faces and the webhooks, does its chores until a signal
 * comes, ends in order. SIGHUP reads keys, roots and the TLS certificate again (reload.h).
 *
 * The end, which keeps "durable before sent": no new connections; requests in flight get their
 * answers or run out of time; webhooks give up what is under way; the store commits what it was
 * given; only then the workers go, since the store's answers come back through them.
 */
#include "serve.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "api/refused.h"
#include "chores.h"
#include "hook/hook.h"
#include "keyfile.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"
#include "reload.h"
#include "state.h"

#define GRACE_DEVICES_S   10
#define GRACE_OPERATORS_S 2
#define OPERATORS_MAX     256 /* connections to each of their faces */
#define FILES_SPARE       256 /* of the store, of operators, of connections on their way out */
#define CONTEXTS_MAX      (CONFIG_WORKERS_MAX + 2)
#define FREE_KEPT_BYTES   (4 * 1024 * 1024)
#define LARGE_BYTES       (256 * 1024) /* an attest takes 146 KiB in one piece */
#define CLOCK_BEHIND_S    2            /* as much as a nonce of another verifier may be ahead */

enum { TLS_DEVICES = 0, TLS_REMOTE, SERVED_TLS };

struct service {
    struct state      state;
    int               lock;
    struct served_tls tls[SERVED_TLS]; /* the devices', the operators' from afar */
    char              cert[KEY_PATH_MAX], key[KEY_PATH_MAX];
    struct api        api[CONTEXTS_MAX]; /* of the devices' workers, of the socket, of those afar */
    void             *context[CONTEXTS_MAX];
    struct access_tries tries;
    struct http_server *devices, *operators, *remote;
    struct flow         hook_flow[CONFIG_TENANTS_MAX]; /* store NULL: not made */
    struct hook        *hook[CONFIG_TENANTS_MAX];      /* NULL: the tenant has none */
    struct flow         chores_flow;                   /* store NULL: not made */
    struct chores       chores;
    struct gather      *refusals;
    bool                told_clock; /* that it is behind */
};

/* ---- webhooks -------------------------------------------------------------------------------- */

static pawl_status start_hooks(struct service *s, struct pawl_err *err)
{
    for (size_t i = 0; i < s->state.config.tenant_n; i++) {
        const struct tenant_config *t = &s->state.config.tenant[i];
        if (!t->webhook[0])
            continue;
        PAWL_TRY(state_flow(&s->state, &s->hook_flow[i], err));
        PAWL_TRY(hook_start(&s->hook_flow[i], t, &s->hook[i], err));
    }
    return pawl_ok();
}

static void stop_hooks(struct service *s)
{
    for (size_t i = 0; i < CONFIG_TENANTS_MAX; i++) {
        hook_stop(&s->hook[i]);
        if (s->hook_flow[i].store)
            state_flow_done(&s->hook_flow[i]);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

static void service_stop(struct service *s)
{
    if (s->devices)
        http_server_stop(s->devices, GRACE_DEVICES_S);
    if (s->operators)
        http_server_stop(s->operators, GRACE_OPERATORS_S);
    if (s->remote)
        http_server_stop(s->remote, GRACE_OPERATORS_S);
    stop_hooks(s);
    if (s->chores.flow)
        chores_write_refusals(&s->chores);
    refused_unread_to(NULL);
    state_close(&s->state);
    if (s->chores_flow.store)
        state_flow_done(&s->chores_flow);
    http_server_free(&s->devices);
    http_server_free(&s->operators);
    http_server_free(&s->remote);
    for (unsigned i = 0; i < CONTEXTS_MAX; i++)
        if (s->context[i])
            state_flow_done(&s->api[i].flow);
    for (int i = 0; i < SERVED_TLS; i++)
        http_tls_free(&s->tls[i].tls);
    gather_free(&s->refusals);
    if (s->lock >= 0)
        close(s->lock);
}

/* ---- start ----------------------------------------------------------------------------------- */

/* Whoever may open the socket. */
static const struct credential socket_owner = { .role = ROLE_ADMIN };

static pawl_status make_contexts(struct service *s, struct pawl_err *err)
{
    for (unsigned i = 0; i < s->state.config.workers + 2; i++) {
        PAWL_TRY(state_flow(&s->state, &s->api[i].flow, err));
        s->api[i].flow.refusals = s->refusals;
        s->context[i] = &s->api[i];
    }
    s->api[s->state.config.workers].owner = &socket_owner;
    s->api[s->state.config.workers + 1].tries = &s->tries;
    refused_unread_to(&s->api[0].flow);
    return pawl_ok();
}

static pawl_status start_devices(struct service *s, struct pawl_err *err)
{
    const struct verifier_config *c = &s->state.config;
    bool                          credential;

    PAWL_TRY(key_file_path(c->state, TLS_CERT_FILE, s->cert, &credential, err));
    PAWL_TRY(key_file_path(c->state, TLS_KEY_FILE, s->key, &credential, err));
    s->tls[TLS_DEVICES].files = (struct http_tls_files){ .certificate = s->cert, .key = s->key };
    s->tls[TLS_REMOTE].files = (struct http_tls_files){ .certificate = s->cert,
                                                        .key = s->key,
                                                        .ask_client = true,
                                                        .clients = c->operator_clients[0]
                                                                       ? c->operator_clients
                                                                       : NULL };
    PAWL_TRY(http_tls_make(&s->tls[TLS_DEVICES].files, &s->tls[TLS_DEVICES].tls, err));
    if (c->operator_listen[0])
        PAWL_TRY(http_tls_make(&s->tls[TLS_REMOTE].files, &s->tls[TLS_REMOTE].tls, err));
    const struct http_config http = { .listen = c->listen,
                                      .tls = s->tls[TLS_DEVICES].tls,
                                      .routes = device_routes,
                                      .workers = c->workers,
                                      .context = s->context,
                                      .request_timeout_s = c->request_timeout_s,
                                      .idle_timeout_s = c->idle_timeout_s,
                                      .connections_max = c->connections_max,
                                      .address_rate = c->address_rate,
                                      .address_connections = c->address_connections,
                                      .proxies = c->proxy,
                                      .proxy_n = c->proxy_n,
                                      .body_max = api_body_max(device_routes),
                                      .refuse = device_refuse,
                                      .refused = device_unread };
    return pawl_under(err, "listen", http_server_start(&http, &s->devices, err));
}

/* What both faces of the operators have in common. */
static struct http_config operators_config(const struct service *s)
{
    const struct verifier_config *c = &s->state.config;

    return (struct http_config){ .routes = operator_routes,
                                 .workers = 1,
                                 .request_timeout_s = c->request_timeout_s,
                                 .idle_timeout_s = c->idle_timeout_s,
                                 .connections_max = OPERATORS_MAX,
                                 .body_max = api_body_max(operator_routes),
                                 .refuse = operator_refuse,
                                 .refused = api_unread };
}

static pawl_status start_operators(struct service *s, struct pawl_err *err)
{
    struct http_config http = operators_config(s);

    http.listen = s->state.config.operator_socket;
    http.context = &s->context[s->state.config.workers];
    return http_server_start(&http, &s->operators, err);
}

/* From afar, where that is wanted. */
static pawl_status start_remote(struct service *s, struct pawl_err *err)
{
    const struct verifier_config *c = &s->state.config;
    struct http_config            http = operators_config(s);

    if (!c->operator_listen[0])
        return pawl_ok();
    http.listen = c->operator_listen;
    http.address_rate = c->address_rate;
    http.address_connections = c->address_connections;
    http.tls = s->tls[TLS_REMOTE].tls;
    http.context = &s->context[c->workers + 1];
    return pawl_under(err, "operator_listen", http_server_start(&http, &s->remote, err));
}

/* Connections take files, and must leave some to the store. */
static void fit_files(struct verifier_config *c)
{
    struct rlimit l;
    uint64_t      nameless = c->proxy_n ? (uint64_t)c->workers * HTTP_NAMELESS_MAX : 0;
    uint64_t      spare = FILES_SPARE + nameless;
    uint64_t      wanted = c->connections_max + spare;

    if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= wanted)
        return;
    l.rlim_cur = wanted < l.rlim_max ? wanted : l.rlim_max;
    setrlimit(RLIMIT_NOFILE, &l);
    if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= wanted)
        return;
    c->connections_max = l.rlim_cur > 2 * spare ? l.rlim_cur - spare : l.rlim_cur / 2;
    log_info("only %llu files may be open: connections_max is %llu", (unsigned long long)l.rlim_cur,
             (unsigned long long)c->connections_max);
}

static void warn_of_no_roots(const struct verifier_config *c)
{
    for (size_t i = 0; i < c->tenant_n; i++) {
        if (!c->tenant[i].roots[0] && !c->tenant[i].lab_roots[0])
            log_info("tenant %s has neither roots nor lab_roots: no device can enrol",
                     c->tenant[i].name);
        if (c->tenant[i].lab_roots[0])
            log_info("tenant %s takes test TPMs (lab_roots); their results say so",
                     c->tenant[i].name);
    }
}

static void log_restored(const struct store *store)
{
    int64_t ms = store->restored_ms(store->self);

    if (ms)
        log_info("the store was put back from an older copy, last noted at Unix time %lld",
                 (long long)(ms / 1000));
}

/* What a moment's requests took is free all at once, and the next ones take it again. glibc would
 * give it to the kernel in between and fetch it back page by page; now a thread's memory keeps so
 * much at its end. What no request takes by itself has pages of its own, which go back at once:
 * glibc no longer raises that limit to whatever it was once asked for. */
static void keep_free_memory(void)
{
    mallopt(M_TRIM_THRESHOLD, FREE_KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
}

static pawl_status start(struct service *s, const char *dir, struct pawl_err *err)
{
    keep_free_memory();
    PAWL_TRY(state_lock(dir, &s->lock, err));
    PAWL_TRY(state_open(dir, &s->state, err));
    if (s->state.config.log_json)
        log_as_json();
    metric_set(METRIC_STARTED, (int64_t)time(NULL));
    fit_files(&s->state.config);
    warn_of_no_roots(&s->state.config);
    log_restored(&s->state.store);
    PAWL_TRY(gather_make(&s->refusals, err));
    PAWL_TRY(make_contexts(s, err));
    PAWL_TRY(state_flow(&s->state, &s->chores_flow, err));
    s->chores_flow.refusals = s->refusals;
    chores_begin(&s->chores, &s->chores_flow);
    PAWL_TRY(start_hooks(s, err));
    PAWL_TRY(start_operators(s, err));
    PAWL_TRY(start_devices(s, err));
    return start_remote(s, err);
}

/* What is asked for and not counted. */
static void set_gauges(const struct service *s)
{
    uint64_t connections, held;

    http_server_load(s->devices, &connections, &held);
    metric_set(METRIC_CONNECTIONS, (int64_t)connections);
    metric_set(METRIC_HELD_BYTES, (int64_t)held);
    metric_set(METRIC_DROPPED, (int64_t)gather_dropped(s->refusals));
    metric_set(METRIC_TLS_EXPIRES, http_tls_expires_s(s->tls[TLS_DEVICES].tls));
}

/* Verifier time goes on by itself then, but somebody should see to it. */
static void watch_clock(struct service *s)
{
    int64_t behind_s = state_clock_behind_ms(&s->state) / 1000;
    bool    is = behind_s >= CLOCK_BEHIND_S;

    metric_set(METRIC_CLOCK_BEHIND, behind_s);
    if (is == s->told_clock)
        return;
    s->told_clock = is;
    if (is)
        log_line(&(struct log_line){ .level = LOG_WARN,
                                     .outcome = "this machine's clock is behind the time that the"
                                                " store and other verifiers know" });
    else
        log_info("this machine's clock is right again");
}

static int wait_ms(const sigset_t *signals, unsigned ms)
{
    const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

    return sigtimedwait(signals, NULL, &t);
}

pawl_status serve(const char *dir, struct pawl_err *err)
{
    PAWL_CLEANUP(service_stop) struct service s = { .lock = -1 };
    sigset_t                                  signals;
    int                                       signal;

    /* Before any thread starts, so that all of them leave these to sigwait. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    PAWL_TRY(start(&s, dir, err));

    printf("ready https://%s operator %s workers %u%s%s\n", http_server_address(s.devices),
           s.state.config.operator_socket, s.state.config.workers,
           s.remote ? " operators https://" : "", s.remote ? http_server_address(s.remote) : "");
    fflush(stdout);
    log_info("serving on %s", http_server_address(s.devices));
    notify("READY=1");
    do {
        set_gauges(&s);
        watch_clock(&s);
        signal = wait_ms(&signals, chores_do(&s.chores));
        if (signal == SIGHUP)
            reload(&s.state, s.tls, SERVED_TLS);
    } while (signal < 0 || signal == SIGHUP);
    log_info("%s: ending", strsignal(signal));
    notify("STOPPING=1");
    return pawl_ok();
}
