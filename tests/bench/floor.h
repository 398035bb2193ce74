/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floors that more than one program measures: the elliptic curves of an attest and of a rekey on
 * OpenSSL's own contexts that were made before, and what a message cannot do without
 * (bench_message.c). bench_pair times them against ours; the fleet times them in turns with its own
 * work while a verifier is under load.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>

#include <openssl/evp.h>

#include "bench.h"

struct curves {
    EVP_PKEY     *key, *peer;
    EVP_PKEY_CTX *verify, *derive, *generate, *sign;
    uint8_t       digest[32], der[80];
    size_t        der_n;
};

void curves_make(struct curves *c);
void curves_done(struct curves *c);

/* Pieces of work on struct curves. */
void curves_attest(void *arg, size_t i); /* one ECDSA-P256 verify and one sign */
void curves_rekey(void *arg, size_t i);  /* and two ECDH derives and one key generation */

/* message_open's floor, and what it works on (static). */
void *message_floor_make(void);
void  message_floor(void *arg, size_t i);
void  message_floor_done(void *arg);

/* One of them, timed now and then on the clock of this thread. */
struct floor {
    bench_work   *piece; /* NULL: none */
    void         *arg;
    unsigned      pieces; /* at a time */
    unsigned      every;  /* so many pieces of the work beside it: a small part of its time */
    struct curves curves;
    size_t        n, cap;
    uint64_t     *ns;
};

/* name: "attest", "rekey" or "message"; false for another. */
bool     floor_make(struct floor *f, const char *name);
void     floor_time(struct floor *f);
uint64_t floor_median(struct floor *f); /* of one piece, in ns */
void     floor_done(struct floor *f);

#endif
