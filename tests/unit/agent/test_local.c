/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves the application socket with real sockets, threads and spools, and libpawl's client at the
 * other end: what is told to be queued is, together with what came beside it, and nothing else is;
 * nobody is held up by somebody; and what the flows take back is not touched any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <pawl/local.h>
#include <pawl/ratchet.h>

#include "flow/live.h"
#include "flow/shared.h"
#include "local/events.h"
#include "local/server.h"
#include "scratch.h"
#include "state/file.h"
#include "state/point.h"
#include "t.h"

static struct pawl_err    err;
static struct live        live;
static struct shared     *shared;
static struct server     *server;
static struct pawl_local *app;
static int                dir = -1, queued_fd = -1;
static atomic_uint        syncs;
static char               socket_path[200];

static void count_syncs(const char *name)
{
    if (!strcmp(name, "spool.synced"))
        atomic_fetch_add(&syncs, 1);
}

static void open_spools(uint64_t cap_n)
{
    struct spool_config q = { .name = SPOOL_QUEUE, .cap_n = cap_n };
    struct spool_config i = { .name = SPOOL_INBOX, .cap_n = cap_n };
    bool                lost;

    live.slot.epoch = 3;
    live.slot.exporter = (struct pawl_secret){ .n = 32, .b = { 7 } };
    live.slot.spool_key = (struct pawl_secret){ .n = 64, .b = { 9 } };
    T_OK(spool_open(dir, &q, &live.slot.spool_key, &live.queue, &lost, &err), &err);
    T_OK(spool_open(dir, &i, &live.slot.spool_key, &live.inbox, &lost, &err), &err);
}

static void close_spools(void)
{
    spool_close(&live.queue);
    spool_close(&live.inbox);
}

static pawl_status open_server(const char *path)
{
    const struct server_config c = {
        .path = path, .users = "", .groups = "", .shared = shared, .queued_fd = queued_fd
    };

    return server_open(&c, &server, &err);
}

/* A server and one client; the state is not open yet. */
static int begin(void **state)
{
    scratch_empty(state);
    snprintf(socket_path, sizeof(socket_path), "%s", scratch_path("app.sock"));
    atomic_store(&syncs, 0);
    dir = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    queued_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    T_OK(shared_make(&shared, &err), &err);
    T_OK(open_server(socket_path), &err);
    T_OK(server_start(server, &err), &err);
    T_OK(pawl_local_open(socket_path, &app, &err), &err);
    point_reached = count_syncs;
    return 0;
}

/* The same with the state open. */
static int begin_open(void **state)
{
    begin(state);
    open_spools(1024 * 1024);
    shared_lend(shared, &live);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pawl_local_close(&app);
    server_close(&server);
    shared_take_back(shared);
    shared_free(&shared);
    if (live.queue)
        close_spools();
    live = (struct live){ 0 };
    point_reached = NULL;
    file_close(&queued_fd);
    file_close(&dir);
    return 0;
}

static uint64_t queue_n(void)
{
    return spool_facts(live.queue).n;
}

static bool was_told(void)
{
    struct pollfd p = { .fd = queued_fd, .events = POLLIN };
    eventfd_t     n;

    return poll(&p, 1, 60000) == 1 && !eventfd_read(queued_fd, &n);
}

static uint64_t come_down(uint64_t id, const char *body)
{
    T_OK(spool_put(live.inbox, id, pawl_view_str(body), &id, &err), &err);
    T_OK(spool_sync(live.inbox, &err), &err);
    server_tell(server);
    return id;
}

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void receives(uint64_t after, int wait_ms, uint64_t want_id, const char *want)
{
    uint8_t  body[PAWL_BODY_MAX];
    uint64_t id = 0;
    size_t   n = 0;

    T_OK(pawl_local_receive(app, after, wait_ms, &id, body, sizeof(body), &n, &err), &err);
    assert_true(id == want_id);
    assert_true(pawl_view_equal(pawl_view(body, n), pawl_view_str(want)));
}

static void receives_nothing(uint64_t after, int wait_ms)
{
    uint8_t  body[PAWL_BODY_MAX];
    uint64_t id;
    size_t   n;

    T_FAILS(pawl_local_receive(app, after, wait_ms, &id, body, sizeof(body), &n, &err), &err,
            PAWL_E_ABSENT);
}

/* A connection without the client. */
static int raw_open(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int                fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", socket_path);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static void raw_put(int fd, const struct pawl_local_req *m)
{
    static uint8_t b[PAWL_LOCAL_FRAME_MAX];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    T_OK(pawl_local_req_write(m, &w, &err), &err);
    assert_int_equal(send(fd, b, w.n, MSG_NOSIGNAL), w.n);
}

/* NONE: the agent closed the connection. */
static struct pawl_local_ans raw_get(int fd)
{
    static uint8_t        b[PAWL_LOCAL_FRAME_MAX];
    struct pawl_local_ans a = { 0 };
    ssize_t               n = recv(fd, b, sizeof(b), 0);

    if (n > 0)
        T_OK(pawl_local_ans_parse(pawl_view(b, (size_t)n), &a, &err), &err);
    return a;
}

/* ---- before the state is open --------------------------------------------------------------- */

static void before_an_epoch_there_is_nothing_to_send_into(void **state)
{
    struct pawl_local_facts f;
    struct pawl_secret      key;
    uint64_t                id, epoch = 0;

    (void)state;
    T_OK(pawl_local_status(app, &f, &err), &err);
    assert_true(!f.epoch && !f.queue_max);
    T_FAILS(pawl_local_send(app, pawl_view_str("x"), &id, &err), &err, PAWL_E_STATE);
    assert_non_null(strstr(err.why, "not enrolled yet"));
    T_FAILS(pawl_local_acknowledged(app, &id, &err), &err, PAWL_E_STATE);
    T_FAILS(pawl_local_key(app, "x", pawl_view(NULL, 0), 32, &epoch, &key, &err), &err,
            PAWL_E_STATE);
    open_spools(1024 * 1024);
    shared_lend(shared, &live);
    T_OK(pawl_local_send(app, pawl_view_str("x"), &id, &err), &err); /* the same connection */
    assert_int_equal(queue_n(), 1);
}

static void with_messages_off_there_are_keys_alone(void **state)
{
    PAWL_SECRET             key = { 0 }, same = { 0 };
    const struct pawl_view  none = pawl_view(NULL, 0);
    struct pawl_local_facts f;
    uint64_t                id, epoch = 0;

    (void)state;
    live.slot.epoch = 3;
    live.slot.exporter = (struct pawl_secret){ .n = 32, .b = { 7 } };
    shared_lend(shared, &live);
    T_FAILS(pawl_local_send(app, pawl_view_str("x"), &id, &err), &err, PAWL_E_STATE);
    assert_non_null(strstr(err.why, "off"));
    T_FAILS(pawl_local_acknowledged(app, &id, &err), &err, PAWL_E_STATE);
    T_FAILS(pawl_local_taken(app, 1, &err), &err, PAWL_E_STATE);
    T_OK(pawl_local_status(app, &f, &err), &err);
    assert_true(f.epoch == 3);
    T_OK(pawl_local_key(app, "x", none, 32, &epoch, &key, &err), &err);
    T_OK(pawl_app_key(&live.slot.exporter, pawl_view_str("x"), none, 32, &same, &err), &err);
    assert_true(epoch == 3 && pawl_secret_equal(&key, &same));
    T_OK(pawl_local_key(app, "x", none, 32, &epoch, &same, &err), &err);
    for (epoch = 1; epoch < 6; epoch++)
        if (epoch != 3)
            T_FAILS(pawl_local_key(app, "x", none, 32, &epoch, &same, &err), &err, PAWL_E_ABSENT);
}

/* ---- sending -------------------------------------------------------------------------------- */

static void what_is_queued_is_on_the_disk(void **state)
{
    uint8_t  body[PAWL_BODY_MAX];
    uint64_t id = 0, first = 0;
    size_t   n = 0;

    (void)state;
    T_OK(pawl_local_send(app, pawl_view_str("one"), &id, &err), &err);
    assert_int_equal(atomic_load(&syncs), 1);
    assert_true(was_told());
    close_spools(); /* nothing of it waited for that */
    shared_take_back(shared);
    open_spools(1024 * 1024);
    T_OK(spool_next(live.queue, 0, &first, body, sizeof(body), &n, &err), &err);
    assert_true(first == id && n == 3 && !memcmp(body, "one", 3));
}

static void sixteen_share_one_sync(void **state)
{
    struct pawl_view body[64];
    uint64_t         id;
    size_t           n;

    (void)state;
    for (size_t i = 0; i < 64; i++)
        body[i] = pawl_view_str("x");
    T_OK(pawl_local_send_all(app, body, 64, &n, &id, &err), &err);
    assert_int_equal(n, 64);
    assert_int_equal(queue_n(), 64);
    assert_in_range(atomic_load(&syncs), 4, 6); /* the first may have gone alone */
}

static void *one_sends(void *arg)
{
    struct pawl_local *mine = NULL;
    struct pawl_err    e;
    uint64_t          *ids = arg;

    T_OK(pawl_local_open(socket_path, &mine, &e), &e);
    for (size_t i = 0; i < 5; i++)
        T_OK(pawl_local_send(mine, pawl_view_str("y"), &ids[i], &e), &e);
    pawl_local_close(&mine);
    return NULL;
}

static void many_at_once_wait_for_one_disk(void **state)
{
    enum { THREADS = 12 };
    pthread_t t[THREADS];
    uint64_t  ids[THREADS][5];

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, one_sends, ids[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(queue_n(), 5 * THREADS);
    assert_in_range(atomic_load(&syncs), 5, 30); /* sixty would be each its own */
    for (size_t i = 0; i < THREADS; i++)
        for (size_t k = 1; k < 5; k++)
            assert_true(ids[i][k] > ids[i][k - 1]);
}

/* From the front: a smaller message behind one that had no room is not in the queue. */
static void a_full_queue_leaves_no_hole(void **state)
{
    static uint8_t   big[30000];
    struct pawl_view body[] = { pawl_view_str("a"), PAWL_VIEW_OF(big),  PAWL_VIEW_OF(big),
                                PAWL_VIEW_OF(big),  pawl_view_str("b"), pawl_view_str("c") };
    uint64_t         id = 0, last = 0;
    size_t           n = 9;

    (void)state;
    shared_take_back(shared);
    close_spools();
    open_spools(65536);
    shared_lend(shared, &live);
    T_FAILS(pawl_local_send_all(app, body, 6, &n, &id, &err), &err, PAWL_E_FULL);
    assert_non_null(strstr(err.why, "65536"));
    assert_int_equal(n, 3);
    assert_int_equal(queue_n(), 3);
    T_OK(pawl_local_send(app, pawl_view_str("b"), &last, &err), &err); /* not chained: it fits */
    assert_true(last == id + 1);
    T_FAILS(pawl_local_send_all(app, &body[1], 1, &n, &id, &err), &err, PAWL_E_FULL);
    assert_int_equal(n, 0);
    T_OK(spool_take(live.queue, last - 1, &err), &err);
    T_OK(pawl_local_send(app, body[1], &id, &err), &err); /* there is room again */
}

static void a_message_has_a_length(void **state)
{
    static uint8_t   most[PAWL_BODY_MAX + 1], more[PAWL_LOCAL_FRAME_MAX];
    struct pawl_view body[] = { pawl_view_str("a"), PAWL_VIEW_OF(most), pawl_view_str("b") };
    uint64_t         id;
    size_t           n;

    (void)state;
    T_FAILS(pawl_local_send(app, pawl_view(NULL, 0), &id, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_local_send_all(app, body, 3, &n, &id, &err), &err, PAWL_E_RANGE);
    assert_int_equal(n, 1);
    body[1] = PAWL_VIEW_OF(more); /* in no frame */
    T_FAILS(pawl_local_send_all(app, body + 1, 2, &n, &id, &err), &err, PAWL_E_RANGE);
    assert_int_equal(n, 0);
    T_OK(pawl_local_send(app, pawl_view(most, PAWL_BODY_MAX), &id, &err), &err);
    assert_int_equal(queue_n(), 2);
    int fd = raw_open(); /* with a client that lets it out */
    raw_put(fd, &(struct pawl_local_req){ .ask = PAWL_LOCAL_SEND, .body = PAWL_VIEW_OF(most) });
    assert_int_equal(raw_get(fd).code, PAWL_E_RANGE);
    raw_put(fd, &(struct pawl_local_req){ .ask = PAWL_LOCAL_SENT });
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_ACKNOWLEDGED);
    close(fd);
}

/* Who was told "io" sends again: what was put before must not go too. */
static void a_disk_that_takes_nothing_queues_nothing(void **state)
{
    struct rlimit    before, none = { 0 };
    struct pawl_view body[] = { pawl_view_str("a"), pawl_view_str("b") };
    uint64_t         id;
    size_t           n;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    none.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &none);
    pawl_status s = pawl_local_send_all(app, body, 2, &n, &id, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(s.code, PAWL_E_IO);
    assert_int_equal(n, 0);
    T_OK(pawl_local_send_all(app, body, 2, &n, &id, &err), &err);
    assert_int_equal(queue_n(), 2);

    int fd = raw_open(); /* a group that is refused whole refuses what is chained to it */
    setrlimit(RLIMIT_FSIZE, &none);
    for (int i = 0; i < 16; i++)
        raw_put(fd, &(struct pawl_local_req){ .ask = PAWL_LOCAL_SEND, .body = body[0] });
    for (int i = 0; i < 16; i++)
        assert_int_equal(raw_get(fd).code, PAWL_E_IO);
    setrlimit(RLIMIT_FSIZE, &before);
    raw_put(fd,
            &(struct pawl_local_req){ .ask = PAWL_LOCAL_SEND, .body = body[0], .chained = true });
    assert_int_equal(raw_get(fd).code, PAWL_E_STATE);
    raw_put(fd, &(struct pawl_local_req){ .ask = PAWL_LOCAL_SEND, .body = body[0] });
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_QUEUED);
    close(fd);
    assert_int_equal(queue_n(), 3);
}

static void acknowledged_is_all_up_to_an_id(void **state)
{
    uint64_t id[3], done = 0, none;

    (void)state;
    T_OK(pawl_local_acknowledged(app, &none, &err), &err);
    for (size_t i = 0; i < 3; i++)
        T_OK(pawl_local_send(app, pawl_view_str("x"), &id[i], &err), &err);
    T_OK(pawl_local_acknowledged(app, &done, &err), &err);
    assert_true(done == none && done == id[0] - 1 && done >> 32 == id[0] >> 32);
    T_OK(spool_take(live.queue, id[1], &err), &err);
    T_OK(pawl_local_acknowledged(app, &done, &err), &err);
    assert_true(done == none);
    T_OK(spool_take(live.queue, id[0], &err), &err);
    T_OK(pawl_local_acknowledged(app, &done, &err), &err);
    assert_true(done == id[1]);
    T_OK(spool_take(live.queue, id[2], &err), &err);
    T_OK(pawl_local_acknowledged(app, &done, &err), &err);
    assert_true(done == id[2]);
}

/* ---- what the flows take back --------------------------------------------------------------- */

/* The sync of a group finds the queue gone, or another one in its place. */
static void a_group_does_not_outlive_its_queue(void **state)
{
    const struct pawl_local_req one = { .ask = PAWL_LOCAL_SEND, .body = pawl_view_str("x") };
    struct pawl_local_facts     f;

    (void)state;
    for (int again = 0; again < 2; again++) {
        int fd = raw_open();
        raw_put(fd, &one);
        do /* until it is in a group */
            T_OK(pawl_local_status(app, &f, &err), &err);
        while (!f.queue);
        shared_take_back(shared);
        close_spools();
        assert_int_equal(unlink(scratch_path("queue.spool")), 0);
        open_spools(1024 * 1024);
        if (again)
            shared_lend(shared, &live);
        struct pawl_local_ans a = raw_get(fd);
        assert_true(a.say == PAWL_LOCAL_ERROR && a.code == PAWL_E_STATE);
        close(fd);
        shared_lend(shared, &live);
    }
    assert_int_equal(queue_n(), 0);
}

/* What comes behind the change is not told to be queued with what came before it. */
static void a_group_is_of_one_queue(void **state)
{
    const struct pawl_local_req one = { .ask = PAWL_LOCAL_SEND, .body = pawl_view_str("x") };
    struct pawl_local_facts     f;
    bool                        seen = false;
    uint64_t                    id;

    (void)state;
    for (int i = 0; i < 50 && !seen; i++) { /* until the change comes while the group is open */
        int fd = raw_open();
        raw_put(fd, &one);
        do
            T_OK(pawl_local_status(app, &f, &err), &err);
        while (!f.queue);
        shared_take_back(shared);
        close_spools();
        assert_int_equal(unlink(scratch_path("queue.spool")), 0);
        open_spools(1024 * 1024);
        shared_lend(shared, &live);
        pawl_status s = pawl_local_send(app, pawl_view_str("y"), &id, &err);
        seen = s.code == PAWL_E_STATE && raw_get(fd).code == PAWL_E_STATE;
        close(fd);
        assert_true(pawl_is_ok(s) == (queue_n() == 1)); /* never told so without being there */
        if (pawl_is_ok(s))
            T_OK(spool_take(live.queue, id, &err), &err);
    }
    assert_true(seen);
}

/* Whose message is in a group when the agent ends still hears what became of it. */
static void the_last_group_is_answered(void **state)
{
    const struct pawl_local_req one = { .ask = PAWL_LOCAL_SEND, .body = pawl_view_str("x") };
    struct pawl_local_facts     f;
    int                         fd = raw_open();

    (void)state;
    raw_put(fd, &one);
    do
        T_OK(pawl_local_status(app, &f, &err), &err);
    while (!f.queue);
    server_close(&server);
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_QUEUED);
    close(fd);
}

static atomic_bool over;

static void *sends_until_over(void *arg)
{
    struct pawl_local *mine = NULL;
    struct pawl_err    e;
    uint8_t            body[PAWL_BODY_MAX];
    uint64_t           id, *good = arg;
    size_t             n;

    T_OK(pawl_local_open(socket_path, &mine, &e), &e);
    while (!atomic_load(&over)) {
        pawl_status s = pawl_local_send(mine, pawl_view_str("z"), &id, &e);
        *good += pawl_is_ok(s);
        (void)!pawl_is_ok(pawl_local_receive(mine, 0, 0, &id, body, sizeof(body), &n, &e));
    }
    pawl_local_close(&mine);
    return NULL;
}

/* The sanitizers see a spool that is used after it was closed. */
static void opening_and_closing_never_meet_a_request(void **state)
{
    pthread_t t[4];
    uint64_t  good[4] = { 0 }, all = 0;

    (void)state;
    atomic_store(&over, false);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, sends_until_over, &good[i]), 0);
    for (int i = 0; i < 200; i++) {
        shared_take_back(shared);
        close_spools();
        open_spools(1024 * 1024);
        shared_lend(shared, &live);
        usleep(2000);
    }
    for (uint64_t was = queue_n(); queue_n() == was;) /* and they go on */
        usleep(1000);
    atomic_store(&over, true);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        all += good[i];
    }
    assert_true(queue_n() >= all); /* all that was told to be there is */
}

/* ---- receiving ------------------------------------------------------------------------------ */

static void a_message_comes_until_it_is_taken(void **state)
{
    (void)state;
    receives_nothing(0, 0);
    come_down(1024, "one");
    come_down(2048, "two");
    receives(0, 0, 1024, "one");
    receives(0, 0, 1024, "one");
    receives(1024, 0, 2048, "two");
    receives_nothing(2048, 0);
    unsigned before = atomic_load(&syncs);
    T_OK(pawl_local_taken(app, 1024, &err), &err);
    assert_int_equal(atomic_load(&syncs), before + 1); /* durable */
    T_OK(pawl_local_taken(app, 1024, &err), &err);
    receives(0, 0, 2048, "two");
    T_OK(pawl_local_taken(app, 2048, &err), &err);
    receives_nothing(0, 0);
}

static void *comes_later(void *arg)
{
    (void)arg;
    usleep(30000);
    come_down(4096, "late");
    return NULL;
}

static void who_waits_gets_it_when_it_comes(void **state)
{
    pthread_t t;

    (void)state;
    int64_t began = clock_ms();
    receives_nothing(0, 100);
    assert_in_range(clock_ms() - began, 100, 30000);
    assert_int_equal(pthread_create(&t, NULL, comes_later, NULL), 0);
    receives(0, -1, 4096, "late");
    pthread_join(t, NULL);
    receives(0, 5000, 4096, "late"); /* is there: no waiting */
}

static void who_follows_gets_each_once(void **state)
{
    int fd = raw_open();

    (void)state;
    come_down(1024, "one");
    raw_put(fd, &(struct pawl_local_req){ .ask = PAWL_LOCAL_FOLLOW });
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_DONE);
    assert_int_equal(raw_get(fd).id, 1024);
    come_down(2048, "two");
    assert_int_equal(raw_get(fd).id, 2048);
    raw_put(fd, &(struct pawl_local_req){ .ask = PAWL_LOCAL_TAKEN, .id = 1024 });
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_DONE);
    come_down(3072, "three");
    assert_int_equal(raw_get(fd).id, 3072);
    raw_put(fd, &(struct pawl_local_req){ .ask = PAWL_LOCAL_STATUS });
    assert_int_equal(raw_get(fd).facts.inbox, 2); /* and nothing came in between */
    close(fd);
}

/* ---- peers ---------------------------------------------------------------------------------- */

static void a_slow_reader_holds_up_nobody(void **state)
{
    static uint8_t              big[PAWL_BODY_MAX];
    const struct pawl_local_req status = { .ask = PAWL_LOCAL_STATUS };
    uint8_t                     frame[64];
    struct pawl_wr              w = pawl_wr_to(frame, sizeof(frame));
    uint64_t                    id;
    int                         fd = raw_open();
    unsigned                    asked = 0, told = 0;

    (void)state;
    for (uint64_t i = 1; i < 20; i++)
        T_OK(spool_put(live.inbox, i, PAWL_VIEW_OF(big), &id, &err), &err);
    T_OK(spool_sync(live.inbox, &err), &err);
    T_OK(pawl_local_req_write(&status, &w, &err), &err);
    while (send(fd, frame, w.n, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        asked++; /* until the agent reads no more */
    assert_int_equal(errno, EAGAIN);
    T_OK(pawl_local_send(app, pawl_view_str("x"), &id, &err), &err);
    int follower = raw_open();
    raw_put(follower, &(struct pawl_local_req){ .ask = PAWL_LOCAL_FOLLOW });
    T_OK(pawl_local_send(app, pawl_view_str("y"), &id, &err), &err);
    while (told < asked && raw_get(fd).say == PAWL_LOCAL_FACTS)
        told++;
    assert_int_equal(told, asked); /* nothing was lost by it */
    assert_int_equal(raw_get(follower).say, PAWL_LOCAL_DONE);
    for (uint64_t i = 1; i < 20; i++)
        assert_true(raw_get(follower).id == i);
    close(fd);
    close(follower);
}

static void what_is_no_frame_is_told_so_and_cut_off(void **state)
{
    static const uint8_t        bad[] = { 0x81, 0x01 };
    const struct pawl_local_req one = { .ask = PAWL_LOCAL_SEND, .body = pawl_view_str("x") };
    /* A frame but for its length. */
    static uint8_t large[PAWL_LOCAL_FRAME_MAX + 1] = { 0x82,
                                                       0x64,
                                                       's',
                                                       'e',
                                                       'n',
                                                       'd',
                                                       0x59,
                                                       (PAWL_LOCAL_FRAME_MAX - 8) >> 8,
                                                       (PAWL_LOCAL_FRAME_MAX - 8) & 255 };
    int            fd = raw_open();

    (void)state;
    raw_put(fd, &one); /* and what was good before it is answered first */
    assert_int_equal(send(fd, bad, sizeof(bad), 0), sizeof(bad));
    (void)!send(fd, bad, sizeof(bad), MSG_NOSIGNAL); /* behind it nothing is read */
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_QUEUED);
    assert_int_equal(raw_get(fd).code, PAWL_E_FORM);
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_SAY_NONE);
    close(fd);
    fd = raw_open();
    assert_int_equal(send(fd, large, sizeof(large), 0), sizeof(large));
    assert_int_equal(raw_get(fd).code, PAWL_E_FORM);
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_SAY_NONE);
    close(fd);
    assert_int_equal(queue_n(), 1);
}

static void so_many_and_no_more(void **state)
{
    struct pawl_local *other[SERVER_CONNECTIONS] = { app };
    struct pawl_local *more = NULL;
    uint64_t           id;

    (void)state;
    for (size_t i = 1; i < SERVER_CONNECTIONS; i++)
        T_OK(pawl_local_open(socket_path, &other[i], &err), &err);
    T_FAILS(pawl_local_open(socket_path, &more, &err), &err, PAWL_E_FULL);
    pawl_local_close(&other[5]);
    while (!pawl_is_ok(pawl_local_open(socket_path, &other[5], &err)))
        assert_int_equal(err.code, PAWL_E_FULL); /* until it has seen the one that left */
    T_OK(pawl_local_send(other[5], pawl_view_str("x"), &id, &err), &err);
    for (size_t i = 1; i < SERVER_CONNECTIONS; i++)
        pawl_local_close(&other[i]);
}

/* Who left in the middle: what it sent is queued, and who comes to its place hears nothing of
 * it. */
static void who_leaves_takes_no_answer_along(void **state)
{
    const struct pawl_local_req one = { .ask = PAWL_LOCAL_SEND, .body = pawl_view_str("x") };

    (void)state;
    for (int i = 0; i < 3; i++) {
        int fd = raw_open();
        raw_put(fd, &one);
        close(fd);
        fd = raw_open();
        raw_put(fd, &(struct pawl_local_req){ .ask = PAWL_LOCAL_STATUS });
        assert_int_equal(raw_get(fd).say, PAWL_LOCAL_FACTS);
        close(fd);
    }
    assert_true(was_told());
    while (queue_n() < 3)
        usleep(1000);
}

static void at_the_end_the_client_is_told(void **state)
{
    struct pawl_local *later = NULL;
    uint64_t           id;

    (void)state;
    server_close(&server);
    T_FAILS(pawl_local_send(app, pawl_view_str("x"), &id, &err), &err, PAWL_E_IO);
    assert_int_equal(access(socket_path, F_OK), -1);
    T_FAILS(pawl_local_open(socket_path, &later, &err), &err, PAWL_E_ABSENT);
    T_FAILS(pawl_local_open(scratch_path("none/app.sock"), &later, &err), &err, PAWL_E_ABSENT);
}

/* ---- the socket ----------------------------------------------------------------------------- */

static void a_socket_that_cannot_be_made_says_what_to_do(void **state)
{
    char           path[200];
    struct server *mine = server;
    struct stat    st;

    (void)state;
    T_FAILS(open_server(socket_path), &err, PAWL_E_CONFLICT); /* ours is there */
    T_FAILS(open_server(scratch_path("no/such/app.sock")), &err, PAWL_E_IO);
    assert_non_null(strstr(err.why, "socket = off"));
    snprintf(path, sizeof(path), "/%0120d", 1);
    T_FAILS(open_server(path), &err, PAWL_E_RANGE);
    int fd = open(scratch_path("file"), O_CREAT | O_WRONLY, 0600);
    close(fd);
    T_FAILS(open_server(scratch_path("file")), &err, PAWL_E_CONFLICT); /* no socket: left alone */
    assert_int_equal(stat(scratch_path("file"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
    const struct server_config c = {
        .path = path, .users = "nobody-knows-them", .groups = "", .shared = shared
    };
    T_FAILS(server_open(&c, &server, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "socket_users");
    server = mine;

    T_OK(open_server(scratch_path("run/app.sock")), &err); /* one directory is made */
    assert_int_equal(stat(scratch_path("run"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
    assert_int_equal(stat(scratch_path("run/app.sock"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    server_close(&server);
    server = mine;
}

static void what_a_killed_agent_left_is_replaced(void **state)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct server     *mine = server;
    int                fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    (void)state;
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", scratch_path("left.sock"));
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    close(fd);
    T_OK(open_server(scratch_path("left.sock")), &err);
    server_close(&server);
    server = mine;
}

/* ---- incidents ------------------------------------------------------------------------------ */

static void hears(struct pawl_local *c, const char *kind, bool begin, const char *text)
{
    struct pawl_local_event e;

    T_OK(pawl_local_next_event(c, 60000, &e, &err), &err);
    assert_string_equal(e.kind, kind);
    assert_int_equal(e.begin, begin);
    assert_string_equal(e.text, text);
}

/* Before the device has an epoch too. */
static void who_watches_hears_of_incidents(void **state)
{
    struct pawl_local_event e;
    struct pawl_local      *late = NULL;

    (void)state;
    T_OK(pawl_local_watch(app, &err), &err);
    T_FAILS(pawl_local_next_event(app, 0, &e, &err), &err, PAWL_E_ABSENT);
    server_event(server, "message-forged", true, "look");
    hears(app, "message-forged", true, "look");
    T_OK(pawl_local_open(socket_path, &late, &err), &err);
    T_OK(pawl_local_watch(late, &err), &err);
    hears(late, "message-forged", true, "look"); /* the one that is open, at once */
    server_event(server, "message-forged", false, "over");
    hears(app, "message-forged", false, "over");
    hears(late, "message-forged", false, "over");
    pawl_local_close(&late);
    T_OK(pawl_local_open(socket_path, &late, &err), &err);
    T_OK(pawl_local_watch(late, &err), &err);
    T_FAILS(pawl_local_next_event(late, 50, &e, &err), &err, PAWL_E_ABSENT); /* none is open */
    server_event(server, "other", true, "");
    hears(late, "other", true, "");
    hears(app, "other", true, "");
    pawl_local_close(&late);
    server_close(&server);
    T_FAILS(pawl_local_next_event(app, 10000, &e, &err), &err, PAWL_E_IO);
    T_FAILS(pawl_local_next_event(app, 10000, &e, &err), &err, PAWL_E_IO);
}

/* Each once and in order, however often it asks; with messages in between. */
static void events_and_messages_share_a_connection(void **state)
{
    const struct pawl_local_req watch = { .ask = PAWL_LOCAL_WATCH },
                                follow = { .ask = PAWL_LOCAL_FOLLOW };
    int fd = raw_open();

    (void)state;
    server_event(server, "other", true, "1");
    raw_put(fd, &watch);
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_DONE);
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_EVENT);
    raw_put(fd, &watch);
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_DONE); /* and nothing again */
    raw_put(fd, &follow);
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_DONE);
    come_down(5, "hello");
    assert_int_equal(raw_get(fd).say, PAWL_LOCAL_MESSAGE);
    server_event(server, "other", false, "2");
    struct pawl_local_ans a = raw_get(fd);
    assert_true(a.say == PAWL_LOCAL_EVENT && !a.begin);
    close(fd);
}

static void the_last_events_are_kept(void **state)
{
    struct events           e = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct pawl_local_event got;
    char                    text[8];
    uint64_t                next = events_first(&e);

    (void)state;
    assert_int_equal(next, 0);
    assert_false(events_next(&e, &next, &got));
    for (int i = 0; i < 2 * EVENTS_MAX + 3; i++) {
        snprintf(text, sizeof(text), "%d", i);
        events_put(&e, "other", i % 2 == 0, text);
    }
    for (int i = EVENTS_MAX + 3; i < 2 * EVENTS_MAX + 3; i++) {
        assert_true(events_next(&e, &next, &got));
        snprintf(text, sizeof(text), "%d", i);
        assert_string_equal(got.text, text);
    }
    assert_false(events_next(&e, &next, &got));
    assert_int_equal(events_first(&e), next - 1); /* the last one began */
    events_put(&e, "other", false, "");
    assert_int_equal(events_first(&e), next + 1);
}

#define CASE(sentence, f, setup)                                                                   \
    {                                                                                              \
        (sentence), (f), (setup), end, NULL                                                        \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("before an epoch there is nothing to send into",
             before_an_epoch_there_is_nothing_to_send_into, begin),
        CASE("with messages off there are keys alone", with_messages_off_there_are_keys_alone,
             begin),
        CASE("what is queued is on the disk", what_is_queued_is_on_the_disk, begin_open),
        CASE("sixteen share one sync", sixteen_share_one_sync, begin_open),
        CASE("many at once wait for one disk", many_at_once_wait_for_one_disk, begin_open),
        CASE("a full queue leaves no hole", a_full_queue_leaves_no_hole, begin_open),
        CASE("a message has a length", a_message_has_a_length, begin_open),
        CASE("a disk that takes nothing queues nothing", a_disk_that_takes_nothing_queues_nothing,
             begin_open),
        CASE("acknowledged is all up to an id", acknowledged_is_all_up_to_an_id, begin_open),
        CASE("a group does not outlive its queue", a_group_does_not_outlive_its_queue, begin_open),
        CASE("a group is of one queue", a_group_is_of_one_queue, begin_open),
        CASE("the last group is answered", the_last_group_is_answered, begin_open),
        CASE("opening and closing never meet a request", opening_and_closing_never_meet_a_request,
             begin_open),
        CASE("a message comes until it is taken", a_message_comes_until_it_is_taken, begin_open),
        CASE("who waits gets it when it comes", who_waits_gets_it_when_it_comes, begin_open),
        CASE("who follows gets each once", who_follows_gets_each_once, begin_open),
        CASE("a slow reader holds up nobody", a_slow_reader_holds_up_nobody, begin_open),
        CASE("what is no frame is told so and cut off", what_is_no_frame_is_told_so_and_cut_off,
             begin_open),
        CASE("so many and no more", so_many_and_no_more, begin_open),
        CASE("who leaves takes no answer along", who_leaves_takes_no_answer_along, begin_open),
        CASE("who watches hears of incidents", who_watches_hears_of_incidents, begin),
        CASE("events and messages share a connection", events_and_messages_share_a_connection,
             begin_open),
        CASE("the last events are kept", the_last_events_are_kept, begin),
        CASE("at the end the client is told", at_the_end_the_client_is_told, begin_open),
        CASE("a socket that cannot be made says what to do",
             a_socket_that_cannot_be_made_says_what_to_do, begin_open),
        CASE("what a killed agent left is replaced", what_a_killed_agent_left_is_replaced,
             begin_open),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
