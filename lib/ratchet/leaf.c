/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves: what both sides remember of a slot, and a generation's digest over them. Spec:
 * docs/protocol.md, section "Messages".
 */

#include <string.h>

#include <pawl/ratchet.h>

/* P-MSG-8: leaf = SHA-256(0x00 || u64 seq || SHA-256(protected) || SHA-256(ciphertext))[0..16) */
pawl_status pawl_leaf(uint64_t seq, struct pawl_view protected_, struct pawl_view ciphertext,
                      uint8_t ret[PAWL_LEAF], struct pawl_err *err)
{
    uint8_t        b[1 + 8], leaf[32];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_wr_u8(&w, 0x00);
    pawl_wr_u64(&w, seq);
    PAWL_TRY(pawl_sha256_of_hashes(PAWL_VIEW_OF(b), protected_, ciphertext, leaf, err));
    memcpy(ret, leaf, PAWL_LEAF);
    return pawl_ok();
}

static pawl_status digest(const struct pawl_view *parts, size_t parts_n, uint8_t ret[32],
                          struct pawl_err *err)
{
    struct pawl_digest d;

    PAWL_TRY(pawl_hash(PAWL_SHA256, parts, parts_n, &d, err));
    memcpy(ret, d.b, 32);
    return pawl_ok();
}

static const uint8_t first[] = { 0x01 };

/* P-MSG-9: digest = SHA-256(0x01 || leaf || leaf ..) in order of seq */
pawl_status pawl_leaves_digest(const uint8_t (*leaf)[PAWL_LEAF], size_t n, uint8_t ret[32],
                               struct pawl_err *err)
{
    const struct pawl_view parts[] = { PAWL_VIEW_OF(first), pawl_view(leaf, n * PAWL_LEAF) };

    return digest(parts, 2, ret, err);
}

pawl_status pawl_leaves_digest_of(const uint8_t (*leaf)[PAWL_LEAF], uint64_t bits, uint8_t ret[32],
                                  struct pawl_err *err)
{
    struct pawl_view parts[1 + PAWL_GEN_MESSAGES] = { PAWL_VIEW_OF(first) };
    size_t           n = 1;

    for (size_t i = 0; i < PAWL_GEN_MESSAGES; i++)
        if (bits >> i & 1)
            parts[n++] = pawl_view(leaf[i], PAWL_LEAF);
    return digest(parts, n, ret, err);
}

size_t pawl_bits_write(uint64_t bits, uint8_t ret[8])
{
    size_t n = 0;

    for (size_t i = 0; i < 8; i++) {
        ret[i] = (uint8_t)(bits >> 8 * i);
        if (ret[i])
            n = i + 1;
    }
    return n;
}

uint64_t pawl_bits_read(struct pawl_view bitmap)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < bitmap.n && i < 8; i++)
        bits |= (uint64_t)bitmap.p[i] << 8 * i;
    return bits;
}
