/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine of incidents, transition by transition: what opens one, what joins it and under
 * which name, what ends it and what only a person ends, and how one follows another.
 */
#include "ratchet/incident.h"

#include "t.h"

enum { NOW = 1000, CLEAN_HI = 30, CLEAN_MS = 900 };

/* A finding about this epoch, while the other one is in use. */
static bool add(struct incident *i, enum rule rule, uint64_t epoch, uint64_t current)
{
    const struct incident_at at = { epoch, current, CLEAN_HI, CLEAN_MS, NOW };

    return incident_add(i, rule, &at);
}

static struct incident opened(enum rule rule)
{
    struct incident i = { 0 };

    assert_true(add(&i, rule, 5, 5));
    return i;
}

static void is(const struct incident *i, enum incident_kind kind, enum severity severity,
               enum incident_state state, uint64_t epoch)
{
    assert_string_equal(incident_kind_name(i->kind), incident_kind_name(kind));
    assert_string_equal(severity_name(i->severity), severity_name(severity));
    assert_string_equal(incident_state_name(i->state), incident_state_name(state));
    assert_int_equal(i->epoch, epoch);
}

/* ---- names ---------------------------------------------------------------------------------- */

static void each_rule_has_a_name_and_a_kind(void **state)
{
    (void)state;
    static const struct {
        const char *name, *kind;
    } want[RULE_COUNT] = {
        [RULE_NONE] = { "none", "none" },           [RULE_E1] = { "E1", "message-forged" },
        [RULE_E2] = { "E2", "key-used-elsewhere" }, [RULE_E3] = { "E3", "message-forged" },
        [RULE_E4] = { "E4", "key-used-elsewhere" }, [RULE_E5] = { "E5", "device-cloned" },
        [RULE_E6] = { "E6", "tpm-went-back" },      [RULE_E7] = { "E7", "message-forged" },
        [RULE_BACK] = { "S1", "server-went-back" },
    };

    for (int r = RULE_NONE; r < RULE_COUNT; r++) {
        assert_string_equal(rule_name((enum rule)r), want[r].name);
        assert_string_equal(incident_kind_name(incident_kind_of((enum rule)r)), want[r].kind);
    }
    assert_string_equal(rule_name(RULE_COUNT), "none");
    assert_string_equal(incident_kind_name(INCIDENT_KIND_COUNT), "none");
    assert_string_equal(severity_name((enum severity)9), "none");
    assert_string_equal(incident_state_name((enum incident_state)9), "absent");
}

/* ---- opening -------------------------------------------------------------------------------- */

static void a_first_finding_opens_one(void **state)
{
    (void)state;
    static const struct {
        enum rule          rule;
        enum incident_kind kind;
        enum severity      severity;
        bool               red, waits, tainted;
    } want[] = {
        { RULE_E1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, true, false, true },
        { RULE_E2, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, true, false, true },
        { RULE_E5, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, true, true, true },
        { RULE_E6, INCIDENT_TPM_WENT_BACK, SEVERITY_HIGH, true, true, true },
        { RULE_BACK, INCIDENT_SERVER_WENT_BACK, SEVERITY_NOTICE, false, false, false },
    };

    for (size_t n = 0; n < sizeof(want) / sizeof(want[0]); n++) {
        struct incident i = opened(want[n].rule);
        is(&i, want[n].kind, want[n].severity, INCIDENT_OPEN, 5);
        assert_int_equal(i.rules, 1u << want[n].rule);
        assert_int_equal(i.opened_ms, NOW);
        assert_int_equal(incident_is_red(&i), want[n].red);
        assert_int_equal(i.waits, want[n].waits);
        assert_int_equal(i.tainted, want[n].tainted);
        assert_int_equal(i.taint_lo, want[n].tainted ? CLEAN_HI + 1 : 0);
        assert_int_equal(i.taint_ms, want[n].tainted ? CLEAN_MS : 0);
    }
}

static void another_finding_of_its_epoch_joins(void **state) /* inv. 1 */
{
    (void)state;
    struct incident i = opened(RULE_E1), before = i;

    assert_false(add(&i, RULE_E1, 5, 5));
    assert_memory_equal(&i, &before, sizeof(i));
    assert_false(add(&i, RULE_E3, 4, 5)); /* of an older one, too */
    is(&i, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN, 5);
    assert_true(incident_has(&i, RULE_E1));
    assert_true(incident_has(&i, RULE_E3));
    assert_false(incident_has(&i, RULE_E2));
}

static void the_graver_kind_names_it(void **state)
{
    (void)state;
    struct incident i = opened(RULE_E3);

    add(&i, RULE_E4, 5, 5);
    is(&i, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, INCIDENT_OPEN, 5);
    add(&i, RULE_E1, 5, 5);
    is(&i, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, INCIDENT_OPEN, 5);
    assert_false(i.waits);
    add(&i, RULE_E5, 5, 5);
    is(&i, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN, 5);
    assert_true(i.waits);
    add(&i, RULE_E6, 5, 5);
    is(&i, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN, 5);
}

static void what_joins_opens_the_window_again(void **state)
{
    (void)state;
    struct incident i = opened(RULE_E1);

    i.tainted = false; /* all that came was marked */
    i.taint_lo = 7;
    add(&i, RULE_E1, 5, 5);
    assert_true(i.tainted);
    assert_int_equal(i.taint_lo, CLEAN_HI + 1);
}

static void an_open_window_keeps_its_beginning(void **state)
{
    (void)state;
    struct incident i = opened(RULE_E1);

    i.taint_lo = 7;
    add(&i, RULE_E3, 5, 5);
    assert_int_equal(i.taint_lo, 7);
}

/* ---- its end -------------------------------------------------------------------------------- */

static void a_rekey_heals_it(void **state)
{
    (void)state;
    struct incident i = opened(RULE_E1);

    assert_false(incident_rekeyed(&i, 5, false)); /* the epoch that it is about */
    assert_true(incident_is_red(&i));
    assert_true(incident_rekeyed(&i, 6, false));
    assert_int_equal(i.state, INCIDENT_CLOSED);
    assert_false(incident_is_red(&i));
    assert_false(incident_rekeyed(&i, 7, false));
    assert_true(i.tainted); /* marks come when they can be said */
}

static void a_tenant_may_want_a_person_s_word(void **state)
{
    (void)state;
    struct incident i = opened(RULE_E1);

    assert_true(incident_rekeyed(&i, 6, true));
    assert_int_equal(i.state, INCIDENT_HEALED);
    assert_true(incident_is_red(&i));
    assert_false(incident_rekeyed(&i, 7, true)); /* no rekey more makes it better */
    assert_true(incident_close(&i));
    assert_int_equal(i.state, INCIDENT_CLOSED);
    assert_false(incident_is_red(&i));
}

static void a_copy_can_rekey_too(void **state)
{
    (void)state;
    const enum rule rules[] = { RULE_E5, RULE_E6 };

    for (size_t n = 0; n < 2; n++) {
        struct incident i = opened(rules[n]);
        assert_true(incident_rekeyed(&i, 6, false));
        assert_int_equal(i.state, INCIDENT_HEALED);
        assert_true(incident_is_red(&i));
    }
    struct incident i = opened(RULE_E1); /* and where it joined */
    add(&i, RULE_E5, 5, 5);
    assert_true(incident_rekeyed(&i, 6, false));
    assert_int_equal(i.state, INCIDENT_HEALED);
}

static void a_person_closes_it_once(void **state)
{
    (void)state;
    struct incident none = { 0 }, i = opened(RULE_E1);

    assert_false(incident_close(&none));
    assert_true(incident_close(&i));
    assert_false(incident_close(&i));
    assert_int_equal(i.state, INCIDENT_CLOSED);
    i = opened(RULE_E1);
    incident_rekeyed(&i, 6, false);
    assert_true(incident_close(&i)); /* a rekey's end is no person's word */
    assert_false(incident_close(&i));
}

/* ---- one after the other -------------------------------------------------------------------- */

static void leaves_that_come_later_join_what_was_closed(void **state) /* inv. 1 */
{
    (void)state;
    struct incident i = opened(RULE_E1);

    incident_rekeyed(&i, 6, false);
    assert_false(add(&i, RULE_E3, 5, 6));
    is(&i, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED, 5);
    assert_true(incident_has(&i, RULE_E3));
    incident_close(&i);
    assert_false(add(&i, RULE_E2, 5, 6)); /* its epoch is over: nothing opens again */
    assert_int_equal(i.state, INCIDENT_CLOSED);
}

static void a_closed_one_opens_again_while_its_epoch_is_in_use(void **state)
{
    (void)state;
    struct incident i = opened(RULE_E1);

    incident_close(&i);
    assert_false(add(&i, RULE_BACK, 5, 5));
    assert_int_equal(i.state, INCIDENT_CLOSED);
    assert_false(add(&i, RULE_E3, 4, 5));
    assert_int_equal(i.state, INCIDENT_CLOSED);
    i.opened_ms = 1;
    assert_true(add(&i, RULE_E1, 5, 5));
    is(&i, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN, 5);
    assert_int_equal(i.opened_ms, NOW);
    assert_true(incident_close(&i)); /* and may be closed again */
}

static void a_second_one_in_a_later_epoch_is_critical(void **state) /* inv. 3 */
{
    (void)state;
    struct incident i = opened(RULE_E1);

    incident_rekeyed(&i, 6, false);
    assert_true(add(&i, RULE_E1, 6, 6));
    is(&i, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_OPEN, 6);
    assert_int_equal(i.before, 1);
    incident_rekeyed(&i, 7, false);
    assert_true(add(&i, RULE_E1, 9, 9));
    assert_int_equal(i.before, 2);
    assert_int_equal(i.severity, SEVERITY_CRITICAL);
    assert_true(incident_close(&i));
    assert_int_equal(i.before, 0);
}

static void a_person_s_close_begins_anew(void **state) /* inv. 3 */
{
    (void)state;
    struct incident i = opened(RULE_E1);

    incident_rekeyed(&i, 6, false);
    incident_close(&i);
    assert_true(add(&i, RULE_E1, 6, 6));
    is(&i, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN, 6);
    assert_int_equal(i.before, 0);
}

static void a_newer_one_waits_for_what_the_older_waited_for(void **state) /* inv. 4 */
{
    (void)state;
    struct incident i = opened(RULE_E5);

    i.taint_lo = 7;
    incident_rekeyed(&i, 6, false);
    assert_true(add(&i, RULE_E1, 6, 6));
    is(&i, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_OPEN, 6);
    assert_int_equal(i.rules, 1u << RULE_E1);
    assert_int_equal(i.taint_lo, 7); /* its window goes on */
    incident_rekeyed(&i, 7, false);
    assert_int_equal(i.state, INCIDENT_HEALED);
    assert_true(incident_is_red(&i));
    incident_close(&i);
    assert_true(add(&i, RULE_E1, 7, 7));
    incident_rekeyed(&i, 8, false); /* what a person closed waits for nobody */
    assert_int_equal(i.state, INCIDENT_CLOSED);
}

static void a_tpm_that_went_back_says_so_once(void **state)
{
    (void)state;
    struct incident i = opened(RULE_E6);

    assert_false(add(&i, RULE_E6, 5, 5));
    incident_rekeyed(&i, 6, false);
    assert_false(add(&i, RULE_E6, 6, 6)); /* each quote says it again */
    is(&i, INCIDENT_TPM_WENT_BACK, SEVERITY_HIGH, INCIDENT_HEALED, 5);
    assert_true(add(&i, RULE_E1, 6, 6)); /* anything else is another one */
    incident_close(&i);
    i = opened(RULE_E6);
    incident_rekeyed(&i, 6, false);
    incident_close(&i);
    assert_true(add(&i, RULE_E6, 6, 6)); /* closed, and still so */
    i = opened(RULE_E1);
    incident_rekeyed(&i, 6, true);
    assert_true(add(&i, RULE_E6, 6, 6)); /* the first time is news in any case */
}

/* ---- ours ----------------------------------------------------------------------------------- */

static void what_our_store_lost_ends_by_itself(void **state) /* inv. 5 */
{
    (void)state;
    struct incident i = opened(RULE_BACK), other = opened(RULE_E1);

    assert_false(incident_rekeyed(&i, 6, true));
    assert_true(incident_is_open(&i));
    assert_true(incident_came_back(&i));
    assert_int_equal(i.state, INCIDENT_CLOSED);
    assert_false(incident_came_back(&i));
    assert_false(incident_came_back(&other));
}

static void what_our_store_lost_gives_its_place(void **state) /* inv. 5 */
{
    (void)state;
    struct incident i = opened(RULE_BACK);

    incident_came_back(&i);
    assert_true(add(&i, RULE_E1, 5, 5));
    is(&i, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN, 5);
    assert_true(incident_has(&i, RULE_BACK)); /* one row for the epoch */
    i = opened(RULE_BACK);
    assert_true(add(&i, RULE_E3, 3, 5));
    is(&i, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN, 5);
    i = opened(RULE_BACK);
    assert_true(add(&i, RULE_E1, 6, 6));
    assert_int_equal(i.before, 0);
    assert_false(incident_has(&i, RULE_BACK));
}

static void a_window_goes_on_over_what_our_store_lost(void **state) /* inv. 4 */
{
    (void)state;
    struct incident i = opened(RULE_E1);

    i.taint_lo = 7;
    i.taint_ms = 70;
    assert_true(incident_rekeyed(&i, 6, false));
    assert_true(add(&i, RULE_BACK, 6, 6));
    assert_true(incident_came_back(&i));
    assert_true(add(&i, RULE_E1, 6, 6));
    assert_true(i.tainted);
    assert_int_equal(i.taint_lo, 7);
    assert_int_equal(i.taint_ms, 70);
}

static void what_our_store_lost_joins_what_is_open(void **state) /* inv. 5 */
{
    (void)state;
    struct incident i = opened(RULE_E1);

    assert_false(add(&i, RULE_BACK, 6, 6));
    is(&i, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN, 5);
    incident_rekeyed(&i, 6, false);
    assert_true(add(&i, RULE_BACK, 6, 6));
    is(&i, INCIDENT_SERVER_WENT_BACK, SEVERITY_NOTICE, INCIDENT_OPEN, 6);
    assert_true(add(&i, RULE_E1, 7, 7)); /* and what was before it is not forgotten */
    assert_int_equal(i.severity, SEVERITY_CRITICAL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("each rule has a name and a kind", each_rule_has_a_name_and_a_kind),
        T_CASE("a first finding opens one", a_first_finding_opens_one),
        T_CASE("another finding of its epoch joins", another_finding_of_its_epoch_joins),
        T_CASE("the graver kind names it", the_graver_kind_names_it),
        T_CASE("what joins opens the window again", what_joins_opens_the_window_again),
        T_CASE("an open window keeps its beginning", an_open_window_keeps_its_beginning),
        T_CASE("a rekey heals it", a_rekey_heals_it),
        T_CASE("a tenant may want a person's word", a_tenant_may_want_a_person_s_word),
        T_CASE("a copy can rekey too", a_copy_can_rekey_too),
        T_CASE("a person closes it once", a_person_closes_it_once),
        T_CASE("leaves that come later join what was closed",
               leaves_that_come_later_join_what_was_closed),
        T_CASE("a closed one opens again while its epoch is in use",
               a_closed_one_opens_again_while_its_epoch_is_in_use),
        T_CASE("a second one in a later epoch is critical",
               a_second_one_in_a_later_epoch_is_critical),
        T_CASE("a person's close begins anew", a_person_s_close_begins_anew),
        T_CASE("a newer one waits for what the older waited for",
               a_newer_one_waits_for_what_the_older_waited_for),
        T_CASE("a TPM that went back says so once", a_tpm_that_went_back_says_so_once),
        T_CASE("what our store lost ends by itself", what_our_store_lost_ends_by_itself),
        T_CASE("what our store lost gives its place", what_our_store_lost_gives_its_place),
        T_CASE("a window goes on over what our store lost",
               a_window_goes_on_over_what_our_store_lost),
        T_CASE("what our store lost joins what is open", what_our_store_lost_joins_what_is_open),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
