/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: each frame of the application socket is the array of docs/application-socket.md, as an
 * independent encoder writes it; it has one encoding; whatever differs is refused by field and
 * leaves the output alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pawl/local.h>

#include "t.h"

static struct pawl_err err;

static struct pawl_view v(const char *text)
{
    return pawl_view_str(text);
}

/* The frames of the page, in hex by an independent encoder. */
static const struct {
    const char           *hex;
    struct pawl_local_req m;
} requests[] = {
    { "82 64 73656e64 46 32312e352043", { .ask = PAWL_LOCAL_SEND, .body = { NULL, 6 } } },
    { "83 64 73656e64 46 32312e352043 f5",
      { .ask = PAWL_LOCAL_SEND, .body = { NULL, 6 }, .chained = true } },
    { "82 64 73656e64 40", { .ask = PAWL_LOCAL_SEND } },
    { "81 64 73656e74", { .ask = PAWL_LOCAL_SENT } },
    { "83 67 72656365697665 1bffffffffffffffff 19ea60",
      { .ask = PAWL_LOCAL_RECEIVE, .id = UINT64_MAX, .wait_ms = PAWL_LOCAL_WAIT_MAX_MS } },
    { "82 65 74616b656e 1b0000000100000001", { .ask = PAWL_LOCAL_TAKEN, .id = 4294967297 } },
    { "81 66 666f6c6c6f77", { .ask = PAWL_LOCAL_FOLLOW } },
    { "85 63 6b6579 69 74656c656d65747279 46 6c696e652034 1820 03",
      { .ask = PAWL_LOCAL_KEY,
        .label = { NULL, 9 },
        .context = { NULL, 6 },
        .n = 32,
        .epoch = 3 } },
    { "81 66 737461747573", { .ask = PAWL_LOCAL_STATUS } },
    { "81 65 7761746368", { .ask = PAWL_LOCAL_WATCH } },
};

static const struct {
    const char           *hex;
    struct pawl_local_ans m;
} answers[] = {
    { "82 66 717565756564 1b0000000100000001", { .say = PAWL_LOCAL_QUEUED, .id = 4294967297 } },
    { "82 6c 61636b6e6f776c6564676564 1b0000000100000000",
      { .say = PAWL_LOCAL_ACKNOWLEDGED, .id = 4294967296 } },
    { "83 67 6d657373616765 05 42 6869",
      { .say = PAWL_LOCAL_MESSAGE, .id = 5, .body = { NULL, 2 } } },
    { "81 64 6e6f6e65", { .say = PAWL_LOCAL_NOTHING } },
    { "81 62 6f6b", { .say = PAWL_LOCAL_DONE } },
    { "83 63 6b6579 03 50 000102030405060708090a0b0c0d0e0f",
      { .say = PAWL_LOCAL_A_KEY, .epoch = 3, .body = { NULL, 16 } } },
    { "82 66 737461747573 a7 65 65706f6368 01 65 696e626f78 02 65 7175657565 03"
      "69 696e626f785f6d6178 04 69 71756575655f6d6178 05"
      "6b 696e626f785f6279746573 06 6b 71756575655f6279746573 07",
      { .say = PAWL_LOCAL_FACTS, .facts = { 1, 3, 7, 5, 2, 6, 4 } } },
    { "83 65 6572726f72 64 66756c6c 62 6e6f",
      { .say = PAWL_LOCAL_ERROR, .code = PAWL_E_FULL, .text = { NULL, 2 } } },
    { "84 65 6576656e74 6e 6d6573736167652d666f72676564 f5 62 6e6f",
      { .say = PAWL_LOCAL_EVENT, .kind = { NULL, 14 }, .begin = true, .text = { NULL, 2 } } },
};

enum {
    REQUESTS = sizeof(requests) / sizeof(*requests),
    ANSWERS = sizeof(answers) / sizeof(*answers)
};

/* Everything but where the views point to. */
static void same_view(struct pawl_view a, struct pawl_view b)
{
    assert_int_equal(a.n, b.n);
}

static void requests_are_read(void **state)
{
    struct pawl_local_req m;

    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        const struct pawl_local_req *want = &requests[i].m;
        T_OK(pawl_local_req_parse(t_hex(requests[i].hex), &m, &err), &err);
        assert_int_equal(m.ask, want->ask);
        same_view(m.body, want->body);
        same_view(m.label, want->label);
        same_view(m.context, want->context);
        assert_true(m.chained == want->chained && m.id == want->id && m.wait_ms == want->wait_ms);
        assert_true(m.n == want->n && m.epoch == want->epoch);
    }
    T_OK(pawl_local_req_parse(t_hex(requests[7].hex), &m, &err), &err);
    assert_true(pawl_view_equal(m.label, v("telemetry")) &&
                pawl_view_equal(m.context, v("line 4")));
}

static void answers_are_read(void **state)
{
    struct pawl_local_ans m;

    (void)state;
    for (size_t i = 0; i < ANSWERS; i++) {
        const struct pawl_local_ans *want = &answers[i].m;
        T_OK(pawl_local_ans_parse(t_hex(answers[i].hex), &m, &err), &err);
        assert_int_equal(m.say, want->say);
        same_view(m.body, want->body);
        same_view(m.text, want->text);
        same_view(m.kind, want->kind);
        assert_int_equal(m.begin, want->begin);
        assert_true(m.id == want->id && m.epoch == want->epoch && m.code == want->code);
        assert_memory_equal(&m.facts, &want->facts, sizeof(m.facts));
    }
    T_OK(pawl_local_ans_parse(t_hex(answers[2].hex), &m, &err), &err);
    assert_true(pawl_view_equal(m.body, v("hi")));
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Reads and writes: what comes out is what came in, or it is refused and the output is untouched.
 */
static bool recode(struct pawl_view in)
{
    uint8_t              *b = malloc(in.n + 1);
    struct pawl_wr        w = pawl_wr_to(b, in.n);
    struct pawl_local_req q;
    struct pawl_local_ans a;

    t_poison(&q, sizeof(q));
    t_poison(&a, sizeof(a));
    bool is_q = pawl_is_ok(pawl_local_req_parse(in, &q, &err));
    bool is_a = pawl_is_ok(pawl_local_ans_parse(in, &a, &err));
    if (is_q)
        T_OK(pawl_local_req_write(&q, &w, &err), &err);
    else
        t_still_poisoned(&q, sizeof(q));
    if (is_a)
        T_OK(pawl_local_ans_write(&a, &w, &err), &err);
    else
        t_still_poisoned(&a, sizeof(a));
    assert_false(is_q && is_a);
    if (is_q || is_a)
        assert_true(pawl_view_equal(pawl_view(w.p, w.n), in));
    free(b);
    return is_q || is_a;
}

static void each_has_one_encoding(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++)
        assert_true(recode(t_hex(requests[i].hex)));
    for (size_t i = 0; i < ANSWERS; i++)
        assert_true(recode(t_hex(answers[i].hex)));
}

static void what_has_no_room_is_not_begun(void **state)
{
    static const struct pawl_local_req send = { .ask = PAWL_LOCAL_SEND,
                                                .body = { (uint8_t *)"abc", 3 } };
    static const struct pawl_local_ans a = { .say = PAWL_LOCAL_QUEUED, .id = 700 };
    uint8_t                            b[16];

    (void)state;
    for (size_t n = 0; n < 10; n++) {
        struct pawl_wr w = pawl_wr_to(b, n);
        T_FAILS(pawl_local_req_write(&send, &w, &err), &err, PAWL_E_FULL);
        assert_true(w.n == 0 && !w.full);
        T_FAILS(pawl_local_ans_write(&a, &w, &err), &err, PAWL_E_FULL);
        assert_true(w.n == 0 && !w.full);
    }
    struct pawl_wr w = pawl_wr_to(b, 10);
    T_OK(pawl_local_req_write(&send, &w, &err), &err);
    const struct pawl_local_req none = { 0 }, chained = { .ask = PAWL_LOCAL_SENT, .chained = true };
    const struct pawl_local_ans nothing = { 0 };
    T_FAILS(pawl_local_req_write(&none, &w, &err), &err, PAWL_E_BUG);
    T_FAILS(pawl_local_req_write(&chained, &w, &err), &err, PAWL_E_BUG);
    T_FAILS(pawl_local_ans_write(&nothing, &w, &err), &err, PAWL_E_BUG);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void is_refused_by_field(void **state)
{
    static const struct {
        const char *hex, *where;
    } bad[] = {
        { "", "request.frame" },
        { "64 73656e74", "request.frame" },
        { "86 64 73656e74 00 00 00 00 00", "request.frame" },
        { "80", "request.word" },
        { "81 01", "request.word" },
        { "81 64 73696e67", "request.word" },
        { "81 60", "request.word" },
        { "81 71 6161616161616161616161616161616161", "request.word" },
        { "81 64 73656e64", "request.body" },
        { "82 64 73656e64 61 61", "request.body" },
        { "83 64 73656e64 41 61 f4", "request.chained" },
        { "83 64 73656e64 41 61 01", "request.chained" },
        { "84 64 73656e64 41 61 f5 f5", "request.frame" },
        { "82 64 73656e74 01", "request.frame" },
        { "82 65 7761746368 01", "request.frame" },
        { "82 67 72656365697665 00", "request.wait_ms" },
        { "83 67 72656365697665 00 19ea61", "request.wait_ms" },
        { "83 67 72656365697665 20 00", "request.after" },
        { "81 65 74616b656e", "request.id" },
        { "85 63 6b6579 41 61 40 10 00", "request.label" },
        { "85 63 6b6579 61 61 60 10 00", "request.context" },
        { "85 63 6b6579 61 61 40 1841 00", "request.n" },
        { "85 63 6b6579 61 61 40 10 20", "request.epoch" },
        { "82 65 74616b656e 1801", "request.id" },
        { "81 64 73656e74 00", "request.end" },
        { "9f 64 73656e74 ff", "request.frame" },
    };
    struct pawl_local_req m;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        t_poison(&m, sizeof(m));
        assert_false(pawl_is_ok(pawl_local_req_parse(t_hex(bad[i].hex), &m, &err)));
        if (strcmp(err.where, bad[i].where))
            print_error("%s: %s\n", bad[i].hex, err.why);
        T_WHERE(&err, bad[i].where);
        t_still_poisoned(&m, sizeof(m));
    }
}

static void an_answer_is_refused_by_field(void **state)
{
    static const struct {
        const char *hex, *where;
    } bad[] = {
        { "81 64 73656e74", "answer.word" }, /* a request */
        { "81 66 717565756564", "answer.id" },
        { "83 67 6d657373616765 05 40", "answer.body" },
        { "83 63 6b6579 03 40", "answer.key" },
        { "82 62 6f6b 00", "answer.frame" },
        { "82 66 737461747573 a0", "answer.status" },
        { "82 66 737461747573 a7 65 65706f6369 01 65 696e626f78 02 65 7175657565 03"
          "69 696e626f785f6d6178 04 69 71756575655f6d6178 05"
          "6b 696e626f785f6279746573 06 6b 71756575655f6279746573 07",
          "answer.epoch" },
        { "83 65 6572726f72 65 7469726564 62 6e6f", "answer.code" },
        { "83 65 6572726f72 62 6f6b 62 6e6f", "answer.code" }, /* no error */
        { "83 65 6572726f72 64 66756c6c 42 6e6f", "answer.text" },
        { "84 65 6576656e74 41 61 f5 60", "answer.kind" },
        { "84 65 6576656e74 7821 616161616161616161616161616161616161616161616161616161616161616161"
          " f5 60",
          "answer.kind" },
        { "84 65 6576656e74 61 61 01 60", "answer.begin" },
        { "84 65 6576656e74 61 61 f5 40", "answer.text" },
        { "83 65 6576656e74 61 61 f5", "answer.text" },
    };
    struct pawl_local_ans m;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(pawl_is_ok(pawl_local_ans_parse(t_hex(bad[i].hex), &m, &err)));
        if (strcmp(err.where, bad[i].where))
            print_error("%s: %s\n", bad[i].hex, err.why);
        T_WHERE(&err, bad[i].where);
    }
}

static void must_not_be_taken(struct pawl_view in, void *arg)
{
    (void)arg;
    assert_false(recode(in));
}

static void is_itself(struct pawl_view in, void *arg)
{
    (void)arg;
    (void)recode(in);
}

static void truncated_and_flipped_it_is_refused_or_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        t_each_truncation(t_hex(requests[i].hex), must_not_be_taken, NULL);
        t_each_flip(t_hex(requests[i].hex), is_itself, NULL);
    }
    for (size_t i = 0; i < ANSWERS; i++) {
        t_each_truncation(t_hex(answers[i].hex), must_not_be_taken, NULL);
        t_each_flip(t_hex(answers[i].hex), is_itself, NULL);
    }
}

static void the_longest_message_fits_a_frame(void **state)
{
    static uint8_t              body[PAWL_BODY_MAX], b[PAWL_LOCAL_FRAME_MAX];
    const struct pawl_local_req q = { .ask = PAWL_LOCAL_SEND,
                                      .body = PAWL_VIEW_OF(body),
                                      .chained = true };
    const struct pawl_local_ans a = { .say = PAWL_LOCAL_MESSAGE,
                                      .id = UINT64_MAX,
                                      .body = PAWL_VIEW_OF(body) };

    (void)state;
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_local_req_write(&q, &w, &err), &err);
    assert_true(recode(pawl_view(b, w.n)));
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_local_ans_write(&a, &w, &err), &err);
    assert_true(recode(pawl_view(b, w.n)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("requests are read", requests_are_read),
        T_CASE("answers are read", answers_are_read),
        T_CASE("each has one encoding", each_has_one_encoding),
        T_CASE("what has no room is not begun", what_has_no_room_is_not_begun),
        T_CASE("is refused by field", is_refused_by_field),
        T_CASE("an answer is refused by field", an_answer_is_refused_by_field),
        T_CASE("truncated and flipped, it is refused or another",
               truncated_and_flipped_it_is_refused_or_another),
        T_CASE("the longest message fits a frame", the_longest_message_fits_a_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
