/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/failure_row.h"

#include <string.h>

enum { FIELDS = 5 };

void failures_write(const struct failures *f, struct pawl_wr *w)
{
    pawl_cbor_wr_uint(w, f->dropped);
    pawl_cbor_wr_array(w, f->n);
    for (size_t i = 0; i < f->n; i++) {
        pawl_cbor_wr_array(w, FIELDS);
        pawl_cbor_wr_text(w, f->list[i].row);
        pawl_cbor_wr_bool(w, f->list[i].warning);
        pawl_cbor_wr_int(w, f->list[i].entry);
        pawl_cbor_wr_text(w, f->list[i].expected);
        pawl_cbor_wr_text(w, f->list[i].found);
    }
}

void failure_text_read(struct pawl_cbor_rd *r, const char *field, char *ret, size_t cap)
{
    struct pawl_view v = pawl_cbor_rd_text(r, field, cap - 1);

    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < ' ' || v.p[i] > '~')
            pawl_cbor_rd_fail(r, PAWL_E_FORM, field);
    if (v.n)
        memcpy(ret, v.p, v.n);
}

void failures_read(struct pawl_cbor_rd *r, size_t max, struct failures *ret)
{
    ret->dropped = (size_t)pawl_cbor_rd_uint(r, "dropped", UINT32_MAX);
    ret->n = pawl_cbor_rd_array(r, "failures", max);
    for (size_t i = 0; i < ret->n; i++) {
        struct failure *one = &ret->list[i];
        pawl_cbor_rd_array_of(r, "failures", FIELDS);
        failure_text_read(r, "row", one->row, sizeof(one->row));
        one->warning = pawl_cbor_rd_bool(r, "warning");
        int64_t entry = pawl_cbor_rd_int(r, "entry");
        if (entry < FAILURE_WHOLE || entry > INT32_MAX)
            pawl_cbor_rd_fail(r, PAWL_E_RANGE, "entry");
        else
            one->entry = (long)entry;
        failure_text_read(r, "expected", one->expected, sizeof(one->expected));
        failure_text_read(r, "found", one->found, sizeof(one->found));
        pawl_cbor_rd_leave(r, "failures");
    }
    pawl_cbor_rd_leave(r, "failures");
}
