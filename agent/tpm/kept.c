/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects in files. The private part is encrypted by the SRK and bound to the public area's Name,
 * so the TPM notices any change; what kind of object it is must still be judged by who uses it,
 * since others can make children of the SRK as well.
 */

#include <string.h>

#include "tpm/kept.h"

pawl_status kept_parse(const struct tpm_sealed *in, struct kept *ret, struct pawl_err *err)
{
    struct kept     k = { 0 };
    struct pawl_err inner;
    struct pawl_rd  r = pawl_rd_from(pawl_view(in->b, in->n <= sizeof(in->b) ? in->n : 0));

    k.private = pawl_rd_tpm2b(&r, "private", sizeof(in->b));
    k.area = pawl_rd_tpm2b(&r, "public", PAWL_PUBLIC_MAX);
    pawl_status s = pawl_rd_end(&r, &inner);
    if (pawl_is_ok(s))
        s = pawl_under(&inner, "public", pawl_keyedhash_parse(k.area, &k.pub, &inner));
    if (!pawl_is_ok(s))
        return pawl_fail(err, PAWL_E_FORM, "sealed", "%s: %s", inner.where, inner.why);
    *ret = k;
    return pawl_ok();
}

pawl_status kept_write(struct pawl_view private, struct pawl_view area, struct tpm_sealed *ret,
                       struct pawl_err *err)
{
    struct tpm_sealed made = { 0 };
    struct pawl_wr    w = pawl_wr_to(made.b, sizeof(made.b));
    struct pawl_view  written;

    pawl_wr_tpm2b(&w, private);
    pawl_wr_tpm2b(&w, area);
    PAWL_TRY(pawl_wr_end(&w, "sealed", &written, err));
    made.n = written.n;
    *ret = made;
    return pawl_ok();
}

static pawl_status private_to_tss(struct pawl_view v, TPM2B_PRIVATE *ret, struct pawl_err *err)
{
    if (v.n > sizeof(ret->buffer))
        return pawl_fail(err, PAWL_E_FORM, "sealed.private", "%zu bytes", v.n);
    ret->size = (UINT16)v.n;
    if (v.n)
        memcpy(ret->buffer, v.p, v.n);
    return pawl_ok();
}

/* The Name that the TPM gives to what it loaded is the one of the area that we judged. */
static pawl_status check_name(struct tpm *t, const struct kept *k, struct pawl_err *err)
{
    struct pawl_view response = { 0 };
    struct pawl_name name;

    PAWL_TRY(tpm_last_response(t, &response, err));
    struct pawl_rd   r = pawl_rd_from(response);
    struct pawl_view given = pawl_rd_tpm2b(&r, "name", PAWL_NAME_MAX);
    PAWL_TRY(pawl_rd_end(&r, err));
    PAWL_TRY(pawl_name_of(PAWL_SHA256, k->area, &name, err));
    if (!pawl_view_equal(given, pawl_name_view(&name)))
        return pawl_fail(err, PAWL_E_FORGED, "name", "is not that of the public area");
    return pawl_ok();
}

pawl_status kept_load(struct session *s, const struct kept *k, struct loaded *ret,
                      struct pawl_err *err)
{
    TPM2B_PRIVATE private = { 0 };
    TPM2B_PUBLIC public = { 0 };
    TPM_LOADED l = { .t = s->t, .tr = ESYS_TR_NONE };

    PAWL_TRY(private_to_tss(k->private, &private, err));
    PAWL_TRY(object_public(k->area, &public, err));
    TSS2_RC rc = Esys_Load(s->t->esys, s->t->srk, s->tr, ESYS_TR_NONE, ESYS_TR_NONE, &private,
                           &public, &l.tr);
    if (tpm_rc_blames_parameter(rc))
        return pawl_fail(err, PAWL_E_FORGED, "TPM2_Load",
                         "this TPM did not make these bytes, or they were changed (0x%x)", rc);
    PAWL_TRY(tpm_rc(rc, "TPM2_Load", err));
    PAWL_TRY(pawl_under(err, "TPM2_Load", check_name(s->t, k, err)));
    *ret = l;
    l.t = NULL; /* handed over */
    return pawl_ok();
}
