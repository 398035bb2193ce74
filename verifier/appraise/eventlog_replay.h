/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event log replayed: the PCR values it leads to, and whether they are the quoted ones. A log is
 * worth nothing before that, and then as much as the PCRs that were compared.
 */
#ifndef VERIFIER_APPRAISE_EVENTLOG_REPLAY_H
#define VERIFIER_APPRAISE_EVENTLOG_REPLAY_H

#include "appraise/eventlog.h"
#include "appraise/failure.h"

/* PCRs that nothing but the log's writers extends (L16). The others belong to systems that extend
 * without the firmware's log: 10 IMA, 11 and 15 systemd, 16 and 23 anybody, 17 to 22 a late launch.
 */
#define EVENTLOG_PCRS 0x0073ffu

struct eventlog_bank {
    enum pawl_hash     hash;
    uint32_t           extended; /* bit i: an event extended PCR i */
    struct pawl_digest pcr[PAWL_PCRS];
};

struct eventlog_pcrs {
    size_t               bank_n;
    struct eventlog_bank bank[PAWL_PCR_BANKS_MAX];
};

/* Each bank from its reset values (all ones for PCRs 17 to 22). EV_NO_ACTION extends nothing; a
 * StartupLocality event sets where PCR 0 begins: one, before PCR 0 is extended, and of 0, 3 or 4,
 * otherwise FORM or RANGE (T7). */
PAWL_MUST_USE pawl_status eventlog_replay(const struct eventlog *log, struct eventlog_pcrs *ret,
                                          struct pawl_err *err);

/* What a quote said, and which of its PCRs the log has to explain. */
struct eventlog_quoted {
    const struct pawl_pcr_selection *select;
    const struct pawl_pcr_values    *values;
    uint32_t                         mask; /* EVENTLOG_PCRS, unless a policy says otherwise */
};

/* Holds every quoted bank's PCRs of the mask against the log: the replayed value (L1), the reset
 * value where no event is (L2), and no bank that the log does not know (L1, L14). What the firmware
 * measures as the system takes over may be missing or there twice (L13). PCR 7 without PCR 4 is a
 * warning (L10a). *ret_same gets the PCRs that were quoted, and agree
 * in every bank that they were quoted of. */
PAWL_MUST_USE pawl_status eventlog_compare(const struct eventlog        *log,
                                           const struct eventlog_pcrs   *replayed,
                                           const struct eventlog_quoted *q, struct failures *f,
                                           uint32_t *ret_same, struct pawl_err *err);

#endif
