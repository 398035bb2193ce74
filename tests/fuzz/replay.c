/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over files and directories of files, each whole and cut short at each byte (at
 * 4096 places, if it is longer). Each input is a heap block of exactly its size.
 */

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { CUTS_MAX = 4096 };

static size_t files;

static void run(const uint8_t *p, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);

    FUZZ_HOLDS(exact);
    if (n)
        memcpy(exact, p, n);
    FUZZ_HOLDS(LLVMFuzzerTestOneInput(exact, n) == 0);
    free(exact);
}

static void replay_file(const char *path, size_t n)
{
    uint8_t *p = malloc(n ? n : 1);
    FILE    *f = fopen(path, "rb");

    FUZZ_HOLDS(p && f && fread(p, 1, n, f) == n);
    fclose(f);
    for (size_t cut = 0; cut < n; cut += n / CUTS_MAX + 1)
        run(p, cut);
    run(p, n);
    free(p);
    files++;
}

static void replay(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        perror(path);
        exit(1);
    }
    if (!S_ISDIR(st.st_mode)) {
        replay_file(path, (size_t)st.st_size);
        return;
    }
    DIR *dir = opendir(path);
    FUZZ_HOLDS(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        char below[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
        replay(below);
    }
    closedir(dir);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%zu files\n", files);
    return files == 0; /* an empty corpus proves nothing */
}
