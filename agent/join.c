/* SPDX-License-Identifier: Apache-2.0 */
#include "join.h"

#include <ctype.h>
#include <string.h>

#include "state/file.h"

const char join_template[] =
    "\n"
    "# Configuration of pawl-agent. The lines above are from `pawl-agent join`, which keeps the "
    "rest.\n"
    "# What is commented out is the default; a comment begins a line, or stands behind \" ;\".\n"
    "\n"
    "# The TPM: device:FILE, swtpm:path=SOCKET, swtpm:host=HOST,port=PORT\n"
    "#tcti = device:/dev/tpmrm0\n"
    "\n"
    "# Where the agent keeps its record; a directory of its own, mode 0700.\n"
    "#state = " CONFIG_STATE "\n"
    "\n"
    "# `run` attests every interval_s, a little earlier or later each time.\n"
    "#interval_s = 300\n"
    "#jitter_s = 30\n"
    "\n"
    "# auto: `run` enrolls a device that is not; manual: only `pawl-agent enroll` does.\n"
    "#enroll = auto\n"
    "\n"
    "# The key that signs quotes: p256 or rsa2048. And where keys live in the TPM.\n"
    "#ak = p256\n"
    "#ak_handle = 0x81015057\n"
    "#td_handle = 0x81005057\n"
    "#srk_handle = 0x81000001\n"
    "#nv_counter = 0x01805057\n"
    "\n"
    "# A signing key for applications, such as 0x81005058, that results vouch for.\n"
    "#app_key = off\n"
    "\n"
    "# Longest time for one request.\n"
    "#timeout_s = 30\n"
    "\n"
    "# Content encryption that we take, best first.\n"
    "#suites = ccm, chacha, gcm, siv\n"
    "\n"
    "# off: attestation and rekeys alone. And when the keys are turned over, whatever comes "
    "first.\n"
    "#messages = on\n"
    "#rekey_s = 21600\n"
    "#rekey_messages = 4096\n"
    "\n"
    "# Where applications hand in messages and take others out, or off; who may, beside root and\n"
    "# the agent's own user: socket_users = NAME,..; socket_groups = NAME,..\n"
    "#socket = " PAWL_LOCAL_SOCKET "\n"
    "\n"
    "# A message waits batch_ms for others to go with it; the verifier is asked every poll_s for\n"
    "# messages to this device, 0: when it attests. Longest queues, in bytes. Form: full, "
    "compact.\n"
    "#batch_ms = 200\n"
    "#poll_s = 60\n"
    "#queue_max = 16777216\n"
    "#inbox_max = 16777216\n"
    "#message_form = full\n"
    "\n"
    "# Run when somebody else used this device's keys, and when that is over:\n"
    "# on_incident = /usr/local/sbin/pawl-incident\n"
    "\n"
    "# Others: proxy = http://HOST:PORT; token_file = FILE in place of token;\n"
    "# verifier_key and tls take the next key after a comma; tls = ca:FILE and tls = system\n"
    "# judge the server's certificate instead of its key.\n"
    "\n"
    "# What the device says of itself when it enrolls: claims, never evidence. Settings stand "
    "above\n"
    "# this line.\n"
    "[facts]\n"
    "#serial = 0001\n"
    "#model = gateway\n";

/* ---- the text ------------------------------------------------------------------------------- */

/* The next line with its end; empty at the end of the text. */
static struct pawl_view cut_line(struct pawl_view *text)
{
    const uint8_t   *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
    struct pawl_view line = pawl_view(text->p, end ? (size_t)(end - text->p) + 1 : text->n);

    *text = pawl_view(text->p + line.n, text->n - line.n);
    return line;
}

/* Whether this line sets one of the keys that join sets. */
static bool is_ours(struct pawl_view line)
{
    static const char *const keys[] = { "server", "tenant", "verifier_key",
                                        "tls",    "token",  "token_file" };

    while (line.n && isspace(*line.p))
        line = pawl_view(line.p + 1, line.n - 1);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        size_t n = strlen(keys[i]);
        if (line.n < n || memcmp(line.p, keys[i], n))
            continue;
        while (n < line.n && isspace(line.p[n]))
            n++;
        if (n < line.n && (line.p[n] == '=' || line.p[n] == ':'))
            return true;
    }
    return false;
}

static bool is_section(struct pawl_view line)
{
    while (line.n && isspace(*line.p))
        line = pawl_view(line.p + 1, line.n - 1);
    return line.n && *line.p == '[';
}

static void put(struct pawl_wr *w, const char *text)
{
    pawl_wr_bytes(w, pawl_view_str(text));
}

static pawl_status put_b64url(struct pawl_wr *w, struct pawl_view bytes, struct pawl_err *err)
{
    char text[64];

    pawl_status s = pawl_b64url_write(bytes, text, sizeof(text), err);
    if (pawl_is_ok(s))
        put(w, text);
    pawl_wipe(text, sizeof(text));
    return s;
}

static pawl_status put_keys(struct pawl_wr *w, const struct pawl_join *join, struct pawl_err *err)
{
    put(w, "server = ");
    put(w, join->address);
    put(w, "\ntenant = ");
    put(w, join->tenant);
    put(w, "\nverifier_key = ");
    PAWL_TRY(put_b64url(w, PAWL_VIEW_OF(join->verifier_key), err));
    put(w, "\ntls = pin:");
    PAWL_TRY(put_b64url(w, PAWL_VIEW_OF(join->tls_pin), err));
    put(w, "\n");
    if (!join->has_token)
        return pawl_ok();
    put(w, "token = ");
    PAWL_TRY(put_b64url(w, PAWL_VIEW_OF(join->token_id), err));
    put(w, ".");
    PAWL_TRY(put_b64url(w, pawl_secret_view(&join->token), err));
    put(w, "\n");
    return pawl_ok();
}

pawl_status join_text(struct pawl_view old, const struct pawl_join *join, char *ret, size_t cap,
                      size_t *ret_n, struct pawl_err *err)
{
    struct pawl_wr   w = pawl_wr_to((uint8_t *)ret, cap);
    struct pawl_view all;
    bool             top = true; /* before the first section: only there the keys are ours */

    PAWL_TRY(put_keys(&w, join, err));
    /* Some editors mark UTF-8; libinih skips that at a file's beginning only. */
    if (old.n >= 3 && !memcmp(old.p, "\xEF\xBB\xBF", 3))
        old = pawl_view(old.p + 3, old.n - 3);
    while (old.n) {
        struct pawl_view line = cut_line(&old);
        top = top && !is_section(line);
        if (!top || !is_ours(line))
            pawl_wr_bytes(&w, line);
    }
    PAWL_TRY(pawl_wr_end(&w, "configuration", &all, err));
    *ret_n = all.n;
    return pawl_ok();
}

/* ---- the string ----------------------------------------------------------------------------- */

pawl_status join_read(FILE *in, char ret[JOIN_STRING_MAX], struct pawl_err *err)
{
    char   line[JOIN_STRING_MAX];
    size_t n = 0;
    int    c;

    setvbuf(in, NULL, _IONBF, 0); /* no second copy of a token */
    while ((c = getc(in)) != EOF && c != '\n' && n < sizeof(line)) {
        if (n || !isspace(c))
            line[n++] = (char)c;
    }
    while (n && n < sizeof(line) && isspace((unsigned char)line[n - 1]))
        n--;
    pawl_status s = pawl_ok();
    if (!n)
        s = pawl_fail(err, PAWL_E_FORM, "join", "standard input has no join string");
    else if (n == sizeof(line) || memchr(line, 0, n))
        s = pawl_fail(err, n == sizeof(line) ? PAWL_E_RANGE : PAWL_E_FORM, "join",
                      "standard input is no join string");
    else
        snprintf(ret, JOIN_STRING_MAX, "%.*s", (int)n, line);
    pawl_wipe(line, sizeof(line));
    return s;
}

/* ---- the file ------------------------------------------------------------------------------- */

static void join_wipe(struct pawl_join *j)
{
    pawl_secret_wipe(&j->token);
}

/* The old file must be one that we can read, and of this verifier. */
static pawl_status check_old(const char *path, struct pawl_view old, const struct pawl_join *join,
                             struct pawl_err *err)
{
    PAWL_CLEANUP(config_done) struct config c = { 0 };

    PAWL_TRY(config_parse(path, old, &c, err));
    for (size_t i = 0; i < c.verifier_n; i++)
        if (pawl_view_equal(PAWL_VIEW_OF(c.verifier[i]), PAWL_VIEW_OF(join->verifier_key)))
            return pawl_ok();
    if (!c.verifier_n)
        return pawl_ok();
    return pawl_fail(err, PAWL_E_CONFLICT, "verifier_key",
                     "%.60s names another verifier; --force replaces it", path);
}

/* Both texts may hold a token. */
struct texts {
    uint8_t old[CONFIG_FILE_MAX];
    char    now[CONFIG_FILE_MAX];
};

static void texts_wipe(struct texts *t)
{
    pawl_wipe(t, sizeof(*t));
}

pawl_status join_file(const char *path, const char *string, bool force, struct pawl_err *err)
{
    PAWL_CLEANUP(join_wipe) struct pawl_join join = { 0 };
    PAWL_CLEANUP(texts_wipe) struct texts    t;
    PAWL_CLEANUP(file_close) int             dir = -1;
    const char                              *name;
    size_t                                   old_n = 0, n = 0;

    PAWL_TRY(pawl_join_parse(string, &join, err));
    if (join.has_token)
        PAWL_TRY(config_check_private(path, err));
    PAWL_TRY(file_open_parent(path, true, &dir, &name, err));
    pawl_status s = file_read(dir, name, t.old, sizeof(t.old), &old_n, err);
    if (!pawl_is_ok(s) && s.code != PAWL_E_ABSENT)
        return s;
    struct pawl_view old = pawl_is_ok(s) ? pawl_view(t.old, old_n) : pawl_view_str(join_template);
    if (!force)
        PAWL_TRY(check_old(path, old, &join, err));
    PAWL_TRY(join_text(old, &join, t.now, sizeof(t.now), &n, err));
    return file_replace(dir, name, pawl_view(t.now, n), err);
}
