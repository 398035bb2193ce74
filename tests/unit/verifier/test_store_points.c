/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: killed at any point of any transaction, the store holds every step whole or not at all,
 * holds all that it had reported done, and is not taken for an older copy of itself. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "point.h"
#include "store_fixture.h"

/* Later than any clock, so that the events behind the first step carry it too: every run writes the
 * same rows. */
#define SEEN_S INT64_C(4000000000)

/* ---- the steps ------------------------------------------------------------------------------- */

static struct device device_at(uint64_t version)
{
    struct device d = store_device("acme", 1);

    d.version = version;
    d.seen_s = SEEN_S;
    return d;
}

static struct step enrols(void)
{
    struct device d = device_at(0);
    struct step   s = store_batch(&d, 0);

    s.touches_device = false;
    s.has_device = true;
    s.papers = strdup("{}");
    return s;
}

static void queue(struct step *s, uint64_t id, uint64_t seq)
{
    s->downlink = calloc(1, sizeof(*s->downlink));
    assert_non_null(s->downlink);
    s->downlink_n = 1;
    s->downlink[0] = (struct downlink_row){ .id = id, .created_ms = 5, .seq = seq, .sent_ms = 6 };
    memcpy(s->downlink[0].device, device_at(0).id, PAWL_DEVICE_ID);
    s->downlink[0].body = store_blob("body");
}

/* Messages come, an older generation goes, a message leaves. */
static struct step exchanges(uint64_t version)
{
    struct device d = device_at(version);
    struct step   s = store_batch(&d, (unsigned)version);

    s.generation[1].gen = (uint32_t)version - 1;
    s.generation[1].gone = true;
    queue(&s, 7, version);
    return s;
}

static struct step is_queued(void)
{
    struct step s = { .tenant = "acme" };

    queue(&s, 7, 0);
    return s;
}

static struct step is_delivered(uint64_t version)
{
    struct device d = device_at(version);
    struct step   s = store_batch(&d, (unsigned)version);

    s.delivered_n = 1;
    s.delivered = calloc(1, sizeof(*s.delivered));
    assert_non_null(s.delivered);
    s.delivered[0] = 7;
    return s;
}

static struct step is_found_out(void)
{
    struct step s = { .tenant = "acme", .incident_n = 1, .proof_n = 1, .audit_n = 2 };

    s.incident = calloc(1, sizeof(*s.incident));
    s.proof = calloc(1, sizeof(*s.proof));
    s.audit = calloc(2, sizeof(*s.audit));
    assert_non_null(s.incident);
    assert_non_null(s.proof);
    assert_non_null(s.audit);
    s.incident[0] = (struct incident_row){ .rules = 32, .epoch = 1, .detail = "forked" };
    memcpy(s.incident[0].device, device_at(0).id, PAWL_DEVICE_ID);
    s.incident[0].slots = store_blob("slots");
    s.proof[0].epoch = 1;
    memcpy(s.proof[0].device, device_at(0).id, PAWL_DEVICE_ID);
    s.proof[0].bytes = store_blob("proof");
    s.audit[0] = (struct audit_row){ .line = "{}" };
    s.audit[1] = (struct audit_row){ .line = "{\"again\":1}" };
    snprintf(s.event, sizeof(s.event), "incident");
    return s;
}

static struct step attests(uint64_t version)
{
    struct step s = exchanges(version);

    s.has_device = true;
    s.device.attempt = 9;
    free(s.papers);
    s.papers = strdup("{\"again\":1}");
    s.evidence = store_blob("evidence");
    s.has_consumer = true;
    snprintf(s.consumer.name, sizeof(s.consumer.name), "webhook");
    snprintf(s.consumer.cursor, sizeof(s.consumer.cursor), "7.2");
    snprintf(s.event, sizeof(s.event), "affirming");
    return s;
}

/* A device comes into a new group; its boot and its evidence are kept, an exception is made. */
static struct step is_appraised(uint64_t version)
{
    struct step s = exchanges(version);

    s.has_device = true;
    s.has_group = true;
    snprintf(s.group.name, sizeof(s.group.name), "plant");
    snprintf(s.device.group, sizeof(s.device.group), "plant");
    s.has_boot = true;
    s.boot = (struct boot_row){ .resets = 1, .has_facts = true, .ima = store_blob("list") };
    s.boot.facts = store_blob("facts");
    s.kept_n = 1;
    s.kept = calloc(1, sizeof(*s.kept));
    assert_non_null(s.kept);
    s.kept[0] = (struct kept_row){ .kind = KEPT_LOG, .bytes = store_blob("log") };
    s.has_exception = true;
    s.exception.x.reason = REASON_PCR_DIFFERS;
    snprintf(s.exception.group, sizeof(s.exception.group), "plant");
    return s;
}

/* And all of it goes: it leaves its group, which is dropped, and boots otherwise. */
static struct step boots_otherwise(uint64_t version)
{
    struct step s = exchanges(version);

    s.has_device = true;
    s.has_boot = true;
    s.boot = (struct boot_row){ .resets = 2, .has_facts = true, .facts_sha256 = { 1 } };
    s.boot.facts = store_blob("others");
    s.forgets_kept = true;
    s.drops_group = true;
    snprintf(s.group.name, sizeof(s.group.name), "plant");
    return s;
}

enum { STEPS = 9 };

static struct step step_number(unsigned i)
{
    switch (i) {
    case 0:
        return enrols();
    case 1:
        return is_queued();
    case 2:
        return exchanges(1);
    case 3:
        return is_found_out();
    case 4:
        return attests(2);
    case 5:
        return is_delivered(3);
    case 6:
        return is_appraised(4);
    case 7:
        return boots_otherwise(5);
    default:
        return exchanges(6);
    }
}

static pawl_status commit_number(const struct store *store, unsigned i)
{
    struct pawl_err                     err;
    PAWL_CLEANUP(step_done) struct step s = step_number(i);

    return store_commit_wait(store, &s, &err);
}

/* ---- killed ---------------------------------------------------------------------------------- */

static unsigned points_left;

static void die_at_the_last(const char *name)
{
    (void)name;
    if (--points_left == 0)
        kill(getpid(), SIGKILL);
}

/* A byte for each step that was reported done. */
static _Noreturn void run_and_die(const char *dir, int out)
{
    struct pawl_err err;
    struct store    store;

    point_reached = die_at_the_last;
    if (!pawl_is_ok(sqlite_store_open(dir, &store, &err)))
        _exit(1);
    for (unsigned i = 0; i < STEPS; i++)
        if (!pawl_is_ok(commit_number(&store, i)) || write(out, "x", 1) != 1)
            _exit(2);
    _exit(0);
}

/* The number of steps that were reported done; *died is false when there was no such point. */
static unsigned kill_at(const char *dir, unsigned n, bool *died)
{
    int      fd[2], status;
    unsigned done = 0;
    char     x;

    assert_int_equal(pipe(fd), 0);
    points_left = n;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_and_die(dir, fd[1]);
    close(fd[1]);
    while (read(fd[0], &x, 1) == 1)
        done++;
    close(fd[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    *died = WIFSIGNALED(status);
    if (!*died)
        assert_int_equal(WEXITSTATUS(status), 0);
    return done;
}

/* All rows after the first n steps. */
static char *rows_after(unsigned n)
{
    STORE_FIXTURE f;

    store_fixture_make(&f);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(commit_number(&f.store, i).code, PAWL_OK);
    return store_dump(&f);
}

static void killed_at_any_point_a_step_is_whole_or_not_at_all(void **state)
{
    (void)state;
    char    *expected[STEPS + 1];
    bool     died = true;
    unsigned points = 0;

    for (unsigned i = 0; i <= STEPS; i++)
        expected[i] = rows_after(i);
    for (unsigned n = 1; died; n++) {
        STORE_FIXTURE f;
        store_fixture_make(&f);
        f.store.close(f.store.self);
        f.open = false;
        unsigned done = kill_at(f.dir, n, &died);
        store_fixture_reopen(&f);
        assert_true(f.store.restored_ms(f.store.self) == 0);
        char *rows = store_dump(&f);
        /* Before COMMIT it is not there; behind it, it is, whether that was reported or not. */
        assert_string_equal(rows, expected[died ? done + (n % 2 == 0) : STEPS]);
        free(rows);
        /* And it goes on from there. */
        for (unsigned i = died ? done + (n % 2 == 0) : STEPS; i < STEPS; i++)
            assert_int_equal(commit_number(&f.store, i).code, PAWL_OK);
        rows = store_dump(&f);
        assert_string_equal(rows, expected[STEPS]);
        free(rows);
        points += died;
    }
    assert_int_equal(points, 2 * STEPS);
    for (unsigned i = 0; i <= STEPS; i++)
        free(expected[i]);
}

/* ---- the points themselves ------------------------------------------------------------------- */

static char reached[64];

static void note(const char *name)
{
    snprintf(reached + strlen(reached), sizeof(reached) - strlen(reached), "%s ", name);
}

static void note_done(pawl_status status, const struct pawl_err *err, void *arg)
{
    (void)err;
    assert_int_equal(status.code, PAWL_OK);
    note("done");
    *(bool *)arg = true;
}

static void points_stand_on_both_sides_of_the_commit(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    bool          done = false;

    store_fixture_make(&f);
    PAWL_CLEANUP(step_done) struct step s = step_number(0);
    reached[0] = 0;
    point_reached = note;
    f.store.commit(f.store.self, &s, note_done, &done);
    f.store.close(f.store.self);
    f.open = false;
    point_reached = NULL;
    assert_true(done);
    assert_string_equal(reached, "store.committing store.committed done ");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("killed at any point a step is whole or not at all",
               killed_at_any_point_a_step_is_whole_or_not_at_all),
        T_CASE("points stand on both sides of the commit",
               points_stand_on_both_sides_of_the_commit),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
