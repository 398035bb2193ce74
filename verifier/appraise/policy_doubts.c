/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each doubt is a question to the whole policy and a sentence. A rule counts where every device has
 * to keep it: at the top, or in each release.
 */
#include "appraise/policy_doubts.h"

/* PCRs that hold the initrd and, started without a loader, the kernel's own line: 9 by GRUB and the
 * kernel's EFI stub, 11 of a unified kernel image. */
#define START_PCRS (1u << 9 | 1u << 11)
#define IMAGE_PCRS (1u << 4)

typedef bool rules_fn(const struct policy_rules *r);

static bool everywhere(const struct policy *p, rules_fn *holds)
{
    bool releases = p->release_n > 0;

    for (size_t i = 0; i < p->release_n; i++)
        releases = releases && holds(&p->release[i].rules);
    return releases || holds(&p->all);
}

static bool anywhere(const struct policy *p, rules_fn *holds)
{
    for (size_t i = 0; i < p->release_n; i++)
        if (holds(&p->release[i].rules))
            return true;
    return holds(&p->all);
}

static bool pins(const struct policy_rules *r, uint32_t pcrs)
{
    for (size_t i = 0; i < r->rule_n; i++)
        if (!r->rule[i].unmeasured && pcrs >> r->rule[i].pcr & 1)
            return true;
    return false;
}

static bool pins_start(const struct policy_rules *r)
{
    return pins(r, START_PCRS);
}

static bool pins_images(const struct policy_rules *r)
{
    return r->images.present || r->list[KEY_LIST_DBX].present || pins(r, IMAGE_PCRS);
}

static bool has_lines(const struct policy_rules *r)
{
    return r->lines.present;
}

static bool has_level(const struct policy_rules *r)
{
    return r->sbat[0];
}

/* ---- the doubts ------------------------------------------------------------------------------ */

static bool lines_without_start(const struct policy *p)
{
    return anywhere(p, has_lines) && !everywhere(p, pins_start);
}

static bool list_without_start(const struct policy *p)
{
    return p->ima.present && !everywhere(p, pins_start);
}

static bool level_alone(const struct policy *p)
{
    return anywhere(p, has_level) && !everywhere(p, pins_images);
}

static bool no_ima_policy(const struct policy *p)
{
    return p->ima.present && p->ima.rules.policies_n == 0;
}

static bool takes_violations(const struct policy *p)
{
    return p->ima.rules.may_violate;
}

static bool takes_sha1(const struct policy *p)
{
    return p->ima.rules.may_be_sha1 || p->log.legacy;
}

static bool takes_kexec(const struct policy *p)
{
    return p->ima.rules.may_kexec || p->may_not_reset;
}

static bool no_end(const struct policy *p)
{
    size_t endless = 0;

    for (size_t i = 0; i < p->release_n; i++)
        endless += p->release[i].until_s == INT64_MAX;
    return endless > 1;
}

static const struct {
    bool (*is_so)(const struct policy *p);
    const char *line;
} doubts[] = {
    { lines_without_start,
      "boot.command_lines without a rule for PCR 9 (11 for a unified kernel image): lines may be "
      "measured afterwards, and the initrd is anybody's" },
    { list_without_start,
      "ima without a rule for PCR 9 (11 for a unified kernel image): the initrd, which loads IMA's "
      "policy, is anybody's" },
    { level_alone, "secure_boot.sbat without boot.images, dbx or a rule for PCR 4: a loader from "
                   "before SBAT has "
                   "no level of its own" },
    { no_ima_policy, "ima.policies names none: what the kernel does not measure stays unseen" },
    { takes_violations, "ima.violations: files that changed while they were measured are taken" },
    { takes_sha1, "SHA-1 is taken (ima.sha1 or event_log.legacy): others can be made to fit" },
    { takes_kexec,
      "a system that another one started is taken (ima.kexec or tpm_not_reset): its kernel was "
      "measured by nobody but the one before" },
    { no_end, "more than one release has no \"until\": the old one is good for ever" },
};

pawl_status policy_doubts(const struct policy *p, policy_change_fn *each, void *arg,
                          struct pawl_err *err)
{
    for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++)
        if (doubts[i].is_so(p))
            PAWL_TRY(each(doubts[i].line, arg, err));
    return pawl_ok();
}
