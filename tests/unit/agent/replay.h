/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the replays of tests/model need around an agent: one that is enrolled with a verifier that
 * keeps the other half of its ratchet (fake_world.h), crashes at any moment, and whose state
 * directory, with the TPM beside it or without, is what it was at an earlier one.
 */
#ifndef TESTS_AGENT_REPLAY_H
#define TESTS_AGENT_REPLAY_H

#include "fake_world.h"
#include "flow/flow.h"
#include "t.h"

struct agent {
    struct config      config;
    struct flow        flow;
    struct flow_answer answer;
    struct pawl_err    err;
    int64_t            now_ms, wall_s;
};

extern struct agent agent;

/* cmocka's setup and teardown: enrolled, and its root attested. */
int agent_make(void **state);
int agent_done(void **state);

void agent_attests(void);
void agent_rekeys(void);
/* The last A1 that went out, and what the verifier will answer to the n-th one from here. */
const struct pawl_a1 *agent_said(void);
struct fake_step     *agent_script(size_t n);

enum { AGENT_MOMENTS = 32 };

/* Keeps this moment: a copy of the state directory, and where the TPM's counter stood. */
void agent_keep(unsigned number);
/* The device that stopped at that moment, without a word, starts. */
void agent_go_back(unsigned number);
/* The directory of that moment with the TPM of now: somebody put a backup there. */
void agent_put_back(unsigned number);
/* Stops now, and starts. */
void agent_crash(void);

/* Both sides hold the same newest root, bit by bit. */
void agent_in_step(const struct pawl_root *root, uint64_t epoch);

/* One application message in the next slot; its place as the verifier reads it. */
struct pawl_msg agent_seals(const char *body);
/* One downlink message of this root's generation, first slot `start`; its id is 1024 times seq. */
struct pawl_view agent_downlink(const struct pawl_root *root, uint32_t gen, uint64_t start,
                                uint64_t seq);

#endif
