/* SPDX-License-Identifier: Apache-2.0 */
/* The table of advisories, and who is in it. */
#include "appraise/firmware.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VERSION(a, b, c, d) ((uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (uint64_t)(c) << 16 | (d))

#define INFINEON "id:49465800"
#define NUVOTON  "id:4E544300"
#define ST       "id:53544D20"

/* A row for each line of firmware that has its own correction. The number is the public one; what
 * is affected and what is good says the vendor, who is named above his rows. */
static const struct firmware_advisory advisories[] = {
    /* Infineon, "TPM update": RSA keys that anybody can factor (ROCA, K17). The keys that we see
     * are tested; this is about those that the device makes for others. */
    { INFINEON, VERSION(5, 0, 0, 0), VERSION(5, 62, 0, 0), "CVE-2017-15361" },
    { INFINEON, VERSION(6, 0, 0, 0), VERSION(6, 43, 0, 0), "CVE-2017-15361" },
    { INFINEON, VERSION(7, 0, 0, 0), VERSION(7, 62, 0, 0), "CVE-2017-15361" },
    { INFINEON, VERSION(133, 0, 0, 0), VERSION(133, 33, 0, 0), "CVE-2017-15361" },
    /* STMicroelectronics, "TPM firmware update, ECDSA signature generation" (TPM-Fail, K18): the
     * time that a signature takes tells the key. Every affected version of a line is below these;
     * some of them are updated to a later one (73.8 to 73.64). */
    { ST, VERSION(71, 0, 0, 0), VERSION(71, 16, 0, 0), "CVE-2019-16863" },
    { ST, VERSION(73, 0, 0, 0), VERSION(73, 20, 0, 0), "CVE-2019-16863" },
    { ST, VERSION(74, 0, 0, 0), VERSION(74, 20, 0, 0), "CVE-2019-16863" },
    /* Nuvoton SA-002 (timing of ECC signatures), SA-003 (VU#782720: memory behind a parameter is
     * written). The version that corrects VU#282450 is named by Dell, DSA-2025-232. */
    { NUVOTON, VERSION(7, 2, 0, 0), VERSION(7, 2, 2, 0), "CVE-2020-25082" },
    { NUVOTON, VERSION(1, 3, 0, 1), VERSION(1, 3, 2, 20), "CVE-2023-1017" },
    { NUVOTON, VERSION(7, 2, 0, 0), VERSION(7, 2, 4, 1), "CVE-2025-2884" },
};

static const struct firmware_advisory *const advisories_end = advisories +
                                                              sizeof(advisories) /
                                                                  sizeof(advisories[0]);

const struct firmware_advisory *firmware_advisory_next(const struct firmware_advisory *last,
                                                       const char *manufacturer, uint64_t lowest,
                                                       uint64_t highest)
{
    for (const struct firmware_advisory *a = last ? last + 1 : advisories; a < advisories_end; a++)
        if (strcasecmp(a->manufacturer, manufacturer) == 0 && lowest >= a->first &&
            highest < a->good)
            return a;
    return NULL;
}

bool firmware_of_certificate(const char *version, uint32_t *ret)
{
    uint8_t         b[4];
    struct pawl_err ignored;

    if (strncmp(version, "id:", 3) != 0 ||
        !pawl_is_ok(pawl_hex_parse_exact(version + 3, "version", b, sizeof(b), &ignored)))
        return false;
    struct pawl_rd r = pawl_rd_from(PAWL_VIEW_OF(b));
    *ret = pawl_rd_u32(&r, "version");
    return true;
}

void firmware_text(uint64_t firmware, char ret[FIRMWARE_TEXT])
{
    snprintf(ret, FIRMWARE_TEXT, "%" PRIu16 ".%" PRIu16 ".%" PRIu16 ".%" PRIu16,
             (uint16_t)(firmware >> 48), (uint16_t)(firmware >> 32), (uint16_t)(firmware >> 16),
             (uint16_t)firmware);
}
