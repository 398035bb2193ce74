/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict made again from saved evidence: by the code that made it first, and from nothing that
 * was kept of the boot. So who holds the evidence need not believe who judged it.
 *
 * Not here: the messages and incidents of the device, which say nothing of its software.
 */
#include "appraise/bundle.h"

enum { FIRMWARE_LOG = 1 }; /* type of a log in A1 */

/* The evidence says of itself whose it is; its AK signed that. */
static pawl_status check_a1(const struct bundle_head *h, const struct pawl_a1 *a1,
                            struct pawl_err *err)
{
    struct pawl_tpm_public ak;
    struct pawl_name       name;

    PAWL_TRY(pawl_under(err, "ak_public", pawl_tpm_public_parse(h->ak_public, &ak, err)));
    PAWL_TRY(pawl_tpm_name(&ak, &name, err));
    if (!pawl_view_equal(a1->tenant, h->tenant))
        return pawl_fail(err, PAWL_E_FORGED, "a1.tenant", "is not the bundle's");
    if (!pawl_view_equal(a1->device_id, h->device_id))
        return pawl_fail(err, PAWL_E_FORGED, "a1.device_id", "is not the bundle's");
    if (!pawl_view_equal(a1->ak_name, pawl_name_view(&name)))
        return pawl_fail(err, PAWL_E_FORGED, "a1.ak_name", "is not the Name of ak_public");
    return pawl_ok();
}

/* What was asked is not saved. One of the "all" selections is known by its form, as it was then. */
static pawl_status believe(const struct bundle_head *h, struct given_quote *ret,
                           struct pawl_err *err)
{
    uint8_t             th1[32];
    struct quote_expect want = { .nonce = PAWL_VIEW_OF(th1),
                                 .ak_public = h->ak_public,
                                 .qualified_signer = h->qualified_signer,
                                 .may_lack_banks = true };
    struct pawl_err     ignored;

    PAWL_TRY(pawl_sha256(h->a1, th1, err));
    for (unsigned dropped = 0; dropped < PAWL_PCR_BANKS_MAX && !ret->all; dropped++) {
        want.asked = pawl_pcr_selection_all(dropped);
        ret->all = pawl_is_ok(quote_check(NULL, &want, h->attest, h->signature, &ret->b, &ignored));
    }
    want.any_pcrs = true;
    if (!ret->all)
        PAWL_TRY(quote_check(NULL, &want, h->attest, h->signature, &ret->b, err));
    if (h->has_values)
        PAWL_TRY(quote_values_check(&ret->b, &h->values, err));
    ret->has_values = h->has_values;
    ret->values = h->values;
    return pawl_ok();
}

static struct appraise_log log_of(const struct bundle *b, const struct pawl_a1 *a1)
{
    struct appraise_log log = { .came = b->log.n > 0, .bytes = b->log };

    for (size_t i = 0; i < a1->log_n; i++)
        if (a1->log[i].type == FIRMWARE_LOG) {
            log.said = true;
            log.length = a1->log[i].length;
            log.sha256 = a1->log[i].sha256;
        }
    return log;
}

static pawl_status judge(const struct bundle *b, const struct pawl_a1 *a1,
                         const struct given_quote *q, const struct policy *policy,
                         struct judging *j, struct pawl_err *err)
{
    struct known_boot      first = { .present = true, .restarts = q->b.clock.restarts };
    struct device_findings found = { 0 };
    struct known_boot      kept;
    struct appraise_want   want;
    struct software        s = { .q = q,
                                 .known = &first,
                                 .log = log_of(b, a1),
                                 .list = { .came = b->list.n > 0, .bytes = b->list },
                                 .manufacturer = b->head.known.manufacturer,
                                 .policy = policy,
                                 .why = "none was given",
                                 .watch = b->head.watch };

    memcpy(first.os_boot, b->head.first_os_boot, sizeof(first.os_boot));
    appraise_device(&b->head.known, q, j, &found);
    return appraise_software(&s, j, &kept, &want, err);
}

pawl_status bundle_appraise(const struct bundle *b, const struct policy *policy, int64_t now_s,
                            struct verdict *ret, struct pawl_err *err)
{
    struct pawl_a1     a1;
    struct given_quote q = { 0 };
    struct verdict     v = { 0 };
    struct judging     j = { .v = &v,
                             .now_s = now_s ? now_s : b->head.time_ms / 1000,
                             .exception_n = b->head.exception_n,
                             .exception = b->head.exception };

    PAWL_TRY(believe(&b->head, &q, err));
    PAWL_TRY(pawl_a1_parse(b->head.a1, &a1, err));
    PAWL_TRY(check_a1(&b->head, &a1, err));
    q.os_boot = a1.os_boot;
    q.took_ms = appraise_took_ms(a1.nonce, b->head.time_ms);
    PAWL_TRY(judge(b, &a1, &q, policy, &j, err));
    *ret = v;
    return pawl_ok();
}
