/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files that make rows: row.c has what all rows share, row_root.c a root,
 * row_ratchet.c and row_generation.c the two kinds of rows.
 */
#ifndef VERIFIER_RATCHET_ROW_PARTS_H
#define VERIFIER_RATCHET_ROW_PARTS_H

#include <pawl/cbor.h>

#include "ratchet/row.h"

enum { ROW_FORM_1 = 1, ROW_FORM_2, ROW_FORM };

enum { ROW_KEY = 32 };

/* What a ratchet has that was rekeyed and sent nothing yet, and as many as a page takes nine of;
 * longer ones go in steps. */
enum { ROW_FILL_MIN = 432, ROW_FILL_STEP = 16 };

enum { ROW_SEALED_MAX = 32 + 15 * (1 + ROW_KEY) + ROW_FILL_MIN };

/* What is sealed, on its way in or out. */
struct row_sealed {
    size_t  n;
    uint8_t b[ROW_SEALED_MAX + PAWL_AEAD_TAG];
};

void row_sealed_wipe(struct row_sealed *s);
#define ROW_SEALED PAWL_CLEANUP(row_sealed_wipe) struct row_sealed

/* Whose row it is. */
struct row_owner {
    const struct keys *keys;
    struct pawl_view   tenant;
    struct pawl_view   device_id;
    const char        *field;
    uint64_t           epoch;
};

/* ---- clear part and sealed part ------------------------------------------------------------- */

/* *ret: what is to be sealed, from the hash of clear on; the secrets go behind it, then row_end. */
PAWL_MUST_USE pawl_status row_begin(struct pawl_view clear, struct row_sealed *room,
                                    struct pawl_wr *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status row_end(const struct row_owner *o, struct pawl_view clear,
                                  const struct pawl_wr *in, uint8_t *ret, size_t cap, size_t *ret_n,
                                  struct pawl_err *err);
/* Both parts; nothing is believed yet. */
PAWL_MUST_USE pawl_status row_split(const char *field, struct pawl_view in,
                                    struct pawl_view *ret_clear, struct pawl_view *ret_sealed,
                                    struct pawl_err *err);
/* *ret_rd stands at the secrets. FORGED if clear is not what was sealed with them. */
PAWL_MUST_USE pawl_status row_open(const struct row_owner *o, unsigned form, struct pawl_view clear,
                                   struct pawl_view sealed, struct row_sealed *ret,
                                   struct pawl_rd *ret_rd, struct pawl_err *err);
/* clear stays as it is, and with it the hash that is sealed. */
PAWL_MUST_USE pawl_status row_rewrap(const struct row_owner *o, struct pawl_view clear,
                                     struct pawl_view sealed, uint8_t *ret, size_t cap,
                                     size_t *ret_n, struct pawl_err *err);

/* ---- pieces --------------------------------------------------------------------------------- */

void row_put_key(struct pawl_wr *w, const struct pawl_secret *s);
void row_get_key(struct pawl_rd *r, const char *field, struct pawl_secret *ret);
/* A use key that is named is there. */
void     row_get_use_key(struct pawl_rd *r, const char *field, struct pawl_secret *ret);
void     row_put_ms(struct pawl_wr *w, int64_t ms);
int64_t  row_get_ms(struct pawl_cbor_rd *r, const char *field);
uint64_t row_get_u64(struct pawl_cbor_rd *r, const char *field);
unsigned row_get_form(struct pawl_cbor_rd *r);
/* True if an array comes: what is absent is null. */
bool row_get_present(struct pawl_cbor_rd *r, const char *field, size_t n);

/* ---- a root: its names in the clear part, its keys in the sealed one ------------------------ */

/* current: of its device's ratchet, whose verifier is not named again; NULL for that one itself. */
void row_put_root(struct pawl_wr *w, const struct epoch_root *e, const struct epoch_root *current);
void row_get_root(struct pawl_cbor_rd *r, const char *field, struct epoch_root *ret,
                  const struct epoch_root *current);
/* Of the old root only names and the uplink chain are left. */
void                      row_put_tripwire(struct pawl_wr *w, const struct epoch_root *e,
                                           const struct epoch_root *current);
void                      row_get_tripwire(struct pawl_cbor_rd *r, struct epoch_root *ret,
                                           const struct epoch_root *current);
void                      row_put_root_keys(struct pawl_wr *w, const struct epoch_root *e);
void                      row_get_root_keys(struct pawl_rd *r, struct epoch_root *e);
void                      row_put_pending_keys(struct pawl_wr *w, const struct epoch_root *e);
PAWL_MUST_USE pawl_status row_get_pending_keys(struct pawl_rd *r, unsigned form,
                                               struct epoch_root *e, struct pawl_err *err);

#endif
