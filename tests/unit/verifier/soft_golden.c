/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_golden.h"

#include <stdio.h>
#include <string.h>

enum { PCRS = 15, AGGREGATED = 10 };

static struct pawl_err err;

/* ---- a boot --------------------------------------------------------------------------------- */

static void replay(struct soft_golden *g, struct pawl_view log)
{
    struct eventlog      parsed;
    struct eventlog_pcrs pcrs;

    T_OK(eventlog_parse(log, &parsed, &err), &err);
    T_OK(eventlog_replay(&parsed, &pcrs, &err), &err);
    assert_int_equal(pcrs.bank_n, 1);
    g->select = (struct pawl_pcr_selection){ 1, { { pcrs.bank[0].hash, (1u << PCRS) - 1 } } };
    g->values.n = PCRS;
    memcpy(g->values.value, pcrs.bank[0].pcr, PCRS * sizeof(pcrs.bank[0].pcr[0]));
    eventlog_done(&parsed);
}

static void aggregate(struct soft_golden *g)
{
    struct pawl_view   parts[AGGREGATED];
    struct pawl_digest d;

    for (unsigned i = 0; i < AGGREGATED; i++)
        parts[i] = pawl_digest_view(soft_golden_pcr(g, i));
    T_OK(pawl_hash(PAWL_SHA256, parts, AGGREGATED, &d, &err), &err);
    const struct pawl_view fields[] = { soft_ima_named("sha256:", pawl_digest_view(&d)),
                                        soft_ima_text("boot_aggregate") };
    soft_ima_entry(&g->ima, IMA_PCR, "ima-ng", fields, 2);
}

static void measure(struct soft_golden *g)
{
    struct pawl_view   key = pawl_view_str("a key of the kernel");
    struct pawl_digest d;

    soft_ima_boot(&g->ima);
    aggregate(g);
    soft_ima_file(&g->ima, "/etc/ima/ima-policy", "measure func=BPRM_CHECK");
    soft_ima_file(&g->ima, "/usr/bin/bash", "bash");
    soft_ima_file(&g->ima, "/usr/bin/bash", "bash after an update");
    soft_ima_file(&g->ima, "/usr/share/a_file", "spaces");
    T_OK(pawl_hash(PAWL_SHA256, &key, 1, &d, &err), &err);
    const struct pawl_view fields[] = { soft_ima_named("sha256:", pawl_digest_view(&d)),
                                        soft_ima_text(".ima"), key };
    soft_ima_entry(&g->ima, IMA_PCR, "ima-buf", fields, 3);
}

void soft_golden_boots(struct soft_golden *g)
{
    struct pawl_view log = soft_eventlog_bytes(&g->log);

    replay(g, log);
    measure(g);
    *soft_golden_pcr(g, IMA_PCR) = g->ima.own;
    T_OK(boot_read(log, &g->select, &g->values, &g->boot, &err), &err);
}

void soft_golden_make(struct soft_golden *g, const char *kernel, const char *image)
{
    char line[128];

    g->log = soft_eventlog_good(PAWL_SHA256);
    snprintf(line, sizeof(line), "/vmlinuz-%s root=/dev/sda1 quiet", kernel);
    size_t at = soft_eventlog_find(&g->log, 8, EV_IPL, 1);
    g->log.event[at] = soft_event_line(8, "kernel_cmdline: ", line);
    at = soft_eventlog_find(&g->log, 4, EV_EFI_BOOT_SERVICES_APPLICATION, 2);
    g->log.event[at].measured = t_copy(pawl_view_str(image));
    soft_golden_boots(g);
}

/* ---- its parts ------------------------------------------------------------------------------ */

struct pawl_digest *soft_golden_pcr(struct soft_golden *g, unsigned pcr)
{
    assert_true(pcr < PCRS);
    return &g->values.value[pcr];
}

void soft_golden_phase(struct soft_golden *g, const char *word)
{
    struct pawl_digest *pcr = soft_golden_pcr(g, 11), d, next;
    struct pawl_view    text = pawl_view_str(word);

    T_OK(pawl_hash(PAWL_SHA256, &text, 1, &d, &err), &err);
    const struct pawl_view parts[] = { pawl_digest_view(pcr), pawl_digest_view(&d) };
    T_OK(pawl_hash(PAWL_SHA256, parts, 2, &next, &err), &err);
    *pcr = next;
}

void soft_golden_kexec(struct soft_golden *g)
{
    aggregate(g);
    *soft_golden_pcr(g, IMA_PCR) = g->ima.own;
}

struct pawl_view soft_golden_list(const struct soft_golden *g)
{
    return soft_ima_list(&g->ima, 0);
}

/* ---- judged --------------------------------------------------------------------------------- */

static struct ima_state judge_list(const struct soft_golden *g, const struct policy *p)
{
    static const uint8_t   rules[IMA_RULES_ID];
    const struct ima_state start = ima_state_start(1, PAWL_SHA256, rules);
    const struct ima_piece piece = { .list = soft_golden_list(g),
                                     .resets = 1,
                                     .quoted = &g->values.value[IMA_PCR],
                                     .select = &g->select,
                                     .values = &g->values };
    struct ima_state       s;
    uint64_t               pending;

    T_OK(ima_state_go_on(&start, &p->ima.rules, &piece, &s, &pending, &err), &err);
    return s;
}

enum trust_tier soft_golden_judge(struct soft_golden *g, const char *policy)
{
    struct policy         p;
    struct ima_state      ima;
    struct judging        j = { .v = &g->v, .now_s = 1790000000 };
    struct policy_subject s = { .select = &g->select,
                                .values = &g->values,
                                .boot = g->log.n ? &g->boot : NULL,
                                .manufacturer = "" };

    g->v = (struct verdict){ .approved = true, .identity = AR4SI_RECOGNISED };
    T_OK(policy_parse(pawl_view_str(policy), &p, &err), &err);
    if (p.ima.present) {
        ima = judge_list(g, &p);
        s.ima = &ima;
    }
    policy_appraise(&p, &s, &j);
    policy_done(&p);
    return verdict_tier(&g->v);
}

bool soft_golden_found(const struct soft_golden *g, enum reason r)
{
    for (size_t i = 0; i < g->v.finding_n; i++)
        if (g->v.finding[i].reason == r)
            return true;
    return false;
}
