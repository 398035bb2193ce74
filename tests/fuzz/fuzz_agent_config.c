/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at agent.ini: a value that gets in beyond its limits, a file that is refused without saying
 * where, a file that `join` makes unreadable or changes beside its own keys.
 */

#include "config.h"
#include "fuzz.h"
#include "join.h"
#include "state/file.h"

/* What is tested here reads no file, writes none, and makes no key. */
pawl_status file_read(int dir, const char *name, uint8_t *ret, size_t cap, size_t *ret_n,
                      struct pawl_err *err)
{
    (void)dir;
    (void)ret;
    (void)cap;
    (void)ret_n;
    return pawl_fail(err, PAWL_E_BUG, name, "not here");
}

pawl_status file_replace(int dir, const char *name, struct pawl_view bytes, struct pawl_err *err)
{
    (void)dir;
    (void)bytes;
    return pawl_fail(err, PAWL_E_BUG, name, "not here");
}

pawl_status file_open_parent(const char *path, bool make, int *ret, const char **ret_name,
                             struct pawl_err *err)
{
    (void)make;
    (void)ret;
    (void)ret_name;
    return pawl_fail(err, PAWL_E_BUG, path, "not here");
}

void file_close(int *fd)
{
    (void)fd;
}

struct tpm_keys_config tpm_keys_config_default(void)
{
    return (struct tpm_keys_config){ .ak = PAWL_AK_P256 };
}

static bool is_text(const char *s, size_t room)
{
    return memchr(s, 0, room) != NULL;
}

static bool is_handle(uint32_t h)
{
    return h == 0 || h >> 24 == 0x81;
}

static void within_limits(const struct config *c)
{
    FUZZ_HOLDS(c->interval_s >= 1 && c->interval_s <= 7 * 86400 && c->jitter_s < c->interval_s);
    FUZZ_HOLDS(c->verifier_n <= CONFIG_KEYS_MAX && c->net.pin_n <= NET_PINS_MAX);
    FUZZ_HOLDS(!c->tenant[0] || pawl_is_name(pawl_view_str(c->tenant)));
    FUZZ_HOLDS(is_text(c->net.server, sizeof(c->net.server)) &&
               is_text(c->net.proxy, sizeof(c->net.proxy)) &&
               is_text(c->net.ca, sizeof(c->net.ca)) && is_text(c->tcti, sizeof(c->tcti)) &&
               is_text(c->token_file, sizeof(c->token_file)));
    FUZZ_HOLDS(is_text(c->state, sizeof(c->state)) && c->state[0] == '/');
    FUZZ_HOLDS(c->net.total_s >= 1 && c->net.total_s <= 600 && c->net.connect_s <= c->net.total_s);
    FUZZ_HOLDS(c->keys.ak == PAWL_AK_P256 || c->keys.ak == PAWL_AK_RSA2048);
    FUZZ_HOLDS(is_handle(c->keys.ak_handle) && is_handle(c->keys.td_handle) &&
               is_handle(c->keys.srk_handle));
    FUZZ_HOLDS(c->suites.n >= 1 && c->suites.n <= 4);
    FUZZ_HOLDS(!c->has_token || !c->token_file[0]);
}

/* The order of deterministic CBOR, each key once. */
static void facts_are_sorted(const struct config *c)
{
    FUZZ_HOLDS(c->fact_n <= PAWL_FACTS_MAX);
    for (size_t i = 1; i < c->fact_n; i++) {
        const char *a = c->fact[i - 1].key, *b = c->fact[i].key;
        FUZZ_HOLDS(strlen(a) < strlen(b) || (strlen(a) == strlen(b) && strcmp(a, b) < 0));
    }
}

static void join_keeps_the_rest(struct pawl_view text, const struct config *before)
{
    static const struct pawl_join join = { .address = "verifier.example:1", .tenant = "joined" };
    static char                   joined[CONFIG_FILE_MAX];
    static struct config          c;
    size_t                        n = 0;
    struct pawl_err               err = { 0 };

    if (!pawl_is_ok(join_text(text, &join, joined, sizeof(joined), &n, &err))) {
        FUZZ_HOLDS(err.code == PAWL_E_FULL);
        return;
    }
    FUZZ_HOLDS(pawl_is_ok(config_parse("agent.ini", pawl_view(joined, n), &c, &err)));
    FUZZ_HOLDS(!strcmp(c.net.server, join.address) && !strcmp(c.tenant, join.tenant));
    FUZZ_HOLDS(c.net.tls == NET_TLS_PIN && c.net.pin_n == 1 && c.verifier_n == 1);
    FUZZ_HOLDS(!c.has_token && !c.token_file[0]);
    FUZZ_HOLDS(!strcmp(c.tcti, before->tcti) && !strcmp(c.state, before->state) &&
               !strcmp(c.net.proxy, before->net.proxy));
    FUZZ_HOLDS(c.interval_s == before->interval_s && c.jitter_s == before->jitter_s &&
               c.enroll == before->enroll && c.keys.ak == before->keys.ak);
    FUZZ_HOLDS(c.fact_n == before->fact_n);
    for (size_t i = 0; i < c.fact_n; i++)
        FUZZ_HOLDS(!strcmp(c.fact[i].value, before->fact[i].value));
    config_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct config c;
    struct pawl_err      err = { 0 };

    FUZZ_POISON(&c);
    pawl_status s = config_parse("agent.ini", pawl_view(p, n), &c, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &c);
        FUZZ_HOLDS(strstr(err.where, "agent.ini") || strstr(err.why, "agent.ini"));
        return 0;
    }
    within_limits(&c);
    facts_are_sorted(&c);
    join_keeps_the_rest(pawl_view(p, n), &c);
    config_done(&c);
    return 0;
}
