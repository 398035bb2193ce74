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

static pawl_status read_key(const char *path, struct pawl_secret *ret, struct pawl_err *err)
{
    KEY_TEXT t = { 0 };

    PAWL_TRY(key_file_read(path, where, &t, err));
    size_t n = without_line_end(&t);
    if (n < HOOK_KEY_MIN || n > PAWL_SECRET_MAX)
        return pawl_fail(err, PAWL_E_RANGE, where, "holds %zu bytes; %d to %d are due", n,
                         HOOK_KEY_MIN, PAWL_SECRET_MAX);
    return pawl_secret_from(pawl_view((const uint8_t *)t.s, n), where, ret, err);
}

pawl_status hook_keys_read(const char *path, struct hook_keys *ret, struct pawl_err *err)
{
    HOOK_KEYS keys = { 0 };
    char      old[KEY_PATH_MAX];

    if ((size_t)snprintf(old, sizeof(old), "%s.old", path) >= sizeof(old))
        return pawl_fail(err, PAWL_E_RANGE, where, "is too long a path");
    PAWL_TRY(read_key(path, &keys.key, err));
    pawl_status s = pawl_under(err, "old", read_key(old, &keys.old, err));
    if (s.code != PAWL_E_ABSENT)
        PAWL_TRY(s);
    hook_keys_done(ret);
    *ret = keys;
    return pawl_ok();
}

void hook_keys_done(struct hook_keys *k)
{
    pawl_secret_wipe(&k->key);
    pawl_secret_wipe(&k->old);
}

/* ---- headers --------------------------------------------------------------------------------- */

static pawl_status add_signature(const struct pawl_secret *key, struct hook_headers *h,
                                 struct pawl_view body, struct pawl_err *err)
{
    struct pawl_digest     mac;
    size_t                 n = strlen(h->signature);
    const struct pawl_view parts[] = { pawl_view_str(h->id), pawl_view_str("."),
                                       pawl_view_str(h->timestamp), pawl_view_str("."), body };

    PAWL_TRY(pawl_hmac(PAWL_SHA256, key, parts, 5, &mac, err));
    n += (size_t)snprintf(h->signature + n, sizeof(h->signature) - n, n ? " v1," : "v1,");
    return pawl_b64_write(pawl_view(mac.b, mac.n), h->signature + n, sizeof(h->signature) - n, err);
}

pawl_status hook_sign(const struct hook_keys *keys, int64_t now_s, struct pawl_view body,
                      struct hook_headers *ret, struct pawl_err *err)
{
    struct hook_headers h = { 0 };
    struct pawl_digest  digest;

    PAWL_TRY(pawl_hash(PAWL_SHA256, &body, 1, &digest, err));
    PAWL_TRY(pawl_hex_write(pawl_view(digest.b, HOOK_ID), h.id, sizeof(h.id), err));
    snprintf(h.timestamp, sizeof(h.timestamp), "%" PRId64, now_s);
    PAWL_TRY(add_signature(&keys->key, &h, body, err));
    if (keys->old.n)
        PAWL_TRY(add_signature(&keys->old, &h, body, err));
    *ret = h;
    return pawl_ok();
}
