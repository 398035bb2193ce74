/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: an operator sees the incidents of his own tenant and no other's, one with the messages
 * that it names and proofs that check; closes the last one of a device once, with a note; and reads
 * the audit chain page by page, whole, up to a head.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "flow/operator.h"
#include "proof/proof.h"
#include "operator_fixture.h"
#include "soft_log.h"

static int number_of(const cJSON *j, const char *name)
{
    assert_true(cJSON_IsNumber(member(j, name)));
    return member(j, name)->valueint;
}

static cJSON *list(struct world *w, const char *device, bool open, uint64_t limit)
{
    char *json;

    T_OK(operator_incidents(&w->flow, acme(w), device, open, &(struct list_query){ .limit = limit },
                            &json, &w->err),
         &w->err);
    cJSON *j = parsed(json);
    cJSON *incidents = cJSON_DetachItemFromObjectCaseSensitive(j, "incidents");
    cJSON_Delete(j);
    assert_true(cJSON_IsArray(incidents));
    return incidents;
}

static void shows(struct world *w, const char *device, bool open, uint64_t limit, int n)
{
    EAR *incidents = list(w, device, open, limit);

    assert_int_equal(cJSON_GetArraySize(incidents), n);
}

/* DEVICE.EPOCH, with as many digits of the device. */
static const char *id_of(const struct soft_device *d, int digits, uint64_t epoch)
{
    static char id[2 * PAWL_DEVICE_ID + 24];

    snprintf(id, sizeof(id), "%.*s.%" PRIu64, digits, world_id(d), epoch);
    return id;
}

/* ---- a thief -------------------------------------------------------------------------------- */

static void says(struct world *w, const struct soft_device *d, const struct soft_log *log,
                 struct pawl_view cose)
{
    static struct soft_answer a;

    world_says(w, d, &log->e, &cose, 1, &a);
}

/* Slot 4 holds a message of the thief's; the device says three more. */
static void a_thief_was_here(struct world *w, struct soft_device *d, struct soft_log *log)
{
    world_make(w);
    world_speaks(w, d, log);
    world_log_says(w, d, log, 3);
    struct soft_epoch thief = log->e;
    says(w, d, log, soft_app(&thief, UINT64_C(9) << 32 | 1, "forged"));
    soft_log_say(log, "lost on the way");
    world_log_says(w, d, log, 2);
}

static void attests(struct world *w, struct soft_device *d, struct soft_log *log,
                    enum pawl_label label)
{
    struct soft_evidence ev;

    world_log_attests(w, d, log, label, &ev);
}

static void supplies(struct world *w, const struct soft_log *log)
{
    static uint8_t     b[64 * 1024];
    struct pawl_wr     out = pawl_wr_to(b, sizeof(b));
    struct pawl_supply m = { .ticket = t_copy(world_result(w).ticket), .leaves_n = 1 };

    m.leaves[0].epoch = log->gen[0].epoch;
    m.leaves[0].gen = log->gen[0].gen;
    m.leaves[0].leaves = soft_log_leaves(log, 0);
    T_OK(pawl_supply_write(&m, &out, &w->err), &w->err);
    world_takes(w, flow_supply, t_copy(pawl_view(b, out.n)), 200);
}

static void found_out(struct world *w, struct soft_device *d, struct soft_log *log)
{
    a_thief_was_here(w, d, log);
    attests(w, d, log, PAWL_LABEL_ATTEST);
    supplies(w, log);
}

/* ---- reading -------------------------------------------------------------------------------- */

static void an_incident_shows_all_that_is_known(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    found_out(&w, &d, &log);
    EAR         *incidents = list(&w, "", false, 0);
    const cJSON *i = cJSON_GetArrayItem(incidents, 0);
    assert_int_equal(cJSON_GetArraySize(incidents), 1);
    assert_string_equal(text_of(i, "id"), id_of(&d, 64, 1));
    assert_string_equal(text_of(i, "device"), world_id(&d));
    assert_int_equal(number_of(i, "epoch"), 1);
    assert_string_equal(text_of(i, "kind"), "message-forged");
    assert_string_equal(text_of(i, "severity"), "high");
    assert_string_equal(text_of(i, "state"), "open");
    assert_int_equal(number_of(i, "opened"), w.now_ms / 1000);
    assert_int_equal(number_of(i, "changed"), w.now_ms / 1000);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(member(i, "rules"), 0)), "E3");
    assert_true(number_of(member(i, "window"), "from") > 0);
    assert_int_equal(number_of(i, "forged"), 1);
    assert_non_null(strstr(text_of(i, "detail"), "epoch 1, generation 0"));
    assert_string_equal(text_of(i, "note"), "");
}

/* What everything is for: somebody else is convinced, without our keys. */
static void its_proof_convinces_somebody_else(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    static struct proof    p;
    static uint8_t         b[PROOF_MAX];
    struct proof_said      said;
    char                  *json;
    size_t                 n;

    found_out(&w, &d, &log);
    T_OK(operator_incident(&w.flow, acme(&w), id_of(&d, 8, 1), &json, &w.err), &w.err);
    EAR *i = parsed(json);
    assert_string_equal(text_of(i, "id"), id_of(&d, 64, 1));
    const cJSON *slots = member(i, "slots"), *proofs = member(i, "proofs");
    assert_int_equal(cJSON_GetArraySize(slots), 1);
    assert_string_equal(text_of(cJSON_GetArrayItem(slots, 0), "rule"), "E3");
    assert_int_equal(number_of(cJSON_GetArrayItem(slots, 0), "seq"), 4);
    assert_int_equal(number_of(cJSON_GetArrayItem(slots, 0), "epoch"), 1);
    assert_int_equal(number_of(cJSON_GetArrayItem(slots, 0), "gen"), 0);

    const cJSON *last = cJSON_GetArrayItem(proofs, cJSON_GetArraySize(proofs) - 1);
    assert_int_equal(number_of(last, "number"), cJSON_GetArraySize(proofs));
    T_OK(pawl_b64_parse(pawl_view_str(text_of(last, "b64")), "b64", b, sizeof(b), &n, &w.err),
         &w.err);
    T_OK(proof_open(pawl_view(b, n), pawl_private_public(w.keys.signing), &p, &w.err), &w.err);
    T_OK(proof_check(&p, &said, &w.err), &w.err);
    assert_int_equal(said.strength, PROOF_AK);
    assert_non_null(strstr(said.line[said.n - 1], "Message 4: the device's TPM attests another"));
    assert_true(pawl_view_equal(p.device_id, PAWL_VIEW_OF(d.id)));
}

static void a_list_is_of_one_tenant_and_as_was_asked(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d, other;
    static struct soft_log log;
    char                  *json;

    found_out(&w, &d, &log);
    world_device(&w, &w.lab, &other);
    world_enrol(&w, &other);
    shows(&w, "", true, 0, 1);
    shows(&w, world_id(&d), false, 0, 1);
    shows(&w, world_id(&other), false, 0, 0);
    T_FAILS(operator_incidents(&w.flow, acme(&w), "", false,
                               &(struct list_query){ .limit = OPERATOR_INCIDENTS_MAX + 1 }, &json,
                               &w.err),
            &w.err, PAWL_E_RANGE);
    T_WHERE(&w.err, "limit");
    T_FAILS(operator_incidents(&w.flow, acme(&w), "ffffffff", false, &(struct list_query){ 0 },
                               &json, &w.err),
            &w.err, PAWL_E_ABSENT);
    T_WHERE(&w.err, "device");

    const struct tenant_config *t = &w.config.tenant[OTHER];
    T_OK(operator_incidents(&w.flow, t, "", false, &(struct list_query){ 0 }, &json, &w.err),
         &w.err);
    EAR *none = parsed(json);
    assert_int_equal(cJSON_GetArraySize(member(none, "incidents")), 0);
    T_FAILS(operator_incident(&w.flow, t, id_of(&d, 64, 1), &json, &w.err), &w.err, PAWL_E_ABSENT);

    /* A second one: the last that changed comes first. */
    attests(&w, &d, &log, PAWL_LABEL_REKEY);
    shows(&w, "", false, 1, 1);
}

static void a_name_that_is_none_is_refused(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    char                  *json = NULL, dot[4] = ".1";

    found_out(&w, &d, &log);
    const struct {
        const char    *id, *where;
        enum pawl_code code;
    } bad[] = {
        { world_id(&d), "incident", PAWL_E_FORM }, { dot, "device", PAWL_E_RANGE },
        { "zzzz.1", "device", PAWL_E_FORM },       { "abc.1", "device", PAWL_E_RANGE },
        { "ffffffff.1", "device", PAWL_E_ABSENT }, { "ffffffff.", "incident", PAWL_E_FORM },
        { "ffffffff.x", "incident", PAWL_E_FORM }, { "ffffffff.01", "incident", PAWL_E_FORM },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(operator_incident(&w.flow, acme(&w), bad[i].id, &json, &w.err), &w.err,
                bad[i].code);
        T_WHERE(&w.err, bad[i].where);
    }
    T_FAILS(operator_incident(&w.flow, acme(&w), id_of(&d, 64, 2), &json, &w.err), &w.err,
            PAWL_E_ABSENT);
    char long_id[200];
    memset(long_id, 'a', sizeof(long_id));
    memcpy(long_id + 100, ".1", 3);
    T_FAILS(operator_incident(&w.flow, acme(&w), long_id, &json, &w.err), &w.err, PAWL_E_FORM);
    assert_null(json);
}

/* ---- closing -------------------------------------------------------------------------------- */

static pawl_status closes(struct world *w, const char *id, const char *body, char **ret)
{
    step_done(&w->step); /* of what came before */
    return operator_incident_close(&w->flow, acme(w), id, pawl_view_str(body), ret, &w->step,
                                   &w->err);
}

static void an_operator_closes_it_once_with_a_note(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    char                  *json;

    found_out(&w, &d, &log);
    T_OK(closes(&w, id_of(&d, 8, 1), "{\"note\": \"agent replaced\"}", &json), &w.err);
    EAR *i = parsed(json);
    assert_string_equal(text_of(i, "state"), "closed");
    assert_string_equal(text_of(i, "note"), "agent replaced");
    commit(&w);
    shows(&w, "", true, 0, 0);
    shows(&w, "", false, 0, 1);
    assert_int_equal(world_ratchet(&w, &d).incident.state, INCIDENT_CLOSED);
    T_FAILS(closes(&w, id_of(&d, 8, 1), "{}", &json), &w.err, PAWL_E_STATE);
    T_WHERE(&w.err, "incident");
    step_done(&w.step);
}

static void no_body_is_no_note(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    char                  *json;

    found_out(&w, &d, &log);
    T_OK(closes(&w, id_of(&d, 64, 1), "", &json), &w.err);
    EAR *i = parsed(json);
    assert_string_equal(text_of(i, "note"), "");
    commit(&w);
    shows(&w, "", true, 0, 0);
}

static void a_bad_note_closes_nothing(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    char                  *json = NULL, body[OPERATOR_NOTE_MAX + 16];

    found_out(&w, &d, &log);
    T_FAILS(closes(&w, id_of(&d, 8, 1), "{\"why\": \"\"}", &json), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "body");
    T_FAILS(closes(&w, id_of(&d, 8, 1), "{\"note\": 1}", &json), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, "note");
    T_FAILS(closes(&w, id_of(&d, 8, 1), "{\"note\": \"a\\nattempt 9: affirming\"}", &json), &w.err,
            PAWL_E_FORM);
    T_WHERE(&w.err, "note");
    T_FAILS(closes(&w, id_of(&d, 8, 1), "[]", &json), &w.err, PAWL_E_FORM);
    snprintf(body, sizeof(body), "{\"note\": \"%*s\"}", OPERATOR_NOTE_MAX, "");
    T_FAILS(closes(&w, id_of(&d, 8, 1), body, &json), &w.err, PAWL_E_RANGE);
    T_WHERE(&w.err, "note");
    T_FAILS(closes(&w, id_of(&d, 8, 3), "{}", &json), &w.err, PAWL_E_ABSENT);
    assert_null(json);
    assert_true(step_is_empty(&w.step));
    shows(&w, "", true, 0, 1);
    snprintf(body, sizeof(body), "{\"note\": \"%*s\"}", OPERATOR_NOTE_MAX - 1, "");
    T_OK(closes(&w, id_of(&d, 8, 1), body, &json), &w.err);
    free(json);
    commit(&w);
}

static void only_the_last_one_of_a_device_is_open(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;
    char                  *json = NULL;

    found_out(&w, &d, &log);
    world_log_attests(&w, &d, &log, PAWL_LABEL_REKEY, &ev);
    world_adopt(&w, &d, &ev, NULL);
    soft_log_turn(&d, &log);
    world_log_says(&w, &d, &log, 1);
    struct soft_epoch thief = log.e; /* he came again */
    says(&w, &d, &log, soft_app(&thief, UINT64_C(9) << 32 | 2, "forged"));
    says(&w, &d, &log, soft_log_say(&log, "own"));
    shows(&w, "", false, 0, 2);
    shows(&w, "", true, 0, 1);
    T_FAILS(closes(&w, id_of(&d, 8, 1), "{}", &json), &w.err, PAWL_E_STATE);
    T_WHERE(&w.err, "incident");
    T_OK(closes(&w, id_of(&d, 8, 2), "{}", &json), &w.err);
    free(json);
    commit(&w);
    shows(&w, "", true, 0, 0);
}

/* ---- the chain ------------------------------------------------------------------------------ */

static cJSON *audit(struct world *w, const struct tenant_config *t, uint64_t after, uint64_t limit)
{
    char *json;

    T_OK(operator_audit(&w->flow, t, after, limit, &json, &w->err), &w->err);
    return parsed(json);
}

static void read_entry(struct world *w, const cJSON *e, struct audit_row *ret)
{
    *ret = (struct audit_row){ .number = (uint64_t)number_of(e, "number"),
                               .time_ms = (int64_t)member(e, "time_ms")->valuedouble };
    snprintf(ret->line, sizeof(ret->line), "%s", text_of(e, "line"));
    T_OK(pawl_hex_parse_exact(text_of(e, "device"), "device", ret->device, 32, &w->err), &w->err);
    T_OK(pawl_hex_parse_exact(text_of(e, "hash"), "hash", ret->hash, 32, &w->err), &w->err);
}

static void the_chain_comes_in_pages_and_is_whole(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct audit_head      head = { 0 };
    char                  *json;

    found_out(&w, &d, &log);
    T_OK(closes(&w, id_of(&d, 8, 1), "{\"note\": \"\\\\\\\"\\u00e4\"}", &json), &w.err);
    free(json);
    commit(&w);
    for (uint64_t after = 0;;) {
        EAR         *page = audit(&w, acme(&w), after, 1);
        const cJSON *e = cJSON_GetArrayItem(member(page, "entries"), 0);
        if (!e) {
            assert_int_equal(number_of(page, "next"), after);
            assert_int_equal(number_of(member(page, "head"), "number"), head.number);
            char hash[65];
            T_OK(pawl_hex_write(PAWL_VIEW_OF(head.hash), hash, sizeof(hash), &w.err), &w.err);
            assert_string_equal(text_of(member(page, "head"), "hash"), hash);
            break;
        }
        struct audit_row row;
        read_entry(&w, e, &row);
        struct audit_head next;
        T_OK(audit_next(&head, &row, &next, &w.err), &w.err);
        assert_memory_equal(next.hash, row.hash, sizeof(row.hash));
        head = next;
        after = (uint64_t)number_of(page, "next");
        assert_int_equal(after, row.number);
    }
    assert_true(head.number >= 2);
    EAR *whole = audit(&w, acme(&w), 0, 0);
    assert_int_equal(cJSON_GetArraySize(member(whole, "entries")), head.number);
    EAR *other = audit(&w, &w.config.tenant[OTHER], 0, 0);
    assert_int_equal(cJSON_GetArraySize(member(other, "entries")), 0);
    assert_int_equal(number_of(member(other, "head"), "number"), 0);
    T_FAILS(operator_audit(&w.flow, acme(&w), 0, OPERATOR_AUDIT_MAX + 1, &json, &w.err), &w.err,
            PAWL_E_RANGE);
    T_WHERE(&w.err, "limit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("an incident shows all that is known", an_incident_shows_all_that_is_known),
        T_CASE("its proof convinces somebody else", its_proof_convinces_somebody_else),
        T_CASE("a list is of one tenant, and as was asked",
               a_list_is_of_one_tenant_and_as_was_asked),
        T_CASE("a name that is none is refused", a_name_that_is_none_is_refused),
        T_CASE("an operator closes it once, with a note", an_operator_closes_it_once_with_a_note),
        T_CASE("no body is no note", no_body_is_no_note),
        T_CASE("a bad note closes nothing", a_bad_note_closes_nothing),
        T_CASE("only the last one of a device is open", only_the_last_one_of_a_device_is_open),
        T_CASE("the chain comes in pages and is whole", the_chain_comes_in_pages_and_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
