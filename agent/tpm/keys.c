/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four persistent keys: EK, AK under it, SRK, t_D under that.
 *
 * Each is looked for at its handle first and made only when nothing is there, so a run that was cut
 * short is taken up by the next. What is found is judged whole: template, parent, expected Name. An
 * object that is not ours is never removed.
 */

#include "tpm/ek.h"
#include "tpm/object.h"
#include "tpm/srk.h"

struct tpm_keys_config tpm_keys_config_default(void)
{
    return (struct tpm_keys_config){
        .ak = PAWL_AK_P256,
        .ak_handle = TPM_HANDLE_AK,
        .td_handle = TPM_HANDLE_TD,
        .srk_handle = TPM_HANDLE_SRK,
        .our_srk_handle = TPM_HANDLE_OUR_SRK,
        .make = true,
    };
}

static pawl_status check_config(const struct tpm_ek *ek, const struct tpm_keys_config *cfg,
                                struct pawl_err *err)
{
    if (ek->state != TPM_EK_MATCHES && ek->state != TPM_EK_NO_CERT)
        return pawl_fail(err, PAWL_E_BUG, "ek", "state %s", tpm_ek_state_name(ek->state));
    if (cfg->ak != PAWL_AK_P256 && cfg->ak != PAWL_AK_RSA2048)
        return pawl_fail(err, PAWL_E_RANGE, "ak", "template %d is no AK's", (int)cfg->ak);
    return pawl_ok();
}

static pawl_status nothing_there(const char *name, TPM2_HANDLE handle, struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_ABSENT, name,
                     "nothing at 0x%08x; if the TPM was cleared: pawl-agent enroll", handle);
}

static pawl_status foreign(const char *name, TPM2_HANDLE handle, const char *why,
                           struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_CONFLICT, name,
                     "0x%08x holds another object (%s): configure another handle, or remove it",
                     handle, why);
}

/* ---- EK ------------------------------------------------------------------------------------- */

static pawl_status make_ek(struct tpm *t, const struct tpm_ek *ek, TPM2_HANDLE handle,
                           struct pawl_err *err)
{
    TPM_LOADED     l = { 0 };
    struct tpm_key made = { 0 };

    PAWL_TRY(object_make_primary(t, ESYS_TR_RH_ENDORSEMENT, ek->template, &l, &made, err));
    if (!pawl_name_equal(&made.name, &ek->name))
        return pawl_fail(err, PAWL_E_FORGED, "ek", "the TPM made another key than a moment ago");
    return object_persist(&l, handle, err);
}

/* After this t->ek stands for the public area whose Name certificate and template gave. */
static pawl_status open_ek(struct tpm *t, const struct tpm_ek *ek,
                           const struct tpm_keys_config *cfg, struct tpm_key *ret,
                           struct pawl_err *err)
{
    TPM2_HANDLE handle = cfg->ek_handle ? cfg->ek_handle : ek_handle(ek->template);
    bool        there = false;

    PAWL_TRY(tpm_has_handle(t, handle, &there, err));
    if (!there) {
        if (!cfg->make)
            return nothing_there("ek", handle, err);
        PAWL_TRY(make_ek(t, ek, handle, err));
    }
    PAWL_TRY(object_read(t, handle, &t->ek, ret, err));
    if (!pawl_name_equal(&ret->name, &ek->name))
        return foreign("ek", handle, "another Name", err);
    ret->made = !there;
    t->ek_template = ek->template;
    return pawl_ok();
}

/* ---- children ------------------------------------------------------------------------------- */

struct child {
    const char *name; /* for messages */
    enum pawl_template template;
    TPM2_HANDLE             handle;
    ESYS_TR                 parent;
    uint32_t                hierarchy;
    const struct tpm_key   *parent_key;
    const struct pawl_name *expected; /* n == 0: any */
};

/* What we made earlier, or what somebody else put there. */
static pawl_status check_child(const struct child *c, const struct tpm_key *key,
                               struct pawl_err *err)
{
    const struct pawl_name chain[] = { c->parent_key->name, key->name };
    struct pawl_tpm_public pub;
    struct pawl_name       qualified;
    struct pawl_err        difference;

    PAWL_TRY(
        pawl_under(err, c->name, pawl_tpm_public_parse(pawl_view(key->bytes, key->n), &pub, err)));
    if (!pawl_is_ok(pawl_template_check(c->template, &pub, &difference)))
        return foreign(c->name, c->handle, difference.where, err);
    PAWL_TRY(pawl_tpm_qualified_name(c->hierarchy, chain, 2, &qualified, err));
    if (!pawl_name_equal(&qualified, &key->qualified))
        return foreign(c->name, c->handle, "child of another key", err);
    if (c->expected->n > 0 && !pawl_name_equal(c->expected, &key->name))
        return foreign(c->name, c->handle, "not the key that this device enrolled with", err);
    return pawl_ok();
}

static pawl_status open_child(struct tpm *t, const struct child *c, bool make, ESYS_TR *ret_tr,
                              struct tpm_key *ret, struct pawl_err *err)
{
    bool there = false;

    PAWL_TRY(tpm_has_handle(t, c->handle, &there, err));
    if (!there) {
        /* Another key would be another device to the verifier: that is enrolment's decision. */
        if (!make || c->expected->n > 0)
            return nothing_there(c->name, c->handle, err);
        PAWL_TRY(object_make_child(t, c->parent, c->template, c->handle, err));
    }
    PAWL_TRY(object_read(t, c->handle, ret_tr, ret, err));
    ret->made = !there;
    return check_child(c, ret, err);
}

static pawl_status open_ak(struct tpm *t, const struct tpm_keys_config *cfg, struct tpm_keys *keys,
                           struct pawl_err *err)
{
    const struct child ak = {
        .name = "ak",
        .template = cfg->ak,
        .handle = cfg->ak_handle,
        .parent = t->ek,
        .hierarchy = PAWL_TPM_RH_ENDORSEMENT,
        .parent_key = &keys->ek,
        .expected = &cfg->expect_ak,
    };

    return open_child(t, &ak, cfg->make, &t->ak, &keys->ak, err);
}

static pawl_status open_td(struct tpm *t, const struct tpm_keys_config *cfg, struct tpm_keys *keys,
                           struct pawl_err *err)
{
    const struct child td = {
        .name = "td",
        .template = PAWL_TD_P256,
        .handle = cfg->td_handle,
        .parent = t->srk,
        .hierarchy = PAWL_TPM_RH_OWNER,
        .parent_key = &keys->srk,
        .expected = &cfg->expect_td,
    };

    return open_child(t, &td, cfg->make, &t->td, &keys->td, err);
}

/* Whoever turns it on gets it, enrolled or not: it says nothing about who the device is. */
static pawl_status open_app(struct tpm *t, const struct tpm_keys_config *cfg, struct tpm_keys *keys,
                            struct pawl_err *err)
{
    static const struct pawl_name any = { 0 };
    const struct child            app = {
                   .name = "app_key",
                   .template = PAWL_APP_P256,
                   .handle = cfg->app_handle,
                   .parent = t->srk,
                   .hierarchy = PAWL_TPM_RH_OWNER,
                   .parent_key = &keys->srk,
                   .expected = &any,
    };

    return open_child(t, &app, true, &t->app, &keys->app, err);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void close_one(struct tpm *t, ESYS_TR *tr)
{
    if (*tr != ESYS_TR_NONE)
        Esys_TR_Close(t->esys, tr);
    *tr = ESYS_TR_NONE;
}

static pawl_status open_all(struct tpm *t, const struct tpm_ek *ek,
                            const struct tpm_keys_config *cfg, struct tpm_keys *keys,
                            struct pawl_err *err)
{
    PAWL_TRY(open_ek(t, ek, cfg, &keys->ek, err));
    PAWL_TRY(open_ak(t, cfg, keys, err));
    PAWL_TRY(srk_open(t, cfg, &t->srk, &keys->srk, err));
    t->srk_key = keys->srk;
    PAWL_TRY(open_td(t, cfg, keys, err));
    /* A device without it attests as well: what is wrong is told beside that. */
    if (cfg->app_handle && !pawl_is_ok(open_app(t, cfg, keys, &keys->app_problem))) {
        keys->app = (struct tpm_key){ 0 };
        close_one(t, &t->app);
    }
    return pawl_ok();
}

static void close_all(struct tpm *t)
{
    close_one(t, &t->app);
    close_one(t, &t->td);
    close_one(t, &t->srk);
    close_one(t, &t->ak);
    close_one(t, &t->ek);
}

pawl_status tpm_keys_open(struct tpm *t, const struct tpm_ek *ek, const struct tpm_keys_config *cfg,
                          struct tpm_keys *ret, struct pawl_err *err)
{
    struct tpm_keys keys = { 0 };

    PAWL_TRY(check_config(ek, cfg, err));
    close_all(t);
    pawl_status s = open_all(t, ek, cfg, &keys, err);
    if (!pawl_is_ok(s)) {
        close_all(t);
        return s;
    }
    *ret = keys;
    return pawl_ok();
}
