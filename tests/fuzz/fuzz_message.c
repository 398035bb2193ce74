/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at a message before anything of it is believed: views outside the input, a place that no
 * sender has, and a message that has a second encoding. Whatever parses is sealed anew at the same
 * place with the same length, and must come out as it was in all but the ciphertext.
 */

#include <string.h>

#include <pawl/ratchet.h>

#include "fuzz.h"

static uint16_t suite_of(enum pawl_aead alg)
{
    switch (alg) {
    case PAWL_AES_CCM_16_128_128:
        return PAWL_SUITE_CCM;
    case PAWL_CHACHA20_POLY1305:
        return PAWL_SUITE_CHACHA;
    case PAWL_A128GCM:
        return PAWL_SUITE_GCM;
    default:
        FUZZ_HOLDS(alg == PAWL_AES_256_SIV);
        return PAWL_SUITE_SIV;
    }
}

static void seal_again(const struct pawl_msg *m, struct pawl_view in)
{
    static const uint8_t        id[32], zeros[PAWL_PLAINTEXT_MAX];
    static uint8_t              out[PAWL_MESSAGE_MAX];
    const struct pawl_msg_scope s = { pawl_view_str("t"), PAWL_VIEW_OF(id), PAWL_VIEW_OF(id) };
    struct pawl_use             u = { .epoch = 1, .gen = m->gen, .suite = suite_of(m->alg) };
    struct pawl_wr              w = pawl_wr_to(out, sizeof(out));
    struct pawl_err             err;
    uint8_t                     leaf[PAWL_LEAF];
    size_t                      at = (size_t)(m->ciphertext.p - in.p);

    memcpy(u.kid, m->kid, PAWL_KID);
    u.prk.n = 32;
    FUZZ_HOLDS(pawl_is_ok(pawl_msg_seal(&u, &s, &m->at, m->form,
                                        pawl_view(zeros, m->ciphertext.n - PAWL_AEAD_TAG), &w, leaf,
                                        &err)));
    FUZZ_HOLDS(w.n == in.n && memcmp(out, in.p, at) == 0);
    FUZZ_HOLDS(memcmp(out + at + m->ciphertext.n, in.p + at + m->ciphertext.n,
                      in.n - at - m->ciphertext.n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_msg  m;
    struct pawl_err  err;
    struct pawl_view in = pawl_view(p, n);

    FUZZ_POISON(&m);
    pawl_status s = pawl_msg_parse(in, &m, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &m);
        return 0;
    }
    FUZZ_HOLDS(m.ciphertext.n > PAWL_AEAD_TAG && m.ciphertext.p > p &&
               m.ciphertext.p + m.ciphertext.n <= p + n);
    FUZZ_HOLDS(m.protected_.p > p && m.protected_.p + m.protected_.n <= m.ciphertext.p);
    FUZZ_HOLDS(0 < m.at.epoch_start_seq && m.at.epoch_start_seq <= m.at.gen_start_seq &&
               m.at.gen_start_seq <= m.at.seq && m.at.seq - m.at.gen_start_seq < PAWL_GEN_MESSAGES);
    seal_again(&m, in);
    return 0;
}
