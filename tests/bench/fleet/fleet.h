/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet of devices in software: real EK certificates of a lab maker, real quotes, real ratchets,
 * no TPM. Every key follows from the fleet's seed and the device's index and is made when it is
 * needed; what a device must remember is one record of a file that all commands map, so that a
 * fleet that was enrolled once can be loaded in many runs.
 *
 * A device speaks by turns (device.c): it is given the answer to what it said last and says the
 * next thing. Who carries the bytes, TLS connections (load.c) or a verifier in the same process
 * (grow.c), it does not know.
 *
 * All devices booted the same image, so that one policy fits them. They send no logs, and none of
 * them attests after it sent messages: what A1 would say of those is not kept.
 */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include <stdbool.h>

#include <openssl/evp.h>

#include <pawl/wire.h>

/* What one device remembers. Names are those of SHA-256, without their algorithm. */
struct fleet_device {
    uint8_t  id[PAWL_DEVICE_ID];
    uint8_t  ek_name[32], ak_name[32], td_name[32];
    uint8_t  kid[PAWL_KID]; /* of its root, epoch 0: it is not enrolled */
    uint8_t  rk[32], k_auth[32];
    uint8_t  up[32]; /* GK of generation gen */
    uint64_t epoch, attempt, clock_ms;
    uint64_t seq;                    /* of the next message */
    uint64_t gen_start, epoch_start; /* first slots; 0: none yet */
    uint32_t gen;
    uint32_t spare;
};

/* What all devices share. */
struct fleet {
    uint64_t             seed;
    size_t               n;
    struct fleet_device *device; /* in the file */
    char                 tenant[PAWL_TENANT_MAX + 1];
    uint8_t              verifier_id[PAWL_VERIFIER_ID];
    unsigned             batch; /* messages in one request */
    struct fleet_maker  *maker;
};

/* The file of n devices, made if it is not there; n 0: as many as it holds. */
PAWL_MUST_USE pawl_status fleet_open(struct fleet *f, const char *path, uint64_t seed, size_t n,
                                     struct pawl_err *err);
void                      fleet_close(struct fleet *f);

/* ---- keys (keys.c) -------------------------------------------------------------------------- */

enum fleet_role { FLEET_CA = 1, FLEET_EK, FLEET_AK, FLEET_TD, FLEET_ED };

#define FLEET_CERT_MAX 1024

/* count tells the E_D of one rekey from that of another; 0 for the others. Free with EVP_PKEY_free.
 * point may be NULL: then the key can sign and agree, and nothing else. */
EVP_PKEY *fleet_key(const struct fleet *f, enum fleet_role role, size_t index, uint64_t count,
                    uint8_t point[PAWL_POINT_P256]);

/* Who makes the TPMs: a CA, and what is alike in its EK certificates. One for all threads. */
struct fleet_maker *fleet_maker_make(const struct fleet *f);
void                fleet_maker_free(struct fleet_maker **m);
struct pawl_view    fleet_maker_root(const struct fleet_maker *m); /* DER */
/* The EK certificate of this device, as it stands in its NV. */
size_t fleet_maker_certify(const struct fleet_maker *m, size_t index,
                           const uint8_t point[PAWL_POINT_P256], uint8_t ret[FLEET_CERT_MAX]);

/* r || s over SHA-256(in). */
void fleet_sign(EVP_PKEY *key, struct pawl_view in, uint8_t rs[64]);

/* ---- talks (device.c) ----------------------------------------------------------------------- */

enum fleet_job { FLEET_ENROL, FLEET_ATTEST, FLEET_REKEY, FLEET_MESSAGES, FLEET_JOB_COUNT };

const char *fleet_job_name(enum fleet_job job);

/* One exchange of one device, from its first request to its end. */
struct fleet_talk {
    enum fleet_job     job;
    size_t             index;
    unsigned           turn;
    struct pawl_secret secret; /* of the enrolment */
    uint64_t           new_epoch;
    uint8_t            th1[32];
    size_t             attest_n;
    uint8_t            attest[PAWL_ATTEST_MAX];
};

void fleet_talk_begin(struct fleet_talk *t, enum fleet_job job, size_t index);

/* Hears the answer (the first time none) and writes the next request. *path: where it goes; NULL:
 * the exchange is over, and what the device remembers is up to date. Fails with DENIED where the
 * verifier did not answer 200, FORGED where it is not the one that it says to be. */
PAWL_MUST_USE pawl_status fleet_talk_turn(struct fleet *f, struct fleet_talk *t, int http,
                                          struct pawl_view answer, struct pawl_wr *w,
                                          const char **path, struct pawl_err *err);

/* ---- what is measured (measure.c) ----------------------------------------------------------- */

/* How long each exchange took. */
struct fleet_times {
    size_t    n, cap;
    uint64_t *us;
};

void     fleet_times_add(struct fleet_times *t, uint64_t us);
uint64_t fleet_times_share(struct fleet_times *t, unsigned ppm); /* sorts; 0 without any */
void     fleet_times_done(struct fleet_times *t);

uint64_t fleet_now_us(void);    /* a clock that nobody sets */
uint64_t fleet_cpu_us(int pid); /* that the process has used up to now; 0: none */
uint64_t fleet_thread_us(int pid, const char *name); /* of its threads of this name */
uint64_t fleet_memory_kib(int pid);                  /* resident */
uint64_t fleet_peak_kib(int pid);                    /* the most that ever was */

/* ---- the two ways --------------------------------------------------------------------------- */

struct fleet_load {
    enum fleet_job job;
    const char    *address; /* host:port */
    unsigned       connections;
    bool           fresh;    /* a connection for each exchange */
    bool           at_once;  /* all devices want it now: times count from the start */
    bool           prepared; /* evidence is made before the clock runs */
    size_t         first, n; /* devices */
    size_t         some;     /* so many of them */
    unsigned       seconds;  /* 0: each of those once, and nobody is left out */
    int            pid;      /* of the verifier; 0: unknown */
    const char    *floor;    /* NULL, "attest", "rekey" or "message" */
};

/* Prints one line of JSON. */
PAWL_MUST_USE pawl_status fleet_load(struct fleet *f, const struct fleet_load *l,
                                     struct pawl_err *err);

/* Enrols devices first to first + n into the verifier of this state directory, which nobody serves
 * meanwhile, by its own flows and store. learn: the first device's state is the tenant's default
 * policy from then on. Prints one line of JSON. */
struct fleet_grow {
    const char *state;
    size_t      first, n;
    unsigned    threads;
    bool        learn;
};

PAWL_MUST_USE pawl_status fleet_grow(struct fleet *f, const struct fleet_grow *g,
                                     struct pawl_err *err);

#endif
