/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at what an NV index of EK certificates holds: a length that leads out of the index, a header
 * or padding that changes what is read, a text from inside the certificate that gets out unescaped.
 */

#include <pawl/crypto.h>

#include "fuzz.h"

static bool is_plain(const char *text, size_t room)
{
    size_t n = strnlen(text, room);

    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return n < room;
}

/* The certificate alone, without what was around it, says the same. */
static void says_the_same_alone(struct pawl_view der, const struct pawl_ek_cert *c)
{
    struct pawl_ek_cert alone;
    struct pawl_err     err;

    memset(&alone, 0, sizeof(alone));
    FUZZ_HOLDS(pawl_is_ok(pawl_ek_cert_parse(der, &alone, &err)));
    FUZZ_HOLDS(pawl_public_equal(&alone.key, &c->key) && alone.der_n == der.n);
    FUZZ_HOLDS(!strcmp(alone.serial, c->serial) && !strcmp(alone.subject, c->subject));
    FUZZ_HOLDS(alone.not_after_s == c->not_after_s && alone.is_ca == c->is_ca);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_view    der;
    struct pawl_ek_cert c;
    struct pawl_err     err = { 0 };

    FUZZ_POISON(&der);
    pawl_status s = pawl_ek_cert_der(pawl_view(p, n), &der, &err);
    if (pawl_is_ok(s))
        FUZZ_HOLDS(der.p >= p && der.p + der.n <= p + n && der.n && der.p[0] == 0x30);
    else
        FUZZ_REFUSED(s, &err, &der);
    bool has_der = pawl_is_ok(s);

    FUZZ_POISON(&c);
    s = pawl_ek_cert_parse(pawl_view(p, n), &c, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &c);
        return 0;
    }
    FUZZ_HOLDS(has_der && c.der_n == der.n);
    FUZZ_HOLDS(pawl_is_ok(pawl_public_check(&c.key, &err)));
    FUZZ_HOLDS(is_plain(c.manufacturer, sizeof(c.manufacturer)) &&
               is_plain(c.model, sizeof(c.model)) && is_plain(c.version, sizeof(c.version)) &&
               is_plain(c.subject, sizeof(c.subject)) && is_plain(c.issuer, sizeof(c.issuer)) &&
               is_plain(c.serial, sizeof(c.serial)));
    says_the_same_alone(der, &c);
    return 0;
}
