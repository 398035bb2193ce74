/* SPDX-License-Identifier: Apache-2.0 */
/* Proves of the audit chain: its hashes are those of an independent program (vectors by Python's
 * hashlib); every byte of an entry and of what came before is in them; the store gives numbers
 * without gaps, for each tenant alone, to all steps of a group commit and around those that fail in
 * it, and goes on after a restart; an entry that was changed, taken out or put in shows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };
static const struct pawl_view other = { (const uint8_t *)"other", 5 };

/* ---- audit_next ------------------------------------------------------------------------------ */

static struct audit_row entry(uint64_t number, int64_t time_ms, const char *line)
{
    struct audit_row a = { .number = number, .time_ms = time_ms };

    for (size_t i = 0; i < sizeof(a.device); i++)
        a.device[i] = (uint8_t)i;
    snprintf(a.line, sizeof(a.line), "%s", line);
    return a;
}

static void hash_is(const struct audit_head *h, const char *hex)
{
    assert_memory_equal(h->hash, t_hex(hex).p, sizeof(h->hash));
}

static void hashes_are_those_of_the_vectors(void **state)
{
    (void)state;
    struct pawl_err   err;
    struct audit_head h = { 0 };
    struct audit_row  a = entry(1, 1700000000123, "{\"kind\":\"message-forged\"}");

    T_OK(audit_next(&h, &a, &h, &err), &err);
    assert_true(h.number == 1);
    hash_is(&h, "e809a5422fb70fa24206af026e9e5a2cf63d70c7a7858d4001eb7102c92c07dd");
    a = (struct audit_row){ .number = 2, .time_ms = 1700000000124 };
    T_OK(audit_next(&h, &a, &h, &err), &err);
    hash_is(&h, "bb0b341ca543cbacf39c6f508bd36258fb798857332cfdd0bf8a0028491c03f2");
    a = (struct audit_row){ .number = 3, .time_ms = -1 };
    memset(a.device, 0xff, sizeof(a.device));
    memset(a.line, 'x', 1023);
    T_OK(audit_next(&h, &a, &h, &err), &err);
    hash_is(&h, "890e71190b7c73455171c72b2c34a0aed4fa9e0b17aaaa770b5d948089ab160f");
    assert_true(h.number == 3);
}

static void everything_is_in_the_hash(void **state)
{
    (void)state;
    struct pawl_err         err;
    const struct audit_head before = { .number = 4, .hash = { 7 } };
    const struct audit_row  row = entry(5, 1000, "line");
    struct audit_head       good, got;

    T_OK(audit_next(&before, &row, &good, &err), &err);
    for (unsigned i = 0; i < 5; i++) {
        struct audit_head b = before;
        struct audit_row  a = row;
        b.hash[31] ^= i == 0;
        a.time_ms ^= i == 1;
        a.device[31] ^= i == 2;
        a.line[3] ^= i == 3;
        if (i == 4) {
            b.number++;
            a.number++;
        }
        T_OK(audit_next(&b, &a, &got, &err), &err);
        assert_memory_not_equal(got.hash, good.hash, sizeof(got.hash));
    }
    /* What the store gave, and what lies behind the line's 0, is not. */
    struct audit_row a = row;
    memset(a.hash, 9, sizeof(a.hash));
    a.line[5] = 'x';
    T_OK(audit_next(&before, &a, &got, &err), &err);
    assert_memory_equal(got.hash, good.hash, sizeof(got.hash));
}

static void an_entry_that_does_not_follow_is_refused(void **state)
{
    (void)state;
    struct pawl_err   err;
    struct audit_head before = { .number = 4 }, got;
    const uint64_t    none[] = { 0, 3, 4, 6, UINT64_MAX };

    t_poison(&got, sizeof(got));
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        struct audit_row a = entry(none[i], 1, "x");
        T_FAILS(audit_next(&before, &a, &got, &err), &err, PAWL_E_FORGED);
        T_WHERE(&err, "audit.number");
    }
    before.number = UINT64_MAX;
    struct audit_row a = entry(0, 1, "x");
    T_FAILS(audit_next(&before, &a, &got, &err), &err, PAWL_E_FORGED);
    before.number = 4;
    a.number = 5;
    memset(a.line, 'x', sizeof(a.line));
    T_FAILS(audit_next(&before, &a, &got, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "audit.line");
    t_still_poisoned(&got, sizeof(got));
}

/* ---- the chain in the store ------------------------------------------------------------------ */

static struct step with_entries(const char *tenant, const char *first, const char *second)
{
    struct step s = { .audit_n = second ? 2 : 1, .audit = calloc(2, sizeof(*s.audit)) };

    assert_non_null(s.audit);
    snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
    s.audit[0] = entry(77, 1000, first); /* a number that nobody looks at */
    if (second)
        s.audit[1] = entry(0, 1001, second);
    return s;
}

static void append(struct store_fixture *f, const char *tenant, const char *first,
                   const char *second)
{
    PAWL_CLEANUP(step_done) struct step s = with_entries(tenant, first, second);

    store_commits(f, &s);
}

/* A reader who believes nothing but the head that it ends at. */
struct check {
    struct audit_head head;
    char              said[STORE_SAID_MAX];
};

static pawl_status check_entry(const struct audit_row *a, void *arg, struct pawl_err *err)
{
    struct check *c = arg;

    PAWL_TRY(audit_next(&c->head, a, &c->head, err));
    if (memcmp(c->head.hash, a->hash, sizeof(a->hash)) != 0)
        return pawl_fail(err, PAWL_E_FORGED, "audit.hash", "it is another");
    store_say(c->said, "%llu=%s ", (unsigned long long)a->number, a->line);
    return pawl_ok();
}

static pawl_status check_chain(struct store_fixture *f, struct pawl_view tenant, struct check *c,
                               struct pawl_err *err)
{
    struct audit_head head;

    *c = (struct check){ 0 };
    T_OK(f->store.audit_head(f->store.self, tenant, &head, err), err);
    PAWL_TRY(f->store.audit(f->store.self, tenant, 0, SIZE_MAX, check_entry, c, err));
    assert_true(c->head.number == head.number);
    assert_memory_equal(c->head.hash, head.hash, sizeof(head.hash));
    return pawl_ok();
}

static void chain_is(struct store_fixture *f, struct pawl_view tenant, const char *expected)
{
    struct pawl_err err;
    struct check    c;

    T_OK(check_chain(f, tenant, &c, &err), &err);
    assert_string_equal(c.said, expected);
}

static void the_chain_begins_empty(void **state)
{
    (void)state;
    STORE_FIXTURE           f;
    struct pawl_err         err;
    const struct audit_head zero = { 0 };
    struct audit_head       head;

    store_fixture_make(&f);
    chain_is(&f, acme, "");
    t_poison(&head, sizeof(head));
    T_OK(f.store.audit_head(f.store.self, acme, &head, &err), &err);
    assert_true(head.number == 0);
    assert_memory_equal(head.hash, zero.hash, sizeof(zero.hash));
}

static pawl_status is_first(const struct audit_row *a, void *arg, struct pawl_err *err)
{
    const struct audit_row *row = arg;

    (void)err;
    assert_true(a->number == 1);
    assert_true(a->time_ms == row->time_ms);
    assert_memory_equal(a->device, row->device, sizeof(row->device));
    assert_string_equal(a->line, row->line);
    assert_memory_equal(a->hash,
                        t_hex("e809a5422fb70fa24206af026e9e5a2cf63d70c7a7858d4001eb7102c92c07dd").p,
                        sizeof(a->hash));
    return pawl_ok();
}

static void an_entry_comes_back_as_it_went_in(void **state)
{
    (void)state;
    STORE_FIXTURE    f;
    struct pawl_err  err;
    struct audit_row a = entry(9, 1700000000123, "{\"kind\":\"message-forged\"}");
    struct step      s = { .tenant = "acme", .audit_n = 1, .audit = &a };

    store_fixture_make(&f);
    store_commits(&f, &s);
    store_fixture_reopen(&f);
    T_OK(f.store.audit(f.store.self, acme, 0, 1, is_first, &a, &err), &err);
    chain_is(&f, acme, "1={\"kind\":\"message-forged\"} ");
}

static void it_goes_on_after_a_restart_and_comes_in_pages(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;

    store_fixture_make(&f);
    append(&f, "acme", "a", "b");
    struct check c;
    T_OK(check_chain(&f, acme, &c, &err), &err);
    store_fixture_reopen(&f);
    append(&f, "acme", "c", "d");
    /* Who kept the head behind b reads from there. */
    c.said[0] = 0;
    T_OK(f.store.audit(f.store.self, acme, c.head.number, 1, check_entry, &c, &err), &err);
    T_OK(f.store.audit(f.store.self, acme, c.head.number, 9, check_entry, &c, &err), &err);
    T_OK(f.store.audit(f.store.self, acme, c.head.number, 9, check_entry, &c, &err), &err);
    T_OK(f.store.audit(f.store.self, acme, UINT64_MAX, 9, check_entry, &c, &err), &err);
    assert_string_equal(c.said, "3=c 4=d ");
    chain_is(&f, acme, "1=a 2=b 3=c 4=d ");
}

static void each_tenant_has_its_own(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    append(&f, "acme", "a", "b");
    append(&f, "other", "x", NULL);
    append(&f, "acme", "c", NULL);
    append(&f, "other", "y", NULL);
    chain_is(&f, acme, "1=a 2=b 3=c ");
    chain_is(&f, other, "1=x 2=y ");
    chain_is(&f, pawl_view_str("nobody"), "");
}

/* ---- one step of a device ---------------------------------------------------------------------
 */

static pawl_status is_notice(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    (void)err;
    assert_int_equal(s->kind, SEGMENT_NOTICE);
    store_say(arg, "%.*s ", (int)s->heads.n, (const char *)s->heads.p);
    return pawl_ok();
}

static void feed_is(struct store_fixture *f, const char *expected)
{
    char            said[STORE_SAID_MAX] = "";
    struct pawl_err err;

    T_OK(f->store.segments(f->store.self, acme, pawl_view(NULL, 0), 0, 9, is_notice, said, &err),
         &err);
    assert_string_equal(said, expected);
}

/* Of a device whose row cannot be written as a whole too. */
static void a_revocation_comes_with_its_entries_or_not_at_all(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device                       d = store_put(&f, "acme", 1);
    PAWL_CLEANUP(step_done) struct step s = with_entries("acme", "revoked", NULL);
    s.touches_device = s.revokes_device = true;
    s.device = d;
    memcpy(s.audit[0].device, d.id, sizeof(d.id));
    s.segment = calloc(1, sizeof(*s.segment));
    assert_non_null(s.segment);
    s.segment_n = 1;
    s.segment[0] = (struct segment_row){ .kind = SEGMENT_NOTICE, .time_ms = 1000, .n = 1 };
    memcpy(s.segment[0].device, d.id, sizeof(d.id));
    s.segment[0].heads = store_blob("{}");
    s.device.version++;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
    feed_is(&f, "");
    chain_is(&f, acme, "");
    s.device.version--;
    store_commits(&f, &s);
    feed_is(&f, "{} ");
    chain_is(&f, acme, "1=revoked ");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device"); /* of two who revoke one does */
    chain_is(&f, acme, "1=revoked ");
}

/* ---- group commit ---------------------------------------------------------------------------- */

static void steps_of_one_transaction_follow_each_other_around_one_that_fails(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE        f;
    struct store_waiting good[3] = { STORE_WAITING, STORE_WAITING, STORE_WAITING };
    struct store_waiting bad[2] = { STORE_WAITING, STORE_WAITING };

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    append(&f, "acme", "a", NULL);
    PAWL_CLEANUP(step_done) struct step one = with_entries("acme", "b", "c");
    PAWL_CLEANUP(step_done) struct step theirs = with_entries("other", "x", NULL);
    PAWL_CLEANUP(step_done) struct step two = with_entries("acme", "d", NULL);
    /* One fails before its entries are written .. */
    PAWL_CLEANUP(step_done) struct step late = with_entries("acme", "lost", "lost too");
    late.touches_device = true;
    late.device = d;
    late.device.version = 9;
    memcpy(late.audit[0].device, d.id, sizeof(d.id));
    memcpy(late.audit[1].device, d.id, sizeof(d.id));
    /* .. and one behind them. */
    PAWL_CLEANUP(step_done) struct step taken = with_entries("acme", "lost", "lost too");
    taken.takes_token = true;
    taken.has_device = true;
    taken.device = d;
    memcpy(taken.audit[0].device, d.id, sizeof(d.id));
    memcpy(taken.audit[1].device, d.id, sizeof(d.id));

    int64_t before = store_number(&f, "SELECT commits FROM history");
    store_hold(&f);
    f.store.commit(f.store.self, &one, store_over, &good[0]);
    f.store.commit(f.store.self, &taken, store_over, &bad[0]);
    f.store.commit(f.store.self, &theirs, store_over, &good[1]);
    f.store.commit(f.store.self, &late, store_over, &bad[1]);
    f.store.commit(f.store.self, &two, store_over, &good[2]);
    store_go();
    for (size_t i = 0; i < 3; i++)
        store_wait(&good[i]);
    assert_int_equal(bad[0].status.code, PAWL_E_BUG); /* there is no such token */
    assert_int_equal(bad[1].status.code, PAWL_E_CONFLICT);
    /* That of store_hold, and one for all. */
    assert_int_equal(store_number(&f, "SELECT commits FROM history"), before + 2);
    chain_is(&f, acme, "1=a 2=b 3=c 4=d ");
    chain_is(&f, other, "1=x ");
    append(&f, "acme", "e", NULL);
    chain_is(&f, acme, "1=a 2=b 3=c 4=d 5=e ");
}

/* ---- what shows ------------------------------------------------------------------------------ */

static void what_was_tampered_with_shows(void **state)
{
    (void)state;
    ONLY_SQLITE();
    static const struct {
        const char *sql, *where;
    } change[] = {
        { "UPDATE audit SET line = 'B' WHERE number = 2", "audit.hash" },
        { "UPDATE audit SET time_ms = 1 WHERE number = 2", "audit.hash" },
        { "UPDATE audit SET device = zeroblob(32) WHERE number = 2", "audit.hash" },
        { "UPDATE audit SET hash = zeroblob(32) WHERE number = 2", "audit.hash" },
        { "DELETE FROM audit WHERE number = 2", "audit.number" },
        { "DELETE FROM audit WHERE number = 1", "audit.number" },
        { "DELETE FROM audit WHERE number = 1; UPDATE audit SET number = number - 1",
          "audit.hash" },
        { "INSERT INTO audit SELECT tenant, 4, time_ms, device, line, hash FROM audit"
          " WHERE number = 3",
          "audit.hash" },
        { "UPDATE audit SET number = -1 WHERE number = 1", "audit.number" },
        { "UPDATE audit SET hash = x'00' WHERE number = 2", "store.audit.hash" },
        { "UPDATE audit SET device = x'00' WHERE number = 2", "store.audit.device" },
        { "UPDATE audit SET line = printf('%.1152c', 'x') WHERE number = 2", "store.audit.line" },
    };
    struct pawl_err err;
    struct check    c;

    for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
        char          sql[256];
        STORE_FIXTURE f;
        store_fixture_make(&f);
        append(&f, "acme", "a", "b");
        append(&f, "acme", "c", NULL);
        chain_is(&f, acme, "1=a 2=b 3=c ");
        snprintf(sql, sizeof(sql), "PRAGMA ignore_check_constraints = 1; %s", change[i].sql);
        store_exec(&f, sql);
        assert_false(pawl_is_ok(check_chain(&f, acme, &c, &err)));
        T_WHERE(&err, change[i].where);
    }
}

/* The last entry leaves without a trace in the table: heads that were given out tell. */
static void a_head_that_was_given_out_tells_what_is_gone(void **state)
{
    (void)state;
    STORE_FIXTURE     f;
    struct pawl_err   err;
    struct audit_head given, now;

    store_fixture_make(&f);
    append(&f, "acme", "a", "b");
    T_OK(f.store.audit_head(f.store.self, acme, &given, &err), &err);
    store_exec(&f, "DELETE FROM audit WHERE number = 2");
    chain_is(&f, acme, "1=a ");
    append(&f, "acme", "B", NULL);
    chain_is(&f, acme, "1=a 2=B ");
    T_OK(f.store.audit_head(f.store.self, acme, &now, &err), &err);
    assert_true(now.number == given.number);
    assert_memory_not_equal(now.hash, given.hash, sizeof(now.hash));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("hashes are those of the vectors", hashes_are_those_of_the_vectors),
        T_CASE("everything is in the hash", everything_is_in_the_hash),
        T_CASE("an entry that does not follow is refused",
               an_entry_that_does_not_follow_is_refused),
        T_CASE("the chain begins empty", the_chain_begins_empty),
        T_CASE("an entry comes back as it went in", an_entry_comes_back_as_it_went_in),
        T_CASE("it goes on after a restart and comes in pages",
               it_goes_on_after_a_restart_and_comes_in_pages),
        T_CASE("each tenant has its own", each_tenant_has_its_own),
        T_CASE("a revocation comes with its entries or not at all",
               a_revocation_comes_with_its_entries_or_not_at_all),
        T_CASE("steps of one transaction follow each other around one that fails",
               steps_of_one_transaction_follow_each_other_around_one_that_fails),
        T_CASE("what was tampered with shows", what_was_tampered_with_shows),
        T_CASE("a head that was given out tells what is gone",
               a_head_that_was_given_out_tells_what_is_gone),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
