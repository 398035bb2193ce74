/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What more than one message carries, and how a message begins and ends. Inside lib/wire, and for
 * the plaintexts of lib/ratchet.
 *
 * A parser reads with bare field names and puts its message's name in front at the end. A writer
 * writes to a copy of the caller's cursor, has the parser read back what it wrote, and commits only
 * then: so the limits of a field stand once, in its parser, and a writer never sends what the other
 * side refuses. A count above its limit is written as it is and its items only up to the limit,
 * which the parser then names.
 */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include <pawl/wire.h>

/* A reader of one message of at most max bytes. */
static inline struct pawl_cbor_rd wire_rd_from(struct pawl_view in, size_t max)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);

    if (in.n > max)
        pawl_cbor_rd_fail(&r, PAWL_E_RANGE, "size");
    return r;
}

static inline size_t wire_at_most(size_t n, size_t max)
{
    return n < max ? n : max;
}

/* What `out` gained over `w`, for the parser to read back. FULL if it did not fit. */
PAWL_MUST_USE pawl_status wire_written(const struct pawl_wr *w, const struct pawl_wr *out,
                                       const char *message, struct pawl_view *ret,
                                       struct pawl_err *err);

/* Takes the parser's word on it: commits out to *w, or fails with RANGE where the parser did. */
PAWL_MUST_USE pawl_status wire_commit(pawl_status parsed, const struct pawl_wr *out,
                                      struct pawl_wr *w, struct pawl_err *err);

struct pawl_view wire_rd_tenant(struct pawl_cbor_rd *r, const char *field);

enum pawl_label wire_rd_label(struct pawl_cbor_rd *r, const char *field);

/* A TPM Name: 34 bytes for SHA-256, 50 for SHA-384. */
struct pawl_view wire_rd_name(struct pawl_cbor_rd *r, const char *field);

/* [+ suite], each once, none of them 0. */
struct pawl_suites wire_rd_suites(struct pawl_cbor_rd *r, const char *field);
void               wire_wr_suites(struct pawl_wr *w, const struct pawl_suites *s);

/* TPML_PCR_SELECTION in a byte string; its inside is parsed by pawl_pcr_selection_parse. */
struct pawl_view wire_rd_pcrs(struct pawl_cbor_rd *r, const char *field);
void             wire_wr_pcrs(struct pawl_wr *w, const struct pawl_pcr_selection *s);

/* {* tstr => tstr}. The writer's may stand in any order. */
size_t wire_rd_facts(struct pawl_cbor_rd *r, const char *field,
                     struct pawl_fact fact[PAWL_FACTS_MAX]);
void   wire_wr_facts(struct pawl_wr *w, const struct pawl_fact *fact, size_t fact_n);

/* {+ type => log} */
size_t wire_rd_logs(struct pawl_cbor_rd *r, const char *field, struct pawl_log log[PAWL_LOGS_MAX]);
void   wire_wr_logs(struct pawl_wr *w, const struct pawl_log log[PAWL_LOGS_MAX], size_t n);

/* [first_entry, ima_bytes] */
struct pawl_view wire_rd_ima(struct pawl_cbor_rd *r, const char *field, uint64_t *ret_first);
void             wire_wr_ima(struct pawl_wr *w, uint64_t first, struct pawl_view ima);

/* What a list of received generations is called where it stands: in RCV, in a receipt. */
struct wire_rcv_fields {
    const char *all, *one, *epoch, *gen, *first_seq, *bitmap, *digest;
};

/* [* [epoch, gen, first_seq, bitmap, digest]], at most max. */
size_t wire_rd_rcv_gens(struct pawl_cbor_rd *r, const struct wire_rcv_fields *f,
                        struct pawl_rcv_gen *gens, size_t max);
void   wire_wr_rcv_gens(struct pawl_wr *w, const struct pawl_rcv_gen *gens, size_t n, size_t max);

#endif
