/* SPDX-License-Identifier: Apache-2.0 */
/* Reads any item but a tag and writes what it read: the output is the input if and only if the
 * input was the one spelling. */
#ifndef PAWL_CBOR_COPY_H
#define PAWL_CBOR_COPY_H

#include <pawl/cbor.h>

static inline void cbor_copy(struct pawl_cbor_rd *r, struct pawl_wr *w)
{
    enum pawl_cbor_type type = pawl_cbor_rd_peek(r);

    if (type == PAWL_CBOR_UINT) {
        pawl_cbor_wr_uint(w, pawl_cbor_rd_uint(r, "uint", UINT64_MAX));
    } else if (type == PAWL_CBOR_NEGINT) {
        pawl_cbor_wr_int(w, pawl_cbor_rd_int(r, "int"));
    } else if (type == PAWL_CBOR_BYTES) {
        pawl_cbor_wr_bytes(w, pawl_cbor_rd_bytes(r, "bytes", 0, SIZE_MAX));
    } else if (type == PAWL_CBOR_TEXT) {
        pawl_cbor_wr_text_n(w, pawl_cbor_rd_text(r, "text", SIZE_MAX));
    } else if (type == PAWL_CBOR_BOOL) {
        pawl_cbor_wr_bool(w, pawl_cbor_rd_bool(r, "bool"));
    } else if (type == PAWL_CBOR_ARRAY || type == PAWL_CBOR_MAP) {
        bool   map = type == PAWL_CBOR_MAP;
        size_t n = map ? pawl_cbor_rd_map(r, "map", SIZE_MAX)
                       : pawl_cbor_rd_array(r, "array", SIZE_MAX);
        if (map)
            pawl_cbor_wr_map(w, n);
        else
            pawl_cbor_wr_array(w, n);
        for (size_t i = 0; i < (map ? 2 * n : n) && !r->bad; i++)
            cbor_copy(r, w);
        pawl_cbor_rd_leave(r, "nest");
    } else {
        pawl_cbor_rd_null(r, "null");
        pawl_cbor_wr_null(w);
    }
}

#endif
