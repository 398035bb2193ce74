/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: what consumers learn of a tainted window (P-MARK-1..8). What was delivered is tainted
 * when the incident opens; when a snapshot and its leaves tell, each message is genuine, forged or
 * unattested, once; held messages and copies are listed when they deserve it; the window ends. All
 * of it over whole requests of a software device, read as a consumer reads it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "flow/inbox.h"
#include "flow/operator.h"
#include "soft_log.h"

/* ---- the feed, as a consumer reads it ------------------------------------------------------- */

struct reading {
    size_t n;
    char   text[256 * 1024];
};

static const char *text_of(const cJSON *o, const char *name)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

    return s ? s : "-";
}

/* "m 4 one:new" for messages, "k 4:tainted" for marks: slot, text or nothing, mark. */
static void read_entry(struct reading *r, const cJSON *o)
{
    bool is_message = strcmp(text_of(o, "type"), "message") == 0;

    if (!is_message && strcmp(text_of(o, "type"), "mark") != 0)
        return;
    r->n += (size_t)snprintf(
        r->text + r->n, sizeof(r->text) - r->n, "%s %.0f%s%s:%s, ", is_message ? "m" : "k",
        cJSON_GetNumberValue(cJSON_GetObjectItem(o, "seq")), is_message ? " " : "",
        is_message ? text_of(o, "text") : "", text_of(o, "mark"));
}

/* All behind *after, page by page; *after is where it ended. */
static const char *read_feed(struct world *w, const char *type, char after[48])
{
    static struct reading r;

    r = (struct reading){ 0 };
    for (bool any = true; any;) {
        struct message_query q = { .limit = 7 };
        char                *json = NULL;

        memcpy(q.after, after, sizeof(q.after));
        snprintf(q.type, sizeof(q.type), "%s", type);
        T_OK(operator_messages(&w->flow, &w->config.tenant[ACME], &q, &json, &any, &w->err),
             &w->err);
        cJSON       *page = cJSON_Parse(json);
        const cJSON *o;
        free(json);
        cJSON_ArrayForEach(o, cJSON_GetObjectItemCaseSensitive(page, "messages")) read_entry(&r, o);
        snprintf(after, 48, "%s", text_of(page, "next"));
        cJSON_Delete(page);
    }
    return r.text;
}

/* What came since the last look. */
struct consumer {
    char after[48];
};

static void learns(struct world *w, struct consumer *c, const char *what)
{
    assert_string_equal(read_feed(w, "", c->after), what);
}

/* ---- the device and the thief --------------------------------------------------------------- */

static struct soft_answer answer;

static void sends(struct world *w, const struct soft_device *d, const struct soft_log *log,
                  struct pawl_view cose)
{
    world_says(w, d, &log->e, &cose, 1, &answer);
}

static void says(struct world *w, const struct soft_device *d, struct soft_log *log,
                 const char *text)
{
    sends(w, d, log, soft_log_say(log, text));
}

/* With the keys of the generation under way: this slot, id and text. */
static struct pawl_view forged(const struct soft_log *log, uint64_t seq, uint64_t id,
                               const char *text)
{
    struct soft_epoch thief = log->e;

    thief.seq = seq;
    return soft_app(&thief, id, text);
}

/* The id that the device gives to the message in this slot. */
static uint64_t id_at(uint64_t seq)
{
    return UINT64_C(1) << 32 | seq;
}

static void attests(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct soft_evidence ev;

    world_log_attests(w, d, log, PAWL_LABEL_ATTEST, &ev);
}

/* A rekey with its log; the device goes on under the new root, in the next slot. */
static void rekeys(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct soft_evidence ev;

    world_log_attests(w, d, log, PAWL_LABEL_REKEY, &ev);
    world_adopt(w, d, &ev, NULL);
    soft_log_turn(d, log);
}

/* All leaves of the log, by the ticket of the last result. */
static void supplies(struct world *w, const struct soft_log *log)
{
    static uint8_t     b[64 * 1024];
    struct pawl_wr     out = pawl_wr_to(b, sizeof(b));
    struct pawl_result result = world_result(w);
    struct pawl_supply m = { .ticket = t_copy(result.ticket) };

    for (size_t i = 0; i < result.want.gen_n; i++)
        for (size_t k = 0; k < log->gen_n; k++) {
            if (log->gen[k].epoch != result.want.gen[i].epoch ||
                log->gen[k].gen != result.want.gen[i].gen)
                continue;
            m.leaves[m.leaves_n].epoch = log->gen[k].epoch;
            m.leaves[m.leaves_n].gen = log->gen[k].gen;
            m.leaves[m.leaves_n++].leaves = soft_log_leaves(log, k);
        }
    assert_true(m.leaves_n > 0);
    T_OK(pawl_supply_write(&m, &out, &w->err), &w->err);
    world_takes(w, flow_supply, t_copy(pawl_view(b, out.n)), 200);
}

static struct incident incident_of_device(struct world *w, const struct soft_device *d)
{
    return world_ratchet(w, d).incident;
}

/* Slots 1 to 3 are clean, 4 and 5 came since. */
static void talked(struct world *w, struct soft_device *d, struct soft_log *log)
{
    world_make(w);
    world_speaks(w, d, log);
    says(w, d, log, "one");
    says(w, d, log, "two");
    says(w, d, log, "three");
    attests(w, d, log);
    w->now_ms += 60000;
    says(w, d, log, "four");
    says(w, d, log, "five");
}

#define SAID "m 1 one:new, m 2 two:new, m 3 three:new, m 4 four:new, m 5 five:new, "

/* ---- taint ---------------------------------------------------------------------------------- */

static void what_came_since_the_last_clean_snapshot_is_tainted(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    learns(&w, &c, SAID);
    sends(&w, &d, &log, forged(&log, 5, 9, "bad"));
    learns(&w, &c, "k 4:tainted, k 5:tainted, m 5 bad:tainted, ");
    says(&w, &d, &log, "six"); /* while the window is open */
    learns(&w, &c, "m 6 six:tainted, ");
    assert_true(incident_of_device(&w, &d).tainted);
    assert_int_equal(incident_of_device(&w, &d).taint_lo, 4);
}

/* A thief may run ahead long before a snapshot lies above: nothing of the window is left out. */
static void a_slot_ahead_of_an_older_snapshot_is_of_the_window(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    world_make(&w);
    world_speaks(&w, &d, &log);
    says(&w, &d, &log, "one");
    sends(&w, &d, &log, forged(&log, 4, 9, "bad"));
    learns(&w, &c, "m 1 one:new, m 4 bad:new, ");
    w.now_ms += 3600 * 1000;
    attests(&w, &d, &log); /* speaks of slot 1 alone, and is clean */
    w.now_ms += 3600 * 1000;
    says(&w, &d, &log, "two");
    says(&w, &d, &log, "three");
    attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
    struct pawl_view four = soft_log_say(&log, "four"); /* is lost */
    (void)four;
    w.now_ms += 60000;
    learns(&w, &c, "m 2 two:new, m 3 three:new, ");
    attests(&w, &d, &log);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
    learns(&w, &c, "k 4:tainted, ");
    supplies(&w, &log);
    learns(&w, &c, "k 4:forged, ");
}

/* ---- final marks ---------------------------------------------------------------------------- */

static void the_log_tells_the_device_from_the_thief(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    sends(&w, &d, &log, forged(&log, 5, 9, "bad"));
    (void)read_feed(&w, "", c.after);
    rekeys(&w, &d, &log); /* its quote lists the log, and all of it came */
    learns(&w, &c, "k 4:genuine, k 5:genuine, k 5:forged, ");
    assert_int_equal(store_number(&w.store, "SELECT forged * 100 + genuine FROM incident"), 102);
    attests(&w, &d, &log);
    learns(&w, &c, "");
}

static void a_mark_says_what_it_is_about(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_log      log;
    struct message_query q = { .type = "mark" };
    char                *json = NULL, incident[80];
    bool                 any;

    talked(&w, &d, &log);
    sends(&w, &d, &log, forged(&log, 5, 9, "bad"));
    T_OK(operator_messages(&w.flow, &w.config.tenant[ACME], &q, &json, &any, &w.err), &w.err);
    cJSON       *page = cJSON_Parse(json);
    const cJSON *o = cJSON_GetArrayItem(cJSON_GetObjectItem(page, "messages"), 1);
    free(json);
    snprintf(incident, sizeof(incident), "%s.%" PRIu64, world_id(&d), log.e.root.epoch);
    assert_string_equal(text_of(o, "type"), "mark");
    assert_string_equal(text_of(o, "mark"), "tainted");
    assert_string_equal(text_of(o, "of"), "5"); /* the cursor of the message */
    assert_string_equal(text_of(o, "device"), world_id(&d));
    assert_string_equal(text_of(o, "incident"), incident);
    assert_string_equal(text_of(o, "id"), "4294967301");
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(o, "seq")), 5);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(o, "epoch")), log.e.root.epoch);
    cJSON_Delete(page);
}

/* The man in the middle keeps the device's message and sends his own: leaves must come first. */
static void nothing_is_said_before_the_leaves_are_here(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    (void)soft_log_say(&log, "six"); /* kept back */
    sends(&w, &d, &log, forged(&log, 6, 9, "bad"));
    (void)read_feed(&w, "", c.after);
    rekeys(&w, &d, &log);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
    learns(&w, &c, "k 4:tainted, k 5:tainted, k 6:tainted, ");
    supplies(&w, &log);
    learns(&w, &c, "k 4:genuine, k 5:genuine, k 6:forged, ");
}

static void a_slot_that_no_log_speaks_of_is_unattested(void **state)
{
    (void)state;
    WORLD                   w;
    DEVICE                  d;
    struct soft_log         log;
    struct soft_evidence    ev;
    struct consumer         c = { "" };
    const struct pawl_range lost = { 6, 21 };

    talked(&w, &d, &log);
    sends(&w, &d, &log, forged(&log, 6, 9, "who"));
    sends(&w, &d, &log, forged(&log, 5, 8, "bad"));
    (void)read_feed(&w, "", c.after);
    /* A power cut took what it logged behind slot 5. */
    log.e.seq = 22;
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.snd.unknown_n = 1;
    ev.a1.snd.unknown[0] = lost;
    world_sends(&w, &ev);
    learns(&w, &c, "k 4:genuine, k 5:genuine, k 6:unattested, k 5:forged, ");
    assert_int_equal(store_number(&w.store, "SELECT unattested FROM incident"), 1);
}

/* A device that lost its log never sends the leaves: the window does not stay open for ever. */
static void what_never_gets_its_leaves_is_unattested_in_the_end(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    (void)soft_log_say(&log, "six");
    sends(&w, &d, &log, forged(&log, 6, 9, "bad"));
    rekeys(&w, &d, &log);
    attests(&w, &d, &log);
    (void)read_feed(&w, "", c.after);
    w.now_ms += (int64_t)w.config.tenant[ACME].late_window_s * 1000;
    attests(&w, &d, &log);
    learns(&w, &c, "");
    assert_true(incident_of_device(&w, &d).tainted);
    w.now_ms += 1;
    attests(&w, &d, &log);
    learns(&w, &c, "k 4:unattested, k 5:unattested, k 6:unattested, ");
    assert_false(incident_of_device(&w, &d).tainted);
}

/* ---- arrival -------------------------------------------------------------------------------- */

static void a_late_message_brings_its_mark(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    struct pawl_view six = soft_log_say(&log, "six");
    struct pawl_view bad = forged(&log, 30, 9, "bad");
    attests(&w, &d, &log);
    supplies(&w, &log);
    (void)read_feed(&w, "", c.after);
    sends(&w, &d, &log, six); /* its leaf is here already */
    learns(&w, &c, "m 6 six:genuine, ");
    log.e.seq = 40;
    attests(&w, &d, &log);
    sends(&w, &d, &log, bad); /* below the snapshot, and in no log */
    learns(&w, &c, "m 30 bad:forged, ");
    assert_int_equal(store_number(&w.store, "SELECT forged FROM incident"), 1);
}

/* One generation has its leaves, another one is not clean yet. */
static void what_has_its_mark_is_not_tainted_any_more(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log, first;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    struct pawl_view six = soft_log_say(&log, "six");
    first = log;
    soft_log_open(&log);
    (void)soft_log_say(&log, "seven");
    says(&w, &d, &log, "eight");
    attests(&w, &d, &log);
    supplies(&w, &first); /* the leaves of the first alone */
    sends(&w, &d, &log, six);
    (void)read_feed(&w, "", c.after);
    sends(&w, &d, &log, forged(&log, 8, 9, "bad"));
    learns(&w, &c, "k 4:tainted, k 5:tainted, k 8:tainted, m 8 bad:tainted, ");
}

static void a_new_epoch_is_not_tainted(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    struct pawl_view late = soft_log_say(&log, "six");
    (void)soft_log_say(&log, "seven");
    sends(&w, &d, &log, forged(&log, 5, 9, "bad"));
    rekeys(&w, &d, &log); /* leaves of 6 and 7 are missing */
    (void)read_feed(&w, "", c.after);
    says(&w, &d, &log, "eight");
    sends(&w, &d, &log, late);
    learns(&w, &c, "m 8 eight:new, m 6 six:tainted, ");
}

static void the_window_ends_with_its_epoch(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    sends(&w, &d, &log, forged(&log, 5, 9, "bad"));
    sends(&w, &d, &log, forged(&log, 60, 10, "ahead")); /* no snapshot of this epoch reaches it */
    attests(&w, &d, &log);
    assert_int_equal(incident_of_device(&w, &d).taint_lo, 6);
    rekeys(&w, &d, &log);
    assert_true(incident_of_device(&w, &d).tainted);
    (void)read_feed(&w, "", c.after);
    says(&w, &d, &log, "six");
    attests(&w, &d, &log); /* under the new root: slot 60 of the old one was never used */
    learns(&w, &c, "m 6 six:new, k 60:forged, ");
    assert_false(incident_of_device(&w, &d).tainted);
    says(&w, &d, &log, "seven");
    learns(&w, &c, "m 7 seven:new, ");
}

/* ---- ids ------------------------------------------------------------------------------------ */

static void two_bodies_of_one_id_are_both_listed(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    (void)read_feed(&w, "", c.after);
    sends(&w, &d, &log, forged(&log, 7, id_at(6), "21.5 C"));
    says(&w, &d, &log, "8 C"); /* slot 6, the same id */
    learns(&w, &c, "m 7 21.5 C:new, m 6 8 C:new, ");
    (void)soft_log_say(&log, "seven");
    rekeys(&w, &d, &log);
    supplies(&w, &log);
    learns(&w, &c,
           "k 4:tainted, k 5:tainted, k 7:tainted, k 6:tainted, "
           "k 4:genuine, k 5:genuine, k 7:forged, k 6:genuine, ");
}

static void a_copy_is_listed_when_the_first_one_is_forged(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    (void)read_feed(&w, "", c.after);
    sends(&w, &d, &log, forged(&log, 7, id_at(6), "six"));
    says(&w, &d, &log, "six"); /* the device's own is only a copy so far */
    learns(&w, &c, "m 7 six:new, ");
    (void)soft_log_say(&log, "seven");
    rekeys(&w, &d, &log);
    (void)read_feed(&w, "", c.after);
    supplies(&w, &log);
    learns(&w, &c, "m 6 six:genuine, k 4:genuine, k 5:genuine, k 7:forged, k 6:genuine, ");
    attests(&w, &d, &log);
    learns(&w, &c, "");
}

static void a_copy_of_what_is_genuine_is_never_listed(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    (void)read_feed(&w, "", c.after);
    sends(&w, &d, &log, forged(&log, 6, id_at(5), "five")); /* a replay in another slot */
    learns(&w, &c, "");
    (void)soft_log_say(&log, "six");
    rekeys(&w, &d, &log);
    supplies(&w, &log);
    learns(&w, &c, "k 4:tainted, k 5:tainted, k 6:tainted, k 4:genuine, k 5:genuine, k 6:forged, ");
}

/* What was listed before the window stays the one of its id, whatever a thief says under it. */
static void what_was_listed_before_is_not_listed_again(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    w.now_ms += 60000;
    attests(&w, &d, &log); /* the window begins here */
    (void)read_feed(&w, "", c.after);
    sends(&w, &d, &log, forged(&log, 8, id_at(2), "another two"));
    sends(&w, &d, &log, soft_log_repeat(&log, id_at(2), "two"));
    sends(&w, &d, &log, forged(&log, 9, id_at(3), "another three"));
    learns(&w, &c, "m 8 another two:new, m 9 another three:new, ");
    for (unsigned i = 7; i < 10; i++)
        (void)soft_log_say(&log, "on their way");
    rekeys(&w, &d, &log);
    supplies(&w, &log);
    learns(&w, &c, "k 8:tainted, k 6:tainted, k 9:tainted, k 8:forged, k 6:genuine, k 9:forged, ");
    sends(&w, &d, &log, soft_log_repeat(&log, id_at(2), "two"));
    sends(&w, &d, &log, soft_log_repeat(&log, id_at(3), "three"));
    learns(&w, &c, "");
}

/* The device does not know that its number was taken. */
static void an_id_that_only_a_thief_used_may_come_again(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    sends(&w, &d, &log, forged(&log, 7, id_at(9), "nine"));
    (void)soft_log_say(&log, "six");
    (void)soft_log_say(&log, "seven");
    rekeys(&w, &d, &log);
    supplies(&w, &log);
    (void)read_feed(&w, "", c.after);
    attests(&w, &d, &log); /* the window ends */
    soft_log_prune(&log, 1);
    w.now_ms += INT64_C(3) * 3600 * 1000;
    attests(&w, &d, &log); /* and its rows are gone */
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 0"), 0);
    (void)read_feed(&w, "", c.after);
    says(&w, &d, &log, "eight");
    says(&w, &d, &log, "nine");
    learns(&w, &c, "m 8 eight:new, m 9 nine:new, ");
}

/* What is forged on arrival uses no id up, however long ago it was. */
static void an_id_that_came_forged_was_never_used(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    log.e.seq = 40;
    soft_log_open(&log);
    attests(&w, &d, &log);
    struct soft_epoch thief = log.e;
    thief.seq = 30;
    soft_generation(&thief, 5);
    sends(&w, &d, &log, soft_app(&thief, id_at(40), "forty"));
    rekeys(&w, &d, &log);
    attests(&w, &d, &log);
    soft_log_prune(&log, 1);
    w.now_ms += INT64_C(3) * 3600 * 1000;
    attests(&w, &d, &log);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 0"), 0);
    (void)read_feed(&w, "", c.after);
    says(&w, &d, &log, "forty");
    learns(&w, &c, "m 40 forty:new, ");
}

/* Its slot is judged, and the window still waits for leaves of others. */
static void what_is_known_to_be_forged_makes_nothing_a_copy(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    sends(&w, &d, &log, forged(&log, 30, id_at(40), "forty"));
    (void)soft_log_say(&log, "six");
    log.e.seq = 40;
    soft_log_open(&log);
    attests(&w, &d, &log); /* 30 is in no log; the leaf of 6 is missing */
    (void)read_feed(&w, "", c.after);
    says(&w, &d, &log, "forty");
    learns(&w, &c, "m 40 forty:tainted, ");
}

/* ---- held ----------------------------------------------------------------------------------- */

static void held_messages_are_listed_when_they_turn_out_well(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    w.config.tenant[ACME].hold_messages = true;
    (void)read_feed(&w, "", c.after);
    sends(&w, &d, &log, forged(&log, 5, 9, "bad"));
    says(&w, &d, &log, "six");
    learns(&w, &c, "k 4:tainted, k 5:tainted, ");
    assert_true(soft_is_acked(&answer, 6)); /* held, and not lost */
    rekeys(&w, &d, &log);
    learns(&w, &c, "m 6 six:genuine, k 4:genuine, k 5:genuine, k 5:forged, k 6:genuine, ");
    says(&w, &d, &log, "seven"); /* under the new epoch nobody is held up */
    attests(&w, &d, &log);
    learns(&w, &c, "m 7 seven:new, ");
}

static void what_is_forged_on_arrival_and_held_is_told_as_a_mark(void **state)
{
    (void)state;
    WORLD           w;
    DEVICE          d;
    struct soft_log log;
    struct consumer c = { "" };

    talked(&w, &d, &log);
    w.config.tenant[ACME].hold_messages = true;
    struct pawl_view bad = forged(&log, 30, 9, "bad");
    log.e.seq = 40;
    attests(&w, &d, &log);
    (void)read_feed(&w, "", c.after);
    sends(&w, &d, &log, bad);
    learns(&w, &c, "k 30:forged, ");
    assert_string_equal(read_feed(&w, "message", (char[48]){ "" }), SAID);
    assert_string_equal(read_feed(&w, "mark", (char[48]){ "" }), "k 30:forged, ");
}

/* ---- many ----------------------------------------------------------------------------------- */

static void a_large_window_is_told_in_several_rows(void **state)
{
    (void)state;
    enum { REQUESTS = 17, ALL = REQUESTS * PAWL_MESSAGES_N_MAX };
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    struct pawl_view  cose[PAWL_MESSAGES_N_MAX];
    char              after[48] = "";
    uint64_t          n = 0, last = 0;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct soft_epoch thief = e;
    for (unsigned i = 0; i < REQUESTS; i++) {
        for (size_t k = 0; k < PAWL_MESSAGES_N_MAX; k++, n++) {
            if (n % PAWL_GEN_MESSAGES == 0)
                soft_generation(&e, (uint32_t)(n / PAWL_GEN_MESSAGES));
            cose[k] = soft_app(&e, n, "x");
        }
        world_says(&w, &d, &e, cose, PAWL_MESSAGES_N_MAX, &answer);
    }
    thief.seq = 1;
    struct pawl_view bad = soft_app(&thief, n, "bad");
    world_says(&w, &d, &e, &bad, 1, &answer);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM segment WHERE kind = 1"), 2);
    assert_int_equal(store_number(&w.store, "SELECT sum(n) FROM segment WHERE kind = 1"), ALL);
    const char *marks = read_feed(&w, "mark", after);
    n = 0;
    for (const char *s = marks; *s; s = strchr(s, ',') + 2, n++) {
        uint64_t seq = strtoull(s + 2, NULL, 10);
        assert_int_equal(seq, last + 1); /* in order, none twice, none left out */
        last = seq;
    }
    assert_int_equal(n, ALL);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("P-MARK-5 what came since the last clean snapshot is tainted",
               what_came_since_the_last_clean_snapshot_is_tainted),
        T_CASE("P-MARK-5 a slot ahead of an older snapshot is of the window",
               a_slot_ahead_of_an_older_snapshot_is_of_the_window),
        T_CASE("P-MARK-1 the log tells the device from the thief",
               the_log_tells_the_device_from_the_thief),
        T_CASE("a mark says what it is about", a_mark_says_what_it_is_about),
        T_CASE("P-MARK-6 nothing is said before the leaves are here",
               nothing_is_said_before_the_leaves_are_here),
        T_CASE("P-MARK-4 a slot that no log speaks of is unattested",
               a_slot_that_no_log_speaks_of_is_unattested),
        T_CASE("P-MARK-6 what never gets its leaves is unattested in the end",
               what_never_gets_its_leaves_is_unattested_in_the_end),
        T_CASE("P-MARK-5 a late message brings its mark", a_late_message_brings_its_mark),
        T_CASE("P-MARK-6 what has its mark is not tainted any more",
               what_has_its_mark_is_not_tainted_any_more),
        T_CASE("P-MARK-5 a new epoch is not tainted", a_new_epoch_is_not_tainted),
        T_CASE("P-MARK-6 the window ends with its epoch", the_window_ends_with_its_epoch),
        T_CASE("P-VMSG-4 two bodies of one id are both listed",
               two_bodies_of_one_id_are_both_listed),
        T_CASE("P-MARK-8 a copy is listed when the first one is forged",
               a_copy_is_listed_when_the_first_one_is_forged),
        T_CASE("P-MARK-8 a copy of what is genuine is never listed",
               a_copy_of_what_is_genuine_is_never_listed),
        T_CASE("P-MARK-8 what was listed before the window is not listed again",
               what_was_listed_before_is_not_listed_again),
        T_CASE("P-MARK-8 an id that only a thief used may come again",
               an_id_that_only_a_thief_used_may_come_again),
        T_CASE("P-VMSG-4 an id that came forged was never used",
               an_id_that_came_forged_was_never_used),
        T_CASE("P-VMSG-4 what is known to be forged makes nothing a copy",
               what_is_known_to_be_forged_makes_nothing_a_copy),
        T_CASE("P-MARK-7 held messages are listed when they turn out well",
               held_messages_are_listed_when_they_turn_out_well),
        T_CASE("P-MARK-7 what is forged on arrival and held is told as a mark",
               what_is_forged_on_arrival_and_held_is_told_as_a_mark),
        T_CASE("P-MARK-5 a large window is told in several rows",
               a_large_window_is_told_in_several_rows),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
