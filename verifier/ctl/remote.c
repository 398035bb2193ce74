/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_MAX = 512 };

static const char scheme[] = "https://";

static const char *setting(const struct args *a, enum ctl_option o, const char *variable)
{
    const char *env = getenv(variable);

    if (a->option[o])
        return a->option[o];
    return env && *env ? env : NULL;
}

static pawl_status check_url(const char *url, struct pawl_err *err)
{
    const char *host = url + sizeof(scheme) - 1;

    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
        return pawl_fail(err, PAWL_E_FORM, "url", "does not begin with https://");
    if (!*host || strpbrk(host, "/?#@ \\"))
        return pawl_fail(err, PAWL_E_FORM, "url", "is not https://HOST:PORT and nothing more");
    return pawl_ok();
}

static pawl_status check_local(const struct args *a, struct pawl_err *err)
{
    static const enum ctl_option of_url[] = { OPT_CA, OPT_PIN, OPT_TOKEN_FILE, OPT_CERT, OPT_KEY };

    for (size_t i = 0; i < sizeof(of_url) / sizeof(of_url[0]); i++)
        if (a->option[of_url[i]])
            return pawl_fail(err, PAWL_E_BUG, "usage",
                             "--ca, --pin, --token-file, --cert and --key go with --url");
    return pawl_ok();
}

pawl_status remote_find(const struct args *a, struct remote *ret, struct pawl_err *err)
{
    struct remote r = { .url = setting(a, OPT_URL, "PAWL_URL"),
                        .socket = setting(a, OPT_SOCKET, "PAWL_SOCKET") };

    if (a->option[OPT_SOCKET] && a->option[OPT_URL])
        return pawl_fail(err, PAWL_E_BUG, "usage", "give one of --socket and --url");
    if (a->option[OPT_SOCKET])
        r.url = NULL;
    if (!r.url) {
        r.socket = r.socket ? r.socket : REMOTE_SOCKET;
        PAWL_TRY(check_local(a, err));
        *ret = r;
        return pawl_ok();
    }
    r.socket = NULL;
    PAWL_TRY(check_url(r.url, err));
    r.ca = setting(a, OPT_CA, "PAWL_CA");
    r.pin = setting(a, OPT_PIN, "PAWL_PIN");
    r.token_file = setting(a, OPT_TOKEN_FILE, "PAWL_TOKEN_FILE");
    r.cert = setting(a, OPT_CERT, "PAWL_CERT");
    r.key = setting(a, OPT_KEY, "PAWL_KEY");
    if (r.ca && r.pin)
        return pawl_fail(err, PAWL_E_BUG, "usage", "give one of --ca and --pin");
    if (!r.cert != !r.key)
        return pawl_fail(err, PAWL_E_BUG, "usage", "--cert and --key go together");
    *ret = r;
    return pawl_ok();
}

const char *remote_name(const struct remote *r)
{
    return r->url ? r->url : r->socket;
}

static void token_done(struct bytes *b)
{
    if (b->p)
        pawl_wipe(b->p, b->n);
    bytes_done(b);
}

/* As ssh does: what is one's own is open to nobody else, what is another's not to everybody. What
 * is no file, such as a pipe of the shell, is nobody else's. */
pawl_status remote_secret_file(const char *path, struct pawl_err *err)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) /* who reads it says what is wrong */
        return pawl_ok();
    unsigned mode = st.st_mode & 0777, closed = st.st_uid == geteuid() ? 077 : 07;
    if (mode & closed)
        return pawl_fail(err, PAWL_E_IO, path, "mode %03o opens it to others: chmod %s", mode,
                         closed == 077 ? "600" : "o=");
    return pawl_ok();
}

pawl_status remote_header(const struct remote *r, char ret[REMOTE_HEADER_MAX], struct pawl_err *err)
{
    PAWL_CLEANUP(token_done) struct bytes token = { 0 };

    PAWL_TRY(remote_secret_file(r->token_file, err));
    PAWL_TRY(input_read(r->token_file, TOKEN_MAX, &token, err));
    while (token.n && strchr(" \t\r\n", token.p[token.n - 1]))
        token.n--;
    for (size_t i = 0; i < token.n; i++)
        if (token.p[i] <= ' ' || token.p[i] >= 0x7f)
            return pawl_fail(err, PAWL_E_FORM, r->token_file, "holds more than one token");
    if (!token.n)
        return pawl_fail(err, PAWL_E_FORM, r->token_file, "holds no token");
    snprintf(ret, REMOTE_HEADER_MAX, "Authorization: Bearer %.*s", (int)token.n,
             (const char *)token.p);
    return pawl_ok();
}

pawl_status remote_pin(const struct remote *r, char ret[REMOTE_PIN_MAX], struct pawl_err *err)
{
    uint8_t pin[PAWL_SPKI_PIN];
    char    b64[REMOTE_PIN_MAX - 8];
    size_t  n = 0;

    PAWL_TRY(pawl_b64url_parse(pawl_view_str(r->pin), "pin", pin, sizeof(pin), &n, err));
    if (n != sizeof(pin))
        return pawl_fail(err, PAWL_E_RANGE, "pin", "has %zu bytes, not %zu", n, sizeof(pin));
    PAWL_TRY(pawl_b64_write(PAWL_VIEW_OF(pin), b64, sizeof(b64), err));
    snprintf(ret, REMOTE_PIN_MAX, "sha256//%s", b64);
    return pawl_ok();
}
