/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thief of the attack tests: takes keys as a real one would and does with them what a real one
 * could. Built on libpawl's public headers; the product has no door for it.
 *
 * What it took is a text file, a line each:
 *
 *     tenant TEXT          device HEX          verifier HEX
 *     use   DIR EPOCH GEN SUITE KID UK         the key of one generation
 *     chain DIR EPOCH GEN SUITE KID GK         the keys of generation GEN and of all behind it
 *
 * thief.c is the command line, loot.c the file, memory.c a running agent's memory, post.c HTTPS.
 */
#ifndef ATTACKS_THIEF_H
#define ATTACKS_THIEF_H

#include <sys/types.h>

#include <pawl/ratchet.h>

#define LOOT_MAX 64

struct loot_chain {
    struct pawl_chain chain;
    uint16_t          suite;
    uint8_t           kid[PAWL_KID];
};

struct loot {
    char              tenant[PAWL_TENANT_MAX + 1];
    uint8_t           device_id[PAWL_DEVICE_ID], verifier_id[PAWL_VERIFIER_ID];
    size_t            use_n, chain_n;
    struct pawl_use   use[LOOT_MAX];
    struct loot_chain chain[LOOT_MAX];
};

/* Ends the program with code 2 and the reason. */
void must(pawl_status s, const struct pawl_err *err);
void give_up(const char *fmt, ...) PAWL_PRINTF(1, 2) __attribute__((noreturn));

/* ---- loot.c --------------------------------------------------------------------------------- */

/* Who the device is, which its record tells everybody who can read the state directory. */
void loot_scope(struct loot *l, const char *state);
/* Each once. */
void loot_add_use(struct loot *l, const struct pawl_use *u);
void loot_add_chain(struct loot *l, const struct loot_chain *c);
/* The newest epoch in it. */
uint64_t loot_epoch(const struct loot *l);
/* The newest generation of this direction and epoch whose key is in it. */
uint32_t loot_gen(const struct loot *l, enum pawl_dir dir, uint64_t epoch);
/* The key of a generation: as it was found, or by turning a chain that began before it. */
bool loot_key(const struct loot *l, enum pawl_dir dir, uint64_t epoch, uint32_t gen,
              struct pawl_use *ret);
/* The same for a message as it came; false too if it is not of an epoch in the loot. */
bool loot_key_of(const struct loot *l, enum pawl_dir dir, const struct pawl_msg *m,
                 struct pawl_use *ret);

void loot_read(const char *path, struct loot *ret);
void loot_write(const char *path, const struct loot *l);

/* ---- memory.c ------------------------------------------------------------------------------- */

/* Adds the ratchet's keys that this process has in its memory. */
void memory_search(pid_t pid, struct loot *l);

/* ---- post.c --------------------------------------------------------------------------------- */

/* POST of protocol bytes, with a certificate that nobody looks at. Gives the HTTP status and what
 * was answered, at most PAWL_MESSAGES_MAX bytes. */
long post(const char *url, struct pawl_view body, uint8_t *ret, size_t *ret_n);

#endif
