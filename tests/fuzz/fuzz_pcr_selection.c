/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at PCR selections, as bytes and as text: a read beyond the input, a second spelling, a bank
 * that stands there twice, bytes that tss2-mu reads otherwise.
 */

#include "fuzz.h"
#include "tss_agrees.h"

static void holds_for(const struct pawl_pcr_selection *s)
{
    struct pawl_pcr_selection again;
    struct pawl_err           err;
    char                      text[512];

    FUZZ_HOLDS(s->n <= PAWL_PCR_BANKS_MAX);
    for (size_t i = 0; i < s->n; i++) {
        FUZZ_HOLDS(s->bank[i].bits >> PAWL_PCRS == 0);
        for (size_t k = 0; k < i; k++)
            FUZZ_HOLDS(s->bank[i].hash != s->bank[k].hash);
    }
    FUZZ_HOLDS(pawl_is_ok(pawl_pcr_selection_to_text(s, text, sizeof(text), &err)));
    if (s->n == 0)
        return;
    FUZZ_HOLDS(pawl_is_ok(pawl_pcr_selection_from_text(text, &again, &err)));
    FUZZ_HOLDS(pawl_pcr_selection_equal(s, &again));
}

static void as_bytes(struct pawl_view in)
{
    struct pawl_pcr_selection s;
    struct pawl_err           err;
    uint8_t                   b[PAWL_PCR_SELECT_MAX];
    struct pawl_wr            w = pawl_wr_to(b, sizeof(b));

    if (!pawl_is_ok(pawl_pcr_selection_parse(in, &s, &err)))
        return;
    holds_for(&s);
    pawl_pcr_selection_write(&s, &w);
    FUZZ_HOLDS(!w.full && pawl_view_equal(pawl_view(b, w.n), in));
    FUZZ_HOLDS(tss_agrees_selection(in));
}

static void as_text(struct pawl_view in)
{
    struct pawl_pcr_selection s;
    struct pawl_err           err;
    char                      text[512], again[512];

    if (in.n >= sizeof(text))
        return;
    if (in.n)
        memcpy(text, in.p, in.n);
    text[in.n] = 0;
    if (!pawl_is_ok(pawl_pcr_selection_from_text(text, &s, &err)))
        return;
    holds_for(&s);
    FUZZ_HOLDS(pawl_is_ok(pawl_pcr_selection_to_text(&s, again, sizeof(again), &err)));
    FUZZ_HOLDS(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    as_bytes(pawl_view(p, n));
    as_text(pawl_view(p, n));
    return 0;
}
