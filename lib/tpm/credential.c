/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_MakeCredential in software: a secret that only the TPM with this EK gives back, and only
 * while a key of this Name is loaded in it (Part 1, 24).
 */

#include <string.h>

#include "tpm/protect.h"

static pawl_status check_inputs(const struct pawl_tpm_public *ek, const struct pawl_name *name,
                                const struct pawl_secret *secret, struct pawl_err *err)
{
    struct pawl_name checked;

    if (pawl_template_of_ek(ek) == PAWL_TEMPLATE_NONE)
        return pawl_fail(err, PAWL_E_DENIED, "ek", "of none of the EK templates");
    PAWL_TRY(pawl_under(err, "objectName", pawl_name_parse(pawl_name_view(name), &checked, err)));
    if (secret->n == 0 || secret->n > pawl_hash_n(ek->name_alg))
        return pawl_fail(err, PAWL_E_RANGE, "credential", "%zu bytes; this EK takes 1 to %zu",
                         secret->n, pawl_hash_n(ek->name_alg));
    return pawl_ok();
}

pawl_status pawl_make_credential(const struct pawl_tpm_public *ek, const struct pawl_name *name,
                                 const struct pawl_secret *secret, struct pawl_credential *ret,
                                 struct pawl_err *err)
{
    struct protected made;
    struct pawl_credential c = { 0 };

    PAWL_TRY(check_inputs(ek, name, secret, err));
    PAWL_TRY(protect(ek, "IDENTITY", name, pawl_secret_view(secret), &made, err));
    if (made.blob_n > sizeof(c.id_object))
        return pawl_fail(err, PAWL_E_BUG, "id_object", "%zu bytes", made.blob_n);
    c.id_object_n = made.blob_n;
    memcpy(c.id_object, made.blob, made.blob_n);
    c.enc_secret_n = made.enc_n;
    memcpy(c.enc_secret, made.enc, made.enc_n);
    *ret = c;
    return pawl_ok();
}
