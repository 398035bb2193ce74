/* SPDX-License-Identifier: Apache-2.0 */
#include "state/attempts.h"

#include <inttypes.h>
#include <stdio.h>

#include "state/file.h"
#include "state/json.h"

enum { FILE_MAX = 256 };

pawl_status attempts_open(int dir, struct attempts *ret, struct pawl_err *err)
{
    static const char *const names[] = { "version", "reserved" };
    uint8_t                  text[FILE_MAX];
    size_t                   n = 0;
    int64_t                  version;
    uint64_t                 reserved;

    pawl_status s = file_read(dir, ATTEMPTS_FILE, text, sizeof(text), &n, err);
    if (s.code == PAWL_E_ABSENT) {
        *ret = (struct attempts){ .next = 1, .reserved = 0 };
        return pawl_ok();
    }
    PAWL_TRY(s);
    PAWL_CLEANUP(json_done) cJSON *j = NULL;
    PAWL_TRY(json_parse(pawl_view(text, n), ATTEMPTS_FILE, &j, err));
    PAWL_TRY(pawl_under(err, ATTEMPTS_FILE, json_only(j, names, 2, err)));
    PAWL_TRY(pawl_under(err, ATTEMPTS_FILE, json_int(j, "version", 1, 1, &version, err)));
    PAWL_TRY(pawl_under(err, ATTEMPTS_FILE, json_u64(j, "reserved", &reserved, err)));
    if (reserved == UINT64_MAX)
        return pawl_fail(err, PAWL_E_RANGE, ATTEMPTS_FILE ".reserved",
                         "no number is left above it");
    *ret = (struct attempts){ .next = reserved + 1, .reserved = reserved };
    return pawl_ok();
}

static pawl_status reserve(int dir, uint64_t reserved, struct pawl_err *err)
{
    char text[FILE_MAX];
    int  n = snprintf(text, sizeof(text), "{\"version\": 1, \"reserved\": \"%" PRIu64 "\"}\n",
                      reserved);

    return file_replace(dir, ATTEMPTS_FILE, pawl_view(text, (size_t)n), err);
}

pawl_status attempts_take(int dir, struct attempts *a, uint64_t *ret, struct pawl_err *err)
{
    if (a->next > a->reserved) {
        if (a->next > UINT64_MAX - ATTEMPTS_BLOCK)
            return pawl_fail(err, PAWL_E_RANGE, "attempt", "no numbers are left");
        uint64_t reserved = a->next + ATTEMPTS_BLOCK - 1;
        PAWL_TRY(reserve(dir, reserved, err)); /* inv. 1 */
        a->reserved = reserved;
    }
    *ret = a->next++;
    return pawl_ok();
}

pawl_status attempts_above(struct attempts *a, uint64_t last, bool *ret_lost, struct pawl_err *err)
{
    bool lost = last > a->reserved;

    if (last > UINT64_MAX - 2 * ATTEMPTS_LOST)
        return pawl_fail(err, PAWL_E_RANGE, "last_attempt", "no numbers are left above it");
    if (lost)
        a->next = last + ATTEMPTS_LOST;
    else if (last >= a->next)
        a->next = last + 1;
    *ret_lost = lost;
    return pawl_ok();
}
