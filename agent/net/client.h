/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS to the verifier. TLS is a pipe: it hides evidence from onlookers, and nothing that comes
 * through it is believed unless it is signed. So this file judges the pipe only.
 *
 * Invariants
 *  1. TLS 1.3 and HTTPS alone; no redirect, no proxy that was not configured, nothing learned from
 *     an answer about where to go.
 *  2. An answer above its limits (PAWL_RESULT_MAX, PAWL_HEADERS_MAX) or past its time is no answer.
 *  3. Bytes count only with the content type that was asked for.
 *
 * Not here: what answers mean (flow/). Blocking; one thread. Spec: docs/protocol.md, P-TRUST-2.
 */
#ifndef AGENT_NET_CLIENT_H
#define AGENT_NET_CLIENT_H

#include <pawl/base.h>

#define NET_PINS_MAX 4

enum net_tls {
    NET_TLS_NONE = 0,
    NET_TLS_PIN,   /* the key is one of pin[]; chain, name and dates are not judged */
    NET_TLS_CA,    /* chain to a file of roots, and the name */
    NET_TLS_SYSTEM /* the same with the system's roots */
};

struct net_config {
    char         server[300]; /* host:port, IPv6 in brackets */
    enum net_tls tls;
    size_t       pin_n;
    uint8_t      pin[NET_PINS_MAX][PAWL_SPKI_PIN]; /* SHA-256 of the TLS key's SPKI */
    char         ca[512];
    char         proxy[256]; /* empty: none, whatever the environment says */
    unsigned     connect_s;  /* for name, TCP and TLS */
    unsigned     total_s;    /* for a whole request, however slowly it drips */
    bool (*stop)(void);      /* NULL, or asked about once a second: true gives up */
};

struct net;

PAWL_MUST_USE pawl_status net_open(const struct net_config *cfg, struct net **ret,
                                   struct pawl_err *err);
void                      net_close(struct net **n);

struct net_answer {
    int              status;        /* HTTP */
    struct pawl_view body;          /* of 200 and 409, else empty; good until the next request */
    char             request[40];   /* Pawl-Request, for the log; empty without */
    uint64_t         retry_after_s; /* unsigned, so good for waiting longer only */
};

/* POST of PAWL_MEDIA_TYPE, and GET of JSON. *ret also for HTTP errors. Fails with IO when the
 * server cannot be reached or does not answer in time, FORGED when its TLS key or chain is not the
 * configured one, RANGE for too long an answer, FORM for another content type. */
PAWL_MUST_USE pawl_status net_post(struct net *n, const char *path, struct pawl_view body,
                                   struct net_answer *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status net_get_json(struct net *n, const char *path, struct net_answer *ret,
                                       struct pawl_err *err);

#endif
