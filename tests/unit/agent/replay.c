/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

struct agent agent;

static int64_t clock_ms(void)
{
    return agent.now_ms;
}

static int64_t clock_s(void)
{
    return agent.wall_s;
}

static void start(void)
{
    T_OK(flow_open(&agent.config, &agent.flow, &agent.err), &agent.err);
    agent.flow.live.boot_ms = clock_ms;
    agent.flow.live.wall_s = clock_s;
}

static void note(void)
{
    flow_note(&agent.flow, pawl_ok(), &agent.answer, agent.wall_s, &agent.err);
}

int agent_make(void **state)
{
    struct config *c = &agent.config;

    scratch_empty(state);
    fake_world_new();
    config_default(c);
    snprintf(c->net.server, sizeof(c->net.server), "gw:8443");
    snprintf(c->tenant, sizeof(c->tenant), "demo");
    snprintf(c->state, sizeof(c->state), "%s", scratch_path("state"));
    memcpy(c->verifier[0], world.signer[0].id, PAWL_SPKI_PIN);
    c->verifier_n = 1;
    agent.now_ms = 3600 * 1000;
    agent.wall_s = 1000000;
    start();
    T_OK(flow_enroll(&agent.flow, PAWL_REASON_START, &agent.answer, &agent.err), &agent.err);
    note();
    agent_attests();
    return 0;
}

int agent_done(void **state)
{
    (void)state;
    flow_close(&agent.flow);
    config_done(&agent.config);
    fake_world_end();
    world = (struct fake_world){ 0 };
    return 0;
}

void agent_attests(void)
{
    T_OK(flow_attest(&agent.flow, PAWL_REASON_SCHEDULE, &agent.answer, &agent.err), &agent.err);
    note();
}

void agent_rekeys(void)
{
    T_OK(flow_rekey(&agent.flow, PAWL_REASON_SCHEDULE, &agent.answer, &agent.err), &agent.err);
    note();
}

const struct pawl_a1 *agent_said(void)
{
    return &world.evidence[world.evidence_n - 1]->a1;
}

struct fake_step *agent_script(size_t n)
{
    return &world.step[world.evidence_n + n];
}

/* ---- crashes --------------------------------------------------------------------------------- */

static const char *kept(unsigned number)
{
    static char name[32];

    snprintf(name, sizeof(name), "kept.%u", number);
    return name;
}

/* Both are names in the scratch directory. */
static void copy(const char *from, const char *to)
{
    char command[400];

    snprintf(command, sizeof(command), "cd %s && rm -rf %s && cp -a %s %s", scratch(), to, from,
             to);
    assert_int_equal(system(command), 0);
}

static uint64_t counter[AGENT_MOMENTS];

void agent_keep(unsigned number)
{
    assert_true(number < AGENT_MOMENTS);
    counter[number] = world.vault.counter;
    copy("state", kept(number));
}

void agent_go_back(unsigned number)
{
    world.vault.counter = counter[number];
    agent_put_back(number);
}

void agent_put_back(unsigned number)
{
    flow_close(&agent.flow);
    copy(kept(number), "state");
    start();
    T_OK(flow_live(&agent.flow, &agent.err), &agent.err);
}

void agent_crash(void)
{
    agent_keep(0);
    agent_go_back(0);
}

/* ---- both sides ------------------------------------------------------------------------------ */

void agent_in_step(const struct pawl_root *root, uint64_t epoch)
{
    const struct slot *s = &agent.flow.live.slot;

    assert_true(agent.flow.live.open);
    assert_true(root->epoch == epoch && s->epoch == epoch);
    assert_memory_equal(root->kid, s->kid, sizeof(s->kid));
    assert_true(pawl_secret_equal(&root->rk, &s->rk));
}

struct pawl_msg agent_seals(const char *body)
{
    static uint8_t            bytes[PAWL_MESSAGE_MAX];
    struct pawl_wr            w = pawl_wr_to(bytes, sizeof(bytes));
    const struct pawl_content c = { .type = PAWL_CONTENT_APP,
                                    .id = 7,
                                    .body = pawl_view_str(body) };
    struct pawl_msg           m;
    uint64_t                  seq;

    T_OK(live_seal(&agent.flow, &c, &w, &seq, &agent.err), &agent.err);
    T_OK(pawl_msg_parse(t_copy(pawl_view(bytes, w.n)), &m, &agent.err), &agent.err);
    assert_true(m.at.seq == seq);
    return m;
}

struct pawl_view agent_downlink(const struct pawl_root *root, uint32_t gen, uint64_t start_seq,
                                uint64_t seq)
{
    static uint8_t bytes[PAWL_MESSAGE_MAX];
    uint8_t        text[64], leaf[PAWL_LEAF];
    struct pawl_wr w = pawl_wr_to(bytes, sizeof(bytes)), p = pawl_wr_to(text, sizeof(text));
    PAWL_CLEANUP(pawl_chain_wipe) struct pawl_chain chain = root->down;
    PAWL_CLEANUP(pawl_use_wipe) struct pawl_use     use = { 0 };
    const struct slot                              *s = &agent.flow.live.slot;
    const struct pawl_msg_scope                     scope = { pawl_view_str(agent.config.tenant),
                                                              PAWL_VIEW_OF(s->device_id),
                                                              PAWL_VIEW_OF(s->verifier_id) };
    struct pawl_msg_place     at = { .seq = seq, .gen_start_seq = start_seq, .epoch_start_seq = 1 };
    const struct pawl_content c = { .type = PAWL_CONTENT_APP,
                                    .id = seq << 10,
                                    .body = pawl_view("d", 1) };
    struct pawl_err          *err = &agent.err;

    T_OK(pawl_content_write(&c, &p, err), err);
    T_OK(pawl_chain_skip(&chain, gen, err), err);
    T_OK(pawl_chain_open(&chain, s->suite, root->kid, &use, err), err);
    T_OK(pawl_msg_seal(&use, &scope, &at, PAWL_MSG_FULL, pawl_view(text, p.n), &w, leaf, err), err);
    return t_copy(pawl_view(bytes, w.n));
}
