/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "flow/limit.h"
#include "flow/operator.h"
#include "keyfile.h"

/* ---- time ------------------------------------------------------------------------------------ */

static long long read_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Seven eighths of the time since the machine started: nobody sets it. */
static long long slow_ms(void)
{
    long long boot = read_ms(CLOCK_BOOTTIME);

    return boot - boot / 8;
}

/* Rows name whole seconds by their ends. */
#define ROWS_AHEAD_MS 1000

static void raise_to(atomic_llong *lead, long long to)
{
    long long was = atomic_load(lead);

    while (to > was && !atomic_compare_exchange_weak(lead, &was, to))
        ;
}

/* The wall clock, and never less than it was, in the run before and at other verifiers too: a clock
 * that is set back revives no nonce, and nothing that the store holds lies in the future. Until the
 * wall clock is there again time goes on, or else whatever waits for a minute would wait for as
 * long as the clock was wrong; and more slowly, so that it gets there. */
static int64_t now_ms(void *arg)
{
    struct state *s = arg;
    long long     slow = slow_ms();

    raise_to(&s->lead_ms, read_ms(CLOCK_REALTIME) - slow);
    raise_to(&s->lead_ms, s->store.newest_ms(s->store.self) - ROWS_AHEAD_MS - slow);
    return slow + atomic_load(&s->lead_ms);
}

int64_t state_clock_behind_ms(struct state *s)
{
    return now_ms(s) - read_ms(CLOCK_REALTIME);
}

/* ---- the directory --------------------------------------------------------------------------- */

static pawl_status load_pin(const char *state, uint8_t ret[PAWL_SPKI_PIN], struct pawl_err *err)
{
    KEY_TEXT                                             pem = { 0 };
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *key = NULL;

    PAWL_TRY(key_file_load(state, TLS_KEY_FILE, &pem, err));
    PAWL_TRY(
        pawl_under(err, TLS_KEY_FILE, pawl_private_from_pem(pawl_view(pem.s, pem.n), &key, err)));
    return pawl_spki_pin(pawl_private_public(key), ret, err);
}

pawl_status state_material(const struct verifier_config *c, struct material **ret,
                           struct pawl_err *err)
{
    PAWL_CLEANUP(material_free) struct material *m = NULL;

    PAWL_TRY(material_load(c, &m, err));
    PAWL_TRY(load_pin(c->state, m->tls_pin, err));
    *ret = m;
    m = NULL;
    return pawl_ok();
}

pawl_status state_lock(const char *dir, int *ret, struct pawl_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return pawl_fail(err, PAWL_E_ABSENT, "state", "%s: %s", dir, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return pawl_fail(err, PAWL_E_CONFLICT, "state", "%s: a verifier serves it already", dir);
    }
    *ret = fd;
    return pawl_ok();
}

pawl_status state_open_store(const struct verifier_config *c, struct store *ret,
                             struct pawl_err *err)
{
    return c->on_postgres ? postgres_store_open(c->state, c->postgres, ret, err)
                          : sqlite_store_open(c->state, ret, err);
}

pawl_status state_restored(const char *dir, struct pawl_err *err)
{
    struct verifier_config c;

    PAWL_TRY(config_load(dir, &c, err));
    return c.on_postgres ? postgres_store_restored(c.state, c.postgres, err)
                         : sqlite_store_restored(c.state, err);
}

pawl_status state_open(const char *dir, struct state *s, struct pawl_err *err)
{
    struct material *m = NULL;

    PAWL_TRY(config_load(dir, &s->config, err));
    PAWL_TRY(state_material(&s->config, &m, err));
    material_put(&s->material, m);
    PAWL_TRY(state_open_store(&s->config, &s->store, err));
    PAWL_TRY(limits_make(&s->config, &s->limits, err));
    s->lead_ms = s->store.newest_ms(s->store.self) - slow_ms();
    return pawl_ok();
}

void state_close(struct state *s)
{
    if (s->store.self)
        s->store.close(s->store.self);
    s->store.self = NULL;
    limits_free(&s->limits);
    material_put(&s->material, NULL);
}

pawl_status state_flow(struct state *s, struct flow *ret, struct pawl_err *err)
{
    struct flow f = {
        .config = &s->config,
        .store = &s->store,
        .now_ms = now_ms,
        .now_arg = s,
        .limits = s->limits,
        .place = &s->material,
    };

    PAWL_TRY(pawl_p256_verifier_make(&f.p256, err));
    pawl_status made = flow_memory_make(&f.memory, err);
    if (!pawl_is_ok(made)) {
        pawl_p256_verifier_free(&f.p256);
        return made;
    }
    material_follow(&f);
    *ret = f;
    return made;
}

void state_flow_done(struct flow *f)
{
    pawl_p256_verifier_free(&f->p256);
    flow_memory_free(&f->memory);
    material_leave(f);
}

pawl_status state_tenant(const struct state *s, const char *name, const struct tenant_config **ret,
                         struct pawl_err *err)
{
    const struct tenant_config *t = &s->config.tenant[0];

    if (name)
        t = config_tenant(&s->config, pawl_view_str(name));
    if (!t)
        return pawl_fail(err, PAWL_E_ABSENT, "tenant", "there is no such tenant");
    *ret = t;
    return pawl_ok();
}

/* ---- join ------------------------------------------------------------------------------------ */

static void free_text(char **s)
{
    free(*s);
}

static pawl_status take_join(const char *json, char ret[STATE_JOIN_MAX], struct pawl_err *err)
{
    cJSON      *answer = cJSON_Parse(json);
    const char *join = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "join"));
    bool        fits = join && strlen(join) < STATE_JOIN_MAX;

    if (fits)
        memcpy(ret, join, strlen(join) + 1);
    cJSON_Delete(answer);
    return fits ? pawl_ok() : pawl_fail(err, PAWL_E_BUG, "join", "is not in the answer");
}

static pawl_status join_with_token(struct state *s, const struct tenant_config *tenant,
                                   char ret[STATE_JOIN_MAX], struct pawl_err *err)
{
    PAWL_CLEANUP(state_flow_done) struct flow f = { 0 };
    PAWL_CLEANUP(step_done) struct step       step = { 0 };
    PAWL_CLEANUP(free_text) char             *json = NULL;

    PAWL_TRY(state_flow(s, &f, err));
    PAWL_TRY(operator_token_make(&f, tenant, pawl_view_str("{}"), &json, &step, err));
    PAWL_TRY(store_commit_wait(&s->store, &step, err));
    return take_join(json, ret, err);
}

pawl_status state_join(struct state *s, const struct tenant_config *tenant, bool with_token,
                       char ret[STATE_JOIN_MAX], struct pawl_err *err)
{
    const struct material *m = atomic_load(&s->material.now);
    struct pawl_join       j = { 0 };

    if (with_token)
        return join_with_token(s, tenant, ret, err);
    memcpy(j.address, s->config.address, strlen(s->config.address) + 1);
    memcpy(j.tenant, tenant->name, sizeof(j.tenant));
    memcpy(j.verifier_key, m->keys.verifier_id, sizeof(j.verifier_key));
    memcpy(j.tls_pin, m->tls_pin, sizeof(j.tls_pin));
    return pawl_join_write(&j, ret, STATE_JOIN_MAX, err);
}
