/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at DER ECDSA signatures and PEM blocks: a number that is longer than its half, a negative
 * one, a block that overruns the room for it.
 */

#include <pawl/crypto.h>

#include "fuzz.h"

enum { FIELD_MAX = 48 };

/* INTEGER of a big-endian number (X.690, 8.3). */
static void wr_integer(struct pawl_wr *w, const uint8_t *p, size_t n)
{
    while (n > 1 && *p == 0)
        p++, n--;
    bool pad = *p & 0x80;
    pawl_wr_u8(w, 0x02);
    pawl_wr_u8(w, (uint8_t)(n + pad));
    if (pad)
        pawl_wr_u8(w, 0);
    pawl_wr_bytes(w, pawl_view(p, n));
}

/* The signature in DER proper is read as the same numbers. */
static void reads_again(enum pawl_key_kind kind, const uint8_t *rs, size_t n)
{
    uint8_t         der[2 * FIELD_MAX + 16], again[2 * FIELD_MAX];
    struct pawl_wr  w = pawl_wr_to(der, sizeof(der));
    size_t          again_n = 0;
    struct pawl_err err;

    pawl_wr_u16(&w, 0x3000);
    wr_integer(&w, rs, n / 2);
    wr_integer(&w, rs + n / 2, n / 2);
    FUZZ_HOLDS(!w.full);
    der[1] = (uint8_t)(w.n - 2);
    FUZZ_HOLDS(pawl_is_ok(
        pawl_ecdsa_from_der(kind, pawl_view(der, w.n), again, sizeof(again), &again_n, &err)));
    FUZZ_HOLDS(pawl_view_equal(pawl_view(again, again_n), pawl_view(rs, n)));
}

static void signature(enum pawl_key_kind kind, size_t field, struct pawl_view in)
{
    struct {
        uint8_t rs[2 * FIELD_MAX];
        size_t  n;
    } out;
    struct pawl_err err = { 0 };

    FUZZ_POISON(&out);
    pawl_status s = pawl_ecdsa_from_der(kind, in, out.rs, sizeof(out.rs), &out.n, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &out);
        return;
    }
    FUZZ_HOLDS(out.n == 2 * field);
    reads_again(kind, out.rs, out.n);
}

static void block(struct pawl_view in)
{
    struct {
        uint8_t b[256];
        size_t  n;
    } out;
    struct pawl_err err = { 0 };

    FUZZ_POISON(&out);
    pawl_status s = pawl_pem_to_der(in, "CERTIFICATE", out.b, sizeof(out.b), &out.n, &err);
    if (!pawl_is_ok(s))
        FUZZ_REFUSED(s, &err, &out);
    else
        FUZZ_HOLDS(out.n <= sizeof(out.b) && out.n < in.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    signature(PAWL_KEY_P256, 32, pawl_view(p, n));
    signature(PAWL_KEY_P384, 48, pawl_view(p, n));
    block(pawl_view(p, n));
    return 0;
}
