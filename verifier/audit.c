/* SPDX-License-Identifier: Apache-2.0 */
#include "audit.h"

#include <inttypes.h>
#include <string.h>

#include <pawl/crypto.h>

pawl_status audit_next(const struct audit_head *before, const struct audit_row *row,
                       struct audit_head *ret, struct pawl_err *err)
{
    uint8_t            numbers[8 + 8], length[4];
    struct pawl_wr     head = pawl_wr_to(numbers, sizeof(numbers));
    struct pawl_wr     tail = pawl_wr_to(length, sizeof(length));
    struct pawl_digest hash;
    size_t             n = strnlen(row->line, sizeof(row->line));

    if (before->number == UINT64_MAX || row->number != before->number + 1)
        return pawl_fail(err, PAWL_E_FORGED, "audit.number", "%" PRIu64 " does not follow %" PRIu64,
                         row->number, before->number);
    if (n == sizeof(row->line))
        return pawl_fail(err, PAWL_E_RANGE, "audit.line", "longer than %zu bytes", n - 1);
    pawl_wr_u64(&head, row->number);
    pawl_wr_u64(&head, (uint64_t)row->time_ms);
    pawl_wr_u32(&tail, (uint32_t)n);

    const struct pawl_view parts[] = {
        pawl_view_str("pawl/1 audit"), PAWL_VIEW_OF(before->hash), PAWL_VIEW_OF(numbers),
        PAWL_VIEW_OF(row->device),     PAWL_VIEW_OF(length),       pawl_view(row->line, n),
    };
    PAWL_TRY(pawl_hash(PAWL_SHA256, parts, sizeof(parts) / sizeof(parts[0]), &hash, err));
    ret->number = row->number;
    memcpy(ret->hash, hash.b, sizeof(ret->hash));
    return pawl_ok();
}
