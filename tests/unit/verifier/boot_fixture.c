/* SPDX-License-Identifier: Apache-2.0 */
#include "boot_fixture.h"

#include <string.h>

#include "appraise/boot.h"
#include "soft_quote.h"

static struct pawl_err err;

struct boot boot_read_quoted(struct pawl_view log, const struct soft_quote *q)
{
    struct boot b;

    t_poison(&b, sizeof(b));
    T_OK(boot_read(log, &q->select, &q->values, &b, &err), &err);
    return b;
}

struct boot boot_read_bytes(struct pawl_view log)
{
    struct soft_quote q = soft_quote_of(log);

    return boot_read_quoted(log, &q);
}

struct boot boot_read_soft(const struct soft_eventlog *soft)
{
    return boot_read_bytes(soft_eventlog_bytes(soft));
}

bool boot_has_row(const struct boot *b, const char *row)
{
    for (size_t i = 0; i < b->failures.n; i++)
        if (strcmp(b->failures.list[i].row, row) == 0)
            return true;
    return false;
}

void boot_add(struct soft_eventlog *soft, struct soft_event e)
{
    soft->event[soft->n++] = e;
}

struct pawl_view written(const struct boot *b)
{
    uint8_t        room[BOOT_MAX];
    struct pawl_wr w = pawl_wr_to(room, sizeof(room));

    T_OK(boot_write(b, &w, &err), &err);
    return t_copy(pawl_view(room, w.n));
}

void goes_round(const struct boot *b)
{
    struct pawl_view row = written(b);
    struct boot      again;

    t_poison(&again, sizeof(again));
    T_OK(boot_parse(row, &again, &err), &err);
    assert_true(pawl_view_equal(row, written(&again)));
    assert_int_equal(again.agree, b->agree);
    assert_int_equal(again.failures.n, b->failures.n);
    assert_int_equal(again.values.n, b->values.n);
    assert_int_equal(again.line_n, b->line_n);
    assert_string_equal(again.sbat, b->sbat);
}
