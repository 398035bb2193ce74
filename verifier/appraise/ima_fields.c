/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of an entry, by the name of its template. Each is a u32 length and its bytes,
 * little-endian; the two of the legacy template are not alike.
 */
#include "appraise/ima.h"

#include <string.h>

static const struct {
    const char   *id;
    enum ima_form form;
} fields[IMA_FIELD_COUNT] = {
    [IMA_FIELD_NONE] = { "", IMA_FORM_NONE },
    [IMA_D] = { "d", IMA_DIGEST_PLAIN },
    [IMA_N] = { "n", IMA_STRING },
    [IMA_D_NG] = { "d-ng", IMA_DIGEST_NAMED },
    [IMA_D_NGV2] = { "d-ngv2", IMA_DIGEST_NAMED },
    [IMA_N_NG] = { "n-ng", IMA_STRING },
    [IMA_SIG] = { "sig", IMA_BYTES },
    [IMA_BUF] = { "buf", IMA_BYTES },
    [IMA_D_MODSIG] = { "d-modsig", IMA_DIGEST_NAMED },
    [IMA_MODSIG] = { "modsig", IMA_BYTES },
    [IMA_EVMSIG] = { "evmsig", IMA_BYTES },
    [IMA_IUID] = { "iuid", IMA_NUMBER },
    [IMA_IGID] = { "igid", IMA_NUMBER },
    [IMA_IMODE] = { "imode", IMA_NUMBER },
    [IMA_XATTRNAMES] = { "xattrnames", IMA_STRING },
    [IMA_XATTRLENGTHS] = { "xattrlengths", IMA_BYTES },
    [IMA_XATTRVALUES] = { "xattrvalues", IMA_BYTES },
};

static const struct {
    const char *name, *fields;
} templates[] = {
    { "ima", "d|n" },
    { "ima-ng", "d-ng|n-ng" },
    { "ima-sig", "d-ng|n-ng|sig" },
    { "ima-ngv2", "d-ngv2|n-ng" },
    { "ima-sigv2", "d-ngv2|n-ng|sig" },
    { "ima-buf", "d-ng|n-ng|buf" },
    { "ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig" },
    { "evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode" },
};

enum ima_form ima_field_form(enum ima_field f)
{
    return fields[f].form;
}

/* ---- which fields --------------------------------------------------------------------------- */

static struct pawl_view list_of(struct pawl_view name)
{
    for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++)
        if (pawl_view_equal(name, pawl_view_str(templates[i].name)))
            return pawl_view_str(templates[i].fields);
    return name; /* a kernel's ima_template_fmt= has no other name than the list itself */
}

static enum ima_field field_of(struct pawl_view id)
{
    for (int f = IMA_FIELD_NONE + 1; f < IMA_FIELD_COUNT; f++)
        if (pawl_view_equal(id, pawl_view_str(fields[f].id)))
            return (enum ima_field)f;
    return IMA_FIELD_NONE;
}

void ima_template_fields(struct pawl_view name, enum ima_field ret[IMA_FIELD_COUNT], size_t *ret_n)
{
    struct pawl_view left = list_of(name);
    unsigned         has = 0;
    size_t           n = 0;

    *ret_n = 0;
    for (const uint8_t *bar = left.p; bar;) {
        bar = left.n ? memchr(left.p, '|', left.n) : NULL;
        size_t         id_n = bar ? (size_t)(bar - left.p) : left.n;
        enum ima_field f = field_of(pawl_view(left.p, id_n));

        if (f == IMA_FIELD_NONE || has & 1u << f)
            return;
        has |= 1u << f;
        ret[n++] = f;
        if (bar)
            left = pawl_view(bar + 1, left.n - id_n - 1);
    }
    *ret_n = n;
}

/* ---- reading them --------------------------------------------------------------------------- */

/* Splits "ima:" or "verity:" off what d-ngv2 begins with. */
static pawl_status take_type(struct pawl_view *text, bool *ret, struct pawl_err *err)
{
    static const char ima[] = "ima:", verity[] = "verity:";

    *ret = text->n >= strlen(verity) && memcmp(text->p, verity, strlen(verity)) == 0;
    if (!*ret && (text->n < strlen(ima) || memcmp(text->p, ima, strlen(ima)) != 0))
        return pawl_fail(err, PAWL_E_FORM, "d-ngv2", "the digest is neither of ima nor of verity");
    size_t n = *ret ? strlen(verity) : strlen(ima);
    *text = pawl_view(text->p + n, text->n - n);
    return pawl_ok();
}

static enum pawl_hash hash_of(struct pawl_view name)
{
    for (int h = PAWL_HASH_NONE + 1; h < PAWL_HASH_COUNT; h++)
        if (pawl_view_equal(name, pawl_view_str(pawl_hash_name((enum pawl_hash)h))))
            return (enum pawl_hash)h;
    return PAWL_HASH_NONE;
}

/* A violation has zeros for a digest, of whatever length that kernel put. */
static pawl_status read_named(enum ima_field f, struct pawl_view text, bool violation,
                              struct ima_digest *ret, struct pawl_err *err)
{
    struct ima_digest d = { 0 };

    if (f == IMA_D_NGV2)
        PAWL_TRY(take_type(&text, &d.verity, err));
    const uint8_t *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
    size_t         name_n = colon ? (size_t)(colon - text.p) : 0;
    if (name_n == 0 || text.n < name_n + 2 || colon[1] != 0)
        return pawl_fail(err, PAWL_E_FORM, fields[f].id, "names no hash");
    d.alg_name = pawl_view(text.p, name_n);
    d.alg = hash_of(d.alg_name);
    d.bytes = pawl_view(text.p + name_n + 2, text.n - name_n - 2);
    if (d.bytes.n > PAWL_HASH_MAX ||
        (!violation && d.alg != PAWL_HASH_NONE && d.bytes.n != pawl_hash_n(d.alg)))
        return pawl_fail(err, PAWL_E_RANGE, fields[f].id, "the digest has %zu bytes", d.bytes.n);
    *ret = d;
    return pawl_ok();
}

/* MD5 in old lists, otherwise SHA-1; which one is not said. */
static pawl_status read_plain(struct pawl_view bytes, struct ima_digest *ret, struct pawl_err *err)
{
    if (bytes.n != IMA_DIGEST && bytes.n != 16)
        return pawl_fail(err, PAWL_E_RANGE, "d", "the digest has %zu bytes", bytes.n);
    *ret = (struct ima_digest){ .alg = bytes.n == IMA_DIGEST ? PAWL_SHA1 : PAWL_HASH_NONE,
                                .alg_name = pawl_view_str(bytes.n == IMA_DIGEST ? "sha1" : "md5"),
                                .bytes = bytes };
    return pawl_ok();
}

/* One NUL, at the end: a path that goes on behind one would be shown as another. */
static pawl_status read_path(enum ima_field f, struct pawl_view text, struct pawl_view *ret,
                             struct pawl_err *err)
{
    const uint8_t *nul = text.n ? memchr(text.p, 0, text.n) : NULL;

    if (!nul || nul != text.p + text.n - 1)
        return pawl_fail(err, PAWL_E_FORM, fields[f].id, "is not one text with a NUL behind it");
    *ret = pawl_view(text.p, text.n - 1);
    return pawl_ok();
}

/* What an entry is about, in whichever field its template has that. */
static pawl_status understand(const struct ima_entry *e, struct ima_fields *f, struct pawl_err *err)
{
    struct ima_digest ignored;

    if (f->has & 1u << IMA_D)
        PAWL_TRY(read_plain(f->field[IMA_D], &f->file, err));
    if (f->has & 1u << IMA_D_NG)
        PAWL_TRY(read_named(IMA_D_NG, f->field[IMA_D_NG], e->violation, &f->file, err));
    if (f->has & 1u << IMA_D_NGV2)
        PAWL_TRY(read_named(IMA_D_NGV2, f->field[IMA_D_NGV2], e->violation, &f->file, err));
    if (f->field[IMA_D_MODSIG].n)
        PAWL_TRY(read_named(IMA_D_MODSIG, f->field[IMA_D_MODSIG], e->violation, &ignored, err));
    if (f->has & 1u << IMA_N && !e->legacy)
        PAWL_TRY(read_path(IMA_N, f->field[IMA_N], &f->path, err));
    if (f->has & 1u << IMA_N_NG)
        PAWL_TRY(read_path(IMA_N_NG, f->field[IMA_N_NG], &f->path, err));
    return pawl_ok();
}

static pawl_status read_legacy(const struct ima_entry *e, struct ima_fields *f,
                               struct pawl_err *err)
{
    f->has = 1u << IMA_D | 1u << IMA_N;
    f->field[IMA_D] = pawl_view(e->data.p, IMA_DIGEST);
    f->path = pawl_view(e->data.p + IMA_DIGEST + 4, e->data.n - IMA_DIGEST - 4);
    f->field[IMA_N] = f->path;
    if (f->path.n && memchr(f->path.p, 0, f->path.n))
        return pawl_fail(err, PAWL_E_FORM, "n", "holds a NUL");
    return pawl_ok();
}

static pawl_status read_fields(const struct ima_entry *e, struct ima_fields *ret,
                               struct pawl_err *err)
{
    enum ima_field order[IMA_FIELD_COUNT];
    struct pawl_rd r = pawl_rd_from(e->data);
    size_t         n;

    ima_template_fields(e->name, order, &n);
    if (n == 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "template_name", "no template that we know");
    for (size_t i = 0; i < n; i++) {
        uint32_t field_n = pawl_rd_u32_le(&r, fields[order[i]].id);
        ret->field[order[i]] = pawl_rd_bytes(&r, fields[order[i]].id, field_n);
        ret->has |= 1u << order[i];
    }
    return pawl_rd_end(&r, err);
}

pawl_status ima_fields_parse(const struct ima_entry *e, struct ima_fields *ret,
                             struct pawl_err *err)
{
    struct ima_fields f = { 0 };

    if (e->legacy)
        PAWL_TRY(read_legacy(e, &f, err));
    else
        PAWL_TRY(read_fields(e, &f, err));
    PAWL_TRY(understand(e, &f, err));
    *ret = f;
    return pawl_ok();
}
