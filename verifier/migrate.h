/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state directory's fleet moves to PostgreSQL, while nobody serves it: the rows (store/move.h),
 * and then verifier.ini.
 *
 * Invariants
 *  1. What would be written into verifier.ini is read back before anything is moved.
 *  2. verifier.ini is the old one or the new one, whole. Where it is the old one and pawl.db has
 *     moved, serve says so and does not begin with an empty store.
 */
#ifndef VERIFIER_MIGRATE_H
#define VERIFIER_MIGRATE_H

#include "store/move.h"

/* CONFLICT while a verifier serves dir, and when the database is not empty. keeps_config:
 * verifier.ini is left as it is. */
PAWL_MUST_USE pawl_status migrate_to_postgres(const char *dir, const char *conninfo,
                                              bool keeps_config, move_say_fn *say,
                                              struct pawl_err *err);

#endif
