/* SPDX-License-Identifier: Apache-2.0 */
/* A verifier's store under load, for postgres.py: postgres_load DIR CONNINFO DEVICES. Moves the
 * same few devices on for ever, in whatever order others leave it, and says "ok DEVICE VERSION"
 * when a step is durable, "older copy" when the database is refused as one, "away" at any other
 * failure. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

static struct device device(unsigned number)
{
    struct device d = { .tenant = "acme", .state = DEVICE_ACTIVE, .roots = ROOTS_LAB };

    d.banks = pawl_pcr_selection_all(1);
    memcpy(d.id, &number, sizeof(number));
    memcpy(d.ak_name.b, &number, sizeof(number));
    d.ak_name.n = 34;
    d.ek_name.n = d.td_name.n = d.qualified_signer.n = 34;
    d.ek_name.b[0] = d.td_name.b[0] = d.qualified_signer.b[0] = 1;
    return d;
}

/* The device as it is; the version is 0 while there is none. */
static pawl_status look(const struct store *s, struct device *d, struct pawl_err *err)
{
    pawl_status read = s->device(s->self, pawl_view_str("acme"), PAWL_VIEW_OF(d->id), d, err);

    return read.code == PAWL_E_ABSENT ? pawl_ok() : read;
}

static pawl_status move_on(const struct store *s, unsigned number, uint64_t *ret,
                           struct pawl_err *err)
{
    struct device d = device(number);

    PAWL_TRY(look(s, &d, err));
    struct step step = { .tenant = "acme", .device = d };
    step.has_device = d.version == 0;
    step.touches_device = !step.has_device;
    PAWL_TRY(store_commit_wait(s, &step, err));
    *ret = d.version + 1;
    return pawl_ok();
}

int main(int argc, char **argv)
{
    struct store    s;
    struct pawl_err err;

    if (argc != 4 || !pawl_is_ok(postgres_store_open(argv[1], argv[2], &s, &err))) {
        printf("%s\n", argc == 4 ? err.why : "usage");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned i = 0;; i = (i + 1) % (unsigned)atoi(argv[3])) {
        uint64_t    version = 0;
        pawl_status moved = move_on(&s, i + 1, &version, &err);
        if (pawl_is_ok(moved))
            printf("ok %u %llu\n", i, (unsigned long long)version);
        else if (moved.code != PAWL_E_CONFLICT)
            printf("%s\n", strstr(err.why, "older copy") ? "older copy" : "away");
        if (moved.code == PAWL_E_IO)
            usleep(20000);
    }
}
