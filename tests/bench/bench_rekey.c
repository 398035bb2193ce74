/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey_verifier: one whole attested rekey in the verifier's process, from the body of the request
 * to the body of the answer and a planned step: parse, nonce, rows opened, mac_base, quote, policy,
 * reconciliation, E_V, EAR, both ECDH, key schedule, rows sealed. The store lies in memory and
 * takes nothing; HTTP and TLS are not in it. Every piece is of another device.
 *
 * Floor: the elliptic curves of it and nothing else, on OpenSSL's own contexts that were made
 * before: one ECDSA-P256 verify, two ECDH derives, one key generation, one ECDSA-P256 sign.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"
#include "flow_fixture.h"

enum { DEVICES = 32 };

/* What the store would read. */
struct rows {
    struct device    d;
    struct blob      ratchet;
    struct snapshot  snapshot;
    struct pawl_view request;
};

struct bench {
    struct world      w;
    struct store      memory; /* instead of the world's */
    struct policy_row policy;
    struct rows       rows[DEVICES];
    struct curves     curves; /* the floor */
};

static struct bench b;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "rekey_verifier: %s: %s: %s\n", what, b.w.err.where, b.w.err.why);
    exit(1);
}

/* ---- a store in memory ---------------------------------------------------------------------- */

static const struct rows *find(struct pawl_view id)
{
    for (size_t i = 0; i < DEVICES; i++)
        if (memcmp(b.rows[i].d.id, id.p, PAWL_DEVICE_ID) == 0)
            return &b.rows[i];
    must(false, "no such device");
    return NULL;
}

static pawl_status read_device_whole(void *self, struct pawl_view tenant, struct pawl_view id,
                                     struct device *ret, struct blob *ret_ratchet,
                                     struct device_past *ret_past, struct pawl_err *err)
{
    const struct rows *r = find(id);

    (void)self;
    (void)tenant;
    *ret = r->d;
    ret_past->has_snapshot = true;
    ret_past->snapshot = r->snapshot;
    ret_past->has_boot = false;
    return blob_from(pawl_view(r->ratchet.p, r->ratchet.n), ret_ratchet, err);
}

static pawl_status no_generations(void *self, struct pawl_view tenant, struct pawl_view id,
                                  unsigned dir, store_generation_fn *each, void *arg,
                                  struct pawl_err *err)
{
    (void)self;
    (void)tenant;
    (void)id;
    (void)dir;
    (void)each;
    (void)arg;
    (void)err;
    return pawl_ok();
}

static pawl_status read_default_policy(void *self, struct pawl_view tenant,
                                       char ret[PAWL_TENANT_MAX + 1], struct pawl_err *err)
{
    (void)self;
    (void)tenant;
    (void)err;
    memcpy(ret, b.policy.name, sizeof(b.policy.name));
    return pawl_ok();
}

static pawl_status read_policy(void *self, struct pawl_view tenant, const char *name,
                               uint64_t version, struct policy_row *ret, struct pawl_err *err)
{
    (void)self;
    (void)tenant;
    (void)name;
    (void)version;
    (void)err;
    *ret = b.policy;
    ret->json = strdup(b.policy.json);
    return pawl_ok();
}

static pawl_status read_policy_version(void *self, struct pawl_view tenant, const char *name,
                                       uint64_t *ret, struct pawl_err *err)
{
    (void)self;
    (void)tenant;
    (void)name;
    (void)err;
    *ret = b.policy.version;
    return pawl_ok();
}

static pawl_status no_exceptions(void *self, struct pawl_view tenant, struct pawl_view device,
                                 const char *group, store_exception_fn *each, void *arg,
                                 struct pawl_err *err)
{
    (void)self;
    (void)tenant;
    (void)device;
    (void)group;
    (void)each;
    (void)arg;
    (void)err;
    return pawl_ok();
}

static pawl_status no_chain(void *self, struct pawl_view tenant, struct audit_head *ret,
                            struct pawl_err *err)
{
    (void)self;
    (void)tenant;
    (void)err;
    *ret = (struct audit_head){ 0 };
    return pawl_ok();
}

static int64_t never_restored(void *self)
{
    (void)self;
    return 0;
}

static void rows_done(struct rows *r)
{
    blob_done(&r->ratchet);
}

/* ---- devices -------------------------------------------------------------------------------- */

/* An enrolled device in its first epoch, and the rekey that it asks for: values left out, for they
 * are those of its last quote. */
static void make_rows(struct rows *ret)
{
    struct store        *s = &b.w.store.store;
    struct pawl_view     tenant = pawl_view_str("acme");
    DEVICE               d;
    struct soft_evidence ev;

    world_settled(&b.w, &d);
    ret->d = world_record(&b.w, &d);
    must(pawl_is_ok(s->ratchet(s->self, tenant, PAWL_VIEW_OF(d.id), &ret->ratchet, &b.w.err)),
         "ratchet");
    must(pawl_is_ok(s->snapshot(s->self, tenant, PAWL_VIEW_OF(d.id), &ret->snapshot, &b.w.err)),
         "snapshot");
    world_begin(&b.w, &d, PAWL_LABEL_REKEY, &ev);
    soft_evidence_sign(&ev, NULL);
    ev.m.has_pcrs = false;
    ev.m.pcr_n = 0;
    ret->request = soft_evidence_bytes(&ev);
    b.w.now_ms -= PAWL_REKEY_MIN_MS; /* all of them within the life of a nonce */
}

/* ---- the two sides -------------------------------------------------------------------------- */

static void rekey_whole(void *arg, size_t i)
{
    (void)arg;
    struct step step = { 0 };

    must(pawl_is_ok(
             flow_evidence(&b.w.flow, b.rows[i % DEVICES].request, &b.w.answer, &step, &b.w.err)) &&
             b.w.answer.http == 200 && step.ratchet.n > 0,
         "the flow");
    step_done(&step);
}

void bench_rekey_verifier(struct bench_result *ret)
{
    world_make(&b.w);
    for (size_t i = 0; i < DEVICES; i++)
        make_rows(&b.rows[i]);
    b.w.now_ms += PAWL_REKEY_MIN_MS;
    must(pawl_is_ok(b.w.store.store.policy(b.w.store.store.self, pawl_view_str("acme"), "golden", 0,
                                           &b.policy, &b.w.err)),
         "policy");
    b.memory = (struct store){ .device_whole = read_device_whole,
                               .generations = no_generations,
                               .default_policy = read_default_policy,
                               .policy = read_policy,
                               .policy_version = read_policy_version,
                               .exceptions = no_exceptions,
                               .audit_head = no_chain,
                               .restored_ms = never_restored };
    b.w.flow.store = &b.memory;
    curves_make(&b.curves);
    bench_pair(rekey_whole, curves_rekey, &b.curves, ret);

    for (size_t i = 0; i < DEVICES; i++)
        rows_done(&b.rows[i]);
    policy_row_done(&b.policy);
    curves_done(&b.curves);
    world_done(&b.w);
}
