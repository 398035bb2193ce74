/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at saved evidence, which comes from anybody: what is read writes back byte for byte, head
 * and all, and what is refused leaves nothing behind.
 */

#include "appraise/bundle.h"
#include "fuzz.h"

static void writes_back(const struct bundle *b, struct pawl_view in)
{
    uint8_t        *room = malloc(in.n);
    struct pawl_wr  w = pawl_wr_to(room, in.n);
    struct pawl_err err;

    FUZZ_HOLDS(room && pawl_is_ok(bundle_head_write(&b->head, &w, &err)));
    FUZZ_HOLDS(pawl_view_equal(pawl_view(w.p, w.n), b->head_bytes));
    w = pawl_wr_to(room, in.n);
    FUZZ_HOLDS(pawl_is_ok(bundle_write(b->head_bytes, b->log, b->list, &w, &err)));
    FUZZ_HOLDS(pawl_view_equal(pawl_view(w.p, w.n), in));
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct bundle b;
    struct pawl_err      err;

    FUZZ_POISON(&b);
    pawl_status s = bundle_parse(pawl_view(p, n), &b, &err);
    if (pawl_is_ok(s))
        writes_back(&b, pawl_view(p, n));
    else
        FUZZ_REFUSED(s, &err, &b);
    return 0;
}
