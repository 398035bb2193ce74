/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: IMA's list is judged in pieces, from where the last attested one ended, by the rules of
 * the day and up to the quoted value alone; what is on its way rides in a ticket and never in the
 * store; and no lost answer, restart or new policy makes an honest machine a bad one. */
#include <stdio.h>
#include <string.h>

#include "appraise/ima_state.h"
#include "soft_machine.h"

/* A machine whose kernel measured three known files, and a policy that wants to see them. */
static void begin(struct machine *m)
{
    machine_make(m);
    machine_policy(m, rules_ima());
    machine_runs(m, "/bin/a", "/bin/a");
    machine_runs(m, "/bin/b", "/bin/b");
    machine_runs(m, "/bin/c", "/bin/c");
}

/* And an accepted attest that asks for all of it. */
static void begin_asked(struct machine *m)
{
    begin(m);
    machine_attests(m, NOTHING);
    machine_is(m, "warning", "no-ima-list");
    machine_covers(m, "identity,boot-log,runtime=no-ima-list");
    machine_wanted(m, false, 0, true);
}

static struct brings part(size_t from, size_t to)
{
    return (struct brings){ .list = true, .from = from, .to = to };
}

static void is_whole(struct machine *m, int next)
{
    machine_is(m, "affirming", NULL);
    machine_covers(m, "identity,boot-log,runtime");
    machine_wanted(m, false, next, false);
    EAR *ear = world_ear(&m->w);
    assert_int_equal(ear_claim(ear, "executables"), 2);
}

/* Of the list in the store: the entries that were attested; -1: nothing. */
static int64_t attested(struct machine *m)
{
    PAWL_CLEANUP(boot_row_done) struct boot_row row = { 0 };
    const struct store                         *s = &m->w.store.store;
    struct ima_state                            ima;

    T_OK(s->boot(s->self, pawl_view_str("acme"), PAWL_VIEW_OF(m->d.id), &row, &m->w.err),
         &m->w.err);
    if (!row.ima.n)
        return -1;
    T_OK(ima_state_parse(pawl_view(row.ima.p, row.ima.n), &ima, &m->w.err), &m->w.err);
    assert_true(ima.attested);
    return (int64_t)ima.at.entries;
}

/* ---- pieces --------------------------------------------------------------------------------- */

static void a_list_in_one_piece(void **state) /* P-LOG-5 */
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    machine_supplies(&m, machine_list(&m));
    is_whole(&m, 4);
    assert_int_equal(attested(&m), 4);
    machine_attests(&m, NOTHING); /* nothing new was measured */
    is_whole(&m, 4);
    machine_runs(&m, "/bin/d", "/bin/d");
    machine_attests(&m, machine_list_from(&m, 4)); /* the delta, with the quote */
    is_whole(&m, 5);
    assert_int_equal(attested(&m), 5);
    assert_string_equal(m.w.step.event, "");
}

static void an_enrolment_asks_for_the_list_by_its_result(void **state)
{
    (void)state;
    MACHINE              m;
    struct enrolling     e;
    struct soft_evidence ev;

    machine_make(&m);
    machine_policy(&m, rules_ima());
    struct pawl_enrol_req req = soft_enrol(&m.d);
    m.w.config.tenant[ACME].reenrol_auto = true;
    world_enrol_request(&m.w, &m.d, &req, &e);
    world_enrol_evidence(&m.d, &e, &ev);
    machine_bring(&m, &ev, LOG);
    soft_evidence_sign(&ev, &e.secret);
    world_takes(&m.w, flow_evidence, soft_evidence_bytes(&ev), 200);
    machine_wanted(&m, false, 0, true);
    machine_supplies(&m, machine_list(&m));
    is_whole(&m, 1);
}

static void a_list_in_three_pieces(void **state) /* P-LOG-3 */
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    machine_supplies(&m, part(0, 1));
    machine_is(&m, "warning", NULL);
    machine_wanted(&m, false, 1, true);
    assert_int_equal(attested(&m), -1);
    machine_supplies(&m, part(1, 2));
    machine_is(&m, "warning", NULL);
    machine_wanted(&m, false, 2, true);
    assert_int_equal(attested(&m), -1);
    machine_supplies(&m, part(2, 4));
    is_whole(&m, 4);
    assert_int_equal(attested(&m), 4);
}

static void the_first_piece_comes_with_the_quote(void **state)
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    machine_attests(&m, part(0, 2));
    machine_is(&m, "warning", NULL);
    machine_wanted(&m, false, 2, true);
    machine_supplies(&m, part(2, 4));
    is_whole(&m, 4);
}

static void log_and_list_are_supplied_one_after_the_other(void **state)
{
    (void)state;
    MACHINE m;

    begin(&m);
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, NOTHING);
    machine_wanted(&m, true, 0, true);
    machine_supplies(&m, LOG);
    machine_wanted(&m, false, 0, true);
    machine_supplies(&m, machine_list(&m));
    is_whole(&m, 1);
}

/* I8: what was measured behind the quote is in the list, and nobody judges it yet. */
static void i8_a_list_that_grew_between_quote_and_reading(void **state)
{
    (void)state;
    MACHINE              m;
    struct soft_evidence ev;

    begin_asked(&m);
    machine_begin(&m, &ev);
    machine_runs(&m, "/bin/evil", "evil");
    machine_bring(&m, &ev, machine_list(&m));
    world_sends(&m.w, &ev);
    is_whole(&m, 4);
    assert_int_equal(attested(&m), 4);
    machine_attests(&m, machine_list_from(&m, 4));
    machine_is(&m, "contraindicated", "file-unknown");
    assert_int_equal(attested(&m), 5);
}

/* I7: neither a piece that leads nowhere nor an old ticket takes back what was found. */
static void i7_no_supply_clears_what_was_found(void **state)
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    machine_supplies(&m, machine_list(&m));
    is_whole(&m, 4);
    machine_runs(&m, "/bin/evil", "evil");
    machine_runs(&m, "/bin/d", "/bin/d");
    machine_attests(&m, part(1, 2)); /* from elsewhere: the ticket goes on from what is attested */
    machine_is(&m, "warning", "no-ima-list");
    struct pawl_view old = machine_supply(&m, part(1, 2));
    machine_supplies(&m, machine_list_from(&m, 4));
    machine_is(&m, "contraindicated", "file-unknown");
    assert_int_equal(attested(&m), 6);
    world_takes(&m.w, flow_supply, old, 200);
    machine_is(&m, "contraindicated", "file-unknown");
    assert_int_equal(attested(&m), 6);
    machine_runs(&m, "/bin/a", "/bin/a");
    machine_runs(&m, "/bin/b", "/bin/b");
    machine_attests(&m, NOTHING);
    machine_is(&m, "contraindicated", "file-unknown");
    machine_supplies(&m, part(6, 7)); /* the rest never comes */
    machine_is(&m, "contraindicated", "file-unknown");
}

/* ---- what is no list of this boot ----------------------------------------------------------- */

static void a_list_that_was_cut_is_asked_for_on(void **state)
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    machine_supplies(&m, part(0, 3)); /* the last entry is held back */
    machine_is(&m, "warning", "ima-list-differs");
    machine_covers(&m, "identity,boot-log,runtime=ima-list-differs");
    machine_wanted(&m, false, 3, true);
    machine_attests(&m, part(0, 3));
    machine_is(&m, "warning", "ima-list-differs");
    assert_int_equal(attested(&m), -1);
}

static void i8_an_edited_list_leads_nowhere(void **state)
{
    (void)state;
    MACHINE          m;
    struct soft_boot mine;

    begin(&m);
    machine_runs(&m, "/bin/evil", "evil");
    mine = m.b;
    m.b.ima.n = m.b.at[m.b.ima.entries - 1]; /* another last entry than the one that was measured */
    m.b.ima.entries--;
    struct soft_device other = m.d;
    soft_boot_runs(&other, &m.b, "/bin/d", "/bin/d");
    machine_attests(&m, NOTHING);
    machine_supplies(&m, machine_list(&m));
    machine_is(&m, "warning", "ima-list-differs");
    assert_int_equal(attested(&m), -1);
    m.b = mine;
    machine_attests(&m, machine_list(&m));
    machine_is(&m, "contraindicated", "file-unknown");
}

static void i7_the_list_of_another_boot(void **state)
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    machine_supplies(&m, machine_list(&m));
    struct soft_boot     before = m.b;
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_runs(&m, "/bin/evil", "evil");
    struct soft_boot now = m.b;
    m.b = before;
    struct brings old = machine_list(&m);
    old.log = true;
    machine_attests(&m, old);
    machine_is(&m, "warning", NULL);
    assert_int_equal(attested(&m), -1);
    m.b = now;
    machine_attests(&m, machine_list(&m));
    machine_is(&m, "contraindicated", "file-unknown");
}

static void bytes_that_are_no_list(void **state) /* P-LOG-5 */
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    struct soft_boot good = m.b;
    m.b.ima.b[m.b.at[1] + 3] = 0x7f; /* a PCR that there is not */
    machine_attests(&m, machine_list(&m));
    machine_is(&m, "warning", "ima-list-broken");
    machine_wanted(&m, false, 0, false); /* with the next request: nothing helps now */
    m.b = good;
    machine_attests(&m, machine_list(&m));
    is_whole(&m, 4);
}

static void the_list_on_its_way_is_authenticated(void **state) /* P-TR-3 */
{
    (void)state;
    MACHINE              m;
    struct soft_evidence ev;

    begin_asked(&m);
    machine_begin(&m, &ev);
    machine_bring(&m, &ev, machine_list(&m));
    soft_evidence_sign(&ev, NULL);
    ev.m.ima = soft_boot_list(&m.b, 0, 3);
    world_refuses(&m.w, flow_evidence, soft_evidence_bytes(&ev), PAWL_E_FORGED,
                  "evidence.mac_base");
}

static void a_list_that_nobody_asked_for_is_refused(void **state) /* P-SUPPLY-4 */
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, NOTHING);
    machine_wanted(&m, true, -1, true);
    world_refuses(&m.w, flow_supply, machine_supply(&m, machine_list(&m)), PAWL_E_DENIED,
                  "supply.ima");
}

/* ---- what is kept, and for how long --------------------------------------------------------- */

static void another_policy_asks_for_the_whole_list_again(void **state) /* P-LOG-4 */
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    machine_supplies(&m, machine_list(&m));
    is_whole(&m, 4);
    machine_policy(&m, rules_ima());
    machine_runs(&m, "/bin/d", "/bin/d");
    machine_attests(&m, machine_list_from(&m, 4)); /* it knows nothing of that */
    machine_is(&m, "warning", NULL);
    machine_wanted(&m, false, 0, true);
    machine_supplies(&m, machine_list(&m));
    is_whole(&m, 5);
    machine_attests(&m, NOTHING);
    is_whole(&m, 5);
}

static void a_reboot_begins_a_new_list(void **state)
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    machine_supplies(&m, machine_list(&m));
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, LOG); /* a new agent asks first what is wanted */
    machine_is(&m, "warning", "no-ima-list");
    machine_wanted(&m, false, 0, true);
    machine_supplies(&m, machine_list(&m));
    is_whole(&m, 1);
}

/* The verifier knows more than the device was told, which goes on where it was told to. */
static void a_lost_answer_costs_no_verdict(void **state) /* P-LOG-3 */
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    struct pawl_view asked = machine_supply(&m, machine_list(&m));
    world_takes(&m.w, flow_supply, asked, 200); /* answered, and lost */
    machine_attests(&m, machine_list(&m));
    is_whole(&m, 4);
    machine_runs(&m, "/bin/d", "/bin/d");
    machine_attests(&m, machine_list_from(&m, 4)); /* lost */
    machine_runs(&m, "/bin/d", "/bin/d");
    machine_attests(&m, machine_list_from(&m, 4));
    machine_wanted(&m, false, 5, true);
    assert_int_equal(attested(&m), 5);
    machine_supplies(&m, machine_list_from(&m, 5));
    is_whole(&m, 6);
}

static void a_supply_of_pieces_may_be_repeated(void **state) /* P-SUPPLY-2 */
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    struct pawl_view first = machine_supply(&m, part(0, 2));
    world_takes(&m.w, flow_supply, first, 200);
    struct pawl_view second = machine_supply(&m, part(2, 4));
    for (unsigned i = 0; i < 2; i++) {
        world_takes(&m.w, flow_supply, second, 200);
        is_whole(&m, 4);
    }
    world_takes(&m.w, flow_supply, first, 200); /* late */
    machine_wanted(&m, false, 2, true);
    assert_int_equal(attested(&m), 4);
    machine_attests(&m, NOTHING);
    is_whole(&m, 4);
}

static void leaves_go_with_a_ticket_for_a_list(void **state)
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    world_takes(&m.w, flow_supply, machine_supply(&m, NOTHING), 200);
    machine_is(&m, "warning", "no-ima-list");
    machine_wanted(&m, false, 0, true);
    machine_supplies(&m, part(0, 2));
    world_takes(&m.w, flow_supply, machine_supply(&m, NOTHING), 200);
    machine_wanted(&m, false, 2, true);
    machine_supplies(&m, part(2, 4));
    is_whole(&m, 4);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void an_unknown_file_stays_one_until_the_next_boot(void **state)
{
    (void)state;
    MACHINE m;

    begin_asked(&m);
    machine_supplies(&m, machine_list(&m));
    machine_runs(&m, "/bin/evil", "evil");
    machine_attests(&m, machine_list_from(&m, 4));
    machine_is(&m, "contraindicated", "file-unknown");
    assert_non_null(strstr(world_record(&m.w, &m.d).why, "/bin/evil"));
    machine_runs(&m, "/bin/d", "/bin/d");
    machine_attests(&m, machine_list_from(&m, 5));
    machine_is(&m, "contraindicated", "file-unknown");
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    struct brings all = machine_list(&m);
    all.log = true;
    machine_attests(&m, all);
    is_whole(&m, 1);
}

/* A machine writes its files all day: an event for each would be one for each attest, without end.
 */
static void another_excluded_file_is_no_news(void **state)
{
    (void)state;
    MACHINE m;
    char    rules[2048];

    begin(&m);
    snprintf(rules, sizeof(rules), "%.*s,\"exclude\":[\"/var/log/\"]}",
             (int)strlen(rules_ima()) - 1, rules_ima());
    machine_policy(&m, rules);
    machine_runs(&m, "/var/log/one", "1");
    machine_attests(&m, machine_list(&m));
    machine_is(&m, "affirming", "files-excluded");
    assert_non_null(strstr(m.w.step.event, "files-excluded"));
    machine_runs(&m, "/var/log/two", "2");
    machine_attests(&m, machine_list_from(&m, 5));
    machine_is(&m, "affirming", "files-excluded");
    assert_string_equal(m.w.step.event, "");
    machine_runs(&m, "/bin/evil", "evil");
    machine_attests(&m, machine_list_from(&m, 6));
    assert_non_null(strstr(m.w.step.event, "file-unknown"));
}

static void an_exception_for_a_file_and_its_end(void **state) /* P-LOG-4 */
{
    (void)state;
    MACHINE     m;
    struct step s = { .has_exception = true, .tenant = "acme" };

    begin(&m);
    machine_runs(&m, "/bin/evil", "evil");
    machine_attests(&m, machine_list(&m));
    machine_is(&m, "contraindicated", "file-unknown");
    s.exception.created_s = m.w.now_ms / 1000;
    s.exception.x = (struct exception){ .reason = REASON_FILE_UNKNOWN,
                                        .what = "/bin/evil",
                                        .author = "ann",
                                        .note = "ours",
                                        .until_s = m.w.now_ms / 1000 + 60 };
    T_OK(store_commit_wait(&m.w.store.store, &s, &m.w.err), &m.w.err);
    machine_attests(&m, NOTHING);
    machine_wanted(&m, false, 0, true); /* other rules: the whole list again */
    machine_supplies(&m, machine_list(&m));
    is_whole(&m, 5);
    m.w.now_ms += 60000;
    machine_attests(&m, NOTHING);
    machine_wanted(&m, false, 0, true);
    machine_supplies(&m, machine_list(&m));
    machine_is(&m, "contraindicated", "file-unknown");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a list in one piece", a_list_in_one_piece),
        T_CASE("an enrolment asks for the list by its result",
               an_enrolment_asks_for_the_list_by_its_result),
        T_CASE("a list in three pieces", a_list_in_three_pieces),
        T_CASE("the first piece comes with the quote", the_first_piece_comes_with_the_quote),
        T_CASE("log and list are supplied one after the other",
               log_and_list_are_supplied_one_after_the_other),
        T_CASE("I8 a list that grew between quote and reading",
               i8_a_list_that_grew_between_quote_and_reading),
        T_CASE("a list that was cut is asked for on", a_list_that_was_cut_is_asked_for_on),
        T_CASE("I8 an edited list leads nowhere", i8_an_edited_list_leads_nowhere),
        T_CASE("I7 the list of another boot", i7_the_list_of_another_boot),
        T_CASE("I7 no supply clears what was found", i7_no_supply_clears_what_was_found),
        T_CASE("bytes that are no list", bytes_that_are_no_list),
        T_CASE("the list on its way is authenticated", the_list_on_its_way_is_authenticated),
        T_CASE("a list that nobody asked for is refused", a_list_that_nobody_asked_for_is_refused),
        T_CASE("another policy asks for the whole list again",
               another_policy_asks_for_the_whole_list_again),
        T_CASE("a reboot begins a new list", a_reboot_begins_a_new_list),
        T_CASE("a lost answer costs no verdict", a_lost_answer_costs_no_verdict),
        T_CASE("a supply of pieces may be repeated", a_supply_of_pieces_may_be_repeated),
        T_CASE("leaves go with a ticket for a list", leaves_go_with_a_ticket_for_a_list),
        T_CASE("an unknown file stays one until the next boot",
               an_unknown_file_stays_one_until_the_next_boot),
        T_CASE("another excluded file is no news", another_excluded_file_is_no_news),
        T_CASE("an exception for a file and its end", an_exception_for_a_file_and_its_end),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
