/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_boot.h"

#include <string.h>

static void replay(struct soft_device *d)
{
    struct eventlog      log;
    struct eventlog_pcrs pcrs;
    struct pawl_err      err;

    T_OK(eventlog_parse(d->eventlog, &log, &err), &err);
    T_OK(eventlog_replay(&log, &pcrs, &err), &err);
    for (size_t i = 0; i < pcrs.bank_n; i++)
        if (pcrs.bank[i].hash == PAWL_SHA256)
            memcpy(d->sha256, pcrs.bank[i].pcr, sizeof(d->sha256));
    eventlog_done(&log);
}

static void note_end(struct soft_device *d, struct soft_boot *b)
{
    assert_true(b->ima.entries <= SOFT_BOOT_ENTRIES);
    b->at[b->ima.entries] = b->ima.n;
    d->sha256[10] = b->ima.own;
}

/* Over PCRs 0 to 9, as a kernel does since 5.8. */
static void aggregate(struct soft_device *d, struct soft_boot *b)
{
    struct pawl_view   parts[10];
    struct pawl_digest digest;
    struct pawl_err    err;

    for (size_t i = 0; i < 10; i++)
        parts[i] = pawl_digest_view(&d->sha256[i]);
    T_OK(pawl_hash(PAWL_SHA256, parts, 10, &digest, &err), &err);
    const struct pawl_view fields[] = { soft_ima_named("sha256:", pawl_digest_view(&digest)),
                                        soft_ima_text("boot_aggregate") };
    soft_ima_entry(&b->ima, 10, "ima-ng", fields, 2);
    note_end(d, b);
}

void soft_boot(struct soft_device *d, const struct soft_eventlog *log, struct soft_boot *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->log = *log;
    d->eventlog = soft_eventlog_bytes(log);
    d->clock.resets++;
    d->clock.clock_ms += 1000;
    d->os_boot[0]++;
    replay(d);
    soft_ima_boot(&ret->ima);
    aggregate(d, ret);
}

void soft_boot_runs(struct soft_device *d, struct soft_boot *b, const char *path,
                    const char *content)
{
    soft_ima_file(&b->ima, path, content);
    note_end(d, b);
}

struct pawl_view soft_boot_list(const struct soft_boot *b, size_t from, size_t to)
{
    return t_copy(pawl_view(b->ima.b + b->at[from], b->at[to] - b->at[from]));
}
