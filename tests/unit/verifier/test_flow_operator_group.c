/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a group gives its devices a policy and a mode from the next evidence on; an exception
 * takes one fault, of those it is of and until its end, and both ends of it stand in the audit
 * chain; what is no fault of measurements cannot be excepted; a wish with anything wrong in it
 * changes nothing and is named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flow/operator.h"
#include "flow/rules.h"
#include "operator_fixture.h"

/* Planned; the step is w->step. */
static pawl_status set_group(struct world *w, const char *body, char **json)
{
    step_done(&w->step);
    return operator_group_set(&w->flow, acme(w), t_copy(pawl_view_str(body)), json, &w->step,
                              &w->err);
}

static void has_group(struct world *w, const char *body)
{
    char *json;

    T_OK(set_group(w, body, &json), &w->err);
    free(json);
    commit(w);
}

static pawl_status put(struct world *w, const struct soft_device *d, const char *group, char **json)
{
    char body[64];

    step_done(&w->step);
    snprintf(body, sizeof(body), "{\"group\":\"%s\"}", group);
    return operator_device_group(&w->flow, acme(w), world_id(d), t_copy(pawl_view_str(body)), json,
                                 &w->step, &w->err);
}

static void is_put(struct world *w, const struct soft_device *d, const char *group)
{
    char *json;

    T_OK(put(w, d, group, &json), &w->err);
    free(json);
    commit(w);
}

static pawl_status except(struct world *w, const char *body, char **json)
{
    step_done(&w->step);
    return operator_exception_add(&w->flow, acme(w), t_copy(pawl_view_str(body)), json, &w->step,
                                  &w->err);
}

/* "2026-12-31T12:00:00Z", so many seconds from now. */
static const char *until(const struct world *w, int64_t seconds)
{
    static char text[24];
    time_t      t = (time_t)(w->now_ms / 1000 + seconds);
    struct tm   tm;

    assert_non_null(gmtime_r(&t, &tm));
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return text;
}

enum { HOUR = 3600 };

/* Of pcr-differs, for an hour, by ann. scope: more members, with their comma. */
static void is_excepted(struct world *w, const char *scope)
{
    char body[512], *json;

    snprintf(body, sizeof(body),
             "{\"code\":\"pcr-differs\",\"author\":\"ann\",\"note\":\"4711\",\"until\":\"%s\"%s}",
             until(w, HOUR), scope);
    T_OK(except(w, body, &json), &w->err);
    free(json);
    commit(w);
}

/* A device with a learned policy, and PCR 6 not as it was learned. */
static void begin(struct world *w, struct soft_device *d)
{
    world_make(w);
    world_device(w, &w->vendor, d);
    world_enrol(w, d);
    world_learn(w, d);
    d->pcr[6] ^= 1;
}

static void attests(struct world *w, struct soft_device *d, const char *status, const char *why)
{
    world_attest(w, d);
    EAR *ear = world_ear(w);
    assert_string_equal(ear_status(ear), status);
    assert_true(ear_says(ear, why));
}

/* ---- groups --------------------------------------------------------------------------------- */

static void a_group_is_made_changed_and_told(void **state)
{
    (void)state;
    WORLD w;
    char *json;

    world_make(&w);
    T_OK(set_group(&w, "{\"name\":\"kiosks\",\"mode\":\"watch\",\"note\":\"lobby\"}", &json),
         &w.err);
    EAR *made = parsed(json);
    assert_true(cJSON_IsNull(member(made, "policy")));
    assert_string_equal(w.step.event,
                        "group kiosks by an operator: policy the tenant's default, mode watch");
    commit(&w);
    int created = member(made, "created")->valueint;
    w.now_ms += 5000;
    T_OK(set_group(&w, "{\"name\":\"kiosks\",\"mode\":\"enforce\"}", &json), &w.err);
    free(json);
    assert_non_null(strstr(w.step.event, "mode enforce, was watch"));
    commit(&w);
    T_OK(operator_group(&w.flow, acme(&w), "kiosks", &json, &w.err), &w.err);
    EAR *g = parsed(json);
    assert_string_equal(text_of(g, "mode"), "enforce");
    assert_string_equal(text_of(g, "note"), "");
    assert_int_equal(member(g, "created")->valueint, created);
    assert_int_equal(member(g, "changed")->valueint, created + 5);
    T_OK(operator_groups(&w.flow, acme(&w), &(struct list_query){ 0 }, &json, &w.err), &w.err);
    EAR *list = parsed(json);
    assert_int_equal(cJSON_GetArraySize(member(list, "groups")), 1);
    T_OK(
        operator_groups(&w.flow, &w.config.tenant[OTHER], &(struct list_query){ 0 }, &json, &w.err),
        &w.err);
    EAR *none = parsed(json);
    assert_int_equal(cJSON_GetArraySize(member(none, "groups")), 0);
}

static void a_device_goes_into_a_group_and_out(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char  *json;

    begin(&w, &d);
    has_group(&w, "{\"name\":\"kiosks\",\"mode\":\"watch\"}");
    T_OK(put(&w, &d, "kiosks", &json), &w.err);
    EAR *in = parsed(json);
    assert_string_equal(text_of(in, "group"), "kiosks");
    assert_string_equal(text_of(in, "mode"), "watch");
    assert_string_equal(w.step.event, "group by an operator: kiosks");
    commit(&w);
    assert_string_equal(world_record(&w, &d).group, "kiosks");
    T_FAILS(put(&w, &d, "others", &json), &w.err, PAWL_E_ABSENT);
    T_WHERE(&w.err, "group");
    T_FAILS(put(&w, &d, "No Name", &json), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "group");
    assert_true(step_is_empty(&w.step));
    T_OK(put(&w, &d, "", &json), &w.err);
    EAR *out = parsed(json);
    assert_true(cJSON_IsNull(member(out, "group")));
    assert_string_equal(text_of(out, "mode"), "enforce");
    commit(&w);
    assert_string_equal(world_record(&w, &d).group, "");
}

static void a_group_in_use_is_not_dropped(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char  *json;

    begin(&w, &d);
    has_group(&w, "{\"name\":\"kiosks\",\"mode\":\"watch\"}");
    is_put(&w, &d, "kiosks");
    is_excepted(&w, ",\"group\":\"kiosks\"");
    T_OK(operator_group_drop(&w.flow, acme(&w), "kiosks", &json, &w.step, &w.err), &w.err);
    free(json);
    T_FAILS(store_commit_wait(&w.store.store, &w.step, &w.err), &w.err, PAWL_E_CONFLICT);
    step_done(&w.step);
    is_put(&w, &d, "");
    T_OK(operator_group_drop(&w.flow, acme(&w), "kiosks", &json, &w.step, &w.err), &w.err);
    free(json);
    commit(&w);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM exception"), 0);
    T_FAILS(operator_group_drop(&w.flow, acme(&w), "kiosks", &json, &w.step, &w.err), &w.err,
            PAWL_E_ABSENT);
    T_WHERE(&w.err, "group");
}

static void a_group_that_watches_warns_and_one_that_enforces_condemns(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    has_group(&w, "{\"name\":\"kiosks\",\"mode\":\"watch\"}");
    is_put(&w, &d, "kiosks");
    attests(&w, &d, "warning", "watched");
    has_group(&w, "{\"name\":\"kiosks\",\"mode\":\"enforce\"}");
    attests(&w, &d, "contraindicated", "pcr-differs");
}

static void a_group_has_a_policy_and_a_device_its_own_before_it(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char   body[160], *json;

    begin(&w, &d);
    world_attest(&w, &d);
    snprintf(body, sizeof(body), "{\"name\":\"other\",\"device\":\"%s\",\"literal\":true}",
             world_id(&d));
    step_done(&w.step);
    T_OK(operator_policy_learn(&w.flow, acme(&w), pawl_view_str(body), &json, &w.step, &w.err),
         &w.err);
    free(json);
    commit(&w);
    has_group(&w, "{\"name\":\"kiosks\",\"mode\":\"enforce\",\"policy\":\"other\"}");
    is_put(&w, &d, "kiosks");
    world_attest(&w, &d);
    EAR *by_group = world_ear(&w);
    assert_string_equal(ear_status(by_group), "affirming");
    T_OK(operator_device_policy(&w.flow, acme(&w), world_id(&d),
                                pawl_view_str("{\"policy\":\"golden\"}"), &json, &w.step, &w.err),
         &w.err);
    free(json);
    commit(&w);
    attests(&w, &d, "contraindicated", "pcr-differs");
}

/* ---- exceptions ----------------------------------------------------------------------------- */

static void an_exception_holds_until_its_time_is_over(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    attests(&w, &d, "contraindicated", "pcr-differs");
    is_excepted(&w, "");
    attests(&w, &d, "affirming", "excepted");
    w.now_ms += (HOUR - 1) * 1000;
    attests(&w, &d, "affirming", "excepted");
    w.now_ms += 1000;
    attests(&w, &d, "contraindicated", "pcr-differs");
}

static void an_exception_is_ended_once(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char  *json;

    begin(&w, &d);
    is_excepted(&w, "");
    attests(&w, &d, "affirming", "excepted");
    step_done(&w.step);
    T_OK(operator_exception_end(&w.flow, acme(&w), "1", &json, &w.step, &w.err), &w.err);
    EAR *ended = parsed(json);
    assert_int_equal(member(ended, "number")->valueint, 1);
    assert_true(cJSON_IsTrue(member(ended, "holds")));
    commit(&w);
    attests(&w, &d, "contraindicated", "pcr-differs");
    step_done(&w.step);
    T_FAILS(operator_exception_end(&w.flow, acme(&w), "1", &json, &w.step, &w.err), &w.err,
            PAWL_E_ABSENT);
    T_WHERE(&w.err, "exception");
    T_FAILS(operator_exception_end(&w.flow, acme(&w), "x1", &json, &w.step, &w.err), &w.err,
            PAWL_E_FORM);
    T_WHERE(&w.err, "exception");
    assert_true(step_is_empty(&w.step));
}

static void an_exception_is_of_what_it_names(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d, other;
    char   scope[128];

    begin(&w, &d);
    world_device(&w, &w.vendor, &other);
    world_enrol(&w, &other);
    other.pcr[6] ^= 1;
    is_excepted(&w, ",\"what\":\"sha256:5\"");
    attests(&w, &d, "contraindicated", "pcr-differs");
    snprintf(scope, sizeof(scope), ",\"what\":\"sha256:6\",\"device\":\"%.8s\"", world_id(&d));
    is_excepted(&w, scope);
    attests(&w, &d, "affirming", "excepted");
    attests(&w, &other, "contraindicated", "pcr-differs");
    has_group(&w, "{\"name\":\"kiosks\",\"mode\":\"enforce\"}");
    is_excepted(&w, ",\"group\":\"kiosks\"");
    attests(&w, &other, "contraindicated", "pcr-differs");
    is_put(&w, &other, "kiosks");
    attests(&w, &other, "affirming", "excepted");
}

static void exceptions_are_listed_with_whom_they_are_of(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char   scope[128], *json;

    begin(&w, &d);
    has_group(&w, "{\"name\":\"kiosks\",\"mode\":\"enforce\"}");
    is_excepted(&w, "");
    is_excepted(&w, ",\"group\":\"kiosks\",\"what\":\"sha256:6\"");
    snprintf(scope, sizeof(scope), ",\"device\":\"%s\"", world_id(&d));
    is_excepted(&w, scope);
    w.now_ms += HOUR * 1000;
    T_OK(operator_exceptions(&w.flow, acme(&w), &(struct list_query){ 0 }, &json, &w.err), &w.err);
    EAR         *j = parsed(json);
    const cJSON *list = member(j, "exceptions");
    assert_int_equal(cJSON_GetArraySize(list), 3);
    const cJSON *all = cJSON_GetArrayItem(list, 0), *group = cJSON_GetArrayItem(list, 1);
    assert_true(cJSON_IsNull(member(all, "device")) && cJSON_IsNull(member(all, "group")));
    assert_true(cJSON_IsNull(member(all, "what")) && cJSON_IsFalse(member(all, "holds")));
    assert_string_equal(text_of(all, "code"), "pcr-differs");
    assert_string_equal(text_of(all, "author"), "ann");
    assert_string_equal(text_of(group, "group"), "kiosks");
    assert_string_equal(text_of(group, "what"), "sha256:6");
    assert_string_equal(text_of(cJSON_GetArrayItem(list, 2), "device"), world_id(&d));
    T_OK(operator_exceptions(&w.flow, &w.config.tenant[OTHER], &(struct list_query){ 0 }, &json,
                             &w.err),
         &w.err);
    EAR *none = parsed(json);
    assert_int_equal(cJSON_GetArraySize(member(none, "exceptions")), 0);
}

static pawl_status take_line(const struct audit_row *a, void *arg, struct pawl_err *err)
{
    char(*lines)[AUDIT_LINE_MAX] = arg;

    (void)err;
    assert_in_range(a->number, 1, 2);
    memcpy(lines[a->number - 1], a->line, sizeof(a->line));
    return pawl_ok();
}

static void both_ends_stand_in_the_audit_chain(void **state)
{
    (void)state;
    WORLD       w;
    char        lines[2][AUDIT_LINE_MAX] = { "", "" }, slashes[511], body[1024], *json;
    const char *what[] = { "excepted", "ended" };

    /* The longest of all lines: each character of it is escaped. */
    world_make(&w);
    memset(slashes, '\\', sizeof(slashes) - 1);
    slashes[sizeof(slashes) - 1] = 0;
    snprintf(body, sizeof(body),
             "{\"code\":\"boot-authority-unknown\",\"what\":\"%.*s\",\"author\":\"%.*s\","
             "\"note\":\"%.*s\",\"until\":\"%s\"}",
             2 * (VERDICT_WHAT_MAX - 1), slashes, 2 * (EXCEPTION_AUTHOR_MAX - 1), slashes,
             2 * (EXCEPTION_NOTE_MAX - 1), slashes, until(&w, HOUR));
    T_OK(except(&w, body, &json), &w.err);
    free(json);
    commit(&w);
    T_OK(operator_exception_end(&w.flow, acme(&w), "1", &json, &w.step, &w.err), &w.err);
    free(json);
    commit(&w);
    const struct store *s = &w.store.store;
    T_OK(s->audit(s->self, pawl_view_str("acme"), 0, 10, take_line, lines, &w.err), &w.err);
    for (size_t i = 0; i < 2; i++) {
        EAR *line = cJSON_Parse(lines[i]);
        assert_non_null(line);
        assert_string_equal(text_of(line, "what"), what[i]);
        assert_string_equal(text_of(line, "kind"), "boot-authority-unknown");
        const char *detail = text_of(line, "detail");
        assert_non_null(strstr(detail, " of all devices, by \\"));
        assert_int_equal(strlen(strrchr(detail, ' ') + 1), EXCEPTION_NOTE_MAX - 1);
    }
}

static void no_more_are_taken_than_count(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char   body[256], *json;

    begin(&w, &d);
    has_group(&w, "{\"name\":\"kiosks\",\"mode\":\"enforce\"}");
    for (unsigned i = 0; i < RULES_EXCEPTIONS_MAX; i++)
        is_excepted(&w, ",\"what\":\"sha256:5\",\"group\":\"kiosks\"");
    snprintf(body, sizeof(body),
             "{\"code\":\"pcr-differs\",\"author\":\"a\",\"note\":\"n\",\"until\":\"%s\","
             "\"group\":\"kiosks\"}",
             until(&w, 2 * HOUR));
    T_FAILS(except(&w, body, &json), &w.err, PAWL_E_STATE);
    T_WHERE(&w.err, "exception");
    assert_true(step_is_empty(&w.step));
    is_excepted(&w, ""); /* others have room */
    w.now_ms += HOUR * 1000;
    T_OK(except(&w, body, &json), &w.err);
    free(json);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void a_group_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static char long_note[320] = "{\"name\":\"a\",\"mode\":\"watch\",\"note\":\"";
    static const struct {
        const char    *body, *where;
        enum pawl_code code;
    } bad[] = {
        { "", "body", PAWL_E_FORM },
        { "[]", "body", PAWL_E_FORM },
        { "{\"name\":\"a\",\"mode\":\"watch\",\"more\":1}", "body", PAWL_E_FORM },
        { "{\"mode\":\"watch\"}", "name", PAWL_E_FORM },
        { "{\"name\":7,\"mode\":\"watch\"}", "name", PAWL_E_FORM },
        { "{\"name\":\"\",\"mode\":\"watch\"}", "name", PAWL_E_FORM },
        { "{\"name\":\"A\",\"mode\":\"watch\"}", "name", PAWL_E_FORM },
        { "{\"name\":\"a' OR 1\",\"mode\":\"watch\"}", "name", PAWL_E_FORM },
        { "{\"name\":\"a\"}", "mode", PAWL_E_FORM },
        { "{\"name\":\"a\",\"mode\":true}", "mode", PAWL_E_FORM },
        { "{\"name\":\"a\",\"mode\":\"warn\"}", "mode", PAWL_E_FORM },
        { "{\"name\":\"a\",\"mode\":\"watch\",\"policy\":[]}", "policy", PAWL_E_FORM },
        { "{\"name\":\"a\",\"mode\":\"watch\",\"policy\":\"A\"}", "policy", PAWL_E_FORM },
        { "{\"name\":\"a\",\"mode\":\"watch\",\"policy\":\"none\"}", "policy", PAWL_E_ABSENT },
        { "{\"name\":\"a\",\"mode\":\"watch\",\"note\":{}}", "note", PAWL_E_FORM },
        { "{\"name\":\"a\",\"mode\":\"watch\",\"note\":\"\\u001b[2J\"}", "note", PAWL_E_FORM },
        { long_note, "note", PAWL_E_RANGE },
    };
    WORLD w;
    char *json;

    world_make(&w);
    size_t at = strlen(long_note);
    memset(long_note + at, 'n', EXCEPTION_NOTE_MAX);
    memcpy(long_note + at + EXCEPTION_NOTE_MAX, "\"}", 3);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(set_group(&w, bad[i].body, &json), &w.err, bad[i].code);
        T_WHERE(&w.err, bad[i].where);
        assert_true(step_is_empty(&w.step));
    }
    T_FAILS(operator_group(&w.flow, acme(&w), "none", &json, &w.err), &w.err, PAWL_E_ABSENT);
    T_FAILS(operator_group(&w.flow, acme(&w), "No.", &json, &w.err), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "group");
}

/* An exception as it may be, but for one member. */
static pawl_status with(struct world *w, const char *name, const char *value, char **json)
{
    static const char *const good[][2] = { { "code", "\"pcr-differs\"" },
                                           { "author", "\"ann\"" },
                                           { "note", "\"4711\"" } };
    char                     body[768], day[32];
    size_t                   n = 0;
    bool                     has_until = strcmp(name, "until") == 0;

    snprintf(day, sizeof(day), "\"%s\"", until(w, HOUR));
    for (size_t i = 0; i < 3; i++)
        n += (size_t)snprintf(body + n, sizeof(body) - n, "%c\"%s\":%s", i ? ',' : '{', good[i][0],
                              strcmp(name, good[i][0]) == 0 ? value : good[i][1]);
    n += (size_t)snprintf(body + n, sizeof(body) - n, ",\"until\":%s", has_until ? value : day);
    bool more = !has_until && strcmp(name, "code") != 0 && strcmp(name, "author") != 0 &&
                strcmp(name, "note") != 0;
    if (more)
        n += (size_t)snprintf(body + n, sizeof(body) - n, ",\"%s\":%s", name, value);
    snprintf(body + n, sizeof(body) - n, "}");
    return except(w, body, json);
}

static void an_exception_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static char long_text[300];
    static const struct {
        const char    *name, *value, *where;
        enum pawl_code code;
    } bad[] = {
        { "more", "1", "body", PAWL_E_FORM },
        { "code", "7", "code", PAWL_E_FORM },
        { "code", "\"\"", "code", PAWL_E_FORM },
        { "code", "\"none\"", "code", PAWL_E_FORM },
        { "code", "\"pcr-differ\"", "code", PAWL_E_FORM },
        { "code", "\"tpm-went-back\"", "code", PAWL_E_UNSUPPORTED },
        { "code", "\"message-forged\"", "code", PAWL_E_UNSUPPORTED },
        { "code", "\"key-used-elsewhere\"", "code", PAWL_E_UNSUPPORTED },
        { "code", "\"device-cloned\"", "code", PAWL_E_UNSUPPORTED },
        { "code", "\"awaits-approval\"", "code", PAWL_E_UNSUPPORTED },
        { "code", "\"no-policy\"", "code", PAWL_E_UNSUPPORTED },
        { "code", "\"no-ek-cert\"", "code", PAWL_E_UNSUPPORTED },
        { "code", "\"excepted\"", "code", PAWL_E_UNSUPPORTED },
        { "author", "\"\"", "author", PAWL_E_RANGE },
        { "author", "null", "author", PAWL_E_FORM },
        { "author", "\"a\\nb\"", "author", PAWL_E_FORM },
        { "author", long_text, "author", PAWL_E_RANGE },
        { "note", "\"\"", "note", PAWL_E_RANGE },
        { "note", long_text, "note", PAWL_E_RANGE },
        { "what", "[]", "what", PAWL_E_FORM },
        { "what", long_text, "what", PAWL_E_RANGE },
        { "until", "1795326164", "until", PAWL_E_FORM },
        { "until", "\"tomorrow\"", "until", PAWL_E_FORM },
        { "until", "\"2026-02-30\"", "until", PAWL_E_RANGE },
        { "until", "\"1999-01-01\"", "until", PAWL_E_RANGE },
        { "until", "\"9999-01-01\"", "until", PAWL_E_RANGE },
        { "device", "7", "device", PAWL_E_FORM },
        { "device", "\"abc\"", "device", PAWL_E_RANGE },
        { "device", "\"abcd\"", "device", PAWL_E_ABSENT },
        { "group", "{}", "group", PAWL_E_FORM },
        { "group", "\"none\"", "group", PAWL_E_ABSENT },
    };
    WORLD w;
    char *json;

    world_make(&w);
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[0] = long_text[sizeof(long_text) - 2] = '"';
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(with(&w, bad[i].name, bad[i].value, &json), &w.err, bad[i].code);
        T_WHERE(&w.err, bad[i].where);
        assert_true(step_is_empty(&w.step));
    }
    T_FAILS(with(&w, "group", "\"a\",\"device\":\"abcd\"", &json), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "group");
}

static void an_end_may_be_a_year_ahead_and_no_more(void **state)
{
    (void)state;
    enum { YEAR = 366 * 24 * HOUR };
    WORLD w;
    char  day[32], *json;

    world_make(&w);
    snprintf(day, sizeof(day), "\"%s\"", until(&w, YEAR));
    T_OK(with(&w, "until", day, &json), &w.err);
    free(json);
    snprintf(day, sizeof(day), "\"%s\"", until(&w, YEAR + 1));
    T_FAILS(with(&w, "until", day, &json), &w.err, PAWL_E_RANGE);
    snprintf(day, sizeof(day), "\"%s\"", until(&w, 1));
    T_OK(with(&w, "until", day, &json), &w.err);
    free(json);
    snprintf(day, sizeof(day), "\"%s\"", until(&w, 0));
    T_FAILS(with(&w, "until", day, &json), &w.err, PAWL_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a group is made, changed and told", a_group_is_made_changed_and_told),
        T_CASE("a device goes into a group and out", a_device_goes_into_a_group_and_out),
        T_CASE("a group in use is not dropped", a_group_in_use_is_not_dropped),
        T_CASE("a group that watches warns, and one that enforces condemns",
               a_group_that_watches_warns_and_one_that_enforces_condemns),
        T_CASE("a group has a policy, and a device its own before it",
               a_group_has_a_policy_and_a_device_its_own_before_it),
        T_CASE("an exception holds until its time is over",
               an_exception_holds_until_its_time_is_over),
        T_CASE("an exception is ended once", an_exception_is_ended_once),
        T_CASE("an exception is of what it names", an_exception_is_of_what_it_names),
        T_CASE("exceptions are listed with whom they are of",
               exceptions_are_listed_with_whom_they_are_of),
        T_CASE("both ends stand in the audit chain", both_ends_stand_in_the_audit_chain),
        T_CASE("no more are taken than count", no_more_are_taken_than_count),
        T_CASE("a group that makes no sense is refused", a_group_that_makes_no_sense_is_refused),
        T_CASE("an exception that makes no sense is refused",
               an_exception_that_makes_no_sense_is_refused),
        T_CASE("an end may be a year ahead, and no more", an_end_may_be_a_year_ahead_and_no_more),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
