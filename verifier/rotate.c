/* SPDX-License-Identifier: Apache-2.0 */
#include "rotate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "flow/rewrap.h"
#include "keyfile.h"
#include "staged.h"

#define CERT_DAYS     3650
#define HOST_BYTES    300
#define TLS_NEXT_KEY  "tls.next.key"
#define TLS_NEXT_CERT "tls.next.crt"

static const struct names {
    const char *word, *present, *next, *old; /* old NULL: there is none */
} names[ROTATED_COUNT] = {
    [ROTATED_SIGNING] = { "signing", SIGNING_FILE, SIGNING_NEXT_FILE, SIGNING_OLD_FILE },
    [ROTATED_MASTER] = { "master", MASTER_FILE, MASTER_NEXT_FILE, MASTER_OLD_FILE },
    [ROTATED_TLS] = { "tls", TLS_KEY_FILE, TLS_NEXT_KEY, NULL },
};

enum rotated rotated_from(const char *name)
{
    for (int i = ROTATED_NONE + 1; i < ROTATED_COUNT; i++)
        if (strcmp(name, names[i].word) == 0)
            return (enum rotated)i;
    return ROTATED_NONE;
}

/* ---- files ---------------------------------------------------------------------------------- */

static bool is_there(const char *state, const char *name)
{
    struct pawl_err ignored;

    return !pawl_is_ok(key_file_absent(state, name, &ignored));
}

static pawl_status both_paths(const char *state, const char *a, const char *b,
                              char ret_a[KEY_PATH_MAX], char ret_b[KEY_PATH_MAX],
                              struct pawl_err *err)
{
    if (snprintf(ret_a, KEY_PATH_MAX, "%s/%s", state, a) >= KEY_PATH_MAX ||
        snprintf(ret_b, KEY_PATH_MAX, "%s/%s", state, b) >= KEY_PATH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, a, "the path is too long");
    return pawl_ok();
}

static pawl_status move_file(const char *state, const char *from, const char *to,
                             struct pawl_err *err)
{
    char a[KEY_PATH_MAX], b[KEY_PATH_MAX];

    PAWL_TRY(both_paths(state, from, to, a, b, err));
    if (rename(a, b) != 0)
        return pawl_fail(err, PAWL_E_IO, from, "%s", strerror(errno));
    staged_sync(state);
    return pawl_ok();
}

/* True in *ret if both names are one file: a switch that was interrupted in its middle. */
static pawl_status is_one_file(const char *state, const char *x, const char *y, bool *ret,
                               struct pawl_err *err)
{
    char        a[KEY_PATH_MAX], b[KEY_PATH_MAX];
    struct stat of_a, of_b;

    PAWL_TRY(both_paths(state, x, y, a, b, err));
    if (stat(a, &of_a) != 0 || stat(b, &of_b) != 0)
        return pawl_fail(err, PAWL_E_IO, x, "%s", strerror(errno));
    *ret = of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
    return pawl_ok();
}

/* The present key gets its second name first, so that it is never without one (inv. 1). */
static pawl_status keep_old(const char *state, const struct names *n, struct pawl_err *err)
{
    char present[KEY_PATH_MAX], old[KEY_PATH_MAX];
    bool interrupted = false;

    PAWL_TRY(both_paths(state, n->present, n->old, present, old, err));
    if (!is_there(state, n->present))
        return pawl_fail(err, PAWL_E_ABSENT, n->present,
                         "is not here: a credential changes where it is made");
    if (is_there(state, n->old)) {
        PAWL_TRY(is_one_file(state, n->present, n->old, &interrupted, err));
        if (!interrupted)
            return pawl_fail(err, PAWL_E_CONFLICT, n->old, "is still there: retire it first");
        return pawl_ok();
    }
    if (link(present, old) != 0)
        return pawl_fail(err, PAWL_E_IO, n->old, "%s", strerror(errno));
    staged_sync(state);
    return pawl_ok();
}

/* ---- TLS ------------------------------------------------------------------------------------ */

static void host_of(const char *address, char ret[HOST_BYTES])
{
    size_t brackets = address[0] == '[';

    snprintf(ret, HOST_BYTES, "%.*s", (int)strcspn(address + brackets, brackets ? "]" : ":"),
             address + brackets);
}

pawl_status rotate_tls_files(const char *dir, const char *address, const char *key,
                             const char *cert, struct pawl_err *err)
{
    KEY_TEXT                                             pem = { 0 };
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *made = NULL;
    char                                                 host[HOST_BYTES];
    const char *const                                    hosts[] = { host };

    host_of(address, host);
    PAWL_TRY(pawl_private_make(PAWL_KEY_P256, &made, err));
    PAWL_TRY(pawl_private_to_pem(made, (uint8_t *)pem.s, KEY_FILE_MAX, &pem.n, err));
    PAWL_TRY(key_file_make(dir, key, &pem, err));
    PAWL_TRY(pawl_tls_cert_make(made, hosts, 1, time(NULL), CERT_DAYS, (uint8_t *)pem.s,
                                KEY_FILE_MAX, &pem.n, err));
    return key_file_make(dir, cert, &pem, err);
}

/* The key first: a next certificate without a next key is a switch that was interrupted here. */
static pawl_status switch_tls(const char *state, struct pawl_err *err)
{
    if (is_there(state, TLS_NEXT_KEY))
        PAWL_TRY(move_file(state, TLS_NEXT_KEY, TLS_KEY_FILE, err));
    else if (!is_there(state, TLS_NEXT_CERT))
        return pawl_fail(err, PAWL_E_ABSENT, TLS_NEXT_KEY, "there is none: make it with key new");
    return move_file(state, TLS_NEXT_CERT, TLS_CERT_FILE, err);
}

/* ---- new ------------------------------------------------------------------------------------ */

/* What a device pins. */
static pawl_status pin_of(const char *state, const char *name, char ret[ROTATED_PIN_MAX],
                          struct pawl_err *err)
{
    KEY_TEXT                                             pem = { 0 };
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *key = NULL;
    uint8_t                                              pin[PAWL_SPKI_PIN];

    PAWL_TRY(key_file_load(state, name, &pem, err));
    PAWL_TRY(pawl_private_from_pem(pawl_view(pem.s, pem.n), &key, err));
    PAWL_TRY(pawl_spki_pin(pawl_private_public(key), pin, err));
    return pawl_b64url_write(PAWL_VIEW_OF(pin), ret, ROTATED_PIN_MAX, err);
}

pawl_status rotate_new(const char *state, const char *address, enum rotated what,
                       char ret_pin[ROTATED_PIN_MAX], struct pawl_err *err)
{
    const struct names *n = &names[what];
    KEY_TEXT            text = { 0 };

    ret_pin[0] = 0;
    PAWL_TRY(key_file_absent(state, n->next, err));
    if (what == ROTATED_TLS) {
        PAWL_TRY(key_file_absent(state, TLS_NEXT_CERT, err));
        PAWL_TRY(rotate_tls_files(state, address, TLS_NEXT_KEY, TLS_NEXT_CERT, err));
    } else {
        PAWL_TRY(what == ROTATED_SIGNING ? keys_new_signing(&text, err)
                                         : keys_new_master(&text, err));
        PAWL_TRY(key_file_make(state, n->next, &text, err));
    }
    staged_sync(state);
    return what == ROTATED_MASTER ? pawl_ok() : pin_of(state, n->next, ret_pin, err);
}

/* ---- switch, retire ------------------------------------------------------------------------- */

pawl_status rotate_switch(const char *state, enum rotated what, struct pawl_err *err)
{
    const struct names *n = &names[what];

    if (what == ROTATED_TLS)
        return switch_tls(state, err);
    if (!is_there(state, n->next))
        return pawl_fail(err, PAWL_E_ABSENT, n->next, "there is none: make it with key new");
    PAWL_TRY(keep_old(state, n, err));
    return move_file(state, n->next, n->present, err);
}

/* Since when the old key is old: its second name was taken away from the present one then. */
static pawl_status old_since(const char *state, const char *name, int64_t *ret,
                             struct pawl_err *err)
{
    char        path[KEY_PATH_MAX];
    struct stat st;

    if (snprintf(path, sizeof(path), "%s/%s", state, name) >= (int)sizeof(path))
        return pawl_fail(err, PAWL_E_RANGE, name, "the path is too long");
    if (stat(path, &st) != 0)
        return pawl_fail(err, errno == ENOENT ? PAWL_E_ABSENT : PAWL_E_IO, name, "%s",
                         errno == ENOENT ? "there is no old key" : strerror(errno));
    *ret = st.st_ctim.tv_sec;
    return pawl_ok();
}

/* Results are believed for ear_ttl_s, and JWKS must name their key for as long. */
static pawl_status must_have_expired(const struct verifier_config *c, int64_t since_s,
                                     int64_t now_s, struct pawl_err *err)
{
    uint64_t ttl_s = 0;

    for (size_t i = 0; i < c->tenant_n; i++)
        if (c->tenant[i].ear_ttl_s > ttl_s)
            ttl_s = c->tenant[i].ear_ttl_s;
    if (now_s < since_s || (uint64_t)(now_s - since_s) < ttl_s)
        return pawl_fail(err, PAWL_E_CONFLICT, SIGNING_OLD_FILE,
                         "results that it signed are believed for up to %llu s; or --force",
                         (unsigned long long)ttl_s);
    return pawl_ok();
}

/* Looks at all of the store, as it is now: who serves with other keys than those of the files may
 * still write. */
static pawl_status must_wrap_nothing(const struct verifier_config *c, struct pawl_err *err)
{
    PAWL_CLEANUP(state_close) struct state    s = { 0 };
    PAWL_CLEANUP(state_flow_done) struct flow f = { 0 };
    uint64_t                                  left;

    PAWL_TRY(state_open(c->state, &s, err));
    PAWL_TRY(state_flow(&s, &f, err));
    PAWL_TRY(rewrap_count(&f, &left, err));
    if (left)
        return pawl_fail(err, PAWL_E_CONFLICT, MASTER_OLD_FILE,
                         "%llu rows still need it; while serving they are wrapped anew",
                         (unsigned long long)left);
    return pawl_ok();
}

pawl_status rotate_retire(const struct verifier_config *c, enum rotated what, bool force,
                          int64_t now_s, struct pawl_err *err)
{
    const struct names *n = &names[what];
    char                path[KEY_PATH_MAX];
    int64_t             since_s = 0;

    if (!n->old)
        return pawl_fail(err, PAWL_E_ABSENT, "tls",
                         "switch replaced it: there is nothing to retire");
    PAWL_TRY(old_since(c->state, n->old, &since_s, err));
    if (what == ROTATED_MASTER)
        PAWL_TRY(must_wrap_nothing(c, err));
    if (what == ROTATED_SIGNING && !force)
        PAWL_TRY(must_have_expired(c, since_s, now_s, err));
    snprintf(path, sizeof(path), "%s/%s", c->state, n->old);
    if (unlink(path) != 0)
        return pawl_fail(err, PAWL_E_IO, n->old, "%s", strerror(errno));
    staged_sync(c->state);
    return pawl_ok();
}
