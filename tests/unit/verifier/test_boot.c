/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: whatever log a device sends, there is a boot of it, whose facts are those of the log and
 * whose failures say what is wrong; the line of a kernel is told from a loader's commands by what
 * was measured, and words are recognised that stand in no log; the form for the store gives the
 * same boot back and takes nothing else.
 */
#include <stdio.h>
#include <string.h>

#include "appraise/boot.h"
#include "soft_quote.h"

static struct pawl_err err;

/* ---- what a test does ----------------------------------------------------------------------- */

static struct boot read_quoted(struct pawl_view log, const struct soft_quote *q)
{
    struct boot b;

    t_poison(&b, sizeof(b));
    T_OK(boot_read(log, &q->select, &q->values, &b, &err), &err);
    return b;
}

static struct boot read_bytes(struct pawl_view log)
{
    struct soft_quote q = soft_quote_of(log);

    return read_quoted(log, &q);
}

static struct boot read_soft(const struct soft_eventlog *soft)
{
    return read_bytes(soft_eventlog_bytes(soft));
}

static bool has_row(const struct boot *b, const char *row)
{
    for (size_t i = 0; i < b->failures.n; i++)
        if (strcmp(b->failures.list[i].row, row) == 0)
            return true;
    return false;
}

static void has_sha256(const uint8_t got[32], struct pawl_view of)
{
    uint8_t want[32];

    T_OK(pawl_sha256(of, want, &err), &err);
    assert_memory_equal(got, want, 32);
}

static struct pawl_digest hash_of(enum pawl_hash alg, struct pawl_view v)
{
    struct pawl_digest d;

    T_OK(pawl_hash(alg, &v, 1, &d, &err), &err);
    return d;
}

static void add(struct soft_eventlog *soft, struct soft_event e)
{
    soft->event[soft->n++] = e;
}

/* ---- a good boot ---------------------------------------------------------------------------- */

static void a_good_boot_has_the_facts_of_its_log(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     log = soft_eventlog_bytes(&soft);
    struct boot          b = read_bytes(log);

    has_sha256(b.log_sha256, log);
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
    has_sha256(b.authority[1].sha256, pawl_view_str("certificate of shim"));
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
    struct boot b = read_soft(&soft);
    has_sha256(b.authority[1].sha256, der);

    soft.event[at] = soft_event(7, EV_EFI_VARIABLE_AUTHORITY, soft_variable(efi_shim, "Shim", der));
    b = read_soft(&soft);
    has_sha256(b.authority[1].sha256, der);
}

static void pcr_11_is_kept_where_the_phases_begin(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);

    add(&soft, soft_event_text(11, EV_IPL, ".linux"));
    struct pawl_view   log = soft_eventlog_bytes(&soft);
    struct soft_quote  q = soft_quote_of(log);
    struct pawl_digest begin = *soft_quote_pcr(&q, PAWL_SHA256, 11);
    soft_quote_pcr(&q, PAWL_SHA256, 11)->b[0] ^= 1; /* a phase later */
    struct boot b = read_quoted(log, &q);
    assert_memory_equal(b.phases[PAWL_SHA256].b, begin.b, 32);
    assert_int_equal(b.failures.n, 0);

    q.select.bank[0].bits = 0x7ff; /* and where it is not quoted there is nothing to go on from */
    b = read_quoted(log, &q);
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

    assert_int_equal(read_quoted(log, &q).bank, PAWL_SHA384);
    q.select.bank[1].bits = 0; /* nobody knows what that bank holds */
    memmove(&q.values.value[24], &q.values.value[48], 24 * sizeof(q.values.value[0]));
    q.values.n = 48;
    struct boot b = read_quoted(log, &q);
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
    struct boot b = read_quoted(log, &q);
    assert_int_equal(b.agree, EVENTLOG_PCRS & ~(1u << 4));
    assert_true(has_row(&b, "L1"));
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
    struct boot b = read_quoted(log, &q);
    assert_int_equal(b.agree, EVENTLOG_PCRS);
    assert_int_equal(b.compared, EVENTLOG_PCRS);
    soft_quote_pcr(&q, PAWL_SHA1, 2)->b[0] ^= 1;
    soft_quote_pcr(&q, PAWL_SHA256, 8)->b[0] ^= 1;
    b = read_quoted(log, &q);
    assert_int_equal(b.agree, EVENTLOG_PCRS & ~(1u << 2 | 1u << 8));
    q.select.bank[1].bits = 0;
    q.select.bank[0].bits = 0x0f;
    b = read_quoted(log, &q);
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
    struct boot b = read_quoted(log, &q);
    assert_int_equal(b.agree, EVENTLOG_PCRS & ~(1u << 13));
    assert_true(has_row(&b, "L2"));
}

static void l8_bytes_that_are_no_log_are_a_boot_that_says_so(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_view     log = soft_eventlog_bytes(&soft);
    struct soft_quote    q = soft_quote_of(log);
    struct pawl_view     cut = t_copy(pawl_view(log.p, log.n - 1));
    struct boot          b = read_quoted(cut, &q);

    assert_int_equal(b.agree, 0);
    assert_int_equal(b.failures.n, 1);
    assert_string_equal(b.failures.list[0].row, "L8");
    assert_non_null(strstr(b.failures.list[0].found, "events["));
    has_sha256(b.log_sha256, cut);
}

static void t7_a_locality_that_cannot_be_is_told(void **state)
{
    (void)state;
    static const char    locality[] = "StartupLocality\0\x05";
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct soft_quote    q = soft_quote_of(soft_eventlog_bytes(&soft));

    soft_eventlog_insert(&soft, 0,
                         soft_event(0, EV_NO_ACTION, pawl_view(locality, sizeof(locality) - 1)));
    struct boot b = read_quoted(soft_eventlog_bytes(&soft), &q);
    assert_int_equal(b.agree, 0);
    assert_true(has_row(&b, "T7"));
}

static void l14_a_log_of_sha_1_is_marked(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA1);

    soft.legacy = true;
    struct boot b = read_soft(&soft);
    assert_true(b.legacy);
    assert_true(has_row(&b, "L14"));
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
    struct boot b = read_quoted(soft_eventlog_bytes(&soft), &q);
    assert_true(b.legacy && has_row(&b, "L14"));
    assert_int_equal(b.agree, EVENTLOG_PCRS);
    q.values.value[0].b[0] ^= 1;
    b = read_quoted(soft_eventlog_bytes(&soft), &q);
    assert_int_equal(b.agree & 1, 0);
    q.select.bank[0].hash = PAWL_SHA384; /* SHA-1 was not quoted */
    b = read_quoted(soft_eventlog_bytes(&soft), &q);
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
    struct boot b = read_quoted(soft_eventlog_bytes(&soft), &q);
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
    struct boot b = read_quoted(log, &q);
    assert_int_equal(boot_changed(&b, &q.select, &q.values), 0);
    soft_quote_pcr(&q, PAWL_SHA256, 2)->b[0] ^= 1;  /* it never agreed */
    soft_quote_pcr(&q, PAWL_SHA256, 10)->b[0] ^= 1; /* the log does not speak of it */
    assert_int_equal(boot_changed(&b, &q.select, &q.values), 0);
    soft_quote_pcr(&q, PAWL_SHA256, 7)->b[0] ^= 1;
    assert_int_equal(boot_changed(&b, &q.select, &q.values), 1u << 7);
    q.select.bank[0].bits = 0x7f; /* what is not quoted has not changed */
    assert_int_equal(boot_changed(&b, &q.select, &q.values), 0);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void of_grub_only_what_names_a_file_is_a_line(void **state)
{
    (void)state;
    static const char *const commands[] = { "set pager=1", "linux /vmlinuz ro", "[ -f /grubenv ]",
                                            "root=hd0,gpt2" };
    static const char *const lines[] = {
        "/vmlinuz ro", "(hd0,gpt2)/vmlinuz ro",  "0+2000 ro",
        "+2000 ro",    "BOOT_IMAGE=/vmlinuz ro", "\"/my kernel\" ro"
    };
    struct soft_eventlog soft = { .bank_n = 1, .bank = { PAWL_SHA256 } };

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        add(&soft, soft_event_line(8, "grub_cmd: ", commands[i]));
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        add(&soft, soft_event_line(8, i % 2 ? "grub_cmd: " : "kernel_cmdline: ", lines[i]));
    struct boot b = read_soft(&soft);
    assert_int_equal(b.line_n, sizeof(lines) / sizeof(lines[0]));
    assert_int_equal(b.lines_left_out, 0);
    for (size_t i = 0; i < b.line_n; i++) {
        assert_string_equal(b.line[i].text, lines[i]);
        assert_int_equal(b.line[i].pcr, 8);
        assert_true(boot_line_is(&b.line[i], pawl_view_str(lines[i])));
    }
}

/* Words that were not measured tell nothing, the log may say of them what it likes; but a line it
 * was. */
static void l17_a_line_whose_words_were_not_measured_is_known_by_its_digest(void **state)
{
    (void)state;
    struct soft_eventlog soft = { .bank_n = 1, .bank = { PAWL_SHA256 } };

    add(&soft, soft_event_line(8, "kernel_cmdline: ", "/vmlinuz ro"));
    add(&soft, soft_event_text(12, EV_IPL, "set a=1"));
    for (size_t i = 0; i < 2; i++)
        soft.event[i].measured = pawl_view_str("/vmlinuz init=/bin/sh");
    struct boot b = read_soft(&soft);
    assert_int_equal(b.line_n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(b.line[i].text, "");
        assert_false(boot_line_is(&b.line[i], pawl_view_str("/vmlinuz ro")));
        assert_true(boot_line_is(&b.line[i], pawl_view_str("/vmlinuz init=/bin/sh")));
    }
}

static void l17_a_line_is_one_whatever_the_type_of_its_event(void **state)
{
    (void)state;
    struct soft_eventlog soft = { .bank_n = 1, .bank = { PAWL_SHA256 } };

    add(&soft, soft_event_text(8, EV_EFI_ACTION, "/vmlinuz init=/bin/sh"));
    add(&soft, soft_event_text(12, EV_SEPARATOR, "init=/bin/sh"));
    struct boot b = read_soft(&soft);
    assert_int_equal(b.line_n, 2);
    assert_string_equal(b.line[0].text, "/vmlinuz init=/bin/sh");
    assert_string_equal(b.line[1].text, "init=/bin/sh");
}

/* ---- what the log only says ----------------------------------------------------------------- */

static struct soft_event of_type(uint32_t pcr, uint32_t type, const char *data,
                                 struct pawl_view measured)
{
    struct soft_event e = soft_event_text(pcr, type, data);

    e.measured = t_copy(measured);
    return e;
}

/* Who writes the log chooses the types: none of them takes an image away. */
static void l3_whatever_pcr_4_measured_is_an_image(void **state)
{
    (void)state;
    static const uint32_t types[] = { EV_EFI_ACTION, EV_SEPARATOR,
                                      EV_IPL,        EV_EFI_VARIABLE_AUTHORITY,
                                      0x00000006u,   0x12345678u };
    uint8_t               image[64] = "MZ";
    struct soft_eventlog  good = soft_eventlog_good(PAWL_SHA256);
    size_t                at = soft_eventlog_find(&good, 4, EV_EFI_BOOT_SERVICES_APPLICATION, 1);
    struct pawl_digest    d = hash_of(PAWL_SHA256, PAWL_VIEW_OF(image));

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct soft_eventlog soft = good;
        soft.event[at] = of_type(4, types[i], "Calling EFI Application", PAWL_VIEW_OF(image));
        struct boot b = read_soft(&soft);
        assert_int_equal(b.image_n, 3);
        assert_memory_equal(b.image[1].b, d.b, d.n);
        soft.event[at] = soft_event(4, types[i], PAWL_VIEW_OF(image)); /* the image in the log */
        assert_int_equal(read_soft(&soft).image_n, 3);
        if (types[i] == EV_SEPARATOR)
            continue;
        soft.event[at] = soft_event(4, types[i], pawl_view(image, 63)); /* too short for one */
        assert_int_equal(read_soft(&soft).image_n, 2);
    }
}

/* Root may extend PCR 7 too: a level behind what shim measured is nobody's. */
static void l5_an_sbat_level_that_comes_late_is_told(void **state)
{
    (void)state;
    struct pawl_view newer = soft_variable(efi_shim, "SbatLevel",
                                           pawl_view_str("sbat,1,2099010100\n"));

    for (int old = 0; old < 2; old++) {
        struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
        if (old) /* a shim that measures none */
            soft_eventlog_remove(&soft, soft_eventlog_find(&soft, 7, EV_EFI_VARIABLE_AUTHORITY, 1));
        add(&soft, soft_event(7, EV_EFI_VARIABLE_AUTHORITY, newer));
        struct boot b = read_soft(&soft);
        assert_true(has_row(&b, "L5"));
        assert_string_equal(b.sbat, old ? "" : "2023012900");
        assert_int_equal(b.secure_boot, FACT_UNKNOWN);
    }
}

static void l3_whatever_pcr_14_measured_is_a_key_of_the_owner(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_digest   d = hash_of(PAWL_SHA256, pawl_view_str("a thief's key"));

    add(&soft, of_type(14, EV_SEPARATOR, "WBCL", pawl_view_str("a thief's key")));
    struct boot b = read_soft(&soft);
    assert_int_equal(b.mok_n, 2);
    assert_memory_equal(b.mok[1].b, d.b, d.n);
}

static void systemd_writes_lines_in_utf_16(void **state)
{
    (void)state;
    struct soft_eventlog soft = { .bank_n = 1, .bank = { PAWL_SHA256 } };

    add(&soft, soft_event(12, EV_IPL, soft_wide("quiet splash", 2)));
    add(&soft, soft_event(8, EV_IPL, soft_wide("initrd=\\initrd.img ro", 2)));
    soft.event[1].measured = soft_wide("initrd=\\initrd.img ro", 3);
    struct boot b = read_soft(&soft);
    assert_int_equal(b.line_n, 2);
    assert_string_equal(b.line[0].text, "quiet splash");
    assert_true(boot_line_is(&b.line[0], pawl_view_str("quiet splash")));
    assert_true(boot_line_is(&b.line[1], pawl_view_str("initrd=\\initrd.img ro")));
    assert_false(boot_line_is(&b.line[0], pawl_view_str("quiet")));
}

static void load_options_are_known_by_their_digest_alone(void **state)
{
    (void)state;
    static const char words[] = "root=/dev/sda1 ro";
    static const char grub[] = "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro";
    enum pawl_hash    banks[] = { PAWL_SHA1, PAWL_SHA256, PAWL_SHA384, PAWL_SHA512 };

    for (size_t i = 0; i < 4; i++) {
        struct soft_eventlog soft = { .bank_n = 1, .bank = { banks[i] } };
        add(&soft, soft_load_options(soft_wide(words, 2)));
        add(&soft, soft_load_options(soft_wide(grub, 0)));
        struct boot b = read_soft(&soft);
        assert_int_equal(b.line_n, 2);
        assert_int_equal(b.line[0].pcr, 9);
        assert_string_equal(b.line[0].text, "");
        assert_true(boot_line_is(&b.line[0], pawl_view_str(words)));
        assert_false(boot_line_is(&b.line[0], pawl_view_str("root=/dev/sda1 rw")));
        assert_false(boot_line_is(&b.line[0], pawl_view_str("")));
        /* as /proc/cmdline has them, and as GRUB logs them */
        assert_true(boot_line_is(&b.line[1], pawl_view_str(grub)));
        assert_true(boot_line_is(&b.line[1], pawl_view_str("/vmlinuz root=/dev/sda1 ro")));
        assert_false(boot_line_is(&b.line[1], pawl_view_str(words)));
    }
}

static void words_are_compared_whole(void **state)
{
    (void)state;
    struct boot_line l = { .digest = hash_of(PAWL_SHA256, pawl_view("ro\0quiet", 8)) };

    assert_false(boot_line_is(&l, pawl_view("ro\0quiet", 8))); /* a NUL ends a line */
    l.digest = hash_of(PAWL_SHA256, pawl_view_str("caf\xc3\xa9"));
    assert_false(boot_line_is(&l, pawl_view_str("caf\xc3\xa9"))); /* no ASCII */
    static char long_words[BOOT_WORDS_MAX + 1];
    memset(long_words, 'a', sizeof(long_words));
    l.digest = hash_of(PAWL_SHA256, pawl_view(long_words, BOOT_WORDS_MAX));
    assert_true(boot_line_is(&l, pawl_view(long_words, BOOT_WORDS_MAX)));
    l.digest = hash_of(PAWL_SHA256, pawl_view(long_words, BOOT_WORDS_MAX + 1));
    assert_false(boot_line_is(&l, pawl_view(long_words, BOOT_WORDS_MAX + 1)));
}

static void lines_beyond_the_eighth_are_counted(void **state)
{
    (void)state;
    struct soft_eventlog soft = { .bank_n = 1, .bank = { PAWL_SHA256 } };
    static char          longest[BOOT_LINE_MAX + 1] = "/";

    memset(longest + 1, 'a', BOOT_LINE_MAX - 2);
    add(&soft, soft_event_line(8, "kernel_cmdline: ", longest));
    longest[BOOT_LINE_MAX - 1] = 'a';
    add(&soft, soft_event_line(8, "kernel_cmdline: ", longest));
    for (int i = 0; i < BOOT_LINES_MAX; i++)
        add(&soft, soft_event_line(8, "kernel_cmdline: ", "/vmlinuz ro"));
    struct boot b = read_soft(&soft);
    assert_int_equal(b.line_n, BOOT_LINES_MAX);
    assert_int_equal(b.lines_left_out, 2);
    assert_int_equal(strlen(b.line[0].text), BOOT_LINE_MAX - 1);
    assert_string_equal(b.line[1].text, ""); /* too long: the digest is what is left */
    assert_true(boot_line_is(&b.line[1], pawl_view_str(longest)));
}

static void the_kernel_is_told_by_its_file(void **state)
{
    (void)state;
    static const struct {
        const char *line, *kernel;
    } cases[] = {
        { "/vmlinuz-6.1.0-55-amd64 root=/dev/sda1", "6.1.0-55-amd64" },
        { "BOOT_IMAGE=(hd0,gpt2)/vmlinuz-5.14.0-130.el9.x86_64 ro", "5.14.0-130.el9.x86_64" },
        { "(hd0,gpt2)vmlinuz-6.9", "6.9" },
        { "/boot/linux-6.12 init=/vmlinuz-none", "6.12" },
        { "/vmlinuz ro", "" },
        { "/vmlinuz- ro", "" },
        { "", "" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct boot b = { .line_n = 1 };
        char        kernel[64];
        memcpy(b.line[0].text, cases[i].line, strlen(cases[i].line));
        boot_kernel(&b, kernel);
        assert_string_equal(kernel, cases[i].kernel);
    }
}

/* ---- the form for the store ----------------------------------------------------------------- */

static struct pawl_view written(const struct boot *b)
{
    uint8_t        room[BOOT_MAX];
    struct pawl_wr w = pawl_wr_to(room, sizeof(room));

    T_OK(boot_write(b, &w, &err), &err);
    return t_copy(pawl_view(room, w.n));
}

static void goes_round(const struct boot *b)
{
    struct pawl_view row = written(b);
    struct boot      again;

    t_poison(&again, sizeof(again));
    T_OK(boot_parse(row, &again, &err), &err);
    assert_true(pawl_view_equal(row, written(&again)));
    assert_int_equal(again.agree, b->agree);
    assert_int_equal(again.failures.n, b->failures.n);
    assert_int_equal(again.values.n, b->values.n);
    assert_int_equal(again.line_n, b->line_n);
    assert_string_equal(again.sbat, b->sbat);
}

static void a_boot_comes_back_from_its_row(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    soft.bank_n = 2;
    soft.bank[1] = PAWL_SHA1;
    add(&soft, soft_event_text(11, EV_IPL, ".linux"));
    add(&soft, soft_load_options(soft_wide("ro", 2)));
    struct boot b = read_soft(&soft), again;

    T_OK(boot_parse(written(&b), &again, &err), &err);
    assert_memory_equal(&b, &again, sizeof(b));
    goes_round(&b);
}

/* Everything at its longest. */
static void the_longest_boot_fits(void **state)
{
    (void)state;
    struct boot b = { .agree = EVENTLOG_PCRS,
                      .compared = EVENTLOG_PCRS,
                      .bank = PAWL_SHA512,
                      .secure_boot = FACT_YES };

    for (int h = PAWL_SHA1; h < PAWL_HASH_COUNT; h++) {
        size_t n = pawl_hash_n((enum pawl_hash)h);
        b.select.bank[b.select.n++] = (struct pawl_pcr_bank){ (enum pawl_hash)h, b.agree };
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            if (b.agree >> pcr & 1)
                b.values.value[b.values.n++].n = n;
        b.phases[h].n = n;
    }
    for (int i = 0; i < BOOT_FAILURES_MAX; i++) {
        struct failure *f = &b.failures.list[b.failures.n++];
        *f = (struct failure){ .row = "L10a", .entry = INT32_MAX };
        memset(f->expected, 'e', sizeof(f->expected) - 1);
        memset(f->found, 'f', sizeof(f->found) - 1);
    }
    for (int l = 0; l < KEY_LIST_COUNT; l++)
        b.list[l] = (struct boot_list){ .present = true, .n = UINT32_MAX };
    memset(b.sbat, '9', sizeof(b.sbat) - 1);
    b.authority_n = FACTS_AUTHORITIES_MAX;
    b.image_n = FACTS_IMAGES_MAX;
    for (size_t i = 0; i < b.image_n; i++)
        b.image[i].n = 64;
    b.mok_n = FACTS_MOK_MAX;
    for (size_t i = 0; i < b.mok_n; i++)
        b.mok[i].n = 64;
    b.line_n = BOOT_LINES_MAX;
    b.lines_left_out = 4000;
    for (size_t i = 0; i < b.line_n; i++) {
        b.line[i].digest.n = 64;
        memset(b.line[i].text, 'l', BOOT_LINE_MAX - 1);
    }
    goes_round(&b);
}

static void must_fail(struct pawl_view cut, void *arg)
{
    struct boot b;

    (void)arg;
    t_poison(&b, sizeof(b));
    assert_false(pawl_is_ok(boot_parse(cut, &b, &err)));
    assert_int_equal(strncmp(err.where, "boot.", 5), 0);
    t_still_poisoned(&b, sizeof(b));
}

/* A row has one form: what is taken is what would be written. */
static void must_be_canonical(struct pawl_view flipped, void *arg)
{
    struct boot b;

    (void)arg;
    if (pawl_is_ok(boot_parse(flipped, &b, &err)))
        assert_true(pawl_view_equal(flipped, written(&b)));
}

static void only_whole_rows_are_taken(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    soft_eventlog_remove(&soft, soft_eventlog_find(&soft, 3, EV_SEPARATOR, 0));
    struct boot b = read_soft(&soft);

    t_each_truncation(written(&b), must_fail, NULL);
    t_each_flip(written(&b), must_be_canonical, NULL);
}

static void a_row_names_what_is_wrong_with_it(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct boot          good = read_soft(&soft), b = good;

    b.select.bank[0].bits |= 1u << 10; /* which does not agree */
    struct pawl_view row = written(&b);
    T_FAILS(boot_parse(row, &b, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "boot.select");
    b = good;
    b.image[1].n = 20;
    T_FAILS(boot_parse(written(&b), &b, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "boot.images");
    b = good;
    b.line[0].text[0] = '\x1b';
    T_FAILS(boot_parse(written(&b), &b, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "boot.lines");
    uint8_t        small[64];
    struct pawl_wr w = pawl_wr_to(small, sizeof(small));
    T_FAILS(boot_write(&good, &w, &err), &err, PAWL_E_FULL);
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

static struct boot read_real(const char *name)
{
    char path[96];

    snprintf(path, sizeof(path), "eventlogs/%s.bin", name);
    return read_bytes(t_testdata(path));
}

static void real_boots_go_round_and_leave_no_line_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
        struct boot b = read_real(real[i]);
        assert_int_not_equal(b.agree & 1u, 0);
        assert_int_equal(b.lines_left_out, 0);
        goes_round(&b);
    }
}

/* GRUB's line and what it handed to the kernel's EFI stub are one, written in two ways. */
static void a_real_grub_and_the_stub_behind_it_say_the_same(void **state)
{
    (void)state;
    struct boot b = read_real("gtt-gdc-host");
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
    struct boot arch = read_real("gtt-arch-linux-workstation");
    struct boot fedora = read_real("t2t-event-sd-boot-fedora37");
    struct boot own = read_real("own-ovmf-debian12");

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
        T_CASE("of GRUB only what names a file is a line",
               of_grub_only_what_names_a_file_is_a_line),
        T_CASE("L17 a line whose words were not measured is known by its digest",
               l17_a_line_whose_words_were_not_measured_is_known_by_its_digest),
        T_CASE("L17 a line is one whatever the type of its event",
               l17_a_line_is_one_whatever_the_type_of_its_event),
        T_CASE("L3 whatever PCR 4 measured is an image", l3_whatever_pcr_4_measured_is_an_image),
        T_CASE("L5 an SBAT level that comes late is told",
               l5_an_sbat_level_that_comes_late_is_told),
        T_CASE("L3 whatever PCR 14 measured is a key of the owner",
               l3_whatever_pcr_14_measured_is_a_key_of_the_owner),
        T_CASE("systemd writes lines in UTF-16", systemd_writes_lines_in_utf_16),
        T_CASE("load options are known by their digest alone",
               load_options_are_known_by_their_digest_alone),
        T_CASE("words are compared whole", words_are_compared_whole),
        T_CASE("lines beyond the eighth are counted", lines_beyond_the_eighth_are_counted),
        T_CASE("the kernel is told by its file", the_kernel_is_told_by_its_file),
        T_CASE("a boot comes back from its row", a_boot_comes_back_from_its_row),
        T_CASE("the longest boot fits", the_longest_boot_fits),
        T_CASE("only whole rows are taken", only_whole_rows_are_taken),
        T_CASE("a row names what is wrong with it", a_row_names_what_is_wrong_with_it),
        T_CASE("real boots go round and leave no line out",
               real_boots_go_round_and_leave_no_line_out),
        T_CASE("a real GRUB and the stub behind it say the same",
               a_real_grub_and_the_stub_behind_it_say_the_same),
        T_CASE("a real systemd-boot and stub are read", a_real_systemd_boot_and_stub_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
