/* SPDX-License-Identifier: Apache-2.0 */
/* Status and error record. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <pawl/base.h>

static const char *const code_name[PAWL_CODE_COUNT] = {
    [PAWL_E_NONE] = "none",
    [PAWL_OK] = "ok",
    [PAWL_E_SHORT] = "short",
    [PAWL_E_TRAILING] = "trailing",
    [PAWL_E_RANGE] = "range",
    [PAWL_E_FORM] = "form",
    [PAWL_E_FORGED] = "forged",
    [PAWL_E_UNSUPPORTED] = "unsupported",
    [PAWL_E_STATE] = "state",
    [PAWL_E_FULL] = "full",
    [PAWL_E_ABSENT] = "absent",
    [PAWL_E_DENIED] = "denied",
    [PAWL_E_CONFLICT] = "conflict",
    [PAWL_E_EXPIRED] = "expired",
    [PAWL_E_IO] = "io",
    [PAWL_E_TPM] = "tpm",
    [PAWL_E_MEMORY] = "memory",
    [PAWL_E_CRYPTO] = "crypto",
    [PAWL_E_BUG] = "bug",
};

const char *pawl_code_name(enum pawl_code code)
{
    if ((unsigned)code >= PAWL_CODE_COUNT)
        return "unknown";
    return code_name[code];
}

/* Words of strangers, down to a name in a certificate, end up on terminals and in logs of lines.
 * C0, DEL, and C1 in its two bytes of UTF-8. */
static void without_controls(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 0x7f)
            *c = '?';
        else if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
            c[0] = c[1] = '?';
}

/* Words that did not fit may end in the middle of a character, which no JSON may hold and no
 * database takes. */
static void without_half(char *text)
{
    size_t n = strlen(text);

    for (size_t less = 0; less <= 3 && less <= n; less++)
        if (pawl_is_utf8(pawl_view(text, n - less))) {
            text[n - less] = 0;
            return;
        }
}

pawl_status pawl_fail(struct pawl_err *err, enum pawl_code code, const char *where, const char *fmt,
                      ...)
{
    va_list args;

    err->code = code;
    snprintf(err->where, sizeof(err->where), "%s", where);
    va_start(args, fmt);
    int n = vsnprintf(err->why, sizeof(err->why), fmt, args);
    va_end(args);
    if (n >= (int)sizeof(err->why))
        without_half(err->why);
    without_controls(err->where);
    without_controls(err->why);
    return (pawl_status){ code };
}

pawl_status pawl_under(struct pawl_err *err, const char *prefix, pawl_status s)
{
    char field[sizeof(err->where)];

    if (pawl_is_ok(s))
        return s;
    memcpy(field, err->where, sizeof(field));
    /* A path longer than the record keeps its beginning: where to look first. */
    int n = snprintf(err->where, sizeof(err->where), "%s.", prefix);
    if (n > 0 && (size_t)n < sizeof(err->where))
        snprintf(err->where + n, sizeof(err->where) - (size_t)n, "%s", field);
    return s;
}
