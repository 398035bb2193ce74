/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot, read from a log in software or from bytes, and what is looked at in it.
 */
#ifndef VERIFIER_BOOT_FIXTURE_H
#define VERIFIER_BOOT_FIXTURE_H

#include "appraise/boot.h"
#include "soft_quote.h"

struct boot      boot_read_quoted(struct pawl_view log, const struct soft_quote *q);
struct boot      boot_read_bytes(struct pawl_view log);
struct boot      boot_read_soft(const struct soft_eventlog *soft);
bool             boot_has_row(const struct boot *b, const char *row);
void             boot_add(struct soft_eventlog *soft, struct soft_event e);
struct pawl_view written(const struct boot *b);
void             goes_round(const struct boot *b);

#endif
