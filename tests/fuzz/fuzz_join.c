/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the join string: an address, a tenant or a pin with a second spelling, and a buffer that
 * a part overruns.
 */

#include <string.h>

#include <pawl/wire.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_err  err;
    struct pawl_join j;
    char             text[512];
    char            *s = strndup((const char *)p, n);

    FUZZ_HOLDS(s);
    if (pawl_is_ok(pawl_join_parse(s, &j, &err))) {
        FUZZ_HOLDS(pawl_is_ok(pawl_join_write(&j, text, sizeof(text), &err)));
        FUZZ_HOLDS(strcmp(text, s) == 0);
    }
    free(s);
    return 0;
}
