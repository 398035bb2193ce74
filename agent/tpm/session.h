/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside agent/tpm: sessions, all salted to the EK, with AES-128-CFB parameter encryption.
 */
#ifndef AGENT_TPM_SESSION_H
#define AGENT_TPM_SESSION_H

#include "tpm/context.h"

/* Which parameter is a secret on the way: the first of the command, or the first of the response.
 */
enum session_secrecy {
    SESSION_PLAIN = 0,
    SESSION_ENCRYPTS_COMMAND,
    SESSION_ENCRYPTS_RESPONSE,
};

struct session {
    struct tpm *t;
    ESYS_TR     tr;
};

void session_end(struct session *s);
#define TPM_SESSION PAWL_CLEANUP(session_end) struct session

/* An HMAC session: authorises objects with an empty authorisation value, proves to us that the
 * answer comes from the TPM that owns the EK. *ret must be zero. */
PAWL_MUST_USE pawl_status session_hmac(struct tpm *t, enum session_secrecy secrecy,
                                       struct session *ret, struct pawl_err *err);

/* A policy session for an object whose nameAlg is SHA-256. */
PAWL_MUST_USE pawl_status session_policy(struct tpm *t, enum session_secrecy secrecy,
                                         struct session *ret, struct pawl_err *err);

/* One for the EK, to be authorised before each command that uses it. */
PAWL_MUST_USE pawl_status session_policy_of_ek(struct tpm *t, enum session_secrecy secrecy,
                                               struct session *ret, struct pawl_err *err);

/* PolicySecret(ENDORSEMENT), and for a high-range EK PolicyOR. A command resets it. */
PAWL_MUST_USE pawl_status session_authorise_ek(struct session *s, struct pawl_err *err);

#endif
