/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the verifier's result as the device reads it: a token that the key did not sign, or for
 * another request, and a reason that writes more than text into the log. Seeds are header and
 * claims (jws.h); TH1 is 32 bytes of 0x11.
 */

#include "flow/ear.h"
#include "jws.h"

static bool is_plain(const char *text, size_t room)
{
    if (!memchr(text, 0, room))
        return false;
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static char     text[JWS_MAX];
    bool            is_signed;
    size_t          text_n = jws_from(pawl_view(p, n), text, &is_signed);
    uint8_t         th1[32];
    struct ear      e;
    struct pawl_err err = { 0 };

    memset(th1, 0x11, sizeof(th1));
    FUZZ_POISON(&e);
    pawl_status s = ear_check(pawl_view(text, text_n), pawl_private_public(jws_key()), th1, &e,
                              &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &e);
        return 0;
    }
    FUZZ_HOLDS(is_signed);
    FUZZ_HOLDS(memmem(p, n, "ERERERERERERERERERERERERERERERERERERERERERE", 43));
    FUZZ_HOLDS((unsigned)e.status < EAR_STATUS_COUNT && (unsigned)e.software < EAR_STATUS_COUNT &&
               (unsigned)e.keys < EAR_STATUS_COUNT && (unsigned)e.incident < INCIDENT_KIND_COUNT);
    FUZZ_HOLDS(is_plain(e.why, sizeof(e.why)) && is_plain(e.coverage, sizeof(e.coverage)) &&
               is_plain(e.release, sizeof(e.release)));

    th1[31] ^= 1;
    FUZZ_HOLDS(!pawl_is_ok(
        ear_check(pawl_view(text, text_n), pawl_private_public(jws_key()), th1, &e, &err)));
    return 0;
}
