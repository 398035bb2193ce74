/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of a connection. */
#ifndef VERIFIER_HTTP_PEER_H
#define VERIFIER_HTTP_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct peer {
    bool            is_local; /* a Unix socket's */
    struct in6_addr address;  /* IPv4 mapped into it */
    uint64_t        net;      /* its IPv4 address, or the first half of its IPv6 one */
    char            text[INET6_ADDRSTRLEN]; /* "192.0.2.1", "2001:db8::1"; "local" */
};

/* Whom the socket is connected to; an IPv4 address in IPv6 is taken for what it is. */
struct peer peer_of(int fd);

struct peer peer_of_ipv4(const struct in_addr *a);
struct peer peer_of_ipv6(const struct in6_addr *a);

#endif
