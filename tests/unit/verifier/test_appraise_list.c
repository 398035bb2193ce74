/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: a list that is missing, broken, in pieces, from elsewhere, of another boot or of another
 * bank is found, for what it is, and never believed; what is kept of it is judged anew where rules
 * or exceptions changed; a real machine's log and list are judged whole.
 */
#include <stdio.h>
#include <string.h>

#include "appraise/appraise.h"
#include "appraise_fixture.h"
#include "soft_ima.h"
#include "soft_quote.h"

static struct pawl_err err;

/* ---- the list ------------------------------------------------------------------------------- */

static void i0_an_unknown_file_is_found_and_stays(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_runs(&w, "/bin/evil");
    world_attests_anew(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(world_findings(&w, REASON_FILE_UNKNOWN), 1);
    world_judge(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(world_findings(&w, REASON_FILE_UNKNOWN), 1);
}

/* Wrong stays wrong, told or not: in what is kept, and in what comes behind it. */
static void i0_more_unknown_files_than_are_told_are_counted(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    for (int i = 0; i < IMA_STATE_FAILURES + 2; i++)
        world_runs(&w, "/bin/evil");
    world_attests_anew(&w);
    for (int i = 0; i < 2; i++) {
        world_is(&w, TIER_CONTRAINDICATED);
        assert_int_equal(world_findings(&w, REASON_FILE_UNKNOWN), IMA_STATE_FAILURES);
        assert_int_equal(world_findings(&w, REASON_IMA_MORE_WRONG), 1);
        assert_int_equal(world_findings(&w, REASON_IMA_LIST_BROKEN), 0);
        assert_int_equal(w.kept.ima.failures.dropped, 2 + i);
        size_t end = w.list.n;
        world_runs(&w, "/bin/worse");
        world_sends_list(&w, end, w.kept.ima.at.entries);
        world_judge(&w);
    }
    world_judge(&w); /* and with nothing new */
    world_is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(world_findings(&w, REASON_IMA_MORE_WRONG), 1);
}

static void i7_other_rules_ask_for_the_whole_list(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    world_rules(&w, ", \"note\": \"another text\"");
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    assert_int_equal(w.want.first, 0);
    world_sends_list(&w, 0, 0);
    world_judge(&w);
    world_is_good(&w);
}

static void except(struct world *w, const char *path)
{
    struct exception *x = &w->exception[w->exception_n++];

    *x = (struct exception){ .reason = REASON_FILE_UNKNOWN, .until_s = NOW + 100 };
    snprintf(x->what, sizeof(x->what), "%s", path);
    snprintf(x->author, sizeof(x->author), "ann");
}

static void an_exception_for_a_file_excludes_it_until_its_end(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_runs(&w, "/bin/evil");
    world_attests_anew(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    except(&w, "/bin/evil");
    world_judge(&w);
    assert_int_equal(w.want.first, 0);
    world_sends_list(&w, 0, 0);
    world_judge(&w);
    world_is_good(&w);
    assert_int_equal(w.kept.ima.judged.excluded, 1);
    assert_string_equal(w.kept.ima.judged.excluded_path[0], "/bin/evil");
    w.now_s += 100;
    world_judge(&w);
    assert_int_equal(w.want.first, 0);
    world_sends_list(&w, 0, 0);
    world_judge(&w);
    world_is(&w, TIER_CONTRAINDICATED);
}

static void i12_an_exception_excludes_one_path_only(void **state)
{
    (void)state;
    static const char *const none[] = { "/bin/", "bin/evil", "/bin/../bin/evil", "/bin", "" };
    uint8_t                  plain[IMA_RULES_ID], id[IMA_RULES_ID];

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        WORLD          w;
        struct judging j = { .now_s = NOW };
        world_begin(&w);
        T_OK(appraise_rules_id(&w.policy, &j, plain, &err), &err);
        except(&w, none[i]);
        j.exception = w.exception;
        j.exception_n = 1;
        T_OK(appraise_rules_id(&w.policy, &j, id, &err), &err);
        assert_int_equal(memcmp(plain, id, sizeof(id)) == 0, strcmp(none[i], "/bin") != 0);
        world_runs(&w, "/bin/evil");
        world_attests_anew(&w);
        assert_int_equal(w.kept.ima.judged.bad, 1);
        assert_int_equal(w.kept.ima.judged.excluded, 0);
    }
}

static void rules_have_an_id_for_each_text_and_exception(void **state)
{
    (void)state;
    WORLD          w;
    uint8_t        id[4][IMA_RULES_ID];
    struct judging j = { .now_s = NOW };

    world_begin(&w);
    T_OK(appraise_rules_id(&w.policy, &j, id[0], &err), &err);
    except(&w, "/bin/a");
    except(&w, "/bin/b");
    j.exception = w.exception;
    for (size_t n = 1; n <= 2; n++) {
        j.exception_n = n;
        T_OK(appraise_rules_id(&w.policy, &j, id[n], &err), &err);
    }
    w.exception[0].reason = REASON_IMA_VIOLATION; /* which changes no rule of the list */
    w.exception[1].until_s = NOW;
    T_OK(appraise_rules_id(&w.policy, &j, id[3], &err), &err);
    assert_memory_equal(id[0], id[3], IMA_RULES_ID);
    assert_memory_not_equal(id[0], id[1], IMA_RULES_ID);
    assert_memory_not_equal(id[1], id[2], IMA_RULES_ID);
}

static void i8_a_list_in_pieces_goes_on_in_a_ticket(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    size_t end = w.list.n;
    world_runs(&w, "/bin/tool");
    world_attests_anew(&w);
    world_is_good(&w);
    w.kept.has_ima = false;

    world_sends_list(&w, 0, 0);
    w.sent_list.bytes.n = end;
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_RUNTIME, REASON_IMA_LIST_DIFFERS);
    assert_true(w.want.ima_more);
    assert_int_equal(w.want.first, 2);
    assert_false(w.next.ima.attested);
    w.kept.has_ima = true; /* a ticket brings it back */
    w.kept.ima = w.next.ima;
    world_sends_list(&w, end, 2);
    world_judge(&w);
    world_is_good(&w);
    assert_int_equal(w.kept.ima.judged.known, 2);
}

static void bytes_that_are_no_list_are_found_and_the_whole_is_asked_for(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    world_runs(&w, "/bin/tool");
    w.sent_list = (struct appraise_list){ true, 2, pawl_view_str("no list") };
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_RUNTIME, REASON_IMA_LIST_BROKEN);
    assert_true(world_findings(&w, REASON_IMA_LIST_BROKEN) > 0);
    assert_int_equal(w.want.first, 0);
    assert_false(w.want.ima_more);
    world_sends_list(&w, 0, 0);
    world_judge(&w);
    world_is_good(&w);
}

static void i7_a_piece_from_elsewhere_changes_nothing(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    size_t end = w.list.n;
    world_runs(&w, "/bin/tool");
    world_sends_list(&w, end, 3);
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    assert_int_equal(w.want.first, 2);
    assert_true(w.kept.has_ima);
    world_sends_list(&w, end, 2);
    world_judge(&w);
    world_is_good(&w);
}

/* Something ran that no rule knows; from then on the list stays away, or comes to nothing. */
static void i7_who_holds_the_list_back_is_not_cleared(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    size_t end = w.list.n;
    world_runs(&w, "/bin/evil");
    world_sends_list(&w, end, 2);
    world_judge(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    for (int way = 0; way < 4; way++) {
        world_runs(&w, "/bin/sh");
        if (way == 1)
            w.sent_list = (struct appraise_list){ true, 3, pawl_view_str("no list") };
        if (way == 2)
            world_sends_list(&w, end, 2); /* one that does not go on where it should */
        if (way == 3)
            w.sent_list = (struct appraise_list){ true, 0, pawl_view("", 0) };
        world_judge(&w);
        world_is(&w, TIER_CONTRAINDICATED);
        assert_int_equal(world_findings(&w, REASON_FILE_UNKNOWN), 1);
        assert_false(w.v.cover[COVER_RUNTIME].is);
    }
    world_resets(&w); /* another boot: nothing is known of it, good or bad */
    world_names_log(&w);
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_attests_anew(&w);
    world_is_good(&w);
}

static void i6_a_kernel_that_measured_without_its_tpm_says_so(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    WORLD                w;

    world_begin(&w);
    soft_ima_boot(&w.list);
    const struct pawl_view fields[] = { soft_ima_named("sha256:", PAWL_VIEW_OF(zeros)),
                                        soft_ima_text("boot_aggregate") };
    soft_ima_entry(&w.list, 10, "ima-ng", fields, 2);
    *soft_quote_pcr(&w.quoted, PAWL_SHA256, 10) = (struct pawl_digest){ .n = 32 };
    world_names_log(&w);
    world_sends_log(&w);
    world_judge(&w);
    world_covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    world_sends_list(&w, 0, 0);
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_RUNTIME, REASON_IMA_WITHOUT_TPM);
    world_covers(&w, COVER_BOOT_LOG, REASON_NONE);
    assert_false(w.want.ima_more);
    assert_int_equal(w.want.first, 0);
}

static void i6_another_boots_list_is_found(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    struct soft_ima list = w.list;
    size_t          at = soft_eventlog_find(&w.soft, 8, EV_IPL, 1);
    w.soft.event[at] = soft_event_line(8, "kernel_cmdline: ", "/vmlinuz init=/bin/sh");
    world_resets(&w);
    w.list = list;
    world_quotes_list(&w);
    world_attests_anew(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(world_findings(&w, REASON_IMA_LIST_BROKEN), 1);
}

static void the_list_needs_its_pcr(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    w.quoted.select.bank[0].bits = 0xffffff & ~(1u << 10);
    memmove(&w.quoted.values.value[10], &w.quoted.values.value[11],
            13 * sizeof(w.quoted.values.value[0]));
    w.quoted.values.n = 23;
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_RUNTIME, REASON_PCR_MISSING);
    world_covers(&w, COVER_BOOT_LOG, REASON_NONE);
    assert_false(w.want.ima);
    assert_true(w.kept.has_ima); /* the next quote may have it again */
}

static void a_list_that_nobody_asked_for_is_not_looked_at(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_rules_of_boot(&w, "");
    world_runs(&w, "/bin/evil");
    world_attests_anew(&w);
    world_is(&w, TIER_AFFIRMING);
    assert_int_equal(w.v.executables, AR4SI_BOOT_ONLY);
    assert_false(w.next.has_ima || w.want.ima);
}

/* Every quote has SHA-256 by default; a device without it is followed in the strongest one. */
static void a_list_is_followed_in_one_bank(void **state)
{
    (void)state;
    static const struct {
        enum pawl_hash bank[2], followed;
    } cases[] = { { { PAWL_SHA256, PAWL_SHA384 }, PAWL_SHA256 },
                  { { PAWL_SHA1, PAWL_SHA384 }, PAWL_SHA384 },
                  { { PAWL_SHA512, PAWL_SHA384 }, PAWL_SHA512 } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        WORLD w;
        world_begin(&w);
        w.soft.bank_n = 2;
        memcpy(w.soft.bank, cases[i].bank, sizeof(cases[i].bank));
        w.log = soft_eventlog_bytes(&w.soft);
        w.quoted = soft_quote_of(w.log);
        world_judge(&w);
        assert_int_equal(w.next.ima.at.bank, cases[i].followed);
    }
}

static void i7_a_state_of_another_bank_or_boot_is_begun_anew(void **state)
{
    (void)state;
    WORLD w;

    for (int i = 0; i < 2; i++) {
        world_begin(&w);
        world_attests_anew(&w);
        if (i == 0)
            w.kept.ima.at.bank = PAWL_SHA384;
        else
            w.kept.ima.at.resets--;
        world_judge(&w);
        world_is(&w, TIER_WARNING);
        world_covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
        assert_int_equal(w.want.first, 0);
        world_sends_list(&w, 0, 0);
        world_judge(&w);
        world_is_good(&w);
        if (i == 0)
            policy_done(&w.policy);
    }
}

/* ---- a real machine ------------------------------------------------------------------------- */

/* PCRs 0 to 11 of SHA-256, as its kernel read them. */
static struct soft_quote real_quote(struct pawl_view text)
{
    struct soft_quote q = { .select = { 1, { { PAWL_SHA256, 0xfff } } } };

    for (size_t at = 0; q.values.n < 12;) {
        struct pawl_digest *d = &q.values.value[q.values.n++];
        unsigned            pcr;
        int                 n = 0;
        char                hex[65], line[128] = { 0 };
        memcpy(line, text.p + at, text.n - at < 127 ? text.n - at : 127);
        assert_int_equal(sscanf(line, "PCR %u %64s%n", &pcr, hex, &n), 2);
        d->n = 32;
        T_OK(pawl_hex_parse_exact(hex, "pcr", d->b, 32, &err), &err);
        at += (size_t)n + 1;
    }
    return q;
}

static void l1_i6_a_real_machine_is_judged_whole(void **state)
{
    (void)state;
    struct pawl_view log = t_testdata("eventlogs/own-ovmf-debian12.bin");
    struct pawl_view list = t_testdata("ima/own-debian12-binary.bin");
    struct pawl_view pcrs = t_testdata("eventlogs/own-ovmf-debian12.pcrs-sha256.txt");
    WORLD            w;

    world_begin(&w);
    policy_done(&w.policy);
    T_OK(policy_parse(pawl_view_str("{\"name\": \"gateway\", \"version\": 3,"
                                    " \"pcrs\": {\"sha256\": {\"8\": \"unmeasured\"}},"
                                    " \"event_log\": {\"needed\": true},"
                                    " \"ima\": {\"exclude\": [\"/tmp/\"]}}"),
                      &w.policy, &err),
         &err);
    w.log = log;
    w.quoted = real_quote(pcrs);
    world_names_log(&w);
    world_sends_log(&w);
    w.sent_list = (struct appraise_list){ true, 0, list };
    world_judge(&w);
    world_is_good(&w);
    assert_int_equal(w.kept.ima.at.entries, 1);
    assert_int_equal(w.kept.boot.agree, 0x3ff); /* all that was quoted and a log explains */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("I0 an unknown file is found and stays", i0_an_unknown_file_is_found_and_stays),
        T_CASE("I0 more unknown files than are told are counted",
               i0_more_unknown_files_than_are_told_are_counted),
        T_CASE("I7 other rules ask for the whole list", i7_other_rules_ask_for_the_whole_list),
        T_CASE("an exception for a file excludes it until its end",
               an_exception_for_a_file_excludes_it_until_its_end),
        T_CASE("I12 an exception excludes one path only", i12_an_exception_excludes_one_path_only),
        T_CASE("rules have an id for each text and exception",
               rules_have_an_id_for_each_text_and_exception),
        T_CASE("I8 a list in pieces goes on in a ticket", i8_a_list_in_pieces_goes_on_in_a_ticket),
        T_CASE("bytes that are no list are found, and the whole is asked for",
               bytes_that_are_no_list_are_found_and_the_whole_is_asked_for),
        T_CASE("I7 a piece from elsewhere changes nothing",
               i7_a_piece_from_elsewhere_changes_nothing),
        T_CASE("I7 who holds the list back is not cleared",
               i7_who_holds_the_list_back_is_not_cleared),
        T_CASE("I6 a kernel that measured without its TPM says so",
               i6_a_kernel_that_measured_without_its_tpm_says_so),
        T_CASE("I6 another boot's list is found", i6_another_boots_list_is_found),
        T_CASE("the list needs its PCR", the_list_needs_its_pcr),
        T_CASE("a list that nobody asked for is not looked at",
               a_list_that_nobody_asked_for_is_not_looked_at),
        T_CASE("a list is followed in one bank", a_list_is_followed_in_one_bank),
        T_CASE("I7 a state of another bank or boot is begun anew",
               i7_a_state_of_another_bank_or_boot_is_begun_anew),
        T_CASE("L1 I6 a real machine is judged whole", l1_i6_a_real_machine_is_judged_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
