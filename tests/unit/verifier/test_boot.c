/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: whatever log a device sends, there is a boot of it, whose facts are those of the log and
 * whose failures say what is wrong; later quotes show what was measured behind it; boots of real
 * machines are read whole.
 */
#include <stdio.h>
#include <string.h>

#include "appraise/boot.h"
#include "boot_fixture.h"
#include "soft_quote.h"

static struct pawl_err err;

/* ---- what a test does ----------------------------------------------------------------------- */

static void boot_has_sha256(const uint8_t got[32], struct pawl_view of)
{
    uint8_t want[32];

    T_OK(pawl_sha256(of, want, &err), &err);
    assert_memory_equal(got, want, 32);
}

/* ---- a good boot ---------------------------------------------------------------------------- */

static void a_good_boot_has_the_facts_of_its_log(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     log = soft_eventlog_bytes(&soft);
    struct boot          b = boot_read_bytes(log);

    boot_has_sha256(b.log_sha256, log);
    assert_false(b.legacy);
    assert_int_equal(b.agree, EVENTLOG_PCRS);
    assert_int_equal(b.failures.n + b.failures.dropped, 0);
    assert_int_equal(b.bank, PAWL_SHA256);
    assert_int_equal(b.secure_boot, FACT_YES);
    assert_int_equal(b.list[KEY_LIST_PK].n, 1);
    assert_int_equal(b.list[KEY_LIST_DB].n, 2);
    assert_true(b.list[KEY_LIST_DBX].present);
    assert_string_equal(b.sbat, "2023012900");
    assert_int_equal(b.authority_n, 2);
    assert_false(b.authority[0].by_shim);
    assert_true(b.authority[1].by_shim);
    boot_has_sha256(b.authority[1].sha256, pawl_view_str("certificate of shim"));
    assert_int_equal(b.image_n, 3);
    assert_int_equal(b.mok_n, 1);
    for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
        assert_true((pawl_pcr_value(&b.select, &b.values, PAWL_SHA256, pcr) != NULL) ==
                    (EVENTLOG_PCRS >> pcr & 1));
    assert_int_equal(b.phases[PAWL_SHA256].n, 0);
}

static void an_authority_is_its_certificate_without_the_owner(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     der = t_hex("3003020101");

    size_t at = soft_eventlog_find(&soft, 7, EV_EFI_VARIABLE_AUTHORITY, 2);
    soft.event[at] = soft_event(7, EV_EFI_VARIABLE_AUTHORITY,
                                soft_variable(efi_shim, "MokList", soft_signature(7, der)));
    struct boot b = boot_read_soft(&soft);
    boot_has_sha256(b.authority[1].sha256, der);

    soft.event[at] = soft_event(7, EV_EFI_VARIABLE_AUTHORITY, soft_variable(efi_shim, "Shim", der));
    b = boot_read_soft(&soft);
    boot_has_sha256(b.authority[1].sha256, der);
}

static void pcr_11_is_kept_where_the_phases_begin(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    boot_add(&soft, soft_event_text(11, EV_IPL, ".linux"));
    struct pawl_view   log = soft_eventlog_bytes(&soft);
    struct soft_quote  q = soft_quote_of(log);
    struct pawl_digest begin = *soft_quote_pcr(&q, PAWL_SHA256, 11);
    soft_quote_pcr(&q, PAWL_SHA256, 11)->b[0] ^= 1; /* a phase later */
    struct boot b = boot_read_quoted(log, &q);
    assert_memory_equal(b.phases[PAWL_SHA256].b, begin.b, 32);
    assert_int_equal(b.failures.n, 0);

    q.select.bank[0].bits = 0x7ff; /* and where it is not quoted there is nothing to go on from */
    b = boot_read_quoted(log, &q);
    assert_int_equal(b.phases[PAWL_SHA256].n, 0);
}

static void digests_are_of_a_bank_that_was_quoted(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    soft.bank_n = 3;
    soft.bank[1] = PAWL_SHA384;
    soft.bank[2] = PAWL_SHA1;
    struct pawl_view  log = soft_eventlog_bytes(&soft);
    struct soft_quote q = soft_quote_of(log);

    assert_int_equal(boot_read_quoted(log, &q).bank, PAWL_SHA384);
    q.select.bank[1].bits = 0; /* nobody knows what that bank holds */
    memmove(&q.values.value[24], &q.values.value[48], 24 * sizeof(q.values.value[0]));
    q.values.n = 48;
    struct boot b = boot_read_quoted(log, &q);
    assert_int_equal(b.bank, PAWL_SHA256);
    assert_int_equal(b.image[0].n, 32);
    assert_int_equal(b.agree, EVENTLOG_PCRS);
    assert_int_equal(b.select.n, 2);
}

/* ---- what is wrong -------------------------------------------------------------------------- */

static void l1_a_pcr_with_another_value_does_not_agree(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     log = soft_eventlog_bytes(&soft);
    struct soft_quote    q = soft_quote_of(log);

    soft_quote_pcr(&q, PAWL_SHA256, 4)->b[31] ^= 1;
    struct boot b = boot_read_quoted(log, &q);
    assert_int_equal(b.agree, EVENTLOG_PCRS & ~(1u << 4));
    assert_true(boot_has_row(&b, "L1"));
    assert_null(pawl_pcr_value(&b.select, &b.values, PAWL_SHA256, 4));
    assert_int_equal(b.image_n, 3); /* as good as PCR 4, which does not agree */
}

static void l1_a_pcr_agrees_in_the_banks_that_it_was_quoted_of(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    soft.bank_n = 2;
    soft.bank[1] = PAWL_SHA1;
    struct pawl_view  log = soft_eventlog_bytes(&soft);
    struct soft_quote q = soft_quote_of(log);

    q.select.bank[1].bits = 0x0f; /* of SHA-1 four PCRs only */
    q.values.n = 24 + 4;
    struct boot b = boot_read_quoted(log, &q);
    assert_int_equal(b.agree, EVENTLOG_PCRS);
    assert_int_equal(b.compared, EVENTLOG_PCRS);
    soft_quote_pcr(&q, PAWL_SHA1, 2)->b[0] ^= 1;
    soft_quote_pcr(&q, PAWL_SHA256, 8)->b[0] ^= 1;
    b = boot_read_quoted(log, &q);
    assert_int_equal(b.agree, EVENTLOG_PCRS & ~(1u << 2 | 1u << 8));
    q.select.bank[1].bits = 0;
    q.select.bank[0].bits = 0x0f;
    b = boot_read_quoted(log, &q);
    assert_int_equal(b.agree, 0x0f);
    assert_int_equal(b.compared, 0x0f);
}

static void l2_a_pcr_without_events_is_as_a_reset_leaves_it(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     log = soft_eventlog_bytes(&soft);
    struct soft_quote    q = soft_quote_of(log);

    soft_quote_pcr(&q, PAWL_SHA256, 13)->b[0] = 1;
    struct boot b = boot_read_quoted(log, &q);
    assert_int_equal(b.agree, EVENTLOG_PCRS & ~(1u << 13));
    assert_true(boot_has_row(&b, "L2"));
}

static void l8_bytes_that_are_no_log_are_a_boot_that_says_so(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     log = soft_eventlog_bytes(&soft);
    struct soft_quote    q = soft_quote_of(log);
    struct pawl_view     cut = t_copy(pawl_view(log.p, log.n - 1));
    struct boot          b = boot_read_quoted(cut, &q);

    assert_int_equal(b.agree, 0);
    assert_int_equal(b.failures.n, 1);
    assert_string_equal(b.failures.list[0].row, "L8");
    assert_non_null(strstr(b.failures.list[0].found, "events["));
    boot_has_sha256(b.log_sha256, cut);
}

static void t7_a_locality_that_cannot_be_is_told(void **state)
{
    (void)state;
    static const char    locality[] = "StartupLocality\0\x05";
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct soft_quote    q = soft_quote_of(soft_eventlog_bytes(&soft));

    soft_eventlog_insert(&soft, 0,
                         soft_event(0, EV_NO_ACTION, pawl_view(locality, sizeof(locality) - 1)));
    struct boot b = boot_read_quoted(soft_eventlog_bytes(&soft), &q);
    assert_int_equal(b.agree, 0);
    assert_true(boot_has_row(&b, "T7"));
}

static void l14_a_log_of_sha_1_is_marked(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA1);

    soft.legacy = true;
    struct boot b = boot_read_soft(&soft);
    assert_true(b.legacy);
    assert_true(boot_has_row(&b, "L14"));
    assert_int_equal(b.bank, PAWL_SHA1);
}

/* Its own bank alone: a policy that takes such logs can take them beside other banks too. */
static void l14_a_log_of_sha_1_explains_its_own_bank(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA1);

    soft.legacy = true;
    struct soft_quote q = soft_quote_of(soft_eventlog_bytes(&soft));
    q.select.bank[q.select.n++] = (struct pawl_pcr_bank){ PAWL_SHA256, 1u << 7 };
    q.values.value[q.values.n++] = (struct pawl_digest){ .n = 32 };
    struct boot b = boot_read_quoted(soft_eventlog_bytes(&soft), &q);
    assert_true(b.legacy && boot_has_row(&b, "L14"));
    assert_int_equal(b.agree, EVENTLOG_PCRS);
    q.values.value[0].b[0] ^= 1;
    b = boot_read_quoted(soft_eventlog_bytes(&soft), &q);
    assert_int_equal(b.agree & 1, 0);
    q.select.bank[0].hash = PAWL_SHA384; /* SHA-1 was not quoted */
    b = boot_read_quoted(soft_eventlog_bytes(&soft), &q);
    assert_int_equal(b.agree, 0);
}

/* What a rule says comes before what PCRs say, which agree tells again. */
static void differing_pcrs_push_no_other_failure_out(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct soft_quote    q = soft_quote_of(soft_eventlog_bytes(&soft));

    soft_eventlog_remove(&soft, soft_eventlog_find(&soft, 3, EV_SEPARATOR, 0));
    for (size_t i = 0; i < q.values.n; i++)
        q.values.value[i].b[0] ^= 1;
    struct boot b = boot_read_quoted(soft_eventlog_bytes(&soft), &q);
    assert_int_equal(b.agree, 0);
    assert_int_equal(b.failures.n, BOOT_FAILURES_MAX);
    assert_int_equal(b.failures.dropped, 0);
    assert_string_equal(b.failures.list[0].row, "L6");
    assert_string_equal(b.failures.list[1].row, "L1");
}

static void faults_are_kept_before_warnings(void **state)
{
    (void)state;
    struct failures f = { 0 };

    for (int i = 0; i < 5; i++)
        failure_warn(&f, "L13", i, "a", "b");
    for (int i = 0; i < 5; i++)
        failure_add(&f, "L6", i, "a", "b");
    struct failures few = f;
    failures_keep(&few, 6);
    assert_int_equal(few.n, 6);
    assert_string_equal(few.list[4].row, "L6");
    assert_string_equal(few.list[5].row, "L13");
    assert_int_equal(few.dropped, 0); /* warnings alone make nothing bad */
    failures_keep(&f, 3);
    assert_int_equal(f.n, 3);
    assert_int_equal(f.dropped, 2);
}

/* ---- later quotes --------------------------------------------------------------------------- */

static void what_is_measured_behind_the_log_shows(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     log = soft_eventlog_bytes(&soft);
    struct soft_quote    q = soft_quote_of(log);

    soft_quote_pcr(&q, PAWL_SHA256, 2)->b[0] ^= 1;
    struct boot b = boot_read_quoted(log, &q);
    assert_int_equal(boot_changed(&b, &q.select, &q.values), 0);
    soft_quote_pcr(&q, PAWL_SHA256, 2)->b[0] ^= 1;  /* it never agreed */
    soft_quote_pcr(&q, PAWL_SHA256, 10)->b[0] ^= 1; /* the log does not speak of it */
    assert_int_equal(boot_changed(&b, &q.select, &q.values), 0);
    soft_quote_pcr(&q, PAWL_SHA256, 7)->b[0] ^= 1;
    assert_int_equal(boot_changed(&b, &q.select, &q.values), 1u << 7);
    q.select.bank[0].bits = 0x7f; /* what is not quoted has not changed */
    assert_int_equal(boot_changed(&b, &q.select, &q.values), 0);
}

/* ---- real machines -------------------------------------------------------------------------- */

static const char *const real[] = {
    "ga-crypto_agile_eventlog",
    "ga-ebs_event_missing_eventlog",
    "ga-option_rom_eventlog",
    "ga-sb_cert_eventlog",
    "gtt-arch-linux-workstation",
    "gtt-debian-10",
    "gtt-eventlogwithsp800155",
    "gtt-gdc-host",
    "gtt-rhel8-uefi",
    "gtt-ubuntu-1804-amd-sev",
    "gtt-ubuntu-2104-no-secure-boot",
    "gtt-ubuntu-2404-amd-sevsnp",
    "own-ovmf-debian12",
    "t2t-event-bootorder",
    "t2t-event-moklisttrusted",
    "t2t-event-postcode",
    "t2t-event-sd-boot-fedora37",
    "t2t-event-uefi-sha1-log",
};

static struct boot boot_read_real(const char *name)
{
    char path[96];

    snprintf(path, sizeof(path), "eventlogs/%s.bin", name);
    return boot_read_bytes(t_testdata(path));
}

static void real_boots_go_round_and_leave_no_line_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
        struct boot b = boot_read_real(real[i]);
        assert_int_not_equal(b.agree & 1u, 0);
        assert_int_equal(b.lines_left_out, 0);
        goes_round(&b);
    }
}

/* GRUB's line and what it handed to the kernel's EFI stub are one, written in two ways. */
static void a_real_grub_and_the_stub_behind_it_say_the_same(void **state)
{
    (void)state;
    struct boot b = boot_read_real("gtt-gdc-host");
    char        kernel[64];

    assert_int_equal(b.line_n, 2);
    assert_int_equal(b.line[0].pcr, 8);
    assert_int_equal(b.line[1].pcr, 9);
    assert_true(boot_line_is(&b.line[0], pawl_view_str(b.line[0].text)));
    assert_true(boot_line_is(&b.line[1], pawl_view_str(b.line[0].text)));
    boot_kernel(&b, kernel);
    assert_string_equal(kernel, "6.9.0-rc7+");
}

static void a_real_systemd_boot_and_stub_are_read(void **state)
{
    (void)state;
    struct boot arch = boot_read_real("gtt-arch-linux-workstation");
    struct boot fedora = boot_read_real("t2t-event-sd-boot-fedora37");
    struct boot own = boot_read_real("own-ovmf-debian12");

    assert_int_equal(arch.line_n, 1);
    assert_true(boot_line_is(&arch.line[0], pawl_view_str(arch.line[0].text)));
    assert_int_equal(fedora.line_n, 2);
    assert_int_equal(fedora.line[0].pcr, 12);
    assert_true(boot_line_is(&fedora.line[0], pawl_view_str(fedora.line[0].text)));
    assert_int_equal(own.line_n, 1);
    assert_int_equal(own.line[0].pcr, 9);
    assert_string_equal(own.line[0].text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("a good boot has the facts of its log", a_good_boot_has_the_facts_of_its_log),
        T_CASE("an authority is its certificate without the owner",
               an_authority_is_its_certificate_without_the_owner),
        T_CASE("PCR 11 is kept where the phases begin", pcr_11_is_kept_where_the_phases_begin),
        T_CASE("digests are of a bank that was quoted", digests_are_of_a_bank_that_was_quoted),
        T_CASE("L1 a PCR with another value does not agree",
               l1_a_pcr_with_another_value_does_not_agree),
        T_CASE("L1 a PCR agrees in the banks that it was quoted of",
               l1_a_pcr_agrees_in_the_banks_that_it_was_quoted_of),
        T_CASE("L2 a PCR without events is as a reset leaves it",
               l2_a_pcr_without_events_is_as_a_reset_leaves_it),
        T_CASE("L8 bytes that are no log are a boot that says so",
               l8_bytes_that_are_no_log_are_a_boot_that_says_so),
        T_CASE("T7 a locality that cannot be is told", t7_a_locality_that_cannot_be_is_told),
        T_CASE("L14 a log of SHA-1 is marked", l14_a_log_of_sha_1_is_marked),
        T_CASE("L14 a log of SHA-1 explains its own bank",
               l14_a_log_of_sha_1_explains_its_own_bank),
        T_CASE("differing PCRs push no other failure out",
               differing_pcrs_push_no_other_failure_out),
        T_CASE("faults are kept before warnings", faults_are_kept_before_warnings),
        T_CASE("what is measured behind the log shows", what_is_measured_behind_the_log_shows),
        T_CASE("real boots go round and leave no line out",
               real_boots_go_round_and_leave_no_line_out),
        T_CASE("a real GRUB and the stub behind it say the same",
               a_real_grub_and_the_stub_behind_it_say_the_same),
        T_CASE("a real systemd-boot and stub are read", a_real_systemd_boot_and_stub_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
