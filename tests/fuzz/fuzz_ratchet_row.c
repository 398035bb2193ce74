/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the rows of the ratchet behind their seal, where only a thief of the master key, or a
 * fault of ours, writes: what is read writes back byte for byte; of an older form, as a row that
 * does.
 *
 * Input: u8 kind (0 ratchet, 1 generation; 2 more: the hash has 16 bytes) || u64 epoch that it is
 * sealed for || u16 length || secrets || clear part.
 */

#include <string.h>

#include <pawl/cbor.h>

#include "fuzz.h"
#include "ratchet/row.h"

static const struct keys key = { .master = { .n = 32 } };
static const uint8_t     device[PAWL_DEVICE_ID];

static struct pawl_view tenant(void)
{
    return pawl_view("acme", 4);
}

/* CBOR[clear, sealed]; no bytes if that cannot be a row. */
static struct pawl_view row_of(unsigned kind, uint64_t epoch, struct pawl_view secrets,
                               struct pawl_view clear, uint8_t *room, size_t cap)
{
    struct pawl_err  err;
    uint8_t          digest[32], plain[512], sealed[sizeof(plain) + PAWL_AEAD_TAG];
    struct pawl_wr   p = pawl_wr_to(plain, sizeof(plain)), w = pawl_wr_to(room, cap);
    struct pawl_view in, row;
    size_t           n;

    FUZZ_HOLDS(pawl_is_ok(pawl_sha256(clear, digest, &err)));
    pawl_wr_bytes(&p, pawl_view(digest, kind & 2 ? 16 : 32));
    pawl_wr_bytes(&p, secrets);
    if (!pawl_is_ok(pawl_wr_end(&p, "plain", &in, &err)))
        return pawl_view(NULL, 0);
    const char *field = kind & 1 ? "generation" : "ratchet";
    FUZZ_HOLDS(pawl_is_ok(keys_seal(&key, tenant(), PAWL_VIEW_OF(device), field, epoch, in, sealed,
                                    sizeof(sealed), &n, &err)));
    pawl_cbor_wr_array(&w, 2);
    pawl_wr_bytes(&w, clear);
    pawl_cbor_wr_bytes(&w, pawl_view(sealed, n));
    return pawl_is_ok(pawl_wr_end(&w, "row", &row, &err)) ? row : pawl_view(NULL, 0);
}

/* Both begin with two array heads, of two or three bytes, and the number of their form. */
static bool is_of_form(struct pawl_view a, struct pawl_view b)
{
    return a.n > 4 && b.n > 4 && memcmp(a.p, b.p, 4) == 0;
}

/* *ret_n 0: it is none. */
static void try_ratchet(struct pawl_view row, uint8_t *ret, size_t cap, size_t *ret_n)
{
    static struct ratchet r;
    struct pawl_err       err;

    *ret_n = 0;
    FUZZ_POISON(&r);
    pawl_status s = ratchet_read(&key, tenant(), device, row, &r, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &r);
        return;
    }
    FUZZ_HOLDS(pawl_is_ok(ratchet_write(&key, tenant(), device, &r, ret, cap, ret_n, &err)));
}

static void try_generation(struct pawl_view row, uint8_t *ret, size_t cap, size_t *ret_n)
{
    static struct generation g;
    struct pawl_err          err;

    *ret_n = 0;
    FUZZ_POISON(&g);
    pawl_status s = generation_read(&key, tenant(), device, row, &g, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &g);
        return;
    }
    FUZZ_HOLDS(pawl_is_ok(generation_write(&key, tenant(), device, &g, ret, cap, ret_n, &err)));
}

static void try_row(unsigned kind, struct pawl_view row)
{
    static uint8_t first[RATCHET_ROW_MAX], second[RATCHET_ROW_MAX];
    size_t         n, again;

    (kind & 1 ? try_generation : try_ratchet)(row, first, sizeof(first), &n);
    if (n == 0)
        return;
    FUZZ_HOLDS(!is_of_form(row, pawl_view(first, n)) || pawl_view_equal(row, pawl_view(first, n)));
    (kind & 1 ? try_generation : try_ratchet)(pawl_view(first, n), second, sizeof(second), &again);
    FUZZ_HOLDS(pawl_view_equal(pawl_view(first, n), pawl_view(second, again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_rd   r = pawl_rd_from(pawl_view(p, n));
    uint8_t          room[RATCHET_ROW_MAX];
    unsigned         kind = pawl_rd_u8(&r, "kind");
    uint64_t         epoch = pawl_rd_u64(&r, "epoch");
    struct pawl_view secrets = pawl_rd_tpm2b(&r, "secrets", 512);
    struct pawl_view clear = pawl_rd_bytes(&r, "clear", r.left);

    if (r.bad || kind > 3 || clear.n == 0)
        return 0;
    struct pawl_view row = row_of(kind, epoch, secrets, clear, room,
                                  kind & 1 ? GENERATION_ROW_MAX : RATCHET_ROW_MAX);
    if (row.n)
        try_row(kind, row);
    return 0;
}
