/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a fault makes a claim worse unless an exception that holds says otherwise, who made it
 * stands in the verdict, a group that watches contraindicates nothing, and an end is the second it
 * says. */
#include "appraise/judging.h"

#include <string.h>

#include "t.h"

enum { NOW = 1790000000 };

static struct exception exception(enum reason r, const char *what, int64_t until_s)
{
    struct exception e = { .reason = r, .author = "alice", .until_s = until_s };

    memcpy(e.what, what, strlen(what) + 1);
    memcpy(e.note, "new BIOS", 9);
    return e;
}

static bool fault(struct judging *j, enum reason r, const char *what)
{
    return judging_fault(j, &j->v->executables, AR4SI_CONTRAINDICATED, r, what, "%s is %d", what,
                         7);
}

static void a_fault_is_found_and_makes_the_claim_worse(void **state)
{
    (void)state;
    struct verdict v = { .executables = AR4SI_BOOT_ONLY };
    struct judging j = { .v = &v, .now_s = NOW };

    assert_false(fault(&j, REASON_PCR_DIFFERS, "sha256:7"));
    assert_int_equal(v.executables, AR4SI_CONTRAINDICATED);
    assert_int_equal(v.finding_n, 1);
    assert_int_equal(v.finding[0].reason, REASON_PCR_DIFFERS);
    assert_string_equal(v.finding[0].what, "sha256:7");
    assert_string_equal(v.finding[0].detail, "sha256:7 is 7");
}

static void a_note_makes_nothing_worse(void **state)
{
    (void)state;
    struct verdict v = { .executables = AR4SI_BOOT_ONLY };
    struct judging j = { .v = &v, .now_s = NOW };

    judging_note(&j, REASON_LAB_TPM, "roots", "%d", 5);
    assert_int_equal(v.executables, AR4SI_BOOT_ONLY);
    assert_int_equal(v.finding[0].reason, REASON_LAB_TPM);
    assert_string_equal(v.finding[0].what, "roots");
    assert_string_equal(v.finding[0].detail, "5");
}

static void an_exception_turns_its_fault_into_a_note(void **state)
{
    (void)state;
    const struct exception e = exception(REASON_PCR_DIFFERS, "sha256:7", NOW + 1);
    struct verdict         v = { .executables = AR4SI_BOOT_ONLY };
    struct judging         j = { .v = &v, .now_s = NOW, .exception_n = 1, .exception = &e };

    assert_true(fault(&j, REASON_PCR_DIFFERS, "sha256:7"));
    assert_int_equal(v.executables, AR4SI_BOOT_ONLY);
    assert_int_equal(v.finding_n, 1);
    assert_int_equal(v.finding[0].reason, REASON_EXCEPTED);
    assert_string_equal(v.finding[0].what, "sha256:7");
    assert_string_equal(v.finding[0].detail,
                        "pcr-differs, by alice until 2026-09-21T14:13:21Z (new BIOS): "
                        "sha256:7 is 7");
}

static void an_exception_takes_nothing_else(void **state)
{
    (void)state;
    const struct exception e[] = { exception(REASON_PCR_DIFFERS, "sha256:7", NOW + 1),
                                   exception(REASON_FILE_UNKNOWN, "/usr/bin/a", NOW + 1) };
    struct verdict         v = { 0 };
    struct judging         j = { .v = &v, .now_s = NOW, .exception_n = 2, .exception = e };

    assert_false(fault(&j, REASON_PCR_DIFFERS, "sha256:71"));
    assert_false(fault(&j, REASON_PCR_DIFFERS, "sha256:"));
    assert_false(fault(&j, REASON_PCR_MISSING, "sha256:7"));
    assert_false(fault(&j, REASON_FILE_UNKNOWN, "sha256:7"));
    assert_false(fault(&j, REASON_PCR_DIFFERS, ""));
    assert_int_equal(v.executables, AR4SI_CONTRAINDICATED);
    assert_ptr_equal(judging_exception(&j, REASON_FILE_UNKNOWN, "/usr/bin/a"), &e[1]);
}

static void an_exception_without_a_name_takes_all_of_its_reason(void **state)
{
    (void)state;
    const struct exception e = exception(REASON_PCR_DIFFERS, "", NOW + 1);
    struct verdict         v = { 0 };
    struct judging         j = { .v = &v, .now_s = NOW, .exception_n = 1, .exception = &e };

    assert_true(fault(&j, REASON_PCR_DIFFERS, "sha256:7"));
    assert_true(fault(&j, REASON_PCR_DIFFERS, ""));
    assert_false(fault(&j, REASON_PCR_MISSING, "sha256:7"));
}

static void an_exception_ends_with_its_second(void **state)
{
    (void)state;
    struct exception e = exception(REASON_PCR_DIFFERS, "", NOW);
    struct verdict   v = { 0 };
    struct judging   j = { .v = &v, .now_s = NOW, .exception_n = 1, .exception = &e };

    assert_null(judging_exception(&j, REASON_PCR_DIFFERS, "sha256:7"));
    assert_false(fault(&j, REASON_PCR_DIFFERS, "sha256:7"));
    assert_int_equal(v.executables, AR4SI_CONTRAINDICATED);
    j.now_s = NOW - 1;
    assert_non_null(judging_exception(&j, REASON_PCR_DIFFERS, "sha256:7"));
}

static void who_and_until_when_outlive_a_long_finding(void **state)
{
    (void)state;
    struct exception e = exception(REASON_PCR_DIFFERS, "", NOW + 1);
    struct verdict   v = { 0 };
    struct judging   j = { .v = &v, .now_s = NOW, .exception_n = 1, .exception = &e };
    char             longer[400];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    memset(e.author, 'a', sizeof(e.author) - 1);
    memset(e.note, 'n', sizeof(e.note) - 1);
    judging_fault(&j, &v.executables, AR4SI_UNSAFE, REASON_PCR_DIFFERS, "", "%s", longer);
    assert_non_null(strstr(v.finding[0].detail, e.author));
    assert_non_null(strstr(v.finding[0].detail, "until 2026-09-21T14:13:21Z (nnn"));
}

static void a_watching_group_contraindicates_nothing(void **state)
{
    (void)state;
    struct verdict v = { 0 };
    struct judging j = { .v = &v, .now_s = NOW, .watch = true };

    assert_false(fault(&j, REASON_PCR_DIFFERS, "sha256:7"));
    assert_int_equal(v.executables, AR4SI_UNRECOGNISED);
    assert_false(judging_fault(&j, &v.configuration, AR4SI_CONTRAINDICATED, REASON_SECURE_BOOT_OFF,
                               "", "x"));
    assert_int_equal(v.configuration, AR4SI_UNSAFE);
    assert_int_equal(v.finding_n, 3); /* one note for both */
    assert_int_equal(v.finding[0].reason, REASON_WATCHED);
    assert_int_equal(v.finding[1].reason, REASON_PCR_DIFFERS);
    assert_int_equal(v.finding[2].reason, REASON_SECURE_BOOT_OFF);
}

static void watching_changes_no_warning(void **state)
{
    (void)state;
    struct verdict v = { 0 };
    struct judging j = { .v = &v, .now_s = NOW, .watch = true };

    judging_fault(&j, &v.executables, AR4SI_UNRECOGNISED, REASON_PCR_MISSING, "", "x");
    judging_fault(&j, &v.hardware, AR4SI_UNSAFE, REASON_FIRMWARE_TOO_OLD, "", "x");
    assert_int_equal(v.executables, AR4SI_UNRECOGNISED);
    assert_int_equal(v.hardware, AR4SI_UNSAFE);
    assert_int_equal(v.finding_n, 2);
}

static int64_t until(const char *text)
{
    int64_t         s = -1;
    struct pawl_err err;

    T_OK(judging_until(pawl_view_str(text), &s, &err), &err);
    return s;
}

static void reads_days_and_times(void **state)
{
    (void)state;
    assert_true(until("1970-01-01T00:00:00Z") == 0);
    assert_true(until("2026-09-21T14:13:20Z") == NOW);
    assert_true(until("2026-12-31T23:59:59Z") == 1798761599);
    assert_true(until("2026-12-31") == 1798761600); /* all of that day */
    assert_true(until("2027-01-01T00:00:00Z") == 1798761600);
    assert_true(until("2028-02-29") == until("2028-03-01T00:00:00Z"));
    assert_true(until("2000-02-29T12:00:00Z") == 951825600);
    assert_true(until("9999-12-31") == 253402300800);
}

static void refuses_other_forms(void **state)
{
    (void)state;
    static const char *const forms[] = { "",
                                         "2026",
                                         "2026-12-3",
                                         "2026-12-311",
                                         "20261231",
                                         "2026/12/31",
                                         "2026-12-31T00:00:00",
                                         "2026-12-31T00:00:00z",
                                         "2026-12-31 00:00:00Z",
                                         "2026-12-31T00:00:00+00:00",
                                         "2026-12-31T00:00:00Z ",
                                         " 2026-12-31",
                                         "-026-12-31",
                                         "2026-12-31T00:00:00Z2026-12-31T00:00:00Z" };
    static const char *const days[] = {
        "1969-12-31",           "2026-00-01",           "2026-13-01",          "2026-12-00",
        "2026-12-32",           "2026-02-29",           "2100-02-29",          "2026-04-31",
        "2026-12-31T24:00:00Z", "2026-12-31T00:60:00Z", "2026-12-31T00:00:60Z"
    };
    int64_t         s = 77;
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        T_FAILS(judging_until(pawl_view_str(forms[i]), &s, &err), &err, PAWL_E_FORM);
        T_WHERE(&err, "until");
    }
    T_FAILS(judging_until(pawl_view("2026-12-31\0T", 12), &s, &err), &err, PAWL_E_FORM);
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        T_FAILS(judging_until(pawl_view_str(days[i]), &s, &err), &err, PAWL_E_RANGE);
        T_WHERE(&err, "until");
    }
    assert_true(s == 77);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("a fault is found and makes the claim worse",
               a_fault_is_found_and_makes_the_claim_worse),
        T_CASE("a note makes nothing worse", a_note_makes_nothing_worse),
        T_CASE("an exception turns its fault into a note",
               an_exception_turns_its_fault_into_a_note),
        T_CASE("an exception takes nothing else", an_exception_takes_nothing_else),
        T_CASE("an exception without a name takes all of its reason",
               an_exception_without_a_name_takes_all_of_its_reason),
        T_CASE("an exception ends with its second", an_exception_ends_with_its_second),
        T_CASE("who and until when outlive a long finding",
               who_and_until_when_outlive_a_long_finding),
        T_CASE("a watching group contraindicates nothing",
               a_watching_group_contraindicates_nothing),
        T_CASE("watching changes no warning", watching_changes_no_warning),
        T_CASE("reads days and times", reads_days_and_times),
        T_CASE("refuses other forms, and days that there are not", refuses_other_forms),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
