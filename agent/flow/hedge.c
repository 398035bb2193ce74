/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The imported HMAC key (suite bit 8): a secret of device and verifier that came by another way
 * than the network, mixed into every root, so that breaking the curve alone breaks nothing. The
 * file holds the key as this TPM's own storage key wraps it.
 */
#include "flow/steps.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "state/file.h"

#define HEDGE_FILE "hedge.key"

static bool is_here(const struct flow *f)
{
    return !faccessat(f->dir.fd, HEDGE_FILE, F_OK, AT_SYMLINK_NOFOLLOW);
}

pawl_status hedge_choose(const struct flow *f, const struct pawl_suites *theirs, bool no_hedge,
                         uint16_t *ret, struct pawl_err *err)
{
    const struct pawl_suites *ours = &f->config->suites;
    struct pawl_suites        with = { .n = ours->n };
    bool                      hedged = !no_hedge && is_here(f);
    uint16_t                  suite = 0;

    if (hedged) {
        for (size_t i = 0; i < ours->n; i++)
            with.suite[i] = ours->suite[i] | PAWL_SUITE_HMAC_KEY;
        suite = pawl_suite_choose(theirs, &with);
    }
    if (!suite)
        suite = pawl_suite_choose(theirs, ours);
    if (!suite)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "suites", "the verifier offers none of ours");
    /* Nobody signed the list: whoever takes the key out of it does not take it out of the root. */
    *ret = hedged ? (uint16_t)(suite | PAWL_SUITE_HMAC_KEY) : suite;
    return pawl_ok();
}

pawl_status hedge_term(const struct flow *f, const struct device *d, const uint8_t th2[32],
                       struct pawl_secret *ret, struct pawl_err *err)
{
    struct tpm_sealed key = { 0 };

    PAWL_TRY(pawl_under(err, "state",
                        file_read(f->dir.fd, HEDGE_FILE, key.b, sizeof(key.b), &key.n, err)));
    return tpm_hmac(d->tpm, &key, th2, ret, err);
}

pawl_status flow_hedge(struct flow *f, const struct pawl_secret *key, struct pawl_err *err)
{
    PAWL_CLEANUP(device_close) struct device d = { 0 };
    struct tpm_sealed                        wrapped;

    if (!f->record.enrolled)
        return pawl_fail(err, PAWL_E_STATE, "device", FLOW_NOT_ENROLLED);
    PAWL_TRY(device_open(f, false, &d, err));
    PAWL_TRY(tpm_hmac_import(d.tpm, key, &wrapped, err));
    return pawl_under(err, "state",
                      file_replace(f->dir.fd, HEDGE_FILE, pawl_view(wrapped.b, wrapped.n), err));
}
