/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that the agent's small files survive what happens to devices: a full disk, a kill at any
 * moment, a second agent, a torn or foreign file; and that a device in good order writes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "state/dir.h"
#include "state/file.h"
#include "state/record.h"
#include "t.h"

static int open_scratch(void)
{
    int fd = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static void put(int dir, const char *name, const char *text)
{
    struct pawl_err err;

    T_OK(file_replace(dir, name, pawl_view_str(text), &err), &err);
}

static void holds(int dir, const char *name, const char *text)
{
    uint8_t         got[4096];
    size_t          n = 0;
    struct pawl_err err;

    T_OK(file_read(dir, name, got, sizeof(got), &n, &err), &err);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, n);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void a_file_is_replaced_whole(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct stat                  st;

    (void)state;
    put(dir, "f", "one");
    put(dir, "f", "two and more");
    holds(dir, "f", "two and more");
    assert_int_equal(fstatat(dir, "f", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct rlimit                old, small;
    struct pawl_err              err;
    static uint8_t               big[8192];

    (void)state;
    put(dir, "f", "the old bytes");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){ 4096, old.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    pawl_status s = file_replace(dir, "f", PAWL_VIEW_OF(big), &err);
    setrlimit(RLIMIT_FSIZE, &old);
    T_FAILS(s, &err, PAWL_E_IO);
    T_WHERE(&err, "f");
    holds(dir, "f", "the old bytes");
    assert_int_equal(faccessat(dir, "f.new", F_OK, 0), -1);
}

static void what_a_kill_left_behind_is_no_obstacle(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();

    (void)state;
    put(dir, "f", "old");
    put(dir, "f.new", "half a fi");
    holds(dir, "f", "old");
    put(dir, "f", "new");
    holds(dir, "f", "new");
}

static void a_planted_link_is_not_written_through(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();

    (void)state;
    put(dir, "victim", "untouched");
    assert_int_equal(symlinkat("victim", dir, "f.new"), 0);
    put(dir, "f", "new");
    holds(dir, "victim", "untouched");
}

static void a_file_that_is_none_is_refused(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    uint8_t                      got[8];
    size_t                       n;
    struct pawl_err              err;

    (void)state;
    T_FAILS(file_read(dir, "f", got, sizeof(got), &n, &err), &err, PAWL_E_ABSENT);
    assert_int_equal(mkdirat(dir, "d", 0700), 0);
    T_FAILS(file_read(dir, "d", got, sizeof(got), &n, &err), &err, PAWL_E_FORM);
    assert_int_equal(mkfifoat(dir, "p", 0600), 0);
    T_FAILS(file_read(dir, "p", got, sizeof(got), &n, &err), &err, PAWL_E_FORM);
    put(dir, "long", "12345678");
    T_OK(file_read(dir, "long", got, sizeof(got), &n, &err), &err);
    put(dir, "long", "123456789");
    T_FAILS(file_read(dir, "long", got, sizeof(got), &n, &err), &err, PAWL_E_RANGE);
}

/* ---- the directory -------------------------------------------------------------------------- */

static void a_second_agent_is_refused(void **state)
{
    PAWL_CLEANUP(state_dir_close) struct state_dir a = { -1, -1 }, b = { -1, -1 };
    PAWL_CLEANUP(state_dir_close) struct state_dir look = { -1, -1 };
    long                                           pid = 7;
    struct pawl_err                                err;
    char                                           want[32];

    (void)state;
    T_OK(state_dir_open(scratch_path("s"), &a, &err), &err);
    T_FAILS(state_dir_open(scratch_path("s"), &b, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "state.lock");
    snprintf(want, sizeof(want), "(pid %ld)", (long)getpid());
    assert_non_null(strstr(err.why, want));
    T_OK(state_dir_look(scratch_path("s"), &look, &pid, &err), &err);
    assert_int_equal(pid, getpid());

    state_dir_close(&a);
    T_OK(state_dir_open(scratch_path("s"), &b, &err), &err);
}

static void the_lock_goes_with_the_process(void **state)
{
    PAWL_CLEANUP(state_dir_close) struct state_dir a = { -1, -1 };
    PAWL_CLEANUP(state_dir_close) struct state_dir look = { -1, -1 };
    long                                           left = 7;
    struct pawl_err                                err;
    int                                            status;

    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        if (!pawl_is_ok(state_dir_open(scratch_path("s"), &a, &err)))
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    T_OK(state_dir_look(scratch_path("s"), &look, &left, &err), &err);
    assert_int_equal(left, 0);
    T_OK(state_dir_open(scratch_path("s"), &a, &err), &err);
}

static void looking_makes_nothing(void **state)
{
    PAWL_CLEANUP(state_dir_close) struct state_dir look = { -1, -1 };
    long                                           pid = 7;
    struct pawl_err                                err;

    (void)state;
    T_FAILS(state_dir_look(scratch_path("s"), &look, &pid, &err), &err, PAWL_E_ABSENT);
    assert_int_equal(access(scratch_path("s"), F_OK), -1);
    assert_int_equal(mkdir(scratch_path("s"), 0700), 0);
    T_OK(state_dir_look(scratch_path("s"), &look, &pid, &err), &err);
    assert_int_equal(pid, 0);
    assert_int_equal(rmdir(scratch_path("s")), 0);
}

static void a_directory_that_others_can_read_is_refused(void **state)
{
    PAWL_CLEANUP(state_dir_close) struct state_dir d = { -1, -1 };
    struct pawl_err                                err;
    struct stat                                    st;

    (void)state;
    assert_int_equal(mkdir(scratch_path("s"), 0700), 0);
    assert_int_equal(chmod(scratch_path("s"), 0750), 0);
    T_FAILS(state_dir_open(scratch_path("s"), &d, &err), &err, PAWL_E_DENIED);
    T_WHERE(&err, "state");
    assert_int_equal(stat(scratch_path("s"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    T_FAILS(state_dir_open(scratch_path("no/s"), &d, &err), &err, PAWL_E_ABSENT);
}

static void contact_is_a_time_and_no_data(void **state)
{
    PAWL_CLEANUP(state_dir_close) struct state_dir d = { -1, -1 };
    struct pawl_err                                err;
    struct stat                                    st;

    (void)state;
    T_OK(state_dir_open(scratch_path("s"), &d, &err), &err);
    assert_int_equal(state_dir_contact_s(&d), 0);
    state_dir_contact_now(&d);
    assert_true(state_dir_contact_s(&d) > 1600000000);
    assert_int_equal(fstatat(d.fd, "contact", &st, 0), 0);
    assert_int_equal(st.st_size, 0);
}

/* ---- the record ----------------------------------------------------------------------------- */

static struct record a_record(void)
{
    struct record r = { .enrolled = true,
                        .waits = true,
                        .server = "gw:8443",
                        .tenant = "demo",
                        .has_verifier = true,
                        .verifier_id = { 1, 2 },
                        .verifier_point = { 4, 5 },
                        .has_device = true,
                        .device_id = { 6 },
                        .ek = "EK P-384 (H-3)",
                        .ak = "AK P-256",
                        .ek_name = { .n = 50, .b = { 0, 0x0c, 1 } },
                        .ak_name = { .n = 34, .b = { 0, 0x0b, 2 } },
                        .td_name = { .n = 34, .b = { 0, 0x0b, 3 } },
                        .has_resets = true,
                        .resets = UINT32_MAX,
                        .has_os_boot = true,
                        .os_boot = { 1, 2, 3, 4, 5, 6, 7, 0xff },
                        .coverage = "identity,boot-log=no-event-log",
                        .release = "6.1.0-55",
                        .watched = true,
                        .wants_list = true,
                        .epoch = UINT64_MAX,
                        .rekeyed_s = 1700000001,
                        .result = "none",
                        .why = "no-policy",
                        .failure = "server: \"away\"",
                        .failing_since_s = 1700000000,
                        .software = "warning",
                        .keys = "contraindicated",
                        .incident = { INCIDENT_DEVICE_CLONED, true, 1700000002, UINT64_MAX },
                        .told = INCIDENT_MESSAGE_FORGED,
                        .told_since_s = 1600000000 };
    return r;
}

static void a_record_comes_back_as_written(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct record                r = a_record(), got;
    struct pawl_err              err;

    (void)state;
    T_OK(record_read(dir, &got, &err), &err);
    assert_false(got.enrolled);
    T_OK(record_save(dir, &r, &err), &err);
    T_OK(record_read(dir, &got, &err), &err);
    assert_memory_equal(&got.ek_name, &r.ek_name, sizeof(r.ek_name));
    assert_memory_equal(got.verifier_point, r.verifier_point, sizeof(r.verifier_point));
    assert_memory_equal(got.device_id, r.device_id, sizeof(r.device_id));
    assert_int_equal(got.resets, UINT32_MAX);
    assert_true(got.epoch == UINT64_MAX);
    assert_int_equal(got.rekeyed_s, r.rekeyed_s);
    assert_true(got.enrolled && got.waits && got.has_resets && got.has_os_boot && got.watched &&
                got.wants_list);
    assert_memory_equal(got.os_boot, r.os_boot, sizeof(r.os_boot));
    assert_string_equal(got.coverage, "identity,boot-log=no-event-log");
    assert_string_equal(got.release, "6.1.0-55");
    assert_string_equal(got.failure, r.failure);
    assert_string_equal(got.tenant, "demo");
    assert_int_equal(got.failing_since_s, r.failing_since_s);
    assert_string_equal(got.software, "warning");
    assert_string_equal(got.keys, "contraindicated");
    assert_true(got.incident.kind == INCIDENT_DEVICE_CLONED && got.incident.by_verifier);
    assert_true(got.incident.since_s == 1700000002 && got.incident.epoch == UINT64_MAX);
    assert_true(got.told == INCIDENT_MESSAGE_FORGED && got.told_since_s == 1600000000);
    r.incident.by_verifier = false;
    r.told = INCIDENT_NONE;
    T_OK(record_save(dir, &r, &err), &err);
    T_OK(record_read(dir, &got, &err), &err);
    assert_true(!got.incident.by_verifier && !got.told && !got.told_since_s);
    r.incident = (struct incident){ 0 };
    T_OK(record_save(dir, &r, &err), &err);
    T_OK(record_read(dir, &got, &err), &err);
    assert_false(got.incident.kind);
}

/* A name in a stranger's certificate, a path cut inside a character: whatever the last failure
 * said, the next start reads the record. */
static void any_failure_can_be_read_again(void **state)
{
    static const char *const texts[] = {
        "tls.ca: \xc3",     "\xff\xfe",        "subject name 'x\\u0000'",
        "\\\\u0000\\u0000", "a\nb\x1b[2J\x7f", "\xc3\xa4"
    };
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct record                r = a_record(), got;
    struct pawl_err              err;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        snprintf(r.failure, sizeof(r.failure), "%s", texts[i]);
        T_OK(record_save(dir, &r, &err), &err);
        T_OK(record_read(dir, &got, &err), &err);
        assert_int_equal(strlen(got.failure), strlen(texts[i]));
        for (const char *c = got.failure; *c; c++)
            assert_in_range(*c, ' ', '~');
    }
    assert_string_equal(got.failure, "??");
    memset(r.failure, '\\', sizeof(r.failure) - 1); /* the longest on disk */
    memset(r.why, '\\', sizeof(r.why) - 1);
    memset(r.server, '\\', sizeof(r.server) - 1);
    T_OK(record_save(dir, &r, &err), &err);
    T_OK(record_read(dir, &got, &err), &err);
}

static void the_same_record_is_not_written_again(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct record                r = a_record();
    struct pawl_err              err;
    struct stat                  one, two;

    (void)state;
    T_OK(record_save(dir, &r, &err), &err);
    assert_int_equal(fstatat(dir, "agent.json", &one, 0), 0);
    T_OK(record_save(dir, &r, &err), &err);
    assert_int_equal(fstatat(dir, "agent.json", &two, 0), 0);
    assert_int_equal(one.st_ino, two.st_ino);
    r.waits = false;
    T_OK(record_save(dir, &r, &err), &err);
    assert_int_equal(fstatat(dir, "agent.json", &two, 0), 0);
    assert_true(one.st_ino != two.st_ino || one.st_ctim.tv_nsec != two.st_ctim.tv_nsec);
}

static void a_bad_record_is_refused_by_name(void **state)
{
    static const struct {
        const char    *text;
        enum pawl_code code;
        const char    *where;
    } bad[] = {
        { "[]", PAWL_E_FORM, "agent.json" },
        { "{\"version\": 1, \"enrolled\": fal", PAWL_E_FORM, "agent.json" },
        { "{\"version\": 1, \"enrolled\": false}", PAWL_E_ABSENT, "agent.json.waits" },
        { "{\"version\": 1, \"enrolled\": 0, \"waits\": false}", PAWL_E_FORM,
          "agent.json.enrolled" },
        { "{\"version\": 1, \"enrolled\": true, \"waits\": false}", PAWL_E_FORM,
          "agent.json.enrolled" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"x\": 1}", PAWL_E_FORM,
          "agent.json.member" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"device_id\": \"00\"}",
          PAWL_E_RANGE, "agent.json.device_id" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"ak_name\": \"000b\"}",
          PAWL_E_RANGE, "agent.json.ak_name" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"resets\": 4294967296}",
          PAWL_E_RANGE, "agent.json.resets" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"resets\": 0.5}", PAWL_E_FORM,
          "agent.json.resets" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"os_boot\": \"0102\"}",
          PAWL_E_RANGE, "agent.json.os_boot" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"watched\": 1}", PAWL_E_FORM,
          "agent.json.watched" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"told\": \"other\"}",
          PAWL_E_FORM, "agent.json.told_since" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"incident\": \"none\"}",
          PAWL_E_FORM, "agent.json.incident" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"incident\": \"other\"}",
          PAWL_E_FORM, "agent.json.incident_by" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"incident_epoch\": \"1\"}",
          PAWL_E_FORM, "agent.json.incident_epoch" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"incident\": \"other\","
          " \"incident_by\": \"me\", \"incident_since\": 1, \"incident_epoch\": \"1\"}",
          PAWL_E_FORM, "agent.json.incident_by" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"epoch\": \"1\"}", PAWL_E_FORM,
          "agent.json.rekeyed" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"epoch\": \"0\","
          " \"rekeyed\": 1}",
          PAWL_E_RANGE, "agent.json.epoch" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"epoch\": 1, \"rekeyed\": 1}",
          PAWL_E_FORM, "agent.json.epoch" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"why\": \"\\u0000\"}",
          PAWL_E_FORM, "agent.json" },
        { "{\"version\": 1, \"enrolled\": false, \"waits\": false, \"why\": \"\\\\\\u0000\"}",
          PAWL_E_FORM, "agent.json" },
    };
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct record                r;
    struct pawl_err              err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        put(dir, "agent.json", bad[i].text);
        t_poison(&r, sizeof(r));
        T_FAILS(record_read(dir, &r, &err), &err, bad[i].code);
        T_WHERE(&err, bad[i].where);
        t_still_poisoned(&r, sizeof(r));
    }
}

static void must_not_read(struct pawl_view v, void *arg)
{
    const int      *dir = arg;
    struct record   r;
    struct pawl_err err;
    int             fd = openat(*dir, "agent.json", O_WRONLY | O_TRUNC | O_CREAT, 0600);

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
    assert_false(pawl_is_ok(record_read(*dir, &r, &err)));
}

static void every_torn_record_is_refused(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct record                r = a_record();
    uint8_t                      text[RECORD_MAX];
    size_t                       n = 0;
    struct pawl_err              err;

    (void)state;
    T_OK(record_save(dir, &r, &err), &err);
    T_OK(file_read(dir, "agent.json", text, sizeof(text), &n, &err), &err);
    t_each_truncation(pawl_view(text, n), must_not_read, &dir);
}

/* What a flip left readable is a record like any other: it can be saved and read again. */
static void survives_a_flip(struct pawl_view v, void *arg)
{
    const int      *dir = arg;
    struct record   r;
    struct pawl_err err = { 0 };
    int             fd = openat(*dir, "agent.json", O_WRONLY | O_TRUNC | O_CREAT, 0600);

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
    t_poison(&r, sizeof(r));
    if (pawl_is_ok(record_read(*dir, &r, &err))) {
        T_OK(record_save(*dir, &r, &err), &err);
        T_OK(record_read(*dir, &r, &err), &err);
        return;
    }
    assert_string_not_equal(err.where, "");
    t_still_poisoned(&r, sizeof(r));
}

static void every_flip_is_refused_or_another_record(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct record                r = a_record();
    uint8_t                      text[RECORD_MAX];
    size_t                       n = 0;
    struct pawl_err              err;

    (void)state;
    T_OK(record_save(dir, &r, &err), &err);
    T_OK(file_read(dir, "agent.json", text, sizeof(text), &n, &err), &err);
    t_each_flip(pawl_view(text, n), survives_a_flip, &dir);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), scratch_empty, NULL, NULL                                                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("a file is replaced whole", a_file_is_replaced_whole),
        CASE("a full disk leaves the old file", a_full_disk_leaves_the_old_file),
        CASE("what a kill left behind is no obstacle", what_a_kill_left_behind_is_no_obstacle),
        CASE("a planted link is not written through", a_planted_link_is_not_written_through),
        CASE("a file that is none is refused", a_file_that_is_none_is_refused),
        CASE("a second agent is refused", a_second_agent_is_refused),
        CASE("the lock goes with the process", the_lock_goes_with_the_process),
        CASE("looking makes nothing", looking_makes_nothing),
        CASE("a directory that others can read is refused",
             a_directory_that_others_can_read_is_refused),
        CASE("contact is a time and no data", contact_is_a_time_and_no_data),
        CASE("a record comes back as written", a_record_comes_back_as_written),
        CASE("any failure can be read again", any_failure_can_be_read_again),
        CASE("the same record is not written again", the_same_record_is_not_written_again),
        CASE("a bad record is refused by name", a_bad_record_is_refused_by_name),
        CASE("every torn record is refused", every_torn_record_is_refused),
        CASE("every flip is refused or another record", every_flip_is_refused_or_another_record),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
