/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NV indices. They hold certificates, which are public: no session protects the read, a chain to a
 * root does.
 */

#include <string.h>

#include "tpm/nv.h"

struct nv {
    struct tpm *t;
    ESYS_TR     index;
    ESYS_TR     auth; /* who reads: the owner, or the index itself */
    size_t      n;
};

static void nv_close(struct nv *nv)
{
    if (nv->index != ESYS_TR_NONE)
        Esys_TR_Close(nv->t->esys, &nv->index);
}

/* The owner reads where that is allowed. An index's own empty value is tried only if a wrong value
 * would not count towards a lockout. */
static pawl_status choose_auth(struct nv *nv, TPMA_NV attributes, struct pawl_err *err)
{
    if (attributes & TPMA_NV_OWNERREAD)
        nv->auth = ESYS_TR_RH_OWNER;
    else if ((attributes & TPMA_NV_AUTHREAD) && (attributes & TPMA_NV_NO_DA))
        nv->auth = nv->index;
    else
        return pawl_fail(err, PAWL_E_DENIED, "TPM2_NV_Read", "attributes 0x%08x let nobody read",
                         attributes);
    return pawl_ok();
}

static pawl_status nv_open(struct nv *nv, TPM2_HANDLE index, size_t cap, struct pawl_err *err)
{
    TPM_OWNED TPM2B_NV_PUBLIC *public = NULL;
    bool there = false;

    PAWL_TRY(tpm_has_handle(nv->t, index, &there, err));
    if (!there)
        return pawl_fail(err, PAWL_E_ABSENT, "TPM2_NV_Read", "no index 0x%08x", index);
    PAWL_TRY(tpm_rc(Esys_TR_FromTPMPublic(nv->t->esys, index, ESYS_TR_NONE, ESYS_TR_NONE,
                                          ESYS_TR_NONE, &nv->index),
                    "TPM2_NV_ReadPublic", err));
    PAWL_TRY(tpm_rc(Esys_NV_ReadPublic(nv->t->esys, nv->index, ESYS_TR_NONE, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &public, NULL),
                    "TPM2_NV_ReadPublic", err));
    if (!(public->nvPublic.attributes & TPMA_NV_WRITTEN))
        return pawl_fail(err, PAWL_E_ABSENT, "TPM2_NV_Read", "index 0x%08x was never written",
                         index);
    if (public->nvPublic.dataSize > cap)
        return pawl_fail(err, PAWL_E_RANGE, "nvPublic.dataSize", "%u bytes, at most %zu are taken",
                         public->nvPublic.dataSize, cap);
    nv->n = public->nvPublic.dataSize;
    return choose_auth(nv, public->nvPublic.attributes, err);
}

/* One TPM2_NV_Read; an answer of another length than asked is refused. */
static pawl_status read_part(struct nv *nv, size_t at, size_t n, uint8_t *ret, struct pawl_err *err)
{
    TPM_OWNED TPM2B_MAX_NV_BUFFER *part = NULL;
    TSS2_RC rc = Esys_NV_Read(nv->t->esys, nv->auth, nv->index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE, (UINT16)n, (UINT16)at, &part);

    PAWL_TRY(tpm_rc_of_hierarchy(rc, "TPM2_NV_Read", "owner", err));
    if (part->size != n)
        return pawl_fail(err, PAWL_E_SHORT, "TPM2_NV_Read", "%u of %zu bytes came", part->size, n);
    memcpy(ret, part->buffer, n);
    return pawl_ok();
}

pawl_status nv_read(struct tpm *t, TPM2_HANDLE index, uint8_t *ret, size_t cap, size_t *ret_n,
                    struct pawl_err *err)
{
    PAWL_CLEANUP(nv_close) struct nv nv = { .t = t, .index = ESYS_TR_NONE };
    uint32_t                         most = 0;

    PAWL_TRY(nv_open(&nv, index, cap, err));
    PAWL_TRY(tpm_property(t, TPM2_PT_NV_BUFFER_MAX, &most, err));
    if (most == 0 || most > TPM2_MAX_NV_BUFFER_SIZE)
        most = TPM2_MAX_NV_BUFFER_SIZE;
    for (size_t at = 0; at < nv.n; at += most)
        PAWL_TRY(read_part(&nv, at, nv.n - at < most ? nv.n - at : most, ret + at, err));
    *ret_n = nv.n;
    return pawl_ok();
}
