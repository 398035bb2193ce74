/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_policy.h"

#include <string.h>

#include "appraise/eventlog_replay.h"
#include "t.h"

struct pawl_digest soft_digest(uint8_t byte, size_t n)
{
    struct pawl_digest d = { .n = n };

    memset(d.b, byte, n);
    return d;
}

void soft_policy_begin(struct soft_policy *w)
{
    *w = (struct soft_policy){ .p = { .name = "gateway", .version = 3 },
                               .select = { 1, { { PAWL_SHA256, 0x7fff } } } };
    for (unsigned pcr = 0; pcr < 15; pcr++)
        w->values.value[w->values.n++] = soft_digest((uint8_t)(0x10 + pcr), 32);
    w->s = (struct policy_subject){ .select = &w->select,
                                    .values = &w->values,
                                    .manufacturer = "id:53544D20",
                                    .firmware = 0x004a001400000000 };
    w->j = (struct judging){ .v = &w->v, .now_s = SOFT_POLICY_NOW };
}

struct pawl_digest *soft_policy_digest(struct soft_policy *w, uint8_t byte)
{
    assert_true(w->digest_n < sizeof(w->digest) / sizeof(w->digest[0]));
    w->digest[w->digest_n] = soft_digest(byte, 32);
    return &w->digest[w->digest_n++];
}

void soft_policy_rule(struct soft_policy *w, struct policy_rules *r, unsigned pcr, uint8_t byte)
{
    struct pawl_digest *d = soft_policy_digest(w, byte);
    struct policy_rule *last = r->rule_n ? &r->rule[r->rule_n - 1] : NULL;

    if (last && last->pcr == pcr && d == last->value + last->value_n)
        last->value_n++;
    else
        r->rule[r->rule_n++] = (struct policy_rule){
            .hash = PAWL_SHA256, .pcr = pcr, .value_n = 1, .value = d
        };
}

void soft_policy_accept(struct soft_policy *w, struct policy_digests *digests, uint8_t byte)
{
    struct pawl_digest *d = soft_policy_digest(w, byte);

    digests->present = true;
    if (digests->n == 0)
        digests->digest = d;
    assert_ptr_equal(digests->digest + digests->n, d);
    digests->n++;
}

void soft_policy_unquote(struct soft_policy *w, unsigned pcr)
{
    const struct pawl_digest *value = pawl_pcr_value(&w->select, &w->values, PAWL_SHA256, pcr);
    size_t                    at = (size_t)(value - w->values.value);

    assert_non_null(value);
    w->values.n--;
    memmove(&w->values.value[at], &w->values.value[at + 1],
            (w->values.n - at) * sizeof(w->values.value[0]));
    w->select.bank[0].bits &= ~(1u << pcr);
}

void soft_policy_boots(struct soft_policy *w)
{
    w->boot = (struct boot){ .agree = EVENTLOG_PCRS,
                             .bank = PAWL_SHA256,
                             .secure_boot = FACT_YES,
                             .select = { 1, { { PAWL_SHA256, EVENTLOG_PCRS } } } };
    for (unsigned pcr = 0; pcr < 15; pcr++)
        if (EVENTLOG_PCRS >> pcr & 1)
            w->boot.values.value[w->boot.values.n++] = w->values.value[pcr];
    w->s.boot = &w->boot;
}

enum trust_tier soft_policy_judge(struct soft_policy *w)
{
    w->v = (struct verdict){ .identity = AR4SI_RECOGNISED, .approved = true };
    policy_appraise(&w->p, &w->s, &w->j);
    return verdict_tier(&w->v);
}

size_t soft_policy_found(const struct soft_policy *w, enum reason r)
{
    size_t n = 0;

    for (size_t i = 0; i < w->v.finding_n; i++)
        n += w->v.finding[i].reason == r;
    return n;
}

size_t soft_policy_found_at(const struct soft_policy *w, enum reason r, const char *what)
{
    size_t n = 0;

    for (size_t i = 0; i < w->v.finding_n; i++)
        n += w->v.finding[i].reason == r && strcmp(w->v.finding[i].what, what) == 0;
    return n;
}
