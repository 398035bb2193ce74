/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that boots and measures: its firmware's log, the kernel's list, and the PCRs of SHA-256
 * as both leave them.
 */
#ifndef VERIFIER_SOFT_BOOT_H
#define VERIFIER_SOFT_BOOT_H

#include "soft_device.h"
#include "soft_eventlog.h"
#include "soft_ima.h"

enum { SOFT_BOOT_ENTRIES = 64 };

struct soft_boot {
    struct soft_eventlog log;
    struct soft_ima      ima;
    size_t               at[SOFT_BOOT_ENTRIES + 1]; /* where entry i begins */
};

/* The TPM is reset and the system starts: this log, and a list with boot_aggregate alone. */
void soft_boot(struct soft_device *d, const struct soft_eventlog *log, struct soft_boot *ret);

/* The kernel measures a file. */
void soft_boot_runs(struct soft_device *d, struct soft_boot *b, const char *path,
                    const char *content);

/* Entries from..to of the list, without the last. */
struct pawl_view soft_boot_list(const struct soft_boot *b, size_t from, size_t to);

#endif
