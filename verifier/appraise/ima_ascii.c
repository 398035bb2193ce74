/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "10 <template digest> ima-ng sha256:<digest> /path": the words of a line, a space between two.
 * The last field may hold spaces; the others never do, for the kernel writes them as underscores.
 */
#include "appraise/ima_ascii.h"

#include <string.h>

bool ima_is_ascii(struct pawl_view list)
{
    return list.n && (list.p[0] == ' ' || (list.p[0] >= '0' && list.p[0] <= '9'));
}

/* The line that is being read, and what is left of it. */
struct line {
    size_t           number;
    struct pawl_view left;
};

static pawl_status bad_line(const struct line *l, const char *field, const char *why,
                            struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_FORM, field, "line %zu: %s", l->number, why);
}

static struct pawl_view split(struct pawl_view *from, char at)
{
    const uint8_t   *end = from->n ? memchr(from->p, at, from->n) : NULL;
    size_t           n = end ? (size_t)(end - from->p) : from->n;
    struct pawl_view word = pawl_view(from->p, n);

    *from = end ? pawl_view(end + 1, from->n - n - 1) : pawl_view(NULL, 0);
    return word;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put_le(struct pawl_wr *w, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pawl_wr_u8(w, (uint8_t)(v >> 8 * i));
}

/* Leaves room for a length; end_counted fills it in. */
static size_t begin_counted(struct pawl_wr *w)
{
    put_le(w, 0, 4);
    return w->n;
}

static void end_counted(struct pawl_wr *w, size_t begin)
{
    if (w->full)
        return;
    struct pawl_wr length = pawl_wr_to(w->p + begin - 4, 4);
    put_le(&length, w->n - begin, 4);
}

static pawl_status put_hex(struct pawl_wr *w, const struct line *l, struct pawl_view hex,
                           const char *field, struct pawl_err *err)
{
    for (size_t i = 0; i < hex.n; i += 2) {
        const char two[] = { (char)hex.p[i], i + 1 < hex.n ? (char)hex.p[i + 1] : 0, 0 };
        uint8_t    b;

        if (!pawl_is_ok(pawl_hex_parse_exact(two, field, &b, 1, err)))
            return bad_line(l, field, "is not in hex", err);
        pawl_wr_u8(w, b);
    }
    return pawl_ok();
}

/* "sha256:<hex>" as "sha256:", NUL, digest. */
static pawl_status put_named(struct pawl_wr *w, const struct line *l, struct pawl_view word,
                             struct pawl_err *err)
{
    const uint8_t *colon = word.n ? memrchr(word.p, ':', word.n) : NULL;

    if (!colon)
        return word.n ? bad_line(l, "digest", "names no hash", err) : pawl_ok();
    size_t name_n = (size_t)(colon - word.p) + 1;
    pawl_wr_bytes(w, pawl_view(word.p, name_n));
    pawl_wr_u8(w, 0);
    return put_hex(w, l, pawl_view(word.p + name_n, word.n - name_n), "digest", err);
}

static pawl_status take_number(const struct line *l, struct pawl_view word, const char *field,
                               uint64_t max, uint64_t *ret, struct pawl_err *err)
{
    char text[16] = { 0 };

    if (word.n == 0 || word.n >= sizeof(text))
        return bad_line(l, field, "is no number", err);
    memcpy(text, word.p, word.n);
    if (!pawl_is_ok(pawl_u64_parse(text, field, max, ret, err)))
        return bad_line(l, field, "is no number that may stand here", err);
    return pawl_ok();
}

static pawl_status put_number(struct pawl_wr *w, const struct line *l, enum ima_field f,
                              struct pawl_view word, struct pawl_err *err)
{
    size_t   n = f == IMA_IMODE ? 2 : 4;
    uint64_t v;

    PAWL_TRY(take_number(l, word, "number", n == 2 ? UINT16_MAX : UINT32_MAX, &v, err));
    put_le(w, v, n);
    return pawl_ok();
}

static pawl_status put_field(struct pawl_wr *w, const struct line *l, enum ima_field f,
                             struct pawl_view word, struct pawl_err *err)
{
    switch (ima_field_form(f)) {
    case IMA_DIGEST_PLAIN:
        return put_hex(w, l, word, "digest", err);
    case IMA_DIGEST_NAMED:
        return put_named(w, l, word, err);
    case IMA_STRING:
        pawl_wr_bytes(w, word);
        pawl_wr_u8(w, 0);
        return pawl_ok();
    case IMA_NUMBER:
        return put_number(w, l, f, word, err);
    case IMA_BYTES:
    case IMA_FORM_NONE:
        break;
    }
    return put_hex(w, l, word, "bytes", err);
}

/* ---- a line --------------------------------------------------------------------------------- */

static pawl_status legacy_data(struct line *l, struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_view digest = split(&l->left, ' ');

    if (digest.n != 2 * IMA_DIGEST)
        return bad_line(l, "d", "is no SHA-1 digest", err);
    PAWL_TRY(put_hex(w, l, digest, "d", err));
    put_le(w, l->left.n, 4);
    pawl_wr_bytes(w, l->left);
    return pawl_ok();
}

static pawl_status template_data(struct line *l, struct pawl_view name, struct pawl_wr *w,
                                 struct pawl_err *err)
{
    enum ima_field order[IMA_FIELD_COUNT];
    size_t         n, begin = begin_counted(w);

    ima_template_fields(name, order, &n);
    if (n == 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "template_name",
                         "line %zu: no template that we know", l->number);
    for (size_t i = 0; i < n; i++) {
        size_t at = begin_counted(w);

        if (i > 0 && !l->left.p)
            return bad_line(l, "template_data", "has too few fields", err);
        PAWL_TRY(put_field(w, l, order[i], i + 1 < n ? split(&l->left, ' ') : l->left, err));
        end_counted(w, at);
    }
    end_counted(w, begin);
    return pawl_ok();
}

static pawl_status put_line(struct line *l, struct pawl_wr *w, struct pawl_err *err)
{
    if (l->left.n && l->left.p[0] == ' ') /* "%2d" */
        split(&l->left, ' ');
    struct pawl_view pcr = split(&l->left, ' '), digest = split(&l->left, ' ');
    struct pawl_view name = split(&l->left, ' ');
    uint64_t         number;

    PAWL_TRY(take_number(l, pcr, "pcr", PAWL_PCRS - 1, &number, err));
    if (digest.n != 2 * IMA_DIGEST)
        return bad_line(l, "template_digest", "is no SHA-1 digest", err);
    put_le(w, number, 4);
    PAWL_TRY(put_hex(w, l, digest, "template_digest", err));
    size_t begin = begin_counted(w);
    pawl_wr_bytes(w, name);
    end_counted(w, begin);
    if (!l->left.p)
        return bad_line(l, "template_data", "is missing", err);
    if (pawl_view_equal(name, pawl_view_str("ima")))
        return legacy_data(l, w, err);
    return template_data(l, name, w, err);
}

pawl_status ima_ascii_to_binary(struct pawl_view text, struct pawl_wr *w, struct pawl_err *err)
{
    for (size_t number = 1; text.n; number++) {
        struct line l = { .number = number, .left = split(&text, '\n') };

        PAWL_TRY(put_line(&l, w, err));
        if (w->full)
            return pawl_fail(err, PAWL_E_FULL, "list", "line %zu does not fit", number);
    }
    return pawl_ok();
}
