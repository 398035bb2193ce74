/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed bytes. */

#include <string.h>

#include <pawl/base.h>

struct pawl_view pawl_view_str(const char *s)
{
    return pawl_view(s, strlen(s));
}

bool pawl_view_equal(struct pawl_view a, struct pawl_view b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool pawl_mac_equal(struct pawl_view a, struct pawl_view b)
{
    volatile uint8_t differ = 0;

    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        differ |= a.p[i] ^ b.p[i];
    return differ == 0;
}
