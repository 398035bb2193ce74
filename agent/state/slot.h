/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed slot: the ratchet's memory across restarts, readable only with this TPM and only while
 * its counter stands where it stood when the slot became valid.
 *
 * Invariants
 *  1. Two files, written in turn (slot.0, slot.1). One holds the valid slot, the other an older one
 *     or one that never became valid.
 *  2. Writing (D4): a fresh wrapping key is sealed under PolicyNV(counter == n + 1); the file is
 *     written, fsynced, read back and compared; TPM2_NV_Increment is the commit point; then it is
 *     unsealed once and opened, to prove it. Only then does slot_write return success, and only
 * then may anything of the new content be used.
 *  3. A kill, power cut or full disk at any moment leaves exactly one slot that opens: the old one
 *     before the increment, the new one after it.
 *  4. The content is AES-256-SIV under the wrapping key; associated data names file format, value
 *     of the counter and device.
 *
 * Not here: what the keys do (lib/ratchet), when a slot is written (flow/live.c).
 * Spec: docs/protocol.md, section "Durable before sent".
 */
#ifndef AGENT_STATE_SLOT_H
#define AGENT_STATE_SLOT_H

#include <pawl/ratchet.h>

/* What the slot needs of the TPM. tpm/vault.c fills it; tests put a software one there. All calls
 * as in tpm/tpm.h. */
#define SLOT_SEALED_MAX 1024

struct slot_sealed {
    size_t  n;
    uint8_t b[SLOT_SEALED_MAX];
};

struct slot_vault {
    void *self;
    /* make: define the counter if it is not there; otherwise ABSENT. */
    pawl_status (*counter)(void *self, bool make, uint64_t *ret, struct pawl_err *err);
    pawl_status (*increment)(void *self, uint64_t *ret, struct pawl_err *err);
    pawl_status (*seal)(void *self, uint64_t value, const struct pawl_secret *in,
                        struct slot_sealed *ret, struct pawl_err *err);
    pawl_status (*unseal)(void *self, uint64_t value, const struct slot_sealed *in,
                          struct pawl_secret *ret, struct pawl_err *err);
};

/* Keys and positions at the moment of the write. */
struct slot {
    uint64_t           counter; /* value at which it is valid; set by slot_write and slot_open */
    uint8_t            device_id[PAWL_DEVICE_ID];
    uint8_t            verifier_id[PAWL_VERIFIER_ID]; /* of the A1 that made the epoch */
    uint16_t           suite;
    uint64_t           epoch;
    uint8_t            kid[PAWL_KID];
    struct pawl_secret rk, k_auth, exporter;
    struct pawl_chain  up, down; /* the next generations to open */
    struct pawl_use    down_use; /* generation of the downlink under way; n == 0 of uk: none */
    bool     has_old; /* P-DUR-5: the epoch before, downlink only, until the first answer */
    uint16_t old_suite;
    uint8_t  old_kid[PAWL_KID];
    uint8_t  old_verifier_id[PAWL_VERIFIER_ID];
    struct pawl_chain  old_down;
    struct pawl_use    old_down_use;
    struct pawl_secret spool_key; /* 64 bytes; the queue and the inbox on disk */
    uint64_t           age_ms;    /* of the epoch at the write */
    uint64_t           slots;     /* used in the epoch until the write */
    unsigned           starts;    /* slot writes of this epoch that came from starts */
};

void slot_wipe(struct slot *s);

/* D4, whole. *s is valid when this returns success and gets its counter. On failure nothing of it
 * may be used, and the old slot still opens, but for two codes. STATE: the counter moved and the
 * new slot does not open, a loss of state. CONFLICT: the TPM went away at the commit point, so
 * either may be the valid one; neither is used before slot_open has told which. BUG for keys of
 * several epochs in one slot. */
PAWL_MUST_USE pawl_status slot_write(int dir, const struct slot_vault *v, struct slot *s,
                                     struct pawl_err *err);

/* The valid slot. ABSENT if there is none and never was: no file, or the first write was cut off
 * before its commit point. STATE if files are there and none opens: an older copy, another TPM, a
 * damaged disk: the state is lost, err says which. IO and TPM failures are passed on: tomorrow it
 * may open. Changes nothing. The use keys lack their prk: pawl_use_ready. */
PAWL_MUST_USE pawl_status slot_open(int dir, const struct slot_vault *v,
                                    const uint8_t device_id[PAWL_DEVICE_ID], struct slot *ret,
                                    struct pawl_err *err);

/* Removes both files: the device enrols again. */
PAWL_MUST_USE pawl_status slot_forget(int dir, struct pawl_err *err);

#endif
