/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves, against a real TLS server, that the pipe to the verifier is the configured one or none:
 * pin, chain, TLS 1.3; that what is too long, too slow or of another type is no answer; and that
 * nothing but the configuration says where to go.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pawl/wire.h>

#include "net/client.h"
#include "scratch.h"
#include "t.h"
#include "tls_server.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: " PAWL_MEDIA_TYPE "\r\nPawl-Request: 0a1b2c\r\n"

static const struct tls_script good = {
    .answer = { (const uint8_t *)OK_HEAD "Content-Length: 3\r\n\r\nabc", sizeof(OK_HEAD) - 1 + 24 }
};

static struct tls_script answering(const char *text)
{
    return (struct tls_script){ .answer = t_copy(pawl_view_str(text)) };
}

static struct net_config to(const struct tls_server *s)
{
    struct net_config c = { .tls = NET_TLS_PIN, .pin_n = 1, .connect_s = 5, .total_s = 5 };

    snprintf(c.server, sizeof(c.server), "%s", s->address);
    memcpy(c.pin[0], s->pin, sizeof(s->pin));
    return c;
}

/* One POST to a server with that script, by that configuration. */
static pawl_status post(const struct net_config *c, struct net_answer *ret, struct pawl_err *err)
{
    struct net *n = NULL;

    T_OK(net_open(c, &n, err), err);
    pawl_status s = net_post(n, PAWL_ROUTE_CHALLENGE, pawl_view_str("hello"), ret, err);
    ret->body = t_copy(pawl_is_ok(s) ? ret->body : pawl_view(NULL, 0));
    net_close(&n);
    return s;
}

static void refuses(const struct tls_script *script, enum pawl_code code, const char *where)
{
    struct tls_server s = tls_server_start(script);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err = { 0 };

    c.total_s = 1;
    T_FAILS(post(&c, &a, &err), &err, code);
    T_WHERE(&err, where);
    tls_server_stop(&s);
}

static void posts_and_gets_the_answer(void **state)
{
    struct tls_server s = tls_server_start(&good);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;
    char              request[2000];

    (void)state;
    T_OK(post(&c, &a, &err), &err);
    assert_int_equal(a.status, 200);
    assert_true(pawl_view_equal(a.body, pawl_view_str("abc")));
    assert_string_equal(a.request, "0a1b2c");
    tls_server_request(&s, request, sizeof(request));
    assert_non_null(strstr(request, "POST /pawl/1/challenge HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "Content-Type: " PAWL_MEDIA_TYPE "\r\n"));
    assert_null(strstr(request, "Expect:"));
    assert_string_equal(request + strlen(request) - 5, "hello");
    tls_server_stop(&s);
}

static void one_connection_carries_several_requests(void **state)
{
    struct tls_server s = tls_server_start(&good);
    struct net_config c = to(&s);
    struct net       *n = NULL;
    struct net_answer a;
    struct pawl_err   err;
    char              request[2000];

    (void)state;
    T_OK(net_open(&c, &n, &err), &err);
    for (int i = 0; i < 3; i++) {
        T_OK(net_post(n, "/x", pawl_view_str("1"), &a, &err), &err);
        tls_server_request(&s, request, sizeof(request));
        assert_int_equal(request[0], '1');
    }
    net_close(&n);
    tls_server_stop(&s);
}

static void another_tls_key_is_refused(void **state) /* P-TRUST-2 */
{
    struct tls_server s = tls_server_start(&good);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;

    (void)state;
    c.pin[0][5] ^= 1;
    T_FAILS(post(&c, &a, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "tls.pin");
    tls_server_stop(&s);
}

static void the_next_pin_is_taken_too(void **state)
{
    struct tls_server s = tls_server_start(&good);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;

    (void)state;
    memcpy(c.pin[1], c.pin[0], sizeof(c.pin[0]));
    c.pin[0][5] ^= 1;
    c.pin_n = 2;
    T_OK(post(&c, &a, &err), &err);
    tls_server_stop(&s);
}

static void a_chain_is_judged_where_that_is_configured(void **state)
{
    struct tls_server s = tls_server_start(&good), other = tls_server_start(&good);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;
    FILE             *f = fopen(scratch_path("ca.pem"), "w");

    (void)state;
    fputs(s.cert_pem, f);
    fclose(f);
    c.tls = NET_TLS_CA;
    snprintf(c.ca, sizeof(c.ca), "%s", scratch_path("ca.pem"));
    T_OK(post(&c, &a, &err), &err);
    snprintf(c.server, sizeof(c.server), "%s", other.address);
    T_FAILS(post(&c, &a, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "tls.ca");
    c.tls = NET_TLS_SYSTEM;
    T_FAILS(post(&c, &a, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "tls.system");
    c.tls = NET_TLS_CA;
    snprintf(c.ca, sizeof(c.ca), "%s", scratch_path("none.pem"));
    T_FAILS(post(&c, &a, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "tls.ca");
    tls_server_stop(&s);
    tls_server_stop(&other);
}

static void tls_1_2_is_refused(void **state)
{
    struct tls_script script = good;

    (void)state;
    script.only_tls12 = true;
    refuses(&script, PAWL_E_IO, "server");
}

static void a_long_answer_is_cut_off(void **state)
{
    static char big[PAWL_RESULT_MAX + 300];
    size_t      n = (size_t)snprintf(big, sizeof(big), OK_HEAD "Content-Length: %d\r\n\r\n",
                                     PAWL_RESULT_MAX);

    (void)state;
    struct tls_script script = { .answer = pawl_view(big, n + PAWL_RESULT_MAX) };
    struct tls_server s = tls_server_start(&script);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;
    T_OK(post(&c, &a, &err), &err);
    assert_int_equal(a.body.n, PAWL_RESULT_MAX);
    tls_server_stop(&s);

    n = (size_t)snprintf(big, sizeof(big), OK_HEAD "Content-Length: %d\r\n\r\n",
                         PAWL_RESULT_MAX + 1);
    script.answer.n = n + PAWL_RESULT_MAX + 1;
    refuses(&script, PAWL_E_RANGE, "answer");
}

static void long_headers_are_cut_off(void **state)
{
    static char head[PAWL_HEADERS_MAX + 400] = OK_HEAD;

    (void)state;
    for (int i = 0; i < 90; i++)
        snprintf(head + strlen(head), sizeof(head) - strlen(head), "X-%02d: %090d\r\n", i, 0);
    strncat(head, "Content-Length: 0\r\n\r\n", sizeof(head) - strlen(head) - 1);
    assert_true(strlen(head) > PAWL_HEADERS_MAX);
    struct tls_script script = answering(head);
    refuses(&script, PAWL_E_RANGE, "answer.headers");
}

static void a_slow_server_is_left(void **state)
{
    struct tls_script script = good;
    struct timespec   before, after;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &before);
    script.silent = true;
    refuses(&script, PAWL_E_IO, "server");
    script.silent = false;
    script.drips = true;
    refuses(&script, PAWL_E_IO, "server");
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec <= 30);
}

static void a_cut_answer_is_none(void **state)
{
    struct tls_script script = good;

    (void)state;
    script.hangs_up = true;
    refuses(&script, PAWL_E_IO, "server");
}

static bool stop_now(void)
{
    return true;
}

static void a_request_to_stop_ends_the_wait(void **state)
{
    struct tls_script script = { .silent = true };
    struct tls_server s = tls_server_start(&script);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;

    (void)state;
    c.total_s = 600;
    c.stop = stop_now;
    T_FAILS(post(&c, &a, &err), &err, PAWL_E_IO);
    tls_server_stop(&s);
}

static void another_content_type_is_no_answer(void **state)
{
    struct tls_script script = answering("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                                         "Content-Length: 2\r\n\r\nhi");

    (void)state;
    refuses(&script, PAWL_E_FORM, "answer.Content-Type");
    script = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    refuses(&script, PAWL_E_FORM, "answer.Content-Type");
    script = answering("HTTP/1.1 200 OK\r\nContent-Type: " PAWL_MEDIA_TYPE "x\r\n"
                       "Content-Length: 2\r\n\r\nhi");
    refuses(&script, PAWL_E_FORM, "answer.Content-Type");
}

static void errors_come_without_their_body(void **state)
{
    struct tls_script script = answering(
        "HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\nRetry-After: 7\r\n"
        "Pawl-Request: ok;<b>\r\nContent-Length: 2\r\n\r\nhi");
    struct tls_server s = tls_server_start(&script);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;

    (void)state;
    T_OK(post(&c, &a, &err), &err);
    assert_int_equal(a.status, 503);
    assert_int_equal(a.retry_after_s, 7);
    assert_int_equal(a.body.n, 0);
    assert_string_equal(a.request, "ok");
    tls_server_stop(&s);
}

static void a_redirect_is_not_followed(void **state)
{
    struct tls_server elsewhere = tls_server_start(&good);
    char              text[300];

    (void)state;
    snprintf(text, sizeof(text),
             "HTTP/1.1 307 There\r\nLocation: https://%s/pawl/1/challenge\r\n"
             "Content-Length: 0\r\n\r\n",
             elsewhere.address);
    struct tls_script script = answering(text);
    struct tls_server s = tls_server_start(&script);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;
    T_OK(post(&c, &a, &err), &err);
    assert_int_equal(a.status, 307);
    tls_server_stop(&s);
    tls_server_stop(&elsewhere);
}

static void a_proxy_of_the_environment_is_not_used(void **state)
{
    struct tls_server s = tls_server_start(&good);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;

    (void)state;
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    T_OK(post(&c, &a, &err), &err);
    snprintf(c.proxy, sizeof(c.proxy), "http://127.0.0.1:1");
    T_FAILS(post(&c, &a, &err), &err, PAWL_E_IO);
    /* Who is away is the proxy, not the verifier. */
    T_WHERE(&err, "proxy");
    assert_string_equal(err.why, "cannot connect to it: Connection refused");
    unsetenv("https_proxy");
    unsetenv("ALL_PROXY");
    tls_server_stop(&s);
}

static void a_server_that_is_away_is_no_contact(void **state)
{
    struct tls_server s = tls_server_start(&good);
    struct net_config c = to(&s);
    struct net_answer a;
    struct pawl_err   err;
    char              want[100];

    (void)state;
    tls_server_stop(&s);
    T_FAILS(post(&c, &a, &err), &err, PAWL_E_IO);
    T_WHERE(&err, "server");
    snprintf(want, sizeof(want), "cannot connect to %s: Connection refused", s.address);
    assert_string_equal(err.why, want);
}

static void json_is_got_as_json(void **state)
{
    struct tls_script script = answering(
        "HTTP/1.1 200 OK\r\nContent-Type: application/jwk-set+json; charset=utf-8\r\n"
        "Content-Length: 2\r\n\r\n{}");
    struct tls_server s = tls_server_start(&script);
    struct net_config c = to(&s);
    struct net       *n = NULL;
    struct net_answer a;
    struct pawl_err   err;
    char              request[2000];

    (void)state;
    T_OK(net_open(&c, &n, &err), &err);
    T_OK(net_get_json(n, "/keys", &a, &err), &err);
    assert_true(pawl_view_equal(a.body, pawl_view_str("{}")));
    tls_server_request(&s, request, sizeof(request));
    assert_non_null(strstr(request, "GET /keys HTTP/1.1\r\n"));
    assert_null(strstr(request, "Content-Type"));
    T_FAILS(net_post(n, "/x", pawl_view_str("1"), &a, &err), &err, PAWL_E_FORM);
    net_close(&n);
    tls_server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("posts and gets the answer", posts_and_gets_the_answer),
        T_CASE("one connection carries several requests", one_connection_carries_several_requests),
        T_CASE("another TLS key is refused", another_tls_key_is_refused),
        T_CASE("the next pin is taken too", the_next_pin_is_taken_too),
        T_CASE("a chain is judged where that is configured",
               a_chain_is_judged_where_that_is_configured),
        T_CASE("TLS 1.2 is refused", tls_1_2_is_refused),
        T_CASE("a long answer is cut off", a_long_answer_is_cut_off),
        T_CASE("long headers are cut off", long_headers_are_cut_off),
        T_CASE("a slow server is left", a_slow_server_is_left),
        T_CASE("a cut answer is none", a_cut_answer_is_none),
        T_CASE("a request to stop ends the wait", a_request_to_stop_ends_the_wait),
        T_CASE("another content type is no answer", another_content_type_is_no_answer),
        T_CASE("errors come without their body", errors_come_without_their_body),
        T_CASE("a redirect is not followed", a_redirect_is_not_followed),
        T_CASE("a proxy of the environment is not used", a_proxy_of_the_environment_is_not_used),
        T_CASE("a server that is away is no contact", a_server_that_is_away_is_no_contact),
        T_CASE("JSON is got as JSON", json_is_got_as_json),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
