/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at COSE_Encrypt and COSE_Encrypt0 with whatever headers: views outside the input, a header
 * parameter that is claimed and has no value, a plaintext that the key below did not seal. Seeds
 * are such messages; nobody else has the key.
 */

#include <string.h>

#include <pawl/cose.h>

#include "fuzz.h"

static const char text[] = "a pawl lets a ratchet turn one way only";

static bool inside(struct pawl_view v, struct pawl_view in)
{
    return v.n == 0 || (v.p > in.p && v.p + v.n <= in.p + in.n);
}

static void check(const struct pawl_cose_layer *l, struct pawl_view in)
{
    const struct pawl_cose_params *h = &l->param;
    unsigned                       has = l->protected_ | l->open;

    const struct {
        unsigned         bit;
        struct pawl_view v;
    } views[] = {
        { PAWL_COSE_KID, h->kid },         { PAWL_COSE_IV, h->iv },
        { PAWL_COSE_SALT, h->salt },       { PAWL_COSE_PARTIAL_IV, h->partial_iv },
        { PAWL_COSE_U_ID, h->u.identity }, { PAWL_COSE_U_NONCE, h->u.nonce },
        { PAWL_COSE_U_OTHER, h->u.other }, { PAWL_COSE_V_ID, h->v.identity },
        { PAWL_COSE_V_NONCE, h->v.nonce }, { PAWL_COSE_V_OTHER, h->v.other },
    };

    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        FUZZ_HOLDS(inside(views[i].v, in));
        FUZZ_HOLDS((has & views[i].bit) ? views[i].v.p != NULL : views[i].v.p == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_cose_encrypt m;
    struct pawl_err          err;
    struct pawl_view         in = pawl_view(p, n);
    struct pawl_secret       key = { .n = 16, .b = "0123456789abcde" };
    static uint8_t           out[PAWL_PLAINTEXT_MAX + PAWL_AEAD_TAG];
    size_t                   out_n = 0;

    FUZZ_POISON(&m);
    pawl_status s = pawl_cose_encrypt_parse(in, &m, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &m);
        return 0;
    }
    check(&m.body, in);
    check(&m.recipient, in);
    FUZZ_HOLDS(inside(m.body.bytes, in) && inside(m.body.ciphertext, in));
    FUZZ_HOLDS(m.recipient.ciphertext.n == 0);
    if (pawl_is_ok(
            pawl_cose_encrypt_open(&m, &key, pawl_view(NULL, 0), out, sizeof(out), &out_n, &err)))
        FUZZ_HOLDS(out_n == sizeof(text) - 1 && memcmp(out, text, out_n) == 0);
    return 0;
}
