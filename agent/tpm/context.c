/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing the TPM, and errors in words that help.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tss2/tss2_rc.h>
#include <tss2/tss2_sys.h>
#include <tss2/tss2_tctildr.h>

#include "tpm/context.h"

void tpm_esys_free(void *pointer)
{
    Esys_Free(*(void **)pointer);
}

/* ---- response codes ------------------------------------------------------------------------- */

/* The TPM's own codes, and those that a resource manager passes on in its name. */
static bool from_tpm(TSS2_RC rc)
{
    TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

    return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

bool tpm_rc_is(TSS2_RC rc, TSS2_RC code)
{
    TSS2_RC bare = rc & ~TSS2_RC_LAYER_MASK;

    if (!from_tpm(rc))
        return false;
    if (bare & TPM2_RC_FMT1)
        bare &= TPM2_RC_FMT1 | 0x3f; /* without the number of the handle, session or parameter */
    return bare == code;
}

bool tpm_rc_blames_parameter(TSS2_RC rc)
{
    return from_tpm(rc) && (rc & TPM2_RC_FMT1) && (rc & TPM2_RC_P);
}

/* Warnings (Part 2, 6.6.3) are about the moment and not about the command: RETRY, YIELDED, MEMORY,
 * TESTING. So is whatever a resource manager says of itself. */
static bool is_passing(TSS2_RC rc)
{
    if ((rc & TSS2_RC_LAYER_MASK) == TSS2_RESMGR_RC_LAYER)
        return true;
    return from_tpm(rc) && !(rc & TPM2_RC_FMT1) && (rc & TPM2_RC_WARN) == TPM2_RC_WARN;
}

struct explanation {
    TSS2_RC        code;
    enum pawl_code as;
    const char    *why;
};

static const struct explanation explanations[] = {
    { TPM2_RC_OBJECT_MEMORY, PAWL_E_IO,
      "has no free slot for an object: another program holds keys; tcti = device:/dev/tpmrm0 "
      "helps" },
    { TPM2_RC_SESSION_MEMORY, PAWL_E_IO,
      "has no free slot for a session: another program holds some; tcti = device:/dev/tpmrm0 "
      "helps" },
    { TPM2_RC_NV_SPACE, PAWL_E_FULL,
      "has no room for another persistent object: remove one (tpm2_evictcontrol)" },
    { TPM2_RC_LOCKOUT, PAWL_E_IO,
      "is in dictionary-attack lockout, by another program's keys: tpm2_dictionarylockout -c" },
    { TPM2_RC_FAILURE, PAWL_E_IO, "is in failure mode: it needs a power cycle, or it is broken" },
    { TPM2_RC_INITIALIZE, PAWL_E_IO, "was not started: firmware or tpm2_startup -c must do that" },
    { TPM2_RC_NV_UNAVAILABLE, PAWL_E_IO, "cannot write its memory at the moment" },
    { TPM2_RC_NV_RATE, PAWL_E_IO, "protects its memory from wear: try again later" },
};

pawl_status tpm_rc(TSS2_RC rc, const char *command, struct pawl_err *err)
{
    if (rc == TSS2_RC_SUCCESS)
        return pawl_ok();
    for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
        if (tpm_rc_is(rc, explanations[i].code))
            return pawl_fail(err, explanations[i].as, command, "the TPM %s", explanations[i].why);
    if ((rc & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER)
        return pawl_fail(err, PAWL_E_IO, command, "the connection to the TPM failed: %s",
                         Tss2_RC_Decode(rc));
    if (rc == TSS2_ESYS_RC_BAD_SEQUENCE) /* ESAPI still waits for an answer that never came */
        return pawl_fail(err, PAWL_E_IO, command, "the connection to the TPM failed before this");
    return pawl_fail(err, is_passing(rc) ? PAWL_E_IO : PAWL_E_TPM, command, "0x%x %s", rc,
                     Tss2_RC_Decode(rc));
}

pawl_status tpm_rc_of_hierarchy(TSS2_RC rc, const char *command, const char *hierarchy,
                                struct pawl_err *err)
{
    if (tpm_rc_is(rc, TPM2_RC_BAD_AUTH) || tpm_rc_is(rc, TPM2_RC_AUTH_FAIL))
        return pawl_fail(err, PAWL_E_DENIED, command,
                         "the %s hierarchy has a password; Pawl needs it empty (tpm2_changeauth)",
                         hierarchy);
    if (tpm_rc_is(rc, TPM2_RC_HIERARCHY))
        return pawl_fail(err, PAWL_E_DENIED, command, "the %s hierarchy is switched off",
                         hierarchy);
    return tpm_rc(rc, command, err);
}

/* ---- open and close ------------------------------------------------------------------------- */

static pawl_status explain_no_tpm(const char *tcti, TSS2_RC rc, struct pawl_err *err)
{
    const char *path = tcti && strncmp(tcti, "device:", 7) == 0 ? tcti + 7 : NULL;

    if (path && access(path, F_OK) != 0)
        return pawl_fail(err, PAWL_E_IO, "tcti",
                         "no %.40s: TPM off in the firmware, or its driver not loaded", path);
    if (path && access(path, R_OK | W_OK) != 0)
        return pawl_fail(err, PAWL_E_IO, "tcti", "%.40s: %s; the agent's user must be in group tss",
                         path, strerror(errno));
    if (tcti && strncmp(tcti, "swtpm", 5) == 0)
        return pawl_fail(err, PAWL_E_IO, "tcti", "no software TPM answers at %.80s", tcti);
    return pawl_fail(err, PAWL_E_IO, "tcti", "%.40s: %s", tcti && *tcti ? tcti : "(default)",
                     Tss2_RC_Decode(rc));
}

/* The first command: proves that something answers, and that it is a TPM 2.0. */
static pawl_status greet(struct tpm *t, struct pawl_err *err)
{
    uint32_t family = 0;

    PAWL_TRY(tpm_property(t, TPM2_PT_FAMILY_INDICATOR, &family, err));
    if (family != 0x322e3000) /* "2.0" */
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "TPM_PT_FAMILY_INDICATOR",
                         "0x%08x is not a TPM 2.0", family);
    return pawl_ok();
}

pawl_status tpm_open(const char *tcti, struct tpm **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(tpm_close) struct tpm *t = calloc(1, sizeof(*t));

    if (!t)
        return pawl_fail(err, PAWL_E_MEMORY, "tpm", "out of memory");
    t->ek = t->ak = t->srk = t->td = t->app = ESYS_TR_NONE;

    /* tpm2-tss writes to stderr what we report ourselves; who wants it sets the variable. */
    setenv("TSS2_LOG", "all+none", 0);
    TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti && *tcti ? tcti : NULL, &t->tcti);
    if (rc != TSS2_RC_SUCCESS)
        return explain_no_tpm(tcti, rc, err);
    PAWL_TRY(tpm_rc(Esys_Initialize(&t->esys, t->tcti, NULL), "Esys_Initialize", err));
    PAWL_TRY(greet(t, err));

    *ret = t;
    t = NULL;
    return pawl_ok();
}

void tpm_close(struct tpm **t)
{
    if (!*t)
        return;
    Esys_Finalize(&(*t)->esys);
    Tss2_TctiLdr_Finalize(&(*t)->tcti);
    free(*t);
    *t = NULL;
}

/* ---- the last response ---------------------------------------------------------------------- */

/* ESAPI unmarshals answers into fixed C structures; what must be judged byte by byte is read from
 * here, by our own strict parsers, and is the very answer that ESAPI worked with. */
pawl_status tpm_last_response(struct tpm *t, struct pawl_view *ret, struct pawl_err *err)
{
    TSS2_SYS_CONTEXT *sys = NULL;
    const uint8_t    *p = NULL;
    size_t            n = 0;

    PAWL_TRY(tpm_rc(Esys_GetSysContext(t->esys, &sys), "Esys_GetSysContext", err));
    PAWL_TRY(tpm_rc(Tss2_Sys_GetRpBuffer(sys, &n, &p), "Tss2_Sys_GetRpBuffer", err));
    *ret = pawl_view(p, n);
    return pawl_ok();
}

void tpm_wipe_last_response(struct tpm *t)
{
    struct pawl_view v = { 0 };
    struct pawl_err  ignored;

    /* It points into SAPI's own buffer, which is ours by way of the context. */
    if (pawl_is_ok(tpm_last_response(t, &v, &ignored)))
        pawl_wipe((uint8_t *)v.p, v.n);
}

pawl_status tpm_take_secret(struct tpm *t, const char *field, struct pawl_secret *ret,
                            struct pawl_err *err)
{
    struct pawl_view in = { 0 };

    PAWL_TRY(tpm_last_response(t, &in, err));
    struct pawl_rd   r = pawl_rd_from(in);
    struct pawl_view secret = pawl_rd_tpm2b(&r, field, PAWL_SECRET_MAX);
    pawl_status      s = pawl_rd_end(&r, err);
    if (pawl_is_ok(s))
        s = pawl_secret_from(secret, field, ret, err);
    tpm_wipe_last_response(t);
    return s;
}
