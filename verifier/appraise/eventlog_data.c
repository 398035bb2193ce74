/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event data: what of it was measured, and how its variables and lists are read.
 *
 * Invariants
 *  1. The type of an event chooses only which bytes are tried; the digests decide.
 *  2. What a parser here returns lies inside the bytes that it was given, and each list is divided
 *     exactly: nothing is read twice, nothing left over (L9).
 */
#include "appraise/eventlog_data.h"

/* ---- what was measured ---------------------------------------------------------------------- */

static pawl_status is_measured(const struct eventlog *log, const struct eventlog_event *e,
                               const struct pawl_view *parts, size_t n, bool *ret,
                               struct pawl_err *err)
{
    *ret = false;
    for (size_t b = 0; b < log->bank_n; b++) {
        struct pawl_digest d;
        PAWL_TRY(pawl_hash(log->bank[b], parts, n, &d, err));
        if (!pawl_view_equal(pawl_digest_view(&d), eventlog_digest(log, e, b)))
            return pawl_ok();
    }
    *ret = true;
    return pawl_ok();
}

/* Tries bytes of the data unless others were found before. */
static pawl_status try_bytes(const struct eventlog *log, const struct eventlog_event *e,
                             struct pawl_view bytes, struct eventlog_measured *m,
                             struct pawl_err *err)
{
    bool good;

    if (m->belief)
        return pawl_ok();
    PAWL_TRY(is_measured(log, e, &bytes, 1, &good, err));
    if (good)
        *m = (struct eventlog_measured){ bytes.n == e->data.n ? BELIEF_WHOLE : BELIEF_PART, bytes };
    return pawl_ok();
}

static struct pawl_view without_head(struct pawl_view v, size_t n)
{
    return pawl_view(v.p + n, v.n - n);
}

static struct pawl_view without_last(struct pawl_view v)
{
    return pawl_view(v.p, v.n - 1);
}

/* What stands behind the first of these; all of it if there is none. */
static struct pawl_view behind(struct pawl_view v, const char *mark)
{
    size_t         n = strlen(mark);
    const uint8_t *at = v.n ? memmem(v.p, v.n, mark, n) : NULL;

    return at ? without_head(v, (size_t)(at - v.p) + n) : v;
}

/*
 * Loaders write what they like. GRUB hashes a command and puts a word in front of it in the log, of
 * which nothing was measured ("grub_cmd: ", "kernel_cmdline: ", older ones without the colon); it
 * hashes the zero at the end or not. An older systemd-boot hashed one zero more than it logged.
 */
static pawl_status try_loader(const struct eventlog *log, const struct eventlog_event *e,
                              struct eventlog_measured *m, struct pawl_err *err)
{
    static const uint8_t   zero[1];
    const struct pawl_view tries[] = { e->data, behind(e->data, ": "), behind(e->data, " ") };
    const struct pawl_view longer[] = { e->data, PAWL_VIEW_OF(zero) };
    bool                   good;

    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        PAWL_TRY(try_bytes(log, e, tries[i], m, err));
        if (tries[i].n && tries[i].p[tries[i].n - 1] == 0)
            PAWL_TRY(try_bytes(log, e, without_last(tries[i]), m, err));
    }
    if (m->belief)
        return pawl_ok();
    PAWL_TRY(is_measured(log, e, longer, 2, &good, err));
    if (good)
        *m = (struct eventlog_measured){ BELIEF_WHOLE, e->data };
    return pawl_ok();
}

/* The value alone, as most firmware measures it: then the name is somebody's word. */
static pawl_status try_value(const struct eventlog *log, const struct eventlog_event *e,
                             struct eventlog_measured *m, struct pawl_err *err)
{
    struct efi_variable v;
    struct pawl_err     no_variable;

    if (!pawl_is_ok(efi_variable_parse(e->data, &v, &no_variable)))
        return pawl_ok();
    return try_bytes(log, e, v.data, m, err);
}

/* Types whose digest is of something that the log does not hold: code, images, tables. */
static bool is_of_something_else(uint32_t type)
{
    static const uint32_t types[] = { EV_NO_ACTION,
                                      EV_EFI_BOOT_SERVICES_APPLICATION,
                                      EV_EFI_BOOT_SERVICES_DRIVER,
                                      EV_EFI_RUNTIME_SERVICES_DRIVER,
                                      0x00000001u, /* EV_POST_CODE */
                                      0x00000007u, /* EV_S_CRTM_CONTENTS */
                                      0x80000008u, /* EV_EFI_PLATFORM_FIRMWARE_BLOB and 2 */
                                      0x8000000au,
                                      0x80000009u, /* EV_EFI_HANDOFF_TABLES and 2 */
                                      0x8000000bu };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i] == type)
            return true;
    return false;
}

pawl_status eventlog_measured(const struct eventlog *log, const struct eventlog_event *e,
                              struct eventlog_measured *ret, struct pawl_err *err)
{
    struct eventlog_measured m = { 0 };

    if (is_of_something_else(e->type)) {
        *ret = m;
        return pawl_ok();
    }
    PAWL_TRY(e->type == EV_IPL ? try_loader(log, e, &m, err) : try_bytes(log, e, e->data, &m, err));
    /* shim until 2021 logged one byte more than it measured. */
    if (e->type == EV_EFI_VARIABLE_AUTHORITY && e->data.n)
        PAWL_TRY(try_bytes(log, e, without_last(e->data), &m, err));
    if (e->type == EV_EFI_VARIABLE_BOOT || e->type == EV_EFI_VARIABLE_BOOT2)
        PAWL_TRY(try_value(log, e, &m, err));
    *ret = m;
    return pawl_ok();
}

void eventlog_text(struct pawl_view bytes, char *ret, size_t cap)
{
    size_t step = bytes.n >= 2 && bytes.p[1] == 0 && (bytes.n < 4 || bytes.p[3] == 0) ? 2 : 1;
    size_t n = 0;

    while (bytes.n && bytes.p[bytes.n - 1] == 0)
        bytes.n--;
    for (size_t i = 0; i < bytes.n && n + 1 < cap; i += step) {
        bool plain = bytes.p[i] >= ' ' && bytes.p[i] <= '~' &&
                     (step == 1 || i + 1 >= bytes.n || bytes.p[i + 1] == 0);
        ret[n++] = plain ? (char)bytes.p[i] : '?';
    }
    ret[n] = '\0';
}

/* ---- EFI variables -------------------------------------------------------------------------- */

const uint8_t efi_global[EFI_GUID] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                       0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };
const uint8_t efi_security[EFI_GUID] = { 0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45,
                                         0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f };
const uint8_t efi_shim[EFI_GUID] = { 0x50, 0xab, 0x5d, 0x60, 0x46, 0xe0, 0x00, 0x43,
                                     0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23 };

pawl_status efi_variable_parse(struct pawl_view in, struct efi_variable *ret, struct pawl_err *err)
{
    struct pawl_rd      r = pawl_rd_from(in);
    struct efi_variable v = { .guid = pawl_rd_bytes(&r, "VariableName", EFI_GUID) };
    uint64_t            name_n = pawl_rd_u64_le(&r, "UnicodeNameLength");
    uint64_t            data_n = pawl_rd_u64_le(&r, "VariableDataLength");

    if (name_n > r.left / 2)
        pawl_rd_fail(&r, PAWL_E_SHORT, "UnicodeName");
    v.name = pawl_rd_bytes(&r, "UnicodeName", r.bad ? 0 : (size_t)name_n * 2);
    if (data_n > r.left) /* before it becomes a size_t, which may be shorter */
        pawl_rd_fail(&r, PAWL_E_SHORT, "VariableData");
    v.data = pawl_rd_bytes(&r, "VariableData", r.bad ? 0 : (size_t)data_n);
    PAWL_TRY(pawl_rd_end(&r, err));
    *ret = v;
    return pawl_ok();
}

bool efi_variable_is_named(const struct efi_variable *v, const char *ascii)
{
    size_t n = strlen(ascii);

    if (v->name.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (v->name.p[2 * i] != (uint8_t)ascii[i] || v->name.p[2 * i + 1] != 0)
            return false;
    return true;
}

/* ---- EFI signature lists -------------------------------------------------------------------- */

struct efi_signatures efi_signatures_from(struct pawl_view in)
{
    return (struct efi_signatures){ .all = pawl_rd_from(in) };
}

/* Every type that the specification has comes without a SignatureHeader, and none is known to need
 * one: a list that has one would be divided otherwise by others. */
static void begin_list(struct efi_signatures *s)
{
    enum { HEAD = EFI_GUID + 3 * 4 };
    struct pawl_rd *r = &s->all;

    s->type = pawl_rd_bytes(r, "SignatureType", EFI_GUID);
    uint32_t list_n = pawl_rd_u32_le(r, "SignatureListSize");
    uint32_t header_n = pawl_rd_u32_le(r, "SignatureHeaderSize");
    uint32_t size = pawl_rd_u32_le(r, "SignatureSize");
    if (list_n < HEAD)
        pawl_rd_fail(r, PAWL_E_RANGE, "SignatureListSize");
    if (header_n != 0)
        pawl_rd_fail(r, PAWL_E_RANGE, "SignatureHeaderSize");
    if (size <= EFI_GUID)
        pawl_rd_fail(r, PAWL_E_RANGE, "SignatureSize");
    if (!r->bad && (list_n - HEAD) % size != 0)
        pawl_rd_fail(r, PAWL_E_RANGE, "SignatureSize");
    s->list = pawl_rd_from(pawl_rd_bytes(r, "Signatures", r->bad ? 0 : list_n - HEAD));
    s->size = size;
}

bool efi_signatures_next(struct efi_signatures *s, struct efi_signature *ret)
{
    while (!s->all.bad && s->list.left == 0 && s->all.left)
        begin_list(s);
    if (s->all.bad || s->list.left == 0)
        return false;
    *ret = (struct efi_signature){ s->type, pawl_rd_bytes(&s->list, "Signature", s->size) };
    return true;
}

pawl_status efi_signatures_end(const struct efi_signatures *s, struct pawl_err *err)
{
    return pawl_rd_end(&s->all, err);
}

bool efi_signatures_hold(struct pawl_view lists, struct pawl_view entry)
{
    struct efi_signatures s = efi_signatures_from(lists);
    struct efi_signature  one;

    while (efi_signatures_next(&s, &one))
        if (pawl_view_equal(one.entry, entry))
            return true;
    return false;
}
