/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/why: one sentence on a device, a request or the serial number of an EK certificate, with
 * the reason's code, since when, how many others share it, and what to do.
 *
 * Refusals are in two places: what the last seconds brought in memory, the rest in the store. A
 * refusal counts as the answer for a device until its evidence is accepted again; then its verdict
 * does. Of a revoked one only a refusal whose quote verified does.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "flow/operator_find.h"
#include "flow/why.h"

enum {
    SENTENCE_MAX = 1024,
    OTHERS_MAX = 1000, /* counted up to that */
    LOOKED_AT = 2000,  /* devices, for a verdict's reason: a fleet is not read for one question */
    EVENTS_MAX = 200,
    NOW_S = 86400 /* who was refused within that time shares a refusal now */
};

struct told {
    const struct reason_entry *is; /* NULL: nothing is wrong */
    const char                *detail;
    int64_t                    since_s;
    const struct refusal_row  *refusal; /* NULL: it is a verdict's */
    const struct device       *device;  /* NULL: not known here */
    bool                       proved;  /* that the refusal is of this device */
    uint64_t                   others;
    bool                       more; /* at least so many */
};

/* ---- refusals ------------------------------------------------------------------------------- */

struct newest {
    bool               found;
    struct refusal_row r;
};

static pawl_status keep_newest(const struct refusal_row *r, void *arg, struct pawl_err *err)
{
    struct newest *n = arg;

    (void)err;
    if (n->found && strcmp(n->r.code, r->code) == 0 && strcmp(n->r.subject, r->subject) == 0) {
        refusal_join(&n->r, r);
    } else if (!n->found || r->last_s >= n->r.last_s) {
        n->r = *r;
        n->found = true;
    }
    return pawl_ok();
}

/* The newest one that q asks for, with all that is known of it. */
static pawl_status find_refusal(struct flow *f, const char *tenant, const struct refusal_query *q,
                                struct newest *ret, struct pawl_err *err)
{
    const struct store *store = f->store;

    PAWL_TRY(store->refusals(store->self, pawl_view_str(tenant), q, 1, keep_newest, ret, err));
    return f->refusals ? gather_find(f->refusals, tenant, q, keep_newest, ret, err) : pawl_ok();
}

/* How many others were refused so; itself: one of them is who is asked about. */
static pawl_status count_refused(struct flow *f, const char *tenant, const char *code, bool itself,
                                 struct told *t, struct pawl_err *err)
{
    const struct store *store = f->store;
    int64_t             now_s = f->now_ms(f->now_arg) / 1000;
    uint64_t            n;

    PAWL_TRY(store->refusals_count(store->self, pawl_view_str(tenant), code, now_s - NOW_S,
                                   OTHERS_MAX + 1, &n, err));
    t->more = n > OTHERS_MAX;
    t->others = n - (itself && n > 0);
    return pawl_ok();
}

static const struct reason_entry *entry_of(const char *code)
{
    enum refused r = refused_of_code(pawl_view_str(code));

    return refused_entry(r ? r : REFUSED_OTHER); /* a newer verifier on the same store wrote it */
}

static bool is_proved(const struct refusal_row *r)
{
    return refused_is_proved(refused_of_code(pawl_view_str(r->code)));
}

static pawl_status tell_refusal(struct flow *f, const char *tenant, const struct refusal_row *r,
                                struct told *t, struct pawl_err *err)
{
    t->is = entry_of(r->code);
    t->proved = is_proved(r);
    t->refusal = r;
    t->detail = r->detail;
    t->since_s = r->first_s;
    return count_refused(f, tenant, r->code, true, t, err);
}

/* ---- verdicts ------------------------------------------------------------------------------- */

struct run {
    const char *code;
    int64_t     since_s;
    bool        over;
};

/* The newest first: as far back as each verdict has the reason. */
static pawl_status follow(const struct event_row *e, void *arg, struct pawl_err *err)
{
    struct run *r = arg;

    (void)err;
    if (strstr(e->line, r->code))
        r->since_s = r->over ? r->since_s : e->time_s;
    else if (strstr(e->line, "attempt ") || strstr(e->line, "enrolled ("))
        r->over = true;
    return pawl_ok();
}

struct sharing {
    const struct device *self;
    enum reason          reason;
    uint64_t             n, looked_at;
};

static pawl_status count_sharing(const struct device *d, void *arg, struct pawl_err *err)
{
    struct sharing *s = arg;
    struct why_line line;

    (void)err;
    s->looked_at++;
    if (d->damaged || memcmp(d->id, s->self->id, sizeof(d->id)) == 0)
        return pawl_ok();
    for (const char *at = d->why; why_next(&at, &line);)
        if (line.reason == s->reason) {
            s->n++;
            break;
        }
    return pawl_ok();
}

/* Notes change no verdict, and are no answer while there is another one. */
static bool is_note(enum reason r)
{
    return r == REASON_FIRMWARE_DIFFERS || r == REASON_LAB_TPM || r == REASON_WATCHED ||
           r == REASON_EXCEPTED || r == REASON_FILES_EXCLUDED;
}

static bool first_reason(const struct device *d, struct why_line *ret)
{
    struct why_line line;
    bool            found = false;

    for (const char *at = d->why; why_next(&at, &line);) {
        if (!found || (is_note(ret->reason) && !is_note(line.reason)))
            *ret = line;
        found = true;
    }
    return found;
}

static pawl_status when_revoked(const struct event_row *e, void *arg, struct pawl_err *err)
{
    int64_t    *since_s = arg;
    const char *by = device_event_name(DEVICE_EVENT_REVOKE);

    (void)err;
    if (strncmp(e->line, by, strlen(by)) == 0)
        *since_s = e->time_s;
    return pawl_ok();
}

static pawl_status count_revoked(const struct device *d, void *arg, struct pawl_err *err)
{
    uint64_t *n = arg;

    (void)d;
    (void)err;
    ++*n;
    return pawl_ok();
}

static pawl_status tell_revoked(struct flow *f, const struct device *d, struct told *t,
                                struct pawl_err *err)
{
    const struct store        *store = f->store;
    const struct device_filter along = { .state = DEVICE_REVOKED };
    struct pawl_view           tenant = pawl_view_str(d->tenant);
    uint64_t                   n = 0;

    t->is = refused_entry(REFUSED_REVOKED);
    PAWL_TRY(store->events(store->self, tenant, PAWL_VIEW_OF(d->id), EVENTS_MAX, when_revoked,
                           &t->since_s, err));
    PAWL_TRY(store->devices(store->self, tenant, &along, pawl_view(NULL, 0), LOOKED_AT,
                            count_revoked, &n, err));
    t->more = n == LOOKED_AT;
    t->others = n ? n - 1 : 0; /* itself */
    return pawl_ok();
}

static pawl_status tell_verdict(struct flow *f, const struct device *d, char detail[EVENT_LINE_MAX],
                                struct told *t, struct pawl_err *err)
{
    const struct store *store = f->store;
    struct why_line     line;
    struct pawl_view    tenant = pawl_view_str(d->tenant);

    if (d->state == DEVICE_REVOKED)
        return tell_revoked(f, d, t, err);
    if (strcmp(d->status, "affirming") == 0 || !first_reason(d, &line))
        return pawl_ok();
    snprintf(detail, EVENT_LINE_MAX, "%.*s", (int)line.detail.n, (const char *)line.detail.p);
    t->is = reason_entry(line.reason);
    t->detail = detail;

    struct run run = { .code = t->is->code };
    PAWL_TRY(
        store->events(store->self, tenant, PAWL_VIEW_OF(d->id), EVENTS_MAX, follow, &run, err));
    t->since_s = run.since_s;

    const struct device_filter all = { 0 };
    struct sharing             s = { .self = d, .reason = line.reason };
    PAWL_TRY(store->devices(store->self, tenant, &all, pawl_view(NULL, 0), LOOKED_AT, count_sharing,
                            &s, err));
    t->others = s.n;
    t->more = s.looked_at == LOOKED_AT;
    return pawl_ok();
}

/* ---- a damaged row --------------------------------------------------------------------------- */

/* What the verifier finds in its own store, whoever asked in the device's name. newest: of the
 * refusals of it. */
static pawl_status tell_damaged(struct flow *f, const struct device *d, const struct newest *newest,
                                char detail[EVENT_LINE_MAX], struct told *t, struct pawl_err *err)
{
    bool itself;

    t->is = refused_entry(REFUSED_STORE_DAMAGED);
    itself = newest->found && strcmp(newest->r.code, t->is->code) == 0;
    if (itself)
        t->since_s = newest->r.first_s;
    operator_damage(d, detail);
    t->detail = detail;
    return count_refused(f, d->tenant, t->is->code, itself, t, err);
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void write_time(int64_t s, char ret[32])
{
    time_t    t = (time_t)s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || !strftime(ret, 32, "%Y-%m-%d %H:%M:%SZ", &tm))
        snprintf(ret, 32, "%" PRId64, s);
}

static void write_since(const struct told *t, char ret[96])
{
    char since[32];

    ret[0] = 0;
    if (!t->since_s)
        return;
    write_time(t->since_s, since);
    if (t->refusal && t->refusal->count > 1)
        snprintf(ret, 96, ", since %s, %" PRIu64 " times", since, t->refusal->count);
    else
        snprintf(ret, 96, t->refusal ? ", at %s" : ", since %s", since);
}

/* Whoever knows its id may be refused in its name, and must not hide so what is known of it. */
static void say_unproved(const struct device *d, char ret[SENTENCE_MAX])
{
    size_t n = strlen(ret);

    if (d->attested_s)
        snprintf(
            ret + n, SENTENCE_MAX - n,
            " Nobody has proved that this was the device; its last evidence was accepted as %s.",
            d->status);
    else
        snprintf(ret + n, SENTENCE_MAX - n, " Nobody has proved that this was the device.");
}

/* "CODE: what is so, since when; how many others. Next: what to do." */
static void write_sentence(const struct told *t, char ret[SENTENCE_MAX])
{
    char since[96], others[96] = "no other device shares it";

    if (!t->is) {
        snprintf(ret, SENTENCE_MAX, "Nothing is wrong: its last evidence was accepted as %s.",
                 t->device->status);
        return;
    }
    write_since(t, since);
    if (t->others)
        snprintf(others, sizeof(others), "%s%" PRIu64 " other%s share%s it",
                 t->more ? "at least " : "", t->others, t->others == 1 ? "" : "s",
                 t->others == 1 ? "s" : "");
    else if (t->more)
        snprintf(others, sizeof(others), "none of %d others that were looked at shares it",
                 LOOKED_AT);
    snprintf(ret, SENTENCE_MAX, "%s: %.*s%s; %s. Next: %s", t->is->code,
             (int)strlen(t->is->sentence) - 1, t->is->sentence, since, others, t->is->next);
    if (t->refusal && t->device && !t->proved)
        say_unproved(t->device, ret);
}

static void text_or_null(struct json *j, const char *name, const char *text)
{
    if (text && *text)
        json_text(j, j->root, name, text);
    else
        json_null(j, j->root, name);
}

static void number_or_null(struct json *j, const char *name, int64_t n)
{
    if (n)
        json_i64(j, j->root, name, n);
    else
        json_null(j, j->root, name);
}

static void show_subject(struct json *j, const struct told *t)
{
    static const char is_device[] = "device ";
    const char       *subject = t->refusal ? t->refusal->subject : "";

    if (t->device)
        json_hex(j, j->root, "device", PAWL_VIEW_OF(t->device->id));
    else
        text_or_null(j, "device",
                     strncmp(subject, is_device, strlen(is_device)) == 0
                         ? subject + strlen(is_device)
                         : NULL);
    text_or_null(j, "serial", t->refusal ? t->refusal->serial : NULL);
    text_or_null(j, "address", t->refusal ? t->refusal->address : NULL);
}

static pawl_status answer(const struct told *t, char **ret, struct pawl_err *err)
{
    char sentence[SENTENCE_MAX];
    JSON j = json_begin();

    write_sentence(t, sentence);
    json_text(&j, j.root, "sentence", sentence);
    text_or_null(&j, "code", t->is ? t->is->code : NULL);
    text_or_null(&j, "text", t->is ? t->is->sentence : NULL);
    text_or_null(&j, "cause", t->is ? t->is->cause : NULL);
    text_or_null(&j, "next", t->is ? t->is->next : NULL);
    text_or_null(&j, "detail", t->detail);
    json_bool(&j, j.root, "refused", t->refusal != NULL);
    json_bool(&j, j.root, "proved", !t->refusal || t->proved);
    number_or_null(&j, "since", t->since_s);
    number_or_null(&j, "last", t->refusal ? t->refusal->last_s : 0);
    number_or_null(&j, "count", t->refusal ? (int64_t)t->refusal->count : 0);
    number_or_null(&j, "http", t->refusal ? (int64_t)t->refusal->status : 0);
    json_u64(&j, j.root, "others", t->others);
    json_bool(&j, j.root, "others_more", t->more);
    show_subject(&j, t);
    text_or_null(&j, "requests", t->refusal ? t->refusal->requests : NULL);
    return json_end(&j, ret, err);
}

/* ---- the three questions -------------------------------------------------------------------- */

static pawl_status of_request(struct flow *f, const char *tenant, const char *id, char **ret,
                              struct pawl_err *err)
{
    struct newest n = { 0 };
    struct told   t = { 0 };

    if (strlen(id) != REFUSAL_REQUEST || strspn(id, "0123456789abcdef") != REFUSAL_REQUEST)
        return pawl_fail(err, PAWL_E_FORM, "request", "an id has %d hex digits", REFUSAL_REQUEST);
    n.found = f->refusals && gather_request(f->refusals, tenant, id, &n.r);
    if (!n.found)
        PAWL_TRY(find_refusal(f, tenant, &(struct refusal_query){ .request = id }, &n, err));
    if (!n.found)
        return pawl_fail(err, PAWL_E_ABSENT, "request",
                         "no refusal of this id is kept: it was answered, or is too long ago");
    PAWL_TRY(tell_refusal(f, tenant, &n.r, &t, err));
    return answer(&t, ret, err);
}

/* As it stands in the store: lower case, no colons. */
static pawl_status read_serial(const char *text, char ret[48], struct pawl_err *err)
{
    size_t n = 0;

    for (; *text && n < 47; text++)
        if (isxdigit((unsigned char)*text) || (*text == '-' && n == 0)) /* some are negative */
            ret[n++] = (char)tolower((unsigned char)*text);
        else if (*text != ':')
            return pawl_fail(err, PAWL_E_FORM, "serial", "is hex digits, with colons or without");
    ret[n] = 0;
    return n && !*text ? pawl_ok()
                       : pawl_fail(err, PAWL_E_FORM, "serial", "is empty, or too long for one");
}

static pawl_status of_serial(struct flow *f, const char *tenant, const char *text, char **ret,
                             struct pawl_err *err)
{
    char          serial[48];
    struct newest n = { 0 };
    struct told   t = { 0 };

    PAWL_TRY(read_serial(text, serial, err));
    PAWL_TRY(find_refusal(f, tenant, &(struct refusal_query){ .serial = serial }, &n, err));
    if (!n.found)
        return pawl_fail(err, PAWL_E_ABSENT, "serial",
                         "no refusal is kept of a device with such an EK certificate");
    PAWL_TRY(tell_refusal(f, tenant, &n.r, &t, err));
    return answer(&t, ret, err);
}

/* Whether the refusal is what there is to say of the device, and not its record. Revoked is final:
 * what anybody may bring about in its name says nothing beside it. */
static bool is_answer(const struct refusal_row *r, const struct device *d)
{
    return r->last_s >= d->attested_s && (d->state != DEVICE_REVOKED || is_proved(r));
}

/* An id that no record has may be one that tried to enrol. */
static pawl_status of_device(struct flow *f, const struct tenant_config *tenant, const char *id,
                             char **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    struct device                       d;
    struct newest                       n = { 0 };
    struct told                         t = { 0 };
    char                                subject[REFUSAL_SUBJECT_MAX], whole[2 * PAWL_DEVICE_ID + 1];
    char                                detail[EVENT_LINE_MAX];

    pawl_status s = operator_find_any_device(f, tenant, id, &d, &h, err);
    bool        known = pawl_is_ok(s);
    if (!known && s.code != PAWL_E_ABSENT)
        return s;
    snprintf(whole, sizeof(whole), "%s", id);
    if (known)
        PAWL_TRY(pawl_hex_write(PAWL_VIEW_OF(d.id), whole, sizeof(whole), err));
    snprintf(subject, sizeof(subject), "device %s", whole);

    struct pawl_err absent = *err;
    PAWL_TRY(find_refusal(f, tenant->name, &(struct refusal_query){ .subject = subject }, &n, err));
    if (!known && !n.found) {
        *err = absent;
        return s;
    }
    t.device = known ? &d : NULL;
    if (known && d.damaged)
        PAWL_TRY(tell_damaged(f, &d, &n, detail, &t, err));
    else if (n.found && (!known || is_answer(&n.r, &d)))
        PAWL_TRY(tell_refusal(f, tenant->name, &n.r, &t, err));
    else
        PAWL_TRY(tell_verdict(f, &d, detail, &t, err));
    return answer(&t, ret, err);
}

pawl_status operator_why(struct flow *f, const struct tenant_config *tenant,
                         const struct why_query *q, char **ret, struct pawl_err *err)
{
    if (!q->device[0] + !q->request[0] + !q->serial[0] != 2)
        return pawl_fail(err, PAWL_E_FORM, "why", "one of device, request and serial is due");
    if (q->request[0])
        return of_request(f, tenant->name, q->request, ret, err);
    if (q->serial[0])
        return of_serial(f, tenant->name, q->serial, ret, err);
    return of_device(f, tenant, q->device, ret, err);
}
