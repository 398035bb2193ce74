/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at event logs as devices send them: lengths that lead out of the log, of a variable or of a
 * signature list, facts out of bytes that nobody measured, texts that are more than text.
 */

#include "appraise/eventlog_facts.h"
#include "appraise/eventlog_replay.h"
#include "fuzz.h"

static bool is_inside(struct pawl_view part, struct pawl_view whole)
{
    return part.n == 0 || (part.p >= whole.p && part.n <= whole.n &&
                           (size_t)(part.p - whole.p) <= whole.n - part.n);
}

/* Believed bytes are of the event, and hash to its digest but for one zero that is not logged. */
static void check_belief(const struct eventlog *log, const struct eventlog_event *e,
                         const struct eventlog_measured *m)
{
    static const uint8_t   zero[1];
    const struct pawl_view parts[] = { m->bytes, PAWL_VIEW_OF(zero) };
    struct pawl_digest     d[2];
    struct pawl_err        err;
    char                   text[64];

    FUZZ_HOLDS(is_inside(m->bytes, e->data));
    eventlog_text(e->data, text, sizeof(text));
    for (const char *c = text; *c; c++)
        FUZZ_HOLDS(*c >= ' ' && *c <= '~');
    for (size_t b = 0; m->belief && b < log->bank_n; b++) {
        struct pawl_view said = eventlog_digest(log, e, b);
        for (size_t n = 1; n <= 2; n++)
            FUZZ_HOLDS(pawl_is_ok(pawl_hash(log->bank[b], parts, n, &d[n - 1], &err)));
        FUZZ_HOLDS(pawl_view_equal(said, pawl_digest_view(&d[0])) ||
                   (e->type == EV_IPL && pawl_view_equal(said, pawl_digest_view(&d[1]))));
    }
}

static void check_facts(const struct eventlog *log)
{
    PAWL_CLEANUP(eventlog_facts_done) struct eventlog_facts facts = { 0 };
    struct failures                                         f = { 0 };
    struct pawl_err                                         err;

    FUZZ_HOLDS(pawl_is_ok(eventlog_facts(log, &facts, &f, &err)));
    for (size_t i = 0; i < log->event_n; i++)
        check_belief(log, &log->event[i], &facts.measured[i]);
    FUZZ_HOLDS(f.n <= FAILURES_MAX && facts.image_n <= FACTS_IMAGES_MAX &&
               facts.mok_n <= FACTS_MOK_MAX &&
               facts.secure_boot.authority_n <= FACTS_AUTHORITIES_MAX);
    FUZZ_HOLDS(facts.secure_boot.on != FACT_YES || facts.secure_boot.list[KEY_LIST_DB].n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
    struct eventlog                             parsed;
    struct eventlog_pcrs                        pcrs;
    struct pawl_err                             err = { 0 };

    FUZZ_POISON(&parsed);
    pawl_status s = eventlog_parse(pawl_view(p, n), &parsed, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &parsed);
        return 0;
    }
    log = parsed;
    FUZZ_HOLDS(log.event_n > 0 && log.event_n <= EVENTLOG_EVENTS_MAX && log.bank_n > 0);
    for (size_t i = 0; i < log.event_n; i++)
        FUZZ_HOLDS(is_inside(log.event[i].data, pawl_view(p, n)));
    FUZZ_POISON(&pcrs);
    s = eventlog_replay(&log, &pcrs, &err);
    if (!pawl_is_ok(s))
        FUZZ_REFUSED(s, &err, &pcrs);
    check_facts(&log);
    return 0;
}
