/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPML_PCR_SELECTION (Part 2, 10.9.7): which PCRs of which banks.
 *
 * Stricter than a TPM: one entry for each hash and three octets in each. A list that names a bank
 * twice lets the values of a free PCR slide into the place of a measured one.
 */

#include "tpm/selection.h"

enum { SELECT_OCTETS = PAWL_PCRS / 8 };

static bool has_bank(const struct pawl_pcr_selection *s, enum pawl_hash hash)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->bank[i].hash == hash)
            return true;
    return false;
}

struct pawl_pcr_selection pawl_rd_selection(struct pawl_rd *r)
{
    struct pawl_pcr_selection s = { 0 };
    uint32_t                  n = pawl_rd_count(r, "pcrSelect.count", PAWL_PCR_BANKS_MAX);

    for (; s.n < n && !r->bad; s.n++) {
        struct pawl_pcr_bank *bank = &s.bank[s.n];

        bank->hash = pawl_tpm_hash(pawl_rd_u16(r, "pcrSelect.hash"));
        if (bank->hash == PAWL_HASH_NONE)
            pawl_rd_fail(r, PAWL_E_UNSUPPORTED, "pcrSelect.hash");
        if (has_bank(&s, bank->hash))
            pawl_rd_fail(r, PAWL_E_FORM, "pcrSelect.hash");
        if (pawl_rd_u8(r, "pcrSelect.sizeofSelect") != SELECT_OCTETS)
            pawl_rd_fail(r, PAWL_E_RANGE, "pcrSelect.sizeofSelect");
        for (unsigned octet = 0; octet < SELECT_OCTETS; octet++)
            bank->bits |= (uint32_t)pawl_rd_u8(r, "pcrSelect.pcrSelect") << 8 * octet;
    }
    return s;
}

pawl_status pawl_pcr_selection_parse(struct pawl_view in, struct pawl_pcr_selection *ret,
                                     struct pawl_err *err)
{
    struct pawl_rd            r = pawl_rd_from(in);
    struct pawl_pcr_selection s = pawl_rd_selection(&r);

    PAWL_TRY(pawl_rd_end(&r, err));
    *ret = s;
    return pawl_ok();
}

void pawl_pcr_selection_write(const struct pawl_pcr_selection *s, struct pawl_wr *w)
{
    pawl_wr_u32(w, (uint32_t)s->n);
    for (size_t i = 0; i < s->n; i++) {
        pawl_wr_u16(w, pawl_tpm_hash_id(s->bank[i].hash));
        pawl_wr_u8(w, SELECT_OCTETS);
        for (unsigned octet = 0; octet < SELECT_OCTETS; octet++)
            pawl_wr_u8(w, (uint8_t)(s->bank[i].bits >> 8 * octet));
    }
}

bool pawl_pcr_selection_equal(const struct pawl_pcr_selection *a,
                              const struct pawl_pcr_selection *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->bank[i].hash != b->bank[i].hash || a->bank[i].bits != b->bank[i].bits)
            return false;
    return true;
}

size_t pawl_pcr_selection_count(const struct pawl_pcr_selection *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += (size_t)__builtin_popcount(s->bank[i].bits);
    return n;
}

struct pawl_pcr_selection pawl_pcr_selection_all(unsigned dropped)
{
    /* SHA-256 is never dropped. */
    static const struct {
        enum pawl_hash hash;
        unsigned       out; /* left out from this `dropped` on; 0 never */
    } banks[] = { { PAWL_SHA1, 3 }, { PAWL_SHA256, 0 }, { PAWL_SHA384, 2 }, { PAWL_SHA512, 1 } };
    struct pawl_pcr_selection s = { 0 };

    for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
        if (!banks[i].out || dropped < banks[i].out)
            s.bank[s.n++] = (struct pawl_pcr_bank){ banks[i].hash, (1u << PAWL_PCRS) - 1 };
    return s;
}
