/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves which log goes with which request: the event log named in each and sent after a reset, a
 * new start of the system and when it is wanted; the measurement list only from where a result of
 * this process names it, after the quote and under the MAC; what does not fit by supply, piece by
 * piece and not for ever; and that a log that is missing stops nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_world.h"
#include "flow/flow.h"
#include "flow/steps.h"
#include "scratch.h"
#include "state/file.h"
#include "t.h"

static struct config      config;
static struct flow        flow;
static struct flow_answer answer;
static struct pawl_err    err;

/* ---- the two files -------------------------------------------------------------------------- */

enum { ENTRY = 100, LISTED_MAX = 16 * 1024 };

static uint8_t list[LISTED_MAX * ENTRY];

static void put(const char *path, int flags, struct pawl_view v)
{
    int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
}

static void put_log(size_t n, uint8_t fill)
{
    uint8_t *b = malloc(n + 1);

    memset(b, fill, n + 1);
    put(config.event_log, O_TRUNC, pawl_view(b, n));
    free(b);
}

static void put_list(size_t n)
{
    assert_true(n <= LISTED_MAX);
    for (size_t i = 0; i < n; i++) {
        struct pawl_wr w = pawl_wr_to(list + i * ENTRY, ENTRY);
        uint8_t        rest[ENTRY - 38];
        memset(rest, (int)i, sizeof(rest));
        pawl_wr_u32(&w, 10u << 24);
        pawl_wr_bytes(&w, pawl_view(rest, 20));
        pawl_wr_u32(&w, 6u << 24);
        pawl_wr_bytes(&w, pawl_view_str("ima-ng"));
        pawl_wr_u32(&w, (uint32_t)sizeof(rest) << 24);
        pawl_wr_bytes(&w, PAWL_VIEW_OF(rest));
        assert_int_equal(w.n, ENTRY);
    }
    put(config.ima_list, O_TRUNC, pawl_view(list, n * ENTRY));
}

static struct pawl_view entries(size_t first, size_t n)
{
    return pawl_view(list + first * ENTRY, n * ENTRY);
}

/* ---- the world ------------------------------------------------------------------------------ */

static void open_flow(void)
{
    T_OK(flow_open(&config, &flow, &err), &err);
}

/* As the process that starts anew; and the system. */
static void restart(void)
{
    flow_close(&flow);
    open_flow();
}

static void reboot(uint8_t boot)
{
    restart();
    memset(flow.os_boot, boot, sizeof(flow.os_boot));
}

static int new_world(void **state)
{
    scratch_empty(state);
    fake_world_new();
    config_default(&config);
    snprintf(config.net.server, sizeof(config.net.server), "gw:8443");
    snprintf(config.tenant, sizeof(config.tenant), "demo");
    snprintf(config.state, sizeof(config.state), "%s", scratch_path("state"));
    snprintf(config.event_log, sizeof(config.event_log), "%s", scratch_path("log"));
    snprintf(config.ima_list, sizeof(config.ima_list), "%s", scratch_path("list"));
    memcpy(config.verifier[0], world.signer[0].id, PAWL_SPKI_PIN);
    config.verifier_n = 1;
    open_flow();
    put_log(3000, 0x77);
    put_list(50);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    assert_int_equal(world.opened, world.closed);
    flow_close(&flow);
    config_done(&config);
    fake_world_end();
    world = (struct fake_world){ 0 };
    return 0;
}

static void enroll(void)
{
    pawl_status s = flow_enroll(&flow, PAWL_REASON_START, &answer, &err);

    T_OK(s, &err);
    flow_note(&flow, s, &answer, 1000, &err);
}

static void attest(void)
{
    pawl_status s = flow_attest(&flow, PAWL_REASON_SCHEDULE, &answer, &err);

    T_OK(s, &err);
    flow_note(&flow, s, &answer, 2000, &err);
}

static const struct fake_evidence *last(void)
{
    assert_true(world.evidence_n > 0);
    return world.evidence[world.evidence_n - 1];
}

static bool has_log(void)
{
    return last()->e.log_n == 1;
}

static void want_list_from(uint64_t first)
{
    world.want = (struct pawl_want){ .present = true, .has_ima = true, .first_ima_entry = first };
}

static void want_log(void)
{
    world.want = (struct pawl_want){ .present = true, .log_n = 1, .log = { LOG_FIRMWARE } };
}

static void want_nothing(void)
{
    world.want = (struct pawl_want){ 0 };
    world.want_ticket = false;
}

/* ---- the event log -------------------------------------------------------------------------- */

static void an_enrolment_names_and_sends_the_log(void **state)
{
    uint8_t b[3000], hash[32];

    (void)state;
    memset(b, 0x77, sizeof(b));
    T_OK(pawl_sha256(PAWL_VIEW_OF(b), hash, &err), &err);
    enroll();
    assert_int_equal(last()->a1.log_n, 1);
    assert_int_equal(last()->a1.log[0].type, 1);
    assert_int_equal(last()->a1.log[0].length, 3000);
    assert_true(pawl_view_equal(last()->a1.log[0].sha256, PAWL_VIEW_OF(hash)));
    assert_int_equal(last()->e.log_n, 1);
    assert_int_equal(last()->e.log[0].type, 1);
    assert_true(pawl_view_equal(last()->e.log[0].bytes, PAWL_VIEW_OF(b)));
    assert_int_equal(last()->e.ima_field.n, 0);
}

static void later_requests_name_it_and_send_it_not(void **state)
{
    (void)state;
    enroll();
    for (int i = 0; i < 2; i++) {
        attest();
        assert_int_equal(last()->a1.log[0].length, 3000);
        assert_false(has_log());
    }
    restart();
    attest();
    assert_int_equal(last()->a1.log_n, 1);
    assert_false(has_log());
}

static void after_a_reset_it_is_sent_once(void **state) /* P-DEV-19 */
{
    (void)state;
    enroll();
    world.resets++;
    attest();
    assert_true(has_log());
    attest();
    assert_false(has_log());
}

static void after_a_new_start_of_the_system_it_is_sent_once(void **state)
{
    (void)state;
    enroll();
    reboot(1); /* the TPM was not reset */
    attest();
    assert_true(has_log());
    assert_int_equal(pawl_pcr_selection_count(&last()->quote.pcrs), 2);
    attest();
    assert_false(has_log());
    restart();
    memset(flow.os_boot, 1, sizeof(flow.os_boot));
    attest(); /* the record knows that system */
    assert_false(has_log());
}

static void until_a_result_came_it_is_sent_again(void **state)
{
    (void)state;
    enroll();
    reboot(2);
    world.step[world.evidence_n].answer = FAKE_LOSES;
    T_FAILS(flow_attest(&flow, PAWL_REASON_START, &answer, &err), &err, PAWL_E_IO);
    assert_true(has_log());
    world.step[world.evidence_n] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_REVOKED, 0 };
    attest();
    assert_true(has_log());
    attest();
    assert_true(has_log());
    attest();
    assert_false(has_log());
}

static void a_wanted_log_comes_with_the_next_evidence(void **state)
{
    (void)state;
    enroll();
    want_log(); /* no ticket: there is no supply */
    attest();
    assert_false(has_log());
    assert_int_equal(world.supplies, 0);
    want_nothing();
    attest();
    assert_true(has_log());
    attest();
    assert_false(has_log());
    world.want = (struct pawl_want){ .present = true, .log_n = 1, .log = { 2 } };
    attest();
    want_nothing();
    attest(); /* of systemd's own log we have none */
    assert_false(has_log());
}

static void full_evidence_has_the_log(void **state)
{
    (void)state;
    enroll();
    world.step[world.evidence_n] = (struct fake_step){ FAKE_REFUSES,
                                                       PAWL_REFUSAL_FULL_EVIDENCE_WANTED, 1 };
    attest();
    assert_true(has_log());
}

static void a_record_of_before_sends_the_log(void **state)
{
    uint8_t text[RECORD_MAX];
    size_t  n = 0;

    (void)state;
    enroll();
    T_OK(file_read(flow.dir.fd, RECORD_FILE, text, sizeof(text) - 1, &n, &err), &err);
    text[n] = 0;
    char *at = strstr((char *)text, "\t\"os_boot\"");
    assert_non_null(at);
    memmove(at, strchr(at, '\n') + 1, strlen(strchr(at, '\n') + 1) + 1);
    put(scratch_path("state/" RECORD_FILE), O_TRUNC, pawl_view_str((char *)text));
    restart();
    assert_true(flow.record.enrolled && flow.record.has_resets && !flow.record.has_os_boot);
    attest();
    assert_true(has_log());
    restart();
    assert_true(flow.record.has_os_boot);
    assert_memory_equal(flow.record.os_boot, flow.os_boot, PAWL_OS_BOOT);
}

/* ---- the list ------------------------------------------------------------------------------- */

static void the_list_is_sent_only_where_a_result_names_it(void **state) /* P-DEV-20 */
{
    (void)state;
    want_list_from(0);
    enroll();
    assert_int_equal(last()->e.ima_field.n, 0);
    want_list_from(49);
    attest();
    assert_int_equal(last()->e.ima_first, 0);
    assert_true(pawl_view_equal(last()->e.ima, entries(0, 50)));
    want_list_from(50);
    attest();
    assert_true(pawl_view_equal(last()->e.ima, entries(49, 1)));
    attest(); /* nothing new */
    assert_int_equal(last()->e.ima_field.n, 0);
    put_list(53);
    want_nothing();
    attest();
    assert_int_equal(last()->e.ima_first, 50);
    assert_true(pawl_view_equal(last()->e.ima, entries(50, 3)));
    attest();
    assert_int_equal(last()->e.ima_field.n, 0);
}

static void list_grows(void)
{
    put_list(60);
}

static void the_list_is_read_after_the_quote(void **state)
{
    (void)state;
    want_list_from(0);
    enroll();
    world.quoting = list_grows;
    attest();
    assert_true(pawl_view_equal(last()->e.ima, entries(0, 60)));
}

static void another_process_waits_to_be_asked(void **state)
{
    (void)state;
    want_list_from(7);
    enroll();
    restart();
    attest();
    assert_int_equal(last()->e.ima_field.n, 0);
    attest();
    assert_true(pawl_view_equal(last()->e.ima, entries(7, 43)));
}

static void after_a_boot_the_list_goes_along_if_it_was_wanted(void **state)
{
    (void)state;
    want_list_from(7);
    enroll();
    reboot(2);
    attest(); /* so that an ordinary boot is judged whole at once */
    assert_int_equal(last()->e.ima_first, 0);
    assert_true(pawl_view_equal(last()->e.ima, entries(0, 50)));
    reboot(2);
    attest();
    assert_int_equal(last()->e.ima_field.n, 0); /* the same boot: the verifier says from where */
    want_nothing();
    attest();
    reboot(3);
    attest();
    assert_int_equal(last()->e.ima_field.n, 0);
}

static void a_resync_has_the_whole_list(void **state)
{
    (void)state;
    want_list_from(7);
    enroll();
    world.step[world.evidence_n] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_FORKED,
                                                       last()->a1.attempt };
    T_OK(flow_rekey(&flow, PAWL_REASON_DEMAND, &answer, &err), &err);
    assert_int_equal(last()->a1.label, PAWL_LABEL_RESYNC);
    assert_int_equal(last()->e.ima_first, 0);
    assert_true(pawl_view_equal(last()->e.ima, entries(0, 50)));
}

static void the_mac_covers_the_list_as_it_was_sent(void **state) /* P-TR-3 */
{
    uint8_t mac[32], wire[ENTRY * 50 + 32];

    (void)state;
    want_list_from(3);
    enroll();
    attest();
    struct pawl_wr w = pawl_wr_to(wire, sizeof(wire));
    pawl_cbor_wr_array(&w, 2);
    pawl_cbor_wr_uint(&w, 3);
    pawl_cbor_wr_bytes(&w, entries(3, 47));
    assert_true(pawl_view_equal(last()->e.ima_field, pawl_view(w.p, w.n)));
    T_OK(pawl_mac_base(&flow.live.slot.k_auth, last()->th1, pawl_view(w.p, w.n), mac, &err), &err);
    assert_true(pawl_view_equal(last()->e.mac_base, PAWL_VIEW_OF(mac)));
}

static void an_enrolments_mac_covers_it_too(void **state)
{
    PAWL_SECRET secret = { .n = 32 }, k_auth = { 0 };
    uint8_t     mac[32];

    (void)state;
    want_list_from(3);
    enroll();
    enroll();
    assert_true(pawl_view_equal(last()->e.ima, entries(3, 47)));
    T_OK(pawl_enrol_auth(&secret, &k_auth, &err), &err);
    T_OK(pawl_mac_base(&k_auth, last()->th1, last()->e.ima_field, mac, &err), &err);
    assert_true(pawl_view_equal(last()->e.mac_base, PAWL_VIEW_OF(mac)));
}

/* ---- what does not fit ---------------------------------------------------------------------- */

static size_t evidence_bytes(void)
{
    static uint8_t   b[PAWL_EVIDENCE_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view all;

    T_OK(pawl_evidence_write(&last()->e, &w, &err), &err);
    T_OK(pawl_wr_end(&w, "evidence", &all, &err), &err);
    return all.n;
}

static void a_request_is_filled_and_never_too_long(void **state)
{
    (void)state;
    put_list(4000);
    want_list_from(0);
    enroll();
    world.resets++;
    attest(); /* with the log */
    assert_true(has_log());
    size_t n = evidence_bytes();
    assert_true(n <= PAWL_EVIDENCE_MAX && n > PAWL_EVIDENCE_MAX - ENTRY - IMA_FIELD_HEAD);
    assert_int_equal(last()->e.ima.n % ENTRY, 0);
    attest();
    assert_true(evidence_bytes() > PAWL_EVIDENCE_MAX - ENTRY - IMA_FIELD_HEAD);
}

static void a_log_that_just_fits_goes_and_one_more_byte_waits(void **state)
{
    (void)state;
    enroll();
    put_log(1000, 1);
    world.resets++;
    attest();
    size_t rest = evidence_bytes() - 1000;
    put_log(PAWL_EVIDENCE_MAX - rest - 4, 1); /* its length takes more bytes */
    world.resets++;
    attest();
    assert_true(has_log());
    assert_true(evidence_bytes() <= PAWL_EVIDENCE_MAX);
    put_log(PAWL_EVIDENCE_MAX - rest + 2, 1);
    world.resets++;
    attest();
    assert_false(has_log());
    assert_int_equal(last()->a1.log[0].length, PAWL_EVIDENCE_MAX - rest + 2);
}

/* ---- supply --------------------------------------------------------------------------------- */

static struct {
    size_t   n;
    size_t   log_n, leaves_n, pieces;
    uint64_t next;     /* that the verifier wants */
    uint64_t until;    /* it wants no more */
    bool     stubborn; /* it names the same entry for ever; .. */
    bool     endless;  /* .. or one more each time */
    bool     forgets;  /* answers bear no ticket */
} heard;

static bool take_piece(struct pawl_want *ret)
{
    const struct pawl_supply *m = &world.supply;

    heard.n++;
    heard.log_n += m->log_n;
    heard.leaves_n += m->leaves_n;
    heard.pieces += m->ima.n > 0;
    if (m->ima.n) {
        assert_int_equal(m->ima_first, heard.next);
        assert_true(pawl_view_equal(m->ima, entries(heard.next, m->ima.n / ENTRY)));
        if (!heard.stubborn)
            heard.next += heard.endless ? 1 : m->ima.n / ENTRY;
    }
    if (heard.pieces > 1 || heard.log_n)
        assert_true(pawl_view_equal(m->ticket, pawl_view("the next ticket", 16)) != heard.forgets ||
                    heard.n == 1);
    if (heard.forgets)
        return false;
    *ret = (struct pawl_want){ .present = true,
                               .has_ima = heard.next < heard.until,
                               .first_ima_entry = heard.next,
                               .rekey_now = true };
    return true;
}

static void listens(uint64_t until)
{
    memset(&heard, 0, sizeof(heard));
    heard.until = until;
    world.supplied = take_piece;
    world.want_ticket = true;
}

static void a_wanted_log_is_supplied(void **state)
{
    (void)state;
    enroll();
    listens(0);
    want_log();
    attest();
    assert_int_equal(world.supplies, 1);
    assert_int_equal(heard.log_n, 1);
    assert_int_equal(world.supply.log[0].type, 1);
    assert_int_equal(world.supply.log[0].bytes.n, 3000);
    assert_int_equal(answer.ear.status, EAR_WARNING); /* what the verifier made of it */
    want_nothing();
    attest();
    assert_false(has_log()); /* it has it */
}

static void a_log_that_did_not_arrive_comes_with_the_next_evidence(void **state)
{
    (void)state;
    enroll();
    listens(0);
    want_log();
    world.supply_away = true;
    attest();
    assert_int_equal(answer.ear.status, EAR_AFFIRMING);
    want_nothing();
    attest();
    assert_true(has_log());
}

static void a_long_list_is_supplied_in_pieces(void **state)
{
    (void)state;
    put_list(6000);
    enroll();
    listens(6000);
    want_list_from(0);
    attest();
    assert_int_equal(heard.pieces, 3);
    assert_int_equal(heard.next, 6000);
    assert_int_equal(flow.logs.ima_places.end.entry, 6000);
    assert_false(answer.want.rekey_now); /* a supply demands nothing */
}

static void the_rest_of_what_the_evidence_held_is_supplied(void **state)
{
    (void)state;
    put_list(6000);
    want_list_from(0);
    enroll();
    listens(6000);
    heard.next = (PAWL_EVIDENCE_MAX / ENTRY) - 100;
    want_list_from(heard.next);
    attest();
    assert_true(last()->e.ima.n > 0);
    assert_int_equal(heard.next, 6000);
}

static void an_answer_that_names_no_later_entry_ends_it(void **state)
{
    (void)state;
    put_list(6000);
    enroll();
    listens(6000);
    heard.stubborn = true;
    want_list_from(0);
    attest();
    assert_int_equal(heard.pieces, 1);
}

static void a_list_is_not_supplied_for_ever(void **state) /* P-DEV-21 */
{
    (void)state;
    put_list(4000);
    enroll();
    listens(UINT64_MAX);
    heard.endless = true;
    want_list_from(0);
    attest();
    assert_int_equal(world.supplies, SUPPLIES_MAX - 2); /* leaves and the log have theirs */
}

static void a_log_that_got_lost_does_not_keep_the_list(void **state)
{
    (void)state;
    enroll();
    listens(50);
    want_log();
    world.want.has_ima = true;
    world.supply_lost = 1;
    attest();
    assert_int_equal(world.supplies, 2);
    assert_int_equal(heard.log_n, 0);
    assert_int_equal(heard.next, 50);
}

static void an_answer_without_a_ticket_ends_it(void **state)
{
    (void)state;
    enroll();
    listens(0);
    heard.forgets = true;
    want_log();
    world.want.has_ima = true;
    attest();
    assert_int_equal(world.supplies, 1);
    assert_int_equal(heard.log_n, 1);
    assert_true(pawl_view_equal(world.supply.ticket, pawl_view("ticket", 7)));
    want_nothing();
    attest(); /* nothing is wanted with the next evidence */
    assert_int_equal(last()->e.log_n + last()->e.ima_field.n, 0);
}

static void what_is_not_there_is_not_supplied(void **state)
{
    (void)state;
    enroll();
    listens(0);
    want_log();
    world.want.has_ima = true;
    world.want.first_ima_entry = 50; /* the list's end */
    unlink(config.event_log);
    attest();
    assert_int_equal(world.supplies, 0);
}

static void an_enrolment_is_followed_by_supply_too(void **state)
{
    (void)state;
    listens(50);
    want_list_from(0);
    enroll();
    assert_int_equal(heard.next, 50);
    assert_true(flow.record.enrolled);
}

static bool take_piece_and_look(struct pawl_want *ret)
{
    struct record r;

    T_OK(record_read(flow.dir.fd, &r, &err), &err);
    assert_true(r.enrolled);
    assert_string_equal(r.result, "affirming"); /* the first word */
    assert_true(r.epoch != 0);
    return take_piece(ret);
}

/* A list takes its time: who loses power meanwhile is enrolled, and need not ask anybody again. */
static void an_enrolment_is_written_down_before_its_supply(void **state)
{
    (void)state;
    listens(50);
    world.supplied = take_piece_and_look;
    want_list_from(0);
    enroll();
    assert_int_equal(heard.pieces, 1);
}

/* ---- what is missing ------------------------------------------------------------------------ */

static void missing_is(size_t i, const char *where, const char *why)
{
    assert_string_equal(flow.missing[i].why.where, where);
    if (!strstr(flow.missing[i].why.why, why))
        fail_msg("\"%s\" does not say \"%s\"", flow.missing[i].why.why, why);
}

static void a_missing_log_is_no_failure(void **state)
{
    (void)state;
    unlink(config.event_log);
    unlink(config.ima_list);
    want_list_from(0);
    enroll();
    attest();
    assert_int_equal(last()->a1.log_n + last()->e.log_n, 0);
    assert_int_equal(last()->e.ima_field.n, 0);
    missing_is(0, "event_log", "No such file");
    missing_is(1, "ima_list", "No such file");
    flow.missing[0].said = flow.missing[1].said = true;
    attest();
    assert_true(flow.missing[0].said && flow.missing[1].said); /* once */
    put_log(0, 0);
    attest();
    missing_is(0, "event_log", "empty");
    assert_false(flow.missing[0].said);
    assert_true(flow.missing[1].said);
}

static void a_log_above_its_limits_is_said(void **state)
{
    (void)state;
    put_log(EVENTLOG_MAX + 1, 1);
    enroll();
    assert_int_equal(last()->a1.log_n, 0);
    missing_is(0, "event_log", "more than 1048576 bytes");
    put_log(300000, 1);
    listens(0);
    want_log();
    attest();
    assert_int_equal(last()->a1.log[0].length, 300000);
    assert_int_equal(last()->e.log_n, 0);
    assert_int_equal(world.supplies, 0);
    missing_is(0, "event_log", "300000 bytes, a request holds 258032");
}

static void an_unreadable_list_costs_itself_alone(void **state)
{
    (void)state;
    put(config.ima_list, O_TRUNC, pawl_view_str("this is no list of measurements at all"));
    want_list_from(0);
    enroll();
    attest();
    assert_int_equal(last()->e.ima_field.n, 0);
    missing_is(0, "ima_list", "PCR");
    assert_int_equal(answer.ear.status, EAR_AFFIRMING);
}

static void what_is_off_is_not_read_and_not_missed(void **state)
{
    (void)state;
    config.event_log[0] = config.ima_list[0] = 0;
    want_list_from(0);
    enroll();
    listens(50);
    want_log();
    world.want.has_ima = true;
    attest();
    assert_int_equal(last()->a1.log_n, 0);
    assert_int_equal(last()->e.ima_field.n + world.supplies, 0);
    assert_string_equal(flow.missing[0].why.where, "");
}

/* ---- what the verdict is about -------------------------------------------------------------- */

static void coverage_is_kept_for_status(void **state)
{
    (void)state;
    world.more = ",\"cov\":{\"identity\":\"\",\"boot-log\":\"no-event-log\",\"runtime\":\"\"},"
                 "\"rel\":\"6.1.0-55\",\"watch\":true";
    enroll();
    restart();
    assert_string_equal(flow.record.coverage, "identity,boot-log=no-event-log,runtime");
    assert_string_equal(flow.record.release, "6.1.0-55");
    assert_true(flow.record.watched);
    world.step[world.evidence_n] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_REVOKED, 0 };
    attest();
    restart();
    assert_string_equal(flow.record.coverage, "");
    assert_string_equal(flow.record.release, "");
    assert_false(flow.record.watched);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), new_world, end_world, NULL                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("an enrolment names and sends the log", an_enrolment_names_and_sends_the_log),
        CASE("later requests name it and send it not", later_requests_name_it_and_send_it_not),
        CASE("after a reset it is sent once", after_a_reset_it_is_sent_once),
        CASE("after a new start of the system it is sent once",
             after_a_new_start_of_the_system_it_is_sent_once),
        CASE("until a result came it is sent again", until_a_result_came_it_is_sent_again),
        CASE("a wanted log comes with the next evidence",
             a_wanted_log_comes_with_the_next_evidence),
        CASE("full evidence has the log", full_evidence_has_the_log),
        CASE("a record of before sends the log", a_record_of_before_sends_the_log),
        CASE("the list is sent only where a result names it",
             the_list_is_sent_only_where_a_result_names_it),
        CASE("the list is read after the quote", the_list_is_read_after_the_quote),
        CASE("another process waits to be asked", another_process_waits_to_be_asked),
        CASE("after a boot the list goes along if it was wanted",
             after_a_boot_the_list_goes_along_if_it_was_wanted),
        CASE("a resync has the whole list", a_resync_has_the_whole_list),
        CASE("the MAC covers the list as it was sent", the_mac_covers_the_list_as_it_was_sent),
        CASE("an enrolment's MAC covers it too", an_enrolments_mac_covers_it_too),
        CASE("a request is filled and never too long", a_request_is_filled_and_never_too_long),
        CASE("a log that just fits goes and one more byte waits",
             a_log_that_just_fits_goes_and_one_more_byte_waits),
        CASE("a wanted log is supplied", a_wanted_log_is_supplied),
        CASE("a log that did not arrive comes with the next evidence",
             a_log_that_did_not_arrive_comes_with_the_next_evidence),
        CASE("a long list is supplied in pieces", a_long_list_is_supplied_in_pieces),
        CASE("the rest of what the evidence held is supplied",
             the_rest_of_what_the_evidence_held_is_supplied),
        CASE("an answer that names no later entry ends it",
             an_answer_that_names_no_later_entry_ends_it),
        CASE("a list is not supplied for ever", a_list_is_not_supplied_for_ever),
        CASE("a log that got lost does not keep the list",
             a_log_that_got_lost_does_not_keep_the_list),
        CASE("an answer without a ticket ends it", an_answer_without_a_ticket_ends_it),
        CASE("what is not there is not supplied", what_is_not_there_is_not_supplied),
        CASE("an enrolment is followed by supply too", an_enrolment_is_followed_by_supply_too),
        CASE("an enrolment is written down before its supply",
             an_enrolment_is_written_down_before_its_supply),
        CASE("a missing log is no failure", a_missing_log_is_no_failure),
        CASE("a log above its limits is said", a_log_above_its_limits_is_said),
        CASE("an unreadable list costs itself alone", an_unreadable_list_costs_itself_alone),
        CASE("what is off is not read and not missed", what_is_off_is_not_read_and_not_missed),
        CASE("coverage is kept for status", coverage_is_kept_for_status),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
