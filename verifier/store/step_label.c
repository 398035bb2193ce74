/* SPDX-License-Identifier: Apache-2.0 */
/* A step's labels. */

#include "store/sql.h"

static pawl_status forget_labels(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_LABELS_FORGET, "device_label");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    return query_run(&q, err);
}

static pawl_status put_label(struct connection *c, const struct step *s, const struct label *l,
                             struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_LABEL_INSERT, "device_label");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_text(&q, l->name);
    query_text(&q, l->value);
    return query_run(&q, err);
}

pawl_status put_label_rows(struct connection *c, const struct step *s, struct pawl_err *err)
{
    PAWL_TRY(forget_labels(c, s, err));
    for (size_t i = 0; i < s->label_n; i++)
        PAWL_TRY(put_label(c, s, &s->label[i], err));
    return pawl_ok();
}
