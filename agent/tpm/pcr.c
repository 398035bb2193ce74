/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading PCR values. TPM2_PCR_Read gives eight at a time and says which, so it is asked again for
 * the rest. The values prove nothing by themselves: a quote's digest does.
 */

#include <string.h>

#include "tpm/pcr.h"

TPML_PCR_SELECTION pcr_selection_to_tss(const struct pawl_pcr_selection *s)
{
    TPML_PCR_SELECTION ret = { .count = (UINT32)s->n };

    for (size_t i = 0; i < s->n; i++) {
        TPMS_PCR_SELECTION *bank = &ret.pcrSelections[i];
        bank->hash = pawl_tpm_hash_id(s->bank[i].hash);
        bank->sizeofSelect = 3;
        for (unsigned byte = 0; byte < 3; byte++)
            bank->pcrSelect[byte] = (BYTE)(s->bank[i].bits >> (8 * byte));
    }
    return ret;
}

static pawl_status selection_from_tss(const TPML_PCR_SELECTION *in, struct pawl_pcr_selection *ret,
                                      struct pawl_err *err)
{
    if (in->count > PAWL_PCR_BANKS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "pcrSelectionOut.count", "%u", in->count);
    for (size_t i = 0; i < in->count; i++) {
        const TPMS_PCR_SELECTION *bank = &in->pcrSelections[i];
        if (bank->sizeofSelect != 3)
            return pawl_fail(err, PAWL_E_RANGE, "sizeofSelect", "%u", bank->sizeofSelect);
        ret->bank[i].hash = pawl_tpm_hash(bank->hash);
        ret->bank[i].bits = bank->pcrSelect[0] | (uint32_t)bank->pcrSelect[1] << 8 |
                            (uint32_t)bank->pcrSelect[2] << 16;
    }
    ret->n = in->count;
    return pawl_ok();
}

/* Where reading stands. Values are kept by bank and PCR until all are there, since answers come in
 * pieces. */
struct reading {
    struct pawl_pcr_selection left;
    struct pawl_digest        value[PAWL_PCR_BANKS_MAX][PAWL_PCRS];
};

/* Takes the values of one bank out of an answer; *at is the next value there. */
static pawl_status take_bank(struct reading *r, size_t bank, uint32_t bits,
                             const TPML_DIGEST *values, size_t *at, struct pawl_err *err)
{
    size_t n = pawl_hash_n(r->left.bank[bank].hash);

    if (bits & ~r->left.bank[bank].bits)
        return pawl_fail(err, PAWL_E_FORGED, "pcrSelectionOut", "names a PCR that was not asked");
    for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
        if (!(bits >> pcr & 1))
            continue;
        if (*at >= values->count || values->digests[*at].size != n)
            return pawl_fail(err, PAWL_E_SHORT, "pcrValues", "no value for PCR %u of %s", pcr,
                             pawl_hash_name(r->left.bank[bank].hash));
        r->value[bank][pcr].n = n;
        memcpy(r->value[bank][pcr].b, values->digests[(*at)++].buffer, n);
    }
    r->left.bank[bank].bits &= ~bits;
    return pawl_ok();
}

static pawl_status take_answer(struct reading *r, const struct pawl_pcr_selection *which,
                               const TPML_DIGEST *values, struct pawl_err *err)
{
    size_t at = 0;

    if (which->n != r->left.n)
        return pawl_fail(err, PAWL_E_FORM, "pcrSelectionOut", "%zu banks of %zu", which->n,
                         r->left.n);
    for (size_t i = 0; i < which->n; i++) {
        if (which->bank[i].hash != r->left.bank[i].hash)
            return pawl_fail(err, PAWL_E_FORM, "pcrSelectionOut", "bank %zu is another", i);
        PAWL_TRY(take_bank(r, i, which->bank[i].bits, values, &at, err));
    }
    if (at != values->count)
        return pawl_fail(err, PAWL_E_TRAILING, "pcrValues", "%u values, %zu selected",
                         values->count, at);
    if (at == 0)
        return pawl_fail(err, PAWL_E_RANGE, "pcrSelectionIn", "a bank is not allocated");
    return pawl_ok();
}

static pawl_status read_some(struct tpm *t, struct reading *r, struct pawl_err *err)
{
    TPM_OWNED TPML_PCR_SELECTION *out = NULL;
    TPM_OWNED TPML_DIGEST        *values = NULL;
    TPML_PCR_SELECTION            in = pcr_selection_to_tss(&r->left);
    struct pawl_pcr_selection     which = { 0 };

    PAWL_TRY(tpm_rc(
        Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &in, NULL, &out, &values),
        "TPM2_PCR_Read", err));
    PAWL_TRY(selection_from_tss(out, &which, err));
    return take_answer(r, &which, values, err);
}

pawl_status tpm_pcr_read(struct tpm *t, const struct pawl_pcr_selection *pcrs,
                         struct pawl_pcr_values *ret, struct pawl_err *err)
{
    struct reading r = { .left = *pcrs };

    /* Each answer brings at least one value, or fails. */
    while (pawl_pcr_selection_count(&r.left) > 0)
        PAWL_TRY(pawl_under(err, "TPM2_PCR_Read", read_some(t, &r, err)));

    ret->n = 0;
    for (size_t i = 0; i < pcrs->n; i++)
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            if (pcrs->bank[i].bits >> pcr & 1)
                ret->value[ret->n++] = r.value[i][pcr];
    return pawl_ok();
}
