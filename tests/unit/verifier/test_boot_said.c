/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: the line of a kernel is told from a loader's commands by what was measured, and words are
 * recognised that stand in no log; what the log only says is taken for that.
 */
#include <string.h>

#include "appraise/boot.h"
#include "boot_fixture.h"
#include "soft_quote.h"

static struct pawl_err err;

/* ---- what a test does ----------------------------------------------------------------------- */

static struct pawl_digest boot_hash_of(enum pawl_hash alg, struct pawl_view v)
{
    struct pawl_digest d;

    T_OK(pawl_hash(alg, &v, 1, &d, &err), &err);
    return d;
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
        boot_add(&soft, soft_event_line(8, "grub_cmd: ", commands[i]));
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        boot_add(&soft, soft_event_line(8, i % 2 ? "grub_cmd: " : "kernel_cmdline: ", lines[i]));
    struct boot b = boot_read_soft(&soft);
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

    boot_add(&soft, soft_event_line(8, "kernel_cmdline: ", "/vmlinuz ro"));
    boot_add(&soft, soft_event_text(12, EV_IPL, "set a=1"));
    for (size_t i = 0; i < 2; i++)
        soft.event[i].measured = pawl_view_str("/vmlinuz init=/bin/sh");
    struct boot b = boot_read_soft(&soft);
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

    boot_add(&soft, soft_event_text(8, EV_EFI_ACTION, "/vmlinuz init=/bin/sh"));
    boot_add(&soft, soft_event_text(12, EV_SEPARATOR, "init=/bin/sh"));
    struct boot b = boot_read_soft(&soft);
    assert_int_equal(b.line_n, 2);
    assert_string_equal(b.line[0].text, "/vmlinuz init=/bin/sh");
    assert_string_equal(b.line[1].text, "init=/bin/sh");
}

/* ---- what the log only says ----------------------------------------------------------------- */

static struct soft_event boot_event_of(uint32_t pcr, uint32_t type, const char *data,
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
    struct pawl_digest    d = boot_hash_of(PAWL_SHA256, PAWL_VIEW_OF(image));

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct soft_eventlog soft = good;
        soft.event[at] = boot_event_of(4, types[i], "Calling EFI Application", PAWL_VIEW_OF(image));
        struct boot b = boot_read_soft(&soft);
        assert_int_equal(b.image_n, 3);
        assert_memory_equal(b.image[1].b, d.b, d.n);
        soft.event[at] = soft_event(4, types[i], PAWL_VIEW_OF(image)); /* the image in the log */
        assert_int_equal(boot_read_soft(&soft).image_n, 3);
        if (types[i] == EV_SEPARATOR)
            continue;
        soft.event[at] = soft_event(4, types[i], pawl_view(image, 63)); /* too short for one */
        assert_int_equal(boot_read_soft(&soft).image_n, 2);
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
        boot_add(&soft, soft_event(7, EV_EFI_VARIABLE_AUTHORITY, newer));
        struct boot b = boot_read_soft(&soft);
        assert_true(boot_has_row(&b, "L5"));
        assert_string_equal(b.sbat, old ? "" : "2023012900");
        assert_int_equal(b.secure_boot, FACT_UNKNOWN);
    }
}

static void l3_whatever_pcr_14_measured_is_a_key_of_the_owner(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct pawl_digest   d = boot_hash_of(PAWL_SHA256, pawl_view_str("a thief's key"));

    boot_add(&soft, boot_event_of(14, EV_SEPARATOR, "WBCL", pawl_view_str("a thief's key")));
    struct boot b = boot_read_soft(&soft);
    assert_int_equal(b.mok_n, 2);
    assert_memory_equal(b.mok[1].b, d.b, d.n);
}

static void systemd_writes_lines_in_utf_16(void **state)
{
    (void)state;
    struct soft_eventlog soft = { .bank_n = 1, .bank = { PAWL_SHA256 } };

    boot_add(&soft, soft_event(12, EV_IPL, soft_wide("quiet splash", 2)));
    boot_add(&soft, soft_event(8, EV_IPL, soft_wide("initrd=\\initrd.img ro", 2)));
    soft.event[1].measured = soft_wide("initrd=\\initrd.img ro", 3);
    struct boot b = boot_read_soft(&soft);
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
        boot_add(&soft, soft_load_options(soft_wide(words, 2)));
        boot_add(&soft, soft_load_options(soft_wide(grub, 0)));
        struct boot b = boot_read_soft(&soft);
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
    struct boot_line l = { .digest = boot_hash_of(PAWL_SHA256, pawl_view("ro\0quiet", 8)) };

    assert_false(boot_line_is(&l, pawl_view("ro\0quiet", 8))); /* a NUL ends a line */
    l.digest = boot_hash_of(PAWL_SHA256, pawl_view_str("caf\xc3\xa9"));
    assert_false(boot_line_is(&l, pawl_view_str("caf\xc3\xa9"))); /* no ASCII */
    static char long_words[BOOT_WORDS_MAX + 1];
    memset(long_words, 'a', sizeof(long_words));
    l.digest = boot_hash_of(PAWL_SHA256, pawl_view(long_words, BOOT_WORDS_MAX));
    assert_true(boot_line_is(&l, pawl_view(long_words, BOOT_WORDS_MAX)));
    l.digest = boot_hash_of(PAWL_SHA256, pawl_view(long_words, BOOT_WORDS_MAX + 1));
    assert_false(boot_line_is(&l, pawl_view(long_words, BOOT_WORDS_MAX + 1)));
}

static void lines_beyond_the_eighth_are_counted(void **state)
{
    (void)state;
    struct soft_eventlog soft = { .bank_n = 1, .bank = { PAWL_SHA256 } };
    static char          longest[BOOT_LINE_MAX + 1] = "/";

    memset(longest + 1, 'a', BOOT_LINE_MAX - 2);
    boot_add(&soft, soft_event_line(8, "kernel_cmdline: ", longest));
    longest[BOOT_LINE_MAX - 1] = 'a';
    boot_add(&soft, soft_event_line(8, "kernel_cmdline: ", longest));
    for (int i = 0; i < BOOT_LINES_MAX; i++)
        boot_add(&soft, soft_event_line(8, "kernel_cmdline: ", "/vmlinuz ro"));
    struct boot b = boot_read_soft(&soft);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
