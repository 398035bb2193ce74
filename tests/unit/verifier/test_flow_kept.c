/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: where a tenant keeps evidence, the last verdict can be made again from it, logs and all,
 * by whoever has the policy; it begins anew with each boot; and nothing is kept anywhere else. */
#include <stdlib.h>
#include <string.h>

#include "appraise/bundle.h"
#include "flow/operator.h"
#include "soft_machine.h"

static void begin(struct machine *m, bool keeps)
{
    machine_make(m);
    m->w.config.tenant[ACME].keep_evidence = keeps;
    machine_policy(m, rules_ima());
    machine_runs(m, "/bin/a", "/bin/a");
    machine_runs(m, "/bin/b", "/bin/b");
}

static int64_t rows(struct machine *m)
{
    return store_number(&m->w.store, "SELECT count(*) FROM kept");
}

/* As an operator gets it. */
static struct pawl_view bundle_of(struct machine *m)
{
    static uint8_t bytes[512 * 1024];
    char          *json;
    size_t         n;

    T_OK(
        operator_evidence(&m->w.flow, &m->w.config.tenant[ACME], world_id(&m->d), &json, &m->w.err),
        &m->w.err);
    cJSON *j = cJSON_Parse(json);
    T_OK(pawl_b64_parse(pawl_view_str(cJSON_GetStringValue(cJSON_GetObjectItem(j, "bundle"))),
                        "bundle", bytes, sizeof(bytes), &n, &m->w.err),
         &m->w.err);
    cJSON_Delete(j);
    free(json);
    return pawl_view(bytes, n);
}

/* The policy as the store has it, from the bundle alone: the verdict that was given. */
static void judges_alike(struct machine *m, int64_t asked_ms, const char *status)
{
    PAWL_CLEANUP(policy_row_done) struct policy_row row = { 0 };
    PAWL_CLEANUP(policy_done) struct policy         p = { 0 };
    const struct store                             *s = &m->w.store.store;
    struct bundle                                   b;
    struct verdict                                  v;
    struct device                                   d = world_record(&m->w, &m->d);

    T_OK(bundle_parse(t_copy(bundle_of(m)), &b, &m->w.err), &m->w.err);
    T_OK(s->policy(s->self, pawl_view_str("acme"), "machine", 0, &row, &m->w.err), &m->w.err);
    T_OK(policy_parse(pawl_view_str(row.json), &p, &m->w.err), &m->w.err);
    T_OK(bundle_appraise(&b, &p, 0, &v, &m->w.err), &m->w.err);
    assert_string_equal(tier_name(verdict_software(&v)), status);
    assert_string_equal(b.head.status, status);
    assert_string_equal(d.software_status, status);
    assert_string_equal(b.head.policy, v.policy);
    assert_true(b.head.time_ms == asked_ms); /* of the quote, whatever was supplied later */
}

static void a_verdict_can_be_made_again(void **state)
{
    (void)state;
    MACHINE m;

    begin(&m, true);
    int64_t asked_ms = m.w.now_ms;
    machine_attests(&m, LOG);
    judges_alike(&m, asked_ms, "warning"); /* without the list */
    m.w.now_ms += 1000;
    machine_supplies(&m, (struct brings){ .list = true, .from = 0, .to = 2 });
    judges_alike(&m, asked_ms, "warning");
    machine_supplies(&m, machine_list_from(&m, 2));
    judges_alike(&m, asked_ms, "affirming");
    assert_int_equal(rows(&m), 4); /* head, log, two pieces */
    machine_runs(&m, "/bin/c", "/bin/c");
    m.w.now_ms += 1000;
    machine_attests(&m, machine_list_from(&m, 3));
    judges_alike(&m, m.w.now_ms, "affirming");
    machine_runs(&m, "/bin/evil", "evil");
    machine_attests(&m, machine_list_from(&m, 4));
    judges_alike(&m, m.w.now_ms, "contraindicated");
    assert_int_equal(rows(&m), 6);
}

/* What was measured behind a quote came twice, and stands in the bundle once. */
static void pieces_that_overlap_are_one_list(void **state)
{
    (void)state;
    MACHINE              m;
    struct soft_evidence ev;
    struct bundle        b;

    begin(&m, true);
    machine_attests(&m, LOG);
    machine_begin(&m, &ev);
    machine_runs(&m, "/bin/c", "/bin/c");
    machine_bring(&m, &ev, machine_list(&m));
    world_sends(&m.w, &ev);
    machine_wanted(&m, false, 3, false);
    machine_runs(&m, "/bin/d", "/bin/d");
    machine_attests(&m, machine_list_from(&m, 3));
    machine_is(&m, "affirming", NULL);
    T_OK(bundle_parse(t_copy(bundle_of(&m)), &b, &m.w.err), &m.w.err);
    assert_true(pawl_view_equal(b.list, pawl_view(m.b.ima.b, m.b.ima.n)));
    judges_alike(&m, m.w.now_ms, "affirming");
}

static void a_boot_begins_anew(void **state)
{
    (void)state;
    MACHINE m;

    begin(&m, true);
    machine_attests(&m, LOG);
    machine_supplies(&m, machine_list(&m));
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, LOG);
    assert_int_equal(rows(&m), 2);
    machine_supplies(&m, machine_list(&m));
    judges_alike(&m, m.w.now_ms, "affirming");
    assert_int_equal(rows(&m), 3);
}

/* The log stays, and pieces that other rules asked for are no part of the new list. */
static void a_list_that_begins_again_takes_the_place_of_the_old_one(void **state)
{
    (void)state;
    MACHINE m;

    begin(&m, true);
    machine_attests(&m, LOG);
    machine_supplies(&m, (struct brings){ .list = true, .from = 0, .to = 1 });
    machine_supplies(&m, (struct brings){ .list = true, .from = 1, .to = 2 });
    machine_supplies(&m, machine_list_from(&m, 2));
    assert_int_equal(rows(&m), 5);
    machine_policy(&m, rules_ima());
    machine_attests(&m, NOTHING);
    machine_supplies(&m, machine_list(&m));
    assert_int_equal(rows(&m), 3);
    judges_alike(&m, m.w.now_ms, "affirming");
    machine_attests(&m, machine_list(&m)); /* with the quote, as after a lost answer */
    assert_int_equal(rows(&m), 3);
    judges_alike(&m, m.w.now_ms, "affirming");
}

static void fails(struct machine *m, const char *why)
{
    char *json;

    T_FAILS(
        operator_evidence(&m->w.flow, &m->w.config.tenant[ACME], world_id(&m->d), &json, &m->w.err),
        &m->w.err, PAWL_E_ABSENT);
    T_WHERE(&m->w.err, "evidence");
    assert_non_null(strstr(m->w.err.why, why));
}

static void nothing_is_kept_unless_the_tenant_says_so(void **state)
{
    (void)state;
    MACHINE m;

    begin(&m, false);
    machine_attests(&m, LOG);
    machine_supplies(&m, machine_list(&m));
    assert_int_equal(rows(&m), 0);
    fails(&m, "keep_evidence");
    m.w.config.tenant[ACME].keep_evidence = true;
    fails(&m, "attest");
    machine_attests(&m, NOTHING);
    assert_int_equal(rows(&m), 1);
    m.w.config.tenant[ACME].keep_evidence = false;
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, LOG); /* what was kept goes with the boot that it was of */
    assert_int_equal(rows(&m), 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a verdict can be made again", a_verdict_can_be_made_again),
        T_CASE("pieces that overlap are one list", pieces_that_overlap_are_one_list),
        T_CASE("a boot begins anew", a_boot_begins_anew),
        T_CASE("a list that begins again takes the place of the old one",
               a_list_that_begins_again_takes_the_place_of_the_old_one),
        T_CASE("nothing is kept unless the tenant says so",
               nothing_is_kept_unless_the_tenant_says_so),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
