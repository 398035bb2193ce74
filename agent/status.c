/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "flow/flow.h"
#include "message.h"
#include "state/dir.h"
#include "state/json.h"

static bool is_joined(const struct status *s)
{
    return s->config->net.server[0] && s->config->tenant[0] && s->config->verifier_n;
}

/* Only the agent can read its queue. One that does not talk to us is no failure. */
static void ask_agent(struct status *s)
{
    PAWL_CLEANUP(pawl_local_close) struct pawl_local *agent = NULL;
    struct pawl_err                                   ignored;

    s->has_queue = pawl_is_ok(message_agent(s->config, &agent, &ignored)) && agent &&
                   pawl_is_ok(pawl_local_status(agent, &s->queue, &ignored));
}

pawl_status status_look(const struct config *c, struct status *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(state_dir_close) struct state_dir d = { -1, -1 };
    struct status                                  s = { .config = c, .now_s = time(NULL) };

    pawl_status found = state_dir_look(c->state, &d, &s.pid, err);
    s.has_state = pawl_is_ok(found);
    if (found.code != PAWL_E_ABSENT)
        PAWL_TRY(found);
    if (s.has_state) {
        PAWL_TRY(pawl_under(err, "state", record_read(d.fd, &s.record, err)));
        s.contact_s = state_dir_contact_s(&d);
    }
    if (is_joined(&s))
        flow_forget_others(&s.record, c);
    if (s.pid)
        ask_agent(&s);
    *ret = s;
    return pawl_ok();
}

/* Three rounds without an answer. */
static bool is_overdue(const struct status *s)
{
    return s->now_s - s->contact_s > (int64_t)(3 * (s->config->interval_s + s->config->jitter_s));
}

enum cli_exit status_judge(const struct status *s)
{
    bool well = is_joined(s) && s->record.enrolled && !s->record.waits && !s->record.failure[0] &&
                !s->record.incident.kind && !strcmp(s->record.result, "affirming") &&
                s->contact_s && !is_overdue(s);

    return well ? CLI_GOOD : CLI_ATTENTION;
}

/* A rekey that the verifier demands, or has seen, heals all but a copy of the whole device. */
static void next_of_incident(const struct status *s, char *ret, size_t cap)
{
    const struct incident *i = &s->record.incident;

    if (s->record.epoch <= i->epoch && !s->pid)
        snprintf(ret, cap, "start the service, or run `pawl-agent rekey`: new keys heal it");
    else if (!i->by_verifier)
        snprintf(ret, cap, "nothing: the verifier learns of it with the next quote");
    else if (s->record.epoch > i->epoch)
        snprintf(ret, cap, "the keys are new; the operator looks at it: `pawlctl incident show`");
    else
        snprintf(ret, cap,
                 "nothing: a rekey is under way; then `pawlctl incident show` tells more");
}

static void next_of_verdict(const struct status *s, char *ret, size_t cap)
{
    const struct record *r = &s->record;

    if (!strcmp(r->result, "affirming"))
        snprintf(ret, cap, "none");
    else if (strstr(r->why, "no-policy"))
        snprintf(ret, cap, "the operator gives this device a policy: `pawlctl policy assign`");
    else if (!strncmp(r->result, "refused", 7))
        snprintf(ret, cap, "ask the verifier's operator about this device");
    else
        snprintf(ret, cap, "find out why the verdict is %s%s%.120s: `pawlctl device show`",
                 r->result, r->why[0] ? ", " : "", r->why);
}

void status_next(const struct status *s, char *ret, size_t cap)
{
    const struct record *r = &s->record;

    if (!is_joined(s))
        snprintf(ret, cap, "run `pawl-agent join STRING` with the verifier's string");
    else if (r->failure[0] && !r->enrolled)
        snprintf(ret, cap, "enrolment fails: %s", r->failure);
    else if (!r->enrolled && r->waits) /* a new device would have got a result */
        snprintf(ret, cap,
                 "the operator lets it enroll again: `pawlctl device approve`, or a token");
    else if (!r->enrolled && r->result[0])
        snprintf(ret, cap, "enrolment was %s: ask the verifier's operator", r->result);
    else if (!r->enrolled)
        snprintf(ret, cap, "run `pawl-agent enroll`, or start the service");
    else if (strstr(r->failure, FLOW_REFUSED_US) && is_overdue(s))
        snprintf(ret, cap, "%s; if it was set up anew, try `pawl-agent enroll`", r->failure);
    else if (r->failure[0])
        snprintf(ret, cap, "%s", r->failure);
    else if (r->waits)
        snprintf(ret, cap, "the operator approves this device: `pawlctl device approve`");
    else if (is_overdue(s))
        snprintf(ret, cap, "%s",
                 s->pid ? "no answer for long: see the agent's log"
                        : "start the service, or run `pawl-agent attest`");
    else if (r->incident.kind)
        next_of_incident(s, ret, cap);
    else
        next_of_verdict(s, ret, cap);
}

/* "2 minutes ago" */
static void ago(int64_t then_s, int64_t now_s, char *ret, size_t cap)
{
    static const struct {
        int64_t     seconds;
        const char *name;
    } units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
    int64_t gone = now_s > then_s ? now_s - then_s : 0;

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (gone >= units[i].seconds || units[i].seconds == 1) {
            int64_t n = gone / units[i].seconds;
            snprintf(ret, cap, "%" PRId64 " %s%s ago", n, units[i].name, n == 1 ? "" : "s");
            return;
        }
}

static void contact_line(const struct status *s, char *ret, size_t cap)
{
    char when[48];

    if (!s->contact_s) {
        snprintf(ret, cap, "never");
        return;
    }
    ago(s->contact_s, s->now_s, when, sizeof(when));
    snprintf(ret, cap, "%s, %s", when, s->record.result[0] ? s->record.result : "no result");
}

/* The verifier's word, unless the device knows better. */
static const char *keys_status(const struct record *r)
{
    return r->incident.kind ? "contraindicated" : r->keys[0] ? r->keys : "not judged";
}

static void add_incident(cJSON *j, const struct incident *i)
{
    if (!i->kind) {
        cJSON_AddNullToObject(j, "incident");
        return;
    }
    cJSON *o = cJSON_AddObjectToObject(j, "incident");
    cJSON_AddStringToObject(o, "kind", incident_name(i->kind));
    cJSON_AddStringToObject(o, "by", i->by_verifier ? "verifier" : "device");
    cJSON_AddNumberToObject(o, "since", (double)i->since_s);
}

/* {"identity": "covered", "boot-log": "no-event-log"}, as the operator's API has it. */
static void add_coverage(cJSON *j, const char *text)
{
    cJSON *o = cJSON_AddObjectToObject(j, "coverage");
    char   parts[sizeof(((struct record *)0)->coverage)];
    char  *rest = parts;

    snprintf(parts, sizeof(parts), "%s", text);
    for (char *part = strsep(&rest, ","); part && *part; part = strsep(&rest, ",")) {
        const char *name = strsep(&part, "=");
        cJSON_AddStringToObject(o, name, part ? part : "covered");
    }
}

static void keys_line(const struct status *s, char *ret, size_t cap)
{
    const struct record *r = &s->record;
    char                 id[2 * PAWL_DEVICE_ID + 1] = "", when[48], epoch[96] = "", light[128];
    struct pawl_err      ignored;

    if (r->epoch) {
        ago(r->rekeyed_s, s->now_s, when, sizeof(when));
        snprintf(epoch, sizeof(epoch), ", epoch %" PRIu64 " begun %s", r->epoch, when);
    }
    snprintf(light, sizeof(light), "%s", keys_status(r));
    if (r->incident.kind)
        incident_line(&r->incident, light, sizeof(light));

    if (!r->has_device ||
        !pawl_is_ok(pawl_hex_write(PAWL_VIEW_OF(r->device_id), id, sizeof(id), &ignored)))
        snprintf(ret, cap, "none enrolled");
    else
        snprintf(ret, cap, "%s, %s, device %s%s, %s", r->ek, r->ak, id, epoch, light);
}

static void software_line(const struct status *s, char *ret, size_t cap)
{
    const struct record *r = &s->record;
    bool                 red = !strcmp(r->software, "contraindicated") && r->why[0];
    char                 runs[48];

    snprintf(runs, sizeof(runs), "running (pid %ld)", s->pid);
    snprintf(ret, cap, "%s%s%.120s; pawl-agent " PAWL_VERSION ", %s",
             r->software[0] ? r->software : "not judged", red ? ": " : "", red ? r->why : "",
             !s->pid      ? "not running"
             : s->pid > 0 ? runs
                          : "running");
}

/* What the verdict is about: "identity,boot-log=no-event-log; release 6.1; watched only". */
static void coverage_line(const struct record *r, char *ret, size_t cap)
{
    snprintf(ret, cap, "%s%s%s%s", r->coverage[0] ? r->coverage : "not told",
             r->release[0] ? "; release " : "", r->release,
             r->watched ? "; the policy only watches" : "");
}

static void queue_line(const struct status *s, char *ret, size_t cap)
{
    const struct pawl_local_facts *q = &s->queue;

    if (!s->config->messages)
        snprintf(ret, cap, "messages are off");
    else if (!s->has_queue)
        snprintf(ret, cap, "not known: %s", s->pid ? "the agent does not say" : "no agent runs");
    else if (!q->queue && !q->inbox)
        snprintf(ret, cap, "empty");
    else
        snprintf(ret, cap,
                 "%" PRIu64 " to send (%" PRIu64 " of %" PRIu64 " bytes), %" PRIu64 " to receive",
                 q->queue, q->queue_bytes, q->queue_max, q->inbox);
}

static const char *tls_name(enum net_tls tls)
{
    return tls == NET_TLS_PIN ? "pin" : tls == NET_TLS_CA ? "ca" : "system";
}

static void print_lines(const struct status *s)
{
    const struct config *c = s->config;
    char                 line[400];

    if (is_joined(s))
        printf("server:       %s, tenant %s, TLS by %s\n", c->net.server, c->tenant,
               tls_name(c->net.tls));
    else
        printf("server:       none configured\n");
    software_line(s, line, sizeof(line));
    printf("software:     %s\n", line);
    coverage_line(&s->record, line, sizeof(line));
    printf("coverage:     %s\n", line);
    keys_line(s, line, sizeof(line));
    printf("keys:         %s\n", line);
    queue_line(s, line, sizeof(line));
    printf("queue:        %s\n", line);
    contact_line(s, line, sizeof(line));
    printf("last contact: %s\n", line);
    status_next(s, line, sizeof(line));
    printf("next step:    %s\n", line);
}

static void print_json(const struct status *s)
{
    PAWL_CLEANUP(json_done) cJSON *j = cJSON_CreateObject();
    const struct record           *r = &s->record;
    char                           next[320];

    cJSON_AddStringToObject(j, "server", s->config->net.server);
    cJSON_AddStringToObject(j, "tenant", s->config->tenant);
    cJSON_AddStringToObject(j, "tls", tls_name(s->config->net.tls));
    cJSON_AddStringToObject(j, "version", PAWL_VERSION);
    cJSON_AddBoolToObject(j, "running", s->pid != 0);
    cJSON_AddBoolToObject(j, "enrolled", r->enrolled);
    cJSON_AddBoolToObject(j, "waits", r->waits);
    if (r->has_device)
        json_add_hex(j, "device", PAWL_VIEW_OF(r->device_id));
    cJSON_AddStringToObject(j, "ek", r->ek);
    cJSON_AddStringToObject(j, "ak", r->ak);
    cJSON_AddNumberToObject(j, "epoch", (double)r->epoch);
    cJSON_AddNumberToObject(j, "rekeyed", (double)r->rekeyed_s);
    if (s->has_queue) {
        cJSON_AddNumberToObject(j, "queue", (double)s->queue.queue);
        cJSON_AddNumberToObject(j, "queue_bytes", (double)s->queue.queue_bytes);
        cJSON_AddNumberToObject(j, "inbox", (double)s->queue.inbox);
    }
    cJSON_AddNumberToObject(j, "last_contact", (double)s->contact_s);
    cJSON_AddStringToObject(j, "result", r->result);
    cJSON_AddStringToObject(j, "why", r->why);
    cJSON_AddStringToObject(j, "software_status", r->software);
    add_coverage(j, r->coverage);
    cJSON_AddStringToObject(j, "release", r->release);
    cJSON_AddBoolToObject(j, "watched", r->watched);
    cJSON_AddStringToObject(j, "keys_status", keys_status(r));
    add_incident(j, &r->incident);
    cJSON_AddStringToObject(j, "failure", r->failure);
    cJSON_AddNumberToObject(j, "failing_since", (double)r->failing_since_s);
    status_next(s, next, sizeof(next));
    cJSON_AddStringToObject(j, "next_step", next);
    cJSON_AddBoolToObject(j, "well", status_judge(s) == CLI_GOOD);
    json_print(j);
}

void status_print(const struct status *s, bool json)
{
    if (json)
        print_json(s);
    else
        print_lines(s);
}
