/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_vault.h"

#include <string.h>

#include <pawl/crypto.h>

#include "power.h"

static bool silent(const struct soft_vault *v)
{
    return v->trouble == SOFT_SILENT;
}

static pawl_status no_answer(struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_IO, "TPM", "does not answer");
}

static pawl_status counter(void *self, bool make, uint64_t *ret, struct pawl_err *err)
{
    struct soft_vault *v = self;

    if (silent(v))
        return no_answer(err);
    if (!v->defined && !make)
        return pawl_fail(err, PAWL_E_ABSENT, "TPM2_NV_Read", "no such index");
    if (!v->defined) {
        v->defined = true;
        v->counter++;
    }
    *ret = v->counter;
    return pawl_ok();
}

static pawl_status increment(void *self, uint64_t *ret, struct pawl_err *err)
{
    struct soft_vault *v = self;

    if (silent(v))
        return no_answer(err);
    if (v->trouble == SOFT_NO_INCREMENT)
        return pawl_fail(err, PAWL_E_TPM, "TPM2_NV_Increment", "refused");
    power_event();
    v->counter += v->trouble == SOFT_TWICE ? 2 : 1;
    power_event();
    if (v->trouble == SOFT_GONE)
        v->trouble = SOFT_SILENT;
    if (v->trouble == SOFT_SILENT || v->trouble == SOFT_LOST_INCREMENT)
        return no_answer(err);
    *ret = v->counter;
    return pawl_ok();
}

/* AES-256-SIV under what the TPM holds, bound to the value. */
static pawl_status key_of(const struct soft_vault *v, uint64_t value, struct pawl_secret *ret,
                          struct pawl_err *err)
{
    PAWL_SECRET    seed = { .n = sizeof(v->seed) };
    uint8_t        b[8];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    memcpy(seed.b, v->seed, sizeof(v->seed));
    pawl_wr_u64(&w, v->trouble == SOFT_UNBOUND ? 0 : value);
    return pawl_hkdf_expand(&seed, PAWL_VIEW_OF(b), 64, ret, err);
}

static pawl_status seal(void *self, uint64_t value, const struct pawl_secret *in,
                        struct slot_sealed *ret, struct pawl_err *err)
{
    const struct soft_vault *v = self;
    PAWL_SECRET              key = { 0 };

    if (silent(v))
        return no_answer(err);
    PAWL_TRY(key_of(v, v->trouble == SOFT_SPOILS ? value + 7 : value, &key, err));
    return pawl_aead_seal(PAWL_AES_256_SIV, &key, pawl_view(NULL, 0), pawl_view(NULL, 0),
                          pawl_secret_view(in), ret->b, sizeof(ret->b), &ret->n, err);
}

static pawl_status unseal(void *self, uint64_t value, const struct slot_sealed *in,
                          struct pawl_secret *ret, struct pawl_err *err)
{
    struct soft_vault *v = self;
    PAWL_SECRET        key = { 0 };
    uint8_t            b[SLOT_SEALED_MAX];
    size_t             n = 0;

    v->unseals++;
    if (silent(v))
        return no_answer(err);
    if (v->counter != value && v->trouble != SOFT_UNBOUND)
        return pawl_fail(err, PAWL_E_DENIED, "TPM2_PolicyNV", "the counter is at another value");
    PAWL_TRY(key_of(v, value, &key, err));
    PAWL_TRY(pawl_aead_open(PAWL_AES_256_SIV, &key, pawl_view(NULL, 0), pawl_view(NULL, 0),
                            pawl_view(in->b, in->n), b, sizeof(b), &n, err));
    return pawl_secret_from(pawl_view(b, n), "sealed", ret, err);
}

struct slot_vault soft_vault(struct soft_vault *v)
{
    return (struct slot_vault){ v, counter, increment, seal, unseal };
}
