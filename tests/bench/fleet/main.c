/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet COMMAND --fleet FILE [OPTION..]: software devices against a verifier. docs/performance.md
 * tells what it is good for.
 *
 *   ca                    prints the CA's certificate, for the tenant's lab_roots
 *   grow --state DIR      enrols devices into a verifier that does not run, by its own flows
 *   enrol | attest | rekey | messages --join STRING
 *                         has devices do it over TLS, and prints one line of JSON
 */
#include "fleet.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soft_pki.h"

static const char usage[] =
    "usage: fleet COMMAND --fleet FILE [OPTION..]\n"
    "  ca           print the CA's certificate\n"
    "  grow         enrol devices in process      --state DIR [--threads N] [--learn]\n"
    "  enrol attest rekey messages                --join STRING\n"
    "options: --seed N        of a new fleet\n"
    "         --devices N     how many, --first N  the first of them\n"
    "         --connections N --fresh   a new connection for each exchange\n"
    "         --seconds N     otherwise each device once\n"
    "         --some N        of the devices, from all over the fleet\n"
    "         --prepared      evidence is made before the clock runs\n"
    "         --at-once       all devices come at the same moment: times count from there\n"
    "         --batch N       messages in a request\n"
    "         --pid N         of the verifier: what it used is told\n"
    "         --floor attest|rekey|message   what the cryptography alone costs meanwhile\n";

struct options {
    const char       *command, *fleet, *join;
    uint64_t          seed, devices;
    unsigned          batch;
    struct fleet_load load;
    struct fleet_grow grow;
};

enum {
    SEED = 1,
    DEVICES,
    FIRST,
    CONNECTIONS,
    FRESH,
    SECONDS,
    SOME,
    PREPARED,
    AT_ONCE,
    BATCH,
    PID,
    FLOOR,
    FLEET,
    JOIN,
    STATE,
    THREADS,
    LEARN
};

static const struct option longs[] = {
    { "seed", 1, NULL, SEED },         { "devices", 1, NULL, DEVICES },
    { "first", 1, NULL, FIRST },       { "connections", 1, NULL, CONNECTIONS },
    { "fresh", 0, NULL, FRESH },       { "seconds", 1, NULL, SECONDS },
    { "at-once", 0, NULL, AT_ONCE },   { "batch", 1, NULL, BATCH },
    { "pid", 1, NULL, PID },           { "floor", 1, NULL, FLOOR },
    { "fleet", 1, NULL, FLEET },       { "join", 1, NULL, JOIN },
    { "state", 1, NULL, STATE },       { "threads", 1, NULL, THREADS },
    { "learn", 0, NULL, LEARN },       { "some", 1, NULL, SOME },
    { "prepared", 0, NULL, PREPARED }, { 0 },
};

static void fail(const char *where, const char *why)
{
    fprintf(stderr, "fleet: %s: %s\n", where, why);
    exit(1);
}

static uint64_t number(const char *text, const char *name, uint64_t max)
{
    struct pawl_err err;
    uint64_t        n;

    if (!pawl_is_ok(pawl_u64_parse(text, name, max, &n, &err)))
        fail(err.where, err.why);
    return n;
}

static bool take_option(struct options *o, int option, const char *value)
{
    switch (option) {
    case SEED:
        o->seed = number(value, "--seed", UINT64_MAX);
        return true;
    case DEVICES:
        o->devices = number(value, "--devices", 100000000);
        return true;
    case FIRST:
        o->load.first = o->grow.first = number(value, "--first", 100000000);
        return true;
    case CONNECTIONS:
        o->load.connections = (unsigned)number(value, "--connections", 60000);
        return true;
    case FRESH:
        return o->load.fresh = true;
    case SECONDS:
        o->load.seconds = (unsigned)number(value, "--seconds", 86400);
        return true;
    case SOME:
        o->load.some = number(value, "--some", 100000000);
        return true;
    case PREPARED:
        return o->load.prepared = true;
    case AT_ONCE:
        return o->load.at_once = true;
    case BATCH:
        o->batch = (unsigned)number(value, "--batch", PAWL_MESSAGES_N_MAX);
        return true;
    case PID:
        o->load.pid = (int)number(value, "--pid", INT32_MAX);
        return true;
    case FLOOR:
        o->load.floor = value;
        return true;
    case FLEET:
        return (o->fleet = value);
    case JOIN:
        return (o->join = value);
    case STATE:
        return (o->grow.state = value);
    case THREADS:
        o->grow.threads = (unsigned)number(value, "--threads", 64);
        return true;
    case LEARN:
        return o->grow.learn = true;
    default:
        return false;
    }
}

static void read_options(int argc, char **argv, struct options *o)
{
    int option;

    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
        if (!take_option(o, option, optarg))
            exit(2);
    o->command = optind < argc ? argv[optind] : "";
    if (optind + 1 != argc || !o->fleet) {
        fputs(usage, stderr);
        exit(2);
    }
}

static pawl_status over_tls(struct fleet *f, struct options *o, struct pawl_err *err)
{
    static struct pawl_join join;

    for (o->load.job = 0; o->load.job < FLEET_JOB_COUNT; o->load.job++)
        if (strcmp(o->command, fleet_job_name(o->load.job)) == 0)
            break;
    if (o->load.job == FLEET_JOB_COUNT || !o->join)
        return pawl_fail(err, PAWL_E_FORM, o->command, "is no command, or lacks --join");
    PAWL_TRY(pawl_join_parse(o->join, &join, err));
    memcpy(f->tenant, join.tenant, sizeof(f->tenant));
    memcpy(f->verifier_id, join.verifier_key, sizeof(f->verifier_id));
    o->load.address = join.address;
    return fleet_load(f, &o->load, err);
}

static pawl_status command(struct fleet *f, struct options *o, struct pawl_err *err)
{
    bool grows = strcmp(o->command, "grow") == 0;

    PAWL_TRY(fleet_open(f, o->fleet, o->seed, o->devices ? o->load.first + o->devices : 0, err));
    if (strcmp(o->command, "ca") == 0) {
        struct pawl_view pem = soft_cert_pem(fleet_maker_root(f->maker));
        fwrite(pem.p, 1, pem.n, stdout);
        return pawl_ok();
    }
    if (o->load.first >= f->n)
        return pawl_fail(err, PAWL_E_RANGE, "--first", "the fleet has %zu", f->n);
    o->load.n = o->grow.n = f->n - o->load.first;
    if (o->load.some > o->load.n)
        return pawl_fail(err, PAWL_E_RANGE, "--some", "the fleet has %zu", o->load.n);
    if (!o->load.some)
        o->load.some = o->load.n;
    f->batch = o->batch;
    if (grows && !o->grow.state)
        return pawl_fail(err, PAWL_E_FORM, "grow", "lacks --state");
    return grows ? fleet_grow(f, &o->grow, err) : over_tls(f, o, err);
}

int main(int argc, char **argv)
{
    struct options  o = { .seed = 1, .batch = 100, .load.connections = 16, .grow.threads = 2 };
    struct fleet    f = { 0 };
    struct pawl_err err;

    signal(SIGPIPE, SIG_IGN); /* a connection that was cut is an error like any other */
    read_options(argc, argv, &o);
    pawl_status s = command(&f, &o, &err);
    fleet_close(&f);
    if (!pawl_is_ok(s))
        fail(err.where, err.why);
    return 0;
}
