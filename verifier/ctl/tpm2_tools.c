/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/tpm2_tools.h"

#include <stdio.h>
#include <string.h>

struct pawl_view tpm_bytes_view(const struct tpm_bytes *t)
{
    return pawl_view(t->b, t->n);
}

static uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* A TPM2B around a structure: its size is the size of the rest. The structures that come here begin
 * with an algorithm or a magic, none of which is such a size. */
static struct pawl_view without_size(struct pawl_view v)
{
    return v.n > 2 && be16(v.p) == v.n - 2 ? pawl_view(v.p + 2, v.n - 2) : v;
}

static pawl_status keep(struct pawl_view v, const char *where, struct tpm_bytes *ret,
                        struct pawl_err *err)
{
    if (v.n > sizeof(ret->b))
        return pawl_fail(err, PAWL_E_RANGE, where, "%zu bytes, at most %zu", v.n, sizeof(ret->b));
    ret->n = v.n;
    memcpy(ret->b, v.p, v.n);
    return pawl_ok();
}

/* ---- public areas --------------------------------------------------------------------------- */

static pawl_status public_from_pem(struct pawl_view pem, struct tpm_bytes *ret,
                                   struct pawl_err *err)
{
    struct pawl_public key;
    struct pawl_wr     w = pawl_wr_to(ret->b, sizeof(ret->b));
    struct pawl_view   written;

    PAWL_TRY(pawl_public_from_pem(pem, &key, err));
    enum pawl_template t = key.kind == PAWL_KEY_RSA ? PAWL_AK_RSA2048 : PAWL_AK_P256;
    if (key.kind == PAWL_KEY_P384 || (key.kind == PAWL_KEY_RSA && key.n != 256))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "pem",
                         "does not say how %s signs: give TPM2B_PUBLIC or TPMT_PUBLIC",
                         pawl_public_name(&key));
    PAWL_TRY(pawl_template_write(t, &key, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "pem", &written, err));
    ret->n = written.n;
    return pawl_ok();
}

pawl_status tpm2_public_read(struct pawl_view file, struct tpm_bytes *ret, bool *ret_is_pem,
                             struct pawl_err *err)
{
    static const char begin[] = "-----BEGIN";
    bool              is_pem = file.n && memmem(file.p, file.n, begin, sizeof(begin) - 1) != NULL;

    PAWL_TRY(is_pem ? public_from_pem(file, ret, err)
                    : keep(without_size(file), "public", ret, err));
    *ret_is_pem = is_pem;
    return pawl_ok();
}

/* ---- attestations and signatures ------------------------------------------------------------ */

struct pawl_view tpm2_attest_read(struct pawl_view file)
{
    return without_size(file);
}

static bool is_tpmt_signature(struct pawl_view v)
{
    uint16_t alg = v.n > 2 ? be16(v.p) : 0;

    return alg == PAWL_TPM_ALG_RSASSA || alg == PAWL_TPM_ALG_RSAPSS || alg == PAWL_TPM_ALG_ECDSA;
}

static pawl_status wr_ecdsa(struct pawl_wr *w, const struct pawl_public *key, struct pawl_view der,
                            struct pawl_err *err)
{
    uint8_t rs[96];
    size_t  n;

    PAWL_TRY(pawl_ecdsa_from_der(key->kind, der, rs, sizeof(rs), &n, err));
    pawl_wr_tpm2b(w, pawl_view(rs, n / 2));
    pawl_wr_tpm2b(w, pawl_view(rs + n / 2, n / 2));
    return pawl_ok();
}

/* A plain RSA signature may begin like a TPMT_SIGNATURE by chance; its length tells. */
static bool is_plain_rsa(const struct pawl_tpm_public *ak, struct pawl_view v)
{
    return ak->key.kind == PAWL_KEY_RSA && v.n == ak->key.n;
}

pawl_status tpm2_signature_read(struct pawl_view file, struct pawl_view ak_public,
                                struct tpm_bytes *ret, struct pawl_err *err)
{
    struct pawl_tpm_public ak;
    struct pawl_wr         w = pawl_wr_to(ret->b, sizeof(ret->b));
    struct pawl_view       written;

    PAWL_TRY(pawl_under(err, "ak_public", pawl_tpm_public_parse(ak_public, &ak, err)));
    if (is_tpmt_signature(file) && !is_plain_rsa(&ak, file))
        return keep(file, "signature", ret, err);
    pawl_wr_u16(&w, ak.scheme);
    pawl_wr_u16(&w, pawl_tpm_hash_id(ak.scheme_hash));
    if (is_plain_rsa(&ak, file))
        pawl_wr_tpm2b(&w, file);
    else
        PAWL_TRY(wr_ecdsa(&w, &ak.key, file, err));
    PAWL_TRY(pawl_wr_end(&w, "signature", &written, err));
    ret->n = written.n;
    return pawl_ok();
}

/* ---- PCR files ------------------------------------------------------------------------------ */

/*
 * `serialized` is the C structs of tss2 as they lie in memory, little-endian:
 *
 *   TPML_PCR_SELECTION   count u32, 16 of { hash u16, sizeofSelect u8, pcrSelect[4], 1 spare }
 *   number of TPML_DIGEST u32
 *   TPML_DIGEST          count u32, 8 of { size u16, buffer[64] }
 */
enum {
    SELECTIONS = 16,
    SELECTION_BYTES = 8,
    DIGESTS = 8,
    DIGEST_BYTES = 2 + PAWL_HASH_MAX,
    HEAD_BYTES = 4 + SELECTIONS * SELECTION_BYTES + 4,
    LIST_BYTES = 4 + DIGESTS * DIGEST_BYTES
};

static uint32_t le(const uint8_t *p, size_t n)
{
    uint32_t v = 0;

    while (n--)
        v = v << 8 | p[n];
    return v;
}

static bool is_serialized(struct pawl_view file)
{
    if (file.n < HEAD_BYTES || (file.n - HEAD_BYTES) % LIST_BYTES)
        return false;
    return le(file.p, 4) <= SELECTIONS &&
           le(file.p + HEAD_BYTES - 4, 4) == (file.n - HEAD_BYTES) / LIST_BYTES;
}

static pawl_status serialized_selection(struct pawl_view file, struct pawl_pcr_selection *ret,
                                        struct pawl_err *err)
{
    uint8_t          list[PAWL_PCR_SELECT_MAX];
    struct pawl_wr   w = pawl_wr_to(list, sizeof(list));
    struct pawl_view written;
    uint32_t         n = le(file.p, 4);

    pawl_wr_u32(&w, n);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *s = file.p + 4 + SELECTION_BYTES * i;
        pawl_wr_u16(&w, (uint16_t)le(s, 2));
        pawl_wr_bytes(&w, pawl_view(s + 2, 1 + PAWL_PCRS / 8));
    }
    PAWL_TRY(pawl_wr_end(&w, "pcrSelect", &written, err));
    return pawl_pcr_selection_parse(written, ret, err);
}

static pawl_status serialized_values(struct pawl_view file, struct pawl_pcr_values *ret,
                                     struct pawl_err *err)
{
    for (size_t at = HEAD_BYTES; at < file.n; at += LIST_BYTES) {
        uint32_t n = le(file.p + at, 4);
        if (n > DIGESTS || n > PAWL_PCR_VALUES_MAX - ret->n)
            return pawl_fail(err, PAWL_E_RANGE, "digests.count", "%u values in one list",
                             (unsigned)n);
        for (uint32_t i = 0; i < n; i++) {
            const uint8_t *d = file.p + at + 4 + DIGEST_BYTES * i;
            uint32_t       size = le(d, 2);
            if (size > PAWL_HASH_MAX)
                return pawl_fail(err, PAWL_E_RANGE, "digests.size", "%u bytes", (unsigned)size);
            ret->value[ret->n].n = size;
            memcpy(ret->value[ret->n].b, d + 2, size);
            ret->n++;
        }
    }
    return pawl_ok();
}

static pawl_status read_serialized(struct pawl_view file, const struct pawl_pcr_selection *quoted,
                                   struct pawl_pcr_values *ret, struct pawl_err *err)
{
    struct pawl_pcr_selection s;

    PAWL_TRY(serialized_selection(file, &s, err));
    if (!pawl_pcr_selection_equal(&s, quoted))
        return pawl_fail(err, PAWL_E_FORGED, "pcrSelect",
                         "the file holds other PCRs than were quoted");
    return serialized_values(file, ret, err);
}

static pawl_status read_values(struct pawl_view file, const struct pawl_pcr_selection *quoted,
                               struct pawl_pcr_values *ret, struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(file);

    for (size_t i = 0; i < quoted->n; i++) {
        size_t n = pawl_hash_n(quoted->bank[i].hash);
        for (uint32_t left = quoted->bank[i].bits; left; left &= left - 1) {
            struct pawl_view v = pawl_rd_bytes(&r, "values", n);
            if (v.n)
                memcpy(ret->value[ret->n].b, v.p, v.n);
            ret->value[ret->n++].n = v.n;
        }
    }
    return pawl_rd_end(&r, err);
}

pawl_status tpm2_pcrs_read(struct pawl_view file, const struct pawl_pcr_selection *quoted,
                           struct pawl_pcr_values *ret, struct pawl_err *err)
{
    struct pawl_pcr_values v = { 0 };

    PAWL_TRY(is_serialized(file) ? read_serialized(file, quoted, &v, err)
                                 : read_values(file, quoted, &v, err));
    *ret = v;
    return pawl_ok();
}

/* ---- the text of tpm2_pcrread --------------------------------------------------------------- */

struct text {
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
    bool passed_over; /* what comes now belongs to a bank that we do not know */
};

/* Without white space around it. */
static char *trim(char *s)
{
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n && strchr(" \t\r", s[n - 1]))
        n--;
    s[n] = '\0';
    return s;
}

static pawl_status text_bank(const char *name, struct text *t, struct pawl_err *err)
{
    enum pawl_hash hash = pawl_hash_by_name(name);

    t->passed_over = !hash;
    for (size_t i = 0; i < t->select.n; i++)
        if (t->select.bank[i].hash == hash)
            return pawl_fail(err, PAWL_E_FORM, "bank", "%s is there twice", pawl_hash_name(hash));
    if (hash)
        t->select.bank[t->select.n++] = (struct pawl_pcr_bank){ .hash = hash };
    return pawl_ok();
}

static pawl_status text_value(const char *number, const char *value, struct text *t,
                              struct pawl_err *err)
{
    uint64_t pcr;

    if (t->passed_over)
        return pawl_ok();
    if (t->select.n == 0)
        return pawl_fail(err, PAWL_E_FORM, "bank", "no bank is named before this value");
    struct pawl_pcr_bank *bank = &t->select.bank[t->select.n - 1];
    struct pawl_digest   *d = &t->values.value[t->values.n];
    PAWL_TRY(pawl_u64_parse(number, "pcr", PAWL_PCRS - 1, &pcr, err));
    if (bank->bits >> pcr)
        return pawl_fail(err, PAWL_E_FORM, "pcr", "%u does not come after the one before",
                         (unsigned)pcr);
    if (strncmp(value, "0x", 2) != 0)
        return pawl_fail(err, PAWL_E_FORM, "value", "does not begin with 0x");
    d->n = pawl_hash_n(bank->hash);
    PAWL_TRY(pawl_hex_parse_exact(value + 2, "value", d->b, d->n, err));
    bank->bits |= 1u << pcr;
    t->values.n++;
    return pawl_ok();
}

/* "pcrs:" stands in front of what tpm2_quote prints. */
static pawl_status text_line(char *line, struct text *t, struct pawl_err *err)
{
    char *name = trim(line), *colon = strchr(name, ':');

    if (!*name || strcmp(name, "pcrs:") == 0)
        return pawl_ok();
    if (!colon)
        return pawl_fail(err, PAWL_E_FORM, "bank", "neither a bank nor a PCR");
    *colon = '\0';
    char *value = trim(colon + 1);
    return *value ? text_value(trim(name), value, t, err) : text_bank(trim(name), t, err);
}

pawl_status tpm2_pcrs_text_read(struct pawl_view file, struct pawl_pcr_selection *ret_select,
                                struct pawl_pcr_values *ret_values, struct pawl_err *err)
{
    struct text t = { 0 };
    size_t      at = 0;

    for (unsigned number = 1; at < file.n; number++) {
        char           line[256], where[24];
        const uint8_t *end = memchr(file.p + at, '\n', file.n - at);
        size_t         n = end ? (size_t)(end - file.p) - at : file.n - at;
        snprintf(where, sizeof(where), "line %u", number);
        if (n >= sizeof(line) || memchr(file.p + at, '\0', n))
            return pawl_fail(err, PAWL_E_FORM, where, "is not what tpm2_pcrread prints");
        memcpy(line, file.p + at, n);
        line[n] = '\0';
        PAWL_TRY(pawl_under(err, where, text_line(line, &t, err)));
        at += n + (end != NULL);
    }
    *ret_select = t.select;
    *ret_values = t.values;
    return pawl_ok();
}
