/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the table of device states has the properties that security rests on, and
 * docs/state-machines.md shows this table. The program's argument is that file; with
 * PAWL_WRITE_DOCS set it is written anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/lifecycle.h"
#include "t.h"

static const char *document;

static enum device_state next(int from, int on)
{
    enum device_state to = DEVICE_NONE;
    struct pawl_err   err;
    pawl_status       s = device_next((enum device_state)from, (enum device_event)on, &to, &err);

    if (pawl_is_ok(s)) {
        assert_int_not_equal(to, DEVICE_NONE);
        return to;
    }
    assert_int_equal(s.code, PAWL_E_STATE);
    T_WHERE(&err, "device.state");
    return DEVICE_NONE;
}

static void nothing_leaves_revoked(void **state)
{
    (void)state;
    for (int on = 0; on < DEVICE_EVENT_COUNT; on++)
        assert_int_equal(next(DEVICE_REVOKED, on), DEVICE_NONE);
}

static void every_record_can_be_revoked(void **state)
{
    (void)state;
    assert_int_equal(next(DEVICE_PENDING, DEVICE_EVENT_REVOKE), DEVICE_REVOKED);
    assert_int_equal(next(DEVICE_ACTIVE, DEVICE_EVENT_REVOKE), DEVICE_REVOKED);
    assert_int_equal(next(DEVICE_NONE, DEVICE_EVENT_REVOKE), DEVICE_NONE);
}

static void only_a_word_for_it_makes_a_device_active(void **state)
{
    (void)state;
    for (int from = 0; from < DEVICE_COUNT; from++)
        for (int on = 0; on < DEVICE_EVENT_COUNT; on++)
            if (next(from, on) == DEVICE_ACTIVE)
                assert_true(on == DEVICE_EVENT_ADMIT || on == DEVICE_EVENT_APPROVE);
}

static void an_active_device_never_enrols_by_itself(void **state)
{
    (void)state;
    assert_int_equal(next(DEVICE_ACTIVE, DEVICE_EVENT_ENROL), DEVICE_NONE);
}

static void nobody_approves_what_never_enrolled(void **state)
{
    (void)state;
    assert_int_equal(next(DEVICE_NONE, DEVICE_EVENT_APPROVE), DEVICE_NONE);
}

static void outside_of_the_table_is_a_bug(void **state)
{
    (void)state;
    enum device_state to;
    struct pawl_err   err;

    t_poison(&to, sizeof(to));
    T_FAILS(device_next(DEVICE_COUNT, DEVICE_EVENT_ENROL, &to, &err), &err, PAWL_E_BUG);
    T_FAILS(device_next((enum device_state) - 1, DEVICE_EVENT_ENROL, &to, &err), &err, PAWL_E_BUG);
    T_FAILS(device_next(DEVICE_NONE, DEVICE_EVENT_COUNT, &to, &err), &err, PAWL_E_BUG);
    t_still_poisoned(&to, sizeof(to));
}

static void print_row(FILE *out, int from)
{
    fprintf(out, "| %s |",
            from == DEVICE_NONE ? "(no record)" : device_state_name((enum device_state)from));
    for (int on = DEVICE_EVENT_NONE + 1; on < DEVICE_EVENT_COUNT; on++) {
        enum device_state to = next(from, on);
        fprintf(out, " %s |", to == DEVICE_NONE ? "refused" : device_state_name(to));
    }
    fprintf(out, "\n");
}

static char *print_document(void)
{
    char  *text;
    size_t n;
    FILE  *out = open_memstream(&text, &n);

    assert_non_null(out);
    fprintf(out, "# State machines\n\n"
                 "Printed from the tables of the code by `tests/unit/verifier/test_lifecycle.c`, "
                 "which fails when this page differs\n(`PAWL_WRITE_DOCS=1` writes it anew).\n\n"
                 "## A device, `verifier/flow/lifecycle.c`\n\n| state |");
    for (int on = DEVICE_EVENT_NONE + 1; on < DEVICE_EVENT_COUNT; on++)
        fprintf(out, " %s |", device_event_name((enum device_event)on));
    fprintf(out, "\n|---|");
    for (int on = DEVICE_EVENT_NONE + 1; on < DEVICE_EVENT_COUNT; on++)
        fprintf(out, "---|");
    fprintf(out, "\n");
    for (int from = 0; from < DEVICE_COUNT; from++)
        print_row(out, from);
    fprintf(out,
            "\n- enrol: the device proved its keys, and nobody vouched for it.\n"
            "- admit: it proved its keys, and a token or the tenant's configuration let it in; "
            "for an active device that is an\n  operator's leave, a token made for it alone, or "
            "`reenrol = auto`.\n"
            "- approve, revoke: by an operator. Approving an active device is leave to come back, "
            "once, "
            "by a resync or another enrolment;\n  a new incident of the device ends it.\n");
    fclose(out);
    return text;
}

static void the_document_shows_this_table(void **state)
{
    (void)state;
    char  *want = print_document();
    size_t n = strlen(want);
    char  *got = calloc(1, n + 2);
    FILE  *f;

    if (!document) {
        free(want);
        free(got);
        skip();
    }
    if (getenv("PAWL_WRITE_DOCS")) {
        f = fopen(document, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(want, 1, n, f), n);
        fclose(f);
    }
    f = fopen(document, "r");
    assert_non_null(f);
    assert_int_equal(fread(got, 1, n + 1, f), n);
    fclose(f);
    assert_string_equal(got, want);
    free(want);
    free(got);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        T_CASE("nothing leaves revoked", nothing_leaves_revoked),
        T_CASE("every record can be revoked", every_record_can_be_revoked),
        T_CASE("only a word for it makes a device active",
               only_a_word_for_it_makes_a_device_active),
        T_CASE("an active device never enrols by itself", an_active_device_never_enrols_by_itself),
        T_CASE("nobody approves what never enrolled", nobody_approves_what_never_enrolled),
        T_CASE("outside of the table is a bug", outside_of_the_table_is_a_bug),
        T_CASE("the document shows this table", the_document_shows_this_table),
    };

    document = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(cases, NULL, NULL);
}
