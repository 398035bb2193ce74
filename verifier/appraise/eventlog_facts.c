/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts of a boot, out of its event log.
 *
 * Invariants
 *  1. Only bytes that were measured become facts, but for the digests themselves.
 *  2. Events of different PCRs are not ordered by anything that a quote covers (L15). Their order
 *     in the log may only ever make things worse.
 */
#include "appraise/eventlog_facts.h"

#include <stdlib.h>

#include "appraise/eventlog_secureboot.h"

enum { FIRMWARE_PCRS = 8, IMAGES_PCR = 4, EBS_PCR = 5, MOK_PCR = 14 };

void eventlog_facts_done(struct eventlog_facts *facts)
{
    free(facts->measured);
    *facts = (struct eventlog_facts){ 0 };
}

const char *key_list_name(enum key_list l)
{
    static const char *const names[KEY_LIST_COUNT] = { "PK", "KEK", "db", "dbx" };

    return l < KEY_LIST_COUNT ? names[l] : "?";
}

/* ---- events that measure nothing (L4) ------------------------------------------------------- */

static bool is_zero(struct pawl_view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i])
            return false;
    return true;
}

static bool is_known_no_action(struct pawl_view data)
{
    static const char *const signatures[] = { "Spec ID Event", "StartupLocality", "SP800-155 Event",
                                              "H-CRTM CompMeas" };

    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        size_t n = strlen(signatures[i]);
        if (data.n >= n && memcmp(data.p, signatures[i], n) == 0)
            return true;
    }
    return false;
}

/* An event of no PCR is the system's own note. One of a PCR may not look as if it were measured. */
static void check_no_action(const struct eventlog *log, size_t event, struct failures *f)
{
    const struct eventlog_event *e = &log->event[event];

    if (e->pcr == EVENTLOG_NO_PCR)
        return;
    if (e->pcr != 0 || !is_known_no_action(e->data))
        failure_add(f, "L4", (long)event, "EV_NO_ACTION of PCR 0 and of a known kind",
                    "one of PCR %u%s", (unsigned)e->pcr,
                    is_known_no_action(e->data) ? "" : " and of no known kind");
    for (size_t b = 0; b < log->bank_n; b++)
        if (!is_zero(eventlog_digest(log, e, b))) {
            failure_add(f, "L4", (long)event, "EV_NO_ACTION without a digest",
                        "a digest of %s, which nothing extended", pawl_hash_name(log->bank[b]));
            return;
        }
}

/* ---- separators (L6) ------------------------------------------------------------------------ */

static void check_separator(const struct eventlog *log, const struct eventlog_facts *facts,
                            size_t event, struct failures *f)
{
    static const uint8_t   good[2][4] = { { 0, 0, 0, 0 }, { 0xff, 0xff, 0xff, 0xff } };
    static const uint8_t   failed[4] = { 1, 0, 0, 0 };
    const struct pawl_view data = log->event[event].data;
    unsigned               pcr = log->event[event].pcr;

    if (pawl_view_equal(data, PAWL_VIEW_OF(failed)))
        failure_add(f, "L6", (long)event, "firmware that started well",
                    "the separator of PCR %u tells of an error", pcr);
    else if (!pawl_view_equal(data, PAWL_VIEW_OF(good[0])) &&
             !pawl_view_equal(data, PAWL_VIEW_OF(good[1])))
        failure_add(f, "L6", (long)event, "a separator of 00000000 or ffffffff",
                    "%zu other bytes in PCR %u", data.n, pcr);
    else if (!facts->measured[event].belief)
        failure_add(f, "L6", (long)event, "a separator with its own digest",
                    "another digest in PCR %u", pcr);
}

static void check_separators(const struct eventlog *log, const struct eventlog_facts *facts,
                             struct failures *f)
{
    unsigned n[FIRMWARE_PCRS] = { 0 };

    for (size_t i = 0; i < log->event_n; i++) {
        const struct eventlog_event *e = &log->event[i];
        if (e->type != EV_SEPARATOR || e->pcr >= FIRMWARE_PCRS)
            continue;
        n[e->pcr]++;
        check_separator(log, facts, i, f);
    }
    for (unsigned pcr = 0; pcr < FIRMWARE_PCRS; pcr++)
        if (n[pcr] != 1)
            failure_add(f, "L6", FAILURE_WHOLE, "one separator in each of PCRs 0 to 7",
                        "%u in PCR %u", n[pcr], pcr);
}

/* ---- the end of the firmware (L5, L13) ------------------------------------------------------ */

static bool says(const struct eventlog_facts *facts, size_t event, const char *words)
{
    return pawl_view_equal(facts->measured[event].bytes, pawl_view_str(words));
}

/* ExitBootServices in PCR 5: what was said of it, and that the firmware is silent from there on. */
static void read_end(const struct eventlog *log, struct eventlog_facts *facts, struct failures *f)
{
    unsigned begun = 0, done = 0;

    for (size_t i = 0; i < log->event_n; i++) {
        const struct eventlog_event *e = &log->event[i];
        bool                         is_action = e->pcr == EBS_PCR && e->type == EV_EFI_ACTION;
        if (is_action && says(facts, i, "Exit Boot Services Invocation"))
            begun++;
        else if (is_action && says(facts, i, "Exit Boot Services Returned with Success"))
            done++;
        else if (done && e->pcr < FIRMWARE_PCRS && e->type != EV_NO_ACTION)
            failure_add(f, "L5", (long)i, "no firmware behind ExitBootServices",
                        "an event of PCR %u", (unsigned)e->pcr);
    }
    facts->ebs = begun > 1 || done > 1 ? EBS_REPEATED
                 : done                ? EBS_DONE
                 : begun               ? EBS_BEGUN
                                       : EBS_MISSING;
    if (facts->ebs != EBS_DONE)
        failure_warn(f, "L13", FAILURE_WHOLE, "ExitBootServices, once",
                     "%u times invoked, %u times returned", begun, done);
}

/* ---- images, the owner's keys, lines -------------------------------------------------------- */

static void add_index(size_t *list, size_t *n, size_t max, size_t event, struct failures *f)
{
    if (*n < max)
        list[(*n)++] = event;
    else
        failure_add(f, "L8", (long)event, "a boot of some steps", "more than %zu of a kind", max);
}

/* What a path or a name in the log says of an image is nobody's measurement (L12), and neither is
 * the event's type (L3): whatever PCR 4 measured is an image, unless it stands in the log and is
 * too short to be one. */
static bool is_image(const struct eventlog *log, const struct eventlog_facts *facts, size_t event)
{
    enum { DOS_HEADER = 64 }; /* what each image begins with */
    const struct eventlog_event    *e = &log->event[event];
    const struct eventlog_measured *m = &facts->measured[event];

    return e->pcr == IMAGES_PCR && e->type != EV_NO_ACTION &&
           !(m->belief && m->bytes.n < DOS_HEADER);
}

static void read_images(const struct eventlog *log, struct eventlog_facts *facts,
                        struct failures *f)
{
    for (size_t i = 0; i < log->event_n; i++) {
        const struct eventlog_event *e = &log->event[i];
        if (is_image(log, facts, i))
            add_index(facts->image, &facts->image_n, FACTS_IMAGES_MAX, i, f);
        if (e->pcr == MOK_PCR && e->type != EV_NO_ACTION)
            add_index(facts->mok, &facts->mok_n, FACTS_MOK_MAX, i, f);
    }
}

static bool takes_lines(const struct eventlog_event *e)
{
    return e->type != EV_NO_ACTION && (e->pcr == 8 || e->pcr == 12);
}

bool eventlog_is_line(const struct eventlog *log, const struct eventlog_facts *facts, size_t event)
{
    return takes_lines(&log->event[event]) && facts->measured[event].belief;
}

bool eventlog_hides_line(const struct eventlog *log, const struct eventlog_facts *facts,
                         size_t event)
{
    return takes_lines(&log->event[event]) && !facts->measured[event].belief;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static pawl_status measure(const struct eventlog *log, struct eventlog_facts *facts,
                           struct pawl_err *err)
{
    facts->measured = calloc(log->event_n, sizeof(facts->measured[0]));
    if (!facts->measured)
        return pawl_fail(err, PAWL_E_MEMORY, "facts", "no memory for %zu events", log->event_n);
    for (size_t i = 0; i < log->event_n; i++)
        PAWL_TRY(eventlog_measured(log, &log->event[i], &facts->measured[i], err));
    return pawl_ok();
}

pawl_status eventlog_facts(const struct eventlog *log, struct eventlog_facts *ret,
                           struct failures *f, struct pawl_err *err)
{
    PAWL_CLEANUP(eventlog_facts_done) struct eventlog_facts facts = { 0 };

    PAWL_TRY(measure(log, &facts, err));
    if (log->legacy)
        failure_add(f, "L14", FAILURE_WHOLE, "a log of TPM 2.0", "one of SHA-1 only");
    for (size_t i = 0; i < log->event_n; i++)
        if (log->event[i].type == EV_NO_ACTION)
            check_no_action(log, i, f);
    check_separators(log, &facts, f);
    secure_boot_read(log, facts.measured, &facts.secure_boot, f);
    read_end(log, &facts, f);
    read_images(log, &facts, f);
    *ret = facts;
    facts = (struct eventlog_facts){ 0 };
    return pawl_ok();
}
