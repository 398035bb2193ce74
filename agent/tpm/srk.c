/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The storage root key.
 *
 * The one at the TCG's handle is shared with the rest of the system: it serves if it is a
 * restricted decryption key with noDA, a primary of the owner hierarchy. Otherwise, or where there
 * is none, our own stands beside it; the TCG's handle is never written, since what else relies on
 * it is unknown.
 *
 * Our own, once it exists, stays the one: t_D and sealed state hang on it, and a system may well
 * put a key to the TCG's handle later.
 */

#include "tpm/object.h"
#include "tpm/srk.h"

static bool is_owner_primary(const struct tpm_key *key)
{
    struct pawl_name qualified;
    struct pawl_err  ignored;

    return pawl_is_ok(
               pawl_tpm_qualified_name(PAWL_TPM_RH_OWNER, &key->name, 1, &qualified, &ignored)) &&
           pawl_name_equal(&qualified, &key->qualified);
}

/* A parent without noDA would bring dictionary-attack accounting back to its children. */
static bool fits(const struct tpm_key *key)
{
    const uint32_t need = PAWL_TPMA_FIXED_TPM | PAWL_TPMA_FIXED_PARENT | PAWL_TPMA_ORIGIN |
                          PAWL_TPMA_USER_AUTH | PAWL_TPMA_NO_DA | PAWL_TPMA_RESTRICTED |
                          PAWL_TPMA_DECRYPT;
    const uint32_t         never = PAWL_TPMA_SIGN | PAWL_TPMA_ST_CLEAR;
    struct pawl_tpm_public pub;
    struct pawl_err        ignored;

    if (!pawl_is_ok(pawl_tpm_public_parse(pawl_view(key->bytes, key->n), &pub, &ignored)))
        return false;
    return (pub.attributes & need) == need && !(pub.attributes & never) && is_owner_primary(key);
}

/* A key that cannot even be parsed is somebody else's, not an error. */
static pawl_status try_handle(struct tpm *t, TPM2_HANDLE handle, ESYS_TR *ret_tr,
                              struct tpm_key *ret, bool *fit, struct pawl_err *err)
{
    bool there = false;

    *fit = false;
    if (handle == 0)
        return pawl_ok();
    PAWL_TRY(tpm_has_handle(t, handle, &there, err));
    if (!there)
        return pawl_ok();
    pawl_status s = object_read(t, handle, ret_tr, ret, err);
    if (s.code == PAWL_E_IO || s.code == PAWL_E_TPM)
        return s;
    *fit = pawl_is_ok(s) && fits(ret);
    if (pawl_is_ok(s) && !*fit)
        Esys_TR_Close(t->esys, ret_tr);
    return pawl_ok();
}

static pawl_status make(struct tpm *t, TPM2_HANDLE handle, struct pawl_err *err)
{
    TPM_LOADED     l = { 0 };
    struct tpm_key made = { 0 };

    PAWL_TRY(object_make_primary(t, ESYS_TR_RH_OWNER, PAWL_SRK_P256, &l, &made, err));
    return object_persist(&l, handle, err);
}

static pawl_status open_own(struct tpm *t, const struct tpm_keys_config *cfg, ESYS_TR *ret_tr,
                            struct tpm_key *ret, struct pawl_err *err)
{
    TPM2_HANDLE handle = cfg->our_srk_handle;
    bool        there = false;

    PAWL_TRY(tpm_has_handle(t, handle, &there, err));
    if (!there && !cfg->make)
        return pawl_fail(err, PAWL_E_ABSENT, "srk",
                         "nothing at 0x%08x; if the TPM was cleared: pawl-agent enroll", handle);
    if (!there)
        PAWL_TRY(make(t, handle, err));
    PAWL_TRY(object_read(t, handle, ret_tr, ret, err));
    ret->made = !there;
    if (fits(ret))
        return pawl_ok();
    Esys_TR_Close(t->esys, ret_tr);
    return pawl_fail(err, PAWL_E_CONFLICT, "srk",
                     "0x%08x holds another object: configure another handle, or remove it", handle);
}

pawl_status srk_open(struct tpm *t, const struct tpm_keys_config *cfg, ESYS_TR *ret_tr,
                     struct tpm_key *ret, struct pawl_err *err)
{
    bool fit = false;

    PAWL_TRY(try_handle(t, cfg->our_srk_handle, ret_tr, ret, &fit, err));
    if (!fit)
        PAWL_TRY(try_handle(t, cfg->srk_handle, ret_tr, ret, &fit, err));
    return fit ? pawl_ok() : open_own(t, cfg, ret_tr, ret, err);
}
