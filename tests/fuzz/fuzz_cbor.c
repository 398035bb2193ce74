/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the CBOR reader: a read beyond the input, an endless walk, a second spelling that is
 * taken as deterministic, and a way of reading (item by item, or whole) that takes what the other
 * refuses.
 */

#include "cbor_copy.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_err     err;
    struct pawl_view    in = pawl_view(p, n);
    struct pawl_cbor_rd whole = pawl_cbor_rd_from(in);
    struct pawl_cbor_rd parts = pawl_cbor_rd_from(in);
    uint8_t            *b = malloc(n ? n : 1);
    struct pawl_wr      w = pawl_wr_to(b, b ? n : 0);

    struct pawl_view raw = pawl_cbor_rd_raw(&whole, "item");
    bool             is_whole = pawl_is_ok(pawl_cbor_rd_end(&whole, &err));
    cbor_copy(&parts, &w);
    bool is_parts = pawl_is_ok(pawl_cbor_rd_end(&parts, &err));

    if (is_whole)
        FUZZ_HOLDS(pawl_view_equal(raw, in));
    if (is_parts) { /* tags and numbers above 63 bits are whole items that are not copied */
        FUZZ_HOLDS(is_whole);
        FUZZ_HOLDS(pawl_view_equal(pawl_view(w.p, w.n), in));
    }
    free(b);
    return 0;
}
