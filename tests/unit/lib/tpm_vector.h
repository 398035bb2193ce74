/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of a real TPM, read and parsed, for the tests of lib/tpm. */
#ifndef PAWL_TEST_TPM_VECTOR_H
#define PAWL_TEST_TPM_VECTOR_H

#include <stdio.h>
#include <string.h>

#include <pawl/tpm.h>

#include "t.h"

/* tests/vectors/tpm/NAME.KIND */
static inline struct pawl_view tpm_vector(const char *name, const char *kind)
{
    char path[64];

    snprintf(path, sizeof(path), "tpm/%s.%s", name, kind);
    return t_vector(path);
}

static inline struct pawl_tpm_public tpm_public(const char *name)
{
    struct pawl_err        err;
    struct pawl_tpm_public pub;

    T_OK(pawl_tpm_public_parse(tpm_vector(name, "pub"), &pub, &err), &err);
    return pub;
}

/* A copy of v with `n` bytes at `at` replaced by `with`. */
static inline struct pawl_view tpm_splice(struct pawl_view v, size_t at, size_t n,
                                          struct pawl_view with)
{
    uint8_t b[PAWL_PUBLIC_MAX];

    assert_true(at + n <= v.n && v.n - n + with.n <= sizeof(b));
    memcpy(b, v.p, at);
    if (with.n)
        memcpy(b + at, with.p, with.n);
    memcpy(b + at + with.n, v.p + at + n, v.n - at - n);
    return t_copy(pawl_view(b, v.n - n + with.n));
}

/* The same with the 16 bits at `at` replaced. */
static inline struct pawl_view tpm_put_u16(struct pawl_view v, size_t at, uint16_t value)
{
    const uint8_t be[2] = { (uint8_t)(value >> 8), (uint8_t)value };

    return tpm_splice(v, at, 2, PAWL_VIEW_OF(be));
}

/* The values of a quote's PCRs, from tpm2_quote's file of plain values. */
static inline struct pawl_pcr_values tpm_values(const char                      *name,
                                                const struct pawl_pcr_selection *s)
{
    struct pawl_rd         r = pawl_rd_from(tpm_vector(name, "pcrs"));
    struct pawl_pcr_values v = { 0 };
    struct pawl_err        err;

    for (size_t i = 0; i < s->n; i++)
        for (uint32_t left = s->bank[i].bits; left; left &= left - 1) {
            struct pawl_digest *d = &v.value[v.n++];
            d->n = pawl_hash_n(s->bank[i].hash);
            memcpy(d->b, pawl_rd_bytes(&r, "value", d->n).p, d->n);
        }
    T_OK(pawl_rd_end(&r, &err), &err);
    return v;
}

#endif
