/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM firmware that an advisory names: rows K17 to K19 of docs/appraisal.md. Pure.
 *
 * A firmware version has 64 bits, as TPMS_ATTEST has it: four numbers of 16. Of a TPM that no row
 * of the table names nothing is said, neither good nor bad.
 */
#ifndef VERIFIER_APPRAISE_FIRMWARE_H
#define VERIFIER_APPRAISE_FIRMWARE_H

#include <pawl/base.h>

struct firmware_advisory {
    const char *manufacturer; /* as in EK certificates: "id:53544D20" */
    uint64_t    first, good;  /* affected: first and above, below good */
    const char *number;       /* "CVE-2019-16863" */
};

/* The first row behind last (NULL: of all) that names every version from lowest to highest. NULL:
 * there is none. Whoever knows the version gives it twice. */
const struct firmware_advisory *firmware_advisory_next(const struct firmware_advisory *last,
                                                       const char *manufacturer, uint64_t lowest,
                                                       uint64_t highest);

/* The upper half of the firmware version, from the TPMVersion of an EK certificate: "id:00490008".
 * False if it has another form, as many vendors' have: then *ret stays. */
bool firmware_of_certificate(const char *version, uint32_t *ret);

/* "73.8.17568.5511" */
#define FIRMWARE_TEXT 24
void firmware_text(uint64_t firmware, char ret[FIRMWARE_TEXT]);

#endif
