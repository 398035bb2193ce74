/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup of a state directory, made while a verifier serves it, and what puts it back.
 *
 * A backup is a directory: a copy of the database as it was at one moment, configuration,
 * certificates, and (unless they are left out) keys. backup.json in it is written last.
 *
 * Invariants
 *  1. A backup and what is restored appear whole or not at all (staged.h).
 *  2. Nothing without a good backup.json is restored: half of a backup is none.
 *  3. What is restored says so to itself, before it has its name: devices find back in step by
 *     themselves, whatever happened since the backup.
 *  4. Who was revoked since is revoked in what is restored, if a list of them is there: before it
 *     has its name, too.
 */
#ifndef VERIFIER_BACKUP_H
#define VERIFIER_BACKUP_H

#include "relist.h"

/* CONFLICT if `to` holds anything. UNSUPPORTED never stops it: what is in PostgreSQL is not in it,
 * and *ret_database says whether the database is. */
PAWL_MUST_USE pawl_status backup_make(const char *dir, const char *to, bool without_keys,
                                      bool *ret_database, struct pawl_err *err);

struct restored {
    bool    keys;     /* false: they are still to be put there */
    bool    database; /* false: it is in PostgreSQL */
    int64_t made_s;   /* when the backup was made; 0: it does not say */
};

/* CONFLICT if dir holds anything; FORM for what is no whole backup or was changed; UNSUPPORTED for
 * one of a newer program, and for revoked devices (n > 0) without keys or database. */
PAWL_MUST_USE pawl_status backup_restore(const char *from, const char *dir, struct relist *revoked,
                                         struct restored *ret, struct pawl_err *err);

#endif
