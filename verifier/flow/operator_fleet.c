/* SPDX-License-Identifier: Apache-2.0 */
/* The counts of a fleet as JSON. */

#include "flow/fleet.h"
#include "flow/json.h"
#include "flow/memory.h"
#include "flow/operator.h"

static void add_rows(struct json *j, const char *name, const struct fleet *fleet, enum fleet_by by)
{
    cJSON      *o = json_object(j, j->root, name);
    const char *key;
    uint64_t    n;

    for (size_t i = 0; fleet_row(fleet, by, i, &key, &n); i++)
        json_u64(j, o, key, n);
}

pawl_status operator_fleet(struct flow *f, const struct tenant_config *tenant, char **ret,
                           struct pawl_err *err)
{
    struct fleet **fleet = memory_fleet(f->memory, f, tenant);
    bool           is_ready;

    *ret = NULL;
    PAWL_TRY(fleet_count(fleet, f, tenant->name, &is_ready, err));
    if (!is_ready)
        return pawl_ok();
    JSON j = json_begin();
    json_u64(&j, j.root, "devices", fleet_devices(*fleet));
    json_i64(&j, j.root, "as_of", fleet_as_of_s(*fleet));
    add_rows(&j, "state", *fleet, FLEET_STATE);
    add_rows(&j, "status", *fleet, FLEET_STATUS);
    add_rows(&j, "group", *fleet, FLEET_GROUP);
    return json_end(&j, ret, err);
}
