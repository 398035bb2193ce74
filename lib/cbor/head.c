/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One item head, by libcbor's streaming decoder: the only file that includes <cbor.h>.
 *
 * The decoder allocates nothing and hands strings on as views. It takes more than deterministic
 * CBOR allows: what it calls back with is refused here unless the head is the shortest for its
 * value. That also stops a count above 32 bits from being cut where size_t has 32 bits, since the
 * rest would have had a shorter head.
 */

#include <cbor.h>

#include "cbor/head.h"

static void take(void *context, enum pawl_cbor_type type, uint64_t v)
{
    struct cbor_head *h = context;

    h->type = type;
    h->v = v;
}

static void take_uint8(void *h, uint8_t v)
{
    take(h, PAWL_CBOR_UINT, v);
}

static void take_uint16(void *h, uint16_t v)
{
    take(h, PAWL_CBOR_UINT, v);
}

static void take_uint32(void *h, uint32_t v)
{
    take(h, PAWL_CBOR_UINT, v);
}

static void take_uint64(void *h, uint64_t v)
{
    take(h, PAWL_CBOR_UINT, v);
}

static void take_negint8(void *h, uint8_t v)
{
    take(h, PAWL_CBOR_NEGINT, v);
}

static void take_negint16(void *h, uint16_t v)
{
    take(h, PAWL_CBOR_NEGINT, v);
}

static void take_negint32(void *h, uint32_t v)
{
    take(h, PAWL_CBOR_NEGINT, v);
}

static void take_negint64(void *h, uint64_t v)
{
    take(h, PAWL_CBOR_NEGINT, v);
}

static void take_bytes(void *h, cbor_data p, size_t n)
{
    take(h, PAWL_CBOR_BYTES, n);
    ((struct cbor_head *)h)->body = pawl_view(p, n);
}

static void take_text(void *h, cbor_data p, size_t n)
{
    take(h, PAWL_CBOR_TEXT, n);
    ((struct cbor_head *)h)->body = pawl_view(p, n);
}

static void take_array(void *h, size_t n)
{
    take(h, PAWL_CBOR_ARRAY, n);
}

static void take_map(void *h, size_t n)
{
    take(h, PAWL_CBOR_MAP, n);
}

static void take_tag(void *h, uint64_t tag)
{
    take(h, PAWL_CBOR_TAG, tag);
}

static void take_bool(void *h, bool v)
{
    take(h, PAWL_CBOR_BOOL, v);
}

static void take_null(void *h)
{
    take(h, PAWL_CBOR_NULL, 0);
}

static void refuse(struct cbor_head *h, enum pawl_code code, const char *why)
{
    *h = (struct cbor_head){ .code = code, .why = why };
}

static void refuse_indefinite(void *h)
{
    refuse(h, PAWL_E_FORM, "an indefinite length");
}

static void refuse_float(void *h, float v)
{
    (void)v;
    refuse(h, PAWL_E_FORM, "a floating-point number");
}

static void refuse_double(void *h, double v)
{
    (void)v;
    refuse(h, PAWL_E_FORM, "a floating-point number");
}

static void refuse_undefined(void *h)
{
    refuse(h, PAWL_E_FORM, "the simple value undefined");
}

static const struct cbor_callbacks callbacks = {
    .uint8 = take_uint8,
    .uint16 = take_uint16,
    .uint32 = take_uint32,
    .uint64 = take_uint64,
    .negint8 = take_negint8,
    .negint16 = take_negint16,
    .negint32 = take_negint32,
    .negint64 = take_negint64,
    .byte_string_start = refuse_indefinite,
    .byte_string = take_bytes,
    .string_start = refuse_indefinite,
    .string = take_text,
    .indef_array_start = refuse_indefinite,
    .array_start = take_array,
    .indef_map_start = refuse_indefinite,
    .map_start = take_map,
    .tag = take_tag,
    .float2 = refuse_float,
    .float4 = refuse_float,
    .float8 = refuse_double,
    .undefined = refuse_undefined,
    .null = take_null,
    .boolean = take_bool,
    .indef_break = refuse_indefinite,
};

/* Bytes of the shortest head for this argument (RFC 8949 4.2.1). */
static size_t shortest(uint64_t v)
{
    if (v < 24)
        return 1;
    if (v <= UINT8_MAX)
        return 2;
    if (v <= UINT16_MAX)
        return 3;
    return v <= UINT32_MAX ? 5 : 9;
}

void cbor_head_decode(struct pawl_view in, struct cbor_head *ret)
{
    *ret = (struct cbor_head){ 0 };
    if (in.n == 0) {
        refuse(ret, PAWL_E_SHORT, "the input ends");
        return;
    }
    struct cbor_decoder_result d = cbor_stream_decode(in.p, in.n, &callbacks, ret);
    if (d.status == CBOR_DECODER_NEDATA)
        refuse(ret, PAWL_E_SHORT, "the input ends inside an item");
    else if (d.status != CBOR_DECODER_FINISHED)
        refuse(ret, PAWL_E_FORM, "a reserved initial byte or simple value");
    else if (ret->type != PAWL_CBOR_NONE && d.read - ret->body.n != shortest(ret->v))
        refuse(ret, PAWL_E_FORM, "a number or length in a longer form than the shortest");
    else if (ret->type == PAWL_CBOR_TEXT && !pawl_is_utf8(ret->body))
        refuse(ret, PAWL_E_FORM, "text that is not UTF-8");
    if (ret->type != PAWL_CBOR_NONE)
        ret->n = d.read;
}
