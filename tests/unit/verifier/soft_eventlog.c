/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_eventlog.h"

#include <string.h>

static uint8_t scratch[1024 * 1024];

static void wr_le(struct pawl_wr *w, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pawl_wr_u8(w, (uint8_t)(v >> 8 * i));
}

static struct pawl_view written(const struct pawl_wr *w)
{
    assert_false(w->full);
    return t_copy(pawl_view(w->p, w->n));
}

/* ---- parts ---------------------------------------------------------------------------------- */

struct soft_event soft_event(uint32_t pcr, uint32_t type, struct pawl_view data)
{
    return (struct soft_event){ pcr, type, t_copy(data), t_copy(data), type == EV_NO_ACTION };
}

struct soft_event soft_event_text(uint32_t pcr, uint32_t type, const char *text)
{
    return soft_event(pcr, type, pawl_view_str(text));
}

struct soft_event soft_event_line(uint32_t pcr, const char *words, const char *line)
{
    struct pawl_wr    w = pawl_wr_to(scratch, sizeof(scratch));
    struct soft_event e = { .pcr = pcr, .type = EV_IPL, .measured = t_copy(pawl_view_str(line)) };

    pawl_wr_bytes(&w, pawl_view_str(words));
    pawl_wr_bytes(&w, pawl_view(line, strlen(line) + 1));
    e.data = written(&w);
    return e;
}

struct pawl_view soft_variable(const uint8_t guid[EFI_GUID], const char *name,
                               struct pawl_view data)
{
    struct pawl_wr w = pawl_wr_to(scratch, sizeof(scratch));

    pawl_wr_bytes(&w, pawl_view(guid, EFI_GUID));
    wr_le(&w, strlen(name), 8);
    wr_le(&w, data.n, 8);
    for (const char *c = name; *c; c++)
        wr_le(&w, (uint8_t)*c, 2);
    pawl_wr_bytes(&w, data);
    return written(&w);
}

struct pawl_view soft_signature(uint8_t owner, struct pawl_view data)
{
    struct pawl_wr w = pawl_wr_to(scratch, sizeof(scratch));

    for (int i = 0; i < EFI_GUID; i++)
        pawl_wr_u8(&w, owner);
    pawl_wr_bytes(&w, data);
    return written(&w);
}

struct pawl_view soft_signature_list(const struct pawl_view *signature, size_t n)
{
    static const uint8_t x509[EFI_GUID] = { 0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
                                            0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72 };
    struct pawl_wr       w = pawl_wr_to(scratch, sizeof(scratch));

    pawl_wr_bytes(&w, PAWL_VIEW_OF(x509));
    wr_le(&w, 28 + n * signature[0].n, 4);
    wr_le(&w, 0, 4);
    wr_le(&w, signature[0].n, 4);
    for (size_t i = 0; i < n; i++)
        pawl_wr_bytes(&w, signature[i]);
    return written(&w);
}

/* ---- the list ------------------------------------------------------------------------------- */

size_t soft_eventlog_find(const struct soft_eventlog *log, uint32_t pcr, uint32_t type, size_t nth)
{
    for (size_t i = 0; i < log->n; i++)
        if (log->event[i].pcr == pcr && log->event[i].type == type && nth-- == 0)
            return i;
    fail_msg("no such event of PCR %u", (unsigned)pcr);
    return 0;
}

void soft_eventlog_insert(struct soft_eventlog *log, size_t at, struct soft_event e)
{
    assert_true(log->n < SOFT_EVENTS_MAX && at <= log->n);
    memmove(&log->event[at + 1], &log->event[at], (log->n - at) * sizeof(e));
    log->event[at] = e;
    log->n++;
}

void soft_eventlog_remove(struct soft_eventlog *log, size_t at)
{
    assert_true(at < log->n);
    log->n--;
    memmove(&log->event[at], &log->event[at + 1], (log->n - at) * sizeof(log->event[0]));
}

static void add(struct soft_eventlog *log, struct soft_event e)
{
    soft_eventlog_insert(log, log->n, e);
}

/* ---- a good boot ---------------------------------------------------------------------------- */

static void add_setting(struct soft_eventlog *log, const uint8_t guid[EFI_GUID], const char *name,
                        struct pawl_view data)
{
    add(log, soft_event(7, EV_EFI_VARIABLE_DRIVER_CONFIG, soft_variable(guid, name, data)));
}

static void add_settings(struct soft_eventlog *log)
{
    static const uint8_t   on[1] = { 1 };
    const struct pawl_view keys[] = { soft_signature(1, pawl_view_str("certificate A")),
                                      soft_signature(2, pawl_view_str("certificate B")) };

    add_setting(log, efi_global, "SecureBoot", PAWL_VIEW_OF(on));
    add_setting(log, efi_global, "PK", soft_signature_list(keys, 1));
    add_setting(log, efi_global, "KEK", soft_signature_list(keys, 1));
    add_setting(log, efi_security, "db", soft_signature_list(keys, 2));
    add_setting(log, efi_security, "dbx", soft_signature_list(keys + 1, 1));
    add(log, soft_event(7, EV_SEPARATOR, t_hex("00000000")));
}

/* An image: a path in the log, and the digest of something else. */
static void add_image(struct soft_eventlog *log, const char *path, const char *image)
{
    struct soft_event e = soft_event_text(4, EV_EFI_BOOT_SERVICES_APPLICATION, path);

    e.measured = t_copy(pawl_view_str(image));
    add(log, e);
}

static void add_shim(struct soft_eventlog *log)
{
    add(log, soft_event(7, EV_EFI_VARIABLE_AUTHORITY,
                        soft_variable(efi_security, "db",
                                      soft_signature(1, pawl_view_str("certificate A")))));
    add_image(log, "\\EFI\\BOOT\\BOOTX64.EFI", "shim");
    add(log, soft_event_line(14, "MokList", "the owner's keys"));
    add(log, soft_event(7, EV_EFI_VARIABLE_AUTHORITY,
                        soft_variable(efi_shim, "SbatLevel",
                                      pawl_view_str("sbat,1,2023012900\nshim,2\n"))));
    add(log, soft_event(7, EV_EFI_VARIABLE_AUTHORITY,
                        soft_variable(efi_shim, "Shim", pawl_view_str("certificate of shim"))));
}

struct soft_eventlog soft_eventlog_good(enum pawl_hash bank)
{
    struct soft_eventlog log = { .bank_n = 1, .bank = { bank } };

    add(&log, soft_event_text(0, 0x00000008u, "version 1"));
    add(&log, soft_event_line(0, "blob", "firmware"));
    log.event[1].type = 0x80000008u;
    add_settings(&log);
    for (uint32_t pcr = 0; pcr < 7; pcr++)
        add(&log, soft_event(pcr, EV_SEPARATOR, t_hex("00000000")));
    add_shim(&log);
    add_image(&log, "\\EFI\\BOOT\\grubx64.efi", "GRUB");
    add(&log, soft_event_line(8, "grub_cmd: ", "linux /vmlinuz root=/dev/sda1"));
    add_image(&log, "", "kernel");
    add(&log, soft_event_line(8, "kernel_cmdline: ", "/vmlinuz root=/dev/sda1"));
    add(&log, soft_event_text(5, EV_EFI_ACTION, "Exit Boot Services Invocation"));
    add(&log, soft_event_text(5, EV_EFI_ACTION, "Exit Boot Services Returned with Success"));
    return log;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

size_t soft_eventlog_header_n(const struct soft_eventlog *log)
{
    return log->legacy ? 0 : 32 + 29 + 4 * log->bank_n;
}

static void wr_header(struct pawl_wr *w, const struct soft_eventlog *log)
{
    wr_le(w, 0, 4);
    wr_le(w, EV_NO_ACTION, 4);
    for (int i = 0; i < 20; i++)
        pawl_wr_u8(w, 0);
    wr_le(w, 29 + 4 * log->bank_n, 4);
    pawl_wr_bytes(w, pawl_view("Spec ID Event03", 16));
    pawl_wr_bytes(w, t_hex("00000000 00 02 00 02"));
    wr_le(w, log->bank_n, 4);
    for (size_t b = 0; b < log->bank_n; b++) {
        wr_le(w, pawl_tpm_hash_id(log->bank[b]), 2);
        wr_le(w, pawl_hash_n(log->bank[b]), 2);
    }
    pawl_wr_u8(w, 0);
}

static void wr_digest(struct pawl_wr *w, const struct soft_event *e, enum pawl_hash hash)
{
    struct pawl_digest d = { .n = pawl_hash_n(hash) };
    struct pawl_err    err;

    if (!e->zeros)
        T_OK(pawl_hash(hash, &e->measured, 1, &d, &err), &err);
    pawl_wr_bytes(w, pawl_digest_view(&d));
}

struct pawl_view soft_eventlog_bytes(const struct soft_eventlog *log)
{
    struct pawl_wr w = pawl_wr_to(scratch, sizeof(scratch));

    if (!log->legacy)
        wr_header(&w, log);
    for (size_t i = 0; i < log->n; i++) {
        const struct soft_event *e = &log->event[i];
        wr_le(&w, e->pcr, 4);
        wr_le(&w, e->type, 4);
        if (!log->legacy)
            wr_le(&w, log->bank_n, 4);
        for (size_t b = 0; b < log->bank_n; b++) {
            if (!log->legacy)
                wr_le(&w, pawl_tpm_hash_id(log->bank[b]), 2);
            wr_digest(&w, e, log->bank[b]);
        }
        wr_le(&w, e->data.n, 4);
        pawl_wr_bytes(&w, e->data);
    }
    return written(&w);
}
