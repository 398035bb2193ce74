/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside a spool: its records in memory, and how they stand in its file, NAME.spool.
 *
 *     HEAD  = u8 1 || made(16) || u64 next_id || u64 next_no || proof
 *     BATCH = u8 2 || ( u8 1 || u64 no || u64 id || u8 own || u32 n || box(n)        put
 *                     | u8 2 || u64 no ) ..                                          taken off
 *     box   = AES-256-SIV(key, body),   associated data CBOR["pawl/1 spool", name, made, no, id]
 *     proof = AES-256-SIV(key, 0x00),   associated data CBOR["pawl/1 spool", name, made, 0, 0]
 *
 * A file begins with HEAD. no: a record's place, counted from 1; next_no: of the first record
 * behind HEAD; made: random, for as long as the spool lives; own: its id is one of ours.
 */
#ifndef AGENT_STATE_SPOOL_BOOK_H
#define AGENT_STATE_SPOOL_BOOK_H

#include <pawl/crypto.h>

#include "state/journal.h"
#include "state/spool.h"

#define SPOOL_NAME_MAX  16
#define SPOOL_MADE      16
#define SPOOL_SHARE     64 /* bytes that a record counts beside its body */
#define SPOOL_BOX_MAX   (PAWL_BODY_MAX + PAWL_AEAD_TAG)
#define SPOOL_PUT       (1 + 8 + 8 + 1 + 4) /* bytes in front of a box */
#define SPOOL_BATCH_MAX (256 * 1024)        /* then a put waits for the disk */
#define SPOOL_BODY_MAX  (1 + SPOOL_BATCH_MAX + SPOOL_PUT + SPOOL_BOX_MAX)

struct spool_record {
    uint64_t no, id;
    uint64_t at; /* of the box: in the file, or before it is durable in the stream of what waits */
    uint32_t box_n;
    bool     own, durable, taken;
};

/* Records in the order in which they were put. Those taken off stay until they are the first, so
 * that a reader who stands at one finds its place again. */
struct spool_book {
    char                 name[SPOOL_NAME_MAX + sizeof(".spool")];
    size_t               name_n; /* without the ending */
    struct pawl_secret   key;
    uint8_t              made[SPOOL_MADE];
    uint64_t             next_id, next_no;
    struct journal       file;
    bool                 has_head, lost;
    struct spool_record *record;
    size_t               first, n, room; /* of record: those in use */
    uint64_t             live_n, body_n; /* records that are not taken off, bytes of bodies */
};

/* Memory for one record more. */
PAWL_MUST_USE pawl_status spool_book_room(struct spool_book *b, struct pawl_err *err);
/* There has to be room. */
void                 spool_book_add(struct spool_book *b, struct spool_record r);
struct spool_record *spool_book_find(struct spool_book *b, uint64_t id); /* NULL; taken or not */
void                 spool_book_take(struct spool_book *b, struct spool_record *r);
/* The first records that are taken off for good leave. */
void spool_book_trim(struct spool_book *b);
/* The id behind this one of ours. */
uint64_t spool_id_after(uint64_t id);

PAWL_MUST_USE pawl_status spool_box_seal(const struct spool_book *b, uint64_t no, uint64_t id,
                                         struct pawl_view body, uint8_t ret[SPOOL_BOX_MAX],
                                         size_t *ret_n, struct pawl_err *err);
PAWL_MUST_USE pawl_status spool_box_open(const struct spool_book *b, const struct spool_record *r,
                                         struct pawl_view box, uint8_t *ret, size_t cap,
                                         size_t *ret_n, struct pawl_err *err);

void spool_wr_put(struct pawl_wr *w, const struct spool_record *r, struct pawl_view box);
void spool_wr_taken(struct pawl_wr *w, uint64_t no);
#define SPOOL_TAKEN (1 + 8)
/* A body of a frame begins with it. */
void spool_wr_batch(struct pawl_wr *w);

/* Reads the file. FORGED if the key is not its own, FORM, ABSENT, IO. b->lost: some records were
 * spoilt; the others are there. */
PAWL_MUST_USE pawl_status spool_book_load(int dir, struct spool_book *b, struct pawl_err *err);
/* The file anew, with what is durable and not taken off, or without anything where there is no
 * file. */
PAWL_MUST_USE pawl_status spool_book_rewrite(int dir, struct spool_book *b, struct pawl_err *err);
/* True when most of the file is about records that were taken off. */
bool spool_book_is_stale(const struct spool_book *b);

#endif
