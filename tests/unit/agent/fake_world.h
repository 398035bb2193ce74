/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands around the flows, faked at link time: a TPM that quotes what it is told to hold, and
 * a verifier that answers by script and signs with a real key. Everything that goes out is kept for
 * the test to look at.
 */
#ifndef TESTS_AGENT_FAKE_WORLD_H
#define TESTS_AGENT_FAKE_WORLD_H

#include <pawl/wire.h>

#include "signer.h"

enum { FAKE_MAX = 16 };

/* What the verifier answers to evidence. */
enum fake_answer {
    FAKE_RESULT = 0,   /* affirming, for the TH1 of the evidence */
    FAKE_WAITS,        /* none, instance-identity 97 */
    FAKE_WANTS_VALUES, /* affirming, want 5 */
    FAKE_OLD_TH1,      /* a result for another TH1 */
    FAKE_REFUSES,      /* code, last_attempt, signed */
    FAKE_REFUSES_OLD,  /* the same for another TH1 */
    FAKE_FOREIGN,      /* a result that another key signed */
    FAKE_403,
    FAKE_503,
    FAKE_GARBAGE,
    FAKE_AWAY /* no contact */
};

struct fake_step {
    enum fake_answer       answer;
    enum pawl_refusal_code code;
    uint64_t               last_attempt;
};

/* One evidence as it came in: parsed, kept until the program ends. */
struct fake_evidence {
    struct pawl_evidence e;
    struct pawl_a1       a1;
    uint8_t              th1[32];
    struct pawl_quote    quote;
};

struct fake_world {
    /* the TPM */
    uint32_t         resets;
    uint8_t          pcr;          /* every PCR has this in all bytes */
    bool             lacks_sha384; /* 0x3C3 for a selection with it */
    bool             tpm_away;
    unsigned         opened, closed;
    unsigned         quotes;
    bool             made_keys; /* tpm_keys_open was allowed to make */
    struct pawl_name expect_ak;

    /* the verifier */
    struct signer         signer[2];         /* [0] is pinned; [1] is another, or the next one */
    size_t                jwks_from, jwks_n; /* which of them its JWKS names */
    struct fake_step      step[FAKE_MAX];
    unsigned              enrols, challenges, jwks;
    bool                  refuses_enrol; /* 403 to the request itself */
    struct pawl_enrol_req enrol;         /* the last one */
    size_t                evidence_n;
    struct fake_evidence *evidence[FAKE_MAX];
};

extern struct fake_world world;

/* A new world with fresh signers; ends the last one. */
void fake_world_new(void);
void fake_world_end(void);

#endif
