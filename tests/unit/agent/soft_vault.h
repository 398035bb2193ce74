/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM of the slot's that is software: a counter, and secrets sealed to a value of it. Its memory
 * may be shared with a child that loses its power (power.h): a TPM keeps what it did.
 */
#ifndef TESTS_AGENT_SOFT_VAULT_H
#define TESTS_AGENT_SOFT_VAULT_H

#include "state/slot.h"

enum soft_trouble {
    SOFT_NONE,
    SOFT_NO_INCREMENT,   /* refuses, and did nothing */
    SOFT_LOST_INCREMENT, /* did it, and the answer is lost */
    SOFT_GONE,           /* did it, the answer is lost, and nothing answers from then on */
    SOFT_SILENT,         /* nothing answers */
    SOFT_TWICE,          /* somebody else increments it as well */
    SOFT_SPOILS,         /* seals something else */
    SOFT_UNBOUND,        /* seals to no value at all */
};

struct soft_vault {
    bool              defined;
    uint64_t          counter;
    uint8_t           seed[32]; /* of the TPM: another one opens nothing */
    enum soft_trouble trouble;
    unsigned          unseals;
};

struct slot_vault soft_vault(struct soft_vault *v);

#endif
