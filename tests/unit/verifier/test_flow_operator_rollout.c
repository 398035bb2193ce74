/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a policy that is tried says of each device what then becomes of it, by the same judgement
 * and from what the store has, and nothing is changed; what the store does not have is said to be
 * untested. A policy is learned with the facts of a boot and with the list that was kept. A
 * device's page says what was looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/operator.h"
#include "operator_fixture.h"
#include "soft_machine.h"

/* ---- trying --------------------------------------------------------------------------------- */

static pawl_status tries(struct world *w, const struct trial_query *q, const char *body,
                         char **json)
{
    return operator_policy_test(&w->flow, acme(w), q, t_copy(pawl_view_str(body)), json, &w->err);
}

/* All devices, one page. */
static cJSON *tried(struct world *w, const char *body)
{
    const struct trial_query q = { 0 };
    char                    *json;

    T_OK(tries(w, &q, body, &json), &w->err);
    return parsed(json);
}

static const char *policy_of(const char *rules)
{
    static char text[4096];

    snprintf(text, sizeof(text), "{\"name\":\"next\",\"version\":7,%s}", rules);
    return text;
}

/* What becomes of the only device. */
static void becomes(struct world *w, const char *body, const char *now, const char *then,
                    const char *code, bool worse)
{
    EAR         *j = tried(w, body);
    const cJSON *d = member(j, "devices")->child, *r;
    bool         found = !code;

    assert_int_equal(cJSON_GetArraySize(member(j, "devices")), 1);
    assert_true(cJSON_IsNull(member(j, "next")));
    assert_string_equal(text_of(d, "now"), now);
    assert_string_equal(text_of(d, "then"), then);
    assert_int_equal(cJSON_IsTrue(member(d, "worse")), worse);
    assert_int_equal(cJSON_IsTrue(member(d, "passes")), strcmp(then, "affirming") == 0);
    cJSON_ArrayForEach(r, member(d, "reasons"))
    {
        assert_true(strlen(text_of(r, "text")) && strlen(text_of(r, "next")));
        found = found || strcmp(text_of(r, "code"), code) == 0;
    }
    assert_true(found);
}

#define RULES_NEWER_SBAT "\"secure_boot\":{\"sbat\":\"2099010100\",\"on\":true}"

static void what_is_tried_is_what_becomes(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *then, *code;
    } cases[] = {
        { RULES_LOG, "affirming", NULL },
        { RULES_NEWER_SBAT, "contraindicated", "sbat-too-old" },
        { "\"pcrs\":{\"sha256\":{\"20\":\"unmeasured\"}}", "warning", "pcr-missing" },
        { "\"boot\":{\"images\":[]}", "contraindicated", "boot-image-unknown" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        MACHINE m;
        machine_make(&m);
        machine_policy(&m, RULES_LOG);
        machine_attests(&m, NOTHING);
        machine_is(&m, "affirming", NULL);
        char *before = store_dump(&m.w.store);
        becomes(&m.w, policy_of(cases[i].rules), "affirming", cases[i].then, cases[i].code, i != 0);
        char *after = store_dump(&m.w.store);
        assert_string_equal(before, after);
        free(before);
        free(after);
        machine_policy(&m, cases[i].rules);
        machine_attests(&m, NOTHING);
        machine_is(&m, cases[i].then, cases[i].code);
    }
}

static void nothing_is_lost_where_nothing_was_trusted(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    becomes(&m.w, policy_of(RULES_NEWER_SBAT), "none", "contraindicated", "sbat-too-old", false);
    machine_policy(&m, "\"pcrs\":{\"sha256\":{\"20\":\"unmeasured\"}}");
    machine_attests(&m, NOTHING);
    becomes(&m.w, policy_of("\"pcrs\":{\"sha256\":{\"21\":\"unmeasured\"}}"), "warning", "warning",
            "pcr-missing", false);
    becomes(&m.w, policy_of(RULES_NEWER_SBAT), "warning", "contraindicated", "sbat-too-old", true);
}

static void a_stored_policy_is_tried_by_its_name(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    machine_policy(&m, RULES_NEWER_SBAT);
    EAR *newest = tried(&m.w, "{\"policy\":\"machine\"}");
    assert_string_equal(text_of(newest, "policy"), "machine:2");
    assert_string_equal(text_of(member(newest, "devices")->child, "then"), "contraindicated");
    EAR *first = tried(&m.w, "{\"policy\":\"machine\",\"version\":1}");
    assert_string_equal(text_of(first, "policy"), "machine:1");
    assert_string_equal(text_of(member(first, "devices")->child, "then"), "affirming");
}

/* The list is here if it is kept: then files are judged as well. */
static void files_are_tried_where_the_list_is_kept(void **state)
{
    (void)state;
    char known[2048];

    for (int keeps = 0; keeps < 2; keeps++) {
        MACHINE m;
        machine_make(&m);
        m.w.config.tenant[ACME].keep_evidence = keeps;
        machine_policy(&m, rules_ima());
        machine_runs(&m, "/bin/a", "/bin/a");
        machine_attests(&m, NOTHING);
        machine_supplies(&m, machine_list(&m));
        machine_runs(&m, "/bin/b", "/bin/b");
        machine_attests(&m, machine_list_from(&m, 2));
        machine_is(&m, "affirming", NULL);
        snprintf(known, sizeof(known), "%s", policy_of(rules_ima()));
        becomes(&m.w, known, "affirming", "affirming", NULL, false);
        EAR         *other = tried(&m.w, policy_of(RULES_LOG ",\"ima\":{\"files\":{}}"));
        const cJSON *d = member(other, "devices")->child;
        assert_int_equal(cJSON_IsTrue(member(d, "runtime_tested")), keeps);
        assert_string_equal(text_of(d, "then"), keeps ? "contraindicated" : "affirming");
    }
}

/* The policy that judges already has its judgement in the store. */
static void the_policy_that_judges_needs_no_list(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, rules_ima());
    machine_runs(&m, "/bin/a", "/bin/a");
    machine_attests(&m, NOTHING);
    machine_supplies(&m, machine_list(&m));
    EAR         *j = tried(&m.w, "{\"policy\":\"machine\"}");
    const cJSON *d = member(j, "devices")->child;
    assert_true(cJSON_IsTrue(member(d, "runtime_tested")));
    assert_string_equal(text_of(d, "then"), "affirming");
}

static void groups_and_exceptions_count_in_a_trial(void **state)
{
    (void)state;
    MACHINE            m;
    struct world      *w = &m.w;
    struct trial_query q = { .group = "kiosks" };
    char              *json;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    machine_attests(&m, NOTHING);
    step_done(&w->step);
    T_OK(operator_group_set(&w->flow, acme(w),
                            pawl_view_str("{\"name\":\"kiosks\",\"mode\":\"watch\"}"), &json,
                            &w->step, &w->err),
         &w->err);
    free(json);
    commit(w);
    T_OK(tries(w, &q, policy_of(RULES_NEWER_SBAT), &json), &w->err);
    EAR *empty = parsed(json);
    assert_int_equal(cJSON_GetArraySize(member(empty, "devices")), 0);
    T_OK(operator_device_group(&w->flow, acme(w), world_id(&m.d),
                               pawl_view_str("{\"group\":\"kiosks\"}"), &json, &w->step, &w->err),
         &w->err);
    free(json);
    commit(w);
    T_OK(tries(w, &q, policy_of(RULES_NEWER_SBAT), &json), &w->err);
    EAR *one = parsed(json);
    assert_int_equal(cJSON_GetArraySize(member(one, "devices")), 1);
    assert_string_equal(text_of(member(one, "devices")->child, "group"), "kiosks");
    becomes(w, policy_of(RULES_NEWER_SBAT), "affirming", "warning", "watched", true);
    struct step s = { .has_exception = true,
                      .tenant = "acme",
                      .exception = { .x = { .reason = REASON_SBAT_TOO_OLD,
                                            .author = "ann",
                                            .note = "4711",
                                            .until_s = w->now_ms / 1000 + 60 } } };
    T_OK(store_commit_wait(&w->store.store, &s, &w->err), &w->err);
    becomes(w, policy_of(RULES_NEWER_SBAT), "affirming", "affirming", "excepted", false);
    w->now_ms += 60 * 1000;
    becomes(w, policy_of(RULES_NEWER_SBAT), "affirming", "warning", "sbat-too-old", true);
}

static void devices_are_tried_page_by_page(void **state)
{
    (void)state;
    enum { DEVICES = 5 };
    WORLD              w;
    char              *json;
    struct trial_query q = { .limit = 2 };
    unsigned           seen = 0, pages = 0;

    world_make(&w);
    for (unsigned i = 0; i < DEVICES; i++) {
        DEVICE d;
        world_device(&w, &w.vendor, &d);
        world_enrol(&w, &d);
        if (i == 0)
            world_move(&w, &d, DEVICE_EVENT_REVOKE); /* it is judged no more */
    }
    for (;;) {
        T_OK(tries(&w, &q, policy_of(RULES_LOG), &json), &w.err);
        EAR *j = parsed(json);
        seen += (unsigned)cJSON_GetArraySize(member(j, "devices"));
        pages++;
        if (cJSON_IsNull(member(j, "next")))
            break;
        snprintf(q.after, sizeof(q.after), "%s", text_of(j, "next"));
    }
    assert_int_equal(seen, DEVICES - 1);
    assert_int_equal(pages, 3);
}

static void a_trial_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct trial_query q;
        const char        *body, *where;
        enum pawl_code     code;
    } bad[] = {
        { { .limit = 0 }, "{\"policy\":\"none\"}", "policy", PAWL_E_ABSENT },
        { { .limit = 0 }, "{\"policy\":\"machine\",\"version\":2}", "policy", PAWL_E_ABSENT },
        { { .limit = 0 }, "{\"policy\":7}", "policy", PAWL_E_FORM },
        { { .limit = 0 }, "{\"policy\":\"No Name\"}", "policy", PAWL_E_FORM },
        { { .limit = 0 }, "{\"policy\":\"machine\",\"version\":\"1\"}", "version", PAWL_E_FORM },
        { { .limit = OPERATOR_TRIALS_MAX + 1 }, "{\"policy\":\"machine\"}", "limit", PAWL_E_RANGE },
        { { .after = "xyz" }, "{\"policy\":\"machine\"}", "after", PAWL_E_RANGE },
        { { .device = "xyz" }, "{\"policy\":\"machine\"}", "device", PAWL_E_RANGE },
        { { .group = "none" }, "{\"policy\":\"machine\"}", "group", PAWL_E_ABSENT },
        { { .group = "No Name" }, "{\"policy\":\"machine\"}", "group", PAWL_E_FORM },
        { { .group = "a", .device = "abcd" }, "{\"policy\":\"machine\"}", "group", PAWL_E_FORM },
        { { .limit = 0 },
          "{\"name\":\"p\",\"version\":1,\"secure_boot\":{\"on\":7}}",
          "secure_boot.on",
          PAWL_E_FORM },
    };
    MACHINE m;
    char   *json;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(tries(&m.w, &bad[i].q, bad[i].body, &json), &m.w.err, bad[i].code);
        T_WHERE(&m.w.err, bad[i].where);
    }
    const struct trial_query q = { 0 };
    T_FAILS(tries(&m.w, &q, "", &json), &m.w.err, PAWL_E_RANGE);
    T_FAILS(tries(&m.w, &q, "[]", &json), &m.w.err, PAWL_E_FORM);
}

/* ---- learning ------------------------------------------------------------------------------- */

static pawl_status learns(struct machine *m, const char *more, char **json)
{
    char body[256];

    step_done(&m->w.step);
    snprintf(body, sizeof(body), "{\"name\":\"golden\",\"device\":\"%s\"%s}", world_id(&m->d),
             more);
    return operator_policy_learn(&m->w.flow, acme(&m->w), t_copy(pawl_view_str(body)), json,
                                 &m->w.step, &m->w.err);
}

static void the_facts_of_a_boot_are_learned(void **state)
{
    (void)state;
    MACHINE m;
    char   *json;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    T_OK(learns(&m, ",\"release\":\"first\"", &json), &m.w.err);
    EAR         *j = parsed(json);
    const cJSON *release = member(j, "releases")->child;
    assert_string_equal(text_of(release, "name"), "first");
    assert_true(cJSON_GetArraySize(member(member(release, "boot"), "images")) > 0);
    assert_true(cJSON_IsTrue(member(member(j, "secure_boot"), "on")));
    assert_null(member(j, "ima"));
    commit(&m.w);
    becomes(&m.w, "{\"policy\":\"golden\"}", "none", "affirming", NULL, false);

    T_OK(learns(&m, ",\"release\":\"second\",\"base\":1", &json), &m.w.err);
    EAR *both = parsed(json);
    assert_int_equal(member(both, "version")->valueint, 2);
    assert_int_equal(cJSON_GetArraySize(member(both, "releases")), 2);
    T_OK(learns(&m, ",\"literal\":true", &json), &m.w.err);
    EAR *literal = parsed(json);
    assert_null(member(literal, "secure_boot"));
    T_FAILS(learns(&m, ",\"base\":9", &json), &m.w.err, PAWL_E_ABSENT);
    T_WHERE(&m.w.err, "base");
    T_FAILS(learns(&m, ",\"literal\":1", &json), &m.w.err, PAWL_E_FORM);
    T_WHERE(&m.w.err, "literal");
    T_FAILS(learns(&m, ",\"base\":-1", &json), &m.w.err, PAWL_E_RANGE);
    T_WHERE(&m.w.err, "base");
    T_FAILS(learns(&m, ",\"version\":1", &json), &m.w.err, PAWL_E_CONFLICT);
    T_WHERE(&m.w.err, "version");
    assert_true(step_is_empty(&m.w.step));
}

static void files_are_learned_from_a_list_that_is_kept(void **state)
{
    (void)state;
    MACHINE m;
    char   *json;

    machine_make(&m);
    m.w.config.tenant[ACME].keep_evidence = true;
    machine_policy(&m, rules_ima());
    machine_runs(&m, "/bin/a", "/bin/a");
    machine_attests(&m, NOTHING);
    T_OK(learns(&m, "", &json), &m.w.err);
    EAR *without = parsed(json);
    assert_null(member(without, "ima"));
    machine_supplies(&m, machine_list(&m));
    machine_is(&m, "affirming", NULL);
    T_OK(learns(&m, "", &json), &m.w.err);
    EAR         *with = parsed(json);
    const cJSON *files = member(member(with, "ima"), "files");
    assert_int_equal(cJSON_GetArraySize(files), 1);
    assert_string_equal(files->child->string, "/bin/a");
}

static void nothing_is_learned_of_a_boot_without_a_reset(void **state)
{
    (void)state;
    MACHINE m;
    char   *json;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    m.d.os_boot[0] ^= 1;
    machine_attests(&m, NOTHING);
    machine_is(&m, "warning", "tpm-not-reset");
    T_FAILS(learns(&m, "", &json), &m.w.err, PAWL_E_STATE);
    T_WHERE(&m.w.err, "device");
    assert_true(step_is_empty(&m.w.step));
    becomes(&m.w, policy_of(RULES_LOG), "warning", "warning", "tpm-not-reset", false);
}

/* ---- a device's page ------------------------------------------------------------------------ */

static void a_device_shows_what_was_looked_at(void **state)
{
    (void)state;
    MACHINE m;
    char   *json;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, NOTHING);
    T_OK(operator_device(&m.w.flow, acme(&m.w), world_id(&m.d), &json, &m.w.err), &m.w.err);
    EAR         *j = parsed(json);
    const cJSON *coverage = member(j, "coverage"), *r = member(j, "reasons")->child;
    assert_int_equal(cJSON_GetArraySize(coverage), 3);
    assert_string_equal(text_of(coverage, "identity"), "covered");
    assert_string_equal(text_of(coverage, "boot-log"), "no-event-log");
    assert_string_equal(text_of(coverage, "runtime"), "no-ima-list");
    assert_true(cJSON_IsNull(member(j, "release")));
    assert_true(cJSON_IsNull(member(j, "group")));
    assert_string_equal(text_of(j, "mode"), "enforce");
    assert_string_equal(text_of(r, "code"), "no-event-log");
    assert_string_equal(text_of(r, "text"), reason_entry(REASON_NO_EVENT_LOG)->sentence);
    assert_string_equal(text_of(r, "next"), reason_entry(REASON_NO_EVENT_LOG)->next);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("what is tried is what becomes", what_is_tried_is_what_becomes),
        T_CASE("nothing is lost where nothing was trusted",
               nothing_is_lost_where_nothing_was_trusted),
        T_CASE("a stored policy is tried by its name", a_stored_policy_is_tried_by_its_name),
        T_CASE("files are tried where the list is kept", files_are_tried_where_the_list_is_kept),
        T_CASE("the policy that judges needs no list", the_policy_that_judges_needs_no_list),
        T_CASE("groups and exceptions count in a trial", groups_and_exceptions_count_in_a_trial),
        T_CASE("devices are tried page by page", devices_are_tried_page_by_page),
        T_CASE("a trial that makes no sense is refused", a_trial_that_makes_no_sense_is_refused),
        T_CASE("the facts of a boot are learned", the_facts_of_a_boot_are_learned),
        T_CASE("files are learned from a list that is kept",
               files_are_learned_from_a_list_that_is_kept),
        T_CASE("nothing is learned of a boot without a reset",
               nothing_is_learned_of_a_boot_without_a_reset),
        T_CASE("a device shows what was looked at", a_device_shows_what_was_looked_at),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
