/* SPDX-License-Identifier: Apache-2.0 */
/* `identity`: all Endorsement Keys of the TPM, for a factory line: who this device will be, before
 * it ever meets a verifier. */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include "config.h"

/* JSON (an array of objects) or CSV (RFC 4180 with a header line) on stdout. */
PAWL_MUST_USE pawl_status identity_print(const struct config *c, bool csv, struct pawl_err *err);

#endif
