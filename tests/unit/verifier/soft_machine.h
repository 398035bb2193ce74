/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine with a verifier: it booted with a log, its kernel measures, and each exchange brings of
 * both what a test says. SHA-256 only; an ordinary attest quotes PCRs 0 to 14, the first one after
 * a boot all.
 */
#ifndef VERIFIER_SOFT_MACHINE_H
#define VERIFIER_SOFT_MACHINE_H

#include "flow_fixture.h"
#include "soft_boot.h"

struct machine {
    struct world       w;
    struct soft_device d;
    struct soft_boot   b;
    bool               all; /* the next attest quotes every PCR */
    uint64_t           policy;
};

void machine_done(struct machine *m);
#define MACHINE PAWL_CLEANUP(machine_done) struct machine

/* What comes with a request: the log, and entries from..to of the list. */
struct brings {
    bool   log, list;
    size_t from, to;
};
#define NOTHING ((struct brings){ 0 })
#define LOG     ((struct brings){ .log = true })

/* Enrolled with its log, by whatever admits it; no policy. */
void          machine_make(struct machine *m);
void          machine_boots(struct machine *m, const struct soft_eventlog *log);
void          machine_runs(struct machine *m, const char *path, const char *content);
struct brings machine_list(const struct machine *m); /* the whole one */
struct brings machine_list_from(const struct machine *m, size_t from);

/* The next version of the tenant's default policy: rules are its members beside name and version.
 */
void machine_policy(struct machine *m, const char *rules);
/* Secure boot, and a log that says so. */
#define RULES_LOG                                                                                  \
    "\"event_log\":{\"needed\":true},\"secure_boot\":{\"sbat\":\"2023012900\",\"on\":true}"
/* And known files: /bin/a, /bin/b and so on to d, with their own path as content. */
const char *rules_ima(void);

/* An attest, signed and not sent; and accepted. */
void machine_begin(struct machine *m, struct soft_evidence *ret);
void machine_bring(struct machine *m, struct soft_evidence *ev, struct brings b);
void machine_attests(struct machine *m, struct brings b);
/* A supply with the ticket of the last answer; and accepted. */
struct pawl_view machine_supply(struct machine *m, struct brings b);
void             machine_supplies(struct machine *m, struct brings b);

/* ---- what the answer and the record say ------------------------------------------------------ */

/* Both show this status, and the EAR this reason; NULL: any. */
void machine_is(struct machine *m, const char *status, const char *why);
void machine_covers(struct machine *m, const char *coverage);
/* What the result asks for. first < 0: no list. */
void machine_wanted(struct machine *m, bool log, int first, bool ticket);

#endif
