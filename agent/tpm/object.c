/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key objects. At most two transient slots are in use at any moment: the parent's (or that of a
 * persistent key while it works) and the child's.
 */

#include <string.h>

#include <tss2/tss2_mu.h>

#include "tpm/object.h"
#include "tpm/session.h"

void loaded_flush(struct loaded *l)
{
    if (l->t && l->tr != ESYS_TR_NONE && Esys_FlushContext(l->t->esys, l->tr) != TSS2_RC_SUCCESS)
        Esys_TR_Close(l->t->esys, &l->tr);
    l->t = NULL;
    l->tr = ESYS_TR_NONE;
}

/* ---- public areas --------------------------------------------------------------------------- */

/* Copies a TPMT_PUBLIC into the key and computes its Name. */
static pawl_status take_public(struct pawl_view bytes, struct tpm_key *ret, struct pawl_err *err)
{
    struct pawl_tpm_public pub;

    if (bytes.n > sizeof(ret->bytes))
        return pawl_fail(err, PAWL_E_RANGE, "publicArea", "%zu bytes", bytes.n);
    PAWL_TRY(pawl_under(err, "publicArea", pawl_tpm_public_parse(bytes, &pub, err)));
    PAWL_TRY(pawl_tpm_name(&pub, &ret->name, err));
    memcpy(ret->bytes, bytes.p, bytes.n);
    ret->n = bytes.n;
    return pawl_ok();
}

static pawl_status take_name(struct pawl_view v, struct pawl_name *ret, struct pawl_err *err)
{
    if (v.n > sizeof(ret->b))
        return pawl_fail(err, PAWL_E_RANGE, "name", "%zu bytes", v.n);
    memcpy(ret->b, v.p, v.n);
    ret->n = v.n;
    return pawl_ok();
}

/* The parameters of TPM2_ReadPublic: TPM2B_PUBLIC, Name, qualified Name (Part 3, 12.4). */
static pawl_status take_response(struct pawl_view in, struct tpm_key *ret, struct pawl_err *err)
{
    struct pawl_rd   r = pawl_rd_from(in);
    struct pawl_view area = pawl_rd_tpm2b(&r, "outPublic", PAWL_PUBLIC_MAX);
    struct pawl_view name = pawl_rd_tpm2b(&r, "name", PAWL_NAME_MAX);
    struct pawl_view qualified = pawl_rd_tpm2b(&r, "qualifiedName", PAWL_NAME_MAX);
    struct tpm_key   key = { 0 };

    PAWL_TRY(pawl_rd_end(&r, err));
    PAWL_TRY(take_public(area, &key, err));
    PAWL_TRY(take_name(qualified, &key.qualified, err));
    if (!pawl_view_equal(name, pawl_name_view(&key.name)))
        return pawl_fail(err, PAWL_E_FORGED, "name", "is not that of the public area");
    *ret = key;
    return pawl_ok();
}

pawl_status object_read(struct tpm *t, TPM2_HANDLE handle, ESYS_TR *ret_tr, struct tpm_key *ret,
                        struct pawl_err *err)
{
    ESYS_TR          tr = ESYS_TR_NONE;
    struct tpm_key   key = { 0 };
    struct pawl_view response = { 0 };

    PAWL_TRY(tpm_rc(
        Esys_TR_FromTPMPublic(t->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr),
        "TPM2_ReadPublic", err));
    pawl_status s = tpm_last_response(t, &response, err);
    if (pawl_is_ok(s))
        s = pawl_under(err, "TPM2_ReadPublic", take_response(response, &key, err));
    if (!pawl_is_ok(s)) {
        Esys_TR_Close(t->esys, &tr);
        return s;
    }
    key.handle = handle;
    *ret = key;
    *ret_tr = tr;
    return pawl_ok();
}

/* ---- making --------------------------------------------------------------------------------- */

pawl_status object_public(struct pawl_view area, TPM2B_PUBLIC *ret, struct pawl_err *err)
{
    size_t at = 0;

    return tpm_rc(Tss2_MU_TPMT_PUBLIC_Unmarshal(area.p, area.n, &at, &ret->publicArea),
                  "Tss2_MU_TPMT_PUBLIC_Unmarshal", err);
}

static pawl_status template_of(enum pawl_template template, TPM2B_PUBLIC *ret, struct pawl_err *err)
{
    uint8_t          buf[PAWL_PUBLIC_MAX];
    struct pawl_wr   w = pawl_wr_to(buf, sizeof(buf));
    struct pawl_view v = { 0 };

    PAWL_TRY(pawl_template_write(template, NULL, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "template", &v, err));
    return object_public(v, ret, err);
}

pawl_status object_take_made(const TPM2B_PUBLIC *made, struct tpm_key *ret, struct pawl_err *err)
{
    uint8_t buf[sizeof(TPMT_PUBLIC)];
    size_t  n = 0;

    PAWL_TRY(tpm_rc(Tss2_MU_TPMT_PUBLIC_Marshal(&made->publicArea, buf, sizeof(buf), &n),
                    "Tss2_MU_TPMT_PUBLIC_Marshal", err));
    return take_public(pawl_view(buf, n), ret, err);
}

pawl_status object_make_primary(struct tpm *t, ESYS_TR hierarchy, enum pawl_template template,
                                struct loaded *ret, struct tpm_key *ret_key, struct pawl_err *err)
{
    static const TPM2B_SENSITIVE_CREATE no_auth;
    static const TPM2B_DATA             no_data;
    static const TPML_PCR_SELECTION     no_pcrs;
    TPM2B_PUBLIC                        in = { 0 };
    TPM_OWNED TPM2B_PUBLIC             *out = NULL;
    TPM_LOADED                          l = { .t = t, .tr = ESYS_TR_NONE };
    struct tpm_key                      key = { 0 };

    PAWL_TRY(template_of(template, &in, err));
    TSS2_RC rc = Esys_CreatePrimary(t->esys, hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE, &no_auth, &in, &no_data, &no_pcrs, &l.tr, &out,
                                    NULL, NULL, NULL);
    PAWL_TRY(tpm_rc_of_hierarchy(rc, "TPM2_CreatePrimary",
                                 hierarchy == ESYS_TR_RH_ENDORSEMENT ? "endorsement" : "owner",
                                 err));
    PAWL_TRY(pawl_under(err, "TPM2_CreatePrimary", object_take_made(out, &key, err)));
    *ret_key = key;
    *ret = l;
    l.t = NULL; /* handed over */
    return pawl_ok();
}

/* The EK wants its policy before each use; a storage key's empty value is proved by the HMAC. */
static pawl_status authorise_parent(struct session *s, ESYS_TR parent, struct pawl_err *err)
{
    return parent == s->t->ek ? session_authorise_ek(s, err) : pawl_ok();
}

static pawl_status create(struct session *s, ESYS_TR parent, enum pawl_template template,
                          TPM2B_PRIVATE **ret_private, TPM2B_PUBLIC **ret_public,
                          struct pawl_err *err)
{
    static const TPM2B_SENSITIVE_CREATE no_auth;
    static const TPM2B_DATA             no_data;
    static const TPML_PCR_SELECTION     no_pcrs;
    TPM2B_PUBLIC                        in = { 0 };

    PAWL_TRY(template_of(template, &in, err));
    PAWL_TRY(authorise_parent(s, parent, err));
    return tpm_rc(Esys_Create(s->t->esys, parent, s->tr, ESYS_TR_NONE, ESYS_TR_NONE, &no_auth, &in,
                              &no_data, &no_pcrs, ret_private, ret_public, NULL, NULL, NULL),
                  "TPM2_Create", err);
}

pawl_status object_make_child(struct tpm *t, ESYS_TR parent, enum pawl_template template,
                              TPM2_HANDLE handle, struct pawl_err *err)
{
    TPM_OWNED TPM2B_PRIVATE *private = NULL;
    TPM_OWNED TPM2B_PUBLIC *public = NULL;
    TPM_SESSION s = { 0 };
    TPM_LOADED  l = { .t = t, .tr = ESYS_TR_NONE };

    if (parent == t->ek)
        PAWL_TRY(session_policy_of_ek(t, SESSION_ENCRYPTS_COMMAND, &s, err));
    else
        PAWL_TRY(session_hmac(t, SESSION_ENCRYPTS_COMMAND, &s, err));
    PAWL_TRY(create(&s, parent, template, &private, &public, err));
    PAWL_TRY(authorise_parent(&s, parent, err));
    PAWL_TRY(
        tpm_rc(Esys_Load(t->esys, parent, s.tr, ESYS_TR_NONE, ESYS_TR_NONE, private, public, &l.tr),
               "TPM2_Load", err));
    return object_persist(&l, handle, err);
}

pawl_status object_persist(struct loaded *l, TPM2_HANDLE handle, struct pawl_err *err)
{
    ESYS_TR tr = ESYS_TR_NONE;
    TSS2_RC rc = Esys_EvictControl(l->t->esys, ESYS_TR_RH_OWNER, l->tr, ESYS_TR_PASSWORD,
                                   ESYS_TR_NONE, ESYS_TR_NONE, handle, &tr);

    if (tpm_rc_is(rc, TPM2_RC_NV_DEFINED))
        return pawl_fail(err, PAWL_E_CONFLICT, "TPM2_EvictControl",
                         "another object took 0x%08x in the meantime", handle);
    PAWL_TRY(tpm_rc_of_hierarchy(rc, "TPM2_EvictControl", "owner", err));
    Esys_TR_Close(l->t->esys, &tr);
    return pawl_ok();
}
