/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a file of schema 3, made by the SQL of that time and with rows in every table, opens as
 * one of today. Devices with their ratchets and messages are as they were; segments are gone and
 * their numbers are not given again; what was found becomes one incident for each device and epoch;
 * the audit chain begins empty. A file of schema 4 keeps every row of every table, and its devices
 * are in no group; what is kept as a difference since schema 8 reads as it did, before it is
 * written again and after.
 *
 * Arguments: the schema files 001 to 004, in order. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ratchet/incident.h"
#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };
static const struct pawl_view all = { NULL, 0 };

static char *const *schema; /* four paths */

static void run(sqlite3 *sql, const char *text)
{
    assert_int_equal(sqlite3_exec(sql, text, NULL, NULL, NULL), SQLITE_OK);
}

static void run_file(sqlite3 *sql, const char *path)
{
    char   text[8192];
    FILE  *in = fopen(path, "r");
    size_t n = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

    assert_true(n > 0 && n < sizeof(text) - 1);
    fclose(in);
    text[n] = 0;
    run(sql, text);
}

/* Columns that both have are copied; device and ratchet first, the others refer to them. */
#define DEVICE_OF_3                                                                                \
    "tenant, id, state, roots, ek_name, ak_name, td_name, qualified_signer, ak_public, td_point,"  \
    " suite, enrolments, attempt, clock_ms, resets, restarts, safe, firmware, boot_id, os_boot,"   \
    " firmware_cert, banks, pcr_digest, policy, status, why, created_s"

#define OF " JOIN now.device AS d ON d.number = device"
#define RATCHET                                                                                    \
    "INSERT INTO ratchet SELECT tenant, id, version, seen_s, bytes FROM now.ratchet" OF ";"
#define EVENT                                                                                      \
    "INSERT INTO event SELECT e.number, time_s, d.tenant, id, line FROM now.event AS e" OF ";"
/* The first device's own are what is common. */
#define WHOLE(of) " FROM now." of " AS t" OF " JOIN now.common AS c ON c.number = t.common;"
#define PAPERS    "INSERT INTO papers SELECT d.tenant, id, CAST(c.bytes AS TEXT)" WHOLE("papers")
#define EVIDENCE  "INSERT INTO evidence SELECT d.tenant, id, c.bytes" WHOLE("evidence")
#define SELECT_N  "unicode(CAST(substr(c.bytes, 1, 1) AS TEXT))"
#define SNAPSHOT                                                                                   \
    "INSERT INTO snapshot SELECT d.tenant, id, substr(c.bytes, 2, " SELECT_N                       \
    "), substr(c.bytes, 2 + " SELECT_N ")" WHOLE("snapshot")

static const char copy_3[] = "INSERT INTO device SELECT " DEVICE_OF_3 " FROM now.device;" RATCHET
                             "INSERT INTO generation SELECT * FROM now.generation;"
                             "INSERT INTO downlink SELECT * FROM now.downlink;" EVENT
                             "UPDATE history SET (commits, newest_ms, restored_ms) ="
                             " (SELECT commits, newest_ms, restored_ms FROM now.history)";

static const char copy_4[] =
    "INSERT INTO device SELECT " DEVICE_OF_3
    ", software_status, keys_status, due_s, told_s, attested_s FROM now.device;"
    "INSERT INTO tenant SELECT name, default_policy FROM now.tenant;" SNAPSHOT PAPERS
    "INSERT INTO token SELECT * FROM now.token;"
    "INSERT INTO token_use SELECT * FROM now.token_use;"
    "INSERT INTO policy SELECT * FROM now.policy;" EVENT RATCHET
    "INSERT INTO generation SELECT * FROM now.generation;"
    "INSERT INTO segment SELECT * FROM now.segment;"
    "INSERT INTO consumer SELECT tenant, name, cursor FROM now.consumer;"
    "INSERT INTO downlink SELECT * FROM now.downlink;"
    "INSERT INTO incident SELECT * FROM now.incident;"
    "INSERT INTO proof SELECT * FROM now.proof;" EVIDENCE
    "INSERT INTO audit SELECT * FROM now.audit;"
    "UPDATE history SET (commits, newest_ms, restored_ms) ="
    " (SELECT commits, newest_ms, restored_ms FROM now.history)";

static const char found_before[] =
    "INSERT INTO segment (tenant, device, time_ms, n, bytes)"
    " SELECT tenant, id, 1000, 1, x'00' FROM device;"
    "INSERT INTO segment (number, tenant, device, time_ms, n, bytes)"
    " SELECT 41, tenant, id, 1000, 1, x'00' FROM device LIMIT 1;"
    "DELETE FROM segment WHERE number = 41;"
    "INSERT INTO incident (tenant, device, time_ms, rule, epoch, detail)"
    " SELECT tenant, id, column1, column2, column3, column4 FROM (VALUES"
    " (1000, 2, 7, 'early'), (1001, 1, 7, 'two in one slot'), (1002, 1, 7, 'again'),"
    " (1003, 6, 8, 'went back'), (1004, 3, 8, 'not attested'),"
    " (1005, 7, -1, 'downlink'),"
    " (1006, 4, 9, 'receipt'), (1007, 6, 9, 'back'), (1008, 5, 9, 'cloned'))"
    " JOIN device ON substr(id, 1, 1) = x'01'";

/* Turns the store of f, which is closed, into the file that a program of that schema left. */
static void make_old(const struct store_fixture *f, int number, const char *copy)
{
    char     file[128], now[128], attach[200];
    sqlite3 *sql;

    snprintf(file, sizeof(file), "%s/pawl.db", f->dir);
    snprintf(now, sizeof(now), "%s/now.db", f->dir);
    assert_int_equal(rename(file, now), 0);
    assert_int_equal(sqlite3_open(file, &sql), SQLITE_OK);
    for (int i = 0; i < number; i++)
        run_file(sql, schema[i]);
    snprintf(attach, sizeof(attach), "ATTACH '%s' AS now", now);
    run(sql, attach);
    run(sql, copy);
    run(sql, "DETACH now");
    sqlite3_close(sql);
    assert_int_equal(unlink(now), 0);
    assert_int_equal(store_number(f, "PRAGMA user_version"), number);
}

static struct device with_old_rows(struct store_fixture *f)
{
    store_fixture_make(f);
    struct device                       d = store_put(f, "acme", 1);
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 7);
    s.downlink = calloc(1, sizeof(*s.downlink));
    assert_non_null(s.downlink);
    s.downlink_n = 1;
    s.downlink[0].id = 5;
    memcpy(s.downlink[0].device, d.id, sizeof(d.id));
    s.downlink[0].body = store_blob("body");
    snprintf(s.event, sizeof(s.event), "messages");
    store_commits(f, &s);
    f->store.close(f->store.self);
    f->open = false;
    make_old(f, 3, copy_3);
    store_exec(f, found_before);
    store_fixture_reopen(f);
    d.version = 2;
    return d;
}

/* The device's manufacturer comes from them. */
static const char papers_of_4[] = "{\"ek\":{\"manufacturer\":\"id:53544D20\"},\"facts\":{}}";

static struct snapshot snapshot_of_4(void)
{
    struct snapshot s = { .select = { 2, { { PAWL_SHA1, 0x401 }, { PAWL_SHA256, 0x401 } } } };

    s.values.n = 4;
    for (size_t i = 0; i < s.values.n; i++) {
        s.values.value[i].n = i < 2 ? 20 : 32;
        memset(s.values.value[i].b, (int)(7 + i), s.values.value[i].n);
    }
    return s;
}

/* One row at least in each table that schema 4 has. */
static struct device with_rows_of_4(struct store_fixture *f)
{
    store_fixture_make(f);
    struct device d = store_device("acme", 1);
    d.coverage[0] = 0;
    d.release[0] = 0;
    d.rekey_due_s = 0;
    d.has_app_point = false;
    memset(d.app_point, 0, sizeof(d.app_point));
    d.claims = (struct device_claims){ 0 };
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 7);
    s.touches_device = false;
    s.has_device = true;
    s.papers = strdup(papers_of_4);
    s.has_snapshot = true;
    s.snapshot = snapshot_of_4();
    s.evidence = store_blob("evidence");
    s.has_token = true;
    s.token = (struct token){ .tenant = "acme", .uses_left = 2 };
    s.has_policy = true;
    s.policy = (struct policy_row){ .tenant = "acme", .name = "gateway", .version = 3 };
    s.policy.json = strdup("{\"v\":3}");
    s.has_default_policy = true;
    snprintf(s.default_policy, sizeof(s.default_policy), "gateway");
    s.has_consumer = true;
    snprintf(s.consumer.name, sizeof(s.consumer.name), "webhook");
    snprintf(s.consumer.cursor, sizeof(s.consumer.cursor), "7.2");
    snprintf(s.event, sizeof(s.event), "messages");
    store_commits(f, &s);
    d.version = 1;
    return d;
}

static void with_more_rows_of_4(struct store_fixture *f, const struct device *d)
{
    PAWL_CLEANUP(step_done) struct step s = store_batch(d, 8);

    s.has_device = true;
    s.takes_token = true;
    s.downlink_n = s.incident_n = s.proof_n = s.audit_n = 1;
    s.downlink = calloc(1, sizeof(*s.downlink));
    s.incident = calloc(1, sizeof(*s.incident));
    s.proof = calloc(1, sizeof(*s.proof));
    s.audit = calloc(1, sizeof(*s.audit));
    assert_true(s.downlink && s.incident && s.proof && s.audit);
    s.downlink[0].id = 5;
    s.incident[0].epoch = s.proof[0].epoch = 1;
    memcpy(s.downlink[0].device, d->id, sizeof(d->id));
    memcpy(s.incident[0].device, d->id, sizeof(d->id));
    memcpy(s.proof[0].device, d->id, sizeof(d->id));
    memcpy(s.audit[0].device, d->id, sizeof(d->id));
    snprintf(s.audit[0].line, sizeof(s.audit[0].line), "{}");
    store_commits(f, &s);
}

/* ---- what a list said, as text --------------------------------------------------------------- */

static pawl_status say_incident(const struct incident_row *i, void *arg, struct pawl_err *err)
{
    (void)err;
    assert_int_equal(i->state, INCIDENT_OPEN);
    assert_int_equal(i->slots.n, 0);
    assert_string_equal(i->note, "");
    assert_true(i->slot_lo == 0 && i->slot_hi == 0);
    assert_true(i->forged == 0 && i->genuine == 0 && i->unattested == 0);
    store_say(arg, "%llx:%s:%s:%x:%lld-%lld:%s ", (unsigned long long)i->epoch,
              incident_kind_name(i->kind), severity_name(i->severity), i->rules,
              (long long)i->opened_ms, (long long)i->changed_ms, i->detail);
    return pawl_ok();
}

static pawl_status say_number(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%llu ", (unsigned long long)s->number);
    return pawl_ok();
}

static pawl_status say_downlink(const struct downlink_row *d, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%llu=%.*s ", (unsigned long long)d->id, (int)d->body.n,
              (const char *)d->body.p);
    return pawl_ok();
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void devices_and_their_messages_are_as_they_were(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = with_old_rows(&f), got;
    struct blob     b;
    char            said[STORE_SAID_MAX] = "";

    assert_int_equal(store_number(&f, "PRAGMA user_version"), 14);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_true(f.store.restored_ms(f.store.self) == 0);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_true(got.version == d.version);
    assert_true(got.attempt == d.attempt);
    assert_string_equal(got.status, d.status);
    assert_string_equal(got.why, d.why);
    assert_string_equal(got.software_status, "");
    assert_string_equal(got.keys_status, "");
    assert_true(got.due_s == 0 && got.told_s == 0 && got.rekey_due_s == 0);
    T_OK(f.store.ratchet(f.store.self, acme, PAWL_VIEW_OF(d.id), &b, &err), &err);
    assert_int_equal(b.n, strlen("ratchet 7"));
    blob_done(&b);
    T_OK(f.store.generation(f.store.self, acme, PAWL_VIEW_OF(d.id), 0, 1, 8, &b, &err), &err);
    assert_int_equal(b.n, strlen("generation 7"));
    blob_done(&b);
    T_OK(f.store.downlinks(f.store.self, acme, PAWL_VIEW_OF(d.id), 0, 9, say_downlink, said, &err),
         &err);
    assert_string_equal(said, "5=body ");
    /* And it goes on. */
    got.due_s = 5;
    struct step s = store_step(&got);
    store_commits(&f, &s);
}

static void numbers_of_segments_are_not_given_again(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = with_old_rows(&f);
    char            said[STORE_SAID_MAX] = "";

    T_OK(f.store.segments(f.store.self, acme, all, 0, 9, say_number, said, &err), &err);
    assert_string_equal(said, "");
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 8);
    store_commits(&f, &s);
    T_OK(f.store.segments(f.store.self, acme, all, 0, 9, say_number, said, &err), &err);
    assert_string_equal(said, "42 ");
    /* After a copy was put back they still go on above all. */
    f.store.close(f.store.self);
    f.open = false;
    T_OK(sqlite_store_restored(f.dir, &err), &err);
    store_fixture_reopen(&f);
    s.device.version++;
    store_commits(&f, &s);
    assert_true(store_number(&f, "SELECT max(number) FROM segment") >
                f.store.restored_ms(f.store.self));
}

static void what_was_found_becomes_incidents(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    with_old_rows(&f);
    T_OK(f.store.incidents(f.store.self, acme, all, true, NULL, 9, say_incident, said, &err), &err);
    assert_string_equal(said, "9:device-cloned:critical:70:1006-1008:receipt "
                              "ffffffffffffffff:message-forged:high:80:1005-1005:downlink "
                              "8:tpm-went-back:high:48:1003-1004:went back "
                              "7:key-used-elsewhere:high:6:1000-1002:early ");
}

static void the_audit_chain_begins_empty(void **state)
{
    (void)state;
    STORE_FIXTURE     f;
    struct pawl_err   err;
    struct audit_head head;

    with_old_rows(&f);
    t_poison(&head, sizeof(head));
    T_OK(f.store.audit_head(f.store.self, acme, &head, &err), &err);
    assert_true(head.number == 0);
}

/* Those that are kept as a difference now are whole until they are written again. */
static void without_differences(char *dump)
{
    static const char *const table[] = { "snapshot:", "papers:", "evidence:", "common:" };
    char                    *to = dump;

    for (char *line = dump, *end; *line; line = end) {
        bool skip = false;
        end = strchr(line, '\n') + 1;
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
            skip |= strncmp(line, table[i], strlen(table[i])) == 0;
        if (skip)
            continue;
        memmove(to, line, (size_t)(end - line));
        to += end - line;
    }
    *to = 0;
}

static void assert_read_as_of_4(struct store_fixture *f, const struct device *d)
{
    struct snapshot want = snapshot_of_4(), s;
    struct pawl_err err;
    struct blob     b;
    char           *papers;

    T_OK(f->store.papers(f->store.self, acme, PAWL_VIEW_OF(d->id), &papers, &err), &err);
    assert_string_equal(papers, papers_of_4);
    free(papers);
    T_OK(f->store.evidence(f->store.self, acme, PAWL_VIEW_OF(d->id), &b, &err), &err);
    assert_true(pawl_view_equal(pawl_view(b.p, b.n), pawl_view_str("evidence")));
    blob_done(&b);
    T_OK(f->store.snapshot(f->store.self, acme, PAWL_VIEW_OF(d->id), &s, &err), &err);
    assert_true(pawl_pcr_selection_equal(&s.select, &want.select));
    assert_memory_equal(&s.values, &want.values, sizeof(s.values));
}

/* In the form of today. */
static void write_again(struct store_fixture *f, const struct device *d)
{
    PAWL_CLEANUP(step_done) struct step s = store_step(d);

    s.papers = strdup(papers_of_4);
    s.has_snapshot = true;
    s.snapshot = snapshot_of_4();
    s.evidence = store_blob("evidence");
    store_commits(f, &s);
    assert_int_equal(store_number(f, "SELECT count(*) FROM common"), 3);
}

static void a_file_of_schema_4_keeps_every_row(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = with_rows_of_4(&f), got;
    char            name[PAWL_TENANT_MAX + 1];

    with_more_rows_of_4(&f, &d);
    char *before = store_dump(&f);
    f.store.close(f.store.self);
    f.open = false;
    make_old(&f, 4, copy_4);
    store_fixture_reopen(&f);
    assert_int_equal(store_number(&f, "PRAGMA user_version"), 14);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_true(f.store.restored_ms(f.store.self) == 0);
    char *after = store_dump(&f);
    without_differences(before);
    without_differences(after);
    assert_string_equal(before, after);
    assert_read_as_of_4(&f, &d);
    free(before);
    free(after);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_string_equal(got.why, d.why);
    assert_string_equal(got.group, "");
    assert_string_equal(got.coverage, "");
    assert_string_equal(got.release, "");
    T_OK(f.store.default_policy(f.store.self, acme, name, &err), &err);
    assert_string_equal(name, "gateway");
    assert_string_equal(got.manufacturer, "id:53544D20");
    write_again(&f, &got);
    assert_read_as_of_4(&f, &d);
}

static void a_file_of_schema_4_goes_on(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = with_rows_of_4(&f);
    struct boot_row b;

    f.store.close(f.store.self);
    f.open = false;
    make_old(&f, 4, copy_4);
    store_fixture_reopen(&f);
    PAWL_CLEANUP(step_done) struct step s = store_step(&d);
    s.has_group = true;
    snprintf(s.group.name, sizeof(s.group.name), "plant");
    snprintf(s.device.group, sizeof(s.device.group), "plant");
    s.has_boot = true;
    s.boot.has_facts = true;
    s.boot.facts = store_blob("facts");
    s.has_exception = true;
    s.exception.x.reason = REASON_PCR_DIFFERS;
    store_commits(&f, &s);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &d, &err), &err);
    assert_string_equal(d.group, "plant");
    T_OK(f.store.boot(f.store.self, acme, PAWL_VIEW_OF(d.id), &b, &err), &err);
    assert_int_equal(b.facts.n, strlen("facts"));
    boot_row_done(&b);
    assert_int_equal(store_number(&f, "SELECT number FROM exception"), 1);
}

/* SQL knows them as numbers. */
static void kinds_are_those_that_the_rules_have_today(void **state)
{
    (void)state;
    assert_int_equal(incident_kind_of(RULE_E1), 1);
    assert_int_equal(incident_kind_of(RULE_E2), 2);
    assert_int_equal(incident_kind_of(RULE_E3), 1);
    assert_int_equal(incident_kind_of(RULE_E4), 2);
    assert_int_equal(incident_kind_of(RULE_E5), 3);
    assert_int_equal(incident_kind_of(RULE_E6), 4);
    assert_int_equal(incident_kind_of(RULE_E7), 1);
    assert_int_equal(SEVERITY_HIGH, 2);
    assert_int_equal(SEVERITY_CRITICAL, 3);
    assert_int_equal(INCIDENT_OPEN, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        T_CASE("devices and their messages are as they were",
               devices_and_their_messages_are_as_they_were),
        T_CASE("numbers of segments are not given again", numbers_of_segments_are_not_given_again),
        T_CASE("what was found becomes incidents", what_was_found_becomes_incidents),
        T_CASE("the audit chain begins empty", the_audit_chain_begins_empty),
        T_CASE("kinds are those that the rules have today",
               kinds_are_those_that_the_rules_have_today),
        T_CASE("a file of schema 4 keeps every row", a_file_of_schema_4_keeps_every_row),
        T_CASE("a file of schema 4 goes on", a_file_of_schema_4_goes_on),
    };

    if (argc != 5)
        return 2;
    schema = argv + 1;
    return cmocka_run_group_tests(cases, NULL, NULL);
}
