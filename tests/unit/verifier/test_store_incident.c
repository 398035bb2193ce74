/* SPDX-License-Identifier: Apache-2.0 */
/* Proves of incidents: there is one row for each device and epoch, replaced whole; the one that
 * changed last comes first, closed ones only on request; proofs are numbered within their incident
 * and are never without it; the last evidence of a device replaces the one before; nothing is seen
 * by another tenant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ratchet/incident.h"
#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };
static const struct pawl_view other = { (const uint8_t *)"other", 5 };
static const struct pawl_view all = { NULL, 0 };

static struct step about(const char *tenant, const struct incident_row *i)
{
    struct step s = { .incident_n = 1, .incident = calloc(1, sizeof(*s.incident)) };

    assert_non_null(s.incident);
    snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
    s.incident[0] = *i;
    return s;
}

static struct incident_row incident(const struct device *d, uint64_t epoch, int64_t changed_ms,
                                    enum incident_state state, const char *detail)
{
    struct incident_row i = { .epoch = epoch, .changed_ms = changed_ms, .state = state };

    memcpy(i.device, d->id, sizeof(i.device));
    snprintf(i.detail, sizeof(i.detail), "%s", detail);
    return i;
}

static void put_incident(struct store_fixture *f, const struct device *d, uint64_t epoch,
                         int64_t changed_ms, enum incident_state state, const char *detail)
{
    struct incident_row                 i = incident(d, epoch, changed_ms, state, detail);
    PAWL_CLEANUP(step_done) struct step s = about(d->tenant, &i);

    store_commits(f, &s);
}

static struct step with_proofs(const struct device *d, uint64_t epoch, unsigned n)
{
    struct step s = { .proof_n = n, .proof = calloc(n, sizeof(*s.proof)) };
    char        text[32];

    assert_non_null(s.proof);
    memcpy(s.tenant, d->tenant, sizeof(s.tenant));
    for (unsigned i = 0; i < n; i++) {
        s.proof[i] = (struct proof_row){ .epoch = epoch, .number = 77, .time_ms = 1000 + i };
        memcpy(s.proof[i].device, d->id, sizeof(d->id));
        snprintf(text, sizeof(text), "%llx/%u", (unsigned long long)epoch, i);
        s.proof[i].bytes = store_blob(text);
    }
    return s;
}

static void put_proofs(struct store_fixture *f, const struct device *d, uint64_t epoch, unsigned n)
{
    PAWL_CLEANUP(step_done) struct step s = with_proofs(d, epoch, n);

    store_commits(f, &s);
}

/* ---- what a list said, as text --------------------------------------------------------------- */

static pawl_status say_incident(const struct incident_row *i, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%u:%llx:%s ", i->device[0], (unsigned long long)i->epoch, i->detail);
    return pawl_ok();
}

static pawl_status say_proof(const struct proof_row *p, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%u:%llx:%llu@%lld=%.*s ", p->device[0], (unsigned long long)p->epoch,
              (unsigned long long)p->number, (long long)p->time_ms, (int)p->bytes.n,
              (const char *)p->bytes.p);
    return pawl_ok();
}

static void incidents_are(struct store_fixture *f, struct pawl_view tenant, struct pawl_view device,
                          bool open, size_t limit, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.incidents(f->store.self, tenant, device, open, NULL, limit, say_incident, said,
                            &err),
         &err);
    assert_string_equal(said, expected);
}

static void proofs_are(struct store_fixture *f, struct pawl_view tenant, const struct device *d,
                       uint64_t epoch, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.proofs(f->store.self, tenant, PAWL_VIEW_OF(d->id), epoch, say_proof, said, &err),
         &err);
    assert_string_equal(said, expected);
}

/* ---- incidents ------------------------------------------------------------------------------- */

/* Something in every field, near its end. */
static struct incident_row full(const struct device *d, unsigned more)
{
    struct incident_row i = {
        .epoch = UINT64_MAX,
        .kind = INCIDENT_KIND_COUNT + more,
        .severity = SEVERITY_CRITICAL + more,
        .state = INCIDENT_HEALED + more,
        .rules = UINT32_MAX - more,
        .opened_ms = 1700000000001 + more,
        .changed_ms = 1700000000011 + more,
        .slot_lo = UINT64_MAX - 2 - more,
        .slot_hi = UINT64_MAX - more,
        .forged = 1 + more,
        .genuine = (1ull << 63) + more,
        .unattested = UINT64_MAX - 4 - more,
    };

    memcpy(i.device, d->id, sizeof(i.device));
    memset(i.detail, 'a' + (int)more, sizeof(i.detail) - 1);
    memset(i.note, 'k' + (int)more, sizeof(i.note) - 1);
    i.slots = store_blob(more ? "other slots" : "slots");
    return i;
}

static void same_incident(const struct incident_row *a, const struct incident_row *b)
{
    assert_memory_equal(a->device, b->device, sizeof(a->device));
    assert_true(a->epoch == b->epoch);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->severity, b->severity);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->rules, b->rules);
    assert_true(a->opened_ms == b->opened_ms);
    assert_true(a->changed_ms == b->changed_ms);
    assert_true(a->slot_lo == b->slot_lo);
    assert_true(a->slot_hi == b->slot_hi);
    assert_true(a->forged == b->forged);
    assert_true(a->genuine == b->genuine);
    assert_true(a->unattested == b->unattested);
    assert_string_equal(a->detail, b->detail);
    assert_string_equal(a->note, b->note);
    assert_int_equal(a->slots.n, b->slots.n);
    assert_memory_equal(a->slots.p, b->slots.p, a->slots.n);
}

static pawl_status is_same(const struct incident_row *i, void *arg, struct pawl_err *err)
{
    (void)err;
    same_incident(i, arg);
    return pawl_ok();
}

static void an_incident_is_replaced_whole(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    for (unsigned more = 0; more < 2; more++) {
        struct incident_row                                 i = full(&d, more);
        PAWL_CLEANUP(step_done) struct step                 s = about("acme", &i);
        PAWL_CLEANUP(incident_row_done) struct incident_row got = { 0 };
        store_commits(&f, &s);
        store_fixture_reopen(&f);
        T_OK(f.store.incident(f.store.self, acme, PAWL_VIEW_OF(d.id), UINT64_MAX, &got, &err),
             &err);
        same_incident(&got, &i);
        T_OK(f.store.incidents(f.store.self, acme, all, false, NULL, 9, is_same, &i, &err), &err);
    }
    assert_int_equal(store_number(&f, "SELECT count(*) FROM incident"), 1);
}

static void absent_rows_are_named(void **state)
{
    (void)state;
    STORE_FIXTURE       f;
    struct pawl_err     err;
    struct incident_row got;
    struct blob         b;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    put_incident(&f, &d, 5, 1, INCIDENT_OPEN, "a");
    t_poison(&got, sizeof(got));
    t_poison(&b, sizeof(b));
    T_FAILS(f.store.incident(f.store.self, acme, PAWL_VIEW_OF(d.id), 4, &got, &err), &err,
            PAWL_E_ABSENT);
    T_WHERE(&err, "store.incident");
    T_FAILS(f.store.incident(f.store.self, other, PAWL_VIEW_OF(d.id), 5, &got, &err), &err,
            PAWL_E_ABSENT);
    T_FAILS(f.store.evidence(f.store.self, acme, PAWL_VIEW_OF(d.id), &b, &err), &err,
            PAWL_E_ABSENT);
    T_WHERE(&err, "store.evidence");
    t_still_poisoned(&got, sizeof(got));
    t_still_poisoned(&b, sizeof(b));
    proofs_are(&f, acme, &d, 5, "");
}

static void the_one_that_changed_last_comes_first(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2),
                  x = store_put(&f, "other", 3);
    put_incident(&f, &d, 1, 10, INCIDENT_OPEN, "a");
    put_incident(&f, &e, UINT64_MAX, 20, INCIDENT_CLOSED, "b");
    put_incident(&f, &x, 3, 99, INCIDENT_OPEN, "c");
    put_incident(&f, &d, 4, 20, INCIDENT_HEALED, "d");
    incidents_are(&f, acme, all, false, 9, "2:ffffffffffffffff:b 1:4:d 1:1:a ");
    incidents_are(&f, acme, all, false, 2, "2:ffffffffffffffff:b 1:4:d ");
    incidents_are(&f, acme, all, true, SIZE_MAX, "1:4:d 1:1:a ");
    incidents_are(&f, acme, all, true, 1, "1:4:d ");
    incidents_are(&f, acme, PAWL_VIEW_OF(d.id), false, 9, "1:4:d 1:1:a ");
    incidents_are(&f, acme, PAWL_VIEW_OF(e.id), false, 9, "2:ffffffffffffffff:b ");
    incidents_are(&f, acme, PAWL_VIEW_OF(e.id), true, 9, "");
    incidents_are(&f, other, all, true, 9, "3:3:c ");
    incidents_are(&f, other, PAWL_VIEW_OF(d.id), false, 9, "");
    /* It joins, and comes first; it is closed, and is gone from the open ones. */
    put_incident(&f, &d, 1, 30, INCIDENT_OPEN, "A");
    put_incident(&f, &d, 4, 40, INCIDENT_CLOSED, "D");
    incidents_are(&f, acme, all, true, 9, "1:1:A ");
    incidents_are(&f, acme, all, false, 9, "1:4:D 1:1:A 2:ffffffffffffffff:b ");
    incidents_are(&f, acme, PAWL_VIEW_OF(d.id), true, 9, "1:1:A ");
    /* A person closed it, and it is found again in the same epoch. */
    put_incident(&f, &e, UINT64_MAX, 50, INCIDENT_OPEN, "B");
    incidents_are(&f, acme, all, true, 1, "2:ffffffffffffffff:B ");
}

/* ---- proofs and evidence --------------------------------------------------------------------- */

static void proofs_are_numbered_within_their_incident(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), same = store_put(&f, "other", 1);
    put_incident(&f, &d, 5, 1, INCIDENT_OPEN, "a");
    put_incident(&f, &d, UINT64_MAX, 1, INCIDENT_OPEN, "b");
    put_incident(&f, &same, 5, 1, INCIDENT_OPEN, "theirs");
    put_proofs(&f, &d, 5, 2);
    put_proofs(&f, &d, UINT64_MAX, 1);
    put_proofs(&f, &d, 5, 1);
    put_proofs(&f, &same, 5, 1);
    store_fixture_reopen(&f);
    put_proofs(&f, &d, 5, 1);
    proofs_are(&f, acme, &d, 5, "1:5:1@1000=5/0 1:5:2@1001=5/1 1:5:3@1000=5/0 1:5:4@1000=5/0 ");
    proofs_are(&f, acme, &d, UINT64_MAX, "1:ffffffffffffffff:1@1000=ffffffffffffffff/0 ");
    proofs_are(&f, other, &d, 5, "1:5:1@1000=5/0 ");
    proofs_are(&f, acme, &d, 6, "");
}

static void no_proof_is_without_its_incident(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    put_incident(&f, &d, 5, 1, INCIDENT_OPEN, "a");
    PAWL_CLEANUP(step_done) struct step s = with_proofs(&d, 6, 1);
    store_refuses(&f, &s, PAWL_E_BUG, "store.proof");
    /* In one step it comes before its proofs. */
    struct incident_row i = incident(&d, 6, 1, INCIDENT_OPEN, "b");
    s.incident = calloc(1, sizeof(*s.incident));
    assert_non_null(s.incident);
    s.incident[0] = i;
    s.incident_n = 1;
    store_commits(&f, &s);
    proofs_are(&f, acme, &d, 6, "1:6:1@1000=6/0 ");
}

static void evidence_is(struct store_fixture *f, const struct device *d, const char *expected)
{
    struct pawl_err err;
    struct blob     b;

    T_OK(f->store.evidence(f->store.self, acme, PAWL_VIEW_OF(d->id), &b, &err), &err);
    assert_int_equal(b.n, strlen(expected));
    assert_memory_equal(b.p, expected, b.n);
    blob_done(&b);
}

static void evidence_replaces_what_came_before(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    struct step   s = { .touches_device = true, .tenant = "acme", .device = d };
    s.evidence = store_blob("first");
    store_commits(&f, &s);
    blob_done(&s.evidence);
    struct step its = { .touches_device = true, .tenant = "acme", .device = e };
    its.evidence = store_blob("its");
    store_commits(&f, &its);
    step_done(&its);
    /* Without any in the step it stays. */
    s.device.version++;
    store_commits(&f, &s);
    evidence_is(&f, &d, "first");
    s.device.version++;
    s.evidence = store_blob("second");
    store_commits(&f, &s);
    store_fixture_reopen(&f);
    evidence_is(&f, &d, "second");
    evidence_is(&f, &e, "its");
    /* A step that lost leaves it too. */
    blob_done(&s.evidence);
    s.evidence = store_blob("third");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
    s.touches_device = false;
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
    step_done(&s);
}

/* ---- steps that nobody should plan ------------------------------------------------------------
 */

static void a_step_that_mixes_devices_is_refused(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device       d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    struct incident_row i = incident(&e, 5, 1, INCIDENT_OPEN, "its");
    put_incident(&f, &e, 5, 1, INCIDENT_OPEN, "its");
    PAWL_CLEANUP(step_done) struct step one = about("acme", &i);
    PAWL_CLEANUP(step_done) struct step two = with_proofs(&e, 5, 1);
    struct audit_row                    entry = { .line = "{}" };
    memcpy(entry.device, e.id, sizeof(e.id));
    struct step  three = { .tenant = "acme", .audit_n = 1, .audit = &entry };
    struct step *some[] = { &one, &two, &three };
    for (size_t k = 0; k < 3; k++) {
        some[k]->touches_device = true;
        some[k]->device = d;
        store_refuses(&f, some[k], PAWL_E_BUG, "store.step");
        some[k]->device = e;
        store_commits(&f, some[k]);
        e.version++;
    }
    /* No device of that name in this tenant. */
    snprintf(two.tenant, sizeof(two.tenant), "other");
    two.touches_device = false;
    store_refuses(&f, &two, PAWL_E_BUG, "store.proof");
    snprintf(one.tenant, sizeof(one.tenant), "other");
    one.touches_device = false;
    store_refuses(&f, &one, PAWL_E_BUG, "store.incident");
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void a_row_that_is_none_of_ours_fails_by_its_column(void **state)
{
    (void)state;
    ONLY_SQLITE();
    static const struct {
        const char *sql, *where;
    } change[] = {
        { "UPDATE incident SET kind = -1", "store.incident.kind" },
        { "UPDATE incident SET severity = -1", "store.incident.severity" },
        { "UPDATE incident SET state = 4294967296", "store.incident.state" },
        { "UPDATE incident SET rules = -1", "store.incident.rules" },
        { "UPDATE incident SET detail = printf('%.768c', 'x')", "store.incident.detail" },
        { "UPDATE incident SET note = printf('%.768c', 'x')", "store.incident.note" },
    };
    struct pawl_err     err;
    struct incident_row got;
    char                said[STORE_SAID_MAX] = "";

    t_poison(&got, sizeof(got));
    for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
        STORE_FIXTURE f;
        store_fixture_make(&f);
        struct device d = store_put(&f, "acme", 1);
        put_incident(&f, &d, 5, 1, INCIDENT_OPEN, "a");
        store_exec(&f, change[i].sql);
        T_FAILS(f.store.incident(f.store.self, acme, PAWL_VIEW_OF(d.id), 5, &got, &err), &err,
                PAWL_E_FORM);
        T_WHERE(&err, change[i].where);
        T_FAILS(
            f.store.incidents(f.store.self, acme, all, false, NULL, 9, say_incident, said, &err),
            &err, PAWL_E_FORM);
    }
    t_still_poisoned(&got, sizeof(got));
    assert_string_equal(said, "");

    STORE_FIXTURE f;
    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    put_incident(&f, &d, 5, 1, INCIDENT_OPEN, "a");
    put_proofs(&f, &d, 5, 1);
    store_exec(&f, "PRAGMA ignore_check_constraints = 1; UPDATE proof SET number = -1");
    T_FAILS(f.store.proofs(f.store.self, acme, PAWL_VIEW_OF(d.id), 5, say_proof, said, &err), &err,
            PAWL_E_FORM);
    T_WHERE(&err, "store.proof.number");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("an incident is replaced whole", an_incident_is_replaced_whole),
        T_CASE("absent rows are named", absent_rows_are_named),
        T_CASE("the one that changed last comes first", the_one_that_changed_last_comes_first),
        T_CASE("proofs are numbered within their incident",
               proofs_are_numbered_within_their_incident),
        T_CASE("no proof is without its incident", no_proof_is_without_its_incident),
        T_CASE("evidence replaces what came before", evidence_replaces_what_came_before),
        T_CASE("a step that mixes devices is refused", a_step_that_mixes_devices_is_refused),
        T_CASE("a row that is none of ours fails by its column",
               a_row_that_is_none_of_ours_fails_by_its_column),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
