/* SPDX-License-Identifier: Apache-2.0 */
/* PCR 7: how secure boot was set, by whose keys, and who vouched for what ran. */
#ifndef VERIFIER_APPRAISE_EVENTLOG_SECUREBOOT_H
#define VERIFIER_APPRAISE_EVENTLOG_SECUREBOOT_H

#include "appraise/eventlog_facts.h"

/* Reads PCR 7 of a log by what of each event was measured. */
void secure_boot_read(const struct eventlog *log, const struct eventlog_measured *measured,
                      struct secure_boot_facts *ret, struct failures *f);

#endif
