/* SPDX-License-Identifier: Apache-2.0 */
/* Reports what OpenSSL says went wrong. */

#include "crypto/ossl.h"

pawl_status crypto_no_memory(struct pawl_err *err, const char *where)
{
    ERR_clear_error();
    return pawl_fail(err, PAWL_E_MEMORY, where, "out of memory");
}

pawl_status crypto_fail(struct pawl_err *err, const char *where, const char *why)
{
    /* The last entry of the queue is the outermost; the first is nearest to the cause. Reasons are
     * OpenSSL's fixed texts: they carry no data of ours. */
    unsigned long e = ERR_peek_error();
    const char   *reason = e ? ERR_reason_error_string(e) : NULL;

    if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
        return crypto_no_memory(err, where);
    ERR_clear_error();
    return pawl_fail(err, PAWL_E_CRYPTO, where, "%s%s%s", why, reason ? ": " : "",
                     reason ? reason : "");
}
