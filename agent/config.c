/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <ini.h>

#include "config_key.h"
#include "state/file.h"

#define JITTER_UNSET UINT64_MAX /* a tenth of the interval */

void config_done(struct config *c)
{
    pawl_secret_wipe(&c->token);
}

void config_default(struct config *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->net.tls = NET_TLS_SYSTEM;
    ret->net.connect_s = 10;
    ret->net.total_s = 30;
    snprintf(ret->tcti, sizeof(ret->tcti), "device:/dev/tpmrm0");
    ret->keys = tpm_keys_config_default();
    snprintf(ret->state, sizeof(ret->state), "%s", CONFIG_STATE);
    ret->interval_s = 300;
    ret->jitter_s = 30;
    ret->enroll = true;
    ret->messages = true;
    ret->rekey_s = PAWL_EPOCH_SOFT_MS / 1000;
    ret->rekey_messages = PAWL_EPOCH_SOFT_SLOTS;
    ret->nv_counter = TPM_NV_COUNTER;
    snprintf(ret->socket, sizeof(ret->socket), "%s", PAWL_LOCAL_SOCKET);
    ret->poll_s = 60;
    ret->batch_ms = 200;
    ret->queue_max = ret->inbox_max = 16 * 1024 * 1024;
    ret->message_form = PAWL_MSG_FULL;
    snprintf(ret->event_log, sizeof(ret->event_log), "%s",
             CONFIG_SECURITY "tpm0/binary_bios_measurements");
    snprintf(ret->ima_list, sizeof(ret->ima_list), "%s",
             CONFIG_SECURITY "ima/binary_runtime_measurements");
    ret->suites = (struct pawl_suites){
        4, { PAWL_SUITE_CCM, PAWL_SUITE_CHACHA, PAWL_SUITE_GCM, PAWL_SUITE_SIV }
    };
}

struct file {
    const char      *name;
    struct pawl_view left; /* to be read */
    unsigned         line; /* the last one handed to libinih */
    bool             given[CONFIG_KEY_MAX];
    struct config   *config;
    pawl_status      status; /* of the first bad line */
    struct pawl_err *err;
};

/* Keeps the first failure: "/etc/pawl/agent.ini:12: tls". */
static void refuse(struct file *f, const char *key, pawl_status s)
{
    const char *name = strlen(f->name) <= 40 ? f->name : strrchr(f->name, '/');
    char        where[sizeof(f->err->where)];

    snprintf(where, sizeof(where), "%.40s:%u%s%.16s", name ? name : "agent.ini", f->line,
             *key ? ": " : "", key);
    memcpy(f->err->where, where, sizeof(where));
    f->status = s;
}

static bool good(const struct file *f)
{
    return f->status.code == PAWL_OK;
}

/* libinih's fgets. It cuts what is too long for it, so the length is judged here; white space
 * in front would continue the line before. */
static char *next_line(char *ret, int cap, void *arg)
{
    struct file *f = arg;

    if (!f->left.n || !good(f))
        return NULL;
    f->line++;
    const uint8_t *end = memchr(f->left.p, '\n', f->left.n);
    size_t         n = end ? (size_t)(end - f->left.p) + 1 : f->left.n;
    const uint8_t *p = f->left.p;
    f->left = pawl_view(p + n, f->left.n - n);
    while (n && isspace(*p))
        p++, n--;
    if (n > CONFIG_LINE_MAX || n + 1 > (size_t)cap) {
        refuse(
            f, "",
            pawl_fail(f->err, PAWL_E_RANGE, "line", "longer than %d characters", CONFIG_LINE_MAX));
        return NULL;
    }
    memcpy(ret, p, n);
    ret[n] = 0;
    return ret;
}

static pawl_status take_key(struct file *f, const char *name, const char *value)
{
    for (size_t i = 0; i < config_keys_n; i++) {
        if (strcmp(name, config_keys[i].name))
            continue;
        if (f->given[i])
            return pawl_fail(f->err, PAWL_E_FORM, "value", "given twice");
        f->given[i] = true;
        return config_keys[i].set(f->config, value, f->err);
    }
    return pawl_fail(f->err, PAWL_E_UNSUPPORTED, "value", "no such key");
}

static int take_line(void *arg, const char *section, const char *name, const char *value)
{
    struct file *f = arg;

    if (!good(f))
        return 1;
    pawl_status s;
    if (!strcmp(section, "facts"))
        s = config_add_fact(f->config, name, value, f->err);
    else if (!*section)
        s = take_key(f, name, value);
    else
        s = pawl_fail(f->err, PAWL_E_UNSUPPORTED, "value", "no such section; there is [facts]");
    if (!pawl_is_ok(s))
        refuse(f, name, s);
    return pawl_is_ok(s);
}

/* Deterministic CBOR sorts a map's keys by their encoding: shorter ones first. */
static void sort_facts(struct config *c)
{
    for (size_t i = 1; i < c->fact_n; i++)
        for (size_t k = i; k; k--) {
            struct config_fact *a = &c->fact[k - 1], *b = &c->fact[k], swap;
            size_t              na = strlen(a->key), nb = strlen(b->key);
            if (na < nb || (na == nb && strcmp(a->key, b->key) < 0))
                break;
            swap = *a;
            *a = *b;
            *b = swap;
        }
}

/* Each is a place of its own in the TPM. */
static pawl_status check_handles(const char *name, const struct config *c, struct pawl_err *err)
{
    const struct {
        const char *key;
        uint32_t    handle;
    } h[] = { { "ak_handle", c->keys.ak_handle },
              { "td_handle", c->keys.td_handle },
              { "srk_handle", c->keys.srk_handle },
              { "app_key", c->keys.app_handle } };

    for (size_t i = 1; i < sizeof(h) / sizeof(*h); i++)
        for (size_t k = 0; k < i; k++)
            if (h[i].handle == h[k].handle)
                return pawl_fail(err, PAWL_E_CONFLICT, h[i].key, "%.60s: the same as %s", name,
                                 h[k].key);
    return pawl_ok();
}

static pawl_status check_whole(const char *name, const struct config *c, struct pawl_err *err)
{
    if (c->jitter_s >= c->interval_s)
        return pawl_fail(err, PAWL_E_RANGE, "jitter_s", "%.60s: must be below interval_s", name);
    if (c->has_token && c->token_file[0])
        return pawl_fail(err, PAWL_E_FORM, "token_file", "%.60s: give token or token_file", name);
    return check_handles(name, c, err);
}

pawl_status config_parse(const char *name, struct pawl_view text, struct config *ret,
                         struct pawl_err *err)
{
    PAWL_CLEANUP(config_done) struct config c;
    struct file f = { .name = name, .left = text, .config = &c, .status = pawl_ok(), .err = err };

    config_default(&c);
    c.jitter_s = JITTER_UNSET;
    if (text.n && memchr(text.p, 0, text.n))
        return pawl_fail(err, PAWL_E_FORM, "file", "%.60s holds a NUL byte", name);
    int line = ini_parse_stream(next_line, &f, take_line, &f);
    /* libinih reads on after a line that it does not understand: the first one counts. */
    if (line > 0 && (good(&f) || (unsigned)line < f.line)) {
        f.line = (unsigned)line;
        refuse(&f, "", pawl_fail(err, PAWL_E_FORM, "line", "neither key = value nor [section]"));
    }
    if (!good(&f))
        return f.status;
    if (c.jitter_s == JITTER_UNSET)
        c.jitter_s = c.interval_s / 10;
    PAWL_TRY(check_whole(name, &c, err));
    sort_facts(&c);
    *ret = c;
    return pawl_ok();
}

pawl_status config_check_private(const char *path, struct pawl_err *err)
{
    struct stat st;

    if (stat(path, &st) || !(st.st_mode & 07))
        return pawl_ok();
    return pawl_fail(err, PAWL_E_DENIED, "token",
                     "%.44s, mode %04o, is open to others: chmod o= it", path,
                     (unsigned)st.st_mode & 07777);
}

pawl_status config_load(const char *path, struct config *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(config_done) struct config c = { 0 };
    uint8_t                                 text[CONFIG_FILE_MAX];
    size_t                                  n = 0;

    PAWL_TRY(file_read(AT_FDCWD, path, text, sizeof(text), &n, err));
    pawl_status s = config_parse(path, pawl_view(text, n), &c, err);
    pawl_wipe(text, n); /* may hold the token */
    PAWL_TRY(s);
    if (c.has_token)
        PAWL_TRY(config_check_private(path, err));
    *ret = c;
    return pawl_ok();
}

pawl_status config_has_server(const struct config *c, struct pawl_err *err)
{
    const char *missing = !c->net.server[0] ? "server"
                          : !c->tenant[0]   ? "tenant"
                          : !c->verifier_n  ? "verifier_key"
                                            : NULL;

    if (missing)
        return pawl_fail(err, PAWL_E_ABSENT, missing,
                         "not configured: run `pawl-agent join STRING` with the verifier's string");
    return pawl_ok();
}

pawl_status config_read_token(struct config *c, struct pawl_err *err)
{
    uint8_t text[CONFIG_LINE_MAX + 1] = { 0 };
    size_t  n = 0;

    if (!c->token_file[0])
        return pawl_ok();
    PAWL_TRY(config_check_private(c->token_file, err));
    pawl_status s = file_read(AT_FDCWD, c->token_file, text, sizeof(text) - 1, &n, err);
    if (pawl_is_ok(s)) {
        while (n && isspace(text[n - 1]))
            text[--n] = 0;
        s = config_set_token(c, (const char *)text, err);
    }
    pawl_wipe(text, sizeof(text));
    return pawl_under(err, "token_file", s);
}
