/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a failure to its code: by the place (pawl_err.where), its kind, and where one place has
 * several reasons, how the reason begins. The first row that fits counts. The flows' tests hold
 * every refusal that they make against this table.
 */
#include <string.h>

#include "refusal/code.h"

struct row {
    const char    *where; /* a '*' at the end: and all that begins so */
    enum pawl_code code;  /* NONE: any */
    const char    *why;   /* how it begins; NULL: any */
    enum refused   is;
};

static const struct row rows[] = {
    /* enrolment */
    { "enrol.token", PAWL_E_FORGED, NULL, REFUSED_TOKEN_FORGED },
    { "enrol.token", PAWL_E_EXPIRED, NULL, REFUSED_TOKEN_EXPIRED },
    { "enrol.token", PAWL_E_DENIED, "this tenant", REFUSED_TOKEN_MISSING },
    { "enrol.token", PAWL_E_DENIED, "no such", REFUSED_TOKEN_UNKNOWN },
    { "enrol.token", PAWL_E_DENIED, "no use", REFUSED_TOKEN_USED_UP },
    { "enrol.token", PAWL_E_DENIED, "it was made", REFUSED_TOKEN_OF_OTHER },
    { "enrol.ek_public.unique.rsa", PAWL_E_DENIED, NULL, REFUSED_WEAK_KEY },
    { "enrol.ak_public.unique.rsa", PAWL_E_DENIED, NULL, REFUSED_WEAK_KEY },
    { "enrol.td_public.unique.rsa", PAWL_E_DENIED, NULL, REFUSED_WEAK_KEY },
    { "enrol.ek_public*", PAWL_E_NONE, NULL, REFUSED_EK_TEMPLATE },
    { "enrol.ak_public", PAWL_E_DENIED, "belongs", REFUSED_AK_OF_OTHER },
    { "enrol.ak_public*", PAWL_E_NONE, NULL, REFUSED_KEY_TEMPLATE },
    { "enrol.td_public*", PAWL_E_NONE, NULL, REFUSED_KEY_TEMPLATE },
    { "enrol.ek_cert", PAWL_E_DENIED, "none was sent", REFUSED_EK_CERT_MISSING },
    { "enrol.ek_cert.revoked", PAWL_E_NONE, NULL, REFUSED_EK_CERT_REVOKED },
    { "enrol.ek_cert.subjectPublicKeyInfo", PAWL_E_DENIED, NULL, REFUSED_EK_CERT_OTHER_KEY },
    { "enrol.ek_cert.basicConstraints", PAWL_E_NONE, NULL, REFUSED_EK_CERT_BROKEN },
    { "enrol.ek_cert.keyUsage", PAWL_E_NONE, NULL, REFUSED_EK_CERT_BROKEN },
    { "enrol.ek_cert.extKeyUsage", PAWL_E_NONE, NULL, REFUSED_EK_CERT_BROKEN },
    { "enrol.ek_cert*", PAWL_E_EXPIRED, NULL, REFUSED_EK_CERT_EXPIRED },
    { "enrol.ek_cert*", PAWL_E_DENIED, NULL, REFUSED_EK_CERT_NO_ROOT },
    { "enrol.ek_cert*", PAWL_E_FORGED, NULL, REFUSED_EK_CERT_NO_ROOT },
    { "enrol.ek_cert*", PAWL_E_NONE, NULL, REFUSED_EK_CERT_BROKEN },
    { "enrol.certify*", PAWL_E_NONE, NULL, REFUSED_CERTIFY_WRONG },
    { "enrol.suites", PAWL_E_NONE, NULL, REFUSED_NO_COMMON_SUITE },
    { "evidence.cookie", PAWL_E_FORM, NULL, REFUSED_LABEL_UNFIT },
    { "evidence.cookie", PAWL_E_EXPIRED, NULL, REFUSED_COOKIE_EXPIRED },
    { "evidence.cookie", PAWL_E_NONE, NULL, REFUSED_COOKIE_WRONG },
    { "A1.*", PAWL_E_DENIED, "is not the one that the cookie", REFUSED_COOKIE_WRONG },
    { "A1.suite", PAWL_E_DENIED, NULL, REFUSED_COOKIE_WRONG },
    { "evidence.mac_base", PAWL_E_FORGED, "is not made with the activated",
      REFUSED_ACTIVATION_WRONG },
    { "evidence.pcrs", PAWL_E_ABSENT, NULL, REFUSED_VALUES_MISSING },
    { "A1.ak_name", PAWL_E_DENIED, "belongs", REFUSED_AK_OF_OTHER },
    /* evidence */
    { "A1.nonce", PAWL_E_EXPIRED, NULL, REFUSED_NONCE_EXPIRED },
    { "A1.nonce", PAWL_E_NONE, NULL, REFUSED_NONCE_WRONG },
    { "A1.device_id", PAWL_E_ABSENT, NULL, REFUSED_UNKNOWN_DEVICE },
    { "A1.ak_name", PAWL_E_DENIED, NULL, REFUSED_OTHER_KEYS },
    { "A1.td_name", PAWL_E_DENIED, NULL, REFUSED_OTHER_KEYS },
    { "evidence.mac_base", PAWL_E_NONE, NULL, REFUSED_BASE_WRONG },
    { "A1.base_epoch", PAWL_E_DENIED, NULL, REFUSED_BASE_TOO_OFTEN },
    { "A1.*", PAWL_E_FORM, NULL, REFUSED_LABEL_UNFIT },
    { "A1.E_D*", PAWL_E_NONE, NULL, REFUSED_LABEL_UNFIT },
    { "evidence.pcrs*", PAWL_E_NONE, NULL, REFUSED_VALUES_WRONG },
    { "quote*", PAWL_E_NONE, NULL, REFUSED_QUOTE_WRONG },
    { "app_key*", PAWL_E_NONE, NULL, REFUSED_APP_KEY },
    { "signature*", PAWL_E_NONE, NULL, REFUSED_QUOTE_SIGNATURE },
    /* supplies */
    { "supply.ticket", PAWL_E_EXPIRED, NULL, REFUSED_TICKET_OVER },
    { "supply.ticket", PAWL_E_DENIED, "the device is revoked", REFUSED_REVOKED },
    { "supply.ticket", PAWL_E_NONE, NULL, REFUSED_TICKET_WRONG },
    { "supply.*", PAWL_E_DENIED, NULL, REFUSED_NOT_ASKED },
    { "supply.*", PAWL_E_NONE, NULL, REFUSED_SUPPLY_WRONG },
    /* messages */
    { "messages.tenant", PAWL_E_DENIED, "takes no", REFUSED_MESSAGES_OFF },
    { "messages.device_id", PAWL_E_DENIED, NULL, REFUSED_NOT_ACTIVE },
    { "messages.COSE", PAWL_E_DENIED, "nothing new", REFUSED_NOTHING_NEW },
    { "messages.COSE", PAWL_E_DENIED, "too many", REFUSED_ATTEST_FIRST },
    { "messages.*", PAWL_E_ABSENT, NULL, REFUSED_UNKNOWN_DEVICE },
    { "messages.store.*", PAWL_E_FORM, NULL, REFUSED_STORE_DAMAGED },
    /* what we wrapped ourselves */
    { "generation*", PAWL_E_NONE, NULL, REFUSED_STORE_DAMAGED },
    { "ratchet*", PAWL_E_NONE, NULL, REFUSED_STORE_DAMAGED },
    { "wrapped*", PAWL_E_NONE, NULL, REFUSED_STORE_DAMAGED },
    { "downlink*", PAWL_E_NONE, NULL, REFUSED_STORE_DAMAGED },
    { "inbox*", PAWL_E_NONE, NULL, REFUSED_STORE_DAMAGED },
    { "papers*", PAWL_E_NONE, NULL, REFUSED_STORE_DAMAGED },
    { "store.*", PAWL_E_FORM, NULL, REFUSED_STORE_DAMAGED },
    /* all */
    { "rate.*", PAWL_E_NONE, NULL, REFUSED_TOO_MANY },
    { "enrol.tenant", PAWL_E_DENIED, NULL, REFUSED_UNKNOWN_TENANT },
    { "challenge.tenant", PAWL_E_DENIED, NULL, REFUSED_UNKNOWN_TENANT },
    { "A1.tenant", PAWL_E_DENIED, NULL, REFUSED_UNKNOWN_TENANT },
    { "messages.tenant", PAWL_E_DENIED, NULL, REFUSED_UNKNOWN_TENANT },
    { "enrol.verifier_id", PAWL_E_DENIED, NULL, REFUSED_OTHER_VERIFIER },
    { "A1.verifier_id", PAWL_E_DENIED, NULL, REFUSED_OTHER_VERIFIER },
};

static bool begins(const char *text, const char *with, size_t n)
{
    return strncmp(text, with, n) == 0;
}

static bool is_at(const char *pattern, const char *where)
{
    size_t n = strlen(pattern);

    return pattern[n - 1] == '*' ? begins(where, pattern, n - 1) : strcmp(where, pattern) == 0;
}

static bool fits(const struct row *r, const struct pawl_err *err)
{
    return is_at(r->where, err->where) && (r->code == PAWL_E_NONE || r->code == err->code) &&
           (!r->why || begins(err->why, r->why, strlen(r->why)));
}

/* Failures that no client can bring about. */
static enum refused own_failure(enum pawl_code code)
{
    switch (code) {
    case PAWL_E_IO:
        return REFUSED_STORE_FAILED;
    case PAWL_E_MEMORY:
        return REFUSED_NO_MEMORY;
    case PAWL_E_CONFLICT:
        return REFUSED_CONTENDED;
    case PAWL_E_NONE:
    case PAWL_E_CRYPTO:
    case PAWL_E_BUG:
        return REFUSED_BY_FAULT;
    default:
        return REFUSED_NONE;
    }
}

enum refused refused_by(int http, const struct pawl_err *err)
{
    enum refused own = own_failure(err->code);

    if (own)
        return own;
    if (http == 400)
        return REFUSED_NOT_UNDERSTOOD;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (fits(&rows[i], err))
            return rows[i].is;
    return REFUSED_OTHER;
}

enum refused refused_by_http(int http)
{
    switch (http) {
    case 400:
    case 431:
        return REFUSED_NOT_HTTP;
    case 404:
    case 405:
    case 501:
        return REFUSED_NO_ROUTE;
    case 413:
        return REFUSED_TOO_LONG;
    case 415:
        return REFUSED_MEDIA_TYPE;
    case 429:
        return REFUSED_TOO_MANY;
    case 503:
        return REFUSED_BUSY;
    default:
        return REFUSED_OTHER;
    }
}

enum refused refused_by_name(enum pawl_refusal_code c)
{
    static const enum refused is[PAWL_REFUSAL_COUNT] = {
        [PAWL_REFUSAL_NONE] = REFUSED_NONE,
        [PAWL_REFUSAL_ATTEMPT] = REFUSED_ATTEMPT_USED,
        [PAWL_REFUSAL_UNKNOWN_BASE] = REFUSED_BASE_UNKNOWN,
        [PAWL_REFUSAL_FORKED] = REFUSED_FORKED,
        [PAWL_REFUSAL_WAIT_FOR_APPROVAL] = REFUSED_WAITS,
        [PAWL_REFUSAL_REVOKED] = REFUSED_REVOKED,
        [PAWL_REFUSAL_SUITE] = REFUSED_SUITE,
        [PAWL_REFUSAL_REKEY_TOO_SOON] = REFUSED_REKEY_TOO_SOON,
        [PAWL_REFUSAL_FULL_EVIDENCE_WANTED] = REFUSED_NARROW,
    };

    return (unsigned)c < PAWL_REFUSAL_COUNT ? is[c] : REFUSED_OTHER;
}

bool refused_is_proved(enum refused r)
{
    for (int c = PAWL_REFUSAL_NONE + 1; c < PAWL_REFUSAL_COUNT; c++)
        if (refused_by_name((enum pawl_refusal_code)c) == r)
            return true;
    return false;
}
