/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_ECDH_ZGen, with the answer encrypted: Z is the hardware term of an epoch, and the bus must
 * not see it.
 *
 * The point of the other side is checked here first. A TPM checks it too; but an answer of the
 * verifier that is not even a point shall not cost a command, nor depend on the TPM's care.
 */

#include <string.h>

#include "tpm/ecdh.h"
#include "tpm/session.h"

enum { FIELD_N = 32 };

/* P-KEY-9 */
static pawl_status take_peer(const uint8_t peer[PAWL_POINT_P256], TPM2B_ECC_POINT *ret,
                             struct pawl_err *err)
{
    struct pawl_public p = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };

    memcpy(p.b, peer, PAWL_POINT_P256);
    PAWL_TRY(pawl_under(err, "inPoint", pawl_public_check(&p, err)));
    ret->point.x.size = ret->point.y.size = FIELD_N;
    memcpy(ret->point.x.buffer, p.b + 1, FIELD_N);
    memcpy(ret->point.y.buffer, p.b + 1 + FIELD_N, FIELD_N);
    return pawl_ok();
}

/* A coordinate comes without leading zeros from some TPMs (Part 1, C.8). */
static void put_padded(uint8_t ret[FIELD_N], struct pawl_view v)
{
    memset(ret, 0, FIELD_N - v.n);
    if (v.n)
        memcpy(ret + FIELD_N - v.n, v.p, v.n);
}

/* TPM2B_ECC_POINT of the answer; both coordinates are read, x is Z. */
static pawl_status take_z(struct tpm *t, struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_SECRET      z = { .n = FIELD_N };
    struct pawl_view in = { 0 };

    PAWL_TRY(tpm_last_response(t, &in, err));
    struct pawl_rd   r = pawl_rd_from(in);
    struct pawl_view point = pawl_rd_tpm2b(&r, "outPoint", 2 * (2 + FIELD_N));
    PAWL_TRY(pawl_rd_end(&r, err));
    r = pawl_rd_from(point);
    struct pawl_view x = pawl_rd_tpm2b(&r, "outPoint.x", FIELD_N);
    pawl_rd_tpm2b(&r, "outPoint.y", FIELD_N);
    PAWL_TRY(pawl_rd_end(&r, err));
    if (x.n == 0)
        return pawl_fail(err, PAWL_E_RANGE, "outPoint.x", "is empty");

    put_padded(z.b, x);
    *ret = z;
    return pawl_ok();
}

pawl_status ecdh_zgen(struct tpm *t, ESYS_TR key, const uint8_t peer[PAWL_POINT_P256],
                      struct pawl_secret *ret, struct pawl_err *err)
{
    TPM_SESSION     s = { 0 };
    TPM2B_ECC_POINT in = { 0 };

    PAWL_TRY(pawl_under(err, "TPM2_ECDH_ZGen", take_peer(peer, &in, err)));
    PAWL_TRY(session_hmac(t, SESSION_ENCRYPTS_RESPONSE, &s, err));
    PAWL_TRY(tpm_rc(Esys_ECDH_ZGen(t->esys, key, s.tr, ESYS_TR_NONE, ESYS_TR_NONE, &in, NULL),
                    "TPM2_ECDH_ZGen", err));
    pawl_status taken = pawl_under(err, "TPM2_ECDH_ZGen", take_z(t, ret, err));
    tpm_wipe_last_response(t);
    return taken;
}

pawl_status tpm_td_zgen(struct tpm *t, const uint8_t peer[PAWL_POINT_P256], struct pawl_secret *ret,
                        struct pawl_err *err)
{
    if (t->td == ESYS_TR_NONE)
        return pawl_fail(err, PAWL_E_STATE, "tpm", "the keys are not open yet");
    return ecdh_zgen(t, t->td, peer, ret, err);
}
