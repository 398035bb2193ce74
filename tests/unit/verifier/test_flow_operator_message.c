/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as consumers and operators see them: behind a cursor nothing comes twice and nothing is
 * left out, whatever the pages; what is sent waits, within bounds; and keys that services ask for
 * are those that the device derives.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "flow/operator.h"
#include "operator_fixture.h"
#include "soft_messages.h"

static void free_json(cJSON **j)
{
    cJSON_Delete(*j);
}

#define ANSWER PAWL_CLEANUP(free_json) cJSON

static const char *text(const cJSON *o, const char *name)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

    assert_non_null(s);
    return s;
}

static cJSON *messages_of(const cJSON *answer)
{
    return cJSON_GetObjectItemCaseSensitive(answer, "messages");
}

/* ---- the inbox ------------------------------------------------------------------------------ */

static cJSON *page(struct world *w, const char *after, uint64_t limit, const char *device)
{
    struct message_query q = { .limit = limit };
    char                *json = NULL;
    bool                 any;

    snprintf(q.after, sizeof(q.after), "%s", after);
    snprintf(q.device, sizeof(q.device), "%s", device);
    T_OK(operator_messages(&w->flow, acme(w), &q, &json, &any, &w->err), &w->err);
    cJSON *j = parsed(json);
    assert_int_equal(any, cJSON_GetArraySize(messages_of(j)) > 0);
    return j;
}

/* Three requests: 3, 1 and 2 messages, with the texts 1 to 6. */
static void fill(struct world *w, struct soft_device *d, struct soft_epoch *e)
{
    static const size_t n[] = { 3, 1, 2 };
    struct soft_answer  a;
    uint64_t            id = 0;

    for (size_t i = 0; i < 3; i++) {
        struct pawl_view cose[3];
        for (size_t k = 0; k < n[i]; k++) {
            char body[8];
            snprintf(body, sizeof(body), "%" PRIu64, ++id);
            cose[k] = soft_app(e, id, body);
        }
        world_says(w, d, e, cose, n[i], &a);
    }
}

/* The texts of all pages of this size, in the order in which they came. */
static void walk(struct world *w, uint64_t limit, char *ret, size_t cap)
{
    char   after[48] = "";
    size_t n = 0;

    ret[0] = 0;
    for (;;) {
        ANSWER      *j = page(w, after, limit, "");
        const cJSON *m;

        cJSON_ArrayForEach(m, messages_of(j))
        {
            n += (size_t)snprintf(ret + n, cap - n, "%s", text(m, "text"));
        }
        snprintf(after, sizeof(after), "%s", text(j, "next"));
        if (cJSON_GetArraySize(messages_of(j)) == 0)
            return;
    }
}

/* As events of a stream, in pieces of so many: each with its cursor in front, and going on behind
 * any of them gives the rest. */
static void events_hold_every_message_once(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    fill(&w, &d, &e);
    for (uint64_t limit = 1; limit <= 7; limit++) {
        struct message_query q = { .limit = limit };
        unsigned             n = 0;
        for (bool more = true; more;) {
            char *events = NULL, *at;
            T_OK(operator_events(&w.flow, acme(&w), &q, &events, &more, &w.err), &w.err);
            at = events;
            for (char *next; (next = strstr(at, "\n\n")); at = next + 2, n++) {
                char want[32];
                assert_int_equal(strncmp(at, "id: ", 4), 0);
                assert_non_null(strstr(at, "\nevent: message\ndata: {\"cursor\":\""));
                snprintf(want, sizeof(want), "\"text\":\"%u\"", n + 1);
                assert_non_null(strstr(at, want));
                assert_true(strstr(at, want) < next);
                if (!next[2]) /* the last one's id is where the next page begins */
                    assert_int_equal(strncmp(at + 4, q.after, strlen(q.after)), 0);
            }
            assert_string_equal(at, "");
            free(events);
        }
        assert_int_equal(n, 6);
    }
    struct message_query q = { .bytes = 1, .device = "" };
    char                *events = NULL;
    bool                 more;
    T_OK(operator_events(&w.flow, acme(&w), &q, &events, &more, &w.err), &w.err);
    assert_true(more);
    assert_null(strstr(strstr(events, "\n\n") + 2, "\n\n"));
    free(events);
    q = (struct message_query){ .after = "x" };
    events = NULL;
    T_FAILS(operator_events(&w.flow, acme(&w), &q, &events, &more, &w.err), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "after");
    assert_null(events);
}

static void pages_of_every_size_hold_every_message_once(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    char              all[64];

    world_make(&w);
    world_talks(&w, &d, &e);
    fill(&w, &d, &e);
    for (uint64_t limit = 1; limit <= 7; limit++) {
        walk(&w, limit, all, sizeof(all));
        assert_string_equal(all, "123456");
    }
}

static void every_cursor_leads_behind_its_message(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    fill(&w, &d, &e);
    ANSWER *all = page(&w, "", 0, "");
    assert_string_equal(text(cJSON_GetArrayItem(messages_of(all), 1), "cursor"), "1.2");
    assert_string_equal(text(cJSON_GetArrayItem(messages_of(all), 2), "cursor"), "1");
    for (int i = 0; i < 6; i++) {
        const char *cursor = text(cJSON_GetArrayItem(messages_of(all), i), "cursor");
        ANSWER     *rest = page(&w, cursor, 0, "");

        assert_int_equal(cJSON_GetArraySize(messages_of(rest)), 5 - i);
        if (i < 5)
            assert_string_equal(text(cJSON_GetArrayItem(messages_of(rest), 0), "cursor"),
                                text(cJSON_GetArrayItem(messages_of(all), i + 1), "cursor"));
        else
            assert_string_equal(text(rest, "next"), cursor);
    }
}

static void a_message_says_where_it_came_from(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view cose = soft_app(&e, UINT64_C(0xffffffff00000001), "21.5 C");
    world_says(&w, &d, &e, &cose, 1, &a);
    ANSWER      *j = page(&w, "", 0, "");
    const cJSON *m = cJSON_GetArrayItem(messages_of(j), 0);
    assert_string_equal(text(m, "device"), world_id(&d));
    assert_string_equal(text(m, "id"), "18446744069414584321");
    assert_string_equal(text(m, "body_b64"), "MjEuNSBD");
    assert_string_equal(text(m, "text"), "21.5 C");
    assert_string_equal(text(m, "status"), world_record(&w, &d).status);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(m, "seq")), 1);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(m, "epoch")), 1);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(m, "time")) == (double)(w.now_ms / 1000));
}

static void only_what_a_terminal_shows_is_text(void **state)
{
    (void)state;
    static const char *const bodies[] = { "tab\tand\r\nlines \xc3\xa9 \xc2\xa0", "\x1b[31m", "\x7f",
                                          "\xc2\x9b", "\xff" };
    WORLD                    w;
    DEVICE                   d;
    struct soft_epoch        e;
    struct soft_answer       a;
    struct pawl_view         cose[6];

    world_make(&w);
    world_talks(&w, &d, &e);
    for (size_t i = 0; i < 5; i++)
        cose[i] = soft_app(&e, i, bodies[i]);
    cose[5] = soft_say(&e, &(struct pawl_content){
                               .type = PAWL_CONTENT_APP, .id = 5, .body = pawl_view("a\0b", 3) });
    world_says(&w, &d, &e, cose, 6, &a);
    ANSWER *j = page(&w, "", 0, "");
    for (int i = 0; i < 6; i++)
        assert_int_equal(cJSON_HasObjectItem(cJSON_GetArrayItem(messages_of(j), i), "text"),
                         i == 0);
}

static void a_list_is_of_one_device_or_of_all(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    DEVICE            other;
    struct soft_epoch e, e2;

    world_make(&w);
    world_talks(&w, &d, &e);
    world_talks(&w, &other, &e2);
    fill(&w, &d, &e);
    fill(&w, &other, &e2);
    ANSWER *all = page(&w, "", 0, ""), *one = page(&w, "", 0, world_id(&other));
    assert_int_equal(cJSON_GetArraySize(messages_of(all)), 12);
    assert_int_equal(cJSON_GetArraySize(messages_of(one)), 6);
    assert_string_equal(text(cJSON_GetArrayItem(messages_of(one), 0), "device"), world_id(&other));
}

static void a_page_is_bounded_by_its_bytes_too(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;
    static char        body[PAWL_BODY_MAX + 1];

    world_make(&w);
    world_talks(&w, &d, &e);
    memset(body, 'x', PAWL_BODY_MAX);
    for (uint64_t i = 0; i < 20; i++) {
        const struct pawl_view cose[] = { soft_app(&e, 2 * i, body),
                                          soft_app(&e, 2 * i + 1, body) };
        world_says(&w, &d, &e, cose, 2, &a);
    }
    ANSWER *first = page(&w, "", 1000, ""), *rest = page(&w, text(first, "next"), 1000, "");
    assert_int_equal(cJSON_GetArraySize(messages_of(first)), 33);
    assert_int_equal(cJSON_GetArraySize(messages_of(rest)), 7);
}

static void a_segment_of_another_master_key_says_so(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_epoch    e;
    struct message_query q = { 0 };
    char                *json = NULL;
    bool                 any;

    world_make(&w);
    world_talks(&w, &d, &e);
    fill(&w, &d, &e);
    store_exec(&w.store, "UPDATE segment SET bytes = zeroblob(64) WHERE number = 1");
    T_FAILS(operator_messages(&w.flow, acme(&w), &q, &json, &any, &w.err), &w.err, PAWL_E_CRYPTO);
    T_WHERE(&w.err, "inbox");
    ANSWER *behind = page(&w, "1", 0, "");
    assert_int_equal(cJSON_GetArraySize(messages_of(behind)), 3);
}

/* ---- what else is in the feed --------------------------------------------------------------- */

static int entries_of(struct world *w, const char *type, const char *after, cJSON **ret)
{
    struct message_query q = { .limit = OPERATOR_MESSAGES_MAX };
    char                *json = NULL;
    bool                 any;

    snprintf(q.type, sizeof(q.type), "%s", type);
    snprintf(q.after, sizeof(q.after), "%s", after);
    T_OK(operator_messages(&w->flow, acme(w), &q, &json, &any, &w->err), &w->err);
    *ret = parsed(json);
    return cJSON_GetArraySize(messages_of(*ret));
}

static void put_notice(struct world *w, const struct soft_device *d, const char *json)
{
    PAWL_CLEANUP(step_done) struct step step = { .touches_device = true };

    step.device = world_record(w, d);
    memcpy(step.tenant, step.device.tenant, sizeof(step.tenant));
    step.segment = calloc(1, sizeof(*step.segment));
    assert_non_null(step.segment);
    step.segment_n = 1;
    step.segment[0] = (struct segment_row){ .kind = SEGMENT_NOTICE, .time_ms = w->now_ms, .n = 1 };
    memcpy(step.segment[0].device, d->id, sizeof(d->id));
    T_OK(blob_from(pawl_view_str(json), &step.segment[0].heads, &w->err), &w->err);
    store_commits(&w->store, &step);
}

static void a_type_picks_entries(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    fill(&w, &d, &e);
    put_notice(&w, &d, "{\"type\":\"incident\",\"device\":\"d1\",\"kind\":\"message-forged\"}");
    put_notice(&w, &d, "{\"type\":\"overdue\",\"device\":\"d1\",\"due\":7}");
    put_notice(&w, &d, "{\"type\":\"rekey-overdue\",\"device\":\"d1\",\"due\":8}");
    put_notice(&w, &d, "{\"type\":\"revoked\",\"device\":\"d1\",\"by\":\"ann\"}");
    ANSWER *all = NULL, *messages = NULL, *incidents = NULL, *overdue = NULL, *marks = NULL,
           *rekeys = NULL, *revoked = NULL;
    assert_int_equal(entries_of(&w, "", "", &all), 10);
    assert_int_equal(entries_of(&w, "message", "", &messages), 6);
    assert_int_equal(entries_of(&w, "incident", "", &incidents), 1);
    assert_int_equal(entries_of(&w, "overdue", "", &overdue), 1);
    assert_int_equal(entries_of(&w, "rekey-overdue", "", &rekeys), 1);
    assert_int_equal(entries_of(&w, "revoked", "", &revoked), 1);
    assert_int_equal(entries_of(&w, "mark", "", &marks), 0);
    const cJSON *i = cJSON_GetArrayItem(messages_of(incidents), 0);
    assert_string_equal(text(i, "type"), "incident");
    assert_string_equal(text(i, "cursor"), "4");
    assert_string_equal(text(i, "kind"), "message-forged");
    assert_string_equal(text(cJSON_GetArrayItem(messages_of(all), 0), "type"), "message");
    assert_string_equal(text(cJSON_GetArrayItem(messages_of(all), 0), "mark"), "new");
    assert_int_equal(strlen(text(cJSON_GetArrayItem(messages_of(all), 0), "leaf")), 2 * PAWL_LEAF);
    /* Every list leads behind all that it looked at. */
    assert_string_equal(text(messages, "next"), "7");
    assert_string_equal(text(marks, "next"), "7");

    struct message_query q = { .type = "letter" };
    char                *json = NULL;
    bool                 any;
    T_FAILS(operator_messages(&w.flow, acme(&w), &q, &json, &any, &w.err), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "type");
}

static void a_copy_is_not_listed(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    const struct pawl_view first[] = { soft_app(&e, 1, "1"), soft_app(&e, 1, "1"),
                                       soft_app(&e, 2, "2"), soft_app(&e, 2, "2") };
    world_says(&w, &d, &e, first, 4, &a);
    const struct pawl_view second[] = { soft_app(&e, 1, "1"), soft_app(&e, 2, "2") };
    world_says(&w, &d, &e, second, 2, &a);
    const struct pawl_view third[] = { soft_app(&e, 2, "2"), soft_app(&e, 3, "3") };
    world_says(&w, &d, &e, third, 2, &a);
    for (uint64_t limit = 1; limit <= 4; limit++) {
        char all[16];
        walk(&w, limit, all, sizeof(all));
        assert_string_equal(all, "123");
    }
}

/* A search that finds nothing stops where it is, says so, and goes on from there. */
static void a_long_search_is_told_to_go_on(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_epoch    e;
    struct message_query q = { .type = "mark" };
    char                *json = NULL;
    bool                 any;

    world_make(&w);
    world_talks(&w, &d, &e);
    fill(&w, &d, &e);
    store_exec(&w.store,
               "WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
               " INSERT INTO segment SELECT i, tenant, kind, device, time_ms, s.n, id_lo, id_hi,"
               " heads, bytes FROM segment AS s, n WHERE number = 3");
    T_OK(operator_messages(&w.flow, acme(&w), &q, &json, &any, &w.err), &w.err);
    assert_true(any);
    ANSWER *first = parsed(json);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(first, "more")));
    assert_int_equal(cJSON_GetArraySize(messages_of(first)), 0);
    assert_string_equal(text(first, "next"), "16384");
    snprintf(q.after, sizeof(q.after), "%s", text(first, "next"));
    T_OK(operator_messages(&w.flow, acme(&w), &q, &json, &any, &w.err), &w.err);
    assert_false(any);
    ANSWER *last = parsed(json);
    assert_false(cJSON_HasObjectItem(last, "more"));
    assert_string_equal(text(last, "next"), "20000");
}

/* ---- to a device ---------------------------------------------------------------------------- */

static pawl_status send(struct world *w, const struct soft_device *d, const char *body)
{
    char       *json = NULL;
    pawl_status s;

    step_done(&w->step);
    s = operator_message_send(&w->flow, acme(w), world_id(d), pawl_view_str(body), &json, &w->step,
                              &w->err);
    if (pawl_is_ok(s))
        T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    free(json);
    return s;
}

static void what_cannot_be_sent_says_why(void **state)
{
    (void)state;
    static const struct {
        const char    *body;
        enum pawl_code code;
        const char    *where;
    } bad[] = {
        { "{}", PAWL_E_FORM, "body" },
        { "{\"text\": \"a\", \"body_b64\": \"YQ==\"}", PAWL_E_FORM, "body" },
        { "{\"text\": 7}", PAWL_E_FORM, "text" },
        { "{\"body_b64\": \"YQ\"}", PAWL_E_FORM, "body_b64" },
        { "{\"text\": \"a\", \"colour\": 1}", PAWL_E_FORM, "body" },
        { "nothing", PAWL_E_FORM, "body" },
    };
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    char             *body = malloc(2 * PAWL_BODY_MAX);

    world_make(&w);
    world_talks(&w, &d, &e);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(send(&w, &d, bad[i].body), &w.err, bad[i].code);
        T_WHERE(&w.err, bad[i].where);
    }
    snprintf(body, 2 * PAWL_BODY_MAX, "{\"text\": \"%0*d\"}", PAWL_BODY_MAX, 0);
    T_OK(send(&w, &d, body), &w.err);
    snprintf(body, 2 * PAWL_BODY_MAX, "{\"text\": \"%0*d\"}", PAWL_BODY_MAX + 1, 0);
    T_FAILS(send(&w, &d, body), &w.err, PAWL_E_RANGE);
    T_WHERE(&w.err, "text");
    snprintf(body, 2 * PAWL_BODY_MAX, "{\"body_b64\": \"%0*d\"}", (PAWL_BODY_MAX + 2) / 3 * 4 + 4,
             0);
    T_FAILS(send(&w, &d, body), &w.err, PAWL_E_FULL);
    T_WHERE(&w.err, "body_b64");
    free(body);
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    T_FAILS(send(&w, &d, "{\"text\": \"a\"}"), &w.err, PAWL_E_STATE);
    T_WHERE(&w.err, "device");
    w.config.tenant[ACME].messages = false;
    T_FAILS(send(&w, &d, "{\"text\": \"a\"}"), &w.err, PAWL_E_STATE);
    T_WHERE(&w.err, "tenant");
}

static void at_most_downlink_max_messages_wait(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    w.config.tenant[ACME].downlink_max = 3;
    for (int i = 0; i < 3; i++)
        T_OK(send(&w, &d, "{\"text\": \"a\"}"), &w.err);
    T_FAILS(send(&w, &d, "{\"text\": \"a\"}"), &w.err, PAWL_E_STATE);
    T_WHERE(&w.err, "device");
    assert_non_null(strstr(w.err.why, "downlink_max"));
    store_exec(&w.store, "DELETE FROM downlink WHERE id = (SELECT min(id) FROM downlink)");
    T_OK(send(&w, &d, "{\"text\": \"a\"}"), &w.err);
}

static void an_empty_body_is_a_message_too(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    T_OK(send(&w, &d, "{\"text\": \"\"}"), &w.err);
    struct pawl_view poll = soft_poll(&e);
    world_says(&w, &d, &e, &poll, 1, &a);
    assert_int_equal(a.n, 2);
    assert_int_equal(a.heard[1].content.body.n, 0);
}

static void what_waits_is_shown_with_its_state(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;
    char              *json = NULL;

    world_make(&w);
    world_talks(&w, &d, &e);
    T_OK(send(&w, &d, "{\"text\": \"one\"}"), &w.err);
    struct pawl_view poll = soft_poll(&e);
    world_says(&w, &d, &e, &poll, 1, &a);
    T_OK(send(&w, &d, "{\"body_b64\": \"AAE=\"}"), &w.err);
    T_OK(operator_downlink(&w.flow, acme(&w), world_id(&d), &(struct list_query){ 0 }, &json,
                           &w.err),
         &w.err);
    ANSWER      *j = parsed(json);
    const cJSON *one = cJSON_GetArrayItem(messages_of(j), 0);
    const cJSON *two = cJSON_GetArrayItem(messages_of(j), 1);
    assert_string_equal(text(one, "state"), "sent");
    assert_string_equal(text(one, "text"), "one");
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(one, "slot")), 2);
    assert_string_equal(text(two, "state"), "queued");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(two, "slot")));
    assert_string_equal(text(two, "body_b64"), "AAE=");
    assert_false(cJSON_HasObjectItem(two, "text"));
}

/* ---- the ratchet ---------------------------------------------------------------------------- */

static void a_rekey_is_demanded_once(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    char             *json = NULL;

    world_make(&w);
    world_talks(&w, &d, &e);
    for (int i = 0; i < 2; i++) {
        step_done(&w.step);
        T_OK(operator_device_rekey(&w.flow, acme(&w), world_id(&d), &json, &w.step, &w.err),
             &w.err);
        assert_int_equal(step_is_empty(&w.step), i == 1);
        T_OK(store_commit_wait(&w.store.store, &w.step, &w.err), &w.err);
        free(json);
    }
    assert_true(world_ratchet(&w, &d).rekey_demanded);
    struct ratchet none = { 0 };
    world_puts(&w, &d, &none);
    T_FAILS(operator_device_rekey(&w.flow, acme(&w), world_id(&d), &json, &w.step, &w.err), &w.err,
            PAWL_E_STATE);
}

static pawl_status key(struct world *w, const struct soft_device *d, const char *body, char **ret)
{
    return operator_device_key(&w->flow, acme(w), world_id(d), pawl_view_str(body), ret, &w->err);
}

static void a_service_gets_the_key_that_the_device_derives(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e, next;
    char             *json = NULL, hex[2 * PAWL_SECRET_MAX + 1];

    world_make(&w);
    world_talks(&w, &d, &e);
    soft_epoch_make(&d, 2, 1, &next);
    world_grants(&w, &d, &next);
    const struct {
        const char              *body, *context;
        size_t                   n;
        const struct soft_epoch *of;
    } cases[] = {
        { "{\"label\": \"tunnel\"}", "", 32, &e },
        { "{\"label\": \"tunnel\", \"epoch\": 1, \"n\": 64}", "", 64, &e },
        { "{\"label\": \"tunnel\", \"epoch\": 2, \"context_b64\": \"aWYw\"}", "if0", 32, &next },
    };
    for (size_t i = 0; i < 3; i++) {
        PAWL_SECRET ours = { 0 };

        T_OK(key(&w, &d, cases[i].body, &json), &w.err);
        T_OK(pawl_app_key(&cases[i].of->root.exporter, pawl_view_str("tunnel"),
                          pawl_view_str(cases[i].context), cases[i].n, &ours, &w.err),
             &w.err);
        T_OK(pawl_hex_write(pawl_secret_view(&ours), hex, sizeof(hex), &w.err), &w.err);
        ANSWER *j = parsed(json);
        assert_string_equal(text(j, "key"), hex);
        assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(j, "epoch")),
                         cases[i].of->root.epoch);
    }
    T_FAILS(key(&w, &d, "{\"label\": \"tunnel\", \"epoch\": 3}", &json), &w.err, PAWL_E_ABSENT);
    T_WHERE(&w.err, "epoch");
    T_FAILS(key(&w, &d, "{}", &json), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "label");
    T_FAILS(key(&w, &d, "{\"label\": \"t\", \"n\": 15}", &json), &w.err, PAWL_E_RANGE);
    T_FAILS(key(&w, &d, "{\"label\": \"t\", \"n\": 65}", &json), &w.err, PAWL_E_RANGE);
    T_FAILS(key(&w, &d, "{\"label\": \"t\", \"context_b64\": \"x\"}", &json), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "context_b64");
    /* A promotion ends the keys of older epochs. */
    world_promotes(&w, &d);
    T_FAILS(key(&w, &d, "{\"label\": \"tunnel\", \"epoch\": 1}", &json), &w.err, PAWL_E_ABSENT);
}

static void a_hedge_key_is_shown_once_and_kept_wrapped(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    char             *json = NULL, hex[2 * PAWL_SECRET_MAX + 1], before[2 * PAWL_SECRET_MAX + 1];

    world_make(&w);
    world_talks(&w, &d, &e);
    before[0] = 0;
    for (int i = 0; i < 2; i++) {
        step_done(&w.step);
        T_OK(operator_device_hedge(&w.flow, acme(&w), world_id(&d), &json, &w.step, &w.err),
             &w.err);
        T_OK(store_commit_wait(&w.store.store, &w.step, &w.err), &w.err);
        struct ratchet r = world_ratchet(&w, &d);
        assert_int_equal(r.hedge.n, 32);
        T_OK(pawl_hex_write(pawl_secret_view(&r.hedge), hex, sizeof(hex), &w.err), &w.err);
        ANSWER *j = parsed(json);
        assert_string_equal(text(j, "hedge"), hex);
        assert_string_not_equal(hex, before);
        memcpy(before, hex, sizeof(before));
        assert_null(strstr(w.step.event, hex));
    }
    T_OK(operator_device(&w.flow, acme(&w), world_id(&d), &json, &w.err), &w.err);
    assert_null(strstr(json, hex));
    free(json);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("events hold every message once", events_hold_every_message_once),
        T_CASE("pages of every size hold every message once",
               pages_of_every_size_hold_every_message_once),
        T_CASE("every cursor leads behind its message", every_cursor_leads_behind_its_message),
        T_CASE("a message says where it came from", a_message_says_where_it_came_from),
        T_CASE("only what a terminal shows is text", only_what_a_terminal_shows_is_text),
        T_CASE("a list is of one device or of all", a_list_is_of_one_device_or_of_all),
        T_CASE("a page is bounded by its bytes too", a_page_is_bounded_by_its_bytes_too),
        T_CASE("a segment of another master key says so", a_segment_of_another_master_key_says_so),
        T_CASE("a type picks entries", a_type_picks_entries),
        T_CASE("P-VMSG-4 a copy is not listed", a_copy_is_not_listed),
        T_CASE("a long search is told to go on", a_long_search_is_told_to_go_on),
        T_CASE("what cannot be sent says why", what_cannot_be_sent_says_why),
        T_CASE("at most downlink_max messages wait", at_most_downlink_max_messages_wait),
        T_CASE("an empty body is a message too", an_empty_body_is_a_message_too),
        T_CASE("what waits is shown with its state", what_waits_is_shown_with_its_state),
        T_CASE("a rekey is demanded once", a_rekey_is_demanded_once),
        T_CASE("a service gets the key that the device derives",
               a_service_gets_the_key_that_the_device_derives),
        T_CASE("a hedge key is shown once and kept wrapped",
               a_hedge_key_is_shown_once_and_kept_wrapped),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
