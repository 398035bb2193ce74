/* SPDX-License-Identifier: Apache-2.0 */
#include "network.h"

#include <arpa/inet.h>
#include <string.h>

#define IPV4_BITS 96 /* in front of an IPv4 address */

static const uint8_t ipv4_prefix[IPV4_BITS / 8] = { [10] = 0xff, [11] = 0xff };

/* Bit i of an address, the first one is 0. */
static bool bit(const uint8_t *address, unsigned i)
{
    return address[i / 8] >> (7 - i % 8) & 1;
}

/* The first n bits are alike. */
static bool alike(const uint8_t *a, const uint8_t *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (bit(a, i) != bit(b, i))
            return false;
    return true;
}

pawl_status network_parse(struct pawl_view text, struct network *ret, struct pawl_err *err)
{
    struct network n = { 0 };
    char           copy[INET6_ADDRSTRLEN + sizeof("/128")] = "";
    uint64_t       len;

    if (text.n >= sizeof(copy))
        return pawl_fail(err, PAWL_E_RANGE, "", "an address with %zu characters", text.n);
    memcpy(copy, text.p, text.n);
    char *slash = strchr(copy, '/');
    if (slash)
        *slash = 0;
    bool is_ipv4 = inet_pton(AF_INET, copy, n.address + sizeof(ipv4_prefix)) == 1;
    if (is_ipv4)
        memcpy(n.address, ipv4_prefix, sizeof(ipv4_prefix));
    else if (inet_pton(AF_INET6, copy, n.address) != 1)
        return pawl_fail(err, PAWL_E_FORM, "", "is not ADDRESS or ADDRESS/LEN");
    unsigned first = is_ipv4 ? IPV4_BITS : 0, all = 8 * NETWORK_ADDRESS;
    len = all - first;
    if (slash)
        PAWL_TRY(pawl_u64_parse(slash + 1, "", all - first, &len, err));
    n.bits = first + (unsigned)len;
    for (unsigned i = n.bits; i < all; i++)
        if (bit(n.address, i))
            return pawl_fail(err, PAWL_E_FORM, "", "%s has bits behind the first %u", copy,
                             (unsigned)len);
    *ret = n;
    return pawl_ok();
}

bool network_has(const struct network *n, const uint8_t address[NETWORK_ADDRESS])
{
    if (n->bits < IPV4_BITS && alike(address, ipv4_prefix, IPV4_BITS))
        return false;
    return alike(address, n->address, n->bits);
}
