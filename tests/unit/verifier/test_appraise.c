/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: a device whose boot and files are good stays good through its ordinary life (reboots,
 * updates, suspends, power cuts, restarts of the agent), with the log sent once and the list
 * continued; evidence that is missing, broken, another one or of another boot is found, for what it
 * is, and never believed; what is kept is judged anew where rules or exceptions changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise.h"
#include "soft_quote.h"
#include "soft_ima.h"

enum { NOW = 1790000000 };

static struct pawl_err err;

/* ---- a device and its verifier -------------------------------------------------------------- */

struct world {
    /* the device */
    struct soft_eventlog soft;
    struct pawl_view     log;
    struct soft_quote    quoted;
    struct soft_ima      list;
    struct pawl_clock    clock;
    uint8_t              os_boot[PAWL_OS_BOOT];
    /* the verifier */
    struct known_device known;
    struct known_boot   kept;
    struct policy       policy;
    struct exception    exception[2];
    size_t              exception_n;
    int64_t             now_s;
    bool                watch;
    /* one request and its answer */
    bool                 leaves_values_out;
    struct appraise_log  sent_log;
    struct appraise_list sent_list;
    struct verdict       v;
    struct known_boot    next;
    struct appraise_want want;
};

static void world_done(struct world *w)
{
    policy_done(&w->policy);
}

#define WORLD PAWL_CLEANUP(world_done) struct world

/* Files are known by a content that is their path. */
static void rules(struct world *w, const char *more)
{
    static char text[4096];
    uint8_t     d[32];
    char        sh[65], tool[65];

    policy_done(&w->policy);
    w->policy = (struct policy){ 0 };
    T_OK(pawl_sha256(pawl_view_str("/bin/sh"), d, &err), &err);
    T_OK(pawl_hex_write(PAWL_VIEW_OF(d), sh, sizeof(sh), &err), &err);
    T_OK(pawl_sha256(pawl_view_str("/bin/tool"), d, &err), &err);
    T_OK(pawl_hex_write(PAWL_VIEW_OF(d), tool, sizeof(tool), &err), &err);
    snprintf(text, sizeof(text),
             "{\"name\": \"gateway\", \"version\": 3, \"secure_boot\": {\"on\": true, \"sbat\": "
             "\"2023012900\"},"
             " \"ima\": {\"files\": {\"/bin/sh\": [\"sha256:%s\"],"
             " \"/bin/tool\": [\"sha256:%s\"]}}%s}",
             sh, tool, more);
    T_OK(policy_parse(pawl_view_str(text), &w->policy, &err), &err);
}

static void rules_of_boot(struct world *w, const char *more)
{
    static char text[4096];

    policy_done(&w->policy);
    w->policy = (struct policy){ 0 };
    snprintf(text, sizeof(text),
             "{\"name\": \"gateway\", \"version\": 3, \"secure_boot\": {\"on\": true, \"sbat\": "
             "\"2023012900\"}%s}",
             more);
    T_OK(policy_parse(pawl_view_str(text), &w->policy, &err), &err);
}

static void quote_list(struct world *w)
{
    *soft_quote_pcr(&w->quoted, PAWL_SHA256, 10) = w->list.own;
}

static void run(struct world *w, const char *path)
{
    soft_ima_file(&w->list, path, path);
    quote_list(w);
}

static void measure_kernel(struct world *w)
{
    uint8_t          all[10 * 32], d[32];
    struct pawl_view fields[2] = { { 0 }, soft_ima_text("boot_aggregate") };

    for (unsigned pcr = 0; pcr < 10; pcr++)
        memcpy(all + 32 * pcr, soft_quote_pcr(&w->quoted, PAWL_SHA256, pcr)->b, 32);
    T_OK(pawl_sha256(PAWL_VIEW_OF(all), d, &err), &err);
    fields[0] = soft_ima_named("sha256:", PAWL_VIEW_OF(d));
    soft_ima_entry(&w->list, 10, "ima-ng", fields, 2);
}

/* The firmware and the kernel begin, by the log that w->soft has now. */
static void power_on(struct world *w)
{
    w->log = soft_eventlog_bytes(&w->soft);
    w->quoted = soft_quote_of(w->log);
    soft_ima_boot(&w->list);
    measure_kernel(w);
    run(w, "/bin/sh");
    w->os_boot[0]++;
    w->clock.clock_ms += 1000;
}

static void reset(struct world *w)
{
    w->clock.resets++;
    w->clock.restarts = 0;
    power_on(w);
}

static void begin(struct world *w)
{
    *w = (struct world){ .soft = soft_eventlog_good(PAWL_SHA256),
                         .clock = { .resets = 6, .safe = true },
                         .now_s = NOW };
    w->known = (struct known_device){ .approved = true,
                                      .state = "active",
                                      .has_certificate = true,
                                      .banks = { 1, { { PAWL_SHA256, 0xffffff } } } };
    rules(w, "");
    reset(w);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void sends_log(struct world *w)
{
    w->sent_log.came = true;
    w->sent_log.bytes = w->log;
}

static void names_log(struct world *w)
{
    static uint8_t d[32];

    T_OK(pawl_sha256(w->log, d, &err), &err);
    w->sent_log = (struct appraise_log){ .said = true,
                                         .length = w->log.n,
                                         .sha256 = PAWL_VIEW_OF(d) };
}

static void sends_list(struct world *w, size_t from_byte, uint64_t first)
{
    w->sent_list = (struct appraise_list){ true, first, soft_ima_list(&w->list, from_byte) };
}

/* What was set up is judged, and kept by the verifier as it would be. */
static void judge(struct world *w)
{
    struct judging j = {
        .v = &w->v, .now_s = w->now_s, .exception_n = w->exception_n, .exception = w->exception
    };
    struct given_quote     q = { .b = { .clock = w->clock, .pcrs = w->quoted.select },
                                 .has_values = !w->leaves_values_out,
                                 .values = w->quoted.values,
                                 .os_boot = PAWL_VIEW_OF(w->os_boot) };
    struct device_findings found;

    if (w->kept.present && w->known.clock.resets != w->clock.resets)
        w->kept = (struct known_boot){ 0 };
    const struct software s = { .q = &q,
                                .known = &w->kept,
                                .log = w->sent_log,
                                .list = w->sent_list,
                                .manufacturer = "",
                                .policy = w->policy.name[0] ? &w->policy : NULL,
                                .why = "policy: none is assigned",
                                .watch = w->watch };
    w->v = (struct verdict){ 0 };
    appraise_device(&w->known, &q, &j, &found);
    t_poison(&w->next, sizeof(w->next));
    t_poison(&w->want, sizeof(w->want));
    T_OK(appraise_software(&s, &j, &w->next, &w->want, &err), &err);

    struct known_boot before = w->kept;
    w->kept = w->next;
    if (w->next.has_ima && !w->next.ima.attested) { /* what was attested before stays */
        w->kept.has_ima = before.has_ima;
        w->kept.ima = before.ima;
    }
    w->known.has_clock = true;
    w->known.clock = w->clock;
    memcpy(w->known.os_boot, w->os_boot, sizeof(w->os_boot));
    w->sent_list = (struct appraise_list){ 0 };
    names_log(w);
}

/* The first attest after a reset: the log, and no list until it is asked for; then that. */
static void attest_anew(struct world *w)
{
    names_log(w);
    sends_log(w);
    judge(w);
    sends_list(w, 0, 0);
    judge(w);
}

static size_t findings(const struct world *w, enum reason r)
{
    size_t n = 0;

    for (size_t i = 0; i < w->v.finding_n; i++)
        n += w->v.finding[i].reason == r;
    return n;
}

static void is(const struct world *w, enum trust_tier tier)
{
    if (verdict_tier(&w->v) != tier)
        for (size_t i = 0; i < w->v.finding_n; i++)
            print_error("%s: %s\n", reason_code(w->v.finding[i].reason), w->v.finding[i].detail);
    assert_string_equal(tier_name(verdict_tier(&w->v)), tier_name(tier));
}

static void covers(const struct world *w, enum cover c, enum reason why)
{
    assert_string_equal(reason_code(w->v.cover[c].why), reason_code(why));
    assert_int_equal(w->v.cover[c].is, why == REASON_NONE);
}

/* Everything was looked at, and good. */
static void is_good(const struct world *w)
{
    is(w, TIER_AFFIRMING);
    assert_int_equal(w->v.executables, AR4SI_RECOGNISED);
    assert_int_equal(w->v.configuration, AR4SI_RECOGNISED);
    for (int c = 0; c < COVER_COUNT; c++)
        covers(w, (enum cover)c, REASON_NONE);
    assert_false(w->want.log);
    assert_true(w->want.ima);
    assert_int_equal(w->want.first, w->next.ima.at.entries);
    assert_false(w->want.ima_more);
}

/* ---- ordinary life -------------------------------------------------------------------------- */

static void a_good_boot_and_its_files_are_affirmed(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    names_log(&w);
    sends_log(&w);
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_BOOT_LOG, REASON_NONE);
    covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    assert_true(w.want.ima);
    assert_int_equal(w.want.first, 0);
    assert_false(w.want.log);
    sends_list(&w, 0, 0);
    judge(&w);
    is_good(&w);
    assert_int_equal(w.want.first, 2);
}

static void later_attests_are_judged_without_the_log(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    for (int i = 0; i < 3; i++) {
        size_t end = w.list.n;
        run(&w, "/bin/tool");
        sends_list(&w, end, w.want.first);
        judge(&w);
        is_good(&w);
    }
    judge(&w); /* nothing new ran, and nothing is sent */
    is_good(&w);
    assert_int_equal(w.kept.ima.judged.known, 4);
}

static void a_reboot_is_no_failure(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    reset(&w);
    attest_anew(&w);
    is_good(&w);
    assert_memory_equal(w.kept.os_boot, w.os_boot, sizeof(w.os_boot));
}

static void an_update_is_no_failure(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    size_t at = soft_eventlog_find(&w.soft, 8, EV_IPL, 1);
    w.soft.event[at] = soft_event_line(8, "kernel_cmdline: ", "/vmlinuz-6.2 root=/dev/sda1");
    reset(&w);
    attest_anew(&w);
    is_good(&w);
    char kernel[64];
    boot_kernel(&w.kept.boot, kernel);
    assert_string_equal(kernel, "6.2");
}

static void a_suspend_is_no_failure(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    w.clock.restarts++;
    judge(&w);
    is_good(&w);
    assert_int_equal(w.kept.restarts, w.clock.restarts);
}

static void a_power_cut_is_no_failure(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    w.clock.clock_ms = 500000;
    attest_anew(&w);
    reset(&w);
    w.clock.clock_ms = 30; /* what was not saved is gone */
    w.clock.safe = false;
    attest_anew(&w);
    is_good(&w);
}

/* TPM Restart: PCRs begin anew, and resetCount stays. */
static void a_restart_of_the_tpm_is_a_boot(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    size_t at = soft_eventlog_find(&w.soft, 8, EV_IPL, 1);
    w.soft.event[at] = soft_event_line(8, "kernel_cmdline: ", "/vmlinuz-6.2 root=/dev/sda1");
    w.clock.restarts++;
    power_on(&w);
    attest_anew(&w);
    is_good(&w);
    assert_memory_equal(w.kept.os_boot, w.os_boot, sizeof(w.os_boot));
}

/* Root restarts the TPM, boots with another line, and says that it is the system from before; of
 * PCRs that are not quoted nobody knows what they hold now. */
static void q18_what_is_not_quoted_behind_a_restart_is_not_known(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    rules_of_boot(&w, ", \"boot\": {\"command_lines\": [\"/vmlinuz root=/dev/sda1\"]}");
    attest_anew(&w);
    is(&w, TIER_AFFIRMING);
    struct soft_quote all = w.quoted;
    w.quoted.select.bank[0].bits = 0xff;
    w.quoted.values.n = 8;
    judge(&w);
    is(&w, TIER_AFFIRMING); /* PCR 8 was quoted in this run of the TPM, and nothing goes back */

    w.clock.restarts++;
    for (int i = 0; i < 2; i++) {
        judge(&w);
        is(&w, TIER_WARNING);
        assert_int_equal(w.v.finding_n, 1);
        assert_string_equal(w.v.finding[0].what, "boot.command_lines");
        assert_int_equal(w.v.finding[0].reason, REASON_PCR_MISSING);
    }
    w.quoted = all;
    judge(&w);
    assert_true(w.want.log);
    sends_log(&w);
    judge(&w);
    is(&w, TIER_AFFIRMING);
}

static void q18_nothing_that_comes_between_brings_it_back(void **state)
{
    (void)state;

    for (int way = 0; way < 2; way++) {
        WORLD w;
        begin(&w);
        rules_of_boot(&w, ", \"boot\": {\"command_lines\": [\"/vmlinuz root=/dev/sda1\"]}");
        attest_anew(&w);
        w.clock.restarts++;
        soft_quote_pcr(&w.quoted, PAWL_SHA256, 8)->b[0] ^= 1;
        w.leaves_values_out = way == 0; /* or PCR 8 is shown, once */
        judge(&w);
        is(&w, way == 0 ? TIER_NONE : TIER_CONTRAINDICATED);
        w.leaves_values_out = false;
        w.quoted.select.bank[0].bits = 0xff;
        w.quoted.values.n = 8;
        judge(&w);
        is(&w, TIER_WARNING);
    }
}

static void a_restarted_agent_goes_on(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    size_t end = w.list.n;
    run(&w, "/bin/tool");
    judge(&w); /* it does not know yet where to go on */
    covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    assert_int_equal(w.want.first, 2);
    sends_list(&w, end, 2);
    judge(&w);
    is_good(&w);
}

/* ---- T4: a boot without a reset ------------------------------------------------------------- */

static void t4_a_boot_without_a_reset_is_told_until_the_next_reset(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    w.os_boot[0]++; /* kexec: PCRs stay, and the log is the first system's */
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            sends_log(&w);
        judge(&w);
        is(&w, TIER_WARNING);
        assert_int_equal(w.v.configuration, AR4SI_UNSAFE);
        assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);
        assert_true(findings(&w, REASON_TPM_NOT_RESET) > 0);
        covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
        assert_false(w.want.log);
    }
    reset(&w);
    attest_anew(&w);
    is_good(&w);
}

static void t4_pcrs_of_two_boots_accuse_nobody(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    rules_of_boot(&w, ", \"pcrs\": {\"sha256\": {\"12\": \"unmeasured\"}}");
    attest_anew(&w);
    is(&w, TIER_AFFIRMING);
    struct known_boot first = w.kept;
    w.os_boot[0]++;
    w.clock.clock_ms += 10;
    for (unsigned pcr = 0; pcr < 15; pcr++)
        soft_quote_pcr(&w.quoted, PAWL_SHA256, pcr)->b[0] ^= 1;
    sends_log(&w);
    judge(&w);
    is(&w, TIER_WARNING);
    assert_int_equal(w.v.executables, AR4SI_UNRECOGNISED);
    assert_int_equal(findings(&w, REASON_EVENT_LOG_DIFFERS), 0);
    assert_memory_equal(&w.kept.boot, &first.boot, sizeof(first.boot));

    w.clock.restarts++; /* a suspend of it makes it no new boot */
    for (int i = 0; i < 2; i++) {
        judge(&w);
        is(&w, TIER_WARNING);
        covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
        assert_int_equal(w.want.log, i == 0);
        assert_memory_equal(w.kept.os_boot, first.os_boot, sizeof(first.os_boot));
    }
    w.clock.restarts++;
    sends_log(&w);
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
}

static void t4_the_log_of_a_second_boot_is_not_kept(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    judge(&w); /* the first one never came */
    w.os_boot[0]++;
    for (unsigned pcr = 0; pcr < 8; pcr++)
        soft_quote_pcr(&w.quoted, PAWL_SHA256, pcr)->b[0] ^= 1;
    sends_log(&w);
    judge(&w);
    assert_false(w.next.has_boot);
    is(&w, TIER_WARNING);
    covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
}

static void t4_a_policy_may_take_a_boot_without_a_reset(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    rules_of_boot(&w, ", \"tpm_not_reset\": \"accept\"");
    attest_anew(&w);
    w.os_boot[0]++;
    judge(&w);
    is(&w, TIER_AFFIRMING);
    assert_true(findings(&w, REASON_TPM_NOT_RESET) > 0);
    /* what came on top is of no log */
    soft_quote_pcr(&w.quoted, PAWL_SHA256, 4)->b[0] ^= 1;
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_BOOT_LOG, REASON_TPM_NOT_RESET);
}

static void t4_a_list_of_two_boots_accuses_nobody(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    w.os_boot[0]++;
    soft_ima_boot(&w.list);
    measure_kernel(&w);
    soft_quote_pcr(&w.quoted, PAWL_SHA256, 10)->b[0] ^= 1;
    sends_list(&w, 0, 0);
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_RUNTIME, REASON_TPM_NOT_RESET);
}

static void t4_without_a_policy_it_is_told_too(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    policy_done(&w.policy);
    w.policy = (struct policy){ 0 };
    w.os_boot[0]++;
    judge(&w);
    assert_int_equal(w.v.configuration, AR4SI_UNSAFE);
    assert_int_equal(findings(&w, REASON_TPM_NOT_RESET), 1);
    is(&w, TIER_NONE);
}

static void t4_a_reset_under_a_running_system_is_a_warning(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    reset(&w);
    w.os_boot[0]--;
    attest_anew(&w);
    assert_int_equal(findings(&w, REASON_OS_BOOT_DIFFERS), 0); /* the second request: it is known */
    reset(&w);
    w.os_boot[0]--;
    names_log(&w);
    sends_log(&w);
    judge(&w);
    is(&w, TIER_WARNING);
    assert_int_equal(w.v.configuration, AR4SI_UNSAFE);
    assert_int_equal(findings(&w, REASON_OS_BOOT_DIFFERS), 1);
}

/* ---- the log -------------------------------------------------------------------------------- */

static void l19_a_log_that_a1_does_not_name_is_not_read(void **state)
{
    (void)state;
    static const uint8_t other[32] = { 1 };
    WORLD                w;

    for (int i = 0; i < 3; i++) {
        begin(&w);
        names_log(&w);
        sends_log(&w);
        if (i == 0)
            w.sent_log.length++;
        else if (i == 1)
            w.sent_log.sha256 = PAWL_VIEW_OF(other);
        else
            w.sent_log.said = false;
        judge(&w);
        is(&w, TIER_WARNING);
        assert_int_equal(findings(&w, REASON_EVENT_LOG_DIFFERS), 1);
        covers(&w, COVER_BOOT_LOG, REASON_NO_EVENT_LOG);
        assert_false(w.next.has_boot);
        assert_int_equal(w.want.log, i < 2);
        policy_done(&w.policy);
    }
    w.policy = (struct policy){ 0 };
}

static void a_log_is_asked_for_where_none_is_known(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    judge(&w); /* the device names none */
    is(&w, TIER_WARNING);
    covers(&w, COVER_BOOT_LOG, REASON_NO_EVENT_LOG);
    assert_false(w.want.log);
    judge(&w); /* now it does */
    assert_true(w.want.log);
    assert_false(w.next.has_boot);
    sends_log(&w);
    judge(&w);
    assert_false(w.want.log);
    assert_true(w.next.has_boot);
}

static void l1_what_is_measured_behind_the_log_is_found(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    soft_quote_pcr(&w.quoted, PAWL_SHA256, 7)->b[0] ^= 1;
    judge(&w);
    is(&w, TIER_CONTRAINDICATED);
    assert_true(findings(&w, REASON_EVENT_LOG_DIFFERS) > 0);
    assert_true(w.want.log);
}

/* A second log of the same boot could only explain what somebody measured meanwhile. */
static void l1_no_second_log_explains_it(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    rules_of_boot(&w, ", \"event_log\": {\"ignore\": [9]}");
    soft_quote_pcr(&w.quoted, PAWL_SHA256, 9)->b[0] ^= 1; /* which the log never led to */
    attest_anew(&w);
    is(&w, TIER_AFFIRMING);
    soft_eventlog_insert(&w.soft, w.soft.n, soft_event_line(14, "MokList", "one more"));
    w.log = soft_eventlog_bytes(&w.soft);
    w.quoted = soft_quote_of(w.log);
    names_log(&w);
    sends_log(&w);
    judge(&w);
    is(&w, TIER_CONTRAINDICATED);
    assert_true(findings(&w, REASON_EVENT_LOG_DIFFERS) > 0);
    assert_int_equal(w.kept.boot.mok_n, 1);
}

static void take_out(struct soft_quote *q, unsigned pcr)
{
    size_t i = (size_t)(soft_quote_pcr(q, PAWL_SHA256, pcr) - q->values.value);

    q->select.bank[0].bits &= ~(1u << pcr);
    q->values.n--;
    memmove(&q->values.value[i], &q->values.value[i + 1],
            (q->values.n - i) * sizeof(q->values.value[0]));
}

static void a_log_is_asked_for_again_where_more_is_quoted(void **state)
{
    (void)state;
    WORLD w;

    for (int changed = 0; changed < 2; changed++) {
        begin(&w);
        rules_of_boot(&w, "");
        struct soft_quote all = w.quoted;
        take_out(&w.quoted, 9);
        attest_anew(&w);
        is(&w, TIER_AFFIRMING);
        w.quoted = all;
        if (changed) /* whoever did that is not forgotten for it */
            soft_quote_pcr(&w.quoted, PAWL_SHA256, 7)->b[0] ^= 1;
        judge(&w);
        is(&w, changed ? TIER_CONTRAINDICATED : TIER_WARNING);
        assert_true(w.want.log);
        sends_log(&w);
        judge(&w);
        is(&w, changed ? TIER_CONTRAINDICATED : TIER_AFFIRMING);
        take_out(&w.quoted, 9);
        judge(&w); /* less is no reason */
        is(&w, changed ? TIER_CONTRAINDICATED : TIER_AFFIRMING);
        if (!changed)
            policy_done(&w.policy);
    }
}

static void l8_a_log_that_is_none_is_found_and_may_come_again(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    rules_of_boot(&w, "");
    struct pawl_view good = w.log;
    w.log = t_copy(pawl_view(good.p, good.n - 1));
    names_log(&w);
    sends_log(&w);
    judge(&w);
    is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(findings(&w, REASON_EVENT_LOG_BROKEN), 1);
    assert_false(w.want.log);
    w.log = good;
    names_log(&w);
    judge(&w);
    is(&w, TIER_CONTRAINDICATED);
    assert_true(w.want.log); /* the device names another one now */
    sends_log(&w);
    judge(&w);
    is(&w, TIER_AFFIRMING);
}

/* Unmeasured PCRs agree with any log. */
static void l1_a_log_that_leads_nowhere_may_come_again(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    rules_of_boot(&w, "");
    struct pawl_view     good = w.log;
    struct soft_eventlog other = w.soft;
    for (unsigned pcr = 0; pcr < 10; pcr++)
        soft_eventlog_insert(&other, 0, soft_event_text(pcr, 0x8, "another machine"));
    w.log = soft_eventlog_bytes(&other);
    names_log(&w);
    sends_log(&w);
    judge(&w);
    is(&w, TIER_CONTRAINDICATED);
    assert_true(w.kept.boot.agree);
    w.log = good;
    names_log(&w);
    judge(&w);
    assert_true(w.want.log);
    sends_log(&w);
    judge(&w);
    is(&w, TIER_AFFIRMING);
}

static void without_a_policy_facts_are_kept_and_nothing_is_trusted(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    policy_done(&w.policy);
    w.policy = (struct policy){ 0 };
    attest_anew(&w);
    is(&w, TIER_NONE);
    assert_int_equal(findings(&w, REASON_NO_POLICY), 1);
    assert_true(w.kept.has_boot);
    assert_int_equal(w.kept.boot.agree, EVENTLOG_PCRS);
    assert_false(w.next.has_ima);
    assert_false(w.want.ima || w.want.log);
}

static void values_that_were_left_out_change_nothing(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    struct known_boot before = w.kept;
    w.leaves_values_out = true;
    judge(&w);
    assert_int_equal(verdict_tier(&w.v), TIER_NONE);
    assert_int_equal(findings(&w, REASON_PCR_MISSING), 1);
    covers(&w, COVER_BOOT_LOG, REASON_PCR_MISSING);
    assert_true(w.next.has_boot && w.next.has_ima);
    assert_memory_equal(&w.next.boot, &before.boot, sizeof(before.boot));
    assert_int_equal(w.want.first, 2);
    w.leaves_values_out = false;
    judge(&w);
    is_good(&w);
}

/* ---- the list ------------------------------------------------------------------------------- */

static void i0_an_unknown_file_is_found_and_stays(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    run(&w, "/bin/evil");
    attest_anew(&w);
    is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(findings(&w, REASON_FILE_UNKNOWN), 1);
    judge(&w);
    is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(findings(&w, REASON_FILE_UNKNOWN), 1);
}

static void i7_other_rules_ask_for_the_whole_list(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    rules(&w, ", \"note\": \"another text\"");
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    assert_int_equal(w.want.first, 0);
    sends_list(&w, 0, 0);
    judge(&w);
    is_good(&w);
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

    begin(&w);
    run(&w, "/bin/evil");
    attest_anew(&w);
    is(&w, TIER_CONTRAINDICATED);
    except(&w, "/bin/evil");
    judge(&w);
    assert_int_equal(w.want.first, 0);
    sends_list(&w, 0, 0);
    judge(&w);
    is_good(&w);
    assert_int_equal(w.kept.ima.judged.excluded, 1);
    assert_string_equal(w.kept.ima.judged.excluded_path[0], "/bin/evil");
    w.now_s += 100;
    judge(&w);
    assert_int_equal(w.want.first, 0);
    sends_list(&w, 0, 0);
    judge(&w);
    is(&w, TIER_CONTRAINDICATED);
}

static void i12_an_exception_excludes_one_path_only(void **state)
{
    (void)state;
    static const char *const none[] = { "/bin/", "bin/evil", "/bin/../bin/evil", "/bin", "" };
    uint8_t                  plain[IMA_RULES_ID], id[IMA_RULES_ID];

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        WORLD          w;
        struct judging j = { .now_s = NOW };
        begin(&w);
        T_OK(appraise_rules_id(&w.policy, &j, plain, &err), &err);
        except(&w, none[i]);
        j.exception = w.exception;
        j.exception_n = 1;
        T_OK(appraise_rules_id(&w.policy, &j, id, &err), &err);
        assert_int_equal(memcmp(plain, id, sizeof(id)) == 0, strcmp(none[i], "/bin") != 0);
        run(&w, "/bin/evil");
        attest_anew(&w);
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

    begin(&w);
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

    begin(&w);
    size_t end = w.list.n;
    run(&w, "/bin/tool");
    attest_anew(&w);
    is_good(&w);
    w.kept.has_ima = false;

    sends_list(&w, 0, 0);
    w.sent_list.bytes.n = end;
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_RUNTIME, REASON_IMA_LIST_DIFFERS);
    assert_true(w.want.ima_more);
    assert_int_equal(w.want.first, 2);
    assert_false(w.next.ima.attested);
    w.kept.has_ima = true; /* a ticket brings it back */
    w.kept.ima = w.next.ima;
    sends_list(&w, end, 2);
    judge(&w);
    is_good(&w);
    assert_int_equal(w.kept.ima.judged.known, 2);
}

static void bytes_that_are_no_list_are_found_and_the_whole_is_asked_for(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    run(&w, "/bin/tool");
    w.sent_list = (struct appraise_list){ true, 2, pawl_view_str("no list") };
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_RUNTIME, REASON_IMA_LIST_BROKEN);
    assert_true(findings(&w, REASON_IMA_LIST_BROKEN) > 0);
    assert_int_equal(w.want.first, 0);
    assert_false(w.want.ima_more);
    sends_list(&w, 0, 0);
    judge(&w);
    is_good(&w);
}

static void i7_a_piece_from_elsewhere_changes_nothing(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    size_t end = w.list.n;
    run(&w, "/bin/tool");
    sends_list(&w, end, 3);
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    assert_int_equal(w.want.first, 2);
    assert_true(w.kept.has_ima);
    sends_list(&w, end, 2);
    judge(&w);
    is_good(&w);
}

/* Something ran that no rule knows; from then on the list stays away, or comes to nothing. */
static void i7_who_holds_the_list_back_is_not_cleared(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    size_t end = w.list.n;
    run(&w, "/bin/evil");
    sends_list(&w, end, 2);
    judge(&w);
    is(&w, TIER_CONTRAINDICATED);
    for (int way = 0; way < 4; way++) {
        run(&w, "/bin/sh");
        if (way == 1)
            w.sent_list = (struct appraise_list){ true, 3, pawl_view_str("no list") };
        if (way == 2)
            sends_list(&w, end, 2); /* one that does not go on where it should */
        if (way == 3)
            w.sent_list = (struct appraise_list){ true, 0, pawl_view("", 0) };
        judge(&w);
        is(&w, TIER_CONTRAINDICATED);
        assert_int_equal(findings(&w, REASON_FILE_UNKNOWN), 1);
        assert_false(w.v.cover[COVER_RUNTIME].is);
    }
    reset(&w); /* another boot: nothing is known of it, good or bad */
    names_log(&w);
    sends_log(&w);
    judge(&w);
    is(&w, TIER_WARNING);
    attest_anew(&w);
    is_good(&w);
}

static void i6_a_kernel_that_measured_without_its_tpm_says_so(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    WORLD                w;

    begin(&w);
    soft_ima_boot(&w.list);
    const struct pawl_view fields[] = { soft_ima_named("sha256:", PAWL_VIEW_OF(zeros)),
                                        soft_ima_text("boot_aggregate") };
    soft_ima_entry(&w.list, 10, "ima-ng", fields, 2);
    *soft_quote_pcr(&w.quoted, PAWL_SHA256, 10) = (struct pawl_digest){ .n = 32 };
    names_log(&w);
    sends_log(&w);
    judge(&w);
    covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
    sends_list(&w, 0, 0);
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_RUNTIME, REASON_IMA_WITHOUT_TPM);
    covers(&w, COVER_BOOT_LOG, REASON_NONE);
    assert_false(w.want.ima_more);
    assert_int_equal(w.want.first, 0);
}

static void i6_another_boots_list_is_found(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    struct soft_ima list = w.list;
    size_t          at = soft_eventlog_find(&w.soft, 8, EV_IPL, 1);
    w.soft.event[at] = soft_event_line(8, "kernel_cmdline: ", "/vmlinuz init=/bin/sh");
    reset(&w);
    w.list = list;
    quote_list(&w);
    attest_anew(&w);
    is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(findings(&w, REASON_IMA_LIST_BROKEN), 1);
}

static void the_list_needs_its_pcr(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    w.quoted.select.bank[0].bits = 0xffffff & ~(1u << 10);
    memmove(&w.quoted.values.value[10], &w.quoted.values.value[11],
            13 * sizeof(w.quoted.values.value[0]));
    w.quoted.values.n = 23;
    judge(&w);
    is(&w, TIER_WARNING);
    covers(&w, COVER_RUNTIME, REASON_PCR_MISSING);
    covers(&w, COVER_BOOT_LOG, REASON_NONE);
    assert_false(w.want.ima);
    assert_true(w.kept.has_ima); /* the next quote may have it again */
}

static void a_list_that_nobody_asked_for_is_not_looked_at(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    rules_of_boot(&w, "");
    run(&w, "/bin/evil");
    attest_anew(&w);
    is(&w, TIER_AFFIRMING);
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
        begin(&w);
        w.soft.bank_n = 2;
        memcpy(w.soft.bank, cases[i].bank, sizeof(cases[i].bank));
        w.log = soft_eventlog_bytes(&w.soft);
        w.quoted = soft_quote_of(w.log);
        judge(&w);
        assert_int_equal(w.next.ima.at.bank, cases[i].followed);
    }
}

static void i7_a_state_of_another_bank_or_boot_is_begun_anew(void **state)
{
    (void)state;
    WORLD w;

    for (int i = 0; i < 2; i++) {
        begin(&w);
        attest_anew(&w);
        if (i == 0)
            w.kept.ima.at.bank = PAWL_SHA384;
        else
            w.kept.ima.at.resets--;
        judge(&w);
        is(&w, TIER_WARNING);
        covers(&w, COVER_RUNTIME, REASON_NO_IMA_LIST);
        assert_int_equal(w.want.first, 0);
        sends_list(&w, 0, 0);
        judge(&w);
        is_good(&w);
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

    begin(&w);
    policy_done(&w.policy);
    T_OK(policy_parse(pawl_view_str("{\"name\": \"gateway\", \"version\": 3,"
                                    " \"pcrs\": {\"sha256\": {\"8\": \"unmeasured\"}},"
                                    " \"event_log\": {\"needed\": true},"
                                    " \"ima\": {\"exclude\": [\"/tmp/\"]}}"),
                      &w.policy, &err),
         &err);
    w.log = log;
    w.quoted = real_quote(pcrs);
    names_log(&w);
    sends_log(&w);
    w.sent_list = (struct appraise_list){ true, 0, list };
    judge(&w);
    is_good(&w);
    assert_int_equal(w.kept.ima.at.entries, 1);
    assert_int_equal(w.kept.boot.agree, 0x3ff); /* all that was quoted and a log explains */
}

/* ---- groups and devices --------------------------------------------------------------------- */

static void a_group_that_watches_warns(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    run(&w, "/bin/evil");
    w.watch = true;
    attest_anew(&w);
    is(&w, TIER_WARNING);
    assert_true(w.v.watched);
    assert_int_equal(findings(&w, REASON_FILE_UNKNOWN), 1);
    assert_int_equal(findings(&w, REASON_WATCHED), 1);
}

static void k13_without_a_certificate_nobody_is_affirmed(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    w.known.has_certificate = false;
    attest_anew(&w);
    is(&w, TIER_NONE);
    covers(&w, COVER_IDENTITY, REASON_NO_EK_CERT);
    assert_int_equal(findings(&w, REASON_NO_EK_CERT), 1);
    assert_int_equal(w.v.executables, AR4SI_RECOGNISED);
    assert_int_equal(w.v.hardware, AR4SI_NONE);
}

static void t6_a_resume_that_lost_pcr_0_is_found(void **state)
{
    (void)state;
    WORLD w;

    begin(&w);
    attest_anew(&w);
    struct soft_quote before = w.quoted;
    w.known.select = &before.select;
    w.known.values = &before.values;
    w.clock.restarts++;
    *soft_quote_pcr(&w.quoted, PAWL_SHA256, 0) = (struct pawl_digest){ .n = 32 };
    judge(&w);
    is(&w, TIER_CONTRAINDICATED);
    assert_int_equal(w.v.hardware, AR4SI_CONTRAINDICATED);
    assert_int_equal(findings(&w, REASON_PCR0_EMPTY), 1);
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
        T_CASE("L19 a log that A1 does not name is not read",
               l19_a_log_that_a1_does_not_name_is_not_read),
        T_CASE("a log is asked for where none is known", a_log_is_asked_for_where_none_is_known),
        T_CASE("L1 what is measured behind the log is found",
               l1_what_is_measured_behind_the_log_is_found),
        T_CASE("L1 no second log explains it", l1_no_second_log_explains_it),
        T_CASE("a log is asked for again where more is quoted",
               a_log_is_asked_for_again_where_more_is_quoted),
        T_CASE("L8 a log that is none is found and may come again",
               l8_a_log_that_is_none_is_found_and_may_come_again),
        T_CASE("L1 a log that leads nowhere may come again",
               l1_a_log_that_leads_nowhere_may_come_again),
        T_CASE("without a policy facts are kept and nothing is trusted",
               without_a_policy_facts_are_kept_and_nothing_is_trusted),
        T_CASE("values that were left out change nothing",
               values_that_were_left_out_change_nothing),
        T_CASE("I0 an unknown file is found and stays", i0_an_unknown_file_is_found_and_stays),
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
        T_CASE("a group that watches warns", a_group_that_watches_warns),
        T_CASE("K13 without a certificate nobody is affirmed",
               k13_without_a_certificate_nobody_is_affirmed),
        T_CASE("T6 a resume that lost PCR 0 is found", t6_a_resume_that_lost_pcr_0_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
