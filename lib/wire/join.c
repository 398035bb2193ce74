/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The join string: all that a device needs to know of its verifier, in one line to copy.
 *
 *     pawl://HOST:PORT/TENANT?key=PIN&tls=PIN[&token=ID.SECRET]
 *
 * One spelling for each value: parts in this order, port always given, base64url without padding.
 * It may hold a token's secret, so errors name the part and never show it, and what was decoded is
 * wiped on failure.
 */

#include <arpa/inet.h>
#include <string.h>

#include <pawl/wire.h>

static void wipe_join(struct pawl_join *j)
{
    pawl_wipe(j, sizeof(*j));
}

#define WIPED_JOIN PAWL_CLEANUP(wipe_join) struct pawl_join

/* ---- the address ---------------------------------------------------------------------------- */

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One label of a host name (RFC 1123 2.1): letters, digits and inner hyphens, 1 to 63. */
static bool is_label(const char *s, size_t n)
{
    if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_alnum(s[i]) && s[i] != '-')
            return false;
    return true;
}

/* Digits, or hex digits after 0x: resolvers take names that end in one for IPv4 addresses. */
static bool is_number(const char *label)
{
    if (label[0] == '0' && (label[1] == 'x' || label[1] == 'X'))
        return label[2 + strspn(label + 2, "0123456789abcdefABCDEF")] == 0;
    return label[strspn(label, "0123456789")] == 0;
}

/* A host name, or an IPv4 address: a name whose last label is a number must be one. */
static bool is_host(const char *host)
{
    enum { HOST_MAX = 253 };
    struct in_addr v4;
    const char    *label = host;

    if (strlen(host) > HOST_MAX)
        return false;
    for (const char *dot; (dot = strchr(label, '.')); label = dot + 1)
        if (!is_label(label, (size_t)(dot - label)))
            return false;
    if (!is_label(label, strlen(label)))
        return false;
    return !is_number(label) || inet_pton(AF_INET, host, &v4) == 1;
}

/* host is the text between the brackets. */
static bool is_ipv6(const char *host)
{
    struct in6_addr v6;

    return inet_pton(AF_INET6, host, &v6) == 1;
}

static pawl_status check_address(const char *address, struct pawl_err *err)
{
    char        host[sizeof(((struct pawl_join *)0)->address)];
    const char *colon = strrchr(address, ':');
    uint64_t    port;

    if (!colon || colon == address)
        return pawl_fail(err, PAWL_E_FORM, "address", "not HOST:PORT");
    size_t n = (size_t)(colon - address);
    bool   bracketed = address[0] == '[' && colon[-1] == ']';
    memcpy(host, address, n);
    host[bracketed ? n - 1 : n] = 0;
    if (bracketed ? !is_ipv6(host + 1) : !is_host(host))
        return pawl_fail(err, PAWL_E_FORM, "address",
                         "no host name, IPv4 address or IPv6 address in brackets");
    PAWL_TRY(pawl_u64_parse(colon + 1, "address.port", UINT16_MAX, &port, err));
    if (port == 0)
        return pawl_fail(err, PAWL_E_RANGE, "address.port", "port 0");
    return pawl_ok();
}

/* ---- parsing -------------------------------------------------------------------------------- */

/* Takes `prefix` from the front of *s. */
static bool took(const char **s, const char *prefix)
{
    size_t n = strlen(prefix);

    if (strncmp(*s, prefix, n) != 0)
        return false;
    *s += n;
    return true;
}

/* Takes the text before the first of `ends`, or the rest. */
static struct pawl_view take_until(const char **s, const char *ends)
{
    struct pawl_view v = pawl_view(*s, strcspn(*s, ends));

    *s += v.n;
    return v;
}

static pawl_status copy_text(struct pawl_view v, const char *field, char *ret, size_t cap,
                             struct pawl_err *err)
{
    if (v.n == 0 || v.n >= cap)
        return pawl_fail(err, PAWL_E_RANGE, field, "%zu characters", v.n);
    memcpy(ret, v.p, v.n);
    ret[v.n] = 0;
    return pawl_ok();
}

static pawl_status take_bytes(const char **s, const char *field, const char *ends, uint8_t *ret,
                              size_t n, struct pawl_err *err)
{
    struct pawl_view text = take_until(s, ends);
    size_t           got;

    if (text.n != pawl_b64url_n(n))
        return pawl_fail(err, PAWL_E_RANGE, field, "%zu characters where %zu are due", text.n,
                         pawl_b64url_n(n));
    return pawl_b64url_parse(text, field, ret, n, &got, err);
}

static pawl_status parse_join(const char *s, struct pawl_join *j, struct pawl_err *err)
{
    if (!took(&s, "pawl://"))
        return pawl_fail(err, PAWL_E_FORM, "scheme", "does not begin with pawl://");
    PAWL_TRY(copy_text(take_until(&s, "/?&"), "address", j->address, sizeof(j->address), err));
    PAWL_TRY(check_address(j->address, err));
    if (!took(&s, "/"))
        return pawl_fail(err, PAWL_E_FORM, "tenant", "missing");
    PAWL_TRY(copy_text(take_until(&s, "?"), "tenant", j->tenant, sizeof(j->tenant), err));
    if (!pawl_is_name(pawl_view_str(j->tenant)))
        return pawl_fail(err, PAWL_E_FORM, "tenant", "not of a-z, 0-9, '-', '_' and '.'");
    if (!took(&s, "?key="))
        return pawl_fail(err, PAWL_E_FORM, "key", "missing");
    PAWL_TRY(take_bytes(&s, "key", "&", j->verifier_key, sizeof(j->verifier_key), err));
    if (!took(&s, "&tls="))
        return pawl_fail(err, PAWL_E_FORM, "tls", "missing");
    PAWL_TRY(take_bytes(&s, "tls", "&", j->tls_pin, sizeof(j->tls_pin), err));
    j->has_token = took(&s, "&token=");
    if (j->has_token) {
        PAWL_TRY(take_bytes(&s, "token.id", ".", j->token_id, sizeof(j->token_id), err));
        if (!took(&s, "."))
            return pawl_fail(err, PAWL_E_FORM, "token.secret", "missing");
        PAWL_TRY(take_bytes(&s, "token.secret", "", j->token.b, PAWL_TOKEN_SECRET, err));
        j->token.n = PAWL_TOKEN_SECRET;
    }
    if (*s)
        return pawl_fail(err, PAWL_E_TRAILING, "end", "%zu characters left over", strlen(s));
    return pawl_ok();
}

pawl_status pawl_join_parse(const char *s, struct pawl_join *ret, struct pawl_err *err)
{
    WIPED_JOIN j = { 0 };

    PAWL_TRY(pawl_under(err, "join", parse_join(s, &j, err)));
    *ret = j;
    return pawl_ok();
}

/* ---- writing -------------------------------------------------------------------------------- */

struct line {
    char   text[640]; /* more than the fields of a pawl_join can make */
    size_t n;
};

static void wipe_line(struct line *l)
{
    pawl_wipe(l, sizeof(*l));
}

static pawl_status add(struct line *l, const char *s, struct pawl_err *err)
{
    size_t n = strlen(s);

    if (n >= sizeof(l->text) - l->n)
        return pawl_fail(err, PAWL_E_RANGE, "join", "longer than %zu characters", sizeof(l->text));
    memcpy(l->text + l->n, s, n + 1);
    l->n += n;
    return pawl_ok();
}

static pawl_status add_bytes(struct line *l, const char *before, struct pawl_view v,
                             struct pawl_err *err)
{
    PAWL_TRY(add(l, before, err));
    PAWL_TRY(pawl_b64url_write(v, l->text + l->n, sizeof(l->text) - l->n, err));
    l->n += pawl_b64url_n(v.n);
    return pawl_ok();
}

static pawl_status write_join(const struct pawl_join *j, struct line *l, struct pawl_err *err)
{
    PAWL_TRY(add(l, "pawl://", err));
    PAWL_TRY(add(l, j->address, err));
    PAWL_TRY(add(l, "/", err));
    PAWL_TRY(add(l, j->tenant, err));
    PAWL_TRY(add_bytes(l, "?key=", PAWL_VIEW_OF(j->verifier_key), err));
    PAWL_TRY(add_bytes(l, "&tls=", PAWL_VIEW_OF(j->tls_pin), err));
    if (!j->has_token)
        return pawl_ok();
    PAWL_TRY(add_bytes(l, "&token=", PAWL_VIEW_OF(j->token_id), err));
    return add_bytes(l, ".", pawl_secret_view(&j->token), err);
}

/* As in lib/wire/field.h: what was written is read back before anybody sees it. */
pawl_status pawl_join_write(const struct pawl_join *j, char *ret, size_t cap, struct pawl_err *err)
{
    PAWL_CLEANUP(wipe_line) struct line line = { 0 };
    WIPED_JOIN                          back = { 0 };

    PAWL_TRY(write_join(j, &line, err));
    if (!pawl_is_ok(pawl_join_parse(line.text, &back, err))) {
        err->code = PAWL_E_RANGE;
        return (pawl_status){ PAWL_E_RANGE };
    }
    if (line.n >= cap)
        return pawl_fail(err, PAWL_E_FULL, "join", "%zu characters do not fit into %zu", line.n,
                         cap);
    memcpy(ret, line.text, line.n + 1);
    return pawl_ok();
}
