/* SPDX-License-Identifier: Apache-2.0 */
#include "config_key.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

/* Setters report where as "value"; the caller puts file, line and key there. */
static pawl_status bad(struct pawl_err *err, const char *why)
{
    return pawl_fail(err, PAWL_E_FORM, "value", "%s", why);
}

static pawl_status copy_text(const char *v, char *ret, size_t cap, struct pawl_err *err)
{
    if (!*v)
        return bad(err, "empty");
    if (strlen(v) >= cap)
        return pawl_fail(err, PAWL_E_RANGE, "value", "longer than %zu characters", cap - 1);
    memcpy(ret, v, strlen(v) + 1);
    return pawl_ok();
}

/* Calls take for each part of a list with commas. */
static pawl_status each_part(const char *v, struct config *c,
                             pawl_status (*take)(struct config *, struct pawl_view,
                                                 struct pawl_err *),
                             struct pawl_err *err)
{
    for (;;) {
        while (isblank((unsigned char)*v))
            v++;
        size_t n = strcspn(v, ","), len = n;
        while (len && isblank((unsigned char)v[len - 1]))
            len--;
        PAWL_TRY(take(c, pawl_view(v, len), err));
        if (!v[n])
            return pawl_ok();
        v += n + 1;
    }
}

static pawl_status read_pin(struct pawl_view text, uint8_t pins[][PAWL_SPKI_PIN], size_t max,
                            size_t *n, struct pawl_err *err)
{
    uint8_t pin[PAWL_SPKI_PIN];
    size_t  got = 0;

    if (*n == max)
        return pawl_fail(err, PAWL_E_RANGE, "value", "more than %zu pins", max);
    PAWL_TRY(pawl_b64url_parse(text, "value", pin, sizeof(pin), &got, err));
    if (got != sizeof(pin))
        return pawl_fail(err, PAWL_E_RANGE, "value",
                         "a pin is the SHA-256 of a public key: 43 characters of base64url");
    memcpy(pins[(*n)++], pin, sizeof(pin));
    return pawl_ok();
}

static pawl_status add_verifier(struct config *c, struct pawl_view text, struct pawl_err *err)
{
    return read_pin(text, c->verifier, CONFIG_KEYS_MAX, &c->verifier_n, err);
}

static pawl_status add_tls_pin(struct config *c, struct pawl_view text, struct pawl_err *err)
{
    /* "pin:A,pin:B" is taken as well as "pin:A,B". */
    if (text.n >= 4 && !memcmp(text.p, "pin:", 4))
        text = pawl_view(text.p + 4, text.n - 4);
    return read_pin(text, c->net.pin, NET_PINS_MAX, &c->net.pin_n, err);
}

static pawl_status set_server(struct config *c, const char *v, struct pawl_err *err)
{
    const char *colon = strrchr(v, ':');
    uint64_t    port = 0;
    size_t      host = colon ? (size_t)(colon - v) : 0;
    bool        v6 = host > 2 && v[0] == '[' && v[host - 1] == ']';

    if (!host || pawl_u64_parse(colon + 1, "value", 65535, &port, err).code != PAWL_OK || !port)
        return bad(err, "host:port is wanted");
    size_t good = strspn(v,
                         v6 ? "[]0123456789abcdefABCDEF:."
                            : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
    if (good < host)
        return bad(err, "host: a name or an address is wanted, IPv6 in brackets");
    return copy_text(v, c->net.server, sizeof(c->net.server), err);
}

static pawl_status set_tenant(struct config *c, const char *v, struct pawl_err *err)
{
    if (!pawl_is_name(pawl_view_str(v)))
        return bad(err, "1 to 32 of a-z, 0-9, '-', '_', '.', a letter or digit first");
    return copy_text(v, c->tenant, sizeof(c->tenant), err);
}

static pawl_status set_verifier_key(struct config *c, const char *v, struct pawl_err *err)
{
    return each_part(v, c, add_verifier, err);
}

static pawl_status set_tls(struct config *c, const char *v, struct pawl_err *err)
{
    if (!strncmp(v, "pin:", 4)) {
        c->net.tls = NET_TLS_PIN;
        return each_part(v, c, add_tls_pin, err);
    }
    if (!strncmp(v, "ca:", 3)) {
        c->net.tls = NET_TLS_CA;
        return copy_text(v + 3, c->net.ca, sizeof(c->net.ca), err);
    }
    if (strcmp(v, "system"))
        return bad(err, "pin:PIN[,PIN], ca:FILE or system");
    c->net.tls = NET_TLS_SYSTEM;
    return pawl_ok();
}

static pawl_status set_proxy(struct config *c, const char *v, struct pawl_err *err)
{
    return copy_text(v, c->net.proxy, sizeof(c->net.proxy), err);
}

pawl_status config_set_token(struct config *c, const char *v, struct pawl_err *err)
{
    const char      *dot = strchr(v, '.');
    uint8_t          secret[PAWL_TOKEN_SECRET];
    size_t           id_n = 0, n = 0;
    struct pawl_err  ignored;
    struct pawl_view id = pawl_view(v, dot ? (size_t)(dot - v) : 0);

    bool ok = dot &&
              pawl_is_ok(
                  pawl_b64url_parse(id, "value", c->token_id, PAWL_TOKEN_ID, &id_n, &ignored)) &&
              pawl_is_ok(pawl_b64url_parse(pawl_view_str(dot + 1), "value", secret, sizeof(secret),
                                           &n, &ignored));
    if (!ok || id_n != PAWL_TOKEN_ID || n != sizeof(secret)) {
        pawl_wipe(secret, sizeof(secret));
        return bad(err, "ID.SECRET is wanted, both in base64url, of 8 and 32 bytes");
    }
    pawl_status s = pawl_secret_from(PAWL_VIEW_OF(secret), "token", &c->token, err);
    pawl_wipe(secret, sizeof(secret));
    c->has_token = pawl_is_ok(s);
    return s;
}

static pawl_status set_token_file(struct config *c, const char *v, struct pawl_err *err)
{
    return copy_text(v, c->token_file, sizeof(c->token_file), err);
}

static pawl_status set_tcti(struct config *c, const char *v, struct pawl_err *err)
{
    return copy_text(v, c->tcti, sizeof(c->tcti), err);
}

static pawl_status set_ak(struct config *c, const char *v, struct pawl_err *err)
{
    if (!strcmp(v, "p256"))
        c->keys.ak = PAWL_AK_P256;
    else if (!strcmp(v, "rsa2048"))
        c->keys.ak = PAWL_AK_RSA2048;
    else
        return bad(err, "p256 or rsa2048");
    return pawl_ok();
}

static pawl_status set_state(struct config *c, const char *v, struct pawl_err *err)
{
    if (v[0] != '/')
        return bad(err, "an absolute path is wanted");
    return copy_text(v, c->state, sizeof(c->state), err);
}

static pawl_status number(const char *v, uint64_t lo, uint64_t hi, uint64_t *ret,
                          struct pawl_err *err)
{
    uint64_t n = 0;

    PAWL_TRY(pawl_u64_parse(v, "value", hi, &n, err));
    if (n < lo)
        return pawl_fail(err, PAWL_E_RANGE, "value", "at least %u", (unsigned)lo);
    *ret = n;
    return pawl_ok();
}

static pawl_status set_interval(struct config *c, const char *v, struct pawl_err *err)
{
    return number(v, 1, 7 * 86400, &c->interval_s, err);
}

static pawl_status set_jitter(struct config *c, const char *v, struct pawl_err *err)
{
    return number(v, 0, 7 * 86400, &c->jitter_s, err);
}

static pawl_status set_timeout(struct config *c, const char *v, struct pawl_err *err)
{
    uint64_t n = 0;

    PAWL_TRY(number(v, 1, 600, &n, err));
    c->net.total_s = (unsigned)n;
    c->net.connect_s = n < 10 ? (unsigned)n : 10;
    return pawl_ok();
}

static pawl_status set_enroll(struct config *c, const char *v, struct pawl_err *err)
{
    if (strcmp(v, "auto") && strcmp(v, "manual"))
        return bad(err, "auto or manual");
    c->enroll = !strcmp(v, "auto");
    return pawl_ok();
}

static pawl_status add_suite(struct config *c, struct pawl_view text, struct pawl_err *err)
{
    static const struct {
        const char *name;
        uint16_t    suite;
    } known[] = { { "ccm", PAWL_SUITE_CCM },
                  { "chacha", PAWL_SUITE_CHACHA },
                  { "gcm", PAWL_SUITE_GCM },
                  { "siv", PAWL_SUITE_SIV } };

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (!pawl_view_equal(text, pawl_view_str(known[i].name)))
            continue;
        for (size_t k = 0; k < c->suites.n; k++)
            if (c->suites.suite[k] == known[i].suite)
                return bad(err, "a suite is named twice");
        c->suites.suite[c->suites.n++] = known[i].suite;
        return pawl_ok();
    }
    return bad(err, "a list of ccm, chacha, gcm, siv, best first");
}

static pawl_status set_suites(struct config *c, const char *v, struct pawl_err *err)
{
    c->suites.n = 0;
    return each_part(v, c, add_suite, err);
}

static pawl_status set_messages(struct config *c, const char *v, struct pawl_err *err)
{
    if (strcmp(v, "on") && strcmp(v, "off"))
        return bad(err, "on or off");
    c->messages = !strcmp(v, "on");
    return pawl_ok();
}

static pawl_status set_rekey_s(struct config *c, const char *v, struct pawl_err *err)
{
    return number(v, PAWL_REKEY_MIN_MS / 1000, PAWL_EPOCH_HARD_MS / 1000, &c->rekey_s, err);
}

static pawl_status set_rekey_messages(struct config *c, const char *v, struct pawl_err *err)
{
    return number(v, 1, PAWL_EPOCH_HARD_SLOTS, &c->rekey_messages, err);
}

/* Empty for off. */
static pawl_status path_or_off(const char *v, char *ret, size_t cap, struct pawl_err *err)
{
    if (!strcmp(v, "off")) {
        *ret = 0;
        return pawl_ok();
    }
    if (v[0] != '/')
        return bad(err, "an absolute path or off is wanted");
    return copy_text(v, ret, cap, err);
}

static pawl_status set_socket(struct config *c, const char *v, struct pawl_err *err)
{
    return path_or_off(v, c->socket, PAWL_LOCAL_PATH_MAX + 1, err);
}

static pawl_status set_event_log(struct config *c, const char *v, struct pawl_err *err)
{
    return path_or_off(v, c->event_log, sizeof(c->event_log), err);
}

static pawl_status set_ima_list(struct config *c, const char *v, struct pawl_err *err)
{
    return path_or_off(v, c->ima_list, sizeof(c->ima_list), err);
}

/* Who they are the system says when the socket is made. */
static pawl_status set_socket_users(struct config *c, const char *v, struct pawl_err *err)
{
    return copy_text(v, c->socket_users, sizeof(c->socket_users), err);
}

static pawl_status set_socket_groups(struct config *c, const char *v, struct pawl_err *err)
{
    return copy_text(v, c->socket_groups, sizeof(c->socket_groups), err);
}

static pawl_status set_poll(struct config *c, const char *v, struct pawl_err *err)
{
    return number(v, 0, 7 * 86400, &c->poll_s, err);
}

static pawl_status set_batch(struct config *c, const char *v, struct pawl_err *err)
{
    return number(v, 0, 60000, &c->batch_ms, err);
}

/* At least two messages of the longest. */
static pawl_status set_queue_max(struct config *c, const char *v, struct pawl_err *err)
{
    return number(v, 2 * PAWL_PLAINTEXT_MAX, 1024 * 1024 * 1024, &c->queue_max, err);
}

static pawl_status set_inbox_max(struct config *c, const char *v, struct pawl_err *err)
{
    return number(v, 2 * PAWL_PLAINTEXT_MAX, 1024 * 1024 * 1024, &c->inbox_max, err);
}

static pawl_status set_message_form(struct config *c, const char *v, struct pawl_err *err)
{
    if (strcmp(v, "full") && strcmp(v, "compact"))
        return bad(err, "full or compact");
    c->message_form = !strcmp(v, "full") ? PAWL_MSG_FULL : PAWL_MSG_COMPACT;
    return pawl_ok();
}

/* Whether it can be run shows when it is. */
static pawl_status set_on_incident(struct config *c, const char *v, struct pawl_err *err)
{
    size_t words = 1;

    if (v[0] != '/')
        return bad(err, "a command by its absolute path is wanted, with its arguments");
    for (const char *p = v + 1; *p; p++)
        words += isblank((unsigned char)p[-1]) && !isblank((unsigned char)*p);
    if (words > COMMAND_WORDS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "value", "more than %d arguments",
                         COMMAND_WORDS_MAX - 1);
    return copy_text(v, c->on_incident, sizeof(c->on_incident), err);
}

/* A TPM handle of this kind: 0x81 and up persistent, 0x01 an NV index. */
static pawl_status handle_of(const char *v, const char *kind, uint32_t *ret, struct pawl_err *err)
{
    uint8_t b[4];

    if (strlen(v) != 10 || strncmp(v, kind, 4) ||
        !pawl_is_ok(pawl_hex_parse_exact(v + 2, "value", b, sizeof(b), err)))
        return pawl_fail(err, PAWL_E_FORM, "value", "%s and 6 hex digits are wanted", kind);
    *ret = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return pawl_ok();
}

static pawl_status handle(const char *v, uint32_t *ret, struct pawl_err *err)
{
    return handle_of(v, "0x81", ret, err);
}

static pawl_status set_ak_handle(struct config *c, const char *v, struct pawl_err *err)
{
    return handle(v, &c->keys.ak_handle, err);
}

static pawl_status set_td_handle(struct config *c, const char *v, struct pawl_err *err)
{
    return handle(v, &c->keys.td_handle, err);
}

static pawl_status set_app_key(struct config *c, const char *v, struct pawl_err *err)
{
    if (strcmp(v, "off") != 0)
        return handle(v, &c->keys.app_handle, err);
    c->keys.app_handle = 0;
    return pawl_ok();
}

static pawl_status set_nv_counter(struct config *c, const char *v, struct pawl_err *err)
{
    return handle_of(v, "0x01", &c->nv_counter, err);
}

static pawl_status set_srk_handle(struct config *c, const char *v, struct pawl_err *err)
{
    return handle(v, &c->keys.srk_handle, err);
}

/* A line that was put at the end of the file sets nothing; and a token would be told as a claim. */
static bool is_setting(const char *key)
{
    for (size_t i = 0; i < config_keys_n; i++)
        if (!strcmp(key, config_keys[i].name))
            return true;
    return false;
}

pawl_status config_add_fact(struct config *c, const char *key, const char *v, struct pawl_err *err)
{
    if (is_setting(key))
        return bad(err, "a setting, which stands above [facts]; no claim has its name");
    if (c->fact_n == PAWL_FACTS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "value", "more than %d facts", PAWL_FACTS_MAX);
    if (!pawl_is_utf8(pawl_view_str(key)) || !pawl_is_utf8(pawl_view_str(v)))
        return bad(err, "not UTF-8 text");
    for (size_t i = 0; i < c->fact_n; i++)
        if (!strcmp(c->fact[i].key, key))
            return bad(err, "given twice");
    struct config_fact *f = &c->fact[c->fact_n];
    PAWL_TRY(copy_text(key, f->key, sizeof(f->key), err));
    PAWL_TRY(copy_text(v, f->value, sizeof(f->value), err));
    c->fact_n++;
    return pawl_ok();
}

const struct config_key config_keys[] = {
    { "server", set_server },
    { "tenant", set_tenant },
    { "verifier_key", set_verifier_key },
    { "tls", set_tls },
    { "proxy", set_proxy },
    { "token", config_set_token },
    { "token_file", set_token_file },
    { "tcti", set_tcti },
    { "ak", set_ak },
    { "state", set_state },
    { "interval_s", set_interval },
    { "jitter_s", set_jitter },
    { "timeout_s", set_timeout },
    { "enroll", set_enroll },
    { "suites", set_suites },
    { "ak_handle", set_ak_handle },
    { "td_handle", set_td_handle },
    { "srk_handle", set_srk_handle },
    { "app_key", set_app_key },
    { "nv_counter", set_nv_counter },
    { "messages", set_messages },
    { "rekey_s", set_rekey_s },
    { "rekey_messages", set_rekey_messages },
    { "socket", set_socket },
    { "socket_users", set_socket_users },
    { "socket_groups", set_socket_groups },
    { "poll_s", set_poll },
    { "batch_ms", set_batch },
    { "queue_max", set_queue_max },
    { "inbox_max", set_inbox_max },
    { "message_form", set_message_form },
    { "on_incident", set_on_incident },
    { "event_log", set_event_log },
    { "ima_list", set_ima_list },
};

const size_t config_keys_n = sizeof(config_keys) / sizeof(*config_keys);
