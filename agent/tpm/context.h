/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside agent/tpm: the open TPM, what a failed command becomes, and capabilities.
 */
#ifndef AGENT_TPM_CONTEXT_H
#define AGENT_TPM_CONTEXT_H

#include <tss2/tss2_esys.h>

#include "tpm/tpm.h"

struct tpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT      *esys;
    /* From tpm_keys_open on: persistent objects whose public areas were checked. ESYS_TR_NONE
     * before. */
    enum pawl_template ek_template;
    ESYS_TR            ek, ak, srk, td, app;
    struct tpm_key     srk_key;
    uint32_t           vault_index; /* the counter of tpm_vault */
};

/* What ESAPI allocates: freed at the end of the scope. */
void tpm_esys_free(void *pointer);
#define TPM_OWNED PAWL_CLEANUP(tpm_esys_free)

/* Turns a response code into a status; command is the TCG's name. IO for what may pass, the way to
 * the TPM included; TPM for what the same command will meet again. OBJECT_MEMORY, LOCKOUT and
 * others that an engineer can do something about get a sentence instead of the code's name. */
PAWL_MUST_USE pawl_status tpm_rc(TSS2_RC rc, const char *command, struct pawl_err *err);

/* The same for a command that a hierarchy authorises: a set password is DENIED. */
PAWL_MUST_USE pawl_status tpm_rc_of_hierarchy(TSS2_RC rc, const char *command,
                                              const char *hierarchy, struct pawl_err *err);

/* True if the TPM itself answered with this code, whatever parameter or handle it blames. */
bool tpm_rc_is(TSS2_RC rc, TSS2_RC code);

/* True if the TPM blames one of the command's parameters. */
bool tpm_rc_blames_parameter(TSS2_RC rc);

/* Whether an object, NV index or session has this handle. */
PAWL_MUST_USE pawl_status tpm_has_handle(struct tpm *t, TPM2_HANDLE handle, bool *ret,
                                         struct pawl_err *err);

/* Whether the TPM implements a command. */
PAWL_MUST_USE pawl_status tpm_has_command(struct tpm *t, TPM2_CC command, bool *ret,
                                          struct pawl_err *err);

/* A property of group TPM2_PT_FIXED or TPM2_PT_VAR. ABSENT if the TPM does not have it. */
PAWL_MUST_USE pawl_status tpm_property(struct tpm *t, TPM2_PT property, uint32_t *ret,
                                       struct pawl_err *err);

/* SAPI's view of the last response: its parameters, without header, handles and sessions. */
PAWL_MUST_USE pawl_status tpm_last_response(struct tpm *t, struct pawl_view *ret,
                                            struct pawl_err *err);

/* The same for an answer that is a secret: ask ESAPI for no copy of it, take it from here, and have
 * the buffer wiped, which would keep it until some later answer is as long. */
void tpm_wipe_last_response(struct tpm *t);

/* The last response as one TPM2B that is a secret; the buffer is wiped. */
PAWL_MUST_USE pawl_status tpm_take_secret(struct tpm *t, const char *field, struct pawl_secret *ret,
                                          struct pawl_err *err);

#endif
