/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on a device and its TPM from a believed quote: one function for each thing that is
 * judged. What the device runs is judged in appraise_software.c.
 */
#include <inttypes.h>
#include <string.h>

#include "appraise/appraise.h"
#include "appraise/firmware.h"

/* Nobody excepts a device from being approved, or from being known. */
static void judge_identity(const struct known_device *k, struct verdict *v)
{
    v->approved = k->approved;
    v->cover[COVER_IDENTITY] = (struct covered){ .is = true };
    if (!k->has_certificate) {
        v->cover[COVER_IDENTITY] = (struct covered){ .why = REASON_NO_EK_CERT };
        verdict_find(v, REASON_NO_EK_CERT, "whose TPM this is stays open");
    } else if (k->approved) {
        verdict_worsen(&v->identity, AR4SI_RECOGNISED);
    }
    if (!k->approved) {
        verdict_worsen(&v->identity, AR4SI_NOT_RECOGNISED);
        verdict_find(v, REASON_AWAITS_APPROVAL, "state %s", k->state);
    }
}

static void judge_roots(const struct known_device *k, struct judging *j)
{
    if (!k->has_certificate)
        return;
    if (!k->lab)
        verdict_worsen(&j->v->hardware, AR4SI_RECOGNISED);
    else
        judging_note(j, REASON_LAB_TPM, "", "the EK's certificate ends at the lab's roots");
}

/* T1..T3. The record keeps the higher mark, so the finding stays until the TPM has passed it again
 * or the device was enrolled anew: a rolled back TPM does not become clean by a second look. */
static void judge_clock(const struct known_device *k, const struct pawl_clock *now,
                        struct judging *j, struct device_findings *ret)
{
    ret->went_back = k->has_clock && clock_went_back(&k->clock, now);
    if (ret->went_back)
        judging_fault(j, &j->v->identity, AR4SI_CONTRAINDICATED, REASON_TPM_WENT_BACK, "",
                      "reset %" PRIu32 ", restart %" PRIu32 ", clock %" PRIu64 " after %" PRIu32
                      ", %" PRIu32 ", %" PRIu64,
                      now->resets, now->restarts, now->clock_ms, k->clock.resets, k->clock.restarts,
                      k->clock.clock_ms);
}

/* T4. os_boot is the system's own word, so it accuses and never acquits. */
static void judge_boot(const struct known_device *k, const struct given_quote *q, struct judging *j)
{
    bool reset = k->has_clock && q->b.clock.resets != k->clock.resets;

    if (reset && pawl_view_equal(q->os_boot, PAWL_VIEW_OF(k->os_boot)))
        judging_fault(j, &j->v->configuration, AR4SI_UNSAFE, REASON_OS_BOOT_DIFFERS, "",
                      "the TPM was reset under a running system");
}

static const struct pawl_pcr_bank *bank_of(const struct pawl_pcr_selection *s, enum pawl_hash hash)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->bank[i].hash == hash)
            return &s->bank[i];
    return NULL;
}

static bool is_allocated(const struct pawl_pcr_selection *s, enum pawl_hash hash)
{
    const struct pawl_pcr_bank *b = bank_of(s, hash);

    return b && b->bits;
}

/* Q22: firmware that leaves a bank alone leaves it to whoever comes later. The tenant's set speaks
 * of its own banks only, a whole selection of all of them. */
static void judge_banks(const struct known_device *k, const struct given_quote *q,
                        struct judging *j)
{
    for (int h = PAWL_SHA1; h < PAWL_HASH_COUNT; h++) {
        enum pawl_hash hash = (enum pawl_hash)h;
        const char    *name = pawl_hash_name(hash);
        bool           now = is_allocated(&q->b.pcrs, hash);
        if (!q->all && !bank_of(&q->b.pcrs, hash))
            continue;
        if (now == is_allocated(&k->banks, hash))
            continue;
        judging_fault(j, &j->v->configuration, AR4SI_CONTRAINDICATED, REASON_BANKS_CHANGED, name,
                      "%s is %s, at enrolment it was %s", name, now ? "there" : "missing",
                      now ? "missing" : "there");
    }
}

static bool is_zero(const struct pawl_digest *d)
{
    static const uint8_t zero[PAWL_HASH_MAX];

    return pawl_view_equal(pawl_digest_view(d), pawl_view(zero, d->n));
}

/* T6: a resume that lost the measurements looks like a TPM that nobody measured into. */
static void judge_pcr0(const struct known_device *k, const struct given_quote *q, struct judging *j,
                       struct device_findings *ret)
{
    for (size_t i = 0; k->select && q->has_values && i < q->b.pcrs.n; i++) {
        enum pawl_hash            hash = q->b.pcrs.bank[i].hash;
        const struct pawl_digest *was = pawl_pcr_value(k->select, k->values, hash, 0);
        const struct pawl_digest *is = pawl_pcr_value(&q->b.pcrs, &q->values, hash, 0);
        if (!was || !is || is_zero(was) || !is_zero(is))
            continue;
        ret->pcr0_lost = true;
        judging_fault(j, &j->v->hardware, AR4SI_CONTRAINDICATED, REASON_PCR0_EMPTY,
                      pawl_hash_name(hash), "%s:0 is zero", pawl_hash_name(hash));
    }
}

/* K21: "id:00490008" in the certificate is the upper half of the quote's firmwareVersion. A field
 * upgrade changes it too: a note, for people. */
static void judge_firmware(const struct known_device *k, const struct pawl_clock *now,
                           struct judging *j)
{
    uint32_t upper = (uint32_t)(now->firmware >> 32);
    uint32_t certified;

    if (firmware_of_certificate(k->firmware_cert, &certified) && certified != upper)
        judging_note(j, REASON_FIRMWARE_DIFFERS, "",
                     "the quote says %08" PRIX32 ", the certificate %s", upper, k->firmware_cert);
}

/* K17..K19. The firmware is genuine, and what it keeps may not be safe in it: a warning, which an
 * update ends. */
static void judge_advisories(const struct known_device *k, uint64_t firmware, struct judging *j)
{
    const struct firmware_advisory *a = NULL;
    char                            is[FIRMWARE_TEXT], good[FIRMWARE_TEXT];

    while ((a = firmware_advisory_next(a, k->manufacturer, firmware, firmware))) {
        firmware_text(firmware, is);
        firmware_text(a->good, good);
        judging_fault(j, &j->v->hardware, AR4SI_UNSAFE, REASON_FIRMWARE_ADVISORY, a->number,
                      "%s: %s is affected, %s is not", a->number, is, good);
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

uint64_t appraise_took_ms(struct pawl_view nonce, int64_t came_ms)
{
    uint64_t given_ms = 0;

    if (nonce.n != PAWL_NONCE || came_ms < 0)
        return 0;
    for (size_t i = 0; i < 6; i++)
        given_ms = given_ms << 8 | nonce.p[i];
    return given_ms < (uint64_t)came_ms ? (uint64_t)came_ms - given_ms : 0;
}

void appraise_device(const struct known_device *k, const struct given_quote *q, struct judging *j,
                     struct device_findings *ret)
{
    *ret = (struct device_findings){ 0 };
    judge_identity(k, j->v);
    judge_clock(k, &q->b.clock, j, ret);
    judge_pcr0(k, q, j, ret);
    judge_banks(k, q, j);
    judge_firmware(k, &q->b.clock, j);
    judge_advisories(k, q->b.clock.firmware, j);
    judge_boot(k, q, j);
    judge_roots(k, j);
}
