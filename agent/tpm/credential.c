/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_ActivateCredential: proves to the verifier that AK and EK live in one TPM. The secret comes
 * back encrypted under the session's key.
 */

#include <string.h>

#include "tpm/session.h"

static pawl_status take_inputs(struct pawl_view id_object, struct pawl_view enc_secret,
                               TPM2B_ID_OBJECT *ret_id, TPM2B_ENCRYPTED_SECRET *ret_secret,
                               struct pawl_err *err)
{
    if (id_object.n > sizeof(ret_id->credential))
        return pawl_fail(err, PAWL_E_RANGE, "id_object", "%zu bytes", id_object.n);
    if (enc_secret.n > sizeof(ret_secret->secret))
        return pawl_fail(err, PAWL_E_RANGE, "encrypted_secret", "%zu bytes", enc_secret.n);
    if (id_object.n == 0 || enc_secret.n == 0)
        return pawl_fail(err, PAWL_E_SHORT, id_object.n ? "encrypted_secret" : "id_object",
                         "is empty");
    ret_id->size = (UINT16)id_object.n;
    memcpy(ret_id->credential, id_object.p, id_object.n);
    ret_secret->size = (UINT16)enc_secret.n;
    memcpy(ret_secret->secret, enc_secret.p, enc_secret.n);
    return pawl_ok();
}

pawl_status tpm_activate(struct tpm *t, struct pawl_view id_object, struct pawl_view enc_secret,
                         struct pawl_secret *ret, struct pawl_err *err)
{
    TPM_SESSION            of_ak = { 0 };
    TPM_SESSION            of_ek = { 0 };
    TPM2B_ID_OBJECT        id = { 0 };
    TPM2B_ENCRYPTED_SECRET secret = { 0 };

    PAWL_TRY(take_inputs(id_object, enc_secret, &id, &secret, err));
    PAWL_TRY(session_hmac(t, SESSION_ENCRYPTS_RESPONSE, &of_ak, err));
    PAWL_TRY(session_policy_of_ek(t, SESSION_PLAIN, &of_ek, err));
    PAWL_TRY(session_authorise_ek(&of_ek, err));
    TSS2_RC rc = Esys_ActivateCredential(t->esys, t->ak, t->ek, of_ak.tr, of_ek.tr, ESYS_TR_NONE,
                                         &id, &secret, NULL);
    if (tpm_rc_blames_parameter(rc))
        return pawl_fail(err, PAWL_E_FORGED, "TPM2_ActivateCredential",
                         "the credential was not made for this EK and AK (0x%x)", rc);
    PAWL_TRY(tpm_rc(rc, "TPM2_ActivateCredential", err));
    return tpm_take_secret(t, "TPM2_ActivateCredential.certInfo", ret, err);
}
