/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

pawl_status sandbox_enter(struct pawl_err *err)
{
    const struct rlimit none = { 0, 0 };

    umask(077);
    if (setrlimit(RLIMIT_CORE, &none))
        return pawl_fail(err, PAWL_E_IO, "sandbox.core", "%s", strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return pawl_fail(err, PAWL_E_IO, "sandbox.privileges", "%s", strerror(errno));
#ifndef __SANITIZE_ADDRESS__ /* whose leak checker is a debugger */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return pawl_fail(err, PAWL_E_IO, "sandbox.dumpable", "%s", strerror(errno));
#endif
    return pawl_ok();
}
