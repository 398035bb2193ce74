/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"

static int run(const struct device *d, const char *command)
{
    setenv("DEVICE", d->dir, 1);
    setenv("TPM2TOOLS_TCTI", d->tcti, 1);
    return system(command);
}

bool device_is_possible(void)
{
    return getenv("SWTPM_CONFIG") &&
           system("command -v swtpm tpm2_createek openssl >/dev/null 2>&1") == 0;
}

int device_setup(void **state)
{
    static unsigned devices;
    struct device  *d = calloc(1, sizeof(*d));
    char            command[256];

    if (!d)
        return -1;
    snprintf(d->dir, sizeof(d->dir), "/tmp/pawl-device-%ld-%u", (long)getpid(), ++devices);
    if (mkdir(d->dir, 0700) != 0) {
        free(d);
        return -1;
    }
    snprintf(d->tcti, sizeof(d->tcti), "swtpm:path=%s/sock", d->dir);
    snprintf(command, sizeof(command),
             "\"$SWTPM_CONFIG/fresh\" \"$DEVICE\" --ca \"$DEVICE/ca\" --start %s >/dev/null",
             (const char *)*state);
    *state = d;
    return run(d, command) == 0 ? 0 : -1;
}

int device_teardown(void **state)
{
    struct device *d = *state;
    int            rc = run(d, "\"$SWTPM_CONFIG/stop\" \"$DEVICE\" && rm -rf \"$DEVICE\"");

    free(d);
    return rc == 0 ? 0 : -1;
}

void device_run(const struct device *d, const char *command)
{
    char strict[1024];
    int  n = snprintf(strict, sizeof(strict), "set -eu; exec >/dev/null; %s", command);

    assert_true(n > 0 && (size_t)n < sizeof(strict));
    if (run(d, strict) != 0)
        fail_msg("failed: %s", command);
}

void device_power_cut(const struct device *d)
{
    device_run(d, "\"$SWTPM_CONFIG/power-cut\" \"$DEVICE\"");
}
