/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event log, from bytes to events.
 *
 * Invariants
 *  1. A log has one form: each event carries exactly the digests that the header promised, each
 *     once and of its length (L7). Nobody else may read something else out of the same bytes.
 *  2. Lengths are held against what is left; nothing is allocated by a number that the log says
 *     (L8).
 *  3. The first event alone may say what kind of log this is (L14).
 */
#include "appraise/eventlog.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LEGACY_EVENT_MIN = 4 + 4 + 20 + 4, /* the shortest event that there is */
    SIGNATURE = 16
};

/* TCG_EfiSpecIdEvent.digestSizes: each algorithm of the log. */
struct alg {
    uint16_t id;
    uint16_t n;
    size_t   bank; /* its index in eventlog.bank; PAWL_PCR_BANKS_MAX for an unknown hash */
};

struct spec {
    uint32_t   alg_n;
    struct alg alg[EVENTLOG_ALGS_MAX];
};

/* What was read so far. */
static pawl_status so_far(const struct pawl_rd *r, struct pawl_err *err)
{
    return r->bad ? pawl_rd_end(r, err) : pawl_ok();
}

void eventlog_done(struct eventlog *log)
{
    free(log->event);
    *log = (struct eventlog){ 0 };
}

struct pawl_view eventlog_digest(const struct eventlog *log, const struct eventlog_event *e,
                                 size_t bank)
{
    return pawl_view(e->digest[bank], e->digest[bank] ? pawl_hash_n(log->bank[bank]) : 0);
}

/* ---- the header ----------------------------------------------------------------------------- */

static const char spec_id[SIGNATURE] = "Spec ID Event03";

static bool has_signature(struct pawl_view data, const char *signature, size_t n)
{
    return data.n >= n && memcmp(data.p, signature, n) == 0;
}

static pawl_status add_alg(struct eventlog *log, struct spec *spec, uint16_t id, uint16_t n,
                           struct pawl_err *err)
{
    enum pawl_hash hash = pawl_tpm_hash(id);
    struct alg    *a = &spec->alg[spec->alg_n];

    *a = (struct alg){ .id = id, .n = n, .bank = PAWL_PCR_BANKS_MAX };
    for (uint32_t i = 0; i < spec->alg_n; i++)
        if (spec->alg[i].id == id)
            return pawl_fail(err, PAWL_E_FORM, "digestSizes.algorithmId", "0x%04x is there twice",
                             (unsigned)id);
    if (hash ? n != pawl_hash_n(hash) : n == 0 || n > PAWL_HASH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "digestSizes.digestSize",
                         "0x%04x does not have %u bytes", (unsigned)id, (unsigned)n);
    spec->alg_n++;
    if (hash) {
        a->bank = log->bank_n;
        log->bank[log->bank_n++] = hash;
    }
    return pawl_ok();
}

/* TCG_EfiSpecIdEvent, which says that a crypto-agile log follows. */
static pawl_status read_spec(struct pawl_view data, struct eventlog *log, struct spec *spec,
                             struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(data);

    pawl_rd_bytes(&r, "signature", SIGNATURE);
    pawl_rd_u32_le(&r, "platformClass");
    pawl_rd_bytes(&r, "specVersion", 3);
    pawl_rd_u8(&r, "uintnSize");
    uint32_t n = pawl_rd_u32_le(&r, "numberOfAlgorithms");
    PAWL_TRY(so_far(&r, err));
    if (n == 0 || n > EVENTLOG_ALGS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "numberOfAlgorithms", "is %u, 1 to %d are taken",
                         (unsigned)n, EVENTLOG_ALGS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        uint16_t id = pawl_rd_u16_le(&r, "digestSizes.algorithmId");
        uint16_t size = pawl_rd_u16_le(&r, "digestSizes.digestSize");
        PAWL_TRY(so_far(&r, err));
        PAWL_TRY(add_alg(log, spec, id, size, err));
    }
    pawl_rd_bytes(&r, "vendorInfo", pawl_rd_u8(&r, "vendorInfoSize"));
    PAWL_TRY(pawl_rd_end(&r, err));
    if (log->bank_n == 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "digestSizes",
                         "holds no hash of SHA-1, SHA-256, SHA-384, SHA-512");
    return pawl_ok();
}

/* ---- events --------------------------------------------------------------------------------- */

/* TPML_DIGEST_VALUES: the algorithms of the header in any order, each once (L7). */
static pawl_status read_digests(struct pawl_rd *r, const struct spec *spec,
                                struct eventlog_event *e, struct pawl_err *err)
{
    uint32_t n = pawl_rd_u32_le(r, "digests.count");
    unsigned seen = 0;

    PAWL_TRY(so_far(r, err));
    if (n != spec->alg_n)
        return pawl_fail(err, PAWL_E_FORM, "digests.count", "is %u, the header has %u algorithms",
                         (unsigned)n, (unsigned)spec->alg_n);
    for (uint32_t i = 0; i < n; i++) {
        uint16_t id = pawl_rd_u16_le(r, "digests.hashAlg");
        uint32_t k = 0;
        PAWL_TRY(so_far(r, err));
        while (k < spec->alg_n && spec->alg[k].id != id)
            k++;
        if (k == spec->alg_n || seen & 1u << k)
            return pawl_fail(err, PAWL_E_FORM, "digests.hashAlg", "0x%04x is %s", (unsigned)id,
                             k == spec->alg_n ? "not in the header" : "there twice");
        seen |= 1u << k;
        struct pawl_view digest = pawl_rd_bytes(r, "digests.digest", spec->alg[k].n);
        if (spec->alg[k].bank < PAWL_PCR_BANKS_MAX)
            e->digest[spec->alg[k].bank] = digest.p;
    }
    return so_far(r, err);
}

/* One event; without a spec in the form that legacy logs and every header have. */
static pawl_status read_event(struct pawl_rd *r, const struct spec *spec,
                              struct eventlog_event *ret, struct pawl_err *err)
{
    struct eventlog_event e = { .pcr = pawl_rd_u32_le(r, "pcrIndex"),
                                .type = pawl_rd_u32_le(r, "eventType") };

    if (spec)
        PAWL_TRY(read_digests(r, spec, &e, err));
    else
        e.digest[0] = pawl_rd_bytes(r, "digest", 20).p;
    e.data = pawl_rd_bytes(r, "event", pawl_rd_u32_le(r, "eventSize"));
    PAWL_TRY(so_far(r, err));
    if (e.pcr >= PAWL_PCRS && !(e.pcr == EVENTLOG_NO_PCR && e.type == EV_NO_ACTION))
        return pawl_fail(err, PAWL_E_RANGE, "pcrIndex", "is 0x%x, a TPM has PCRs 0 to %d",
                         (unsigned)e.pcr, PAWL_PCRS - 1);
    *ret = e;
    return pawl_ok();
}

static bool is_header(const struct eventlog_event *e)
{
    return e->type == EV_NO_ACTION && has_signature(e->data, "Spec ID Event", 13);
}

static pawl_status add_event(struct pawl_rd *r, const struct spec *spec, struct eventlog *log,
                             struct pawl_err *err)
{
    struct eventlog_event *e = &log->event[log->event_n];

    if (log->event_n == EVENTLOG_EVENTS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "pcrIndex", "a log has at most %d events",
                         EVENTLOG_EVENTS_MAX);
    PAWL_TRY(read_event(r, spec, e, err));
    if (is_header(e) && log->event_n > 0)
        return pawl_fail(err, PAWL_E_FORM, "event", "a header stands in the middle of the log");
    log->event_n++;
    return pawl_ok();
}

/* The first event, which decides what the others look like. */
static pawl_status begin(struct pawl_rd *r, struct eventlog *log, struct spec *spec,
                         struct pawl_err *err)
{
    PAWL_TRY(add_event(r, NULL, log, err));
    struct eventlog_event *e = &log->event[0];
    log->legacy = e->type != EV_NO_ACTION || !has_signature(e->data, spec_id, sizeof(spec_id));
    if (log->legacy) {
        log->bank[log->bank_n++] = PAWL_SHA1;
        return pawl_ok();
    }
    e->digest[0] = NULL; /* it has a place for one, of no bank */
    return read_spec(e->data, log, spec, err);
}

static pawl_status read_events(struct pawl_view in, struct eventlog *log, struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(in);
    struct spec    spec = { 0 };

    PAWL_TRY(pawl_under(err, "events[0]", begin(&r, log, &spec, err)));
    while (r.left) {
        pawl_status s = add_event(&r, log->legacy ? NULL : &spec, log, err);
        if (!pawl_is_ok(s)) {
            char number[40];
            snprintf(number, sizeof(number), "events[%zu]", log->event_n);
            return pawl_under(err, number, s);
        }
    }
    return pawl_ok();
}

pawl_status eventlog_parse(struct pawl_view in, struct eventlog *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
    size_t                                      most = in.n / LEGACY_EVENT_MIN + 1;

    if (in.n > EVENTLOG_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "eventlog", "has more than %d bytes", EVENTLOG_MAX);
    if (most > EVENTLOG_EVENTS_MAX)
        most = EVENTLOG_EVENTS_MAX;
    log.event = malloc(most * sizeof(log.event[0]));
    if (!log.event)
        return pawl_fail(err, PAWL_E_MEMORY, "eventlog", "no memory for %zu events", most);
    PAWL_TRY(read_events(in, &log, err));
    *ret = log;
    log = (struct eventlog){ 0 };
    return pawl_ok();
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *eventlog_type_name(uint32_t type)
{
    static const struct {
        uint32_t    type;
        const char *name;
    } types[] = {
        { 0x00000000u, "EV_PREBOOT_CERT" },
        { 0x00000001u, "EV_POST_CODE" },
        { 0x00000002u, "EV_UNUSED" },
        { EV_NO_ACTION, "EV_NO_ACTION" },
        { EV_SEPARATOR, "EV_SEPARATOR" },
        { EV_ACTION, "EV_ACTION" },
        { 0x00000006u, "EV_EVENT_TAG" },
        { 0x00000007u, "EV_S_CRTM_CONTENTS" },
        { 0x00000008u, "EV_S_CRTM_VERSION" },
        { 0x00000009u, "EV_CPU_MICROCODE" },
        { 0x0000000au, "EV_PLATFORM_CONFIG_FLAGS" },
        { 0x0000000bu, "EV_TABLE_OF_DEVICES" },
        { 0x0000000cu, "EV_COMPACT_HASH" },
        { EV_IPL, "EV_IPL" },
        { 0x0000000eu, "EV_IPL_PARTITION_DATA" },
        { 0x0000000fu, "EV_NONHOST_CODE" },
        { 0x00000010u, "EV_NONHOST_CONFIG" },
        { 0x00000011u, "EV_NONHOST_INFO" },
        { 0x00000012u, "EV_OMIT_BOOT_DEVICE_EVENTS" },
        { EV_EFI_VARIABLE_DRIVER_CONFIG, "EV_EFI_VARIABLE_DRIVER_CONFIG" },
        { EV_EFI_VARIABLE_BOOT, "EV_EFI_VARIABLE_BOOT" },
        { EV_EFI_BOOT_SERVICES_APPLICATION, "EV_EFI_BOOT_SERVICES_APPLICATION" },
        { EV_EFI_BOOT_SERVICES_DRIVER, "EV_EFI_BOOT_SERVICES_DRIVER" },
        { EV_EFI_RUNTIME_SERVICES_DRIVER, "EV_EFI_RUNTIME_SERVICES_DRIVER" },
        { 0x80000006u, "EV_EFI_GPT_EVENT" },
        { EV_EFI_ACTION, "EV_EFI_ACTION" },
        { 0x80000008u, "EV_EFI_PLATFORM_FIRMWARE_BLOB" },
        { 0x80000009u, "EV_EFI_HANDOFF_TABLES" },
        { 0x8000000au, "EV_EFI_PLATFORM_FIRMWARE_BLOB2" },
        { 0x8000000bu, "EV_EFI_HANDOFF_TABLES2" },
        { EV_EFI_VARIABLE_BOOT2, "EV_EFI_VARIABLE_BOOT2" },
        { 0x8000000du, "EV_EFI_GPT_EVENT2" },
        { 0x80000010u, "EV_EFI_HCRTM_EVENT" },
        { EV_EFI_VARIABLE_AUTHORITY, "EV_EFI_VARIABLE_AUTHORITY" },
        { 0x800000e1u, "EV_EFI_SPDM_FIRMWARE_BLOB" },
        { 0x800000e2u, "EV_EFI_SPDM_FIRMWARE_CONFIG" },
        { EV_EFI_SPDM_DEVICE_POLICY, "EV_EFI_SPDM_DEVICE_POLICY" },
        { EV_EFI_SPDM_DEVICE_AUTHORITY, "EV_EFI_SPDM_DEVICE_AUTHORITY" },
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].type == type)
            return types[i].name;
    return NULL;
}
