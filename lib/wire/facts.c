/* SPDX-License-Identifier: Apache-2.0 */
/* What a device says of itself, {* tstr => tstr}: claims, never evidence. */

#include <string.h>

#include "wire/field.h"

size_t wire_rd_facts(struct pawl_cbor_rd *r, const char *field,
                     struct pawl_fact fact[PAWL_FACTS_MAX])
{
    size_t n = pawl_cbor_rd_map(r, field, PAWL_FACTS_MAX);

    for (size_t i = 0; i < n; i++) {
        fact[i].key = pawl_cbor_rd_text(r, field, PAWL_FACT_MAX);
        if (fact[i].key.n == 0)
            pawl_cbor_rd_fail(r, PAWL_E_RANGE, field);
        fact[i].value = pawl_cbor_rd_text(r, field, PAWL_FACT_MAX);
    }
    pawl_cbor_rd_leave(r, field);
    return n;
}

/* Encodings of text sort by length first (RFC 8949 4.2.1, since the head holds the length). */
static bool sorts_before(struct pawl_view a, struct pawl_view b)
{
    if (a.n != b.n)
        return a.n < b.n;
    return a.n && memcmp(a.p, b.p, a.n) < 0;
}

void wire_wr_facts(struct pawl_wr *w, const struct pawl_fact *fact, size_t fact_n)
{
    const struct pawl_fact *sorted[PAWL_FACTS_MAX];
    size_t                  n = wire_at_most(fact_n, PAWL_FACTS_MAX);

    for (size_t i = 0; i < n; i++) {
        size_t k = i;
        for (; k > 0 && sorts_before(fact[i].key, sorted[k - 1]->key); k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = &fact[i];
    }
    pawl_cbor_wr_map(w, fact_n);
    for (size_t i = 0; i < n; i++) {
        pawl_cbor_wr_text_n(w, sorted[i]->key);
        pawl_cbor_wr_text_n(w, sorted[i]->value);
    }
}
