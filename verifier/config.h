/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's configuration: STATE/verifier.ini and what it points to. Paths in it are relative
 * to the state directory.
 */
#ifndef VERIFIER_CONFIG_H
#define VERIFIER_CONFIG_H

#include <pawl/tpm.h>
#include <pawl/wire.h>

#include "network.h"

#define CONFIG_PATH_MAX    512
#define CONFIG_TENANTS_MAX 16
#define CONFIG_WORKERS_MAX 64
#define CONFIG_PROXIES_MAX 16

enum admission {
    ADMISSION_NONE = 0,
    ADMISSION_APPROVE, /* a new device waits for the operator, unless it brings a token */
    ADMISSION_TOKEN,   /* no enrolment without a token */
    ADMISSION_OPEN,    /* whoever has a good EK certificate */
    ADMISSION_COUNT
};

struct tenant_config {
    char                      name[PAWL_TENANT_MAX + 1];
    enum admission            admission;
    bool                      reenrol_auto; /* a known device may enrol again without approval */
    char                      roots[CONFIG_PATH_MAX];     /* directory of vendors' EK roots */
    char                      lab_roots[CONFIG_PATH_MAX]; /* of test TPMs; empty: none are taken */
    char                      intermediates[CONFIG_PATH_MAX];
    char                      revoked[CONFIG_PATH_MAX]; /* certificates that are trusted no more */
    struct pawl_pcr_selection pcrs;                     /* what an ordinary attest quotes */
    struct pawl_suites        suites;
    uint64_t                  ear_ttl_s;
    bool                      resync_auto;       /* a lost root may be replaced without approval */
    bool                      messages;          /* off: attestation alone */
    uint64_t                  message_keep_days; /* what consumers have not read by then is gone */
    uint64_t                  late_window_s;     /* attested slots may still arrive that long */
    uint64_t                  downlink_max;      /* messages that wait for one device */
    bool                      hold_messages;     /* on_incident = hold-messages; else notify */
    bool                      heal_by_operator;  /* heal = operator; else rekey */
    uint64_t                  enrolments_per_minute; /* without a token; 0: any number */
    uint64_t                  attests_per_minute;    /* of one device; 0: any number */
    uint64_t                  overdue_after;         /* intervals of the device without an attest */
    uint64_t                  rekey_overdue_s;       /* age of keys of which is told; 0: of none */
    bool                      keep_evidence;         /* keep_evidence = last; else none */
    char                      webhook[CONFIG_PATH_MAX];     /* URL that gets the feed; empty */
    char                      webhook_key[CONFIG_PATH_MAX]; /* file with its HMAC key */
};

struct verifier_config {
    char                 state[CONFIG_PATH_MAX];            /* the state directory, absolute */
    char                 listen[128];                       /* address:port of the device side */
    char                 address[256];                      /* what devices are told: host:port */
    char                 operator_socket[CONFIG_PATH_MAX];  /* of pawlctl */
    char                 operator_listen[128];              /* address:port; empty: none */
    char                 operator_clients[CONFIG_PATH_MAX]; /* CA certificates; empty: any */
    bool                 on_postgres;                       /* store = postgres; else sqlite */
    char                 postgres[CONFIG_PATH_MAX]; /* libpq's connection string; or empty */
    unsigned             workers;
    uint64_t             request_timeout_s; /* for a whole request, however slow the client */
    uint64_t             idle_timeout_s;    /* of a kept-alive connection */
    uint64_t             connections_max;
    uint64_t             address_rate;        /* requests a second of one address; 0: any number */
    uint64_t             address_connections; /* open ones of one address; 0: any number */
    struct network       proxy[CONFIG_PROXIES_MAX]; /* balancers whose PROXY header is believed */
    size_t               proxy_n;
    bool                 log_json; /* a line of the log is an object; else text */
    size_t               tenant_n;
    struct tenant_config tenant[CONFIG_TENANTS_MAX];
};

/* Reads STATE/verifier.ini strictly: unknown sections, unknown keys, bad values are refused with
 * file, line and key. */
PAWL_MUST_USE pawl_status config_load(const char *state, struct verifier_config *ret,
                                      struct pawl_err *err);

/* NULL if there is no such tenant. */
const struct tenant_config *config_tenant(const struct verifier_config *c, struct pawl_view name);

#endif
