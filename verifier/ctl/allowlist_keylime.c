/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keylime's runtime policy: JSON with "digests", hex by path, and "excludes", regular expressions
 * that match from a path's beginning. Pawl has no expressions: of those, paths and folders are
 * taken ("^/etc/mtab$", "/var/log/.*") and all others are named and left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/policy.h"
#include "appraise/policy_text.h"
#include "ctl/allowlist.h"

/* ---- digests -------------------------------------------------------------------------------- */

static pawl_status take_digest(const char *path, const cJSON *hex, struct allow_list *l,
                               struct pawl_err *err)
{
    struct pawl_digest d;
    enum pawl_hash     alg = PAWL_HASH_NONE;

    if (!cJSON_IsString(hex))
        return pawl_fail(err, PAWL_E_FORM, "digests", "%.64s: is not a text", path);
    PAWL_TRY(pawl_hex_parse(hex->valuestring, "digests", d.b, sizeof(d.b), &d.n, err));
    for (int h = PAWL_SHA256; h < PAWL_HASH_COUNT; h++)
        if (pawl_hash_n((enum pawl_hash)h) == d.n)
            alg = (enum pawl_hash)h;
    if (alg == PAWL_HASH_NONE)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "digests",
                         "%.64s: %zu bytes, SHA-256 or longer is needed", path, d.n);
    return pawl_under(
        err, "digests",
        allow_list_add(l, pawl_view_str(path), alg, false, pawl_digest_view(&d), err));
}

/* What is no path, as boot_aggregate, is not a file's: the verifier computes it from PCRs. */
static pawl_status take_digests(const cJSON *digests, struct allow_list *l, struct pawl_err *err)
{
    const cJSON *path, *hex;

    if (!cJSON_IsObject(digests))
        return pawl_fail(err, PAWL_E_FORM, "digests", "is not an object of lists of digests");
    cJSON_ArrayForEach(path, digests)
    {
        if (path->string[0] != '/')
            continue;
        cJSON_ArrayForEach(hex, path)
        {
            PAWL_TRY(take_digest(path->string, hex, l, err));
        }
    }
    return pawl_ok();
}

/* ---- excludes ------------------------------------------------------------------------------- */

static bool ends_in(const char *s, size_t n, const char *tail)
{
    size_t m = strlen(tail);

    return n >= m && memcmp(s + n - m, tail, m) == 0;
}

/* The path that an expression says in plain: absolute, a folder's with a slash behind. */
static bool plain_path(const char *expression, char *ret, size_t cap)
{
    static const char *const rests[] = { "(.*)?", "(.*)", ".*" };
    const char              *s = expression + (*expression == '^');
    size_t                   n = strlen(s), used = 0;
    bool                     whole = n && s[n - 1] == '$';

    n -= whole;
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++)
        if (ends_in(s, n, rests[i])) {
            n -= strlen(rests[i]);
            whole = false;
            break;
        }
    for (size_t i = 0; i < n; i++) {
        bool escaped = s[i] == '\\';
        i += escaped;
        if (i == n || used + 1 >= cap || (!escaped && strchr(".^$*+?{}[]|()", s[i])) ||
            (escaped && !strchr(".-_/ +", s[i])))
            return false;
        ret[used++] = s[i];
    }
    ret[used] = 0;
    struct pawl_view path = pawl_view_str(ret);
    struct ima_rules rules = { .excluded = &path, .excluded_n = 1 };
    struct pawl_err  ignored;
    bool             folder = used && ret[used - 1] == '/';
    return folder != whole && pawl_is_ok(ima_rules_check(&rules, &ignored));
}

static pawl_status take_excludes(const cJSON *excludes, cJSON *exclude, cJSON *left_out,
                                 struct pawl_err *err)
{
    const cJSON *e;

    cJSON_ArrayForEach(e, excludes)
    {
        char path[POLICY_PATH_MAX];
        if (!cJSON_IsString(e))
            return pawl_fail(err, PAWL_E_FORM, "excludes", "has something that is not a text");
        bool plain = plain_path(e->valuestring, path, sizeof(path));
        if (!cJSON_AddItemToArray(plain ? exclude : left_out,
                                  cJSON_CreateString(plain ? path : e->valuestring)))
            return json_no_memory(err);
    }
    return pawl_ok();
}

pawl_status allow_keylime(const char *path, struct allow_list *l, cJSON *exclude, cJSON *left_out,
                          struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes             file = { 0 };
    PAWL_CLEANUP(policy_text_done) struct policy_text t = { 0 };

    PAWL_TRY(input_read(path, POLICY_JSON_MAX, &file, err));
    PAWL_TRY(pawl_under(err, path, policy_text_read(bytes_view(&file), &t, err)));
    PAWL_TRY(take_digests(cJSON_GetObjectItemCaseSensitive(t.root, "digests"), l, err));
    return take_excludes(cJSON_GetObjectItemCaseSensitive(t.root, "excludes"), exclude, left_out,
                         err);
}
