/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type;
    return at->level ? remove(path) : 0;
}

int scratch_empty(void **state)
{
    (void)state;
    return nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS);
}

int scratch_make(void **state)
{
    (void)state;
    /* Some tests change it tens of thousands of times: that is no work for a disk. */
    snprintf(root, sizeof(root), "%s/pawl-test-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    return mkdtemp(root) ? 0 : -1;
}

int scratch_remove(void **state)
{
    return scratch_empty(state) || rmdir(root);
}

const char *scratch(void)
{
    return root;
}

const char *scratch_path(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}
