/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fresh software TPM for each test, made by swtpm-config and removed afterwards.
 */
#ifndef E2E_DEVICE_H
#define E2E_DEVICE_H

#include "t.h"

struct device {
    char dir[64];
    char tcti[128];
};

/* cmocka's table entry: a test on a fresh device, whose maker gets these options of
 * swtpm-config/fresh. The test's state is a struct device. */
#define T_DEVICE(sentence, function, options)                                                      \
    {                                                                                              \
        (sentence), (function), device_setup, device_teardown, (void *)(options)                   \
    }

int device_setup(void **state);
int device_teardown(void **state);

/* False without swtpm and its tools: the program then ends with 77. */
bool device_is_possible(void);

/* Runs a shell command with the device's TPM for tpm2-tools, $DEVICE as its directory and
 * $SWTPM_CONFIG; the test fails if it does. */
void device_run(const struct device *d, const char *command);

void device_power_cut(const struct device *d);

#endif
