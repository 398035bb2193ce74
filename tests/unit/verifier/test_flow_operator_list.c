/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists as operators read them: labels come and go by name, filters find what fits and nothing
 * else, pages leave nothing out and end, counts count every device once.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/revoked.h"
#include "operator_fixture.h"

enum { DEVICES = 6 };

struct fleet_of {
    struct world       w;
    struct soft_device d[DEVICES];
};

static void fleet_of_done(struct fleet_of *f)
{
    for (unsigned i = 0; i < DEVICES; i++)
        device_done(&f->d[i]);
    world_done(&f->w);
}

#define FLEET PAWL_CLEANUP(fleet_of_done) struct fleet_of

static void fleet_of_make(struct fleet_of *f)
{
    *f = (struct fleet_of){ 0 };
    world_make(&f->w);
    for (unsigned i = 0; i < DEVICES; i++) {
        world_device(&f->w, &f->w.vendor, &f->d[i]);
        world_enrol(&f->w, &f->d[i]);
    }
    step_done(&f->w.step);
}

/* ---- asking --------------------------------------------------------------------------------- */

static cJSON *page(struct world *w, const struct device_query *q)
{
    char *json = NULL;

    T_OK(operator_devices(&w->flow, acme(w), q, &json, &w->err), &w->err);
    return parsed(json);
}

/* Every page of it: how many devices. No id comes twice, and each is behind the one before. */
static unsigned found(struct world *w, struct device_query q)
{
    char     last[2 * PAWL_DEVICE_ID + 1] = "";
    unsigned n = 0;

    for (bool more = true; more;) {
        EAR         *j = page(w, &q);
        const cJSON *o;
        cJSON_ArrayForEach(o, member(j, "devices"))
        {
            assert_true(strcmp(text_of(o, "id"), last) > 0);
            snprintf(last, sizeof(last), "%s", text_of(o, "id"));
            n++;
        }
        more = cJSON_IsString(member(j, "next"));
        if (more)
            snprintf(q.page.after, sizeof(q.page.after), "%s", text_of(j, "next"));
    }
    return n;
}

static void refuses(struct world *w, const struct device_query *q, enum pawl_code code,
                    const char *where)
{
    char *json = NULL;

    T_FAILS(operator_devices(&w->flow, acme(w), q, &json, &w->err), &w->err, code);
    T_WHERE(&w->err, where);
    assert_null(json);
}

static void labels(struct world *w, const struct soft_device *d, const char *body, const char *want)
{
    char *json = NULL;

    T_OK(operator_device_labels(&w->flow, acme(w), world_id(d), pawl_view_str(body), &json,
                                &w->step, &w->err),
         &w->err);
    commit(w);
    EAR  *j = parsed(json);
    char *text = cJSON_PrintUnformatted(member(j, "labels"));
    assert_string_equal(text, want);
    cJSON_free(text);
}

static void refuses_labels(struct world *w, const struct soft_device *d, const char *body,
                           enum pawl_code code, const char *where)
{
    char *json = NULL;

    T_FAILS(operator_device_labels(&w->flow, acme(w), world_id(d), pawl_view_str(body), &json,
                                   &w->step, &w->err),
            &w->err, code);
    T_WHERE(&w->err, where);
    assert_true(step_is_empty(&w->step));
}

/* ---- labels --------------------------------------------------------------------------------- */

static void labels_come_and_go_by_their_names(void **state)
{
    (void)state;
    FLEET         f;
    struct world *w = &f.w;

    fleet_of_make(&f);
    labels(w, &f.d[0], "{\"add\": [\"site=berlin\", \"lab\"]}", "[\"site=berlin\",\"lab\"]");
    labels(w, &f.d[0], "{\"add\": [\"site=paris\"]}", "[\"lab\",\"site=paris\"]");
    labels(w, &f.d[0], "{\"remove\": [\"site=berlin\", \"absent\"]}", "[\"lab\",\"site=paris\"]");
    labels(w, &f.d[0], "{\"remove\": [\"site\"], \"add\": [\"rack=7/2\"]}",
           "[\"lab\",\"rack=7/2\"]");
    labels(w, &f.d[0], "{}", "[\"lab\",\"rack=7/2\"]");

    char *json = NULL;
    T_OK(operator_device(&w->flow, acme(w), world_id(&f.d[0]), &json, &w->err), &w->err);
    EAR *j = parsed(json);
    assert_int_equal(cJSON_GetArraySize(member(j, "labels")), 2);
    EAR *list = page(w, &(struct device_query){ .label = "lab" });
    assert_int_equal(
        cJSON_GetArraySize(member(cJSON_GetArrayItem(member(list, "devices"), 0), "labels")), 2);

    labels(w, &f.d[0], "{\"remove\": [\"lab\", \"rack\"]}", "[]");
    assert_int_equal(found(w, (struct device_query){ .label = "lab" }), 0);
}

static void a_label_that_is_none_is_refused(void **state)
{
    (void)state;
    FLEET         f;
    struct world *w = &f.w;

    fleet_of_make(&f);
    static const char *const bad[] = { "",    "=",     "a=",        "=b",      "A",   "-a",
                                       "a b", "a=b=c", "a\\u0000b", "\\u00e4", "a;--" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char body[96];
        snprintf(body, sizeof(body), "{\"add\": [\"%s\"]}", bad[i]);
        if (strcmp(bad[i], "a\\u0000b") != 0) /* no text of JSON here holds it */
            refuses_labels(w, &f.d[0], body, PAWL_E_FORM, "add");
    }
    refuses_labels(w, &f.d[0], "{\"remove\": [\"A\"]}", PAWL_E_FORM, "remove");
    refuses_labels(w, &f.d[0], "{\"add\": [7]}", PAWL_E_FORM, "add");
    refuses_labels(w, &f.d[0], "{\"add\": \"a\"}", PAWL_E_FORM, "add");
    refuses_labels(w, &f.d[0], "{\"add\": [\"123456789012345678901234567890123\"]}", PAWL_E_FORM,
                   "add");
    labels(w, &f.d[0], "{\"add\": [\"12345678901234567890123456789012\"]}",
           "[\"12345678901234567890123456789012\"]");

    char   body[512] = "{\"add\": [";
    size_t n = strlen(body);
    for (unsigned i = 0; i < DEVICE_LABELS_MAX; i++)
        n += (size_t)snprintf(body + n, sizeof(body) - n, "%s\"l%u\"", i ? "," : "", i);
    snprintf(body + n, sizeof(body) - n, "]}");
    refuses_labels(w, &f.d[0], body, PAWL_E_STATE, "labels"); /* with the one that it has */
}

static void labels_that_two_change_at_once_are_planned_again(void **state)
{
    (void)state;
    FLEET         f;
    struct world *w = &f.w;
    char         *json = NULL;

    fleet_of_make(&f);
    T_OK(operator_device_labels(&w->flow, acme(w), world_id(&f.d[0]),
                                pawl_view_str("{\"add\": [\"a\"]}"), &json, &w->step, &w->err),
         &w->err);
    struct step first = w->step;
    free(json);
    w->step = (struct step){ 0 };
    labels(w, &f.d[0], "{\"add\": [\"b\"]}", "[\"b\"]");
    T_FAILS(store_commit_wait(w->flow.store, &first, &w->err), &w->err, PAWL_E_CONFLICT);
    labels(w, &f.d[0], "{}", "[\"b\"]");
}

/* ---- filters --------------------------------------------------------------------------------- */

static void filters_find_what_fits_and_nothing_else(void **state)
{
    (void)state;
    FLEET         f;
    struct world *w = &f.w;

    fleet_of_make(&f);
    world_move(w, &f.d[1], DEVICE_EVENT_REVOKE);
    world_attest(w, &f.d[2]);
    step_done(&w->step);
    for (unsigned i = 0; i < 4; i++)
        labels(w, &f.d[i], i % 2 ? "{\"add\": [\"site=a\"]}" : "{\"add\": [\"site=b\", \"x\"]}",
               i % 2 ? "[\"site=a\"]" : "[\"site=b\",\"x\"]");

    assert_int_equal(found(w, (struct device_query){ 0 }), DEVICES);
    assert_int_equal(found(w, (struct device_query){ .state = "active" }), DEVICES - 1);
    assert_int_equal(found(w, (struct device_query){ .state = "revoked" }), 1);
    assert_int_equal(found(w, (struct device_query){ .state = "pending" }), 0);
    assert_int_equal(found(w, (struct device_query){ .label = "site=a" }), 2);
    assert_int_equal(found(w, (struct device_query){ .label = "site=b" }), 2);
    assert_int_equal(found(w, (struct device_query){ .label = "x" }), 2);
    assert_int_equal(found(w, (struct device_query){ .label = "site" }), 0);
    assert_int_equal(found(w, (struct device_query){ .label = "site=a", .state = "revoked" }), 1);
    assert_int_equal(found(w, (struct device_query){ .label = "site=a", .state = "active" }), 1);
    assert_int_equal(found(w, (struct device_query){ .group = "none" }), 0);
    assert_int_equal(found(w, (struct device_query){ .release = "none" }), 0);
    assert_int_equal(found(w, (struct device_query){ .overdue = true }), 0);
    assert_int_equal(found(w, (struct device_query){ .rekey_overdue = true }), 0);

    struct device       d = world_record(w, &f.d[2]);
    struct device_query q = { .begins = "" };
    snprintf(q.status, sizeof(q.status), "%s", d.status);
    assert_true(found(w, q) >= 1);
    unsigned all = 0;
    for (unsigned i = 0; i < 4; i++) {
        static const char *const status[] = { "none", "affirming", "warning", "contraindicated" };
        struct device_query      of = { 0 };
        snprintf(of.status, sizeof(of.status), "%s", status[i]);
        all += found(w, of);
    }
    assert_int_equal(all, DEVICES);
}

static void an_id_is_found_by_how_it_begins(void **state)
{
    (void)state;
    FLEET         f;
    struct world *w = &f.w;
    unsigned      all = 0;

    fleet_of_make(&f);
    for (const char *digit = "0123456789abcdef"; *digit; digit++) {
        struct device_query q = { .begins = { *digit } };
        all += found(w, q);
    }
    assert_int_equal(all, DEVICES);
    for (unsigned i = 0; i < DEVICES; i++)
        for (size_t n = 1; n <= 64; n += 9) {
            struct device_query q = { 0 };
            snprintf(q.begins, sizeof(q.begins), "%.*s", (int)n, world_id(&f.d[i]));
            assert_true(found(w, q) >= 1);
        }
}

static void pages_leave_nothing_out(void **state)
{
    (void)state;
    FLEET         f;
    struct world *w = &f.w;

    fleet_of_make(&f);
    world_move(w, &f.d[3], DEVICE_EVENT_REVOKE);
    step_done(&w->step);
    for (unsigned i = 0; i < DEVICES; i++)
        labels(w, &f.d[i], "{\"add\": [\"l\"]}", "[\"l\"]");
    for (uint64_t limit = 1; limit <= DEVICES + 1; limit++) {
        struct device_query q = { .page.limit = limit };
        assert_int_equal(found(w, q), DEVICES);
        snprintf(q.label, sizeof(q.label), "l");
        assert_int_equal(found(w, q), DEVICES);
        snprintf(q.state, sizeof(q.state), "active");
        assert_int_equal(found(w, q), DEVICES - 1);
    }
}

/* One row that holds something else than was stored is no reason to show none. */
static void a_damaged_row_is_shown_as_such(void **state)
{
    (void)state;
    FLEET         f;
    struct world *w = &f.w;
    char          tag[REVOKED_TAG_MAX], sql[256], *json = NULL;
    unsigned      damaged = 0;
    struct device d;

    fleet_of_make(&f);
    world_move(w, &f.d[3], DEVICE_EVENT_REVOKE);
    step_done(&w->step);
    snprintf(sql, sizeof(sql), "UPDATE device SET safe = 2 WHERE id = x'%s'", world_id(&f.d[3]));
    store_exec(&w->store, sql);
    assert_int_equal(found(w, (struct device_query){ .page.limit = 1 }), DEVICES);
    store_exec(&w->store, "UPDATE device SET grp = 'kiosks'");
    assert_int_equal(found(w, (struct device_query){ .group = "kiosks" }), DEVICES);
    assert_int_equal(found(w, (struct device_query){ .status = "none" }), DEVICES - 1);
    EAR         *j = page(w, &(struct device_query){ 0 });
    const cJSON *o;
    cJSON_ArrayForEach(o, member(j, "devices"))
    {
        const cJSON *column = member(o, "damaged");
        if (!column)
            continue;
        damaged++;
        assert_string_equal(text_of(o, "id"), world_id(&f.d[3]));
        assert_string_equal(column->valuestring, "safe");
    }
    assert_int_equal(damaged, 1);
    /* It has no other word for it, and is revoked all the same. */
    T_FAILS(operator_find_device(&w->flow, acme(w), world_id(&f.d[3]), &d, &w->err), &w->err,
            PAWL_E_FORM);
    T_OK(operator_revoked(&w->flow, acme(w), &json, tag, &w->err), &w->err);
    EAR *answer = parsed(json);
    EAR *list = world_opens(w, pawl_view_str(text_of(answer, "revoked")));
    assert_int_equal(cJSON_GetArraySize(member(list, "revoked")), 1);
}

static void what_is_asked_wrongly_is_named(void **state)
{
    (void)state;
    WORLD w;

    world_make(&w);
    refuses(&w, &(struct device_query){ .state = "gone" }, PAWL_E_FORM, "state");
    refuses(&w, &(struct device_query){ .state = "none" }, PAWL_E_FORM, "state");
    refuses(&w, &(struct device_query){ .status = "good" }, PAWL_E_FORM, "status");
    refuses(&w, &(struct device_query){ .group = "A B" }, PAWL_E_FORM, "group");
    refuses(&w, &(struct device_query){ .label = "A" }, PAWL_E_FORM, "label");
    refuses(&w, &(struct device_query){ .begins = "xy" }, PAWL_E_FORM, "q");
    refuses(&w, &(struct device_query){ .page.after = "ab" }, PAWL_E_RANGE, "after");
    refuses(&w, &(struct device_query){ .page.limit = OPERATOR_DEVICES_MAX + 1 }, PAWL_E_RANGE,
            "limit");
}

/* ---- the other lists ------------------------------------------------------------------------- */

typedef pawl_status list_fn(struct flow *f, const struct tenant_config *tenant,
                            const struct list_query *q, char **ret, struct pawl_err *err);

/* Every page of `limit` rows together has as many rows as one. */
static void pages_are_whole(struct world *w, list_fn *fn, const char *name, int want)
{
    for (uint64_t limit = 1; limit < 5; limit++) {
        struct list_query q = { .limit = limit };
        int               n = 0, pages = 0;
        for (bool more = true; more; pages++) {
            char *json = NULL;
            T_OK(fn(&w->flow, acme(w), &q, &json, &w->err), &w->err);
            EAR *j = parsed(json);
            n += cJSON_GetArraySize(member(j, name));
            more = cJSON_IsString(member(j, "next"));
            if (more)
                snprintf(q.after, sizeof(q.after), "%s", text_of(j, "next"));
        }
        assert_int_equal(n, want);
        assert_int_equal(pages, (want + (int)limit - 1) / (int)limit);
    }
    char *json = NULL;
    T_FAILS(fn(&w->flow, acme(w), &(struct list_query){ .limit = 1001 }, &json, &w->err), &w->err,
            PAWL_E_RANGE);
    T_WHERE(&w->err, "limit");
}

static void refuses_after(struct world *w, list_fn *fn, const char *after)
{
    struct list_query q = { 0 };
    char             *json = NULL;

    snprintf(q.after, sizeof(q.after), "%s", after);
    assert_false(pawl_is_ok(fn(&w->flow, acme(w), &q, &json, &w->err)));
    T_WHERE(&w->err, "after");
}

static void lists_come_in_pages(void **state)
{
    (void)state;
    WORLD w;

    world_make(&w);
    for (unsigned i = 0; i < 4; i++) {
        char *json = NULL, body[160];
        world_token(&w, ACME, "{}");
        step_done(&w.step);
        snprintf(body, sizeof(body), "{\"name\": \"g%u\", \"mode\": \"watch\"}", i);
        T_OK(operator_group_set(&w.flow, acme(&w), pawl_view_str(body), &json, &w.step, &w.err),
             &w.err);
        free(json);
        commit(&w);
        snprintf(body, sizeof(body),
                 "{\"name\": \"p%s\", \"version\": %u, \"secure_boot\": {\"on\": true}}",
                 i < 2 ? "" : "-q", i + 9);
        T_OK(operator_policy_add(&w.flow, acme(&w), pawl_view_str(body), &json, &w.step, &w.err),
             &w.err);
        free(json);
        commit(&w);
        snprintf(body, sizeof(body),
                 "{\"code\": \"pcr-differs\", \"what\": \"sha256:%u\", \"author\": \"a\","
                 " \"note\": \"n\", \"until\": %lld}",
                 i, (long long)(w.now_ms / 1000 + 86400));
        pawl_status s = operator_exception_add(&w.flow, acme(&w), pawl_view_str(body), &json,
                                               &w.step, &w.err);
        if (pawl_is_ok(s)) {
            free(json);
            commit(&w);
        }
    }
    pages_are_whole(&w, operator_tokens, "tokens", 4);
    pages_are_whole(&w, operator_groups, "groups", 4);
    pages_are_whole(&w, operator_policies, "policies", 4);
    refuses_after(&w, operator_tokens, "xyz");
    refuses_after(&w, operator_policies, "p");
    refuses_after(&w, operator_policies, "p!x");
    refuses_after(&w, operator_policies, "\xff!1"); /* what no database takes is no cursor */
    refuses_after(&w, operator_groups, "\xff");
    refuses_after(&w, operator_exceptions, "x");
}

/* ---- counts ---------------------------------------------------------------------------------- */

/* Asks until it is ready. */
static cJSON *counts(struct world *w)
{
    char *json = NULL;

    for (unsigned tries = 0; !json; tries++) {
        assert_true(tries < 1000);
        T_OK(operator_fleet(&w->flow, acme(w), &json, &w->err), &w->err);
    }
    return parsed(json);
}

static int of(const cJSON *j, const char *by, const char *name)
{
    const cJSON *n = member(member(j, by), name);

    return n ? n->valueint : 0;
}

static void every_device_counts_once(void **state)
{
    (void)state;
    FLEET         f;
    struct world *w = &f.w;

    fleet_of_make(&f);
    world_move(w, &f.d[0], DEVICE_EVENT_REVOKE);
    EAR *j = counts(w);
    assert_int_equal(member(j, "devices")->valueint, DEVICES);
    assert_int_equal(of(j, "state", "active"), DEVICES - 1);
    assert_int_equal(of(j, "state", "revoked"), 1);
    assert_int_equal(of(j, "group", ""), DEVICES);
    assert_int_equal((int)(member(j, "as_of")->valuedouble - (double)(w->now_ms / 1000)), 0);

    world_move(w, &f.d[1], DEVICE_EVENT_REVOKE);
    EAR *young = counts(w);
    assert_int_equal(of(young, "state", "revoked"), 1);
    w->now_ms += 5000;
    EAR *fresh = counts(w);
    assert_int_equal(of(fresh, "state", "revoked"), 2);
    assert_int_equal(of(fresh, "state", "active"), DEVICES - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("labels come and go by their names", labels_come_and_go_by_their_names),
        T_CASE("a label that is none is refused", a_label_that_is_none_is_refused),
        T_CASE("labels that two change at once are planned again",
               labels_that_two_change_at_once_are_planned_again),
        T_CASE("filters find what fits and nothing else", filters_find_what_fits_and_nothing_else),
        T_CASE("an id is found by how it begins", an_id_is_found_by_how_it_begins),
        T_CASE("pages leave nothing out", pages_leave_nothing_out),
        T_CASE("a damaged row is shown as such", a_damaged_row_is_shown_as_such),
        T_CASE("what is asked wrongly is named", what_is_asked_wrongly_is_named),
        T_CASE("lists come in pages", lists_come_in_pages),
        T_CASE("every device counts once", every_device_counts_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
