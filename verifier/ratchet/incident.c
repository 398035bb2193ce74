/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of incidents: names, what opens one, what joins it, what ends it. */

#include "ratchet/incident.h"

/* ---- names ---------------------------------------------------------------------------------- */

static const struct {
    const char        *name;
    enum incident_kind kind;
} rules[RULE_COUNT] = {
    [RULE_NONE] = { "none", INCIDENT_NONE },
    [RULE_E1] = { "E1", INCIDENT_MESSAGE_FORGED },
    [RULE_E2] = { "E2", INCIDENT_KEY_USED_ELSEWHERE },
    [RULE_E3] = { "E3", INCIDENT_MESSAGE_FORGED },
    [RULE_E4] = { "E4", INCIDENT_KEY_USED_ELSEWHERE },
    [RULE_E5] = { "E5", INCIDENT_DEVICE_CLONED },
    [RULE_E6] = { "E6", INCIDENT_TPM_WENT_BACK },
    [RULE_E7] = { "E7", INCIDENT_MESSAGE_FORGED },
    [RULE_BACK] = { "S1", INCIDENT_SERVER_WENT_BACK },
};

/* gravity: the graver kind names an incident that has several. */
static const struct {
    const char   *name;
    int           gravity;
    enum severity severity;
    bool          waits;
} kinds[INCIDENT_KIND_COUNT] = {
    [INCIDENT_NONE] = { "none", 0, SEVERITY_NONE, false },
    [INCIDENT_SERVER_WENT_BACK] = { "server-went-back", 1, SEVERITY_NOTICE, false },
    [INCIDENT_MESSAGE_FORGED] = { "message-forged", 2, SEVERITY_HIGH, false },
    [INCIDENT_KEY_USED_ELSEWHERE] = { "key-used-elsewhere", 3, SEVERITY_HIGH, false },
    [INCIDENT_TPM_WENT_BACK] = { "tpm-went-back", 4, SEVERITY_HIGH, true },
    [INCIDENT_DEVICE_CLONED] = { "device-cloned", 5, SEVERITY_CRITICAL, true },
};

const char *rule_name(enum rule r)
{
    return rules[(unsigned)r < RULE_COUNT ? r : RULE_NONE].name;
}

enum incident_kind incident_kind_of(enum rule r)
{
    return rules[(unsigned)r < RULE_COUNT ? r : RULE_NONE].kind;
}

const char *incident_kind_name(enum incident_kind k)
{
    return kinds[(unsigned)k < INCIDENT_KIND_COUNT ? k : INCIDENT_NONE].name;
}

const char *severity_name(enum severity s)
{
    static const char *const names[] = { "none", "notice", "high", "critical" };

    return names[(unsigned)s <= SEVERITY_CRITICAL ? s : SEVERITY_NONE];
}

const char *incident_state_name(enum incident_state s)
{
    static const char *const names[] = { "absent", "open", "healed", "closed" };

    return names[(unsigned)s <= INCIDENT_CLOSED ? s : INCIDENT_ABSENT];
}

/* ---- what it is ----------------------------------------------------------------------------- */

bool incident_is_open(const struct incident *i)
{
    return i->state == INCIDENT_OPEN || i->state == INCIDENT_HEALED;
}

/* inv. 5 */
static bool is_ours(const struct incident *i)
{
    return i->kind == INCIDENT_SERVER_WENT_BACK;
}

bool incident_is_red(const struct incident *i)
{
    return incident_is_open(i) && !is_ours(i);
}

bool incident_has(const struct incident *i, enum rule rule)
{
    return i->rules >> rule & 1;
}

/* ---- findings ------------------------------------------------------------------------------- */

/* Behind the last clean snapshot; a window that is open already goes on. */
static void open_window(struct incident *i, const struct incident_at *at)
{
    if (i->tainted)
        return;
    i->tainted = true;
    i->taint_lo = at->clean_hi + 1;
    i->taint_ms = at->clean_ms;
}

static void raise(struct incident *i, enum incident_kind kind, enum severity severity)
{
    if (kinds[kind].gravity > kinds[i->kind].gravity)
        i->kind = kind;
    if (severity > i->severity)
        i->severity = severity;
    if (kinds[kind].waits)
        i->waits = true;
}

/* inv. 1. A TPM that went back says so in each quote. */
static bool joins(const struct incident *i, enum rule rule, const struct incident_at *at)
{
    if (i->state == INCIDENT_ABSENT)
        return false;
    if (rule == RULE_BACK)
        return at->epoch <= i->epoch || incident_is_red(i);
    if (is_ours(i))
        return false;
    if (rule == RULE_E6 && incident_has(i, RULE_E6) && incident_is_open(i))
        return true;
    return at->epoch <= i->epoch;
}

/* Closed by a person while the epoch goes on. */
static bool opens_again(const struct incident *i, enum rule rule, const struct incident_at *at)
{
    return i->by_person && rule != RULE_BACK && at->epoch == i->epoch && at->current <= i->epoch;
}

/* The one before leaves what it still waited for (inv. 3, 4). A row of our own keeps its place. */
static void open_next(struct incident *i, enum rule rule, const struct incident_at *at)
{
    struct incident next = { .state = INCIDENT_OPEN,
                             .epoch = at->epoch,
                             .opened_ms = at->now_ms,
                             .tainted = i->tainted,
                             .taint_lo = i->taint_lo,
                             .taint_ms = i->taint_ms };

    if (i->state != INCIDENT_ABSENT && !is_ours(i)) {
        next.before = i->by_person ? 0 : i->before + 1;
        next.waits = incident_is_open(i) && i->waits;
    } else if (i->state != INCIDENT_ABSENT) {
        next.before = i->before;
        if (i->epoch >= at->epoch) {
            next.epoch = i->epoch;
            next.rules = i->rules;
            next.proofs = i->proofs;
        }
    }
    next.rules |= 1u << rule;
    *i = next;
}

bool incident_add(struct incident *i, enum rule rule, const struct incident_at *at)
{
    enum incident_kind kind = incident_kind_of(rule);
    bool               again = opens_again(i, rule, at);
    bool               opens = again || !joins(i, rule, at);

    if (again) {
        i->state = INCIDENT_OPEN;
        i->by_person = false;
        i->opened_ms = at->now_ms;
    } else if (opens) {
        open_next(i, rule, at);
    }
    i->rules |= 1u << rule;
    raise(i, kind, kinds[kind].severity);
    if (i->before && !is_ours(i)) /* inv. 3 */
        i->severity = SEVERITY_CRITICAL;
    if (rule != RULE_BACK)
        open_window(i, at);
    return opens;
}

/* ---- its end -------------------------------------------------------------------------------- */

bool incident_rekeyed(struct incident *i, uint64_t epoch, bool needs_person)
{
    if (i->state != INCIDENT_OPEN || is_ours(i) || epoch <= i->epoch)
        return false;
    i->state = needs_person || i->waits ? INCIDENT_HEALED : INCIDENT_CLOSED;
    return true;
}

bool incident_came_back(struct incident *i)
{
    if (!is_ours(i) || !incident_is_open(i))
        return false;
    i->state = INCIDENT_CLOSED;
    return true;
}

bool incident_close(struct incident *i)
{
    if (i->state == INCIDENT_ABSENT || i->by_person)
        return false;
    i->state = INCIDENT_CLOSED;
    i->by_person = true;
    i->before = 0;
    return true;
}
