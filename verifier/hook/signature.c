/* SPDX-License-Identifier: Apache-2.0 */
#include "hook/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keyfile.h"

static const char where[] = "webhook_key";

/* What people write with an editor or a tool that ends lines, and paste into a receiver without. */
static size_t without_line_end(const struct key_text *t)
{
    size_t n = t->n;

    if (n && t->s[n - 1] == '\n')
        n--;
    if (n < t->n && n && t->s[n - 1] == '\r')
        n--;
    for (size_t i = 0; i < n; i++)
        if (t->s[i] < ' ' || t->s[i] > '~')
            return t->n;
    return n;
}

pawl_status hook_key_read(const char *path, struct pawl_secret *ret, struct pawl_err *err)
{
    KEY_TEXT t = { 0 };

    PAWL_TRY(key_file_read(path, where, &t, err));
    size_t n = without_line_end(&t);
    if (n < HOOK_KEY_MIN || n > PAWL_SECRET_MAX)
        return pawl_fail(err, PAWL_E_RANGE, where, "holds %zu bytes; %d to %d are due", n,
                         HOOK_KEY_MIN, PAWL_SECRET_MAX);
    return pawl_secret_from(pawl_view((const uint8_t *)t.s, n), where, ret, err);
}

pawl_status hook_signature(const struct pawl_secret *key, int64_t now_s, struct pawl_view body,
                           char ret[HOOK_SIGNATURE_MAX], struct pawl_err *err)
{
    struct pawl_digest mac;
    char               time[24], hex[2 * 32 + 1];

    snprintf(time, sizeof(time), "%" PRId64, now_s);
    const struct pawl_view parts[] = { pawl_view_str(time), pawl_view_str("."), body };
    PAWL_TRY(pawl_hmac(PAWL_SHA256, key, parts, 3, &mac, err));
    PAWL_TRY(pawl_hex_write(pawl_view(mac.b, mac.n), hex, sizeof(hex), err));
    snprintf(ret, HOOK_SIGNATURE_MAX, "t=%s,v1=%s", time, hex);
    return pawl_ok();
}
