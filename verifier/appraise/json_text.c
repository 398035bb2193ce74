/* SPDX-License-Identifier: Apache-2.0 */
/* JSON written straight as text. */

#include "appraise/json_text.h"

#include <string.h>

/* Room is kept for the final 0. */
static void put(struct json_text *t, struct pawl_view v)
{
    if (t->full || v.n >= t->cap - t->n) {
        t->full = true;
        return;
    }
    if (v.n)
        memcpy(t->s + t->n, v.p, v.n);
    t->n += v.n;
}

static void put_char(struct json_text *t, char c)
{
    put(t, pawl_view(&c, 1));
}

/* Whether something stands before it in the same object or array is told by the last character. */
static void begin(struct json_text *t, const char *name)
{
    char last = t->n ? t->s[t->n - 1] : '{';

    if (last != '{' && last != '[')
        put_char(t, ',');
    if (!name)
        return;
    put_char(t, '"');
    put(t, pawl_view_str(name));
    put(t, pawl_view_str("\":"));
}

struct json_text json_text_to(char *s, size_t cap)
{
    struct json_text t = { .s = s, .cap = cap, .full = cap == 0 };

    put_char(&t, '{');
    return t;
}

pawl_status json_text_end(struct json_text *t, const char *where, struct pawl_err *err)
{
    put_char(t, '}');
    if (t->full)
        return pawl_fail(err, PAWL_E_FULL, where, "does not fit %zu bytes", t->cap);
    t->s[t->n] = 0;
    return pawl_ok();
}

void jt_object(struct json_text *t, const char *name)
{
    begin(t, name);
    put_char(t, '{');
}

void jt_object_end(struct json_text *t)
{
    put_char(t, '}');
}

void jt_array(struct json_text *t, const char *name)
{
    begin(t, name);
    put_char(t, '[');
}

void jt_array_end(struct json_text *t)
{
    put_char(t, ']');
}

/* ---- values --------------------------------------------------------------------------------- */

/* RFC 8259, section 7. */
static void put_escaped(struct json_text *t, uint8_t c)
{
    static const char digit[] = "0123456789abcdef";
    const char        code[] = { '\\', 'u', '0', '0', digit[c >> 4], digit[c & 15] };

    if (c == '"' || c == '\\') {
        put_char(t, '\\');
        put_char(t, (char)c);
    } else {
        put(t, pawl_view(code, sizeof(code)));
    }
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

void jt_text(struct json_text *t, const char *name, struct pawl_view v)
{
    size_t from = 0;

    begin(t, name);
    put_char(t, '"');
    for (size_t i = 0; i < v.n; i++) {
        if (is_plain(v.p[i]))
            continue;
        put(t, pawl_view(v.p + from, i - from));
        put_escaped(t, v.p[i]);
        from = i + 1;
    }
    if (v.n)
        put(t, pawl_view(v.p + from, v.n - from));
    put_char(t, '"');
}

void jt_string(struct json_text *t, const char *name, const char *s)
{
    jt_text(t, name, pawl_view_str(s));
}

/* digits: what write made of v, at the end of the text. */
static void put_digits(struct json_text *t, const char *name, struct pawl_view v, size_t digits,
                       pawl_status (*write)(struct pawl_view in, char *ret, size_t cap,
                                            struct pawl_err *err))
{
    struct pawl_err ignored;

    begin(t, name);
    put_char(t, '"');
    if (t->full || !pawl_is_ok(write(v, t->s + t->n, t->cap - t->n, &ignored)))
        t->full = true;
    else
        t->n += digits;
    put_char(t, '"');
}

void jt_hex(struct json_text *t, const char *name, struct pawl_view v)
{
    put_digits(t, name, v, 2 * v.n, pawl_hex_write);
}

void jt_b64url(struct json_text *t, const char *name, struct pawl_view v)
{
    put_digits(t, name, v, pawl_b64url_n(v.n), pawl_b64url_write);
}

void jt_u64(struct json_text *t, const char *name, uint64_t v)
{
    char   text[20]; /* of 2^64 - 1 */
    size_t at = sizeof(text);

    do {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    begin(t, name);
    put(t, pawl_view(text + at, sizeof(text) - at));
}

void jt_true(struct json_text *t, const char *name)
{
    begin(t, name);
    put(t, pawl_view_str("true"));
}
