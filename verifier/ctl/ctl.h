/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawlctl: what its commands share.
 *
 * A command is a function from arguments to an answer (JSON); a second function shows an answer to
 * people. So --json prints exactly what people see the gist of, and whatever a command cannot do is
 * one error record, one line and one exit code, in main.c.
 */
#ifndef VERIFIER_CTL_CTL_H
#define VERIFIER_CTL_CTL_H

#include <cjson/cJSON.h>

#include <pawl/crypto.h>

/* Documented in --help; scripts rely on them. */
enum ctl_exit {
    CTL_GOOD = 0,
    CTL_REFUSED = 1,  /* looked at and found bad, or refused by the verifier */
    CTL_USAGE = 2,    /* the command line */
    CTL_NO_ACCESS = 3 /* a file or the verifier cannot be reached or read */
};

enum ctl_option {
    OPT_JSON,
    OPT_AK,
    OPT_ATTEST,
    OPT_SIGNATURE,
    OPT_PCRS,
    OPT_NONCE,
    OPT_SELECT,
    OPT_EK,
    OPT_POLICY,
    OPT_ROOTS,
    OPT_INTERMEDIATES,
    OPT_JWKS,
    OPT_REQUIRE,
    OPT_SOCKET,
    OPT_TENANT,
    OPT_DEVICE,
    OPT_DEFAULT,
    OPT_VERSION_NUMBER,
    OPT_USES,
    OPT_TTL,
    OPT_FOLLOW,
    OPT_AFTER,
    OPT_OPEN,
    OPT_NOTE,
    OPT_OUT,
    OPT_ALL,
    OPT_KEY,
    OPT_EAR,
    OPT_FILE,
    OPT_PCR10,
    OPT_AT,
    OPT_EVENTLOG,
    OPT_IMA,
    OPT_RELEASE,
    OPT_TREE,
    OPT_ROOT,
    OPT_DEB,
    OPT_KEYLIME,
    OPT_GROUP,
    OPT_MODE,
    OPT_AUTHOR,
    OPT_UNTIL,
    OPT_WHAT,
    OPT_LITERAL,
    OPT_BASE,
    OPT_URL,
    OPT_TOKEN_FILE,
    OPT_CERT,
    OPT_CA,
    OPT_PIN,
    OPT_STATE,
    OPT_LABEL,
    OPT_STATUS,
    OPT_OVERDUE,
    OPT_REKEY_OVERDUE,
    OPT_BEGINS,
    OPT_LIMIT,
    OPT_TYPE,
    OPT_REMOVE,
    OPT_REQUEST,
    OPT_SERIAL,
    OPT_ROLE,
    OPT_CERTIFICATE,
    OPT_TO,
    OPT_COUNT
};

struct args {
    const char  *option[OPT_COUNT]; /* NULL: not given; "" for one without a value */
    const char  *operand, *second;  /* behind noun and verb; NULL: none */
    int          operand_n;         /* of a command that takes many .. */
    char *const *operands;          /* .. all of them */
};

/* *ret, owned by the caller, is set on success only. Where a command has more than one answer, it
 * holds the one before, and NULL at first. */
typedef pawl_status ctl_run_fn(const struct args *a, cJSON **ret, struct pawl_err *err);
typedef void        ctl_show_fn(const cJSON *answer);
/* Whether there is another answer behind this one. */
typedef bool ctl_more_fn(const struct args *a, const cJSON *answer);
/* Whether an answer is good news; otherwise the exit code is CTL_REFUSED. */
typedef bool ctl_good_fn(const cJSON *answer);

struct command {
    const char  *noun, *verb; /* verb "": the noun is all */
    const char  *usage;       /* options and operand, as --help shows them */
    const char  *what;
    uint64_t     options, needs;    /* bits of enum ctl_option; --json always may be */
    int          operands, at_most; /* at_most 0: exactly as many as operands */
    ctl_run_fn  *run;
    ctl_show_fn *show;
    ctl_more_fn *more; /* NULL: one answer */
    ctl_good_fn *good; /* NULL: an answer is good news */
};

/* Ends with a command without noun. */
extern const struct command commands[];

/* ---- commands ------------------------------------------------------------------------------- */

ctl_run_fn quote_verify, ekcert_verify, ear_verify;
ctl_run_fn eventlog_show;
ctl_run_fn device_list, device_show, device_approve, device_revoke;
ctl_run_fn device_label;
ctl_run_fn fleet_show, stream_next, completion_print;
ctl_run_fn device_rekey, device_hedge, device_key, device_group, device_evidence;
ctl_run_fn device_ear, device_revoked;
ctl_run_fn group_list, group_show, group_set, group_drop;
ctl_run_fn exception_list, exception_add, exception_end;
ctl_run_fn message_list, message_send, message_queue;
ctl_run_fn incident_list, incident_show, incident_end, incident_export, incident_verify;
ctl_run_fn audit_list, audit_verify;
ctl_run_fn ima_show;
ctl_run_fn reasons_list, why_ask;

ctl_more_fn message_more, stream_more;
ctl_good_fn incident_is_good, eventlog_is_good;
ctl_good_fn ima_is_good;
ctl_run_fn  policy_add, policy_list, policy_show, policy_make, policy_assign;
ctl_run_fn  policy_learn_any, policy_compare, policy_check, allow_list_make, appraise_bundle;
ctl_good_fn appraise_is_good;
ctl_run_fn  policy_try;
ctl_good_fn trial_is_good;
ctl_run_fn  token_create, token_list, token_drop;
ctl_run_fn  store_migrate;
ctl_run_fn  credential_add, credential_list, credential_drop, whoami;

/* ---- input.c, output.c ----------------------------------------------------------------------- */

/* Bytes that a file held; release with bytes_done. */
struct bytes {
    size_t   n;
    uint8_t *p;
};

void             bytes_done(struct bytes *b);
struct pawl_view bytes_view(const struct bytes *b);

/* A whole file, or standard input for "-". At most max bytes. IO when it cannot be read. */
PAWL_MUST_USE pawl_status input_read(const char *path, size_t max, struct bytes *ret,
                                     struct pawl_err *err);

/* A certificate in a file as DER: from DER, from an NV index, or from PEM. */
PAWL_MUST_USE pawl_status cert_read(const char *path, struct bytes *ret, struct pawl_err *err);

/* Into a new file, never over another one: it may be the only one of what it holds. */
PAWL_MUST_USE pawl_status output_new(const char *path, struct pawl_view v, struct pawl_err *err);

/* ---- keys and tokens: jwks.c, ear.c ---------------------------------------------------------- */

/* The key of this kid in the file. DENIED at where if there is none. */
PAWL_MUST_USE pawl_status jwks_key(const char *path, const char *kid, const char *where,
                                   struct pawl_public *ret, struct pawl_err *err);

/* The claims of a token (itself, @FILE, or -) that a key of the JWKS signed, whatever its time,
 * audience and status. */
PAWL_MUST_USE pawl_status ear_open(const char *operand, const char *jwks, cJSON **ret,
                                   struct pawl_err *err);

/* ---- json.c --------------------------------------------------------------------------------- */

void json_free(cJSON **j);

/* A member's own name; empty in a list. */
const char *json_name(const cJSON *m);
/* The text or number of a member; NULL or fallback when there is none of that type. */
const char *json_text(const cJSON *o, const char *name);
int64_t     json_number(const cJSON *o, const char *name, int64_t fallback);

/* That member is this text. */
bool json_says(const cJSON *o, const char *name, const char *want);

/* One object and nothing behind it, no name in it twice: of such a name some read the first and
 * some the last. */
PAWL_MUST_USE pawl_status json_parse_object(struct pawl_view text, const char *where, cJSON **ret,
                                            struct pawl_err *err);

/* False when memory ran out. */
bool json_add_hex(cJSON *o, const char *name, struct pawl_view v);
bool json_add_u64(cJSON *o, const char *name, uint64_t v);
/* An option's number, at most max, as a member of that name; none where text is NULL. */
PAWL_MUST_USE pawl_status json_add_number(cJSON *o, const char *name, const char *text,
                                          uint64_t max, struct pawl_err *err);
/* What cJSON's calls fail for. */
pawl_status json_no_memory(struct pawl_err *err);

/* ---- show*.c --------------------------------------------------------------------------------- */

/* One line for each member, nested names joined: what any answer looks like. */
ctl_show_fn show_members;
ctl_show_fn show_device, show_devices, show_moved, show_assigned;
ctl_show_fn show_credential, show_credentials, show_credential_dropped;
ctl_show_fn show_policies, show_policy, show_stored, show_tokens, show_token_dropped, show_join,
    show_ear;
ctl_show_fn show_jws;
ctl_show_fn show_labels, show_fleet, show_raw, show_queue;
ctl_show_fn show_hedge, show_messages, show_sent;
ctl_show_fn show_incidents, show_incident, show_incident_closed, show_exported, show_proof;
ctl_show_fn show_audit, show_audit_verified;
ctl_show_fn show_groups, show_group, show_dropped, show_grouped, show_evidence;
ctl_show_fn show_exceptions, show_excepted, show_exception_ended, show_trials;
ctl_show_fn show_ima;
ctl_show_fn show_eventlog;
ctl_show_fn show_catalogue, show_why;
ctl_show_fn show_migrated;
ctl_show_fn show_learned, show_text_answer, show_changes, show_appraised;

#endif
