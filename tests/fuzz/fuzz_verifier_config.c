/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at verifier.ini: a value that gets in beyond its limits, a tenant that stands twice, a file
 * that is refused without its line.
 */

#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "fuzz.h"

static char state[] = "/tmp/pawl-fuzz-XXXXXX";
static char link_path[sizeof(state) + 16];
static int  file;

static void remove_state(void)
{
    unlink(link_path);
    rmdir(state);
}

/* A state directory whose verifier.ini stands in memory. */
static void make_state(void)
{
    char path[32];

    file = memfd_create("verifier.ini", 0);
    FUZZ_HOLDS(file >= 0 && mkdtemp(state));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    snprintf(link_path, sizeof(link_path), "%s/verifier.ini", state);
    FUZZ_HOLDS(symlink(path, link_path) == 0 && atexit(remove_state) == 0);
}

static void tenant_within_limits(const struct verifier_config *c, const struct tenant_config *t)
{
    FUZZ_HOLDS(pawl_is_name(pawl_view_str(t->name)));
    FUZZ_HOLDS(config_tenant(c, pawl_view_str(t->name)) == t); /* no other has the name */
    FUZZ_HOLDS(t->admission > ADMISSION_NONE && t->admission < ADMISSION_COUNT);
    FUZZ_HOLDS(pawl_pcr_selection_count(&t->pcrs) > 0);
    FUZZ_HOLDS(t->suites.n >= 1 && t->suites.n <= 4);
    FUZZ_HOLDS(t->ear_ttl_s >= 1 && t->ear_ttl_s <= 30 * 86400);
    FUZZ_HOLDS(!t->roots[0] || t->roots[0] == '/');
    FUZZ_HOLDS(!t->lab_roots[0] || t->lab_roots[0] == '/');
    FUZZ_HOLDS(!t->intermediates[0] || t->intermediates[0] == '/');
    FUZZ_HOLDS(!t->revoked[0] || t->revoked[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct verifier_config c;
    struct pawl_err               err = { 0 };

    if (!file)
        make_state();
    FUZZ_HOLDS(ftruncate(file, 0) == 0 && pwrite(file, p, n, 0) == (ssize_t)n);
    FUZZ_POISON(&c);
    pawl_status s = config_load(state, &c, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &c);
        FUZZ_HOLDS(!strncmp(err.where, "verifier.ini", 12));
        return 0;
    }
    FUZZ_HOLDS(c.address[0] && c.listen[0] && c.operator_socket[0] == '/');
    FUZZ_HOLDS(c.workers >= 1 && c.workers <= CONFIG_WORKERS_MAX);
    FUZZ_HOLDS(c.request_timeout_s >= 1 && c.idle_timeout_s >= 1 && c.connections_max >= 1);
    FUZZ_HOLDS(c.tenant_n >= 1 && c.tenant_n <= CONFIG_TENANTS_MAX);
    for (size_t i = 0; i < c.tenant_n; i++)
        tenant_within_limits(&c, &c.tenant[i]);
    return 0;
}
