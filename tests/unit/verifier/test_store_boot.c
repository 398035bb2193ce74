/* SPDX-License-Identifier: Apache-2.0 */
/* Proves of what is kept of a boot: it is replaced whole; devices of a tenant that booted alike
 * share their facts, which go with the last of them and never before; a boot whose list goes on
 * writes nothing but its row; a device comes whole, with as much of it as there is. Of kept
 * evidence: pieces come in order, are no more than a device may fill a disk with, are replaced one
 * by one and forgotten together. Nothing of it is seen by another device or tenant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };
static const struct pawl_view other = { (const uint8_t *)"other", 5 };

/* ---- boots ----------------------------------------------------------------------------------- */

/* facts NULL: none; "": those that are in the store under this name. */
static struct step boots(const struct device *d, char name, const char *facts, const char *ima)
{
    struct step s = { .touches_device = true, .device = *d, .has_boot = true };

    memcpy(s.tenant, d->tenant, sizeof(s.tenant));
    s.boot.resets = UINT32_MAX - (uint32_t)strlen(ima);
    memset(s.boot.os_boot, (int)strlen(ima), sizeof(s.boot.os_boot));
    s.boot.ima = store_blob(ima);
    s.boot.has_facts = facts != NULL;
    if (facts) {
        memset(s.boot.facts_sha256, name, sizeof(s.boot.facts_sha256));
        s.boot.facts = store_blob(facts);
    }
    return s;
}

static void boot(struct store_fixture *f, struct device *d, char name, const char *facts,
                 const char *ima)
{
    PAWL_CLEANUP(step_done) struct step s = boots(d, name, facts, ima);

    store_commits(f, &s);
    d->version++;
}

static void refuses_boot(struct store_fixture *f, const struct device *d, char name,
                         const char *facts, enum pawl_code code, const char *where)
{
    PAWL_CLEANUP(step_done) struct step s = boots(d, name, facts, "list");

    store_refuses(f, &s, code, where);
}

static bool holds(const struct blob *b, const char *text)
{
    return pawl_view_equal(pawl_view(b->p, b->n), pawl_view_str(text));
}

/* facts NULL: it has none. */
static void boot_is(struct store_fixture *f, const struct device *d, char name, const char *facts,
                    const char *ima)
{
    struct pawl_err                             err;
    PAWL_CLEANUP(boot_row_done) struct boot_row b = { 0 };
    uint8_t                                     sha256[32], os_boot[PAWL_OS_BOOT];

    T_OK(f->store.boot(f->store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), &b, &err),
         &err);
    assert_true(holds(&b.ima, ima));
    assert_true(b.resets == UINT32_MAX - strlen(ima));
    memset(os_boot, (int)strlen(ima), sizeof(os_boot));
    assert_true(pawl_view_equal(PAWL_VIEW_OF(b.os_boot), PAWL_VIEW_OF(os_boot)));
    assert_int_equal(b.has_facts, facts != NULL);
    memset(sha256, name, sizeof(sha256));
    if (!facts)
        return;
    assert_true(holds(&b.facts, facts));
    assert_true(pawl_view_equal(PAWL_VIEW_OF(b.facts_sha256), PAWL_VIEW_OF(sha256)));
}

/* Of snapshot and boot, what the letters in `there` say: "sb". */
static void comes_whole(const struct store_fixture *f, const struct device *d, const char *there)
{
    struct pawl_err                     err;
    struct device                       got, alone;
    struct device_past                 *past = calloc(1, sizeof(*past));
    PAWL_CLEANUP(blob_done) struct blob ratchet = { 0 }, again = { 0 };

    assert_non_null(past);
    T_OK(
        f->store.device_whole(f->store.self, acme, PAWL_VIEW_OF(d->id), &got, &ratchet, past, &err),
        &err);
    assert_int_equal(past->has_snapshot, strchr(there, 's') != NULL);
    assert_int_equal(past->has_boot, strchr(there, 'b') != NULL);
    if (past->has_snapshot) {
        assert_int_equal(past->snapshot.values.n, 1);
        assert_int_equal(past->snapshot.values.value[0].b[31], 7);
    }
    if (past->has_boot)
        assert_true(holds(&past->boot.ima, "list") && holds(&past->boot.facts, "facts"));
    boot_row_done(&past->boot);
    free(past);
    assert_true(holds(&ratchet, d->version > 1 ? "root" : ""));
    T_OK(
        f->store.device_whole(f->store.self, acme, PAWL_VIEW_OF(d->id), &alone, &again, NULL, &err),
        &err);
    assert_true(pawl_view_equal(pawl_view(ratchet.p, ratchet.n), pawl_view(again.p, again.n)));
    assert_memory_equal(got.id, d->id, sizeof(got.id));
    assert_true(got.version == d->version && alone.version == d->version);
    assert_true(got.seen_s == d->seen_s && alone.seen_s == d->seen_s);
    assert_string_equal(got.why, d->why);
}

static void facts_are(const struct store_fixture *f, int64_t n)
{
    assert_int_equal(store_number(f, "SELECT count(*) FROM facts"), n);
    assert_int_equal(store_number(f, "SELECT count(*) FROM facts WHERE NOT EXISTS"
                                     " (SELECT 1 FROM boot WHERE boot.facts = facts.number)"),
                     0);
}

static void a_boot_is_replaced_whole(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct boot_row got;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    t_poison(&got, sizeof(got));
    T_FAILS(f.store.boot(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "store.boot");
    t_still_poisoned(&got, sizeof(got));
    boot(&f, &d, 'a', "facts", "list");
    store_fixture_reopen(&f);
    boot_is(&f, &d, 'a', "facts", "list");
    boot(&f, &d, 'b', "others", "");
    boot_is(&f, &d, 'b', "others", "");
    boot(&f, &d, 0, NULL, "list");
    boot_is(&f, &d, 0, NULL, "list");
    boot(&f, &d, 0, NULL, "more");
    boot_is(&f, &d, 0, NULL, "more");
}

static void a_device_comes_whole_with_as_much_as_there_is(void **state)
{
    (void)state;
    STORE_FIXTURE      f;
    struct pawl_err    err;
    struct device      got;
    struct blob        ratchet;
    struct device_past past = { 0 };

    store_fixture_make(&f);
    struct device                       d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    PAWL_CLEANUP(step_done) struct step s = store_step(&d);
    comes_whole(&f, &d, "");
    s.ratchet = store_blob("root");
    s.has_snapshot = true;
    s.snapshot = (struct snapshot){ .select = { .n = 1, .bank = { { PAWL_SHA256, 1 } } } };
    s.snapshot.values.n = 1;
    s.snapshot.values.value[0].n = 32;
    s.snapshot.values.value[0].b[31] = 7;
    store_commits(&f, &s);
    d.version++;
    comes_whole(&f, &d, "s");
    boot(&f, &d, 'a', "facts", "list");
    comes_whole(&f, &d, "sb");
    PAWL_CLEANUP(step_done) struct step t = boots(&e, 'a', "facts", "list");
    t.ratchet = store_blob("root");
    store_commits(&f, &t);
    e.version++;
    comes_whole(&f, &e, "b");
    t_poison(&got, sizeof(got));
    t_poison(&ratchet, sizeof(ratchet));
    T_FAILS(
        f.store.device_whole(f.store.self, other, PAWL_VIEW_OF(d.id), &got, &ratchet, &past, &err),
        &err, PAWL_E_ABSENT);
    T_WHERE(&err, "store.device");
    t_still_poisoned(&got, sizeof(got));
    t_still_poisoned(&ratchet, sizeof(ratchet));
}

/* Where the facts stay, neither they nor what refers to them is written. */
static void a_list_that_goes_on_keeps_the_facts(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    boot(&f, &d, 'a', "facts", "list");
    store_exec(&f, "CREATE TRIGGER no_boot BEFORE UPDATE OF facts ON boot"
                   " BEGIN SELECT RAISE(ABORT, 'facts of a boot'); END;"
                   "CREATE TRIGGER no_insert BEFORE INSERT ON boot"
                   " BEGIN SELECT RAISE(ABORT, 'a boot anew'); END;"
                   "CREATE TRIGGER no_facts BEFORE UPDATE ON facts"
                   " BEGIN SELECT RAISE(ABORT, 'facts'); END");
    boot(&f, &d, 'a', "", "list goes on");
    boot_is(&f, &d, 'a', "facts", "list goes on");
    boot(&f, &d, 'a', "facts", "and on");
    boot_is(&f, &d, 'a', "facts", "and on");
    refuses_boot(&f, &d, 'b', "others", PAWL_E_CONFLICT, "store.boot");
    facts_are(&f, 1);
}

static void devices_that_booted_alike_share_facts(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    boot(&f, &d, 'a', "facts", "its");
    boot(&f, &e, 'a', "facts", "hers");
    facts_are(&f, 1);
    boot_is(&f, &d, 'a', "facts", "its");
    boot_is(&f, &e, 'a', "facts", "hers");
    /* A device that never sent them may come to them. */
    struct device third = store_put(&f, "acme", 3);
    boot(&f, &third, 'a', "", "");
    boot_is(&f, &third, 'a', "facts", "");
    facts_are(&f, 1);
}

static void facts_go_with_the_last_that_booted_so(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    boot(&f, &d, 'a', "facts", "");
    boot(&f, &e, 'a', "", "");
    boot(&f, &d, 'b', "others", "");
    facts_are(&f, 2);
    boot_is(&f, &e, 'a', "facts", "");
    boot(&f, &e, 0, NULL, "");
    facts_are(&f, 1);
    boot_is(&f, &d, 'b', "others", "");
    refuses_boot(&f, &e, 'a', "", PAWL_E_ABSENT, "store.facts");
    boot(&f, &d, 'c', "third", "");
    facts_are(&f, 1);
    boot_is(&f, &d, 'c', "third", "");
}

static void facts_are_of_one_tenant(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct boot_row got;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "other", 1);
    boot(&f, &d, 'a', "facts", "its");
    T_FAILS(f.store.boot(f.store.self, other, PAWL_VIEW_OF(d.id), &got, &err), &err, PAWL_E_ABSENT);
    refuses_boot(&f, &e, 'a', "", PAWL_E_ABSENT, "store.facts");
    boot(&f, &e, 'a', "of the other", "hers");
    facts_are(&f, 2);
    boot_is(&f, &d, 'a', "facts", "its");
    boot_is(&f, &e, 'a', "of the other", "hers");
    boot(&f, &e, 0, NULL, "");
    boot_is(&f, &d, 'a', "facts", "its");
}

static void a_step_that_lost_leaves_the_boot(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), old = d;
    boot(&f, &d, 'a', "facts", "list");
    refuses_boot(&f, &old, 'b', "others", PAWL_E_CONFLICT, "store.device");
    boot_is(&f, &d, 'a', "facts", "list");
}

/* ---- kept evidence --------------------------------------------------------------------------- */

static struct step keeps(const struct device *d, size_t n)
{
    struct step s = { .touches_device = true, .device = *d, .kept_n = n };

    memcpy(s.tenant, d->tenant, sizeof(s.tenant));
    s.kept = calloc(n, sizeof(*s.kept));
    assert_non_null(s.kept);
    return s;
}

static void keep(struct store_fixture *f, struct device *d, bool forgets, enum kept_kind kind,
                 uint64_t first, const char *text)
{
    PAWL_CLEANUP(step_done) struct step s = keeps(d, 1);

    s.forgets_kept = forgets;
    s.kept[0] = (struct kept_row){ .kind = kind, .first = first, .bytes = store_blob(text) };
    store_commits(f, &s);
    d->version++;
}

static pawl_status say_kept(const struct kept_row *k, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%d:%llx=%.*s ", (int)k->kind, (unsigned long long)k->first, (int)k->bytes.n,
              (const char *)k->bytes.p);
    return pawl_ok();
}

static void kept_is(struct store_fixture *f, struct pawl_view tenant, const struct device *d,
                    const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.kept(f->store.self, tenant, PAWL_VIEW_OF(d->id), say_kept, said, &err), &err);
    assert_string_equal(said, expected);
}

static void kept_evidence_comes_in_order(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    kept_is(&f, acme, &d, "");
    keep(&f, &d, false, KEPT_LIST, UINT64_MAX, "last");
    keep(&f, &d, false, KEPT_LIST, 0, "list");
    keep(&f, &d, false, KEPT_HEAD, 0, "head");
    keep(&f, &d, false, KEPT_LIST, INT64_MAX, "more");
    keep(&f, &d, false, KEPT_LOG, 512, "log");
    keep(&f, &d, false, KEPT_LIST, 256, "");
    store_fixture_reopen(&f);
    kept_is(&f, acme, &d,
            "1:0=head 2:200=log 3:0=list 3:100= 3:7fffffffffffffff=more "
            "3:ffffffffffffffff=last ");
}

static void kept_evidence_is_replaced_piece_by_piece(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device                       d = store_put(&f, "acme", 1);
    PAWL_CLEANUP(step_done) struct step s = keeps(&d, 2);
    s.kept[0] = (struct kept_row){ .kind = KEPT_HEAD, .bytes = store_blob("head") };
    s.kept[1] = (struct kept_row){ .kind = KEPT_LIST, .first = 7, .bytes = store_blob("list") };
    store_commits(&f, &s);
    d.version++;
    keep(&f, &d, false, KEPT_HEAD, 0, "newer");
    kept_is(&f, acme, &d, "1:0=newer 3:7=list ");
}

static void says_number(struct store_fixture *f, const char *what, int64_t expected)
{
    char sql[128];

    snprintf(sql, sizeof(sql), "SELECT %s FROM kept", what);
    assert_int_equal(store_number(f, sql), expected);
}

/* Whatever a device sends: what does not fit is left out, and what is there stays. */
static void a_list_has_no_more_than_so_many_pieces(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    keep(&f, &d, false, KEPT_LOG, 0, "log");
    PAWL_CLEANUP(step_done) struct step s = keeps(&d, KEPT_PIECES_MAX + 2);
    for (size_t i = 0; i < s.kept_n; i++)
        s.kept[i] = (struct kept_row){ .kind = KEPT_LIST, .first = i, .bytes = store_blob("x") };
    store_commits(&f, &s);
    d.version++;
    says_number(&f, "count(*)", KEPT_PIECES_MAX + 1);
    keep(&f, &d, false, KEPT_HEAD, 0, "head");  /* no piece */
    keep(&f, &d, false, KEPT_LIST, 0, "newer"); /* takes the place of one */
    keep(&f, &e, false, KEPT_LIST, 0, "hers");
    says_number(&f, "count(*)", KEPT_PIECES_MAX + 3);
    says_number(&f, "count(*) FILTER (WHERE bytes = CAST('newer' AS BLOB))", 1);
}

static void a_list_has_no_more_than_so_many_bytes(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    enum { LESS = 3 };

    store_fixture_make(&f);
    struct device                       d = store_put(&f, "acme", 1);
    PAWL_CLEANUP(step_done) struct step s = keeps(&d, 1);
    s.kept[0] = (struct kept_row){ .kind = KEPT_LIST,
                                   .bytes = { .n = KEPT_LIST_MAX - LESS,
                                              .p = calloc(1, KEPT_LIST_MAX - LESS) } };
    assert_non_null(s.kept[0].bytes.p);
    store_commits(&f, &s);
    d.version++;
    keep(&f, &d, false, KEPT_LIST, 1, "more");
    says_number(&f, "sum(length(bytes))", KEPT_LIST_MAX - LESS);
    keep(&f, &d, false, KEPT_LIST, 1, "fit");
    says_number(&f, "sum(length(bytes))", KEPT_LIST_MAX);
}

static void kept_evidence_is_forgotten_before_what_follows(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2),
                  its = store_put(&f, "other", 1);
    keep(&f, &d, false, KEPT_LIST, 7, "list");
    keep(&f, &e, false, KEPT_HEAD, 0, "hers");
    keep(&f, &its, false, KEPT_HEAD, 0, "its");
    keep(&f, &d, true, KEPT_HEAD, 0, "head");
    kept_is(&f, acme, &d, "1:0=head ");
    struct step s = { .tenant = "acme", .touches_device = true, .device = d, .forgets_kept = true };
    store_commits(&f, &s);
    kept_is(&f, acme, &d, "");
    kept_is(&f, acme, &e, "1:0=hers ");
    kept_is(&f, other, &its, "1:0=its ");
}

/* ---- steps that nobody should plan, damage ----------------------------------------------------
 */

static void boot_and_kept_evidence_need_their_device(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device                       d = store_put(&f, "acme", 1);
    PAWL_CLEANUP(step_done) struct step one = boots(&d, 'a', "facts", "");
    PAWL_CLEANUP(step_done) struct step two = keeps(&d, 1);
    struct step                         three = { .tenant = "acme", .forgets_kept = true };
    struct step                        *some[] = { &one, &two, &three };
    for (size_t i = 0; i < 3; i++) {
        some[i]->touches_device = false;
        assert_false(step_is_empty(some[i]));
        store_refuses(&f, some[i], PAWL_E_BUG, "store.step");
    }
}

static pawl_status say_nothing(const struct kept_row *k, void *arg, struct pawl_err *err)
{
    (void)k, (void)arg;
    return pawl_fail(err, PAWL_E_BUG, "kept", "it was said");
}

static void a_row_that_is_none_of_ours_fails_by_its_column(void **state)
{
    (void)state;
    ONLY_SQLITE();
    static const struct {
        const char *sql, *where;
    } change[] = {
        { "UPDATE boot SET resets = -1", "store.boot.resets" },
        { "UPDATE boot SET os_boot = x'01'", "store.boot.os_boot" },
    };
    struct pawl_err err;
    struct boot_row got;

    t_poison(&got, sizeof(got));
    for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
        STORE_FIXTURE f;
        store_fixture_make(&f);
        struct device d = store_put(&f, "acme", 1);
        boot(&f, &d, 'a', "facts", "list");
        store_exec(&f, change[i].sql);
        T_FAILS(f.store.boot(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err,
                PAWL_E_FORM);
        T_WHERE(&err, change[i].where);
    }
    t_still_poisoned(&got, sizeof(got));

    STORE_FIXTURE f;
    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    keep(&f, &d, false, KEPT_LOG, 0, "log");
    store_exec(&f, "UPDATE kept SET kind = 4");
    T_FAILS(f.store.kept(f.store.self, acme, PAWL_VIEW_OF(d.id), say_nothing, NULL, &err), &err,
            PAWL_E_FORM);
    T_WHERE(&err, "store.kept.kind");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a boot is replaced whole", a_boot_is_replaced_whole),
        T_CASE("a device comes whole, with as much as there is",
               a_device_comes_whole_with_as_much_as_there_is),
        T_CASE("a list that goes on keeps the facts", a_list_that_goes_on_keeps_the_facts),
        T_CASE("devices that booted alike share facts", devices_that_booted_alike_share_facts),
        T_CASE("facts go with the last that booted so", facts_go_with_the_last_that_booted_so),
        T_CASE("facts are of one tenant", facts_are_of_one_tenant),
        T_CASE("a step that lost leaves the boot", a_step_that_lost_leaves_the_boot),
        T_CASE("kept evidence comes in order", kept_evidence_comes_in_order),
        T_CASE("kept evidence is replaced piece by piece",
               kept_evidence_is_replaced_piece_by_piece),
        T_CASE("a list has no more than so many pieces", a_list_has_no_more_than_so_many_pieces),
        T_CASE("a list has no more than so many bytes", a_list_has_no_more_than_so_many_bytes),
        T_CASE("kept evidence is forgotten before what follows",
               kept_evidence_is_forgotten_before_what_follows),
        T_CASE("boot and kept evidence need their device",
               boot_and_kept_evidence_need_their_device),
        T_CASE("a row that is none of ours fails by its column",
               a_row_that_is_none_of_ours_fails_by_its_column),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
