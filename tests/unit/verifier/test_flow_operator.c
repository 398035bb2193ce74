/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: an operator sees his own tenant's devices, policies and tokens and no other's; what the
 * table of states refuses stays refused; a stored policy never changes; a token's secret is shown
 * once; a revocation is told, once; a device whose row is damaged is shown as such, can be revoked,
 * and nothing else; a body with anything unknown in it changes nothing and is named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/verdict.h"
#include "flow/operator.h"
#include "flow/revoked.h"
#include "operator_fixture.h"
#include "refusal/code.h"
#include "refusal/gather.h"

static int number_of(const cJSON *j, const char *name)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(j, name);

    assert_non_null(m);
    return m->valueint;
}

/* ---- devices -------------------------------------------------------------------------------- */

static void a_device_shows_all_that_is_known(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char  *json;

    world_make(&w);
    world_device(&w, &w.lab, &d);
    world_enrol(&w, &d);
    T_OK(operator_device(&w.flow, acme(&w), world_id(&d), &json, &w.err), &w.err);
    EAR *j = parsed(json);
    assert_string_equal(text_of(j, "id"), world_id(&d));
    assert_string_equal(text_of(j, "state"), "active");
    assert_string_equal(text_of(j, "roots"), "lab");
    assert_int_equal(number_of(j, "attempt"), 1);
    const cJSON *ratchet = cJSON_GetObjectItem(j, "ratchet");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(ratchet, "epoch")));
    assert_int_equal(number_of(ratchet, "pending"), 1);
    assert_non_null(text_of(cJSON_GetObjectItem(j, "keys"), "ak_public"));
    const cJSON *papers = cJSON_GetObjectItem(j, "papers");
    assert_string_equal(text_of(cJSON_GetObjectItem(papers, "facts"), "serial"), "4711");
    assert_string_equal(text_of(cJSON_GetObjectItem(papers, "ek"), "model"), "swtpm");
    const cJSON *sha1 = cJSON_GetObjectItem(cJSON_GetObjectItem(j, "pcrs"), "sha1");
    assert_string_equal(text_of(sha1, "7"), "1717171717171717171717171717171717171717");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(j, "banks")), 2);
}

static void a_device_shows_why_and_what_happened(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char  *json;

    world_make(&w);
    world_device(&w, &w.lab, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    d.pcr[6] ^= 1;
    d.pcr[7] ^= 1;
    world_attest(&w, &d);
    T_OK(operator_device(&w.flow, acme(&w), world_id(&d), &json, &w.err), &w.err);
    EAR         *j = parsed(json);
    const cJSON *why = cJSON_GetObjectItem(j, "why"), *reasons = cJSON_GetObjectItem(j, "reasons");
    assert_int_equal(cJSON_GetArraySize(why), 2); /* each code once */
    assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(why, 0)), "lab-tpm");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(why, 1)), "pcr-differs");
    assert_int_equal(cJSON_GetArraySize(reasons), 3);
    const cJSON *r = cJSON_GetArrayItem(reasons, 2);
    assert_string_equal(text_of(r, "code"), "pcr-differs");
    assert_string_equal(text_of(r, "text"), reason_text(REASON_PCR_DIFFERS));
    assert_non_null(strstr(text_of(r, "detail"), "sha256:7 is "));

    const cJSON *events = cJSON_GetObjectItem(j, "events");
    assert_int_equal(cJSON_GetArraySize(events), 2);
    const cJSON *e = cJSON_GetArrayItem(events, 0);
    assert_non_null(strstr(text_of(e, "line"), "attempt 2: contraindicated; "));
    assert_non_null(strstr(text_of(e, "line"), "; lab-tpm: "));
    assert_true(number_of(e, "time") > 0);
    assert_non_null(strstr(text_of(cJSON_GetArrayItem(events, 1), "line"), "enrolled (1), active"));

    T_OK(operator_devices(&w.flow, acme(&w), &(struct device_query){ 0 }, &json, &w.err), &w.err);
    EAR *list = parsed(json);
    r = cJSON_GetArrayItem(cJSON_GetObjectItem(list, "devices"), 0);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(r, "why")), 2);
}

static void devices_come_in_pages(void **state)
{
    (void)state;
    enum { DEVICES = 5 };
    WORLD    w;
    char    *json;
    unsigned seen = 0, pages = 0;

    struct device_query q = { .page.limit = 2 };

    world_make(&w);
    for (unsigned i = 0; i < DEVICES; i++) {
        DEVICE d;
        world_device(&w, &w.vendor, &d);
        world_enrol(&w, &d);
    }
    for (;;) {
        T_OK(operator_devices(&w.flow, acme(&w), &q, &json, &w.err), &w.err);
        EAR *j = parsed(json);
        seen += (unsigned)cJSON_GetArraySize(cJSON_GetObjectItem(j, "devices"));
        pages++;
        if (!cJSON_IsString(member(j, "next")))
            break;
        snprintf(q.page.after, sizeof(q.page.after), "%s", text_of(j, "next"));
    }
    assert_int_equal(seen, DEVICES);
    assert_int_equal(pages, 3);
    T_OK(operator_devices(&w.flow, &w.config.tenant[OTHER], &(struct device_query){ 0 }, &json,
                          &w.err),
         &w.err);
    EAR *none = parsed(json);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(none, "devices")), 0);
    T_FAILS(operator_devices(&w.flow, acme(&w), &(struct device_query){ .page.after = "xyz" },
                             &json, &w.err),
            &w.err, PAWL_E_RANGE);
    T_WHERE(&w.err, "after");
    T_FAILS(operator_devices(&w.flow, acme(&w),
                             &(struct device_query){ .page.limit = OPERATOR_DEVICES_MAX + 1 },
                             &json, &w.err),
            &w.err, PAWL_E_RANGE);
}

static void a_few_digits_stand_for_one_device(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char   prefix[2 * PAWL_DEVICE_ID + 1], *json;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    for (size_t n = 4; n <= 2 * PAWL_DEVICE_ID; n++) {
        snprintf(prefix, sizeof(prefix), "%.*s", (int)n, world_id(&d));
        T_OK(operator_device(&w.flow, acme(&w), prefix, &json, &w.err), &w.err);
        free(json);
    }
    prefix[3] = 0;
    T_FAILS(operator_device(&w.flow, acme(&w), prefix, &json, &w.err), &w.err, PAWL_E_RANGE);
    T_FAILS(operator_device(&w.flow, acme(&w), "nothex", &json, &w.err), &w.err, PAWL_E_FORM);
    snprintf(prefix, sizeof(prefix), "%s", world_id(&d));
    prefix[5] = prefix[5] == '0' ? '1' : '0';
    T_FAILS(operator_device(&w.flow, acme(&w), prefix, &json, &w.err), &w.err, PAWL_E_ABSENT);
    prefix[5] = 0;
    prefix[4] = prefix[4] == '0' ? '1' : '0';
    T_FAILS(operator_device(&w.flow, acme(&w), prefix, &json, &w.err), &w.err, PAWL_E_ABSENT);
    T_FAILS(operator_device(&w.flow, &w.config.tenant[OTHER], world_id(&d), &json, &w.err), &w.err,
            PAWL_E_ABSENT); /* S2 */
    T_WHERE(&w.err, "device");
}

static void digits_that_two_devices_share_name_none(void **state)
{
    (void)state;
    WORLD          w;
    struct step    s = { .has_device = true, .tenant = "acme" };
    char          *json;
    static uint8_t first[PAWL_DEVICE_ID];

    world_make(&w);
    for (unsigned i = 0; i < 2; i++) {
        s.device = store_device("acme", i);
        memcpy(s.device.id, first, PAWL_DEVICE_ID);
        s.device.id[31] = (uint8_t)i;
        T_OK(store_commit_wait(&w.store.store, &s, &w.err), &w.err);
    }
    T_FAILS(operator_device(&w.flow, acme(&w), "00000", &json, &w.err), &w.err, PAWL_E_RANGE);
    T_WHERE(&w.err, "device");
}

static cJSON *approve(struct world *w, const struct soft_device *d)
{
    char *json;

    step_done(&w->step);
    T_OK(operator_device_move(&w->flow, acme(w), world_id(d), DEVICE_EVENT_APPROVE, &json, &w->step,
                              &w->err),
         &w->err);
    return parsed(json);
}

static void approving_what_is_active_is_leave_to_enrol_again(void **state) /* P-ENROL-7 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    w.config.tenant[ACME].admission = ADMISSION_APPROVE;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    EAR *first = approve(&w, &d);
    assert_string_equal(text_of(first, "state"), "active");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(first, "may_reenrol")));
    commit(&w);
    EAR *told = chain_ends(&w, 1, d.id);
    assert_string_equal(text_of(told, "what"), "approved");
    assert_string_equal(text_of(told, "detail"), "approve by an operator: active, was pending");
    EAR *again = approve(&w, &d);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(again, "may_reenrol")));
    assert_string_equal(w.step.event, "may come back, by an operator");
    commit(&w);
    EAR *told_again = chain_ends(&w, 2, d.id);
    assert_string_equal(text_of(told_again, "detail"), "may come back, by an operator");
    EAR *third = approve(&w, &d);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(third, "may_reenrol")));
    assert_true(step_is_empty(&w.step)); /* it is so already */
}

static void revoked_is_final(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char  *json;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    assert_int_equal(world_record(&w, &d).state, DEVICE_REVOKED);
    T_OK(operator_device(&w.flow, acme(&w), world_id(&d), &json, &w.err), &w.err);
    EAR *revoked = parsed(json);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(revoked, "may_reenrol")));
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE line LIKE 'revoke%'"),
                     1);
    T_FAILS(operator_device_move(&w.flow, acme(&w), world_id(&d), DEVICE_EVENT_APPROVE, &json,
                                 &w.step, &w.err),
            &w.err, PAWL_E_STATE);
    T_FAILS(operator_device_move(&w.flow, acme(&w), world_id(&d), DEVICE_EVENT_ADMIT, &json,
                                 &w.step, &w.err),
            &w.err, PAWL_E_BUG);
    assert_true(step_is_empty(&w.step));
}

/* ---- who is told of a revocation --------------------------------------------------------------
 */

/* The feed says so once, and the chain; detail: of its line. */
static void all_are_told(struct world *w, const struct soft_device *d, const char *by,
                         const char *detail)
{
    struct message_query q = { .type = "revoked" };
    char                *json;
    bool                 any;

    T_OK(operator_messages(&w->flow, acme(w), &q, &json, &any, &w->err), &w->err);
    EAR         *page = parsed(json);
    const cJSON *list = member(page, "messages"), *entry = cJSON_GetArrayItem(list, 0);
    assert_int_equal(cJSON_GetArraySize(list), 1);
    assert_int_equal(cJSON_GetArraySize(entry), 5); /* with its cursor */
    assert_string_equal(text_of(entry, "type"), "revoked");
    assert_string_equal(text_of(entry, "device"), world_id(d));
    assert_int_equal(number_of(entry, "time"), w->now_ms / 1000);
    assert_string_equal(text_of(entry, "by"), by);

    EAR *line = chain_ends(w, 1, d->id);
    assert_string_equal(text_of(line, "what"), "revoked");
    assert_string_equal(text_of(line, "kind"), "device");
    assert_string_equal(text_of(line, "by"), by);
    assert_string_equal(text_of(line, "detail"), detail);
}

static void a_revocation_is_told_in_the_feed_and_in_the_chain(void **state)
{
    (void)state;
    const struct credential ann = { .name = "ann", .role = ROLE_OPERATOR };
    WORLD                   w;
    DEVICE                  d;
    char                   *json;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    w.flow.asker = &ann;
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    all_are_told(&w, &d, "ann", "revoke by ann: revoked, was active");
    T_FAILS(operator_device_move(&w.flow, acme(&w), world_id(&d), DEVICE_EVENT_REVOKE, &json,
                                 &w.step, &w.err),
            &w.err, PAWL_E_STATE);
    assert_true(step_is_empty(&w.step));
}

static void a_revocation_of_a_damaged_row_is_told_too(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    store_exec(&w.store, "UPDATE device SET safe = 2");
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    all_are_told(&w, &d, "an operator", "revoke by an operator: revoked; its row is damaged: safe");
}

/* ---- a device whose row is damaged ------------------------------------------------------------
 */

static size_t revoked_n(struct world *w)
{
    char tag[REVOKED_TAG_MAX], *json;

    w->now_ms += REVOKED_READ_MS; /* the list is kept so long */
    T_OK(operator_revoked(&w->flow, acme(w), &json, tag, &w->err), &w->err);
    EAR *answer = parsed(json);
    EAR *list = world_opens(w, pawl_view_str(text_of(answer, "revoked")));
    return (size_t)cJSON_GetArraySize(member(list, "revoked"));
}

/* What is damaged, and what to do. */
static void is_shown_as_damaged(struct world *w, const struct soft_device *d, const char *column)
{
    char detail[96], *json;

    snprintf(detail, sizeof(detail), "%s holds something else than was stored", column);
    T_OK(operator_device(&w->flow, acme(w), world_id(d), &json, &w->err), &w->err);
    EAR *j = parsed(json);
    assert_string_equal(text_of(j, "id"), world_id(d));
    assert_string_equal(text_of(j, "damaged"), column);
    const cJSON *reason = cJSON_GetArrayItem(member(j, "reasons"), 0);
    assert_string_equal(text_of(reason, "code"), "store-damaged");
    assert_string_equal(text_of(reason, "detail"), detail);
    assert_non_null(strstr(text_of(reason, "next"), "Restore store and master.key"));
    assert_non_null(strstr(text_of(reason, "next"), "can be revoked before"));
    assert_true(cJSON_GetArraySize(member(j, "events")) > 0);
    assert_null(member(j, "ratchet")); /* none of it is to be believed */
}

/* sql: what damages its row. */
static void revokes_damaged(struct world *w, const struct soft_device *d, const char *sql,
                            const char *column)
{
    char  *json;
    size_t before = revoked_n(w);

    store_exec(&w->store, sql);
    step_done(&w->step);
    T_FAILS(operator_device_move(&w->flow, acme(w), world_id(d), DEVICE_EVENT_APPROVE, &json,
                                 &w->step, &w->err),
            &w->err, PAWL_E_FORM);
    T_WHERE(&w->err, "store.device");
    assert_true(step_is_empty(&w->step));
    is_shown_as_damaged(w, d, column);
    T_OK(operator_device_move(&w->flow, acme(w), world_id(d), DEVICE_EVENT_REVOKE, &json, &w->step,
                              &w->err),
         &w->err);
    EAR *j = parsed(json);
    assert_string_equal(text_of(j, "id"), world_id(d));
    assert_string_equal(text_of(j, "state"), "revoked");
    assert_string_equal(text_of(j, "damaged"), column);
    assert_non_null(strstr(w->step.event, "revoke by an operator: revoked; its row is damaged: "));
    commit(w);
    assert_int_equal(revoked_n(w), before + 1);
    T_OK(operator_device_move(&w->flow, acme(w), world_id(d), DEVICE_EVENT_REVOKE, &json, &w->step,
                              &w->err),
         &w->err);
    free(json);
    assert_true(step_is_empty(&w->step)); /* it is so already */
}

static void a_device_whose_row_is_damaged_can_be_revoked(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE row, ratchet, empty;
    char   sql[384];

    world_make(&w);
    world_device(&w, &w.vendor, &row);
    world_enrol(&w, &row);
    world_device(&w, &w.vendor, &ratchet);
    world_enrol(&w, &ratchet);
    world_device(&w, &w.vendor, &empty);
    world_enrol(&w, &empty);
    snprintf(sql, sizeof(sql), "UPDATE device SET safe = 2 WHERE id = x'%s'", world_id(&row));
    revokes_damaged(&w, &row, sql, "safe");
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM device WHERE safe = 2"), 1);
    snprintf(sql, sizeof(sql),
             "UPDATE ratchet SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) ||"
             " CASE substr(bytes, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)"
             " WHERE device = (SELECT number FROM device WHERE id = x'%s')",
             world_id(&ratchet));
    revokes_damaged(&w, &ratchet, sql, "ratchet");
    snprintf(sql, sizeof(sql),
             "UPDATE ratchet SET bytes = x''"
             " WHERE device = (SELECT number FROM device WHERE id = x'%s')",
             world_id(&empty));
    revokes_damaged(&w, &empty, sql, "ratchet");
}

/* ---- policies ------------------------------------------------------------------------------- */

static const char policy_text[] = "{\"name\":\"hand\",\"version\":4,\"pcrs\":{\"sha256\":{\"0\":[\""
                                  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
                                  "\"]}}}";

static void a_policy_is_stored_as_it_came_and_never_changes(void **state)
{
    (void)state;
    WORLD w;
    char *json;

    world_make(&w);
    T_OK(operator_policy_add(&w.flow, acme(&w), pawl_view_str(policy_text), &json, &w.step, &w.err),
         &w.err);
    free(json);
    commit(&w);
    T_OK(operator_policy(&w.flow, acme(&w), "hand", 0, &json, &w.err), &w.err);
    assert_string_equal(json, policy_text);
    free(json);
    T_FAILS(
        operator_policy_add(&w.flow, acme(&w), pawl_view_str(policy_text), &json, &w.step, &w.err),
        &w.err, PAWL_E_CONFLICT);
    T_WHERE(&w.err, "version");
    assert_true(step_is_empty(&w.step));
    T_FAILS(operator_policy(&w.flow, acme(&w), "hand", 3, &json, &w.err), &w.err, PAWL_E_ABSENT);
    T_FAILS(operator_policy(&w.flow, &w.config.tenant[OTHER], "hand", 0, &json, &w.err), &w.err,
            PAWL_E_ABSENT); /* S2 */
    T_OK(operator_policies(&w.flow, acme(&w), &(struct list_query){ 0 }, &json, &w.err), &w.err);
    EAR *j = parsed(json);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(j, "policies")), 1);
    assert_true(cJSON_IsNull(member(j, "default")));
}

static void a_policy_that_cannot_judge_is_not_stored(void **state)
{
    (void)state;
    WORLD w;
    char *json;

    world_make(&w);
    T_FAILS(operator_policy_add(&w.flow, acme(&w), pawl_view_str("{\"name\":\"x\"}"), &json,
                                &w.step, &w.err),
            &w.err, PAWL_E_FORM);
    assert_false(w.step.has_policy);
    T_FAILS(operator_policy_add(&w.flow, acme(&w), pawl_view(NULL, 0), &json, &w.step, &w.err),
            &w.err, PAWL_E_RANGE);
}

static pawl_status learn(struct world *w, const char *body, char **json)
{
    step_done(&w->step);
    return operator_policy_learn(&w->flow, acme(w), pawl_view_str(body), json, &w->step, &w->err);
}

static void a_policy_is_learned_from_what_will_be_quoted(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char   body[160], *json;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    d.pcr[10] = 9;
    world_enrol(&w, &d); /* all PCRs of two banks; the tenant's set has 0 to 7 */
    snprintf(body, sizeof(body),
             "{\"name\":\"golden\",\"device\":\"%s\",\"version\":7,\"literal\":true}",
             world_id(&d));
    T_OK(learn(&w, body, &json), &w.err);
    EAR         *j = parsed(json);
    const cJSON *pcrs = cJSON_GetObjectItem(j, "pcrs");
    assert_int_equal(number_of(j, "version"), 7);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(pcrs, "sha256")), 8);
    commit(&w);
    snprintf(body, sizeof(body), "{\"name\":\"golden\",\"device\":\"%s\"}", world_id(&d));
    T_OK(learn(&w, body, &json), &w.err);
    EAR *next = parsed(json);
    assert_int_equal(number_of(next, "version"), 8);

    T_FAILS(learn(&w, "{\"name\":\"golden\"}", &json), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "device");
    T_FAILS(learn(&w, "{\"name\":\"No Name\",\"device\":\"0000\"}", &json), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "name");
    T_FAILS(learn(&w, "{\"name\":\"golden\",\"device\":\"ffffffff\"}", &json), &w.err,
            PAWL_E_ABSENT);
    assert_true(step_is_empty(&w.step));
}

static void t6_values_of_a_boot_before_teach_nothing(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char   body[160], *json;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    uint8_t was = d.pcr[0];
    d.pcr[0] = 0;
    world_attest(&w, &d);
    snprintf(body, sizeof(body), "{\"name\":\"lost\",\"device\":\"%s\"}", world_id(&d));
    T_FAILS(learn(&w, body, &json), &w.err, PAWL_E_STATE);
    T_WHERE(&w.err, "device");
    assert_true(step_is_empty(&w.step));
    d.pcr[0] = was;
    world_attest(&w, &d);
    T_OK(learn(&w, body, &json), &w.err);
    free(json);
}

static void policies_are_assigned_by_name(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    char  *json;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    T_OK(operator_device_policy(&w.flow, acme(&w), world_id(&d),
                                pawl_view_str("{\"policy\":\"golden\"}"), &json, &w.step, &w.err),
         &w.err);
    EAR *j = parsed(json);
    assert_string_equal(text_of(j, "policy"), "golden");
    commit(&w);
    assert_string_equal(world_record(&w, &d).policy, "golden");
    T_OK(operator_device_policy(&w.flow, acme(&w), world_id(&d), pawl_view_str("{\"policy\":\"\"}"),
                                &json, &w.step, &w.err),
         &w.err);
    free(json);
    commit(&w);
    assert_string_equal(world_record(&w, &d).policy, "");

    T_FAILS(operator_device_policy(&w.flow, acme(&w), world_id(&d),
                                   pawl_view_str("{\"policy\":\"none\"}"), &json, &w.step, &w.err),
            &w.err, PAWL_E_ABSENT);
    T_WHERE(&w.err, "policy");
    T_FAILS(operator_default_policy(&w.flow, acme(&w), pawl_view_str("{\"policy\":\"none\"}"),
                                    &json, &w.step, &w.err),
            &w.err, PAWL_E_ABSENT);
    assert_true(step_is_empty(&w.step));
    T_OK(operator_policies(&w.flow, acme(&w), &(struct list_query){ 0 }, &json, &w.err), &w.err);
    EAR *list = parsed(json);
    assert_string_equal(text_of(list, "default"), "golden");
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void a_token_is_one_line_for_a_device(void **state)
{
    (void)state;
    WORLD            w;
    char            *json;
    struct pawl_join join;

    world_make(&w);
    T_OK(operator_token_make(&w.flow, acme(&w), pawl_view_str("{\"uses\":3,\"ttl_s\":0}"), &json,
                             &w.step, &w.err),
         &w.err);
    EAR *j = parsed(json);
    T_OK(pawl_join_parse(text_of(j, "join"), &join, &w.err), &w.err);
    assert_string_equal(join.address, "verifier.example:8443");
    assert_string_equal(join.tenant, "acme");
    assert_memory_equal(join.verifier_key, w.keys.verifier_id, 32);
    assert_int_equal(join.tls_pin[31], 0x77);
    assert_true(join.has_token);
    commit(&w);

    T_OK(operator_tokens(&w.flow, acme(&w), &(struct list_query){ 0 }, &json, &w.err), &w.err);
    EAR         *list = parsed(json);
    const cJSON *t = cJSON_GetArrayItem(cJSON_GetObjectItem(list, "tokens"), 0);
    assert_string_equal(text_of(t, "id"), text_of(j, "id"));
    assert_int_equal(number_of(t, "uses_left"), 3);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(t, "expires")));

    /* The secret stands nowhere in the clear. */
    char *dump = store_dump(&w.store), secret[65];
    T_OK(pawl_hex_write(pawl_secret_view(&join.token), secret, sizeof(secret), &w.err), &w.err);
    assert_null(strstr(dump, secret));
    free(dump);
}

static void a_dropped_token_has_no_use_and_is_over(void **state)
{
    (void)state;
    WORLD       w;
    char       *json;
    const char *id;

    world_make(&w);
    T_OK(operator_token_make(&w.flow, acme(&w), pawl_view_str("{\"uses\":3,\"ttl_s\":0}"), &json,
                             &w.step, &w.err),
         &w.err);
    EAR *made = parsed(json);
    id = text_of(made, "id");
    commit(&w);

    T_OK(operator_token_drop(&w.flow, acme(&w), id, &json, &w.step, &w.err), &w.err);
    EAR *told = parsed(json);
    assert_string_equal(text_of(told, "id"), id);
    commit(&w);
    T_OK(operator_tokens(&w.flow, acme(&w), &(struct list_query){ 0 }, &json, &w.err), &w.err);
    EAR         *list = parsed(json);
    const cJSON *t = cJSON_GetArrayItem(cJSON_GetObjectItem(list, "tokens"), 0);
    int64_t      over_s = w.now_ms / 1000;
    assert_int_equal(number_of(t, "uses_left"), 0);
    assert_int_equal(number_of(t, "expires"), over_s);

    w.now_ms += 5000; /* it is so already, and it is told since when */
    T_OK(operator_token_drop(&w.flow, acme(&w), id, &json, &w.step, &w.err), &w.err);
    EAR *again = parsed(json);
    assert_int_equal(number_of(again, "expires"), over_s);
    assert_true(step_is_empty(&w.step));

    T_FAILS(operator_token_drop(&w.flow, &w.config.tenant[OTHER], id, &json, &w.step, &w.err),
            &w.err, PAWL_E_ABSENT);
    T_WHERE(&w.err, "token");
    T_FAILS(operator_token_drop(&w.flow, acme(&w), "0123456789abcdef", &json, &w.step, &w.err),
            &w.err, PAWL_E_ABSENT);
    T_FAILS(operator_token_drop(&w.flow, acme(&w), "01", &json, &w.step, &w.err), &w.err,
            PAWL_E_RANGE);
    T_WHERE(&w.err, "token");
    assert_true(step_is_empty(&w.step));
}

/* Who looks for what a leak let in asks until when it could be used. */
static void a_token_that_was_over_stays_over_since_then(void **state)
{
    (void)state;
    WORLD w;
    char *json;

    world_make(&w);
    T_OK(operator_token_make(&w.flow, acme(&w), pawl_view_str("{\"uses\":3,\"ttl_s\":60}"), &json,
                             &w.step, &w.err),
         &w.err);
    EAR    *made = parsed(json);
    int64_t over_s = w.now_ms / 1000 + 60;
    commit(&w);
    w.now_ms += 3600 * 1000;
    T_OK(operator_token_drop(&w.flow, acme(&w), text_of(made, "id"), &json, &w.step, &w.err),
         &w.err);
    EAR *told = parsed(json);
    assert_int_equal(number_of(told, "uses_left"), 0);
    assert_int_equal(number_of(told, "expires"), over_s);
    assert_true(w.step.token.expires_s == over_s);
    commit(&w);
}

static void a_wish_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char    *body, *where;
        enum pawl_code code;
    } bad[] = {
        { "", "body", PAWL_E_FORM },
        { "[]", "body", PAWL_E_FORM },
        { "{} {}", "body", PAWL_E_FORM },
        { "{\"use\":1}", "body", PAWL_E_FORM },
        { "{\"uses\":1,\"uses\":2}", "uses", PAWL_E_FORM },
        { "{\"uses\":0}", "uses", PAWL_E_RANGE },
        { "{\"uses\":-1}", "uses", PAWL_E_RANGE },
        { "{\"uses\":1.5}", "uses", PAWL_E_FORM },
        { "{\"uses\":1000001}", "uses", PAWL_E_RANGE },
        { "{\"uses\":\"1\"}", "uses", PAWL_E_FORM },
        { "{\"ttl_s\":1e300}", "ttl_s", PAWL_E_RANGE },
        { "{\"device\":7}", "device", PAWL_E_FORM },
        { "{\"device\":\"abc\"}", "device", PAWL_E_RANGE },
        { "{\"device\":\"abcd\"}", "device", PAWL_E_ABSENT },
    };
    WORLD w;
    char *json;

    world_make(&w);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(operator_token_make(&w.flow, acme(&w), t_copy(pawl_view_str(bad[i].body)), &json,
                                    &w.step, &w.err),
                &w.err, bad[i].code);
        T_WHERE(&w.err, bad[i].where);
        assert_true(step_is_empty(&w.step));
    }
}

/* ---- why ------------------------------------------------------------------------------------- */

static void gather_done(struct gather **g)
{
    gather_free(g);
}

static void is_refused(struct world *w, const struct soft_device *d, enum refused is)
{
    struct refusal_row r = { .tenant = "acme", .address = "192.0.2.7", .status = 403, .count = 1 };

    snprintf(r.subject, sizeof(r.subject), "device %s", world_id(d));
    snprintf(r.code, sizeof(r.code), "%s", refused_code(is));
    snprintf(r.detail, sizeof(r.detail), "x");
    r.first_s = r.last_s = w->now_ms / 1000;
    gather_add(w->flow.refusals, &r);
}

static cJSON *why(struct world *w, const struct soft_device *d)
{
    struct why_query q = { 0 };
    char            *json;

    snprintf(q.device, sizeof(q.device), "%s", world_id(d));
    T_OK(operator_why(&w->flow, acme(w), &q, &json, &w->err), &w->err);
    return parsed(json);
}

/* What a stranger brings about with an id that he knows is shown as what it is, and hides no
 * verdict. */
static void a_refusal_in_a_device_s_name_is_not_taken_for_its_own(void **state)
{
    (void)state;
    WORLD                                    w;
    DEVICE                                   d;
    PAWL_CLEANUP(gather_done) struct gather *g = NULL;

    world_make(&w);
    T_OK(gather_make(&g, &w.err), &w.err);
    w.flow.refusals = g;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    d.pcr[7] ^= 1;
    world_attest(&w, &d);
    w.now_ms += 1000;
    is_refused(&w, &d, REFUSED_QUOTE_SIGNATURE);
    cJSON *j = why(&w, &d);
    assert_string_equal(text_of(j, "code"), "quote-signature");
    assert_true(cJSON_IsFalse(member(j, "proved")));
    assert_non_null(strstr(text_of(j, "sentence"), "Nobody has proved that this was the device; "
                                                   "its last evidence was accepted as "
                                                   "contraindicated."));
    cJSON_Delete(j);
    w.now_ms += 1000;
    is_refused(&w, &d, REFUSED_ATTEMPT_USED); /* a signed one: its quote verified */
    j = why(&w, &d);
    assert_string_equal(text_of(j, "code"), "attempt-used");
    assert_true(cJSON_IsTrue(member(j, "proved")));
    assert_null(strstr(text_of(j, "sentence"), "Nobody"));
    cJSON_Delete(j);
}

/* Whoever was refused in its name: the verifier finds it in its own store. */
static void why_says_what_of_a_device_s_row_is_damaged(void **state)
{
    (void)state;
    WORLD                                    w;
    DEVICE                                   d, other;
    char                                     sql[256];
    PAWL_CLEANUP(gather_done) struct gather *g = NULL;

    world_make(&w);
    T_OK(gather_make(&g, &w.err), &w.err);
    w.flow.refusals = g;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_device(&w, &w.vendor, &other);
    world_enrol(&w, &other);
    snprintf(sql, sizeof(sql), "UPDATE device SET safe = 2 WHERE id = x'%s'", world_id(&d));
    store_exec(&w.store, sql);
    snprintf(sql, sizeof(sql),
             "UPDATE ratchet SET bytes = x'00' WHERE device ="
             " (SELECT number FROM device WHERE id = x'%s')",
             world_id(&other));
    store_exec(&w.store, sql);
    cJSON *j = why(&w, &d);
    assert_string_equal(text_of(j, "code"), "store-damaged");
    assert_string_equal(text_of(j, "detail"), "safe holds something else than was stored");
    assert_string_equal(text_of(j, "device"), world_id(&d));
    assert_non_null(strstr(text_of(j, "next"), "Restore store and master.key"));
    assert_non_null(strstr(text_of(j, "next"), "can be revoked before"));
    assert_true(cJSON_IsNull(member(j, "since")));
    cJSON_Delete(j);
    is_refused(&w, &d, REFUSED_STORE_DAMAGED); /* it came */
    j = why(&w, &d);
    assert_string_equal(text_of(j, "code"), "store-damaged");
    assert_string_equal(text_of(j, "detail"), "safe holds something else than was stored");
    assert_int_equal(number_of(j, "since"), w.now_ms / 1000);
    assert_null(strstr(text_of(j, "sentence"), "Nobody")); /* it takes no proof of the device */
    cJSON_Delete(j);
    j = why(&w, &other);
    assert_string_equal(text_of(j, "code"), "store-damaged");
    assert_string_equal(text_of(j, "detail"), "ratchet holds something else than was stored");
    cJSON_Delete(j);
}

/* Neither a stranger who knows the id, nor the device with what proves nothing, makes an operator
 * read that it may be approved; and who else is revoked is counted. */
static void a_revoked_device_is_revoked_whatever_is_refused_in_its_name(void **state)
{
    (void)state;
    WORLD                                    w;
    DEVICE                                   d, other;
    PAWL_CLEANUP(gather_done) struct gather *g = NULL;

    world_make(&w);
    T_OK(gather_make(&g, &w.err), &w.err);
    w.flow.refusals = g;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_device(&w, &w.vendor, &other);
    world_enrol(&w, &other);
    world_move(&w, &other, DEVICE_EVENT_REVOKE);
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    w.now_ms += 5000;
    is_refused(&w, &d, REFUSED_NOT_ACTIVE);
    cJSON *j = why(&w, &d);
    assert_string_equal(text_of(j, "code"), "revoked");
    assert_true(cJSON_IsFalse(member(j, "refused")));
    assert_int_equal(number_of(j, "since"),
                     store_number(&w.store, "SELECT max(time_s) FROM event WHERE line LIKE"
                                            " 'revoke by%'"));
    assert_int_equal(number_of(j, "others"), 1);
    assert_non_null(strstr(text_of(j, "sentence"), "; 1 other shares it. Next: Nothing."));
    cJSON_Delete(j);
    is_refused(&w, &d, REFUSED_REVOKED); /* a signed one */
    j = why(&w, &d);
    assert_string_equal(text_of(j, "code"), "revoked");
    assert_true(cJSON_IsTrue(member(j, "proved")));
    cJSON_Delete(j);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a device shows all that is known", a_device_shows_all_that_is_known),
        T_CASE("a device shows why and what happened", a_device_shows_why_and_what_happened),
        T_CASE("devices come in pages", devices_come_in_pages),
        T_CASE("a few digits stand for one device", a_few_digits_stand_for_one_device),
        T_CASE("digits that two devices share name none", digits_that_two_devices_share_name_none),
        T_CASE("approving what is active is leave to enrol again",
               approving_what_is_active_is_leave_to_enrol_again),
        T_CASE("revoked is final", revoked_is_final),
        T_CASE("a revocation is told in the feed and in the chain",
               a_revocation_is_told_in_the_feed_and_in_the_chain),
        T_CASE("a revocation of a damaged row is told too",
               a_revocation_of_a_damaged_row_is_told_too),
        T_CASE("a device whose row is damaged can be revoked",
               a_device_whose_row_is_damaged_can_be_revoked),
        T_CASE("a policy is stored as it came and never changes",
               a_policy_is_stored_as_it_came_and_never_changes),
        T_CASE("a policy that cannot judge is not stored",
               a_policy_that_cannot_judge_is_not_stored),
        T_CASE("a policy is learned from what will be quoted",
               a_policy_is_learned_from_what_will_be_quoted),
        T_CASE("T6 values of a boot before teach nothing",
               t6_values_of_a_boot_before_teach_nothing),
        T_CASE("policies are assigned by name", policies_are_assigned_by_name),
        T_CASE("a token is one line for a device", a_token_is_one_line_for_a_device),
        T_CASE("a dropped token has no use and is over", a_dropped_token_has_no_use_and_is_over),
        T_CASE("a token that was over stays over since then",
               a_token_that_was_over_stays_over_since_then),
        T_CASE("a wish that makes no sense is refused", a_wish_that_makes_no_sense_is_refused),
        T_CASE("why says what of a device's row is damaged",
               why_says_what_of_a_device_s_row_is_damaged),
        T_CASE("a refusal in a device's name is not taken for its own",
               a_refusal_in_a_device_s_name_is_not_taken_for_its_own),
        T_CASE("a revoked device is revoked, whatever is refused in its name",
               a_revoked_device_is_revoked_whatever_is_refused_in_its_name),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
