/* SPDX-License-Identifier: Apache-2.0 */
/* Passes the slot's calls on to counter and seal; decides nothing. */

#include <string.h>

#include "tpm/context.h"
#include "tpm/vault.h"

_Static_assert(sizeof(((struct tpm_sealed *)0)->b) == SLOT_SEALED_MAX, "one fits the other");

static pawl_status counter(void *self, bool make, uint64_t *ret, struct pawl_err *err)
{
    struct tpm *t = self;

    return tpm_counter_open(t, t->vault_index, make, ret, err);
}

static pawl_status increment(void *self, uint64_t *ret, struct pawl_err *err)
{
    struct tpm *t = self;

    return tpm_counter_increment(t, t->vault_index, ret, err);
}

static pawl_status seal(void *self, uint64_t value, const struct pawl_secret *in,
                        struct slot_sealed *ret, struct pawl_err *err)
{
    struct tpm       *t = self;
    struct tpm_sealed s;

    PAWL_TRY(tpm_seal(t, t->vault_index, value, in, &s, err));
    ret->n = s.n;
    memcpy(ret->b, s.b, s.n);
    return pawl_ok();
}

static pawl_status unseal(void *self, uint64_t value, const struct slot_sealed *in,
                          struct pawl_secret *ret, struct pawl_err *err)
{
    struct tpm       *t = self;
    struct tpm_sealed s = { .n = in->n };

    if (in->n > sizeof(s.b))
        return pawl_fail(err, PAWL_E_FORM, "sealed", "%zu bytes", in->n);
    memcpy(s.b, in->b, in->n);
    return tpm_unseal(t, t->vault_index, value, &s, ret, err);
}

void tpm_vault(struct tpm *t, uint32_t index, struct slot_vault *ret)
{
    t->vault_index = index;
    *ret = (struct slot_vault){
        .self = t,
        .counter = counter,
        .increment = increment,
        .seal = seal,
        .unseal = unseal,
    };
}
