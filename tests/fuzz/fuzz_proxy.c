/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the PROXY header: a size that is not the header's, so that bytes of TLS were taken for it
 * or the other way round, and an address that was read from beyond its end. The input is what a
 * connection begins with.
 */

#include "fuzz.h"
#include "http/proxy.h"

/* As gate.c asks, with every number of bytes that may have come: once it is known it stays. */
static size_t size_by_and_by(struct pawl_view in)
{
    size_t          known = 0;
    struct pawl_err err = { 0 };

    for (size_t n = 0; n <= in.n && n <= PROXY_HEADER_MAX; n++) {
        size_t size = 0x5a5a;
        if (!pawl_is_ok(proxy_size(pawl_view(in.p, n), &size, &err))) {
            FUZZ_HOLDS(size == 0x5a5a && known == 0);
            return 0;
        }
        FUZZ_HOLDS(size <= PROXY_HEADER_MAX && (size == 0 || known == 0 || size == known));
        FUZZ_HOLDS(size == 0 ? known == 0 : size >= n || known);
        known = size;
    }
    return known;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_view    in = pawl_view(p, n);
    size_t              size = size_by_and_by(in);
    struct proxy_header h;
    struct pawl_err     err = { 0 };

    FUZZ_POISON(&h);
    pawl_status s = proxy_parse(in, &h, &err);
    if (!pawl_is_ok(s))
        FUZZ_REFUSED(s, &err, &h);
    else
        FUZZ_HOLDS(size == n && h.has_source == (h.source.text[0] != 0) && !h.source.is_local);
    return 0;
}
