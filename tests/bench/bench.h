/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of the benchmark: our way of doing some work against a floor, the least that the library
 * below us needs for its heart. Both are timed in turns within one run, in many short rounds, and
 * the ratio is the median of the rounds' ratios: what the machine does meanwhile meets both sides.
 */
#ifndef PAWL_BENCH_H
#define PAWL_BENCH_H

#include <stddef.h>
#include <stdint.h>

struct bench_result {
    uint64_t value_ns; /* ours, for one piece of work */
    uint64_t floor_ns;
    unsigned ratio_milli; /* floor / ours, 1000 is as fast as the floor */
};

/* Does piece number i; a piece that fails ends the program, for it measured nothing. */
typedef void bench_work(void *arg, size_t i);

void bench_pair(bench_work *ours, bench_work *floor, void *arg, struct bench_result *ret);

/* Prints a size: bytes on the wire, and the least that could do the same. */
typedef void bench_say(const char *name, uint64_t bytes, uint64_t floor);

/* The rows. */
void bench_quote_verify(struct bench_result *ret);
void bench_message_open(struct bench_result *ret);
void bench_message_seal(struct bench_result *ret);
void bench_rekey_verifier(struct bench_result *ret);
void bench_rekey_agent(struct bench_result *ret);
void bench_eventlog_replay(struct bench_result *ret);
void bench_ima_replay(struct bench_result *ret);
void bench_wire_bytes(bench_say *say);

#endif
