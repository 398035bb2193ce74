/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files of the state directory: made once, durable, open to nobody but their owner. A
 * credential of systemd (LoadCredential=, LoadCredentialEncrypted=) of the same name goes before
 * the file.
 */
#ifndef VERIFIER_KEYFILE_H
#define VERIFIER_KEYFILE_H

#include <pawl/base.h>

#define KEY_FILE_MAX 4096
#define KEY_PATH_MAX 4096

/* NAME.key is in use. NAME.next.key will be, NAME.old.key was: rotate.h. */
#define SIGNING_FILE      "signing.key"
#define SIGNING_NEXT_FILE "signing.next.key"
#define SIGNING_OLD_FILE  "signing.old.key"
#define MASTER_FILE       "master.key"
#define MASTER_NEXT_FILE  "master.next.key"
#define MASTER_OLD_FILE   "master.old.key"

/* A key file's text. Wiped: it is the key. */
struct key_text {
    size_t n;
    char   s[KEY_FILE_MAX + 1]; /* NUL-terminated */
};

#define KEY_TEXT PAWL_CLEANUP(key_text_wipe) struct key_text

void key_text_wipe(struct key_text *t);

/* CONFLICT if there is a file of this name. */
PAWL_MUST_USE pawl_status key_file_absent(const char *state, const char *name,
                                          struct pawl_err *err);

/* Mode 0600. CONFLICT if it is there already: a key is never overwritten. */
PAWL_MUST_USE pawl_status key_file_make(const char *state, const char *name,
                                        const struct key_text *t, struct pawl_err *err);

/* ret is all zero before. name: what errors call it. DENIED if the file is open to others than its
 * owner. A credential of the file's name goes before it. */
PAWL_MUST_USE pawl_status key_file_read(const char *path, const char *name, struct key_text *ret,
                                        struct pawl_err *err);
/* Of the credential of this name, or else of the file. */
PAWL_MUST_USE pawl_status key_file_load(const char *state, const char *name, struct key_text *ret,
                                        struct pawl_err *err);

/* Where key_file_load reads it: *ret_credential says which of both. */
PAWL_MUST_USE pawl_status key_file_path(const char *state, const char *name, char ret[KEY_PATH_MAX],
                                        bool *ret_credential, struct pawl_err *err);

#endif
