/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: a device whose boot and files are good stays good through its ordinary life (reboots,
 * updates, suspends, power cuts, restarts of the agent), with the log sent once and the list
 * continued; a boot without a reset is told and accuses nobody; nobody is affirmed without a
 * certificate, and a group may only watch. The log is tested in test_appraise_log.c, the list in
 * test_appraise_list.c.
 */
#include "appraise/appraise.h"
#include "appraise_fixture.h"
#include "soft_ima.h"
#include "soft_quote.h"

/* ---- ordinary life -------------------------------------------------------------------------- */

static void a_good_boot_and_its_files_are_affirmed(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_names_log(&w);
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_BOOT_LOG, REASON_NONE);
    world_covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    assert_true(w.want.ima);
    assert_int_equal(w.want.first, 0);
    assert_false(w.want.log);
    world_sends_list(&w, 0, 0);
    world_judge(&w);
    world_is_good(&w);
    assert_int_equal(w.want.first, 2);
}

static void later_attests_are_judged_without_the_log(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    for (int i = 0; i < 3; i++) {
        size_t end = w.list.n;
        world_runs(&w, "/bin/tool");
        world_sends_list(&w, end, w.want.first);
        world_judge(&w);
        world_is_good(&w);
    }
    world_judge(&w); /* nothing new ran, and nothing is sent */
    world_is_good(&w);
    assert_int_equal(w.kept.ima.judged.known, 4);
}

static void a_reboot_is_no_failure(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    world_resets(&w);
    world_attests_anew(&w);
    world_is_good(&w);
    assert_memory_equal(w.kept.os_boot, w.os_boot, sizeof(w.os_boot));
}

static void an_update_is_no_failure(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    size_t at = soft_eventlog_find(&w.soft, 8, EV_IPL, 1);
    w.soft.event[at] = soft_event_line(8, "kernel_cmdline: ", "/vmlinuz-6.2 root=/dev/sda1");
    world_resets(&w);
    world_attests_anew(&w);
    world_is_good(&w);
    char kernel[64];
    boot_kernel(&w.kept.boot, kernel);
    assert_string_equal(kernel, "6.2");
}

static void a_suspend_is_no_failure(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    w.clock.restarts++;
    world_judge(&w);
    world_is_good(&w);
    assert_int_equal(w.kept.restarts, w.clock.restarts);
}

static void a_power_cut_is_no_failure(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    w.clock.clock_ms = 500000;
    world_attests_anew(&w);
    world_resets(&w);
    w.clock.clock_ms = 30; /* what was not saved is gone */
    w.clock.safe = false;
    world_attests_anew(&w);
    world_is_good(&w);
}

/* TPM Restart: PCRs begin anew, and resetCount stays. */
static void a_restart_of_the_tpm_is_a_boot(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    size_t at = soft_eventlog_find(&w.soft, 8, EV_IPL, 1);
    w.soft.event[at] = soft_event_line(8, "kernel_cmdline: ", "/vmlinuz-6.2 root=/dev/sda1");
    w.clock.restarts++;
    world_powers_on(&w);
    world_attests_anew(&w);
    world_is_good(&w);
    assert_memory_equal(w.kept.os_boot, w.os_boot, sizeof(w.os_boot));
}

/* Root restarts the TPM, boots with another line, and says that it is the system from before; of
 * PCRs that are not quoted nobody knows what they hold now. */
static void q18_what_is_not_quoted_behind_a_restart_is_not_known(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_rules_of_boot(&w, ", \"boot\": {\"command_lines\": [\"/vmlinuz root=/dev/sda1\"]}");
    world_attests_anew(&w);
    world_is(&w, TIER_AFFIRMING);
    struct soft_quote all = w.quoted;
    w.quoted.select.bank[0].bits = 0xff;
    w.quoted.values.n = 8;
    world_judge(&w);
    world_is(&w,
             TIER_AFFIRMING); /* PCR 8 was quoted in this run of the TPM, and nothing goes back */

    w.clock.restarts++;
    for (int i = 0; i < 2; i++) {
        world_judge(&w);
        world_is(&w, TIER_WARNING);
        assert_int_equal(w.v.finding_n, 1);
        assert_string_equal(w.v.finding[0].what, "boot.command_lines");
        assert_int_equal(w.v.finding[0].reason, REASON_PCR_MISSING);
    }
    w.quoted = all;
    world_judge(&w);
    assert_true(w.want.log);
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_AFFIRMING);
}

static void q18_nothing_that_comes_between_brings_it_back(void **state)
{
    (void)state;

    for (int way = 0; way < 2; way++) {
        WORLD w;
        world_begin(&w);
        world_rules_of_boot(&w, ", \"boot\": {\"command_lines\": [\"/vmlinuz root=/dev/sda1\"]}");
        world_attests_anew(&w);
        w.clock.restarts++;
        soft_quote_pcr(&w.quoted, PAWL_SHA256, 8)->b[0] ^= 1;
        w.leaves_values_out = way == 0; /* or PCR 8 is shown, once */
        world_judge(&w);
        world_is(&w, way == 0 ? TIER_NONE : TIER_CONTRAINDICATED);
        w.leaves_values_out = false;
        w.quoted.select.bank[0].bits = 0xff;
        w.quoted.values.n = 8;
        world_judge(&w);
        world_is(&w, TIER_WARNING);
    }
}

static void a_restarted_agent_goes_on(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    size_t end = w.list.n;
    world_runs(&w, "/bin/tool");
    world_judge(&w); /* it does not know yet where to go on */
    world_covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    assert_int_equal(w.want.first, 2);
    world_sends_list(&w, end, 2);
    world_judge(&w);
    world_is_good(&w);
}

/* ---- T4: a boot without a reset ------------------------------------------------------------- */

static void t4_a_boot_without_a_reset_is_told_until_the_next_reset(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    w.os_boot[0]++; /* kexec: PCRs stay, and the log is the first system's */
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            world_sends_log(&w);
        world_judge(&w);
        world_is(&w, TIER_WARNING);
        assert_int_equal(w.v.configuration, AR4SI_UNSAFE);
        assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);
        assert_true(world_findings(&w, REASON_TPM_NOT_RESET) > 0);
        world_covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
        assert_false(w.want.log);
    }
    world_resets(&w);
    world_attests_anew(&w);
    world_is_good(&w);
}

static void t4_pcrs_of_two_boots_accuse_nobody(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_rules_of_boot(&w, ", \"pcrs\": {\"sha256\": {\"12\": \"unmeasured\"}}");
    world_attests_anew(&w);
    world_is(&w, TIER_AFFIRMING);
    struct known_boot first = w.kept;
    w.os_boot[0]++;
    w.clock.clock_ms += 10;
    for (unsigned pcr = 0; pcr < 15; pcr++)
        soft_quote_pcr(&w.quoted, PAWL_SHA256, pcr)->b[0] ^= 1;
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);
    assert_int_equal(world_findings(&w, REASON_EVENT_LOG_DIFFERS), 0);
    assert_memory_equal(&w.kept.boot, &first.boot, sizeof(first.boot));

    w.clock.restarts++; /* a suspend of it makes it no new boot */
    for (int i = 0; i < 2; i++) {
        world_judge(&w);
        world_is(&w, TIER_WARNING);
        world_covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
        assert_int_equal(w.want.log, i == 0);
        assert_memory_equal(w.kept.os_boot, first.os_boot, sizeof(first.os_boot));
    }
    w.clock.restarts++;
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
}

static void t4_the_log_of_a_second_boot_is_not_kept(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_judge(&w); /* the first one never came */
    w.os_boot[0]++;
    for (unsigned pcr = 0; pcr < 8; pcr++)
        soft_quote_pcr(&w.quoted, PAWL_SHA256, pcr)->b[0] ^= 1;
    world_sends_log(&w);
    world_judge(&w);
    assert_false(w.next.has_boot);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
}

static void t4_a_policy_may_take_a_boot_without_a_reset(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_rules_of_boot(&w, ", \"tpm_not_reset\": \"accept\"");
    world_attests_anew(&w);
    w.os_boot[0]++;
    world_judge(&w);
    world_is(&w, TIER_AFFIRMING);
    assert_true(world_findings(&w, REASON_TPM_NOT_RESET) > 0);
    /* what came on top is of no log */
    soft_quote_pcr(&w.quoted, PAWL_SHA256, 4)->b[0] ^= 1;
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
}

static void t4_a_list_of_two_boots_accuses_nobody(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    w.os_boot[0]++;
    soft_ima_boot(&w.list);
    world_measures_kernel(&w);
    soft_quote_pcr(&w.quoted, PAWL_SHA256, 10)->b[0] ^= 1;
    world_sends_list(&w, 0, 0);
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    world_covers(&w, COVER_RUNTIME, REASON_TPM_NOT_RESET);
}

static void t4_without_a_policy_it_is_told_too(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    policy_done(&w.policy);
    w.policy = (struct policy){ 0 };
    w.os_boot[0]++;
    world_judge(&w);
    assert_int_equal(w.v.configuration, AR4SI_UNSAFE);
    assert_int_equal(world_findings(&w, REASON_TPM_NOT_RESET), 1);
    world_is(&w, TIER_NONE);
}

static void t4_a_reset_under_a_running_system_is_a_warning(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    world_resets(&w);
    w.os_boot[0]--;
    world_attests_anew(&w);
    assert_int_equal(world_findings(&w, REASON_OS_BOOT_DIFFERS),
                     0); /* the second request: it is known */
    world_resets(&w);
    w.os_boot[0]--;
    world_names_log(&w);
    world_sends_log(&w);
    world_judge(&w);
    world_is(&w, TIER_WARNING);
    assert_int_equal(w.v.configuration, AR4SI_UNSAFE);
    assert_int_equal(world_findings(&w, REASON_OS_BOOT_DIFFERS), 1);
}

/* ---- groups and devices --------------------------------------------------------------------- */

static void a_group_that_watches_warns(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_runs(&w, "/bin/evil");
    w.watch = true;
    world_attests_anew(&w);
    world_is(&w, TIER_WARNING);
    assert_true(w.v.watched);
    assert_int_equal(world_findings(&w, REASON_FILE_UNKNOWN), 1);
    assert_int_equal(world_findings(&w, REASON_WATCHED), 1);
}

static void k13_without_a_certificate_nobody_is_affirmed(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    w.known.has_certificate = false;
    world_attests_anew(&w);
    world_is(&w, TIER_NONE);
    world_covers(&w, COVER_IDENTITY, REASON_NO_EK_CERT);
    assert_int_equal(world_findings(&w, REASON_NO_EK_CERT), 1);
    assert_int_equal(w.v.executables, AR4SI_RECOGNISED);
    assert_int_equal(w.v.hardware, AR4SI_NONE);
}

static void t6_a_resume_that_lost_pcr_0_is_found(void **state)
{
    (void)state;
    WORLD w;

    world_begin(&w);
    world_attests_anew(&w);
    struct soft_quote before = w.quoted;
    w.known.select = &before.select;
    w.known.values = &before.values;
    w.clock.restarts++;
    *soft_quote_pcr(&w.quoted, PAWL_SHA256, 0) = (struct pawl_digest){ .n = 32 };
    world_judge(&w);
    world_is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(w.v.hardware, AR4SI_CONTRAINDICATED);
    assert_int_equal(world_findings(&w, REASON_PCR0_EMPTY), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("a good boot and its files are affirmed", a_good_boot_and_its_files_are_affirmed),
        T_CASE("later attests are judged without the log",
               later_attests_are_judged_without_the_log),
        T_CASE("a reboot is no failure", a_reboot_is_no_failure),
        T_CASE("an update is no failure", an_update_is_no_failure),
        T_CASE("a suspend is no failure", a_suspend_is_no_failure),
        T_CASE("a power cut is no failure", a_power_cut_is_no_failure),
        T_CASE("a restart of the TPM is a boot", a_restart_of_the_tpm_is_a_boot),
        T_CASE("Q18 what is not quoted behind a restart is not known",
               q18_what_is_not_quoted_behind_a_restart_is_not_known),
        T_CASE("Q18 nothing that comes between brings it back",
               q18_nothing_that_comes_between_brings_it_back),
        T_CASE("a restarted agent goes on", a_restarted_agent_goes_on),
        T_CASE("T4 a boot without a reset is told until the next reset",
               t4_a_boot_without_a_reset_is_told_until_the_next_reset),
        T_CASE("T4 PCRs of two boots accuse nobody", t4_pcrs_of_two_boots_accuse_nobody),
        T_CASE("T4 the log of a second boot is not kept", t4_the_log_of_a_second_boot_is_not_kept),
        T_CASE("T4 a policy may take a boot without a reset",
               t4_a_policy_may_take_a_boot_without_a_reset),
        T_CASE("T4 a list of two boots accuses nobody", t4_a_list_of_two_boots_accuses_nobody),
        T_CASE("T4 without a policy it is told too", t4_without_a_policy_it_is_told_too),
        T_CASE("T4 a reset under a running system is a warning",
               t4_a_reset_under_a_running_system_is_a_warning),
        T_CASE("a group that watches warns", a_group_that_watches_warns),
        T_CASE("K13 without a certificate nobody is affirmed",
               k13_without_a_certificate_nobody_is_affirmed),
        T_CASE("T6 a resume that lost PCR 0 is found", t6_a_resume_that_lost_pcr_0_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
