/* SPDX-License-Identifier: Apache-2.0 */
/* The reads of labels behind the port of store.h, and counts of devices. */

#include <string.h>

#include "store/sql.h"

static pawl_status list_labels(void *self, struct pawl_view tenant, struct pawl_view device,
                               store_label_fn *each, void *arg, struct pawl_err *err)
{
    LEASE        l = { 0 };
    struct label label;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_LABELS, "device_label");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    while (query_row(&q)) {
        get_text(&q, "name", label.name, sizeof(label.name));
        get_text(&q, "value", label.value, sizeof(label.value));
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&label, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status list_counts(void *self, struct pawl_view tenant, uint8_t first,
                               store_count_fn *each, void *arg, struct pawl_err *err)
{
    LEASE               l = { 0 };
    uint8_t             from[PAWL_DEVICE_ID] = { first }, to[PAWL_DEVICE_ID + 1];
    struct device_count count;

    /* Behind the last id that begins so: ids are shorter. */
    memset(to, 0xff, sizeof(to));
    to[0] = first;
    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_DEVICE_COUNTS, "device");
    query_text_n(&q, tenant);
    query_bytes(&q, PAWL_VIEW_OF(from));
    query_bytes(&q, PAWL_VIEW_OF(to));
    while (query_row(&q)) {
        count.state = (enum device_state)get_max(&q, "state", DEVICE_COUNT - 1);
        get_words(&q, "status", count.status, sizeof(count.status));
        get_text(&q, "grp", count.group, sizeof(count.group));
        count.n = get_max(&q, "count", INT64_MAX);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&count, arg, err));
    }
    return query_end(&q, err);
}

void label_reads(struct store *ret)
{
    ret->labels = list_labels;
    ret->device_counts = list_counts;
}
