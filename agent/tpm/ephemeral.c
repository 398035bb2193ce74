/* SPDX-License-Identifier: Apache-2.0 */
/*
 * e_D: an ephemeral key that only the TPM knows, made for one exchange.
 *
 * A primary comes from a seed and its template alone, so the same template gives the same key
 * again. What makes e_D ephemeral are the 64 random bytes in its `unique`: they are wiped here as
 * soon as the key exists. The NULL hierarchy's seed ends with the next TPM Reset on top of that; a
 * TPM Restart (hibernation) keeps it, so the wiping counts and not the reset.
 *
 * Invariants
 *  1. One Z for each key: tpm_ephemeral_zgen flushes it, whatever happens (P-KEY-8).
 *  2. Context and private part never leave the TPM.
 */

#include <string.h>

#include "tpm/ecdh.h"
#include "tpm/object.h"
#include "tpm/session.h"

/* ---- make ----------------------------------------------------------------------------------- */

/* t_D's template with random bytes where a key's point goes. */
struct template
{
    struct pawl_public random;
    uint8_t            area[PAWL_PUBLIC_MAX];
    TPM2B_PUBLIC       tss;
};

static void template_wipe(struct template *w)
{
    pawl_wipe(w, sizeof(*w));
}

static pawl_status template_draw(struct template *ret, struct pawl_err *err)
{
    struct pawl_wr   w = pawl_wr_to(ret->area, sizeof(ret->area));
    struct pawl_view area;

    ret->random.kind = PAWL_KEY_P256;
    ret->random.n = PAWL_POINT_P256;
    PAWL_TRY(pawl_random(ret->random.b + 1, PAWL_POINT_P256 - 1, err));
    PAWL_TRY(pawl_template_write(PAWL_TD_P256, &ret->random, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "template", &area, err));
    return object_public(area, &ret->tss, err);
}

/* TPM2_CreatePrimary under a session, so that nothing on the bus can show us another key. */
static pawl_status create(struct tpm *t, struct loaded *ret, TPM2B_PUBLIC **ret_public,
                          struct pawl_err *err)
{
    static const TPM2B_SENSITIVE_CREATE no_auth;
    static const TPM2B_DATA             no_data;
    static const TPML_PCR_SELECTION     no_pcrs;
    PAWL_CLEANUP(template_wipe) struct template in = { 0 };
    TPM_SESSION s = { 0 };

    PAWL_TRY(template_draw(&in, err));
    PAWL_TRY(session_hmac(t, SESSION_PLAIN, &s, err));
    TSS2_RC rc = Esys_CreatePrimary(t->esys, ESYS_TR_RH_NULL, s.tr, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &no_auth, &in.tss, &no_data, &no_pcrs, &ret->tr, ret_public,
                                    NULL, NULL, NULL);
    return tpm_rc_of_hierarchy(rc, "TPM2_CreatePrimary", "null", err);
}

pawl_status tpm_ephemeral_make(struct tpm *t, struct tpm_ephemeral *ret, struct pawl_err *err)
{
    TPM_OWNED TPM2B_PUBLIC *out = NULL;
    TPM_LOADED              l = { .t = t, .tr = ESYS_TR_NONE };
    struct tpm_key          key = { 0 };
    struct pawl_tpm_public  pub;

    PAWL_TRY(create(t, &l, &out, err));
    PAWL_TRY(pawl_under(err, "TPM2_CreatePrimary", object_take_made(out, &key, err)));
    PAWL_TRY(pawl_tpm_public_parse(pawl_view(key.bytes, key.n), &pub, err));
    PAWL_TRY(pawl_under(err, "TPM2_CreatePrimary.outPublic",
                        pawl_template_check(PAWL_TD_P256, &pub, err)));
    ret->handle = l.tr;
    memcpy(ret->point, pub.key.b, PAWL_POINT_P256);
    l.t = NULL; /* handed over */
    return pawl_ok();
}

/* ---- use ------------------------------------------------------------------------------------ */

/* A TPM Reset takes e_D away, and its handle may be another program's object by now: to address
 * that with our HMAC would be a failed authorisation, which the TPM may count towards a lockout. So
 * its Name is asked for first, which needs no authorisation. */
static pawl_status check_is_there(struct tpm *t, ESYS_TR key, struct pawl_err *err)
{
    TPM_OWNED TPM2B_NAME *ours = NULL;
    TPM_OWNED TPM2B_NAME *now = NULL;

    PAWL_TRY(tpm_rc(Esys_TR_GetName(t->esys, key, &ours), "Esys_TR_GetName", err));
    TSS2_RC rc = Esys_ReadPublic(t->esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, &now,
                                 NULL);
    if (tpm_rc_is(rc, TPM2_RC_REFERENCE_H0) || tpm_rc_is(rc, TPM2_RC_HANDLE))
        return pawl_fail(err, PAWL_E_STATE, "e_D", "is gone: the TPM was reset, or it was flushed");
    PAWL_TRY(tpm_rc(rc, "TPM2_ReadPublic", err));
    if (!pawl_view_equal(pawl_view(now->name, now->size), pawl_view(ours->name, ours->size)))
        return pawl_fail(err, PAWL_E_STATE, "e_D", "is gone: its handle is another object's");
    return pawl_ok();
}

/* Nor is anybody else's object flushed. */
void tpm_ephemeral_drop(struct tpm *t, struct tpm_ephemeral *e)
{
    struct loaded   l = { .t = t, .tr = e->handle };
    struct pawl_err ignored;

    if (e->handle == 0)
        return;
    if (pawl_is_ok(check_is_there(t, e->handle, &ignored)))
        loaded_flush(&l);
    else
        Esys_TR_Close(t->esys, &l.tr);
    e->handle = 0;
}

static pawl_status zgen(struct tpm *t, ESYS_TR key, const uint8_t peer[PAWL_POINT_P256],
                        struct pawl_secret *ret, struct pawl_err *err)
{
    if (key == 0)
        return pawl_fail(err, PAWL_E_STATE, "e_D", "was not made, or has done its one exchange");
    PAWL_TRY(check_is_there(t, key, err));
    return ecdh_zgen(t, key, peer, ret, err);
}

pawl_status tpm_ephemeral_zgen(struct tpm *t, struct tpm_ephemeral *e,
                               const uint8_t peer[PAWL_POINT_P256], struct pawl_secret *ret,
                               struct pawl_err *err)
{
    pawl_status s = zgen(t, e->handle, peer, ret, err);

    tpm_ephemeral_drop(t, e);
    return s;
}
