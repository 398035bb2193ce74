/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: what operators call their devices, to find them again. Nothing is judged by them. */

#include <stdio.h>
#include <string.h>

#include "flow/held.h"
#include "flow/operator_find.h"
#include "flow/request.h"

/* ---- text ----------------------------------------------------------------------------------- */

/* [a-z0-9][a-z0-9._/-]{0,31} */
static pawl_status read_part(struct pawl_view v, const char *where, const char *what,
                             char ret[LABEL_PART_MAX + 1], struct pawl_err *err)
{
    static const char begins[] = "abcdefghijklmnopqrstuvwxyz0123456789", goes_on[] = "._/-";

    if (v.n == 0 || v.n > LABEL_PART_MAX)
        return pawl_fail(err, PAWL_E_FORM, where,
                         "a label's %s has %zu characters, 1 to %d are due", what, v.n,
                         LABEL_PART_MAX);
    for (size_t i = 0; i < v.n; i++) {
        char c = (char)v.p[i];
        if (!c || !(strchr(begins, c) || (i && strchr(goes_on, c))))
            return pawl_fail(err, PAWL_E_FORM, where,
                             "a label's %s is a-z and 0-9, behind the first also . _ / -", what);
    }
    memcpy(ret, v.p, v.n);
    ret[v.n] = 0;
    return pawl_ok();
}

pawl_status operator_label_parse(const char *text, const char *where, struct label *ret,
                                 struct pawl_err *err)
{
    size_t       n = strlen(text), name_n = strcspn(text, "=");
    struct label l = { 0 };

    PAWL_TRY(read_part(pawl_view(text, name_n), where, "name", l.name, err));
    if (name_n < n)
        PAWL_TRY(
            read_part(pawl_view(text + name_n + 1, n - name_n - 1), where, "value", l.value, err));
    *ret = l;
    return pawl_ok();
}

static void label_write(const struct label *l, char ret[OPERATOR_LABEL_MAX])
{
    snprintf(ret, OPERATOR_LABEL_MAX, "%s%s%s", l->name, l->value[0] ? "=" : "", l->value);
}

/* ---- showing -------------------------------------------------------------------------------- */

struct list {
    struct json *j;
    cJSON       *list;
};

static void add_label(struct json *j, cJSON *list, const struct label *l)
{
    char text[OPERATOR_LABEL_MAX];

    label_write(l, text);
    json_text(j, list, NULL, text);
}

static pawl_status show_label(const struct label *l, void *arg, struct pawl_err *err)
{
    struct list *s = arg;

    (void)err;
    add_label(s->j, s->list, l);
    return pawl_ok();
}

pawl_status operator_show_labels(struct flow *f, struct pawl_view tenant,
                                 const uint8_t device[PAWL_DEVICE_ID], struct json *j, cJSON *o,
                                 struct pawl_err *err)
{
    struct list s = { .j = j, .list = json_array(j, o, "labels") };

    return f->store->labels(f->store->self, tenant, pawl_view(device, PAWL_DEVICE_ID), show_label,
                            &s, err);
}

/* ---- changing ------------------------------------------------------------------------------- */

struct labels {
    size_t       n;
    struct label label[DEVICE_LABELS_MAX];
};

static pawl_status keep(const struct label *l, void *arg, struct pawl_err *err)
{
    struct labels *s = arg;

    if (s->n == DEVICE_LABELS_MAX)
        return pawl_fail(err, PAWL_E_STATE, "labels", "a device has at most %d", DEVICE_LABELS_MAX);
    s->label[s->n++] = *l;
    return pawl_ok();
}

/* n: there is none. */
static size_t find(const struct labels *s, const char *name)
{
    size_t i = 0;

    while (i < s->n && strcmp(s->label[i].name, name) != 0)
        i++;
    return i;
}

static pawl_status add(struct labels *s, const char *text, struct pawl_err *err)
{
    struct label l;

    PAWL_TRY(operator_label_parse(text, "add", &l, err));
    size_t i = find(s, l.name);
    if (i == s->n)
        return keep(&l, s, err);
    s->label[i] = l;
    return pawl_ok();
}

static pawl_status take_off(struct labels *s, const char *text, struct pawl_err *err)
{
    struct label l;

    PAWL_TRY(operator_label_parse(text, "remove", &l, err));
    size_t i = find(s, l.name);
    if (i == s->n || (l.value[0] && strcmp(l.value, s->label[i].value) != 0))
        return pawl_ok();
    s->n--;
    memmove(&s->label[i], &s->label[i + 1], (s->n - i) * sizeof(l));
    return pawl_ok();
}

static pawl_status each_text(const struct json *j, const char *name, struct labels *s,
                             pawl_status (*fn)(struct labels *s, const char *text,
                                               struct pawl_err *err),
                             struct pawl_err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(j->root, name), *m;

    if (!list)
        return pawl_ok();
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > 4 * DEVICE_LABELS_MAX)
        return pawl_fail(err, PAWL_E_FORM, name, "is no list of up to %d labels",
                         4 * DEVICE_LABELS_MAX);
    cJSON_ArrayForEach(m, list)
    {
        if (!cJSON_IsString(m))
            return pawl_fail(err, PAWL_E_FORM, name, "holds what is no text");
        PAWL_TRY(fn(s, m->valuestring, err));
    }
    return pawl_ok();
}

/* What is removed makes room for what is added. */
static pawl_status change(struct pawl_view body, struct labels *s, struct pawl_err *err)
{
    static const char *const known[] = { "add", "remove", NULL };
    JSON                     j = { 0 };

    PAWL_TRY(json_parse(body, known, &j, err));
    PAWL_TRY(each_text(&j, "remove", s, take_off, err));
    return each_text(&j, "add", s, add, err);
}

static pawl_status answer(const struct device *d, const struct labels *s, char **ret,
                          struct pawl_err *err)
{
    JSON   j = json_begin();
    cJSON *list;

    json_hex(&j, j.root, "id", PAWL_VIEW_OF(d->id));
    list = json_array(&j, j.root, "labels");
    for (size_t i = 0; i < s->n; i++)
        add_label(&j, list, &s->label[i]);
    return json_end(&j, ret, err);
}

static void tell(const struct flow *f, const struct labels *s, struct step *step)
{
    size_t cap = sizeof(step->event);
    int    n = snprintf(step->event, cap, "labels by %s:%s", asker_name(f->asker),
                     s->n ? "" : " none");

    for (size_t i = 0; i < s->n && (size_t)n < cap; i++) {
        char text[OPERATOR_LABEL_MAX];
        label_write(&s->label[i], text);
        n += snprintf(step->event + n, cap - (size_t)n, " %s", text);
    }
}

pawl_status operator_device_labels(struct flow *f, const struct tenant_config *tenant,
                                   const char *id, struct pawl_view body, char **ret,
                                   struct step *step, struct pawl_err *err)
{
    struct labels s = { 0 };
    struct device d;

    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    PAWL_TRY(
        f->store->labels(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), keep, &s, err));
    PAWL_TRY(change(body, &s, err));
    PAWL_TRY(answer(&d, &s, ret, err));
    memcpy(step->tenant, d.tenant, sizeof(step->tenant));
    step->touches_device = true; /* whoever changes them at the same time plans again */
    step->device = d;
    step->has_labels = true;
    step->label_n = s.n;
    memcpy(step->label, s.label, sizeof(step->label));
    tell(f, &s, step);
    return pawl_ok();
}
