/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: what a policy learned from a good device accepts is that device, and nothing with one PCR
 * value, one fact or one file changed; it takes every phase of the boot, and never a value
 * that a reset leaves; a release that joins a policy is taken beside the others and not mixed with
 * them; nothing is learned from a log or list that the quote does not confirm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/policy_learn.h"
#include "soft_golden.h"

static struct pawl_err err;

/* ---- learning ------------------------------------------------------------------------------- */

static struct policy_golden golden_of(const struct soft_golden *g)
{
    return (struct policy_golden){ .name = "gateway",
                                   .version = 3,
                                   .select = &g->select,
                                   .values = &g->values,
                                   .boot = &g->boot,
                                   .list = soft_golden_list(g) };
}

static void text_free(char **text)
{
    free(*text);
}
#define TEXT PAWL_CLEANUP(text_free) char *

static char *learn(const struct policy_golden *g)
{
    char *text = NULL;

    T_OK(policy_golden(g, &text, &err), &err);
    return text;
}

static void refuses(const struct policy_golden *g, enum pawl_code code, const char *where)
{
    char *text = NULL;

    T_FAILS(policy_golden(g, &text, &err), &err, code);
    T_WHERE(&err, where);
    assert_null(text);
}

/* The log has all that a rule can be about. */
static struct soft_golden *good_device(void)
{
    static struct soft_golden g;

    soft_golden_make(&g, "6.1.0-55-amd64", "kernel 55");
    assert_int_equal(g.boot.agree, EVENTLOG_PCRS);
    return &g;
}

static void is_accepted(struct soft_golden *g, const char *policy)
{
    enum trust_tier t = soft_golden_judge(g, policy);

    if (t != TIER_AFFIRMING)
        for (size_t i = 0; i < g->v.finding_n; i++)
            print_message("%s: %s\n", reason_code(g->v.finding[i].reason), g->v.finding[i].detail);
    assert_int_equal(t, TIER_AFFIRMING);
}

static void is_refused(struct soft_golden *g, const char *policy, enum reason r)
{
    assert_int_equal(soft_golden_judge(g, policy), TIER_CONTRAINDICATED);
    assert_true(soft_golden_found(g, r));
}

/* ---- the device itself ---------------------------------------------------------------------- */

static void accepts_the_device_it_was_learned_from(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);
    TEXT                 text = learn(&in);
    struct policy        p;

    is_accepted(g, text);
    assert_int_equal(g->v.executables, AR4SI_RECOGNISED);
    assert_string_equal(g->v.release, "6.1.0-55-amd64");
    T_OK(policy_parse(pawl_view_str(text), &p, &err), &err);
    assert_string_equal(p.name, "gateway");
    assert_true(p.version == 3 && p.release_n == 1);
    assert_string_equal(p.release[0].kernel, "6.1.0-55-amd64");
    assert_int_equal(p.all.secure_boot, FACT_YES);
    assert_string_equal(p.all.sbat, "2023012900");
    assert_int_equal(p.all.authorities.n, g->boot.authority_n);
    assert_int_equal(p.release[0].rules.images.n, g->boot.image_n);
    assert_int_equal(p.release[0].rules.lines.n, g->boot.line_n);
    assert_int_equal(p.ima.rules.policies_n, 1);
    assert_int_equal(p.ima.rules.files_n, 3);
    assert_int_equal(p.ima.rules.buffers_n, 1);
    policy_done(&p);
}

/* 1, 5 and 6 differ from box to box, 10 is IMA's; 4 is told by its images. */
static void learns_the_pcrs_that_say_what_ran(void **state)
{
    (void)state;
    static const unsigned all[] = { 0, 2, 3, 7 }, release[] = { 8, 9, 11, 12, 13, 14 };
    struct soft_golden   *g = good_device();
    struct policy_golden  in = golden_of(g);
    TEXT                  text = learn(&in);
    struct policy         p;

    T_OK(policy_parse(pawl_view_str(text), &p, &err), &err);
    assert_int_equal(p.all.rule_n, sizeof(all) / sizeof(all[0]));
    for (size_t i = 0; i < p.all.rule_n; i++)
        assert_int_equal(p.all.rule[i].pcr, all[i]);
    assert_int_equal(p.release[0].rules.rule_n, sizeof(release) / sizeof(release[0]));
    for (size_t i = 0; i < p.release[0].rules.rule_n; i++)
        assert_int_equal(p.release[0].rules.rule[i].pcr, release[i]);
    policy_done(&p);
}

/* ---- and nothing else ----------------------------------------------------------------------- */

static void no_value_of_a_learned_pcr_may_differ(void **state)
{
    (void)state;
    static const unsigned pcrs[] = { 0, 2, 3, 7, 8, 9, 11, 12, 13, 14 };
    struct soft_golden   *g = good_device();
    struct policy_golden  in = golden_of(g);
    TEXT                  text = learn(&in);

    for (size_t i = 0; i < sizeof(pcrs) / sizeof(pcrs[0]); i++) {
        struct pawl_digest *d = soft_golden_pcr(g, pcrs[i]), was = *d;
        d->b[31] ^= 1;
        is_refused(g, text, REASON_PCR_DIFFERS);
        *d = was;
    }
    is_accepted(g, text);
}

/* Each is changed as if the log had said it, and PCRs had not noticed. */
static void no_fact_may_differ(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);
    TEXT                 text = learn(&in);
    struct boot          was = g->boot, *b = &g->boot;

    assert_true(b->authority_n && b->image_n >= 3 && b->line_n);
    b->secure_boot = FACT_NO;
    is_refused(g, text, REASON_SECURE_BOOT_OFF);
    for (size_t l = 0; l < KEY_LIST_COUNT; l++) {
        *b = was;
        assert_true(b->list[l].present);
        b->list[l].sha256[0] ^= 1;
        is_refused(g, text, REASON_SECURE_BOOT_KEYS);
        *b = was;
        b->list[l].present = false;
        is_refused(g, text, REASON_SECURE_BOOT_KEYS);
    }
    *b = was;
    snprintf(b->sbat, sizeof(b->sbat), "2023012800");
    is_refused(g, text, REASON_SBAT_TOO_OLD);
    for (size_t i = 0; i < was.authority_n; i++) {
        *b = was;
        b->authority[i].sha256[0] ^= 1;
        is_refused(g, text, REASON_BOOT_AUTHORITY_UNKNOWN);
    }
    for (size_t i = 0; i < was.image_n; i++) {
        *b = was;
        b->image[i].b[0] ^= 1;
        is_refused(g, text, REASON_BOOT_IMAGE_UNKNOWN);
    }
    for (size_t i = 0; i < was.line_n; i++) {
        *b = was;
        b->line[i].digest.b[0] ^= 1;
        is_refused(g, text, REASON_COMMAND_LINE_DIFFERS);
    }
    *b = was;
    b->mok[b->mok_n].n = 32;
    b->mok[b->mok_n++].b[0] = 1;
    is_refused(g, text, REASON_MOK_UNKNOWN);
    *b = was;
    is_accepted(g, text);
}

/* As the kernel's EFI stub measures what the loader said before. */
static void a_line_without_words_is_learned_by_those_of_another(void **state)
{
    (void)state;
    struct soft_golden *g = good_device();
    size_t              n = g->boot.line_n++;
    struct boot_line   *stub = &g->boot.line[n];

    assert_true(n >= 1);
    *stub = g->boot.line[0];
    stub->text[0] = '\0';
    struct policy_golden in = golden_of(g);
    TEXT                 text = learn(&in);
    is_accepted(g, text);
    assert_non_null(strstr(text, "\"command_lines\""));
    stub->digest.b[0] ^= 1;
    is_refused(g, text, REASON_COMMAND_LINE_DIFFERS);
    TEXT other = learn(&in);
    is_accepted(g, other);
    assert_null(strstr(other, "\"command_lines\""));
}

static void measures(struct soft_golden *g, const char *path, const char *content)
{
    soft_ima_file(&g->ima, path, content);
    *soft_golden_pcr(g, IMA_PCR) = g->ima.own;
}

static void no_file_may_differ(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);
    TEXT                 text = learn(&in);

    measures(g, "/usr/bin/bash", "bash");
    is_accepted(g, text);
    measures(g, "/usr/bin/bash", "malware");
    is_refused(g, text, REASON_FILE_UNKNOWN);
    soft_golden_boots(g);
    measures(g, "/usr/bin/other", "bash");
    is_refused(g, text, REASON_FILE_UNKNOWN);
    soft_golden_boots(g);
    measures(g, "/etc/ima/ima-policy", "dont_measure");
    is_refused(g, text, REASON_IMA_POLICY_UNKNOWN);
    soft_golden_boots(g);
    soft_ima_violation(&g->ima, "/usr/bin/bash");
    *soft_golden_pcr(g, IMA_PCR) = g->ima.own;
    is_refused(g, text, REASON_IMA_VIOLATION);
}

/* Otherwise the policy would not take the list that it was learned from. */
static void takes_itself_with(struct soft_golden *g, const char *flag)
{
    static const char *const flags[] = { "\"violations\"", "\"sha1\"", "\"kexec\"" };
    struct policy_golden     in = golden_of(g);
    TEXT                     text = learn(&in);

    is_accepted(g, text);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        assert_int_equal(strstr(text, flags[i]) != NULL, strcmp(flags[i], flag) == 0);
}

static void learns_what_the_list_could_not_do_without(void **state)
{
    (void)state;
    struct soft_golden    *g = good_device();
    const struct pawl_view sha1[] = { soft_ima_named("sha1:", t_hex("01020304050607080910"
                                                                    "11121314151617181920")),
                                      soft_ima_text("/bin/old") };

    soft_ima_violation(&g->ima, "/var/log/wtmp");
    *soft_golden_pcr(g, IMA_PCR) = g->ima.own;
    takes_itself_with(g, "\"violations\"");

    g = good_device();
    soft_ima_entry(&g->ima, IMA_PCR, "ima-ng", sha1, 2);
    *soft_golden_pcr(g, IMA_PCR) = g->ima.own;
    takes_itself_with(g, "\"sha1\"");

    g = good_device(); /* a kernel before 5.8 */
    *soft_golden_pcr(g, IMA_PCR) = g->ima.padded;
    takes_itself_with(g, "\"sha1\"");

    g = good_device();
    soft_golden_kexec(g);
    takes_itself_with(g, "\"kexec\"");
}

static void entries_of_other_pcrs_teach_nothing(void **state)
{
    (void)state;
    struct soft_golden    *g = good_device();
    const struct pawl_view fields[] = { soft_ima_named("sha256:", t_hex("00")),
                                        soft_ima_text("/elsewhere") };

    soft_ima_entry(&g->ima, 12, "ima-ng", fields, 2);
    measures(g, "/usr/bin/bash", "bash");
    struct policy_golden in = golden_of(g);
    TEXT                 text = learn(&in);
    assert_null(strstr(text, "/elsewhere"));
}

/* The PCRs that they went into hold them. */
static void lines_whose_words_nobody_knows_are_no_rule(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);

    g->boot.line[0].text[0] = 0;
    TEXT unknown = learn(&in);
    assert_null(strstr(unknown, "command_lines"));
    is_accepted(g, unknown);
    g = good_device();
    g->boot.lines_left_out = 1;
    TEXT more = learn(&in);
    assert_null(strstr(more, "command_lines"));
    is_accepted(g, more);
}

/* ---- phases, and what nothing was measured into --------------------------------------------- */

static const char *const words[] = { "enter-initrd", "leave-initrd", "sysinit", "ready" };

/* An image whose stub measured itself into PCR 11. */
static struct soft_golden *with_stub(void)
{
    struct soft_golden *g = good_device();

    soft_eventlog_insert(&g->log, g->log.n - 2, soft_event_line(11, ".linux", "the kernel"));
    soft_golden_boots(g);
    assert_int_equal(g->boot.phases[PAWL_SHA256].n, 32);
    return g;
}

static void takes_every_phase_of_the_boot(void **state)
{
    (void)state;
    for (size_t learned_at = 0; learned_at <= 4; learned_at++) {
        struct soft_golden *g = with_stub();
        for (size_t i = 0; i < learned_at; i++)
            soft_golden_phase(g, words[i]);
        struct policy_golden in = golden_of(g);
        TEXT                 text = learn(&in);
        g = with_stub();
        is_accepted(g, text);
        for (size_t i = 0; i < 4; i++) {
            soft_golden_phase(g, words[i]);
            is_accepted(g, text);
        }
        soft_golden_phase(g, "ready");
        is_refused(g, text, REASON_PCR_DIFFERS);
    }
}

static void say_phase(struct soft_golden *g, const char *word)
{
    struct pawl_view text = pawl_view_str(word);

    for (size_t i = 0; i < g->select.n; i++) {
        enum pawl_hash      hash = g->select.bank[i].hash;
        struct pawl_digest *pcr = &g->values.value[i * PAWL_PCRS + 11], d, next;
        T_OK(pawl_hash(hash, &text, 1, &d, &err), &err);
        const struct pawl_view parts[] = { pawl_digest_view(pcr), pawl_digest_view(&d) };
        T_OK(pawl_hash(hash, parts, 2, &next, &err), &err);
        *pcr = next;
    }
}

/* All PCRs of both. */
static struct soft_golden *with_two_banks(void)
{
    struct soft_golden  *g = with_stub();
    struct eventlog      log;
    struct eventlog_pcrs pcrs;

    g->log.bank[g->log.bank_n++] = PAWL_SHA384;
    struct pawl_view bytes = soft_eventlog_bytes(&g->log);
    T_OK(eventlog_parse(bytes, &log, &err), &err);
    T_OK(eventlog_replay(&log, &pcrs, &err), &err);
    eventlog_done(&log);
    g->select.n = g->values.n = 0;
    for (size_t i = 0; i < pcrs.bank_n; i++) {
        g->select.bank[g->select.n++] = (struct pawl_pcr_bank){ pcrs.bank[i].hash, 0xffffff };
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            g->values.value[g->values.n++] = pcrs.bank[i].pcr[pcr];
    }
    T_OK(boot_read(bytes, &g->select, &g->values, &g->boot, &err), &err);
    return g;
}

static void each_bank_is_learned_with_its_own_phases(void **state)
{
    (void)state;
    struct soft_golden  *g = with_two_banks();
    struct policy_golden in = golden_of(g);

    in.list.n = 0;
    TEXT text = learn(&in);
    for (size_t i = 0; i < 4; i++) {
        say_phase(g, words[i]);
        is_accepted(g, text);
    }
    for (size_t bank = 0; bank < 2; bank++) {
        struct pawl_digest *d = &g->values.value[bank * PAWL_PCRS + 11], was = *d;
        d->b[0] ^= 1;
        is_refused(g, text, REASON_PCR_DIFFERS);
        *d = was;
    }
    in.literal = true;
    TEXT literal = learn(&in);
    is_accepted(g, literal);
    assert_non_null(strstr(literal, "\"17\":\t\"unmeasured\""));
    assert_null(strstr(literal, "ffffffffffffffff"));
}

/* Words in another order, or another base, are no phases: then the value stands for itself. */
static void a_value_that_no_phase_explains_stands_for_itself(void **state)
{
    (void)state;
    struct soft_golden *g = with_stub();

    soft_golden_phase(g, "ready");
    struct policy_golden in = golden_of(g);
    TEXT                 text = learn(&in);
    is_accepted(g, text);
    g = with_stub();
    is_refused(g, text, REASON_PCR_DIFFERS);
}

/* PCRs 9, 11, 12 and 13 of this device are as a reset leaves them. */
static void what_a_reset_leaves_is_never_a_value(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);
    TEXT                 text = learn(&in);

    assert_null(strstr(text, "\"0000000000000000"));
    assert_non_null(strstr(text, "\"12\":\t\"unmeasured\""));
    for (unsigned pcr = 0; pcr < g->values.n; pcr++)
        *soft_golden_pcr(g, pcr) = (struct pawl_digest){ .n = 32 };
    in.list.n = 0;
    refuses(&in, PAWL_E_RANGE, "pcrs");
    in.literal = true;
    refuses(&in, PAWL_E_RANGE, "pcrs");
}

static void a_bank_that_firmware_left_alone_teaches_nothing(void **state)
{
    (void)state;
    struct soft_golden *g = good_device();

    g->select.bank[g->select.n++] = (struct pawl_pcr_bank){ PAWL_SHA384, 0x0f };
    for (int i = 0; i < 4; i++)
        g->values.value[g->values.n++] = (struct pawl_digest){ .n = 48 };
    struct policy_golden in = golden_of(g);
    TEXT                 text = learn(&in);
    assert_null(strstr(text, "sha384"));
}

/* ---- without a log, and literally ----------------------------------------------------------- */

static void without_a_log_pcr_4_stands_for_the_images(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);

    in.boot = NULL;
    in.list.n = 0;
    TEXT text = learn(&in);
    g->log.n = 0;
    is_accepted(g, text);
    assert_string_equal(g->v.release, "learned");
    assert_null(strstr(text, "secure_boot"));
    soft_golden_pcr(g, 1)->b[0] ^= 1;
    is_accepted(g, text);
    soft_golden_pcr(g, 4)->b[0] ^= 1;
    is_refused(g, text, REASON_PCR_DIFFERS);
}

static void literally_all_pcrs_but_that_of_ima_are_learned(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);

    in.literal = true;
    in.list.n = 0;
    TEXT text = learn(&in);
    assert_null(strstr(text, "releases"));
    is_accepted(g, text);
    for (unsigned pcr = 0; pcr < g->values.n; pcr++) {
        struct pawl_digest *d = soft_golden_pcr(g, pcr), was = *d;
        d->b[0] ^= 1;
        soft_golden_judge(g, text);
        assert_int_equal(soft_golden_found(g, REASON_PCR_DIFFERS), pcr != IMA_PCR);
        *d = was;
    }
}

/* ---- what nobody confirms ------------------------------------------------------------------- */

static void learns_nothing_from_a_log_that_the_quote_does_not_confirm(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);

    soft_golden_pcr(g, 7)->b[0] ^= 1;
    T_OK(boot_read(soft_eventlog_bytes(&g->log), &g->select, &g->values, &g->boot, &err), &err);
    refuses(&in, PAWL_E_DENIED, "event_log");
}

/* It leads to the quoted values, and PCR 6 has no separator. */
static void learns_nothing_from_a_log_that_breaks_a_rule(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in;

    soft_eventlog_remove(&g->log, soft_eventlog_find(&g->log, 6, EV_SEPARATOR, 0));
    soft_golden_boots(g);
    assert_int_equal(g->boot.agree, EVENTLOG_PCRS);
    in = golden_of(g);
    refuses(&in, PAWL_E_DENIED, "event_log");
    assert_non_null(strstr(err.why, "L6"));
}

/* The log was read earlier in the boot, with another quote. */
static void learns_nothing_from_a_log_that_explains_less_than_is_quoted_now(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);

    soft_golden_pcr(g, 9)->b[0] ^= 1;
    refuses(&in, PAWL_E_DENIED, "event_log");
    g = good_device();
    g->boot.agree &= ~(1u << 13);
    refuses(&in, PAWL_E_DENIED, "event_log");
    g = good_device();
    g->boot.failures.dropped = 1;
    refuses(&in, PAWL_E_DENIED, "event_log");
}

static void a_release_has_a_name_that_a_policy_takes(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        { "6.1.0-55-amd64", "6.1.0-55-amd64" },
        { "6.9.0-rc7+@mine\"x", "6.9.0-rc7+-mine-x" },
        { "-6.1", "learned" },
        { "6.1.0-55-with-a-very-long-name-of-a-vendor", "6.1.0-55-with-a-very-long-name-o" },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        static struct soft_golden g;
        soft_golden_make(&g, names[i][0], "kernel");
        struct policy_golden in = golden_of(&g);
        TEXT                 text = learn(&in);
        is_accepted(&g, text);
        assert_string_equal(g.v.release, names[i][1]);
    }
}

static void learns_nothing_from_a_list_that_the_quote_does_not_confirm(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);

    soft_golden_pcr(g, IMA_PCR)->b[0] ^= 1;
    T_FAILS(policy_golden(&in, &(char *){ NULL }, &err), &err, PAWL_E_FORGED);
    *soft_golden_pcr(g, IMA_PCR) = (struct pawl_digest){ .n = 32 };
    refuses(&in, PAWL_E_DENIED, "ima.pcrs");
    /* What stands behind the quoted place is pending, and nobody's evidence. */
    soft_golden_boots(g);
    soft_ima_file(&g->ima, "/tmp/later", "later");
    in.list = soft_golden_list(g);
    TEXT text = learn(&in);
    assert_null(strstr(text, "later"));
}

static void refuses_names_and_versions(void **state)
{
    (void)state;
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);

    in.name = "Gateway";
    refuses(&in, PAWL_E_FORM, "name");
    in.name = "gateway";
    in.version = 0;
    refuses(&in, PAWL_E_RANGE, "version");
    in.version = POLICY_VERSION_MAX + 1;
    refuses(&in, PAWL_E_RANGE, "version");
    in.version = 1;
    in.release = "";
    refuses(&in, PAWL_E_RANGE, "release");
    in.release = "a name of more than thirty-two bytes";
    refuses(&in, PAWL_E_RANGE, "release");
}

/* ---- a release more ------------------------------------------------------------------------- */

/* What `next` teaches, added to what `g` taught. */
static char *join(const struct soft_golden *next, const char *base, const char *release)
{
    struct policy_golden in = golden_of(next);

    in.version = 4;
    in.release = release;
    in.base = pawl_view_str(base);
    return learn(&in);
}

static void a_release_joins_and_is_not_mixed(void **state)
{
    (void)state;
    static struct soft_golden next, mixed;
    struct soft_golden       *g = good_device();
    struct policy_golden      in = golden_of(g);
    TEXT                      first = learn(&in);

    soft_golden_make(&next, "6.1.0-56-amd64", "kernel 56");
    is_refused(&next, first, REASON_BOOT_IMAGE_UNKNOWN);
    TEXT both = join(&next, first, NULL);
    is_accepted(g, both);
    assert_string_equal(g->v.release, "6.1.0-55-amd64");
    is_accepted(&next, both);
    assert_string_equal(next.v.release, "6.1.0-56-amd64");
    assert_string_equal(next.v.policy, "gateway:4");
    soft_golden_make(&mixed, "6.1.0-55-amd64", "kernel 56");
    is_refused(&mixed, both, REASON_MIXED_IMAGE);
}

static void a_release_takes_the_place_of_one_of_its_name(void **state)
{
    (void)state;
    static struct soft_golden next;
    struct soft_golden       *g = good_device();
    struct policy_golden      in = golden_of(g);

    in.release = "image";
    TEXT first = learn(&in);
    soft_golden_make(&next, "6.1.0-56-amd64", "kernel 56");
    TEXT both = join(&next, first, "image");
    is_accepted(&next, both);
    is_refused(g, both, REASON_BOOT_IMAGE_UNKNOWN);
}

/* Firmware was updated too, and a file; comments and rules of a person's own stay rules. */
static void rules_for_all_take_both(void **state)
{
    (void)state;
    static struct soft_golden next;
    struct soft_golden       *g = good_device();
    struct policy_golden      in = golden_of(g);
    TEXT                      learned = learn(&in);
    TEXT                      first = NULL;

    assert_true(asprintf(&first,
                         "/* by hand */ {\"note\":\"mine\", \"firmware\":{\"id:53544D20\":"
                         "\"1.2\"},%s",
                         learned + strcspn(learned, "{") + 1) > 0);
    soft_golden_make(&next, "6.1.0-56-amd64", "kernel 56");
    next.log.event[1] = soft_event_line(0, "blob", "newer firmware");
    next.log.event[1].type = 0x80000008u;
    soft_golden_boots(&next);
    measures(&next, "/usr/bin/new", "new");
    TEXT both = join(&next, first, NULL);
    assert_non_null(strstr(both, "\"mine\""));
    assert_non_null(strstr(both, "\"1.2\""));
    assert_non_null(strstr(both, "/usr/bin/new"));
    struct policy p;
    T_OK(policy_parse(pawl_view_str(both), &p, &err), &err);
    assert_int_equal(p.all.rule[0].pcr, 0);
    assert_int_equal(p.all.rule[0].value_n, 2);
    assert_int_equal(p.all.rule[1].value_n, 1);
    assert_int_equal(p.ima.rules.files_n, 4);
    policy_done(&p);
}

static char *upper_hex(const char *text)
{
    char *copy = strdup(text), *at = strstr(copy, "\"0\":");

    assert_non_null(at);
    for (at += 5; *at != ']'; at++)
        *at = (char)(*at >= 'a' && *at <= 'f' ? *at - 32 : *at);
    return copy;
}

/* What is there already is not added again, however it is written; secure boot and the list join
 * too. */
static void joins_member_by_member(void **state)
{
    (void)state;
    static struct soft_golden next;
    struct soft_golden       *g = good_device();
    struct policy_golden      in = golden_of(g);
    TEXT                      first = learn(&in);
    TEXT                      upper = upper_hex(first);
    struct policy             p;

    soft_golden_make(&next, "6.1.0-56-amd64", "kernel 56");
    size_t at = soft_eventlog_find(&next.log, 7, EV_EFI_VARIABLE_AUTHORITY, 1);
    next.log.event[at] = soft_event(
        7, EV_EFI_VARIABLE_AUTHORITY,
        soft_variable(efi_shim, "SbatLevel", pawl_view_str("sbat,1,2021030218\n")));
    soft_golden_boots(&next);
    measures(&next, "/etc/ima/ima-policy", "measure func=FILE_CHECK");
    const struct pawl_view buffer[] = {
        soft_ima_named("sha256:", t_hex("36bbe50ed96841d10443bcb670d6554f0a34b761be67ec9c4a8ad"
                                        "2c0c44ca42c")),
        soft_ima_text(".evm"), pawl_view_str("abcde")
    };
    soft_ima_entry(&next.ima, IMA_PCR, "ima-buf", buffer, 3);
    soft_golden_kexec(&next);
    TEXT both = join(&next, upper, NULL);
    is_accepted(&next, both);
    is_accepted(g, both);
    T_OK(policy_parse(pawl_view_str(both), &p, &err), &err);
    assert_int_equal(p.all.rule[0].value_n, 1);
    assert_string_equal(p.all.sbat, "2021030218");
    assert_int_equal(p.ima.rules.policies_n, 2);
    assert_int_equal(p.ima.rules.buffers_n, 2);
    assert_true(p.ima.rules.may_kexec);
    policy_done(&p);
}

/* A rule for all that the new device breaks, and that learning has no say in. */
static void a_base_that_refuses_the_device_is_told(void **state)
{
    (void)state;
    static struct soft_golden next;
    struct soft_golden       *g = good_device();
    struct policy_golden      in = golden_of(g);

    in.literal = true;
    in.list.n = 0;
    TEXT literal = learn(&in);
    soft_golden_make(&next, "6.1.0-56-amd64", "kernel 56");
    in = golden_of(&next);
    in.base = pawl_view_str(literal);
    refuses(&in, PAWL_E_DENIED, "base.sha256:4");
}

static void what_cannot_hold_together_is_refused(void **state)
{
    (void)state;
    static const char unmeasured[] =
        "{\"name\":\"gateway\",\"version\":1,\"pcrs\":{\"sha256\":{\"0\":\"unmeasured\"}}}";
    struct soft_golden  *g = good_device();
    struct policy_golden in = golden_of(g);

    in.base = pawl_view_str(unmeasured);
    refuses(&in, PAWL_E_DENIED, "base.pcrs.sha256.0");
    in.base = pawl_view_str("{\"name\":\"gateway\"}");
    T_FAILS(policy_golden(&in, &(char *){ NULL }, &err), &err, PAWL_E_FORM);
    assert_true(strncmp(err.where, "base.", 5) == 0);
}

static const struct CMUnitTest cases[] = {
    T_CASE("accepts the device it was learned from", accepts_the_device_it_was_learned_from),
    T_CASE("learns the PCRs that say what ran", learns_the_pcrs_that_say_what_ran),
    T_CASE("no value of a learned PCR may differ", no_value_of_a_learned_pcr_may_differ),
    T_CASE("no fact may differ", no_fact_may_differ),
    T_CASE("a line without words is learned by those of another",
           a_line_without_words_is_learned_by_those_of_another),
    T_CASE("no file may differ", no_file_may_differ),
    T_CASE("learns what the list could not do without", learns_what_the_list_could_not_do_without),
    T_CASE("entries of other PCRs teach nothing", entries_of_other_pcrs_teach_nothing),
    T_CASE("lines whose words nobody knows are no rule",
           lines_whose_words_nobody_knows_are_no_rule),
    T_CASE("takes every phase of the boot", takes_every_phase_of_the_boot),
    T_CASE("each bank is learned with its own phases", each_bank_is_learned_with_its_own_phases),
    T_CASE("a value that no phase explains stands for itself",
           a_value_that_no_phase_explains_stands_for_itself),
    T_CASE("what a reset leaves is never a value", what_a_reset_leaves_is_never_a_value),
    T_CASE("a bank that firmware left alone teaches nothing",
           a_bank_that_firmware_left_alone_teaches_nothing),
    T_CASE("without a log PCR 4 stands for the images", without_a_log_pcr_4_stands_for_the_images),
    T_CASE("literally, all PCRs but that of IMA are learned",
           literally_all_pcrs_but_that_of_ima_are_learned),
    T_CASE("learns nothing from a log that the quote does not confirm",
           learns_nothing_from_a_log_that_the_quote_does_not_confirm),
    T_CASE("learns nothing from a log that breaks a rule",
           learns_nothing_from_a_log_that_breaks_a_rule),
    T_CASE("learns nothing from a log that explains less than is quoted now",
           learns_nothing_from_a_log_that_explains_less_than_is_quoted_now),
    T_CASE("a release has a name that a policy takes", a_release_has_a_name_that_a_policy_takes),
    T_CASE("learns nothing from a list that the quote does not confirm",
           learns_nothing_from_a_list_that_the_quote_does_not_confirm),
    T_CASE("refuses names and versions", refuses_names_and_versions),
    T_CASE("a release joins and is not mixed", a_release_joins_and_is_not_mixed),
    T_CASE("a release takes the place of one of its name",
           a_release_takes_the_place_of_one_of_its_name),
    T_CASE("rules for all take both", rules_for_all_take_both),
    T_CASE("joins member by member", joins_member_by_member),
    T_CASE("a base that refuses the device is told", a_base_that_refuses_the_device_is_told),
    T_CASE("what cannot hold together is refused", what_cannot_hold_together_is_refused),
};

int main(void)
{
    return cmocka_run_group_tests(cases, NULL, NULL);
}
