/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's configuration: one INI file. Keys at the top, and a section [facts] of claims about
 * the device. Everything is checked when it is read; an unknown key, a key given twice or a bad
 * value is refused with file, line and key.
 *
 * Not here: `join`, which writes this file (join.h).
 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include <pawl/local.h>
#include <pawl/ratchet.h>
#include <pawl/wire.h>

#include "net/client.h"
#include "tpm/tpm.h"

#define CONFIG_PATH     "/etc/pawl/agent.ini"
#define CONFIG_STATE    "/var/lib/pawl-agent"
#define CONFIG_SECURITY "/sys/kernel/security/"
#define CONFIG_PATH_MAX 512
#define CONFIG_FILE_MAX (64 * 1024)
#define CONFIG_LINE_MAX 196 /* what libinih takes, without the line's end */
#define CONFIG_KEYS_MAX 4   /* verifier keys: current, next */

struct config_fact {
    char key[PAWL_FACT_MAX + 1], value[PAWL_FACT_MAX + 1];
};

struct config {
    bool                   closed; /* the file is there, and not ours to read: these are defaults */
    char                   tenant[PAWL_TENANT_MAX + 1];
    size_t                 verifier_n; /* what the device believes, best first */
    uint8_t                verifier[CONFIG_KEYS_MAX][PAWL_SPKI_PIN];
    struct net_config      net; /* server, tls, proxy, times */
    bool                   has_token;
    uint8_t                token_id[PAWL_TOKEN_ID];
    struct pawl_secret     token;
    char                   token_file[CONFIG_PATH_MAX];
    char                   tcti[256];
    struct tpm_keys_config keys;
    char                   state[CONFIG_PATH_MAX];
    uint64_t               interval_s, jitter_s;
    bool                   enroll; /* `run` enrols a device that is not */
    struct pawl_suites     suites;
    bool                   messages; /* false: attestation and rekeys alone */
    uint64_t               rekey_s;  /* the epoch's soft limits */
    uint64_t               rekey_messages;
    uint32_t               nv_counter;              /* NV index of the sealed state's counter */
    char                   socket[CONFIG_PATH_MAX]; /* of applications; empty: there is none */
    char                   socket_users[CONFIG_LINE_MAX]; /* beside root and our own user .. */
    char                   socket_groups[CONFIG_LINE_MAX];
    uint64_t               poll_s;               /* 0: with attestations alone */
    uint64_t               batch_ms;             /* that a message waits for others to go with it */
    uint64_t               queue_max, inbox_max; /* bytes */
    enum pawl_msg_form     message_form;
    char                   on_incident[CONFIG_LINE_MAX]; /* a command; empty: none */
    char                   event_log[CONFIG_LINE_MAX];   /* the firmware's; empty: not read */
    char                   ima_list[CONFIG_LINE_MAX];    /* .. the kernel's measurements */
    size_t                 fact_n;
    struct config_fact     fact[PAWL_FACTS_MAX]; /* in the order of deterministic CBOR */
};

/* For PAWL_CLEANUP: wipes the token. */
void config_done(struct config *c);

/* What holds without a file. */
void config_default(struct config *ret);

/* Reads the file over the defaults. ABSENT if there is none, DENIED if it holds a token that others
 * can read. */
PAWL_MUST_USE pawl_status config_load(const char *path, struct config *ret, struct pawl_err *err);

/* The same for text; name stands for the file in errors. */
PAWL_MUST_USE pawl_status config_parse(const char *name, struct pawl_view text, struct config *ret,
                                       struct pawl_err *err);

/* ABSENT, and what to do about it, unless all is there that a round with a verifier needs. */
PAWL_MUST_USE pawl_status config_has_server(const struct config *c, struct pawl_err *err);

/* DENIED if others than owner and group can read or change the file: no place for a token. */
PAWL_MUST_USE pawl_status config_check_private(const char *path, struct pawl_err *err);

/* Reads token_file where one is configured: at the moment of use, since it may be gone after
 * enrolment. DENIED if others can read it. */
PAWL_MUST_USE pawl_status config_read_token(struct config *c, struct pawl_err *err);

#endif
