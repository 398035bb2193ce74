/* SPDX-License-Identifier: Apache-2.0 */
/* Reports what OpenSSL says went wrong, and lends it memory to read and write PEM. */

#include <limits.h>
#include <string.h>

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

pawl_status crypto_bio_from(struct pawl_view in, const char *where, BIO **ret, struct pawl_err *err)
{
    if (in.n > INT_MAX)
        return pawl_fail(err, PAWL_E_RANGE, where, "%zu bytes are too many", in.n);
    /* An empty view may be NULL, which OpenSSL takes for a mistake. */
    BIO *bio = BIO_new_mem_buf(in.n ? (const void *)in.p : "", (int)in.n);
    if (!bio)
        return crypto_no_memory(err, where);
    *ret = bio;
    return pawl_ok();
}

pawl_status crypto_bio_copy(BIO *bio, const char *where, uint8_t *ret, size_t cap, size_t *ret_n,
                            struct pawl_err *err)
{
    char  *p = NULL;
    long   len = BIO_get_mem_data(bio, &p);
    size_t n = len > 0 ? (size_t)len : 0;

    if (n > cap)
        return pawl_fail(err, PAWL_E_FULL, where, "%zu bytes do not fit into %zu", n, cap);
    if (n)
        memcpy(ret, p, n);
    *ret_n = n;
    return pawl_ok();
}

int crypto_no_password(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return -1;
}
