/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions: somebody's word that a fault is known and taken, of one device, of a group or of all,
 * until a day. Who gave it, why, and who took it back stands in the audit chain.
 *
 * What is no fault of measurements cannot be excepted: an incident is closed, a device approved.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/event.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"
#include "flow/tell.h"
#include "flow/rules.h"

enum { AHEAD_MAX_S = 366 * 86400 };

/* ---- showing -------------------------------------------------------------------------------- */

static void add_or_null(struct json *j, cJSON *o, const char *name, const char *text)
{
    if (text[0])
        json_text(j, o, name, text);
    else
        json_null(j, o, name);
}

static void show_exception(struct json *j, cJSON *o, const struct exception_row *x, int64_t now_s)
{
    if (x->number)
        json_u64(j, o, "number", x->number);
    json_text(j, o, "code", reason_code(x->x.reason));
    add_or_null(j, o, "what", x->x.what);
    if (x->has_device)
        json_hex(j, o, "device", PAWL_VIEW_OF(x->device));
    else
        json_null(j, o, "device");
    add_or_null(j, o, "group", x->group);
    json_text(j, o, "author", x->x.author);
    json_text(j, o, "note", x->x.note);
    json_i64(j, o, "until", x->x.until_s);
    json_bool(j, o, "holds", now_s < x->x.until_s);
    json_i64(j, o, "created", x->created_s);
}

static int64_t now_s(const struct flow *f)
{
    return f->now_ms(f->now_arg) / 1000;
}

static pawl_status answer(const struct flow *f, const struct exception_row *x, char **ret,
                          struct pawl_err *err)
{
    JSON j = json_begin();

    show_exception(&j, j.root, x, now_s(f));
    return json_end(&j, ret, err);
}

struct listing {
    struct list_page page;
    uint64_t         after;
    int64_t          now_s;
};

/* Few are held at a time: those before the page are read and left out. */
static pawl_status add_row(const struct exception_row *x, void *arg, struct pawl_err *err)
{
    struct listing *l = arg;
    char            number[24];

    (void)err;
    if (x->number <= l->after)
        return pawl_ok();
    snprintf(number, sizeof(number), "%" PRIu64, x->number);
    cJSON *o = list_page_row(&l->page, number);
    if (o)
        show_exception(l->page.j, o, x, l->now_s);
    return pawl_ok();
}

pawl_status operator_exceptions(struct flow *f, const struct tenant_config *tenant,
                                const struct list_query *q, char **ret, struct pawl_err *err)
{
    JSON           j = json_begin();
    struct listing l = { .now_s = now_s(f) };

    PAWL_TRY(list_page_begin(&j, "exceptions", q, &l.page, err));
    if (q->after[0])
        PAWL_TRY(pawl_u64_parse(q->after, "after", INT64_MAX, &l.after, err));
    PAWL_TRY(f->store->exceptions(f->store->self, tenant_view(tenant), pawl_view(NULL, 0), "",
                                  add_row, &l, err));
    list_page_end(&l.page);
    return json_end(&j, ret, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* NULL: it can be excepted. */
static const char *why_not(enum reason r)
{
    switch (r) {
    case REASON_TPM_WENT_BACK:
    case REASON_MESSAGE_FORGED:
    case REASON_KEY_USED_ELSEWHERE:
    case REASON_DEVICE_CLONED:
        return "is an incident: look into it and close it";
    case REASON_AWAITS_APPROVAL:
        return "is for you to decide: approve the device";
    case REASON_NO_EK_CERT:
        return "is found only in what is judged without a verifier";
    case REASON_NO_POLICY:
        return "means that nothing was judged: assign a policy";
    case REASON_FIRMWARE_DIFFERS:
    case REASON_LAB_TPM:
    case REASON_WATCHED:
    case REASON_EXCEPTED:
        return "is a note, which makes nothing worse";
    default:
        return NULL;
    }
}

static pawl_status read_code(const char *code, enum reason *ret, struct pawl_err *err)
{
    enum reason r = reason_of_code(pawl_view_str(code));
    const char *why = why_not(r);

    if (r == REASON_NONE)
        return pawl_fail(err, PAWL_E_FORM, "code", "no reason has this code");
    if (why)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "code", "%s %s", code, why);
    *ret = r;
    return pawl_ok();
}

static pawl_status read_until(const struct flow *f, const char *text, int64_t *ret,
                              struct pawl_err *err)
{
    PAWL_TRY(judging_until(pawl_view_str(text), ret, err));
    if (*ret <= now_s(f))
        return pawl_fail(err, PAWL_E_RANGE, "until", "is over already");
    if (*ret - now_s(f) > AHEAD_MAX_S)
        return pawl_fail(err, PAWL_E_RANGE, "until", "is more than a year ahead");
    return pawl_ok();
}

/* Of whom it is: a device, a group, or the whole tenant. */
static pawl_status read_scope(struct flow *f, const struct tenant_config *tenant,
                              const struct json *j, struct device *d, struct exception_row *x,
                              struct pawl_err *err)
{
    const char      *id = NULL, *name = NULL;
    struct group_row g;

    PAWL_TRY(json_get_text(j, "device", false, &id, err));
    PAWL_TRY(json_get_text(j, "group", false, &name, err));
    if (id && name)
        return pawl_fail(err, PAWL_E_FORM, "group", "a device is named too: give one of them");
    if (name) {
        PAWL_TRY(operator_find_group(f, tenant, name, &g, err));
        memcpy(x->group, g.name, sizeof(x->group));
    }
    x->has_device = id != NULL;
    if (!id)
        return pawl_ok();
    PAWL_TRY(operator_find_device(f, tenant, id, d, err));
    memcpy(x->device, d->id, sizeof(x->device));
    return pawl_ok();
}

static pawl_status read_text(const struct json *j, const char *name, bool needed, char *ret,
                             size_t cap, struct pawl_err *err)
{
    const char *text = "";

    PAWL_TRY(json_get_text(j, name, needed, &text, err));
    PAWL_TRY(operator_check_text(text, name, cap, err));
    if (needed && !text[0])
        return pawl_fail(err, PAWL_E_RANGE, name, "is empty");
    memcpy(ret, text, strlen(text) + 1);
    return pawl_ok();
}

static pawl_status read_exception(struct flow *f, const struct tenant_config *tenant,
                                  struct pawl_view body, struct device *d,
                                  struct exception_row *ret, struct pawl_err *err)
{
    static const char *const known[] = { "code",   "what", "device", "group",
                                         "author", "note", "until",  NULL };
    struct exception        *x = &ret->x;
    JSON                     j = { 0 };
    const char              *code, *until;

    PAWL_TRY(json_parse(body, known, &j, err));
    PAWL_TRY(json_get_text(&j, "code", true, &code, err));
    PAWL_TRY(read_code(code, &x->reason, err));
    PAWL_TRY(read_text(&j, "what", false, x->what, sizeof(x->what), err));
    PAWL_TRY(read_text(&j, "author", true, x->author, sizeof(x->author), err));
    PAWL_TRY(read_text(&j, "note", true, x->note, sizeof(x->note), err));
    PAWL_TRY(json_get_text(&j, "until", true, &until, err));
    PAWL_TRY(read_until(f, until, &x->until_s, err));
    ret->created_s = now_s(f);
    return read_scope(f, tenant, &j, d, ret, err);
}

/* ---- telling -------------------------------------------------------------------------------- */

enum {
    SCOPE_MAX = PAWL_TENANT_MAX + 16,
    TEXTS_MAX = VERDICT_WHAT_MAX + EXCEPTION_AUTHOR_MAX + EXCEPTION_NOTE_MAX,
    DETAIL_MAX = TEXTS_MAX + SCOPE_MAX + 16,
    NAMES_MAX = 128 /* of a line's members, with its numbers and code */
};
/* There are no control characters in them, so two characters are the longest form of one. */
_Static_assert(2 * TEXTS_MAX + SCOPE_MAX + PAWL_TENANT_MAX + NAMES_MAX <= AUDIT_LINE_MAX,
               "a line is never cut");

static void write_scope(const struct exception_row *x, char ret[SCOPE_MAX])
{
    if (x->has_device)
        snprintf(ret, SCOPE_MAX, "of %02x%02x%02x%02x", x->device[0], x->device[1], x->device[2],
                 x->device[3]);
    else if (x->group[0])
        snprintf(ret, SCOPE_MAX, "of group %s", x->group);
    else
        snprintf(ret, SCOPE_MAX, "of all devices");
}

/* "sha256:7 of group gateways, by alice: note" */
static void write_detail(const struct exception_row *x, char ret[DETAIL_MAX])
{
    char scope[SCOPE_MAX];

    write_scope(x, scope);
    snprintf(ret, DETAIL_MAX, "%s%s%s, by %s: %s", x->x.what, x->x.what[0] ? " " : "", scope,
             x->x.author, x->x.note);
}

static pawl_status write_line(const struct flow *f, const struct exception_row *x, const char *what,
                              char **ret, struct pawl_err *err)
{
    char detail[DETAIL_MAX];
    JSON j = json_begin();

    write_detail(x, detail);
    json_text(&j, j.root, "what", what);
    json_text(&j, j.root, "kind", reason_code(x->x.reason));
    if (x->number)
        json_u64(&j, j.root, "exception", x->number);
    json_text(&j, j.root, "by", asker_name(f->asker));
    json_text(&j, j.root, "detail", detail);
    json_i64(&j, j.root, "until", x->x.until_s);
    return json_end(&j, ret, err);
}

static pawl_status plan_audit(const struct flow *f, const struct exception_row *x, const char *what,
                              struct step *step, struct pawl_err *err)
{
    char *line = NULL;

    PAWL_TRY(write_line(f, x, what, &line, err));
    pawl_status s = tell_chain(step, line, x->has_device ? x->device : NULL, f->now_ms(f->now_arg),
                               err);
    free(line);
    return s;
}

static pawl_status plan(const struct flow *f, const struct tenant_config *tenant,
                        const struct exception_row *x, const char *what, struct step *step,
                        struct pawl_err *err)
{
    char detail[DETAIL_MAX];

    memcpy(step->tenant, tenant->name, sizeof(step->tenant));
    write_detail(x, detail);
    snprintf(step->event, sizeof(step->event), "exception %s by %s: %s %s", what,
             asker_name(f->asker), reason_code(x->x.reason), detail);
    event_end(step->event);
    return plan_audit(f, x, what, step, err);
}

/* ---- changing ------------------------------------------------------------------------------- */

struct counting {
    const struct exception_row *x;
    int64_t                     now_s;
    size_t                      n;
};

/* Whether one that is there holds for those that the new one is of. */
static pawl_status count_one(const struct exception_row *x, void *arg, struct pawl_err *err)
{
    struct counting            *c = arg;
    const struct exception_row *own = c->x;
    bool                        same_device = x->has_device && own->has_device &&
                       memcmp(x->device, own->device, sizeof(x->device)) == 0;
    bool same_group = x->group[0] && strcmp(x->group, own->group) == 0;
    bool of_all = !x->has_device && !x->group[0];

    (void)err;
    c->n += c->now_s < x->x.until_s && (of_all || same_group || same_device);
    return pawl_ok();
}

/* Those beyond the limit would not count for a device; nobody is to believe that they do. */
static pawl_status check_room(struct flow *f, const struct tenant_config *tenant,
                              const struct exception_row *x, struct pawl_err *err)
{
    struct counting c = { .x = x, .now_s = now_s(f) };

    PAWL_TRY(f->store->exceptions(f->store->self, tenant_view(tenant), pawl_view(NULL, 0), "",
                                  count_one, &c, err));
    if (c.n >= RULES_EXCEPTIONS_MAX)
        return pawl_fail(err, PAWL_E_STATE, "exception", "%zu hold there already: end some", c.n);
    return pawl_ok();
}

pawl_status operator_exception_add(struct flow *f, const struct tenant_config *tenant,
                                   struct pawl_view body, char **ret, struct step *step,
                                   struct pawl_err *err)
{
    struct exception_row x = { 0 };
    struct device        d;

    PAWL_TRY(read_exception(f, tenant, body, &d, &x, err));
    PAWL_TRY(check_room(f, tenant, &x, err));
    PAWL_TRY(plan(f, tenant, &x, "excepted", step, err));
    step->has_exception = true;
    step->exception = x;
    return answer(f, &x, ret, err);
}

struct search {
    uint64_t             number;
    bool                 found;
    struct exception_row x;
};

static pawl_status look_at(const struct exception_row *x, void *arg, struct pawl_err *err)
{
    struct search *s = arg;

    (void)err;
    if (x->number != s->number)
        return pawl_ok();
    s->found = true;
    s->x = *x;
    return pawl_ok();
}

pawl_status operator_exception_end(struct flow *f, const struct tenant_config *tenant,
                                   const char *number, char **ret, struct step *step,
                                   struct pawl_err *err)
{
    struct search s = { 0 };

    PAWL_TRY(pawl_u64_parse(number, "exception", INT64_MAX, &s.number, err));
    PAWL_TRY(f->store->exceptions(f->store->self, tenant_view(tenant), pawl_view(NULL, 0), "",
                                  look_at, &s, err));
    if (!s.found)
        return pawl_fail(err, PAWL_E_ABSENT, "exception", "none has this number");
    PAWL_TRY(plan(f, tenant, &s.x, "ended", step, err));
    step->ends_exception = s.x.number;
    return answer(f, &s.x, ret, err);
}
