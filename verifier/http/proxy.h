/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of the PROXY protocol, which a balancer puts in front of a connection that it passes
 * on: version 2, binary, and version 1, a line of text (nginx sends no other).
 *
 * Pure: bytes in, an address out. Whose header is believed, and how it is read, stands in gate.c.
 *
 * Spec: doc/proxy-protocol.txt of HAProxy.
 */
#ifndef VERIFIER_HTTP_PROXY_H
#define VERIFIER_HTTP_PROXY_H

#include <pawl/base.h>

#include "http/peer.h"

/* The smallest segment that TCP guarantees, which the specification wants a header to fit in. */
#define PROXY_HEADER_MAX 536

struct proxy_header {
    bool        has_source; /* false: the balancer's own connection, or it does not know whose */
    struct peer source;
};

/* How long the header is that begins with these bytes; 0 while that cannot be told, and then all of
 * them are its own. Fails with FORM if no header begins so, with RANGE if it is too long. */
PAWL_MUST_USE pawl_status proxy_size(struct pawl_view in, size_t *ret, struct pawl_err *err);

/* A whole header and nothing else. *ret is set only on success. Destination, ports and what follows
 * behind the addresses are checked for their form and not kept. Fails with SHORT, TRAILING, FORM,
 * RANGE or UNSUPPORTED; err->where is the field by the specification's name. */
PAWL_MUST_USE pawl_status proxy_parse(struct pawl_view in, struct proxy_header *ret,
                                      struct pawl_err *err);

#endif
