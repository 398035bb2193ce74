/* SPDX-License-Identifier: Apache-2.0 */
/* A network of IPv4 or IPv6 addresses: those whose first bits are alike. */
#ifndef VERIFIER_NETWORK_H
#define VERIFIER_NETWORK_H

#include <pawl/base.h>

#define NETWORK_ADDRESS 16 /* bytes; an IPv4 address is ::ffff:a.b.c.d, as everywhere in IPv6 */

struct network {
    uint8_t  address[NETWORK_ADDRESS];
    unsigned bits;
};

/* "ADDRESS/LEN" or "ADDRESS", which is that one alone. Errors name no field: the caller knows line
 * and key. */
PAWL_MUST_USE pawl_status network_parse(struct pawl_view text, struct network *ret,
                                        struct pawl_err *err);

/* No IPv4 address is in a network of IPv6, not even in ::/0. */
bool network_has(const struct network *n, const uint8_t address[NETWORK_ADDRESS]);

#endif
