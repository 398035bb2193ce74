/* SPDX-License-Identifier: Apache-2.0 */
#include "http/peer.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

/* Apart from every IPv6 network: ::ffff:0:0/96 holds IPv4 addresses and nothing else. */
#define IPV4_NET ((uint64_t)0xffff << 32)

struct peer peer_of_ipv4(const struct in_addr *a)
{
    struct peer p = { .net = IPV4_NET | ntohl(a->s_addr) };

    p.address.s6_addr[10] = p.address.s6_addr[11] = 0xff;
    memcpy(p.address.s6_addr + 12, a, sizeof(*a));
    inet_ntop(AF_INET, a, p.text, sizeof(p.text));
    return p;
}

struct peer peer_of_ipv6(const struct in6_addr *a)
{
    struct peer    p = { .address = *a };
    struct in_addr mapped;

    if (IN6_IS_ADDR_V4MAPPED(a)) {
        memcpy(&mapped, a->s6_addr + 12, sizeof(mapped));
        return peer_of_ipv4(&mapped);
    }
    for (size_t i = 0; i < sizeof(p.net); i++)
        p.net = p.net << 8 | a->s6_addr[i];
    inet_ntop(AF_INET6, a, p.text, sizeof(p.text));
    return p;
}

struct peer peer_of(int fd)
{
    struct sockaddr_storage a = { 0 };
    socklen_t               n = sizeof(a);

    /* One that is gone already has no address: it is nobody's in particular. */
    if (getpeername(fd, (struct sockaddr *)&a, &n) != 0)
        return (struct peer){ .text = "unknown" };
    if (a.ss_family == AF_INET)
        return peer_of_ipv4(&((const struct sockaddr_in *)&a)->sin_addr);
    if (a.ss_family == AF_INET6)
        return peer_of_ipv6(&((const struct sockaddr_in6 *)&a)->sin6_addr);
    return (struct peer){ .is_local = true, .text = "local" };
}
