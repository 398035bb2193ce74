/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eventlog_replay: the event log of one boot, about 100 events in a bank of SHA-256, from bytes to
 * PCR values. The log is made here, as long as those of real machines.
 *
 * Floor: the same digests extended by one EVP_MD_CTX that was made before, the digests found
 * before.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "appraise/eventlog_replay.h"
#include "bench.h"
#include "soft_eventlog.h"

enum { EVENTS = 100, DIGEST = 32 };

struct bench {
    struct pawl_view bytes;
    EVP_MD_CTX      *ctx; /* the floor's */
    size_t           n;
    uint32_t         pcr[EVENTS];
    uint8_t          digest[EVENTS][DIGEST];
    uint8_t          value[PAWL_PCRS][DIGEST];
};

static void must(pawl_status s, const struct pawl_err *err)
{
    if (pawl_is_ok(s))
        return;
    fprintf(stderr, "eventlog_replay: %s: %s: %s\n", pawl_code_name(s.code), err->where, err->why);
    exit(1);
}

/* ---- the two ways --------------------------------------------------------------------------- */

static void replay_ours(void *arg, size_t i)
{
    struct bench                               *b = arg;
    PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
    struct eventlog_pcrs                        pcrs;
    struct pawl_err                             err;

    (void)i;
    must(eventlog_parse(b->bytes, &log, &err), &err);
    must(eventlog_replay(&log, &pcrs, &err), &err);
}

static void extend_raw(void *arg, size_t i)
{
    struct bench *b = arg;

    (void)i;
    memset(b->value, 0, sizeof(b->value));
    for (size_t e = 0; e < b->n; e++) {
        uint8_t *value = b->value[b->pcr[e]];
        if (EVP_DigestUpdate(b->ctx, value, DIGEST) != 1 ||
            EVP_DigestUpdate(b->ctx, b->digest[e], DIGEST) != 1 ||
            EVP_DigestFinal_ex(b->ctx, value, NULL) != 1 ||
            EVP_DigestInit_ex2(b->ctx, NULL, NULL) != 1)
            exit(1);
    }
}

/* ---- the log -------------------------------------------------------------------------------- */

/* A boot, with the lists of keys and the many lines of GRUB that fill a real log. */
static struct pawl_view make_log(void)
{
    struct soft_eventlog log = soft_eventlog_good(PAWL_SHA256);
    static uint8_t       dbx[17 * 1024];
    size_t               at = soft_eventlog_find(&log, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, 4);

    log.event[at] = soft_event(7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                               soft_variable(efi_security, "dbx", PAWL_VIEW_OF(dbx)));
    at = soft_eventlog_find(&log, 8, EV_IPL, 0);
    while (log.n < EVENTS)
        soft_eventlog_insert(
            &log, at, soft_event_line(8, "grub_cmd: ", "search --fs-uuid --set=root 06e1e1"));
    return soft_eventlog_bytes(&log);
}

static void find_digests(struct bench *b)
{
    PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
    struct pawl_err                             err;

    must(eventlog_parse(b->bytes, &log, &err), &err);
    for (size_t i = 1; i < log.event_n; i++) {
        b->pcr[b->n] = log.event[i].pcr;
        memcpy(b->digest[b->n++], log.event[i].digest[0], DIGEST);
    }
}

/* Both ways lead to the same values, or their times say nothing. */
static void check_floor(struct bench *b)
{
    PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
    struct eventlog_pcrs                        pcrs;
    struct pawl_err                             err;

    must(eventlog_parse(b->bytes, &log, &err), &err);
    must(eventlog_replay(&log, &pcrs, &err), &err);
    extend_raw(b, 0);
    for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
        if (pcrs.bank[0].extended >> pcr & 1 &&
            memcmp(pcrs.bank[0].pcr[pcr].b, b->value[pcr], DIGEST) != 0) {
            fprintf(stderr, "eventlog_replay: PCR %u differs from the floor's\n", pcr);
            exit(1);
        }
}

void bench_eventlog_replay(struct bench_result *ret)
{
    static struct bench b;

    b.bytes = make_log();
    find_digests(&b);
    b.ctx = EVP_MD_CTX_new();
    if (!b.ctx || EVP_DigestInit_ex2(b.ctx, EVP_sha256(), NULL) != 1)
        exit(1);
    check_floor(&b);
    bench_pair(replay_ours, extend_raw, &b, ret);
    EVP_MD_CTX_free(b.ctx);
}
