/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays an event log bank by bank and holds it against quoted values.
 *
 * Invariants
 *  1. Only digests decide: type and data of an event were never measured as such (L3). The two
 *     exceptions extend nothing (EV_NO_ACTION) or are held against the quote with what they claim
 *     (StartupLocality, ExitBootServices).
 *  2. Every quoted bank has to agree. One that the firmware left alone could be filled by anybody.
 *  3. Nothing is read out of the order of events of different PCRs: no quote covers it (L15).
 */
#include "appraise/eventlog_replay.h"

#include <stdio.h>
#include <string.h>

enum { IMAGES_PCR = 4, EBS_PCR = 5, SECURE_BOOT_PCR = 7, DRTM_FIRST = 17, DRTM_LAST = 22 };

/* What a late launch resets is all ones until then. */
static struct pawl_digest reset_value(enum pawl_hash hash, unsigned pcr)
{
    struct pawl_digest d = { .n = pawl_hash_n(hash) };

    if (pcr >= DRTM_FIRST && pcr <= DRTM_LAST)
        memset(d.b, 0xff, d.n);
    return d;
}

static pawl_status extend(enum pawl_hash hash, struct pawl_digest *pcr, struct pawl_view digest,
                          struct pawl_err *err)
{
    const struct pawl_view parts[] = { pawl_digest_view(pcr), digest };

    return pawl_hash(hash, parts, 2, pcr, err);
}

/* ---- replay --------------------------------------------------------------------------------- */

static const char locality_signature[16] = "StartupLocality";

static bool is_locality(const struct eventlog_event *e)
{
    return e->type == EV_NO_ACTION && e->data.n >= sizeof(locality_signature) &&
           memcmp(e->data.p, locality_signature, sizeof(locality_signature)) == 0;
}

/* TCG_EfiStartupLocalityEvent: PCR 0 begins with the locality that started the TPM. It is believed
 * because PCR 0 would not agree with the quote otherwise. */
static pawl_status set_locality(const struct eventlog_event *e, bool *seen, struct eventlog_pcrs *p,
                                struct pawl_err *err)
{
    uint8_t locality = e->data.p[e->data.n - 1];

    if (e->data.n != sizeof(locality_signature) + 1)
        return pawl_fail(err, PAWL_E_FORM, "startupLocality", "has %zu bytes, not 1",
                         e->data.n - sizeof(locality_signature));
    if (*seen || e->pcr != 0 || p->bank[0].extended & 1)
        return pawl_fail(err, PAWL_E_FORM, "startupLocality",
                         "is not the one event of PCR 0 before all that it measures");
    if (locality != 0 && locality != 3 && locality != 4)
        return pawl_fail(err, PAWL_E_RANGE, "startupLocality", "is %u, not 0, 3 or 4",
                         (unsigned)locality);
    for (size_t b = 0; b < p->bank_n; b++) {
        struct pawl_digest *pcr0 = &p->bank[b].pcr[0];
        pcr0->b[pcr0->n - 1] = locality;
    }
    *seen = true;
    return pawl_ok();
}

static pawl_status extend_all(const struct eventlog *log, const struct eventlog_event *e,
                              struct eventlog_pcrs *p, struct pawl_err *err)
{
    for (size_t b = 0; b < log->bank_n; b++) {
        struct eventlog_bank *bank = &p->bank[b];
        PAWL_TRY(extend(bank->hash, &bank->pcr[e->pcr], eventlog_digest(log, e, b), err));
        bank->extended |= 1u << e->pcr;
    }
    return pawl_ok();
}

static struct eventlog_pcrs reset_values(const struct eventlog *log)
{
    struct eventlog_pcrs p = { .bank_n = log->bank_n };

    for (size_t b = 0; b < log->bank_n; b++) {
        p.bank[b].hash = log->bank[b];
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            p.bank[b].pcr[pcr] = reset_value(log->bank[b], pcr);
    }
    return p;
}

pawl_status eventlog_replay(const struct eventlog *log, struct eventlog_pcrs *ret,
                            struct pawl_err *err)
{
    struct eventlog_pcrs p = reset_values(log);
    bool                 locality_seen = false;

    for (size_t i = 0; i < log->event_n; i++) {
        const struct eventlog_event *e = &log->event[i];
        pawl_status                  s = pawl_ok();
        if (is_locality(e))
            s = set_locality(e, &locality_seen, &p, err);
        else if (e->type != EV_NO_ACTION)
            s = extend_all(log, e, &p, err);
        if (!pawl_is_ok(s)) {
            char number[40];
            snprintf(number, sizeof(number), "events[%zu]", i);
            return pawl_under(err, number, s);
        }
    }
    *ret = p;
    return pawl_ok();
}

/* ---- ExitBootServices (L13) ----------------------------------------------------------------- */

/*
 * The last two events come after the loader fetched the log. They reach the system by a table of
 * their own, which some firmware does not have, and which some systems add to a log that has them
 * already. Both are known words, and the quote decides.
 */
enum { EBS_WORDS = 2 };
static const char *const ebs_words[EBS_WORDS] = { "Exit Boot Services Invocation",
                                                  "Exit Boot Services Returned with Success" };

/* Which of the words an event of PCR 5 is; EBS_WORDS for none. */
static size_t ebs_word(const struct eventlog_event *e)
{
    size_t i = 0;

    if (e->type != EV_EFI_ACTION)
        return EBS_WORDS;
    while (i < EBS_WORDS && !pawl_view_equal(e->data, pawl_view_str(ebs_words[i])))
        i++;
    return i;
}

static pawl_status extend_words(enum pawl_hash hash, struct pawl_digest *pcr, struct pawl_err *err)
{
    for (size_t i = 0; i < EBS_WORDS; i++) {
        const struct pawl_view text = pawl_view_str(ebs_words[i]);
        struct pawl_digest     word;
        PAWL_TRY(pawl_hash(hash, &text, 1, &word, err));
        PAWL_TRY(extend(hash, pcr, pawl_digest_view(&word), err));
    }
    return pawl_ok();
}

/* PCR 5 with each of both events once. */
static pawl_status with_ebs_once(const struct eventlog *log, size_t bank, struct pawl_digest *ret,
                                 struct pawl_err *err)
{
    enum pawl_hash               hash = log->bank[bank];
    struct pawl_digest           pcr = reset_value(hash, EBS_PCR);
    const struct eventlog_event *seen[EBS_WORDS + 1] = { 0 };

    for (size_t i = 0; i < log->event_n; i++) {
        const struct eventlog_event *e = &log->event[i];
        if (e->pcr != EBS_PCR || e->type == EV_NO_ACTION)
            continue;
        size_t                       word = ebs_word(e);
        const struct eventlog_event *before = word < EBS_WORDS ? seen[word] : NULL;
        if (before &&
            pawl_view_equal(eventlog_digest(log, before, bank), eventlog_digest(log, e, bank)))
            continue;
        seen[word] = e;
        PAWL_TRY(extend(hash, &pcr, eventlog_digest(log, e, bank), err));
    }
    if (!seen[0] && !seen[1])
        PAWL_TRY(extend_words(hash, &pcr, err));
    *ret = pcr;
    return pawl_ok();
}

/* ---- comparison ----------------------------------------------------------------------------- */

static bool same(const struct pawl_digest *a, const struct pawl_digest *b)
{
    return pawl_view_equal(pawl_digest_view(a), pawl_digest_view(b));
}

/* The beginning of a digest, as much as a person compares. */
static const char *brief(const struct pawl_digest *d, char ret[20])
{
    struct pawl_err ignored;

    if (!pawl_is_ok(pawl_hex_write(pawl_view(d->b, d->n < 8 ? d->n : 8), ret, 20, &ignored)))
        *ret = '\0';
    return ret;
}

static pawl_status compare_pcr(const struct eventlog *log, const struct eventlog_pcrs *replayed,
                               size_t bank, unsigned pcr, const struct pawl_digest *quoted,
                               struct failures *f, bool *ret_same, struct pawl_err *err)
{
    const struct eventlog_bank *b = &replayed->bank[bank];
    const char                 *name = pawl_hash_name(b->hash);
    bool                        has_events = b->extended >> pcr & 1;
    struct pawl_digest          repaired;
    char                        want[20], got[20];

    *ret_same = same(&b->pcr[pcr], quoted);
    if (!*ret_same && pcr == EBS_PCR && has_events) {
        PAWL_TRY(with_ebs_once(log, bank, &repaired, err));
        *ret_same = same(&repaired, quoted);
    }
    if (*ret_same)
        return pawl_ok();
    if (has_events)
        failure_add(f, "L1", FAILURE_WHOLE, "the log leads to the quoted value of each PCR",
                    "%s:%u is %s.. in the quote, and %s.. by the log", name, pcr,
                    brief(quoted, got), brief(&b->pcr[pcr], want));
    else
        failure_add(f, "L2", FAILURE_WHOLE, "a PCR without events has its reset value",
                    "%s:%u is %s.. in the quote, and no event measured into it", name, pcr,
                    brief(quoted, got));
    return pawl_ok();
}

static void refuse_bank(const struct eventlog *log, enum pawl_hash hash, struct failures *f)
{
    if (log->legacy)
        failure_add(f, "L14", FAILURE_WHOLE, "a log with every quoted bank",
                    "a SHA-1 log, and %s is quoted", pawl_hash_name(hash));
    else
        failure_add(f, "L1", FAILURE_WHOLE, "a log with every quoted bank",
                    "the log has no %s, which is quoted", pawl_hash_name(hash));
}

/* Bits of PCRs. One that some banks were quoted without is held against the others. */
struct compared {
    uint32_t same, differ;
};

static pawl_status compare_bank(const struct eventlog *log, const struct eventlog_pcrs *replayed,
                                const struct eventlog_quoted *q, const struct pawl_pcr_bank *quoted,
                                struct failures *f, struct compared *c, struct pawl_err *err)
{
    size_t bank = 0;

    while (bank < log->bank_n && log->bank[bank] != quoted->hash)
        bank++;
    if (bank == log->bank_n) {
        refuse_bank(log, quoted->hash, f);
        c->differ = q->mask;
        return pawl_ok();
    }
    for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
        const struct pawl_digest *value = pawl_pcr_value(q->select, q->values, quoted->hash, pcr);
        bool                      agrees;
        if (!(q->mask >> pcr & 1) || !value)
            continue;
        PAWL_TRY(compare_pcr(log, replayed, bank, pcr, value, f, &agrees, err));
        *(agrees ? &c->same : &c->differ) |= 1u << pcr;
    }
    return pawl_ok();
}

pawl_status eventlog_compare(const struct eventlog *log, const struct eventlog_pcrs *replayed,
                             const struct eventlog_quoted *q, struct failures *f,
                             uint32_t *ret_same, struct pawl_err *err)
{
    struct compared c = { 0 };
    bool            any = false;

    for (size_t i = 0; i < q->select->n; i++) {
        const struct pawl_pcr_bank *quoted = &q->select->bank[i];
        if (!(quoted->bits & q->mask)) /* a bank that this TPM does not have (Q22) */
            continue;
        any = true;
        PAWL_TRY(compare_bank(log, replayed, q, quoted, f, &c, err));
    }
    if (!any)
        failure_add(f, "L1", FAILURE_WHOLE, "a quote of PCRs that the log explains", "none");
    uint32_t same_pcrs = c.same & ~c.differ;
    /* An old image that is signed as well as the present one leaves PCR 7 as it was. */
    if (same_pcrs & 1u << SECURE_BOOT_PCR && !(same_pcrs & 1u << IMAGES_PCR))
        failure_warn(f, "L10a", FAILURE_WHOLE, "PCR 4 beside PCR 7, to tell which image started",
                     "PCR 7 alone");
    *ret_same = same_pcrs;
    return pawl_ok();
}
