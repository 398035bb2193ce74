/* SPDX-License-Identifier: Apache-2.0 */
/* Proves of groups: they are replaced whole and listed by name; no device and no exception is in
 * one that does not exist; none goes while a device is in it, and its exceptions go with it. Of
 * exceptions: a device finds its own, those of its group and those of its tenant, by number; a
 * number is given once. Of policies: the newest version is told without the text. Nothing is seen
 * by another tenant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };
static const struct pawl_view other = { (const uint8_t *)"other", 5 };
static const struct pawl_view all = { NULL, 0 };

static void fill(char *ret, size_t cap, char c)
{
    memset(ret, c, cap - 1);
    ret[cap - 1] = 0;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static struct step makes_group(const char *tenant, const char *name)
{
    struct step s = { .has_group = true };

    snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
    snprintf(s.group.name, sizeof(s.group.name), "%s", name);
    return s;
}

static void put_group(struct store_fixture *f, const char *tenant, const char *name)
{
    struct step s = makes_group(tenant, name);

    store_commits(f, &s);
}

static struct step drops(const char *tenant, const char *name)
{
    struct step s = makes_group(tenant, name);

    s.has_group = false;
    s.drops_group = true;
    return s;
}

static void put_into(struct store_fixture *f, struct device *d, const char *group)
{
    snprintf(d->group, sizeof(d->group), "%s", group);
    struct step s = store_step(d);
    store_commits(f, &s);
    d->version++;
}

static pawl_status say_group(const struct group_row *g, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%s ", g->name);
    return pawl_ok();
}

static void groups_are(struct store_fixture *f, struct pawl_view tenant, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.groups(f->store.self, tenant, "", 99, say_group, said, &err), &err);
    assert_string_equal(said, expected);
}

static void group_is(struct store_fixture *f, const struct step *s)
{
    struct pawl_err  err;
    struct group_row got;

    T_OK(f->store.group(f->store.self, pawl_view_str(s->tenant), s->group.name, &got, &err), &err);
    assert_string_equal(got.name, s->group.name);
    assert_string_equal(got.policy, s->group.policy);
    assert_int_equal(got.enforce, s->group.enforce);
    assert_string_equal(got.note, s->group.note);
    assert_true(got.created_s == s->group.created_s);
    assert_true(got.changed_s == s->group.changed_s);
}

static void a_group_is_replaced_whole(void **state)
{
    (void)state;
    STORE_FIXTURE    f;
    struct pawl_err  err;
    struct group_row got;
    struct step      s = makes_group("acme", "");

    store_fixture_make(&f);
    t_poison(&got, sizeof(got));
    T_FAILS(f.store.group(f.store.self, acme, "plant", &got, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "store.group");
    t_still_poisoned(&got, sizeof(got));
    fill(s.group.name, sizeof(s.group.name), 'g');
    fill(s.group.policy, sizeof(s.group.policy), 'p');
    fill(s.group.note, sizeof(s.group.note), 'n');
    s.group.enforce = true;
    s.group.created_s = 1700000000;
    s.group.changed_s = 1700000001;
    assert_false(step_is_empty(&s));
    store_commits(&f, &s);
    store_fixture_reopen(&f);
    group_is(&f, &s);
    assert_true(f.store.newest_ms(f.store.self) == 1700000001000);
    s.group.policy[0] = 0;
    s.group.note[0] = 0;
    s.group.enforce = false;
    s.group.changed_s++;
    store_commits(&f, &s);
    group_is(&f, &s);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM device_group"), 1);
}

static void groups_come_by_name_and_of_one_tenant(void **state)
{
    (void)state;
    STORE_FIXTURE    f;
    struct pawl_err  err;
    struct group_row got;

    store_fixture_make(&f);
    groups_are(&f, acme, "");
    put_group(&f, "acme", "plant");
    put_group(&f, "acme", "gate");
    put_group(&f, "other", "lab");
    put_group(&f, "acme", "plant");
    groups_are(&f, acme, "gate plant ");
    groups_are(&f, other, "lab ");
    T_FAILS(f.store.group(f.store.self, other, "plant", &got, &err), &err, PAWL_E_ABSENT);
}

static void a_device_comes_into_no_group_that_does_not_exist(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = store_device("acme", 1), got;
    struct step     s = store_step(&d);

    store_fixture_make(&f);
    put_group(&f, "other", "plant");
    snprintf(s.device.group, sizeof(s.device.group), "plant");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
    d = store_put(&f, "acme", 1);
    s.device.version = 1;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
    put_group(&f, "acme", "plant");
    put_into(&f, &d, "plant");
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_string_equal(got.group, "plant");
    /* One step may do both. */
    s = makes_group("acme", "gate");
    s.has_device = true;
    s.device = d;
    snprintf(s.device.group, sizeof(s.device.group), "gate");
    store_commits(&f, &s);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_string_equal(got.group, "gate");
}

/* Which an index has: what a request writes does not touch it. */
static void a_device_that_stays_writes_no_group(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   got;

    store_fixture_make(&f);
    put_group(&f, "acme", "plant");
    struct device d = store_put(&f, "acme", 1);
    put_into(&f, &d, "plant");
    store_exec(&f, "CREATE TRIGGER no_group BEFORE UPDATE OF grp ON device"
                   " BEGIN SELECT RAISE(ABORT, 'a group'); END");
    snprintf(d.status, sizeof(d.status), "warning");
    put_into(&f, &d, "plant");
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_string_equal(got.group, "plant");
    assert_string_equal(got.status, "warning");
    struct step s = store_step(&d);
    s.device.group[0] = 0;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
}

static void no_group_goes_while_a_device_is_in_it(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    struct step   s = drops("acme", "plant");

    store_fixture_make(&f);
    assert_false(step_is_empty(&s));
    store_refuses(&f, &s, PAWL_E_ABSENT, "store.group");
    put_group(&f, "acme", "plant");
    put_group(&f, "acme", "gate");
    put_group(&f, "other", "plant");
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    put_into(&f, &d, "plant");
    put_into(&f, &e, "plant");
    put_into(&f, &d, "");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.group");
    put_into(&f, &e, "gate");
    struct device hers = store_put(&f, "other", 1);
    put_into(&f, &hers, "plant");
    store_commits(&f, &s);
    groups_are(&f, acme, "gate ");
    groups_are(&f, other, "plant ");
    store_refuses(&f, &s, PAWL_E_ABSENT, "store.group");
}

/* ---- exceptions ------------------------------------------------------------------------------ */

static struct step excepts(const char *tenant, const struct device *d, const char *group,
                           const char *what)
{
    struct step s = { .has_exception = true,
                      .exception = { .number = 77,
                                     .created_s = 1700000000,
                                     .x = { .reason = REASON_PCR_DIFFERS,
                                            .author = "ada",
                                            .note = "new board",
                                            .until_s = 4000000000 } } };

    snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
    snprintf(s.exception.group, sizeof(s.exception.group), "%s", group);
    snprintf(s.exception.x.what, sizeof(s.exception.x.what), "%s", what);
    if (d) {
        s.exception.has_device = true;
        memcpy(s.exception.device, d->id, sizeof(d->id));
    }
    return s;
}

static void except(struct store_fixture *f, const char *tenant, const struct device *d,
                   const char *group, const char *what)
{
    struct step s = excepts(tenant, d, group, what);

    store_commits(f, &s);
}

static pawl_status say_exception(const struct exception_row *x, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%llu:%s ", (unsigned long long)x->number, x->x.what);
    return pawl_ok();
}

static void exceptions_are(struct store_fixture *f, struct pawl_view tenant, const struct device *d,
                           const char *group, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.exceptions(f->store.self, tenant, d ? PAWL_VIEW_OF(d->id) : all, group,
                             say_exception, said, &err),
         &err);
    assert_string_equal(said, expected);
}

static pawl_status take(const struct exception_row *x, void *arg, struct pawl_err *err)
{
    (void)err;
    *(struct exception_row *)arg = *x;
    return pawl_ok();
}

static void same_exception(const struct exception_row *a, const struct exception_row *b)
{
    assert_int_equal(a->has_device, b->has_device);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(a->device), PAWL_VIEW_OF(b->device)));
    assert_string_equal(a->group, b->group);
    assert_true(a->created_s == b->created_s);
    assert_int_equal(a->x.reason, b->x.reason);
    assert_string_equal(a->x.what, b->x.what);
    assert_string_equal(a->x.author, b->x.author);
    assert_string_equal(a->x.note, b->x.note);
    assert_true(a->x.until_s == b->x.until_s);
}

/* Every reason of the catalogue, and texts as long as they may be. */
static void an_exception_comes_back_as_it_was_written(void **state)
{
    (void)state;
    STORE_FIXTURE        f;
    struct pawl_err      err;
    struct exception_row got = { 0 };
    char                 group[PAWL_TENANT_MAX + 1];

    store_fixture_make(&f);
    fill(group, sizeof(group), 'g');
    put_group(&f, "acme", group);
    struct device d = store_put(&f, "acme", 1);
    for (unsigned r = REASON_NONE + 1; r < REASON_COUNT; r++) {
        bool        own = r % 2;
        struct step s = excepts("acme", own ? &d : NULL, own ? "" : group, "");
        fill(s.exception.x.what, sizeof(s.exception.x.what), 'w');
        fill(s.exception.x.author, sizeof(s.exception.x.author), 'a');
        fill(s.exception.x.note, sizeof(s.exception.x.note), 'n');
        s.exception.x.reason = (enum reason)r;
        assert_false(step_is_empty(&s));
        store_commits(&f, &s);
        T_OK(f.store.exceptions(f.store.self, acme, all, "", take, &got, &err), &err);
        assert_true(got.number == r);
        same_exception(&got, &s.exception);
    }
}

static void a_device_finds_its_own_its_groups_and_its_tenants(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    exceptions_are(&f, acme, &d, "", "");
    exceptions_are(&f, acme, NULL, "", "");
    put_group(&f, "acme", "plant");
    put_group(&f, "acme", "gate");
    store_put(&f, "other", 1); /* of the same id */
    except(&f, "acme", NULL, "", "tenant");
    except(&f, "acme", &e, "", "hers");
    except(&f, "acme", NULL, "plant", "plant");
    except(&f, "acme", &d, "", "its");
    except(&f, "acme", NULL, "gate", "gate");
    except(&f, "other", &d, "", "of another");
    except(&f, "acme", NULL, "", "tenant");
    except(&f, "acme", &d, "", "again");
    store_fixture_reopen(&f);
    exceptions_are(&f, acme, &d, "", "1:tenant 4:its 6:tenant 7:again ");
    exceptions_are(&f, acme, &d, "plant", "1:tenant 3:plant 4:its 6:tenant 7:again ");
    exceptions_are(&f, acme, &e, "gate", "1:tenant 2:hers 5:gate 6:tenant ");
    exceptions_are(&f, acme, NULL, "", "1:tenant 2:hers 3:plant 4:its 5:gate 6:tenant 7:again ");
    exceptions_are(&f, other, &d, "plant", "1:of another ");
    exceptions_are(&f, other, &e, "plant", "");
}

static void a_number_is_given_once(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct step     ends = { .tenant = "acme", .ends_exception = 2 };
    struct step     s = { .tenant = "acme", .has_default_policy = true, .default_policy = "one" };
    char            name[PAWL_TENANT_MAX + 1];

    store_fixture_make(&f);
    assert_false(step_is_empty(&ends));
    except(&f, "acme", NULL, "", "a");
    except(&f, "acme", NULL, "", "b");
    except(&f, "other", NULL, "", "c");
    store_commits(&f, &ends);
    store_refuses(&f, &ends, PAWL_E_ABSENT, "store.exception");
    store_commits(&f, &s); /* in the same row as the count */
    except(&f, "acme", NULL, "", "d");
    exceptions_are(&f, acme, NULL, "", "1:a 3:d ");
    T_OK(f.store.default_policy(f.store.self, acme, name, &err), &err);
    assert_string_equal(name, "one");
    /* That of another tenant ends nothing. */
    snprintf(ends.tenant, sizeof(ends.tenant), "other");
    store_refuses(&f, &ends, PAWL_E_ABSENT, "store.exception");
    exceptions_are(&f, other, NULL, "", "1:c ");
}

static void exceptions_of_a_group_go_with_it(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    struct step   drop = drops("acme", "plant"), s = excepts("acme", NULL, "plant", "none");

    store_fixture_make(&f);
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.group");
    put_group(&f, "acme", "plant");
    put_group(&f, "acme", "gate");
    put_group(&f, "other", "plant");
    except(&f, "acme", NULL, "plant", "plant");
    except(&f, "acme", NULL, "gate", "gate");
    except(&f, "acme", NULL, "", "tenant");
    except(&f, "other", NULL, "plant", "of another");
    put_group(&f, "acme", "plant"); /* a change takes none away */
    exceptions_are(&f, acme, NULL, "", "1:plant 2:gate 3:tenant ");
    store_commits(&f, &drop);
    exceptions_are(&f, acme, NULL, "", "2:gate 3:tenant ");
    exceptions_are(&f, other, NULL, "", "1:of another ");
    put_group(&f, "acme", "plant"); /* and one of its name has none */
    exceptions_are(&f, acme, NULL, "", "2:gate 3:tenant ");
}

static void an_exception_is_of_one_thing_that_exists(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    put_group(&f, "acme", "plant");
    struct device d = store_put(&f, "other", 1);
    struct step   s = excepts("acme", &d, "", "no such device");
    store_refuses(&f, &s, PAWL_E_BUG, "store.exception");
    d = store_put(&f, "acme", 1);
    s = excepts("acme", &d, "plant", "of both");
    store_refuses(&f, &s, PAWL_E_BUG, "store.exception");
}

static pawl_status is_of_no_reason(const struct exception_row *x, void *arg, struct pawl_err *err)
{
    (void)err;
    assert_int_equal(x->x.reason, REASON_NONE);
    ++*(size_t *)arg;
    return pawl_ok();
}

static void an_exception_of_a_newer_program_is_of_no_reason(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    size_t          n = 0;

    store_fixture_make(&f);
    except(&f, "acme", NULL, "", "a");
    store_exec(&f, "UPDATE exception SET reason = 'of-tomorrow'");
    T_OK(f.store.exceptions(f.store.self, acme, all, "", is_of_no_reason, &n, &err), &err);
    assert_int_equal(n, 1);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void a_row_that_is_none_of_ours_fails_by_its_column(void **state)
{
    (void)state;
    ONLY_SQLITE();
    static const struct {
        const char *sql, *where;
    } change[] = {
        { "UPDATE exception SET reason = ''", "store.exception.reason" },
        { "UPDATE exception SET what = printf('%.96c', 'x')", "store.exception.what" },
        { "UPDATE exception SET author = printf('%.64c', 'x')", "store.exception.author" },
        { "UPDATE exception SET note = printf('%.256c', 'x')", "store.exception.note" },
        { "PRAGMA foreign_keys = 0; UPDATE exception SET device = x'01'",
          "store.exception.device" },
        { "PRAGMA foreign_keys = 0; UPDATE exception SET grp = printf('%.33c', 'x')",
          "store.exception.grp" },
    };
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
        STORE_FIXTURE f;
        store_fixture_make(&f);
        except(&f, "acme", NULL, "", "a");
        store_exec(&f, change[i].sql);
        T_FAILS(f.store.exceptions(f.store.self, acme, all, "", say_exception, said, &err), &err,
                PAWL_E_FORM);
        T_WHERE(&err, change[i].where);
    }
    assert_string_equal(said, "");

    STORE_FIXTURE    f;
    struct group_row got;
    store_fixture_make(&f);
    put_group(&f, "acme", "plant");
    store_exec(&f, "UPDATE device_group SET enforce = 2");
    T_FAILS(f.store.group(f.store.self, acme, "plant", &got, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "store.group.enforce");
}

/* ---- policies -------------------------------------------------------------------------------- */

static void put_policy(struct store_fixture *f, const char *tenant, uint64_t version)
{
    PAWL_CLEANUP(step_done)
    struct step s = { .has_policy = true, .policy = { .name = "gateway", .version = version } };

    snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
    snprintf(s.policy.tenant, sizeof(s.policy.tenant), "%s", tenant);
    s.policy.json = strdup("{}");
    store_commits(f, &s);
}

static void the_newest_version_is_told_without_the_text(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    uint64_t        version = 5;

    store_fixture_make(&f);
    put_policy(&f, "acme", 9);
    put_policy(&f, "acme", 10);
    put_policy(&f, "acme", 2);
    put_policy(&f, "other", 11);
    T_FAILS(f.store.policy_version(f.store.self, acme, "gate", &version, &err), &err,
            PAWL_E_ABSENT);
    T_WHERE(&err, "store.policy");
    assert_true(version == 5);
    T_OK(f.store.policy_version(f.store.self, acme, "gateway", &version, &err), &err);
    assert_true(version == 10);
    T_OK(f.store.policy_version(f.store.self, other, "gateway", &version, &err), &err);
    assert_true(version == 11);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a group is replaced whole", a_group_is_replaced_whole),
        T_CASE("groups come by name and of one tenant", groups_come_by_name_and_of_one_tenant),
        T_CASE("a device comes into no group that does not exist",
               a_device_comes_into_no_group_that_does_not_exist),
        T_CASE("a device that stays writes no group", a_device_that_stays_writes_no_group),
        T_CASE("no group goes while a device is in it", no_group_goes_while_a_device_is_in_it),
        T_CASE("an exception comes back as it was written",
               an_exception_comes_back_as_it_was_written),
        T_CASE("a device finds its own, its group's and its tenant's",
               a_device_finds_its_own_its_groups_and_its_tenants),
        T_CASE("a number is given once", a_number_is_given_once),
        T_CASE("exceptions of a group go with it", exceptions_of_a_group_go_with_it),
        T_CASE("an exception is of one thing that exists",
               an_exception_is_of_one_thing_that_exists),
        T_CASE("an exception of a newer program is of no reason",
               an_exception_of_a_newer_program_is_of_no_reason),
        T_CASE("a row that is none of ours fails by its column",
               a_row_that_is_none_of_ours_fails_by_its_column),
        T_CASE("the newest version is told without the text",
               the_newest_version_is_told_without_the_text),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
