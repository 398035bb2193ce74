/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, the cost of another process, and how times are spread. */
#include "fleet.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void fleet_times_add(struct fleet_times *t, uint64_t us)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 4096;
        t->us = realloc(t->us, t->cap * sizeof(t->us[0]));
        if (!t->us)
            abort();
    }
    t->us[t->n++] = us;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

uint64_t fleet_times_share(struct fleet_times *t, unsigned ppm)
{
    if (!t->n)
        return 0;
    qsort(t->us, t->n, sizeof(t->us[0]), compare);
    size_t i = t->n * ppm / 1000000;
    return t->us[i < t->n ? i : t->n - 1];
}

void fleet_times_done(struct fleet_times *t)
{
    free(t->us);
    *t = (struct fleet_times){ 0 };
}

static uint64_t read_us(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t fleet_now_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

uint64_t fleet_cpu_us(int pid)
{
    clockid_t clock;

    return pid && clock_getcpuclockid(pid, &clock) == 0 ? read_us(clock) : 0;
}

/* "tid (name) S ppid .. utime stime ..": fields 14 and 15, in ticks. */
static uint64_t read_thread_us(const char *path, const char *name)
{
    char               line[512] = "", wanted[32];
    unsigned long long user = 0, kernel = 0;
    FILE              *f = fopen(path, "re");

    snprintf(wanted, sizeof(wanted), "(%s)", name);
    if (!f)
        return 0;
    const char *at = fgets(line, sizeof(line), f) ? strstr(line, wanted) : NULL;
    fclose(f);
    if (!at || sscanf(at + strlen(wanted), " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                      &user, &kernel) != 2)
        return 0;
    return (user + kernel) * 1000000 / (unsigned long long)sysconf(_SC_CLK_TCK);
}

uint64_t fleet_thread_us(int pid, const char *name)
{
    char     path[300];
    uint64_t us = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *d = pid ? opendir(path) : NULL;
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", pid, e->d_name);
        us += read_thread_us(path, name);
    }
    if (d)
        closedir(d);
    return us;
}

static uint64_t status_kib(int pid, const char *name)
{
    char               path[64], line[256];
    unsigned long long kib = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *f = pid ? fopen(path, "re") : NULL;
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoull(line + strlen(name), NULL, 10);
    if (f)
        fclose(f);
    return kib;
}

uint64_t fleet_memory_kib(int pid)
{
    return status_kib(pid, "VmRSS:");
}

uint64_t fleet_peak_kib(int pid)
{
    return status_kib(pid, "VmHWM:");
}
