/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue of refusals: why a request of a device was not accepted. The device learns a
 * status and no more (or a signed refusal, once its quote verified); the operator asks by the
 * request's id, the device or the serial number of its EK certificate, and gets one of these.
 *
 * Flows say what failed as field and reason (pawl_err); place.c has the table that makes a code of
 * it. docs/reasons.md is the same catalogue for people, and .ci/docs holds both together.
 */
#ifndef VERIFIER_REFUSAL_CODE_H
#define VERIFIER_REFUSAL_CODE_H

#include <pawl/wire.h>

#include "appraise/reason.h"

enum refused {
    REFUSED_NONE = 0,
    /* before anybody read it */
    REFUSED_NOT_HTTP,
    REFUSED_NO_ROUTE,
    REFUSED_TOO_LONG,
    REFUSED_MEDIA_TYPE,
    REFUSED_TOO_MANY,
    REFUSED_BUSY,
    REFUSED_NOT_UNDERSTOOD,
    REFUSED_UNKNOWN_TENANT,
    REFUSED_OTHER_VERIFIER,
    /* enrolment */
    REFUSED_TOKEN_MISSING,
    REFUSED_TOKEN_UNKNOWN,
    REFUSED_TOKEN_FORGED,
    REFUSED_TOKEN_EXPIRED,
    REFUSED_TOKEN_USED_UP,
    REFUSED_TOKEN_OF_OTHER,
    REFUSED_EK_TEMPLATE,
    REFUSED_WEAK_KEY,
    REFUSED_EK_CERT_MISSING,
    REFUSED_EK_CERT_BROKEN,
    REFUSED_EK_CERT_OTHER_KEY,
    REFUSED_EK_CERT_NO_ROOT,
    REFUSED_EK_CERT_EXPIRED,
    REFUSED_EK_CERT_REVOKED,
    REFUSED_KEY_TEMPLATE,
    REFUSED_AK_OF_OTHER,
    REFUSED_CERTIFY_WRONG,
    REFUSED_NO_COMMON_SUITE,
    REFUSED_COOKIE_WRONG,
    REFUSED_COOKIE_EXPIRED,
    REFUSED_ACTIVATION_WRONG,
    REFUSED_VALUES_MISSING,
    /* evidence */
    REFUSED_NONCE_WRONG,
    REFUSED_NONCE_EXPIRED,
    REFUSED_LABEL_UNFIT,
    REFUSED_UNKNOWN_DEVICE,
    REFUSED_OTHER_KEYS,
    REFUSED_BASE_WRONG,
    REFUSED_BASE_TOO_OFTEN,
    REFUSED_QUOTE_WRONG,
    REFUSED_QUOTE_SIGNATURE,
    REFUSED_VALUES_WRONG,
    REFUSED_APP_KEY,
    /* evidence of a device that is who it says: signed refusals */
    REFUSED_REVOKED,
    REFUSED_ATTEMPT_USED,
    REFUSED_BASE_UNKNOWN,
    REFUSED_FORKED,
    REFUSED_WAITS,
    REFUSED_SUITE,
    REFUSED_REKEY_TOO_SOON,
    REFUSED_NARROW,
    /* supplies */
    REFUSED_TICKET_WRONG,
    REFUSED_TICKET_OVER,
    REFUSED_SUPPLY_WRONG,
    REFUSED_NOT_ASKED,
    /* messages */
    REFUSED_MESSAGES_OFF,
    REFUSED_NOT_ACTIVE,
    REFUSED_NOTHING_NEW,
    REFUSED_ATTEST_FIRST,
    /* our own */
    REFUSED_STORE_FAILED,
    REFUSED_STORE_DAMAGED,
    REFUSED_NO_MEMORY,
    REFUSED_CONTENDED,
    REFUSED_BY_FAULT,
    REFUSED_OTHER, /* no row of place.c fits */
    REFUSED_COUNT
};

/* Never NULL, nor is any of its members. */
const struct reason_entry *refused_entry(enum refused r);
const char                *refused_code(enum refused r);
/* NONE if no refusal has it. */
enum refused refused_of_code(struct pawl_view code);

/* What a flow's failure is. http: the status that the client got. Never NONE. */
enum refused refused_by(int http, const struct pawl_err *err);
/* What HTTP refused before there was a flow. Never NONE. */
enum refused refused_by_http(int http);
/* Of a signed refusal; NONE for PAWL_REFUSAL_NONE. */
enum refused refused_by_name(enum pawl_refusal_code c);
/* It is a signed refusal's: the device's quote verified first. Anybody may bring about the others
 * in a device's name. */
bool refused_is_proved(enum refused r);

#endif
