/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header parameters: a map of integer labels, read and written by one table. Spec: RFC 9052,
 * section 3.1; RFC 9053, sections 5.1 and 5.2; our own labels docs/protocol.md, section "Messages".
 *
 * A parameter that we do not know is read over, as RFC 9052 says, and noted: who wants exactly the
 * parameters it knows compares the bits. Labels and algorithms that are text are nobody's that we
 * know, and refused.
 */

#include "cose/header.h"

enum { LABEL_CRIT = 2 };

enum kind {
    KIND_ALG,    /* an integer: names are for private use */
    KIND_BYTES,  /* a view */
    KIND_NONCE,  /* a view of the whole item, a byte string or an integer */
    KIND_STARTS, /* [gen_start_seq, epoch_start_seq] */
    KIND_SEQ,
};

#define FIELD(name) offsetof(struct pawl_cose_params, name)

/* In the order in which a map has them (RFC 8949 4.2.1). */
static const struct parameter {
    int64_t     label;
    unsigned    bit;
    const char *name;
    enum kind   kind;
    size_t      at; /* of the field */
} parameters[] = {
    { 1, PAWL_COSE_ALG, "alg", KIND_ALG, FIELD(alg) },
    { 4, PAWL_COSE_KID, "kid", KIND_BYTES, FIELD(kid) },
    { 5, PAWL_COSE_IV, "IV", KIND_BYTES, FIELD(iv) },
    { 6, PAWL_COSE_PARTIAL_IV, "Partial IV", KIND_BYTES, FIELD(partial_iv) },
    { -20, PAWL_COSE_SALT, "salt", KIND_BYTES, FIELD(salt) },
    { -21, PAWL_COSE_U_ID, "PartyU identity", KIND_BYTES, FIELD(u.identity) },
    { -22, PAWL_COSE_U_NONCE, "PartyU nonce", KIND_NONCE, FIELD(u.nonce) },
    { -23, PAWL_COSE_U_OTHER, "PartyU other", KIND_BYTES, FIELD(u.other) },
    { -24, PAWL_COSE_V_ID, "PartyV identity", KIND_BYTES, FIELD(v.identity) },
    { -25, PAWL_COSE_V_NONCE, "PartyV nonce", KIND_NONCE, FIELD(v.nonce) },
    { -26, PAWL_COSE_V_OTHER, "PartyV other", KIND_BYTES, FIELD(v.other) },
    { -70001, PAWL_COSE_STARTS, "starts", KIND_STARTS, FIELD(gen_start_seq) },
    { -70003, PAWL_COSE_SEQ, "seq", KIND_SEQ, FIELD(seq) },
};
enum { PARAMETERS = sizeof(parameters) / sizeof(parameters[0]), VALUE_MAX = 256 };

static const struct parameter *parameter_of(int64_t label)
{
    for (size_t i = 0; i < PARAMETERS; i++)
        if (parameters[i].label == label)
            return &parameters[i];
    return NULL;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* One item, whose first three bits are its type: 0 and 1 integers, 2 a byte string. */
static struct pawl_view nonce_read(struct pawl_cbor_rd *r, const char *name)
{
    struct pawl_view item = pawl_cbor_rd_raw(r, name);

    if (item.n && item.p[0] >> 5 > 2)
        pawl_cbor_rd_fail(r, PAWL_E_FORM, name);
    return item;
}

static void value_read(struct pawl_cbor_rd *r, const struct parameter *p,
                       struct pawl_cose_params *h)
{
    struct pawl_view *view = (struct pawl_view *)((uint8_t *)h + p->at);

    switch (p->kind) {
    case KIND_ALG:
        h->alg = pawl_cbor_rd_int(r, p->name);
        break;
    case KIND_BYTES:
        *view = pawl_cbor_rd_bytes(r, p->name, 0, VALUE_MAX);
        break;
    case KIND_NONCE:
        *view = nonce_read(r, p->name);
        break;
    case KIND_STARTS:
        pawl_cbor_rd_array_of(r, p->name, 2);
        h->gen_start_seq = pawl_cbor_rd_uint(r, "gen_start_seq", UINT64_MAX);
        h->epoch_start_seq = pawl_cbor_rd_uint(r, "epoch_start_seq", UINT64_MAX);
        pawl_cbor_rd_leave(r, p->name);
        break;
    case KIND_SEQ:
        h->seq = pawl_cbor_rd_uint(r, p->name, UINT64_MAX);
        break;
    }
}

void cose_header_read(struct pawl_cbor_rd *r, const char *field, unsigned *has,
                      struct pawl_cose_params *params)
{
    size_t n = pawl_cbor_rd_map(r, field, PAWL_CBOR_MAP_MAX);

    for (size_t i = 0; i < n && !r->bad; i++) {
        int64_t                 label = pawl_cbor_rd_int(r, field);
        const struct parameter *p = parameter_of(label);

        if (label == LABEL_CRIT)
            pawl_cbor_rd_fail(r, PAWL_E_UNSUPPORTED, "crit");
        *has |= p ? p->bit : PAWL_COSE_UNKNOWN;
        if (p)
            value_read(r, p, params);
        else
            pawl_cbor_rd_raw(r, field);
    }
    pawl_cbor_rd_leave(r, field);
}

/* ---- writing -------------------------------------------------------------------------------- */

static void value_write(struct pawl_wr *w, const struct parameter *p,
                        const struct pawl_cose_params *h)
{
    const struct pawl_view *view = (const struct pawl_view *)((const uint8_t *)h + p->at);

    switch (p->kind) {
    case KIND_ALG:
        pawl_cbor_wr_int(w, h->alg);
        break;
    case KIND_BYTES:
        pawl_cbor_wr_bytes(w, *view);
        break;
    case KIND_NONCE:
        pawl_wr_bytes(w, *view);
        break;
    case KIND_STARTS:
        pawl_cbor_wr_array(w, 2);
        pawl_cbor_wr_uint(w, h->gen_start_seq);
        pawl_cbor_wr_uint(w, h->epoch_start_seq);
        break;
    case KIND_SEQ:
        pawl_cbor_wr_uint(w, h->seq);
        break;
    }
}

void cose_header_write(struct pawl_wr *w, unsigned has, const struct pawl_cose_params *params)
{
    size_t n = 0;

    for (size_t i = 0; i < PARAMETERS; i++)
        n += (has & parameters[i].bit) != 0;
    pawl_cbor_wr_map(w, n);
    for (size_t i = 0; i < PARAMETERS; i++) {
        if (!(has & parameters[i].bit))
            continue;
        pawl_cbor_wr_int(w, parameters[i].label);
        value_write(w, &parameters[i], params);
    }
}

/* ---- algorithms ----------------------------------------------------------------------------- */

/* RFC 9053, sections 4.1 to 4.3; -70002 is ours. */
static const int64_t algs[PAWL_AEAD_COUNT] = {
    [PAWL_AES_CCM_16_128_128] = 30,
    [PAWL_CHACHA20_POLY1305] = 24,
    [PAWL_A128GCM] = 1,
    [PAWL_AES_256_SIV] = -70002,
    [PAWL_AES_CCM_16_64_128] = 10,
    [PAWL_AES_CCM_16_64_256] = 11,
    [PAWL_AES_CCM_64_64_128] = 12,
    [PAWL_AES_CCM_64_64_256] = 13,
    [PAWL_AES_CCM_16_128_256] = 31,
    [PAWL_AES_CCM_64_128_128] = 32,
    [PAWL_AES_CCM_64_128_256] = 33,
    [PAWL_A192GCM] = 2,
    [PAWL_A256GCM] = 3,
};

enum pawl_aead pawl_cose_aead(int64_t alg)
{
    for (int aead = PAWL_AEAD_NONE + 1; aead < PAWL_AEAD_COUNT; aead++)
        if (algs[aead] == alg)
            return (enum pawl_aead)aead;
    return PAWL_AEAD_NONE;
}

int64_t pawl_cose_alg(enum pawl_aead aead)
{
    return aead > PAWL_AEAD_NONE && aead < PAWL_AEAD_COUNT ? algs[aead] : 0;
}
