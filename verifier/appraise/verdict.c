/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict: words for its reasons, and the one rule that turns claims into a status.
 *
 * Not here: who sets which claim (quote.c says what is believed, policy.c and the flows judge it).
 */
#include "appraise/verdict.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const tier_names[TIER_COUNT] = {
    [TIER_NONE] = "none",
    [TIER_AFFIRMING] = "affirming",
    [TIER_WARNING] = "warning",
    [TIER_CONTRAINDICATED] = "contraindicated",
};

static const struct {
    const char *code, *text;
} reasons[REASON_COUNT] = {
    [REASON_NONE] = { "none", "No reason was given." },
    [REASON_AWAITS_APPROVAL] = { "awaits-approval",
                                 "The device is enrolled and waits for an operator's approval." },
    [REASON_TPM_WENT_BACK] = { "tpm-went-back",
                               "The TPM's reset count, restart count or clock is less than in an "
                               "earlier quote." },
    [REASON_PCR0_EMPTY] = { "pcr0-empty",
                            "PCR 0 is all zero although firmware was measured before." },
    [REASON_BANKS_CHANGED] = { "banks-changed",
                               "The TPM has other PCR banks than when the device enrolled." },
    [REASON_FIRMWARE_DIFFERS] = { "firmware-differs",
                                  "The TPM's firmware version is not the one in its certificate." },
    [REASON_FIRMWARE_ADVISORY] = { "firmware-advisory",
                                   "A security advisory names the TPM's firmware version." },
    [REASON_OS_BOOT_DIFFERS] = { "os-boot-differs",
                                 "The TPM was reset without a boot of the system, or the system "
                                 "booted without a reset of the TPM." },
    [REASON_LAB_TPM] = { "lab-tpm", "The TPM is trusted by the lab's roots only." },
    [REASON_NO_POLICY] = { "no-policy", "No policy says which PCR values are good." },
    [REASON_PCR_MISSING] = { "pcr-missing", "The policy names a PCR that was not quoted." },
    [REASON_PCR_DIFFERS] = { "pcr-differs", "A PCR has a value that the policy does not allow." },
    [REASON_MESSAGE_FORGED] = { "message-forged",
                                "Messages came in the device's name that it did not send." },
    [REASON_KEY_USED_ELSEWHERE] = { "key-used-elsewhere",
                                    "The device's message keys were used by somebody else." },
    [REASON_DEVICE_CLONED] = { "device-cloned",
                               "There are two of this device: a copy of its state is at work." },
};

const char *tier_name(enum trust_tier t)
{
    return (unsigned)t < TIER_COUNT ? tier_names[t] : tier_names[TIER_NONE];
}

const char *reason_code(enum reason r)
{
    return (unsigned)r < REASON_COUNT ? reasons[r].code : reasons[REASON_NONE].code;
}

enum reason reason_of_code(struct pawl_view code)
{
    for (int r = REASON_NONE; r < REASON_COUNT; r++)
        if (pawl_view_equal(code, pawl_view_str(reasons[r].code)))
            return (enum reason)r;
    return REASON_NONE;
}

const char *reason_text(enum reason r)
{
    return (unsigned)r < REASON_COUNT ? reasons[r].text : reasons[REASON_NONE].text;
}

/* Not recognised because nobody approved it yet is a lack of trust and no proof against the device
 * (P-ENROL-9). */
static int judged_identity(const struct verdict *v)
{
    return !v->approved && v->identity == AR4SI_NOT_RECOGNISED ? AR4SI_NONE : v->identity;
}

/* Of everything but the keys. */
static int worst_claim(const struct verdict *v)
{
    const int claims[] = { judged_identity(v), v->configuration, v->executables, v->hardware };
    int       worst = AR4SI_NONE;

    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
        worst = claims[i] > worst ? claims[i] : worst;
    return worst;
}

enum trust_tier verdict_software(const struct verdict *v)
{
    int worst = worst_claim(v);

    if (worst >= AR4SI_CONTRAINDICATED)
        return TIER_CONTRAINDICATED;
    /* Without a claim about the identity nobody looked: an approval alone is not trust. */
    if (!v->approved || !v->policy[0] || v->identity == AR4SI_NONE)
        return TIER_NONE;
    if (worst >= AR4SI_UNSAFE)
        return TIER_WARNING;
    return v->executables == AR4SI_NONE ? TIER_NONE : TIER_AFFIRMING;
}

enum trust_tier verdict_keys(const struct verdict *v)
{
    if (v->keys >= AR4SI_CONTRAINDICATED)
        return TIER_CONTRAINDICATED;
    return v->approved && v->keys != AR4SI_NONE ? TIER_AFFIRMING : TIER_NONE;
}

/* Keys speak against a device and never for it. */
enum trust_tier verdict_tier(const struct verdict *v)
{
    return verdict_keys(v) == TIER_CONTRAINDICATED ? TIER_CONTRAINDICATED : verdict_software(v);
}

int8_t verdict_identity(const struct verdict *v)
{
    return v->keys > v->identity ? v->keys : v->identity;
}

void verdict_find(struct verdict *v, enum reason r, const char *fmt, ...)
{
    va_list ap;

    if (v->finding_n == VERDICT_REASONS_MAX)
        return;
    struct finding *f = &v->finding[v->finding_n++];
    f->reason = r;
    va_start(ap, fmt);
    vsnprintf(f->detail, sizeof(f->detail), fmt, ap);
    va_end(ap);
}

void verdict_worsen(int8_t *claim, enum ar4si value)
{
    if (*claim < (int8_t)value)
        *claim = (int8_t)value;
}
