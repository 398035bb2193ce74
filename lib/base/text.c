/* SPDX-License-Identifier: Apache-2.0 */
/* Strict text encodings: exactly one text stands for each value, and anything else is refused. */

#include <string.h>

#include <pawl/base.h>

/* ---- hex ------------------------------------------------------------------------------------ */

pawl_status pawl_hex_write(struct pawl_view in, char *ret, size_t cap, struct pawl_err *err)
{
    static const char digit[] = "0123456789abcdef";

    if (cap == 0 || in.n > (cap - 1) / 2)
        return pawl_fail(err, PAWL_E_FULL, "hex", "%zu bytes do not fit into %zu characters", in.n,
                         cap);
    for (size_t i = 0; i < in.n; i++) {
        ret[2 * i] = digit[in.p[i] >> 4];
        ret[2 * i + 1] = digit[in.p[i] & 15];
    }
    ret[2 * in.n] = 0;
    return pawl_ok();
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

pawl_status pawl_hex_parse(const char *s, const char *field, uint8_t *ret, size_t cap,
                           size_t *ret_n, struct pawl_err *err)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (hex_value(s[i]) < 0)
            return pawl_fail(err, PAWL_E_FORM, field, "character %zu is no hex digit", i + 1);
    if (n % 2)
        return pawl_fail(err, PAWL_E_FORM, field, "an odd number of hex digits (%zu)", n);
    if (n / 2 > cap)
        return pawl_fail(err, PAWL_E_FULL, field, "%zu bytes where at most %zu fit", n / 2, cap);
    for (size_t i = 0; i < n / 2; i++)
        ret[i] = (uint8_t)(hex_value(s[2 * i]) << 4 | hex_value(s[2 * i + 1]));
    *ret_n = n / 2;
    return pawl_ok();
}

pawl_status pawl_hex_parse_exact(const char *s, const char *field, uint8_t *ret, size_t n,
                                 struct pawl_err *err)
{
    size_t got;

    if (strlen(s) != 2 * n)
        return pawl_fail(err, PAWL_E_RANGE, field, "%zu hex digits where %zu are due", strlen(s),
                         2 * n);
    return pawl_hex_parse(s, field, ret, n, &got, err);
}

/* ---- base64url and base64 ------------------------------------------------------------------- */

/* Two alphabets that differ in their last two digits. */
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t pawl_b64url_n(size_t n)
{
    return n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
}

size_t pawl_b64_n(size_t n)
{
    return n / 3 * 4 + (n % 3 ? 4 : 0);
}

/* As many digits as pawl_b64url_n says. */
static void digits_write(struct pawl_view in, const char *digit, char *ret)
{
    const uint8_t *p = in.p;
    size_t         left = in.n;

    for (; left >= 3; left -= 3, p += 3) {
        *ret++ = digit[p[0] >> 2];
        *ret++ = digit[(p[0] << 4 | p[1] >> 4) & 63];
        *ret++ = digit[(p[1] << 2 | p[2] >> 6) & 63];
        *ret++ = digit[p[2] & 63];
    }
    if (left == 0)
        return;
    *ret++ = digit[p[0] >> 2];
    *ret++ = digit[(p[0] << 4 | (left == 2 ? p[1] >> 4 : 0)) & 63];
    if (left == 2)
        *ret = digit[p[1] << 2 & 63];
}

pawl_status pawl_b64url_write(struct pawl_view in, char *ret, size_t cap, struct pawl_err *err)
{
    size_t n = pawl_b64url_n(in.n);

    if (n >= cap)
        return pawl_fail(err, PAWL_E_FULL, "base64url", "%zu bytes do not fit into %zu characters",
                         in.n, cap);
    digits_write(in, base64url, ret);
    ret[n] = 0;
    return pawl_ok();
}

pawl_status pawl_b64_write(struct pawl_view in, char *ret, size_t cap, struct pawl_err *err)
{
    size_t n = pawl_b64_n(in.n);

    if (n >= cap)
        return pawl_fail(err, PAWL_E_FULL, "base64", "%zu bytes do not fit into %zu characters",
                         in.n, cap);
    digits_write(in, base64, ret);
    memset(ret + pawl_b64url_n(in.n), '=', n - pawl_b64url_n(in.n));
    ret[n] = 0;
    return pawl_ok();
}

static int digit_value(uint8_t c, const char *digit)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (uint8_t)digit[62])
        return 62;
    return c == (uint8_t)digit[63] ? 63 : -1;
}

/* name: of the alphabet, for the report. */
static pawl_status digits_parse(struct pawl_view s, const char *digit, const char *name,
                                const char *field, uint8_t *ret, size_t cap, size_t *ret_n,
                                struct pawl_err *err)
{
    size_t   n = s.n / 4 * 3 + (s.n % 4 ? s.n % 4 - 1 : 0);
    size_t   k = 0;
    uint32_t bits = 0;
    unsigned held = 0;

    for (size_t i = 0; i < s.n; i++)
        if (digit_value(s.p[i], digit) < 0)
            return pawl_fail(err, PAWL_E_FORM, field, "character %zu is not %s", i + 1, name);
    if (s.n % 4 == 1)
        return pawl_fail(err, PAWL_E_FORM, field, "%zu characters are no %s text", s.n, name);
    if (s.n % 4 && digit_value(s.p[s.n - 1], digit) & (s.n % 4 == 2 ? 15 : 3))
        return pawl_fail(err, PAWL_E_FORM, field, "spare bits are set in the last character");
    if (n > cap)
        return pawl_fail(err, PAWL_E_FULL, field, "%zu bytes where at most %zu fit", n, cap);
    for (size_t i = 0; i < s.n; i++) {
        bits = bits << 6 | (uint32_t)digit_value(s.p[i], digit);
        held += 6;
        if (held >= 8) {
            held -= 8;
            ret[k++] = (uint8_t)(bits >> held);
        }
    }
    *ret_n = k;
    return pawl_ok();
}

pawl_status pawl_b64url_parse(struct pawl_view s, const char *field, uint8_t *ret, size_t cap,
                              size_t *ret_n, struct pawl_err *err)
{
    return digits_parse(s, base64url, "base64url", field, ret, cap, ret_n, err);
}

pawl_status pawl_b64_parse(struct pawl_view s, const char *field, uint8_t *ret, size_t cap,
                           size_t *ret_n, struct pawl_err *err)
{
    size_t padding = 0;

    if (s.n % 4)
        return pawl_fail(err, PAWL_E_FORM, field, "%zu characters are no base64 text", s.n);
    while (padding < 2 && padding < s.n && s.p[s.n - 1 - padding] == '=')
        padding++;
    return digits_parse(pawl_view(s.p, s.n - padding), base64, "base64", field, ret, cap, ret_n,
                        err);
}

/* ---- numbers and names ---------------------------------------------------------------------- */

pawl_status pawl_u64_parse(const char *s, const char *field, uint64_t max, uint64_t *ret,
                           struct pawl_err *err)
{
    uint64_t v = 0;

    if (!*s)
        return pawl_fail(err, PAWL_E_FORM, field, "no number");
    if (s[0] == '0' && s[1])
        return pawl_fail(err, PAWL_E_FORM, field, "a leading zero");
    for (const char *c = s; *c; c++) {
        if (*c < '0' || *c > '9')
            return pawl_fail(err, PAWL_E_FORM, field, "character %zu is no digit",
                             (size_t)(c - s) + 1);
        uint64_t d = (uint64_t)(*c - '0');
        if (d > max || v > (max - d) / 10)
            return pawl_fail(err, PAWL_E_RANGE, field, "more than %llu", (unsigned long long)max);
        v = 10 * v + d;
    }
    *ret = v;
    return pawl_ok();
}

/* Bytes of the UTF-8 character beyond ASCII that begins at p, 0 if none does. */
static size_t utf8_n(const uint8_t *p, size_t left)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t                n;
    uint32_t              c = p[0];

    if ((c & 0xe0) == 0xc0)
        n = 2;
    else if ((c & 0xf0) == 0xe0)
        n = 3;
    else if ((c & 0xf8) == 0xf0)
        n = 4;
    else
        return 0;
    if (n > left)
        return 0;
    c &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    return n;
}

bool pawl_is_utf8(struct pawl_view in)
{
    for (size_t i = 0; i < in.n;) {
        bool   ascii = in.p[i] && in.p[i] < 0x80;
        size_t n = ascii ? 1 : utf8_n(in.p + i, in.n - i);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

bool pawl_is_name(struct pawl_view in)
{
    if (in.n == 0 || in.n > PAWL_TENANT_MAX)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];
        bool    alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || (c != '-' && c != '_' && c != '.')))
            return false;
    }
    return true;
}
