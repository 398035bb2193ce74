/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker remembers between requests. */

#include "flow/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/fleet.h"
#include "flow/revoked.h"

enum { POLICIES = 16, BASE_SLOTS = 256, BASE_TRIES = 8, BASE_PAUSE_MS = 10000 };
enum { HEAD_MS = 1000 };
enum { OPEN_SLOTS = 256, OPENS_FAILED_MAX = 16, OPENS_MS = 60000 };

struct kept_policy {
    char          tenant[PAWL_TENANT_MAX + 1];
    struct policy policy; /* version 0: the slot is free */
};

struct base_try {
    uint8_t  device_id[PAWL_DEVICE_ID];
    int64_t  since_ms; /* of the first one */
    unsigned n;
};

struct opens_failed {
    uint8_t  device_id[PAWL_DEVICE_ID];
    unsigned n;
    int64_t  since_ms; /* of the first one; of the last one once there were too many */
};

struct kept_head {
    char              tenant[PAWL_TENANT_MAX + 1]; /* empty: the slot is free */
    int64_t           read_ms;
    struct audit_head head;
};

struct flow_memory {
    struct kept_policy policy[POLICIES];
    size_t             oldest;
    int64_t            restored_ms; /* of the store that they were read from */
    struct base_try    base[BASE_SLOTS];
    struct kept_head   head[CONFIG_TENANTS_MAX];

    struct opens_failed opens[OPEN_SLOTS];
    struct fleet       *fleet[CONFIG_TENANTS_MAX]; /* in the order of the configuration */
    struct revoked     *revoked[CONFIG_TENANTS_MAX];
};

pawl_status flow_memory_make(struct flow_memory **ret, struct pawl_err *err)
{
    struct flow_memory *m = calloc(1, sizeof(*m));

    if (!m)
        return pawl_fail(err, PAWL_E_MEMORY, "flow.memory", "out of memory");
    *ret = m;
    return pawl_ok();
}

void flow_memory_free(struct flow_memory **m)
{
    if (!*m)
        return;
    for (size_t i = 0; i < CONFIG_TENANTS_MAX; i++)
        fleet_free(&(*m)->fleet[i]);
    for (size_t i = 0; i < CONFIG_TENANTS_MAX; i++)
        revoked_free(&(*m)->revoked[i]);
    for (size_t i = 0; i < POLICIES; i++)
        policy_done(&(*m)->policy[i].policy);
    free(*m);
    *m = NULL;
}

/* ---- policies ------------------------------------------------------------------------------- */

static bool is_it(const struct kept_policy *k, const char *tenant, const char *name,
                  uint64_t version)
{
    return k->policy.version == version && strcmp(k->tenant, tenant) == 0 &&
           strcmp(k->policy.name, name) == 0;
}

static size_t files_kept(const struct flow_memory *m)
{
    size_t n = 0;

    for (size_t i = 0; i < POLICIES; i++)
        n += m->policy[i].policy.ima.rules.files_n;
    return n;
}

/* Allow lists are large: room is made until this policy's fits beside the others'. */
static struct kept_policy *make_room(struct flow_memory *m, const struct policy *p)
{
    struct kept_policy *k;

    do {
        k = &m->policy[m->oldest];
        m->oldest = (m->oldest + 1) % POLICIES;
        policy_done(&k->policy);
        *k = (struct kept_policy){ 0 };
    } while (files_kept(m) > 2 * POLICY_FILES_MAX - p->ima.rules.files_n);
    return k;
}

static pawl_status read_policy(const struct store *store, const char *tenant, const char *name,
                               uint64_t version, struct policy *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_row_done) struct policy_row row = { 0 };

    PAWL_TRY(store->policy(store->self, pawl_view_str(tenant), name, version, &row, err));
    return policy_parse(pawl_view_str(row.json), ret, err);
}

/* A store that was put back gives numbers once more: of these it may know none, or others. */
static void forget_policies(struct flow_memory *m, int64_t restored_ms)
{
    for (size_t i = 0; i < POLICIES; i++) {
        policy_done(&m->policy[i].policy);
        m->policy[i] = (struct kept_policy){ 0 };
    }
    m->restored_ms = restored_ms;
}

pawl_status memory_policy(struct flow_memory *m, const struct store *store, const char *tenant,
                          const char *name, const struct policy **ret, struct pawl_err *err)
{
    struct policy p;
    uint64_t      version;
    int64_t       restored_ms = store->restored_ms(store->self);

    if (restored_ms != m->restored_ms)
        forget_policies(m, restored_ms);
    PAWL_TRY(store->policy_version(store->self, pawl_view_str(tenant), name, &version, err));
    for (size_t i = 0; i < POLICIES; i++)
        if (is_it(&m->policy[i], tenant, name, version)) {
            *ret = &m->policy[i].policy;
            return pawl_ok();
        }
    PAWL_TRY(read_policy(store, tenant, name, version, &p, err));
    struct kept_policy *k = make_room(m, &p);
    snprintf(k->tenant, sizeof(k->tenant), "%s", tenant);
    k->policy = p;
    *ret = &k->policy;
    return pawl_ok();
}

/* ---- unknown bases -------------------------------------------------------------------------- */

bool memory_may_try_base(struct flow_memory *m, const uint8_t device_id[PAWL_DEVICE_ID],
                         int64_t now_ms)
{
    struct base_try *b = &m->base[device_id[0]];

    if (memcmp(b->device_id, device_id, PAWL_DEVICE_ID) != 0 ||
        now_ms - b->since_ms >= BASE_PAUSE_MS || now_ms < b->since_ms) {
        memcpy(b->device_id, device_id, PAWL_DEVICE_ID);
        b->since_ms = now_ms;
        b->n = 0;
    }
    if (b->n == BASE_TRIES)
        return false;
    b->n++;
    return true;
}

/* ---- messages that did not open ------------------------------------------------------------- */

static struct opens_failed *opens_of(struct flow_memory *m, const uint8_t device_id[PAWL_DEVICE_ID])
{
    return &m->opens[device_id[0]];
}

static bool is_of(const struct opens_failed *o, const uint8_t device_id[PAWL_DEVICE_ID])
{
    return o->n && memcmp(o->device_id, device_id, PAWL_DEVICE_ID) == 0;
}

bool memory_may_open(struct flow_memory *m, const uint8_t device_id[PAWL_DEVICE_ID],
                     int64_t accepted_ms, int64_t now_ms)
{
    struct opens_failed *o = opens_of(m, device_id);

    if (!is_of(o, device_id))
        return true;
    if (o->n >= OPENS_FAILED_MAX) {
        if (accepted_ms <= o->since_ms)
            return false;
        o->n = 0;
    } else if (now_ms - o->since_ms >= OPENS_MS || now_ms < o->since_ms) {
        o->n = 0;
    }
    return true;
}

void memory_open_failed(struct flow_memory *m, const uint8_t device_id[PAWL_DEVICE_ID],
                        int64_t now_ms)
{
    struct opens_failed *o = opens_of(m, device_id);

    if (!is_of(o, device_id)) {
        memcpy(o->device_id, device_id, PAWL_DEVICE_ID);
        o->n = 0;
    }
    if (o->n == 0 || o->n + 1 >= OPENS_FAILED_MAX)
        o->since_ms = now_ms;
    if (o->n < OPENS_FAILED_MAX)
        o->n++;
}

/* ---- the audit chain ------------------------------------------------------------------------ */

static struct kept_head *head_of(struct flow_memory *m, struct pawl_view tenant)
{
    for (size_t i = 0; i < CONFIG_TENANTS_MAX; i++)
        if (!m->head[i].tenant[0] || pawl_view_equal(pawl_view_str(m->head[i].tenant), tenant))
            return &m->head[i];
    return &m->head[0];
}

pawl_status memory_audit(struct flow_memory *m, const struct store *store, struct pawl_view tenant,
                         int64_t now_ms, struct audit_head *ret, struct pawl_err *err)
{
    struct kept_head *k = head_of(m, tenant);
    struct kept_head  next = { .read_ms = now_ms };

    bool is_it = pawl_view_equal(pawl_view_str(k->tenant), tenant);
    if (!is_it || now_ms - k->read_ms >= HEAD_MS || now_ms < k->read_ms) {
        PAWL_TRY(store->audit_head(store->self, tenant, &next.head, err));
        memcpy(next.tenant, tenant.p, tenant.n < PAWL_TENANT_MAX ? tenant.n : PAWL_TENANT_MAX);
        *k = next;
    }
    *ret = k->head;
    return pawl_ok();
}

/* ---- counts of devices ---------------------------------------------------------------------- */

struct fleet **memory_fleet(struct flow_memory *m, const struct flow *f,
                            const struct tenant_config *tenant)
{
    return &m->fleet[tenant - f->config->tenant];
}

struct revoked **memory_revoked(struct flow_memory *m, const struct flow *f,
                                const struct tenant_config *tenant)
{
    return &m->revoked[tenant - f->config->tenant];
}
