/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: of several verifiers on one store one posts a tenant's feed, each entry once and in
 * order; one that stops hands it on at once, and one that died is replaced when its time is over.
 * Entries of a device that a receiver refuses wait, over a restart too, those of others go on, and
 * later all of that device come, in its order; what was deleted meanwhile is told. A receiver that
 * is away parks nothing.
 *
 * Every wait of a webhook goes through post_wait: ten times as fast here, and noted. */
#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "hook/hook.h"
#include "hook/post.h"
#include "metrics.h"
#include "store_fixture.h"

enum { START_S = 1700000000, DEVICES = 3, TAKEN_MAX = 1200 };

/* ---- the receiver ---------------------------------------------------------------------------- */

static const char refuses_all[] = "all";

struct taken {
    unsigned device; /* 1 .. */
    int      n;      /* of its entries */
};

static struct receiver {
    int             listener, port;
    pthread_t       thread;
    pthread_mutex_t lock;
    char            refused[2 * PAWL_DEVICE_ID + 1]; /* a post with this in it; or refuses_all */
    int             status;                          /* that it is refused with */
    int             times;                           /* it still is; 0: for ever */
    const char     *headers;                         /* of its answers, beside others */
    size_t          body_n;                          /* that its answers have */
    bool            looks;                           /* at the right to post of who posts: */
    int64_t         least_left_s;                    /* of it */
    bool            was_elsewhere;
    struct taken    taken[TAKEN_MAX];
    size_t          n, posts;
} r = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void take(const char *body)
{
    cJSON       *j = cJSON_Parse(body);
    const cJSON *o;

    cJSON_ArrayForEach(o, cJSON_GetObjectItem(j, "messages"))
    {
        assert_true(r.n < TAKEN_MAX);
        r.taken[r.n++] = (struct taken){ (unsigned)cJSON_GetObjectItem(o, "who")->valueint,
                                         cJSON_GetObjectItem(o, "n")->valueint };
    }
    cJSON_Delete(j);
}

/* The status of the answer. */
static int receive(const char *body)
{
    bool bad;
    int  status;

    pthread_mutex_lock(&r.lock);
    bad = strcmp(r.refused, refuses_all) == 0 || (r.refused[0] && strstr(body, r.refused));
    status = bad ? r.status : 200;
    if (!bad)
        take(body);
    else if (r.times && --r.times == 0)
        r.refused[0] = 0;
    r.posts++;
    pthread_mutex_unlock(&r.lock);
    return status;
}

static int64_t right_left_s(void);

static void answer(int fd, int status)
{
    static const char blanks[4096];
    char              head[256];
    size_t            n = (size_t)snprintf(head, sizeof(head),
                                           "HTTP/1.1 %d x\r\nContent-Length: %zu\r\n%s"
                                                      "Connection: close\r\n\r\n",
                                           status, r.body_n, r.headers ? r.headers : "");
    ssize_t           put = send(fd, head, n, MSG_NOSIGNAL);

    for (size_t left = r.body_n; put > 0 && left; left -= (size_t)put)
        put = send(fd, blanks, left < sizeof(blanks) ? left : sizeof(blanks), MSG_NOSIGNAL);
}

static void serve_one(int fd)
{
    static char in[1 << 20];
    size_t      n = 0, body_n = 0;
    char       *body = NULL;
    ssize_t     got;

    while ((!body || strlen(body) < body_n) && n < sizeof(in) - 1 &&
           (got = read(fd, in + n, sizeof(in) - 1 - n)) > 0) {
        n += (size_t)got;
        in[n] = 0;
        char *length = strcasestr(in, "Content-Length: ");
        if (length)
            body_n = strtoul(length + strlen("Content-Length: "), NULL, 10);
        body = strstr(in, "\r\n\r\n");
        body = body ? body + 4 : NULL;
    }
    r.was_elsewhere |= n && strncmp(in, "POST / ", 7) != 0;
    if (!body || strlen(body) < body_n)
        return;
    if (r.looks && right_left_s() < r.least_left_s)
        r.least_left_s = right_left_s();
    answer(fd, receive(body));
}

static void *serve(void *arg)
{
    int fd;

    (void)arg;
    while ((fd = accept(r.listener, NULL, NULL)) >= 0) {
        serve_one(fd);
        close(fd);
    }
    return NULL;
}

static int receiver_make(void **state)
{
    (void)state;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          n = sizeof(at);

    r.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (r.listener < 0 || bind(r.listener, (struct sockaddr *)&at, n) || listen(r.listener, 16) ||
        getsockname(r.listener, (struct sockaddr *)&at, &n))
        return -1;
    r.port = ntohs(at.sin_port);
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* it posts to whom the operator named */
    return pthread_create(&r.thread, NULL, serve, NULL);
}

static int receiver_done(void **state)
{
    (void)state;
    shutdown(r.listener, SHUT_RDWR);
    pthread_join(r.thread, NULL);
    close(r.listener);
    return 0;
}

static void receiver_says(const char *refused, int status)
{
    pthread_mutex_lock(&r.lock);
    snprintf(r.refused, sizeof(r.refused), "%s", refused);
    r.status = status;
    r.times = 0;
    pthread_mutex_unlock(&r.lock);
}

/* Whatever comes next, and not what comes then. */
static void receiver_refuses_once(int status)
{
    receiver_says(refuses_all, status);
    r.times = 1;
}

static size_t taken_n(void)
{
    pthread_mutex_lock(&r.lock);
    size_t n = r.n;
    pthread_mutex_unlock(&r.lock);
    return n;
}

static size_t posts_n(void)
{
    pthread_mutex_lock(&r.lock);
    size_t n = r.posts;
    pthread_mutex_unlock(&r.lock);
    return n;
}

/* ---- its waits ------------------------------------------------------------------------------- */

static atomic_ullong longest_ms;

bool __real_post_wait(struct post *post, uint64_t ms);
bool __wrap_post_wait(struct post *post, uint64_t ms);

bool __wrap_post_wait(struct post *post, uint64_t ms)
{
    if (ms > longest_ms)
        longest_ms = ms;
    return __real_post_wait(post, ms / 10);
}

/* ---- verifiers on one store ------------------------------------------------------------------ */

static struct place {
    struct store_fixture   store;
    struct verifier_config config;
    struct device          device[DEVICES];
    char                   id[DEVICES][2 * PAWL_DEVICE_ID + 1];
    int                    said[DEVICES]; /* entries so far */
    size_t                 all;
    char                   key[64];
    atomic_llong           now_s;
} p;

struct one {
    struct store store;
    struct flow  flow;
    struct hook *hook;
    atomic_uint  looks; /* how often it asked for the time */
};

static int64_t now_ms(void *arg)
{
    struct one *one = arg;

    one->looks++;
    return p.now_s * 1000;
}

static const char *name_a(void *self)
{
    (void)self;
    return "a";
}

static const char *name_b(void *self)
{
    (void)self;
    return "b";
}

static void one_starts(struct one *one, const char *(*name)(void *self))
{
    struct pawl_err err;

    *one = (struct one){ .store = p.store.store };
    one->store.instance = name;
    one->flow = (struct flow){
        .config = &p.config, .store = &one->store, .now_ms = now_ms, .now_arg = one
    };
    T_OK(hook_start(&one->flow, &p.config.tenant[0], &one->hook, &err), &err);
}

static void place_make(void)
{
    struct tenant_config *t = &p.config.tenant[0];
    struct pawl_err       err;
    int                   fd;

    memset(&p, 0, sizeof(p));
    store_fixture_make(&p.store);
    p.now_s = START_S;
    p.config.tenant_n = 1;
    snprintf(t->name, sizeof(t->name), "acme");
    snprintf(t->webhook, sizeof(t->webhook), "http://127.0.0.1:%d/", r.port);
    snprintf(p.key, sizeof(p.key), "/tmp/pawl-turns-XXXXXX");
    fd = mkstemp(p.key);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
    close(fd);
    snprintf(t->webhook_key, sizeof(t->webhook_key), "%s", p.key);
    for (unsigned i = 0; i < DEVICES; i++) {
        p.device[i] = store_put(&p.store, "acme", i + 1);
        T_OK(pawl_hex_write(PAWL_VIEW_OF(p.device[i].id), p.id[i], sizeof(p.id[i]), &err), &err);
    }
    receiver_says("", 200);
    r.headers = NULL;
    r.n = r.body_n = 0;
}

static void place_done(void)
{
    unlink(p.key);
    store_fixture_done(&p.store);
}

static int64_t right_left_s(void)
{
    return store_number(&p.store, "SELECT until_s FROM consumer") - p.now_s;
}

static struct segment_row entry(unsigned i)
{
    struct segment_row ret = { .kind = SEGMENT_NOTICE, .n = 1 };
    char               text[200];

    snprintf(text, sizeof(text),
             "{\"type\":\"overdue\",\"device\":\"%s\",\"time\":%d,\"who\":%u,\"n\":%d}", p.id[i],
             START_S, i + 1, ++p.said[i]);
    ret.heads = store_blob(text);
    ret.time_ms = START_S * INT64_C(1000);
    memcpy(ret.device, p.device[i].id, PAWL_DEVICE_ID);
    return ret;
}

/* The next n entries of device i + 1. */
static void says(unsigned i, size_t n)
{
    PAWL_CLEANUP(step_done)
    struct step s = { .touches_device = true, .device = p.device[i], .segment_n = n };

    snprintf(s.tenant, sizeof(s.tenant), "acme");
    s.segment = calloc(n, sizeof(*s.segment));
    assert_non_null(s.segment);
    for (size_t k = 0; k < n; k++)
        s.segment[k] = entry(i);
    store_commits(&p.store, &s);
    p.device[i].version++;
    p.all += n;
}

static void all_say(int times)
{
    for (int n = 0; n < times; n++)
        for (unsigned i = 0; i < DEVICES; i++)
            says(i, 1);
}

static void wait_for(size_t n)
{
    for (int i = 0; taken_n() < n; i++) {
        assert_true(i < 3000);
        usleep(10000);
    }
}

static void wait_for_posts(size_t n)
{
    for (int i = 0; posts_n() < n; i++) {
        assert_true(i < 3000);
        usleep(10000);
    }
}

static void wait_for_number(const char *sql, int64_t n)
{
    for (int i = 0; store_number(&p.store, sql) != n; i++) {
        assert_true(i < 3000);
        usleep(10000);
    }
}

/* All was taken, and that is durable: who stops earlier posts it again. */
static void settles(void)
{
    wait_for(p.all);
    wait_for_number("SELECT count(*) FROM consumer"
                    " WHERE cursor = (SELECT CAST(max(number) AS TEXT) FROM segment)",
                    1);
}

/* Several turns of it go by; or one that posts, which looks as often. */
static void looks_on(struct one *one)
{
    unsigned until = one->looks + 6;

    for (int i = 0; one->looks < until; i++) {
        assert_true(i < 3000);
        usleep(10000);
    }
}

/* Each entry once, in the order of its device; entries of `left_out` (0: none) are not there. */
static void has_each_once(unsigned left_out)
{
    int    next[DEVICES] = { 0 };
    size_t n = taken_n();

    for (size_t i = 0; i < n; i++) {
        assert_true(r.taken[i].device != left_out);
        assert_int_equal(r.taken[i].n, ++next[r.taken[i].device - 1]);
    }
    for (unsigned i = 0; i < DEVICES; i++)
        assert_int_equal(next[i], i + 1 == left_out ? 0 : p.said[i]);
}

/* ---- whose turn it is ------------------------------------------------------------------------ */

static void of_two_one_posts_and_who_stops_hands_on(void **state)
{
    (void)state;
    struct one a, b;

    place_make();
    one_starts(&a, name_a);
    one_starts(&b, name_b);
    for (int i = 0; i < 5; i++) {
        all_say(3);
        settles();
    }
    has_each_once(0);
    hook_stop(&a.hook);
    all_say(2);
    settles();
    one_starts(&a, name_a);
    hook_stop(&b.hook);
    all_say(2);
    settles();
    hook_stop(&a.hook);
    has_each_once(0);
    assert_int_equal(store_number(&p.store, "SELECT count(*) FROM consumer WHERE holder = ''"), 1);
    place_done();
}

static void who_died_is_replaced_when_its_time_is_over(void **state)
{
    (void)state;
    struct one  b;
    struct step s = { .tenant = "acme", .has_consumer = true };

    place_make();
    s.consumer = (struct consumer_row){ .name = "webhook", .holder = "a", .until_s = START_S + 60 };
    store_commits(&p.store, &s);
    all_say(2);
    size_t before = posts_n();
    p.now_s = START_S + 65; /* with what clocks may differ */
    one_starts(&b, name_b);
    looks_on(&b);
    assert_int_equal(posts_n(), before);
    p.now_s = START_S + 66;
    settles();
    wait_for_number("SELECT count(*) FROM consumer WHERE holder = 'b' AND until_s = 1700000126", 1);
    hook_stop(&b.hook);
    has_each_once(0);
    place_done();
}

/* A post takes up to 30 s: nobody else may take over meanwhile. */
static void a_post_begins_with_time_enough_left(void **state)
{
    (void)state;
    struct one a;

    place_make();
    one_starts(&a, name_a);
    r.looks = true;
    r.least_left_s = 1000;
    for (int i = 0; i < 2; i++) {
        all_say(1);
        settles();
        p.now_s += 26;
    }
    hook_stop(&a.hook);
    r.looks = false;
    assert_true(r.least_left_s >= 35 && r.least_left_s <= 60);
    has_each_once(0);
    place_done();
}

static void who_comes_back_to_find_another_there_stops(void **state)
{
    (void)state;
    struct one a;

    place_make();
    one_starts(&a, name_a);
    all_say(1);
    settles();
    store_exec(&p.store, "UPDATE consumer SET holder = 'b', version = version + 1");
    size_t before = posts_n();
    all_say(1);
    looks_on(&a);
    assert_int_equal(posts_n(), before);
    hook_stop(&a.hook); /* and takes nothing from the other */
    assert_int_equal(store_number(&p.store, "SELECT count(*) FROM consumer WHERE holder = 'b'"), 1);
    place_done();
}

/* ---- a device that is refused ---------------------------------------------------------------- */

/* The receiver refuses the second device, and has all of the others'. */
static void second_is_parked(struct one *a)
{
    receiver_says(p.id[1], 422);
    one_starts(a, name_a);
    all_say(7);
    wait_for(p.all - 7);
    has_each_once(2);
    wait_for_number("SELECT count(*) FROM parked", 1);
}

static void entries_of_a_refused_device_wait_and_come_later(void **state)
{
    (void)state;
    struct one a;

    place_make();
    second_is_parked(&a);
    assert_int_equal(metric_now(METRIC_WEBHOOK_PARKED, 0), 1);
    hook_stop(&a.hook);
    assert_int_equal(metric_now(METRIC_WEBHOOK_PARKED, 0), 0);
    one_starts(&a, name_a);
    all_say(3);
    wait_for(p.all - 10);
    has_each_once(2);
    p.now_s += 1000; /* it is tried again, and refused again */
    wait_for_number("SELECT count(*) FROM parked WHERE tries = 2 AND next_s > 1700001000", 1);
    receiver_says("", 200);
    says(1, 1);
    p.now_s += 1000;
    wait_for(p.all);
    wait_for_number("SELECT count(*) FROM parked", 0);
    all_say(1);
    settles();
    hook_stop(&a.hook);
    has_each_once(0);
    place_done();
}

static void what_waits_does_not_overtake_the_feed(void **state)
{
    (void)state;
    struct one a;

    place_make();
    second_is_parked(&a);
    hook_stop(&a.hook);
    says(0, 900); /* pages on end: what is behind them comes with the feed */
    says(1, 1);
    receiver_says("", 200);
    p.now_s += 1000;
    one_starts(&a, name_a);
    settles();
    wait_for_number("SELECT count(*) FROM parked", 0);
    hook_stop(&a.hook);
    has_each_once(0);
    place_done();
}

static void what_was_deleted_while_it_waited_is_told(void **state)
{
    (void)state;
    struct one a;
    uint64_t   lost = metric_now(METRIC_WEBHOOK_LOST, 0);

    place_make();
    second_is_parked(&a);
    hook_stop(&a.hook);
    store_exec(&p.store, "DELETE FROM segment WHERE number IN"
                         " (SELECT min(number) FROM segment WHERE device ="
                         " (SELECT device FROM parked))");
    receiver_says("", 200);
    p.now_s += 1000;
    one_starts(&a, name_a);
    wait_for(p.all - 1);
    wait_for_number("SELECT count(*) FROM parked", 0);
    hook_stop(&a.hook);
    assert_int_equal(metric_now(METRIC_WEBHOOK_LOST, 0), lost + 1);
    assert_int_equal(store_number(&p.store, "SELECT count(*) FROM event WHERE line LIKE"
                                            " 'webhook: entry % was deleted before it was taken'"),
                     1);
    for (size_t i = p.all - 1 - 6, n = 2; i < p.all - 1; i++, n++) {
        assert_int_equal(r.taken[i].device, 2);
        assert_int_equal(r.taken[i].n, n);
    }
    place_done();
}

static void a_receiver_that_is_away_parks_nothing(void **state)
{
    (void)state;
    static const int away[] = { 307, 401, 404, 429, 500 };

    for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++) {
        struct one a;
        place_make();
        r.headers = "Location: /elsewhere\r\n"; /* what is signed for one goes to no other */
        receiver_refuses_once(away[i]);
        size_t before = posts_n();
        all_say(2);
        one_starts(&a, name_a);
        settles();
        hook_stop(&a.hook);
        assert_int_equal(store_number(&p.store, "SELECT count(*) FROM parked"), 0);
        assert_int_equal(posts_n(), before + 2); /* the same page once more */
        assert_false(r.was_elsewhere);
        has_each_once(0);
        place_done();
    }
}

static void a_receiver_that_says_when_is_asked_no_sooner(void **state)
{
    (void)state;
    struct one a;

    place_make();
    receiver_refuses_once(503);
    r.headers = "Retry-After: 2\r\n";
    all_say(1);
    longest_ms = 0;
    one_starts(&a, name_a);
    settles();
    hook_stop(&a.hook);
    assert_int_equal(longest_ms, 2000); /* by itself it comes again within a second */
    place_done();
}

static void who_says_yes_at_length_has_taken_it(void **state)
{
    (void)state;
    struct one a;

    place_make();
    r.body_n = 1000000;
    all_say(3);
    one_starts(&a, name_a);
    settles();
    all_say(1);
    settles();
    hook_stop(&a.hook);
    has_each_once(0);
    place_done();
}

/* A first try comes after a second; each later one later, and within 300 s. */
static void a_refused_device_is_tried_less_and_less_often(void **state)
{
    (void)state;
    static const struct {
        int     status, tries;
        int64_t most_s; /* until the next one; half of it at least */
    } refusal[] = { { 400, 2, 4 }, { 409, 8, 256 }, { 413, 9, 300 }, { 415, 40, 300 } };
    struct one a;
    char       sql[128];

    place_make();
    receiver_says(p.id[1], 422);
    all_say(1);
    one_starts(&a, name_a);
    wait_for_number("SELECT count(*) FROM parked WHERE tries = 1", 1);
    hook_stop(&a.hook);
    for (size_t i = 0; i < sizeof(refusal) / sizeof(refusal[0]); i++) {
        receiver_says(p.id[1], refusal[i].status);
        snprintf(sql, sizeof(sql), "UPDATE parked SET tries = %d", refusal[i].tries);
        store_exec(&p.store, sql);
        p.now_s = store_number(&p.store, "SELECT next_s FROM parked");
        one_starts(&a, name_a);
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM parked WHERE tries = %d",
                 refusal[i].tries + 1);
        wait_for_number(sql, 1);
        hook_stop(&a.hook);
        int64_t in_s = store_number(&p.store, "SELECT next_s FROM parked") - p.now_s;
        assert_true(in_s >= refusal[i].most_s / 2 && in_s <= refusal[i].most_s + 1);
    }
    place_done();
}

/* 256 may wait: the feed stands where it is then, and loses nothing. */
static void where_too_many_wait_the_feed_does(void **state)
{
    (void)state;
    struct one  a;
    struct step s = { .tenant = "acme", .has_consumer = true };
    char        sql[256];

    place_make();
    s.consumer = (struct consumer_row){ .name = "webhook" };
    store_commits(&p.store, &s);
    snprintf(sql, sizeof(sql),
             "INSERT INTO parked (tenant, consumer, device, cursor, first, tries, next_s)"
             " SELECT 'acme', 'webhook', %s, '0', '', 1, 2000000000 FROM parked",
             store_is_postgres() ? "decode(md5(random()::text) || md5(random()::text), 'hex')"
                                 : "randomblob(32)");
    store_exec(&p.store, "INSERT INTO parked (tenant, consumer, device, cursor, first, tries,"
                         " next_s) SELECT 'acme', 'webhook', id, '0', '', 1, 2000000000"
                         " FROM device ORDER BY id DESC LIMIT 1");
    for (int n = 1; n < 256; n *= 2)
        store_exec(&p.store, sql);
    size_t before = posts_n();
    says(0, 1);
    receiver_says(p.id[0], 422);
    one_starts(&a, name_a);
    wait_for_posts(before + 2); /* it comes again */
    assert_int_equal(store_number(&p.store, "SELECT count(*) FROM parked"), 256);
    receiver_says("", 200);
    settles();
    hook_stop(&a.hook);
    has_each_once(0);
    place_done();
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("of two one posts, and who stops hands on", of_two_one_posts_and_who_stops_hands_on),
        T_CASE("who died is replaced when its time is over",
               who_died_is_replaced_when_its_time_is_over),
        T_CASE("a post begins with time enough left", a_post_begins_with_time_enough_left),
        T_CASE("who comes back to find another there stops",
               who_comes_back_to_find_another_there_stops),
        T_CASE("entries of a refused device wait and come later",
               entries_of_a_refused_device_wait_and_come_later),
        T_CASE("what waits does not overtake the feed", what_waits_does_not_overtake_the_feed),
        T_CASE("what was deleted while it waited is told",
               what_was_deleted_while_it_waited_is_told),
        T_CASE("a receiver that is away parks nothing", a_receiver_that_is_away_parks_nothing),
        T_CASE("a receiver that says when is asked no sooner",
               a_receiver_that_says_when_is_asked_no_sooner),
        T_CASE("who says yes at length has taken it", who_says_yes_at_length_has_taken_it),
        T_CASE("a refused device is tried less and less often",
               a_refused_device_is_tried_less_and_less_often),
        T_CASE("where too many wait the feed does", where_too_many_wait_the_feed_does),
    };
    return cmocka_run_group_tests(cases, receiver_make, receiver_done);
}
