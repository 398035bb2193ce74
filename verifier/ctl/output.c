/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

static void file_close(FILE **f)
{
    if (*f)
        fclose(*f);
}

pawl_status output_new(const char *path, struct pawl_view v, struct pawl_err *err)
{
    PAWL_CLEANUP(file_close) FILE *f = fopen(path, "wbx");

    if (!f)
        return pawl_fail(err, PAWL_E_IO, path, "%s", strerror(errno));
    if (fwrite(v.p, 1, v.n, f) != v.n || fflush(f) != 0)
        return pawl_fail(err, PAWL_E_IO, path, "%s", strerror(errno));
    return pawl_ok();
}
