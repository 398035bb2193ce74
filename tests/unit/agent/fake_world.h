/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands around the flows, faked at link time: a TPM that quotes what it is told to hold
 * (fake_tpm.c), and a verifier that keeps the ratchet's other half with the real key schedule
 * (fake_roots.c), answers honestly unless its script says otherwise (fake_world.c), exchanges
 * messages (fake_messages.c), and signs with a real key. Everything that goes out is kept for the
 * test to look at.
 */
#ifndef TESTS_AGENT_FAKE_WORLD_H
#define TESTS_AGENT_FAKE_WORLD_H

#include <pawl/ratchet.h>

#include "signer.h"
#include "soft_vault.h"

enum { FAKE_MAX = 32 };

/* What the verifier answers to evidence. */
enum fake_answer {
    FAKE_HONEST =
        0,      /* as its state says: a result, or a refusal for a base that it does not know */
    FAKE_WAITS, /* a result: none, instance-identity 97 */
    FAKE_WANTS_VALUES, /* a result with want 5 */
    FAKE_WANTS_REKEY,  /* .. want 4 */
    FAKE_WANTS_LEAVES, /* .. want 3 and a ticket, for all that SND lists */
    FAKE_OLD_TH1,      /* a result for another TH1 */
    FAKE_REFUSES,      /* code, last_attempt, signed */
    FAKE_REFUSES_OLD,  /* the same for another TH1 */
    FAKE_FOREIGN,      /* a result that another key signed */
    FAKE_REPLAYS,      /* the bytes of the answer before */
    FAKE_403,
    FAKE_503,
    FAKE_GARBAGE,
    FAKE_AWAY,      /* no contact: nothing arrives there */
    FAKE_LOSES,     /* it arrives and is accepted; the answer is lost */
    FAKE_WRONG_LBL, /* results that differ from what was asked .. */
    FAKE_WRONG_ATT,
    FAKE_WRONG_BASE,
    FAKE_WRONG_NEW,
    FAKE_NO_EV,    /* .. without the point, or with one */
    FAKE_OTHER_EV, /* E_V of another key than its own */
    FAKE_OFF_CURVE,
    FAKE_NO_CONF, /* .. or with one */
    FAKE_OTHER_CONF,
    FAKE_RECEIPT_LESS,    /* pawl.rcpt and no receipt */
    FAKE_RECEIPT_OTHER,   /* another receipt than it names */
    FAKE_RECEIPT_OLD,     /* a receipt about another request */
    FAKE_RECEIPT_FOREIGN, /* .. about another device */
    FAKE_RECEIPT_UNSIGNED /* no pawl.rcpt beside it */
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
    uint32_t resets;
    uint8_t  pcr;          /* every PCR has this in all bytes */
    bool     lacks_sha384; /* 0x3C3 for a selection with it */
    bool     tpm_away;
    unsigned opened, closed;
    unsigned quotes;
    void (*quoting)(void);          /* meanwhile; NULL: nothing */
    bool                 made_keys; /* tpm_keys_open was allowed to make */
    struct pawl_name     expect_ak;
    struct soft_vault    vault;
    struct pawl_private *td, *ed; /* ed: while e_D is loaded */
    unsigned             ephemerals;
    bool                 no_ephemeral;      /* TPM2_CreatePrimary fails .. */
    bool                 no_zgen;           /* .. TPM2_ECDH_ZGen */
    unsigned             challenges_before; /* challenges that had been asked when e_D was made */

    /* the verifier */
    struct signer         signer[2];         /* [0] is pinned; [1] is another, or the next one */
    size_t                jwks_from, jwks_n; /* which of them its JWKS names */
    struct fake_step      step[FAKE_MAX];
    struct pawl_suites    suites; /* that it offers */
    unsigned              enrols, challenges, jwks, supplies;
    bool                  refuses_enrol; /* 403 to the request itself */
    struct pawl_enrol_req enrol;         /* the last one */
    struct pawl_supply    supply;        /* the last one */
    bool                  supply_away;
    unsigned              supply_lost; /* the one that does not arrive, from 1; 0: all do */
    struct pawl_want      want;        /* of its results to evidence, beside the script's .. */
    bool                  want_ticket; /* .. with a ticket */
    bool (*supplied)(struct pawl_want *ret); /* what the answer to a supply wants; NULL: nothing.
                                                True: with another ticket */
    size_t                evidence_n;
    struct fake_evidence *evidence[FAKE_MAX];
    struct pawl_root      current, pending; /* epoch 0: none */
    uint64_t              known_epoch;
    uint64_t              floor_up, floor_down; /* of its refusals */
    bool                  receipts;             /* with each result that has something to confirm */
    uint64_t              claims_hi;            /* that its receipts say was received; 0: true */
    const char           *sw, *keys, *why;      /* claims of its results; NULL: none .. */
    const char           *more;                 /* .. as signer_ear.more */
    const char           *supply_keys;          /* .. of its answers to a supply; NULL: keys */
    struct pawl_secret    hedge;                /* of suites with bit 8 */
};

extern struct fake_world world;

/* A new world with fresh keys; ends the last one. */
void fake_world_new(void);
void fake_world_end(void);

/* The verifier forgets all roots. */
void fake_world_forget(void);

/* fake_roots.c */
struct fake_grant {
    uint8_t e_v[PAWL_POINT_P256], conf_v[32];
};

/* Whether it knows this base, its mac_base is right, and what follows for pending. NULL: none. */
const struct pawl_root *fake_base(const struct fake_evidence *e);
/* A root for this request: pending from now on. signing_input: of the token that names E_V, which
 * fake_point draws. */
void fake_point(struct fake_grant *ret);
void fake_grant(const struct fake_evidence *e, const struct pawl_root *base,
                struct pawl_view signing_input, struct fake_grant *g);

#endif
