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

static pawl_status take_z(struct tpm *t, struct pawl_secret *ret, struct pawl_err *err)
{
    struct pawl_view in = { 0 };

    PAWL_TRY(tpm_last_response(t, &in, err));
    return pawl_tpm_z_parse(in, ret, err);
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
