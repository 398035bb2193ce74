/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside agent/tpm: key objects: read, make, persist. Public areas pass libpawl's parser before
 * anything else sees them.
 */
#ifndef AGENT_TPM_OBJECT_H
#define AGENT_TPM_OBJECT_H

#include "tpm/context.h"

/* A transient object, flushed at the end of the scope. */
struct loaded {
    struct tpm *t;
    ESYS_TR     tr;
};

void loaded_flush(struct loaded *l);
#define TPM_LOADED PAWL_CLEANUP(loaded_flush) struct loaded

/* Reads the object at a persistent handle. *ret_tr stands for exactly the public area in *ret,
 * whose Name was computed here; close it with Esys_TR_Close. FORGED if the TPM's Name is another.
 */
PAWL_MUST_USE pawl_status object_read(struct tpm *t, TPM2_HANDLE handle, ESYS_TR *ret_tr,
                                      struct tpm_key *ret, struct pawl_err *err);

/* A TPMT_PUBLIC as ESAPI wants it. */
PAWL_MUST_USE pawl_status object_public(struct pawl_view area, TPM2B_PUBLIC *ret,
                                        struct pawl_err *err);

/* The public area of an object just made: parsed, its Name computed. */
PAWL_MUST_USE pawl_status object_take_made(const TPM2B_PUBLIC *made, struct tpm_key *ret,
                                           struct pawl_err *err);

/* TPM2_CreatePrimary in the endorsement or owner hierarchy. *ret (zero before) is loaded; *ret_key
 * gets public area and Name. */
PAWL_MUST_USE pawl_status object_make_primary(struct tpm *t, ESYS_TR                      hierarchy,
                                              enum pawl_template template, struct loaded *ret,
                                              struct tpm_key *ret_key, struct pawl_err *err);

/* Makes a child of the EK, or of a storage key with an empty authorisation value, and persists
 * it. */
PAWL_MUST_USE pawl_status object_make_child(struct tpm *t, ESYS_TR                   parent,
                                            enum pawl_template template, TPM2_HANDLE handle,
                                            struct pawl_err *err);

/* TPM2_EvictControl of a loaded object to a free handle. FULL, CONFLICT, DENIED. */
PAWL_MUST_USE pawl_status object_persist(struct loaded *l, TPM2_HANDLE handle,
                                         struct pawl_err *err);

#endif
