/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl store: what is done to a state directory of this host, by the program that knows stores
 * (docs/decisions/0010). It says on standard error what it does, and why it does not. */
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/show.h"

#define PROGRAM "pawl-verifier"

static pawl_status run_program(char *const argv[], int *ret, struct pawl_err *err)
{
    pid_t pid;
    int   rc = posix_spawnp(&pid, PROGRAM, NULL, NULL, argv, environ);

    if (rc != 0)
        return pawl_fail(err, PAWL_E_ABSENT, PROGRAM, "%s", strerror(rc));
    while (waitpid(pid, ret, 0) < 0)
        if (errno != EINTR)
            return pawl_fail(err, PAWL_E_IO, PROGRAM, "%s", strerror(errno));
    return pawl_ok();
}

pawl_status store_migrate(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    const char *dir = a->option[OPT_STATE], *to = a->option[OPT_TO];
    /* It changes none of them. */
    char *const argv[] = { (char[]){ PROGRAM },
                           (char[]){ "migrate" },
                           (char[]){ "--to" },
                           (char *)to,
                           (char[]){ "--" },
                           (char *)dir,
                           NULL };
    int         ended;

    if (strcmp(a->operand, "sqlite-to-postgres") != 0)
        return pawl_fail(err, PAWL_E_BUG, "store migrate", "sqlite-to-postgres is the only way");
    PAWL_TRY(run_program(argv, &ended, err));
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0)
        return pawl_fail(err, PAWL_E_CONFLICT, PROGRAM, "%s has not moved", dir);
    PAWL_CLEANUP(json_free) cJSON *o = cJSON_CreateObject();
    if (!cJSON_AddStringToObject(o, "state", dir) ||
        !cJSON_AddStringToObject(o, "store", "postgres"))
        return json_no_memory(err);
    *ret = o;
    o = NULL;
    return pawl_ok();
}

void show_migrated(const cJSON *answer)
{
    (void)answer; /* the program has said it */
}
