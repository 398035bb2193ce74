/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that change while the verifier serves, by files of the state directory:
 *
 *   new      makes NAME.next.key: announced, and taken, and used for nothing yet
 *   switch   NAME.next.key becomes NAME.key, which becomes NAME.old.key: still taken
 *   retire   removes NAME.old.key, once nothing needs it
 *
 * After each a running verifier is told by SIGHUP. NAME is signing, master or tls; the TLS key has
 * no old one: whoever connects sees one certificate.
 *
 * Invariants
 *  1. NAME.key is there at any moment, and one of the two.
 *  2. A command that was interrupted can be given again.
 *  3. An old key is not removed while anything needs it.
 */
#ifndef VERIFIER_ROTATE_H
#define VERIFIER_ROTATE_H

#include "state.h"

enum rotated { ROTATED_NONE = 0, ROTATED_SIGNING, ROTATED_MASTER, ROTATED_TLS, ROTATED_COUNT };

/* ROTATED_NONE for another word. */
enum rotated rotated_from(const char *name);

#define ROTATED_PIN_MAX 64

/* CONFLICT if there is a next key already. ret_pin: what a device pins, base64url as in agent.ini;
 * empty for a master key. address: HOST:PORT that a TLS certificate is for. */
PAWL_MUST_USE pawl_status rotate_new(const char *state, const char *address, enum rotated what,
                                     char ret_pin[ROTATED_PIN_MAX], struct pawl_err *err);

/* ABSENT without a next key; CONFLICT while an old one is there. */
PAWL_MUST_USE pawl_status rotate_switch(const char *state, enum rotated what, struct pawl_err *err);

/* ABSENT without an old key; CONFLICT while rows of the store are under an old master key, whatever
 * force says (flow/rewrap.h: who serves wraps them anew), and while results that the old signing
 * key signed may still be believed, unless force: what a stolen key signed is better believed by
 * nobody. now_s: Unix. */
PAWL_MUST_USE pawl_status rotate_retire(const struct verifier_config *c, enum rotated what,
                                        bool force, int64_t now_s, struct pawl_err *err);

/* A new TLS key and a certificate for this HOST:PORT, as files of these names. */
PAWL_MUST_USE pawl_status rotate_tls_files(const char *dir, const char *address, const char *key,
                                           const char *cert, struct pawl_err *err);

#endif
