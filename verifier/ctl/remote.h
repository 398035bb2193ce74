/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the verifier is, and who asks: from options, and what they leave open from the environment.
 * Secrets are read from files that the operator names and never stand on the command line, which
 * every user of a host may read.
 */
#ifndef VERIFIER_CTL_REMOTE_H
#define VERIFIER_CTL_REMOTE_H

#include "ctl/ctl.h"

#define REMOTE_SOCKET "/var/lib/pawl/operator.sock"

struct remote {
    const char *url;    /* "https://HOST:PORT", without a path; NULL: .. */
    const char *socket; /* .. the one of this host */
    const char *ca, *pin, *token_file, *cert, *key; /* NULL: none; for a url alone */
};

/* BUG at "usage" for options that contradict each other; FORM, naming the option. The texts are the
 * arguments' and the environment's. */
PAWL_MUST_USE pawl_status remote_find(const struct args *a, struct remote *ret,
                                      struct pawl_err *err);

/* What to call it in an error. */
const char *remote_name(const struct remote *r);

/* IO for a file with a secret that others may read. */
PAWL_MUST_USE pawl_status remote_secret_file(const char *path, struct pawl_err *err);

/* "Authorization: Bearer .." of the token in the file, whose bytes are visible ASCII; wiped by the
 * caller. */
#define REMOTE_HEADER_MAX 600
PAWL_MUST_USE pawl_status remote_header(const struct remote *r, char ret[REMOTE_HEADER_MAX],
                                        struct pawl_err *err);

/* The pin as curl takes it: "sha256//", base64 with padding. */
#define REMOTE_PIN_MAX 64
PAWL_MUST_USE pawl_status remote_pin(const struct remote *r, char ret[REMOTE_PIN_MAX],
                                     struct pawl_err *err);

#endif
