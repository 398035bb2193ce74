/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCR selections as people and tpm2-tools write them: "sha1:0+sha256:0,1,7"; a bank without PCRs is
 * "sha1:none". There is one spelling of each selection: PCRs ascend, numbers are plain decimal.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <pawl/tpm.h>

/* The part of *rest up to the next stop, which is consumed; *ret points into the text. Says whether
 * a stop was found. */
static bool split(struct pawl_view *rest, char stop, struct pawl_view *ret)
{
    const uint8_t *at = rest->n ? memchr(rest->p, stop, rest->n) : NULL;
    size_t         n = at ? (size_t)(at - rest->p) : rest->n;

    *ret = pawl_view(rest->p, n);
    *rest = at ? pawl_view(at + 1, rest->n - n - 1) : pawl_view(NULL, 0);
    return at != NULL;
}

static pawl_status parse_pcr(struct pawl_view text, unsigned *ret, struct pawl_err *err)
{
    char     number[4] = { 0 };
    uint64_t pcr;

    if (text.n == 0 || text.n >= sizeof(number))
        return pawl_fail(err, PAWL_E_FORM, "pcrs", "a PCR is a number from 0 to %d", PAWL_PCRS - 1);
    memcpy(number, text.p, text.n);
    PAWL_TRY(pawl_u64_parse(number, "pcrs", PAWL_PCRS - 1, &pcr, err));
    *ret = (unsigned)pcr;
    return pawl_ok();
}

static pawl_status parse_pcrs(struct pawl_view list, uint32_t *ret, struct pawl_err *err)
{
    uint32_t bits = 0;
    bool     more = true;

    if (pawl_view_equal(list, pawl_view_str("none"))) {
        *ret = 0;
        return pawl_ok();
    }
    while (more) {
        struct pawl_view number;
        unsigned         pcr = 0;

        more = split(&list, ',', &number);
        PAWL_TRY(parse_pcr(number, &pcr, err));
        if (bits >> pcr)
            return pawl_fail(err, PAWL_E_FORM, "pcrs", "PCR %u is not above the one before it",
                             pcr);
        bits |= 1u << pcr;
    }
    *ret = bits;
    return pawl_ok();
}

static pawl_status parse_hash(struct pawl_view text, const struct pawl_pcr_selection *s,
                              enum pawl_hash *ret, struct pawl_err *err)
{
    char           name[8] = { 0 };
    enum pawl_hash hash = PAWL_HASH_NONE;

    if (text.n < sizeof(name)) {
        if (text.n)
            memcpy(name, text.p, text.n);
        hash = pawl_hash_by_name(name);
    }
    if (pawl_tpm_hash_id(hash) == PAWL_TPM_ALG_NULL)
        return pawl_fail(err, PAWL_E_FORM, "pcrs", "a bank is sha1, sha256, sha384 or sha512");
    for (size_t i = 0; i < s->n; i++)
        if (s->bank[i].hash == hash)
            return pawl_fail(err, PAWL_E_FORM, "pcrs", "%s is named twice", pawl_hash_name(hash));
    *ret = hash;
    return pawl_ok();
}

pawl_status pawl_pcr_selection_from_text(const char *text, struct pawl_pcr_selection *ret,
                                         struct pawl_err *err)
{
    struct pawl_view          rest = pawl_view_str(text);
    struct pawl_pcr_selection s = { 0 };
    bool                      more = true;

    while (more) {
        struct pawl_view     bank, hash;
        struct pawl_pcr_bank b;

        if (s.n == PAWL_PCR_BANKS_MAX)
            return pawl_fail(err, PAWL_E_RANGE, "pcrs", "more than %d banks", PAWL_PCR_BANKS_MAX);
        more = split(&rest, '+', &bank);
        if (!split(&bank, ':', &hash))
            return pawl_fail(err, PAWL_E_FORM, "pcrs", "expected BANK:PCR,PCR..");
        PAWL_TRY(parse_hash(hash, &s, &b.hash, err));
        PAWL_TRY(parse_pcrs(bank, &b.bits, err));
        s.bank[s.n++] = b;
    }
    *ret = s;
    return pawl_ok();
}

/* Appends to the text in ret, or sets *n to cap when it does not fit. */
static void PAWL_PRINTF(4, 5) append(char *ret, size_t cap, size_t *n, const char *fmt, ...)
{
    va_list args;

    if (*n >= cap)
        return;
    va_start(args, fmt);
    int wrote = vsnprintf(ret + *n, cap - *n, fmt, args);
    va_end(args);
    *n = wrote < 0 || (size_t)wrote >= cap - *n ? cap : *n + (size_t)wrote;
}

pawl_status pawl_pcr_selection_to_text(const struct pawl_pcr_selection *s, char *ret, size_t cap,
                                       struct pawl_err *err)
{
    char   text[4 * (sizeof("+sha256:") + 3 * PAWL_PCRS)];
    size_t n = 0;

    text[0] = 0;
    for (size_t i = 0; i < s->n; i++) {
        const char *before = "";

        append(text, sizeof(text), &n, "%s%s:", i ? "+" : "", pawl_hash_name(s->bank[i].hash));
        if (!s->bank[i].bits)
            append(text, sizeof(text), &n, "none");
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            if (!(s->bank[i].bits >> pcr & 1))
                continue;
            append(text, sizeof(text), &n, "%s%u", before, pcr);
            before = ",";
        }
    }
    if (n >= cap)
        return pawl_fail(err, PAWL_E_FULL, "pcrs", "the text has %zu characters", n);
    memcpy(ret, text, n + 1);
    return pawl_ok();
}
