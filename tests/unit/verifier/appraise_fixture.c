/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise_fixture.h"

#include <stdio.h>
#include <string.h>

#include "appraise/appraise.h"
#include "soft_ima.h"
#include "soft_quote.h"

static struct pawl_err err;

void world_done(struct world *w)
{
    policy_done(&w->policy);
}

void world_rules(struct world *w, const char *more)
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

void world_rules_of_boot(struct world *w, const char *more)
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

void world_quotes_list(struct world *w)
{
    *soft_quote_pcr(&w->quoted, PAWL_SHA256, 10) = w->list.own;
}

void world_runs(struct world *w, const char *path)
{
    soft_ima_file(&w->list, path, path);
    world_quotes_list(w);
}

void world_measures_kernel(struct world *w)
{
    uint8_t          all[10 * 32], d[32];
    struct pawl_view fields[2] = { { 0 }, soft_ima_text("boot_aggregate") };

    for (unsigned pcr = 0; pcr < 10; pcr++)
        memcpy(all + 32 * pcr, soft_quote_pcr(&w->quoted, PAWL_SHA256, pcr)->b, 32);
    T_OK(pawl_sha256(PAWL_VIEW_OF(all), d, &err), &err);
    fields[0] = soft_ima_named("sha256:", PAWL_VIEW_OF(d));
    soft_ima_entry(&w->list, 10, "ima-ng", fields, 2);
}

void world_powers_on(struct world *w)
{
    w->log = soft_eventlog_bytes(&w->soft);
    w->quoted = soft_quote_of(w->log);
    soft_ima_boot(&w->list);
    world_measures_kernel(w);
    world_runs(w, "/bin/sh");
    w->os_boot[0]++;
    w->clock.clock_ms += 1000;
}

void world_resets(struct world *w)
{
    w->clock.resets++;
    w->clock.restarts = 0;
    world_powers_on(w);
}

void world_begin(struct world *w)
{
    *w = (struct world){ .soft = soft_eventlog_good(PAWL_SHA256),
                         .clock = { .resets = 6, .safe = true },
                         .now_s = NOW };
    w->known = (struct known_device){ .approved = true,
                                      .state = "active",
                                      .has_certificate = true,
                                      .banks = { 1, { { PAWL_SHA256, 0xffffff } } } };
    world_rules(w, "");
    world_resets(w);
}

void world_sends_log(struct world *w)
{
    w->sent_log.came = true;
    w->sent_log.bytes = w->log;
}

void world_names_log(struct world *w)
{
    static uint8_t d[32];

    T_OK(pawl_sha256(w->log, d, &err), &err);
    w->sent_log = (struct appraise_log){ .said = true,
                                         .length = w->log.n,
                                         .sha256 = PAWL_VIEW_OF(d) };
}

void world_sends_list(struct world *w, size_t from_byte, uint64_t first)
{
    w->sent_list = (struct appraise_list){ true, first, soft_ima_list(&w->list, from_byte) };
}

void world_judge(struct world *w)
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
    world_names_log(w);
}

void world_attests_anew(struct world *w)
{
    world_names_log(w);
    world_sends_log(w);
    world_judge(w);
    world_sends_list(w, 0, 0);
    world_judge(w);
}

size_t world_findings(const struct world *w, enum reason r)
{
    size_t n = 0;

    for (size_t i = 0; i < w->v.finding_n; i++)
        n += w->v.finding[i].reason == r;
    return n;
}

void world_is(const struct world *w, enum trust_tier tier)
{
    if (verdict_tier(&w->v) != tier)
        for (size_t i = 0; i < w->v.finding_n; i++)
            print_error("%s: %s\n", reason_code(w->v.finding[i].reason), w->v.finding[i].detail);
    assert_string_equal(tier_name(verdict_tier(&w->v)), tier_name(tier));
}

void world_covers(const struct world *w, enum cover c, enum reason why)
{
    assert_string_equal(reason_code(w->v.cover[c].why), reason_code(why));
    assert_int_equal(w->v.cover[c].is, why == REASON_NONE);
}

void world_is_good(const struct world *w)
{
    world_is(w, TIER_AFFIRMING);
    assert_int_equal(w->v.executables, AR4SI_RECOGNISED);
    assert_int_equal(w->v.configuration, AR4SI_RECOGNISED);
    for (int c = 0; c < COVER_COUNT; c++)
        world_covers(w, (enum cover)c, REASON_NONE);
    assert_false(w->want.log);
    assert_true(w->want.ima);
    assert_int_equal(w->want.first, w->next.ima.at.entries);
    assert_false(w->want.ima_more);
}
