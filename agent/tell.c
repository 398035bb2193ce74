/* SPDX-License-Identifier: Apache-2.0 */
#include "tell.h"

#include <stdio.h>

static bool same(const struct incident *a, const struct incident *b)
{
    return a->since_s == b->since_s && !a->kind == !b->kind;
}

/* ---- log and applications ------------------------------------------------------------------- */

static void say(struct rounds *r, bool begin, const struct incident *i)
{
    char line[200];

    snprintf(line, sizeof(line), "%s: %s: %s", begin ? "INCIDENT" : "incident over",
             incident_name(i->kind),
             begin ? incident_text(i->kind) : "the verifier trusts this device's keys again");
    rounds_say(r, line);
    if (r->server)
        server_event(r->server, incident_name(i->kind), begin, line);
}

static void say_news(struct tell *t, struct rounds *r)
{
    const struct incident *now = &r->flow.record.incident;

    if (same(now, &t->said))
        return;
    if (t->said.kind)
        say(r, false, &t->said);
    t->said = *now;
    if (t->said.kind)
        say(r, true, &t->said);
}

/* ---- the command ---------------------------------------------------------------------------- */

static void note_told(struct rounds *r, const struct incident *i)
{
    struct record  *rec = &r->flow.record;
    struct pawl_err ignored;

    rec->told = i->kind;
    rec->told_since_s = i->since_s;
    (void)pawl_is_ok(record_save(r->flow.dir.fd, rec, &ignored)); /* or it runs once more */
}

static void run_command(struct tell *t, struct rounds *r, bool begin, enum incident_kind kind)
{
    const struct record  *rec = &r->flow.record;
    const struct incident over = { 0 };
    char                  id[2 * PAWL_DEVICE_ID + 1] = "", device[96], what[64];
    const char *const     env[] = { begin ? "PAWL_INCIDENT=begin" : "PAWL_INCIDENT=end", what,
                                begin && !rec->incident.by_verifier ? "PAWL_INCIDENT_BY=device"
                                                                        : "PAWL_INCIDENT_BY=verifier",
                                device, NULL };
    char                  line[200];
    struct pawl_err       err;

    (void)pawl_is_ok(pawl_hex_write(PAWL_VIEW_OF(rec->device_id), id, sizeof(id), &err));
    snprintf(what, sizeof(what), "PAWL_INCIDENT_KIND=%s", incident_name(kind));
    snprintf(device, sizeof(device), "PAWL_DEVICE=%s", id);
    t->running = begin ? rec->incident : over;
    pawl_status s = command_start(&t->command, r->flow.config->on_incident, env, rounds_now_ms(r),
                                  &err);
    if (pawl_is_ok(s))
        return;
    snprintf(line, sizeof(line), "%s: %s", err.where, err.why);
    rounds_say(r, line); /* the next look tries again */
}

static void look_at_command(struct tell *t, struct rounds *r)
{
    const struct record  *rec = &r->flow.record;
    const struct incident told = { .kind = rec->told, .since_s = rec->told_since_s };

    switch (command_look(&t->command, rounds_now_ms(r))) {
    case COMMAND_RUNS:
        return;
    case COMMAND_ENDED:
        note_told(r, &t->running);
        look_at_command(t, r);
        return;
    case COMMAND_NONE:
        break;
    }
    if (!r->flow.config->on_incident[0] || same(&told, &rec->incident))
        return;
    run_command(t, r, !told.kind, told.kind ? told.kind : rec->incident.kind);
}

/* ---- both ----------------------------------------------------------------------------------- */

void tell_look(struct tell *t, struct rounds *r)
{
    say_news(t, r);
    look_at_command(t, r);
}

uint64_t tell_wait_ms(const struct tell *t, uint64_t at_most_ms)
{
    return t->command.pid && at_most_ms > TELL_LOOK_MS ? TELL_LOOK_MS : at_most_ms;
}

void tell_stop(struct tell *t)
{
    command_stop(&t->command);
}
