/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on a device from its believed quote: one function for each thing that is judged. */

#include "flow/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/firmware.h"
#include "flow/memory.h"
#include "flow/request.h"
#include "flow/why.h"

static void judge_identity(const struct device *d, struct verdict *v)
{
    v->approved = d->state == DEVICE_ACTIVE;
    if (v->approved) {
        verdict_worsen(&v->identity, AR4SI_RECOGNISED);
        return;
    }
    verdict_worsen(&v->identity, AR4SI_NOT_RECOGNISED);
    verdict_find(v, REASON_AWAITS_APPROVAL, "state %s", device_state_name(d->state));
}

static void judge_roots(const struct device *d, struct verdict *v)
{
    if (d->roots == ROOTS_VENDOR)
        verdict_worsen(&v->hardware, AR4SI_RECOGNISED);
    else
        verdict_find(v, REASON_LAB_TPM, "the EK's certificate ends at the lab's roots");
}

/* T1..T3. The record keeps the higher mark, so the finding stays until the TPM has passed it again
 * or the device was enrolled anew: a rolled back TPM does not become clean by a second look. */
static void judge_clock(const struct device *d, const struct pawl_clock *now, struct judgement *j)
{
    j->went_back = clock_went_back(&d->clock, now);
    if (!j->went_back)
        return;
    verdict_worsen(&j->v.identity, AR4SI_CONTRAINDICATED);
    verdict_find(&j->v, REASON_TPM_WENT_BACK,
                 "reset %" PRIu32 ", restart %" PRIu32 ", clock %" PRIu64 " after %" PRIu32
                 ", %" PRIu32 ", %" PRIu64,
                 now->resets, now->restarts, now->clock_ms, d->clock.resets, d->clock.restarts,
                 d->clock.clock_ms);
}

/* T4. os_boot is the system's own word, so it accuses and never acquits. A new boot without a
 * reset of the TPM is what kexec and some boards do: noted, not judged. */
static void judge_boot(const struct device *d, const struct evidence *ev,
                       const struct pawl_clock *now, struct verdict *v)
{
    bool reset = now->resets != d->clock.resets;
    bool restart = now->restarts != d->clock.restarts;
    bool boot = !pawl_view_equal(ev->a1.os_boot, PAWL_VIEW_OF(d->os_boot));

    if (reset && !boot) {
        verdict_worsen(&v->configuration, AR4SI_UNSAFE);
        verdict_find(v, REASON_OS_BOOT_DIFFERS, "the TPM was reset under a running system");
    } else if (boot && !reset && !restart) {
        verdict_find(v, REASON_OS_BOOT_DIFFERS, "the system booted and the TPM was not reset");
    }
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
static void judge_banks(const struct device *d, const struct quoted *q, struct verdict *v)
{
    for (int h = PAWL_SHA1; h < PAWL_HASH_COUNT; h++) {
        enum pawl_hash hash = (enum pawl_hash)h;
        bool           now = is_allocated(&q->b.pcrs, hash);
        if (!q->all && !bank_of(&q->b.pcrs, hash))
            continue;
        if (now == is_allocated(&d->banks, hash))
            continue;
        verdict_worsen(&v->configuration, AR4SI_CONTRAINDICATED);
        verdict_find(v, REASON_BANKS_CHANGED, "%s is %s, at enrolment it was %s",
                     pawl_hash_name(hash), now ? "there" : "missing", now ? "missing" : "there");
    }
}

static bool is_zero(const struct pawl_digest *d)
{
    static const uint8_t zero[PAWL_HASH_MAX];

    return pawl_view_equal(pawl_digest_view(d), pawl_view(zero, d->n));
}

/* T6: a resume that lost the measurements looks like a TPM that nobody measured into. */
static void judge_pcr0(const struct snapshot *before, const struct quoted *q, struct judgement *j)
{
    for (size_t i = 0; before && q->has_values && i < q->b.pcrs.n; i++) {
        enum pawl_hash            hash = q->b.pcrs.bank[i].hash;
        const struct pawl_digest *was = pawl_pcr_value(&before->select, &before->values, hash, 0);
        const struct pawl_digest *is = pawl_pcr_value(&q->b.pcrs, &q->values, hash, 0);
        if (!was || !is || is_zero(was) || !is_zero(is))
            continue;
        j->pcr0_lost = true;
        verdict_worsen(&j->v.hardware, AR4SI_CONTRAINDICATED);
        verdict_find(&j->v, REASON_PCR0_EMPTY, "%s:0 is zero", pawl_hash_name(hash));
    }
}

/* K21: "id:00490008" in the certificate is the upper half of the quote's firmwareVersion. A field
 * upgrade changes it too: a note, for people. */
static void judge_firmware(const struct device *d, const struct pawl_clock *now, struct verdict *v)
{
    uint32_t upper = (uint32_t)(now->firmware >> 32);
    uint32_t certified;

    if (firmware_of_certificate(d->firmware_cert, &certified) && certified != upper)
        verdict_find(v, REASON_FIRMWARE_DIFFERS, "the quote says %08" PRIX32 ", the certificate %s",
                     upper, d->firmware_cert);
}

/* The firmware is genuine, and what it keeps may not be safe in it: a warning, which an update
 * ends. */
void judge_advisories(const char *manufacturer, uint64_t firmware, struct verdict *v)
{
    const struct firmware_advisory *a = NULL;
    char                            is[FIRMWARE_TEXT], good[FIRMWARE_TEXT];

    firmware_text(firmware, is);
    while ((a = firmware_advisory_next(a, manufacturer, firmware, firmware))) {
        firmware_text(a->good, good);
        verdict_worsen(&v->hardware, AR4SI_UNSAFE);
        verdict_find(v, REASON_FIRMWARE_ADVISORY, "%s: %s is affected, %s is not", a->number, is,
                     good);
    }
}

/* ---- policy --------------------------------------------------------------------------------- */

/* The newest version of the device's policy, or of the tenant's default. ABSENT: there is none. */
static pawl_status find_policy(struct flow *f, const struct device *d, struct policy_row *ret,
                               struct pawl_err *err)
{
    const struct store *s = f->store;
    char                name[PAWL_TENANT_MAX + 1];

    memcpy(name, d->policy, sizeof(name));
    if (!name[0])
        PAWL_TRY(s->default_policy(s->self, pawl_view_str(d->tenant), name, err));
    if (!name[0])
        return pawl_fail(err, PAWL_E_ABSENT, "policy", "none is assigned");
    return pawl_under(err, name, s->policy(s->self, pawl_view_str(d->tenant), name, 0, ret, err));
}

/* S5: a policy that is missing or cannot be read trusts nobody. */
static pawl_status judge_values(struct flow *f, const struct device *d, const struct quoted *q,
                                struct verdict *v, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_row_done) struct policy_row row = { 0 };
    const struct policy                            *p;
    struct pawl_err                                 why;

    if (!q->has_values) {
        verdict_find(v, REASON_PCR_MISSING, "the values were left out, and their digest is new");
        return pawl_ok();
    }
    pawl_status found = find_policy(f, d, &row, &why);
    if (pawl_is_ok(found))
        found = memory_policy(f->memory, &row, &p, &why);
    if (pawl_is_ok(found)) {
        policy_judge(p, &q->b.pcrs, &q->values, v);
        return pawl_ok();
    }
    if (found.code == PAWL_E_IO || found.code == PAWL_E_MEMORY || found.code == PAWL_E_BUG) {
        *err = why;
        return found;
    }
    verdict_find(v, REASON_NO_POLICY, "%s: %s", why.where, why.why);
    return pawl_ok();
}

pawl_status judge(struct flow *f, const struct evidence *ev, const struct device *d,
                  const struct snapshot *before, const struct quoted *q, struct judgement *ret,
                  struct pawl_err *err)
{
    struct judgement j = { 0 };

    judge_identity(d, &j.v);
    judge_clock(d, &q->b.clock, &j);
    judge_pcr0(before, q, &j);
    judge_banks(d, q, &j.v);
    judge_firmware(d, &q->b.clock, &j.v);
    judge_boot(d, ev, &q->b.clock, &j.v);
    judge_roots(d, &j.v);
    PAWL_TRY(judge_values(f, d, q, &j.v, err));
    *ret = j;
    return pawl_ok();
}

static void put_tier(char ret[20], enum trust_tier t)
{
    snprintf(ret, 20, "%s", tier_name(t));
}

void judge_record(const struct verdict *v, bool left_out, struct device *d)
{
    bool stays = left_out && strcmp(d->software_status, tier_name(TIER_CONTRAINDICATED)) == 0;

    put_tier(d->keys_status, verdict_keys(v));
    put_tier(d->status, stays ? TIER_CONTRAINDICATED : verdict_tier(v));
    if (stays)
        return;
    put_tier(d->software_status, verdict_software(v));
    why_write(v, d->why);
}

void judge_record_keys(const struct verdict *v, struct device *d)
{
    bool red = verdict_keys(v) == TIER_CONTRAINDICATED;

    put_tier(d->keys_status, verdict_keys(v));
    memcpy(d->status, d->software_status, sizeof(d->status));
    if (!red)
        return;
    put_tier(d->status, TIER_CONTRAINDICATED);
    if (v->finding_n)
        why_add(&v->finding[v->finding_n - 1], d->why);
}
