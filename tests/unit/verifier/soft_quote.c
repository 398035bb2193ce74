/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_quote.h"

#include <string.h>

struct soft_quote soft_quote_of(struct pawl_view bytes)
{
    PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
    struct eventlog_pcrs                        pcrs;
    struct soft_quote                           q = { 0 };
    struct pawl_err                             err;

    T_OK(eventlog_parse(bytes, &log, &err), &err);
    T_OK(eventlog_replay(&log, &pcrs, &err), &err);
    for (size_t b = 0; b < pcrs.bank_n; b++) {
        q.select.bank[q.select.n++] = (struct pawl_pcr_bank){ pcrs.bank[b].hash, 0xffffff };
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            q.values.value[q.values.n++] = pcrs.bank[b].pcr[pcr];
    }
    return q;
}

struct pawl_digest *soft_quote_pcr(struct soft_quote *q, enum pawl_hash hash, unsigned pcr)
{
    const struct pawl_digest *d = pawl_pcr_value(&q->select, &q->values, hash, pcr);

    assert_non_null(d);
    return &q->values.value[d - q->values.value];
}

struct soft_event soft_load_options(struct pawl_view measured)
{
    static const char head[] = "\xed\x22\x3b\x8f\x1a\0\0\0LOADED_IMAGE::LoadOptions";
    struct soft_event e = soft_event(9, 6, pawl_view(head, sizeof(head)));

    e.measured = t_copy(measured);
    return e;
}

struct pawl_view soft_wide(const char *text, size_t zeros)
{
    uint8_t b[1024] = { 0 };
    size_t  n = strlen(text);

    assert_true(2 * n + zeros <= sizeof(b));
    for (size_t i = 0; i < n; i++)
        b[2 * i] = (uint8_t)text[i];
    return t_copy(pawl_view(b, 2 * n + zeros));
}
