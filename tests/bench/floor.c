/* SPDX-License-Identifier: Apache-2.0 */
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>

static void must(bool good)
{
    if (good)
        return;
    fprintf(stderr, "bench: the floor does not hold\n");
    exit(1);
}

/* ---- curves --------------------------------------------------------------------------------- */

void curves_make(struct curves *c)
{
    uint8_t out[80];
    size_t  n = sizeof(out);

    c->key = EVP_EC_gen("P-256");
    c->peer = EVP_EC_gen("P-256");
    memset(c->digest, 7, sizeof(c->digest));
    c->sign = EVP_PKEY_CTX_new(c->key, NULL);
    c->verify = EVP_PKEY_CTX_new(c->key, NULL);
    c->derive = EVP_PKEY_CTX_new(c->key, NULL);
    c->generate = EVP_PKEY_CTX_new(c->key, NULL);
    c->der_n = sizeof(c->der);
    must(EVP_PKEY_sign_init(c->sign) == 1 && EVP_PKEY_verify_init(c->verify) == 1 &&
         EVP_PKEY_derive_init(c->derive) == 1 && EVP_PKEY_keygen_init(c->generate) == 1 &&
         EVP_PKEY_derive_set_peer(c->derive, c->peer) == 1 &&
         EVP_PKEY_derive(c->derive, out, &n) == 1 &&
         EVP_PKEY_sign(c->sign, c->der, &c->der_n, c->digest, sizeof(c->digest)) == 1);
}

void curves_done(struct curves *c)
{
    EVP_PKEY_CTX_free(c->verify);
    EVP_PKEY_CTX_free(c->derive);
    EVP_PKEY_CTX_free(c->generate);
    EVP_PKEY_CTX_free(c->sign);
    EVP_PKEY_free(c->key);
    EVP_PKEY_free(c->peer);
}

void curves_attest(void *arg, size_t i)
{
    struct curves *c = arg;
    uint8_t        der[80];
    size_t         n = sizeof(der);

    (void)i;
    must(EVP_PKEY_verify(c->verify, c->der, c->der_n, c->digest, sizeof(c->digest)) == 1);
    must(EVP_PKEY_sign(c->sign, der, &n, c->digest, sizeof(c->digest)) == 1);
}

void curves_rekey(void *arg, size_t i)
{
    struct curves *c = arg;
    uint8_t        z[32];
    EVP_PKEY      *made = NULL;

    for (unsigned k = 0; k < 2; k++) {
        size_t n = sizeof(z);
        must(EVP_PKEY_derive(c->derive, z, &n) == 1);
    }
    must(EVP_PKEY_keygen(c->generate, &made) == 1);
    EVP_PKEY_free(made);
    curves_attest(arg, i);
}

/* ---- timed ---------------------------------------------------------------------------------- */

bool floor_make(struct floor *f, const char *name)
{
    if (strcmp(name, "message") == 0) {
        *f = (struct floor){
            .piece = message_floor, .arg = message_floor_make(), .pieces = 16, .every = 2
        };
        return true;
    }
    bool attest = strcmp(name, "attest") == 0;
    if (!attest && strcmp(name, "rekey") != 0)
        return false;
    *f = (struct floor){ .piece = attest ? curves_attest : curves_rekey, .pieces = 4, .every = 8 };
    curves_make(&f->curves);
    f->arg = &f->curves;
    return true;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void floor_time(struct floor *f)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 1024;
        f->ns = realloc(f->ns, f->cap * sizeof(f->ns[0]));
        must(f->ns != NULL);
    }
    uint64_t begin = now_ns();
    for (unsigned i = 0; i < f->pieces; i++)
        f->piece(f->arg, f->n * f->pieces + i);
    f->ns[f->n++] = (now_ns() - begin) / f->pieces;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

uint64_t floor_median(struct floor *f)
{
    if (!f->n)
        return 0;
    qsort(f->ns, f->n, sizeof(f->ns[0]), compare);
    return f->ns[f->n / 2];
}

void floor_done(struct floor *f)
{
    if (f->piece == message_floor)
        message_floor_done(f->arg);
    else if (f->piece)
        curves_done(&f->curves);
    free(f->ns);
    *f = (struct floor){ 0 };
}
