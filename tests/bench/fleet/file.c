/* SPDX-License-Identifier: Apache-2.0 */
/* The fleet's file: a page that says which fleet it is, then one record for each device. */
#include "fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 4096 };
#define MAGIC "pawl fleet 1"

struct head {
    char     magic[16];
    uint64_t seed;
};

static pawl_status map(struct fleet *f, int fd, const char *path, size_t n, struct pawl_err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return pawl_fail(err, PAWL_E_IO, "fleet", "%s: %s", path, strerror(errno));
    size_t has = st.st_size > HEAD ? ((size_t)st.st_size - HEAD) / sizeof(struct fleet_device) : 0;
    if (!n)
        n = has;
    if (n > has && ftruncate(fd, (off_t)(HEAD + n * sizeof(struct fleet_device))) != 0)
        return pawl_fail(err, PAWL_E_IO, "fleet", "%s: %s", path, strerror(errno));
    uint8_t *p = mmap(NULL, HEAD + n * sizeof(struct fleet_device), PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return pawl_fail(err, PAWL_E_IO, "fleet", "%s: %s", path, strerror(errno));
    struct head *h = (struct head *)p;
    f->n = n;
    f->device = (struct fleet_device *)(p + HEAD);
    if (has == 0) {
        memcpy(h->magic, MAGIC, sizeof(MAGIC));
        h->seed = f->seed;
    }
    if (memcmp(h->magic, MAGIC, sizeof(MAGIC)) != 0 || !n)
        return pawl_fail(err, PAWL_E_FORM, "fleet", "%s: is no fleet", path);
    f->seed = h->seed;
    return pawl_ok();
}

pawl_status fleet_open(struct fleet *f, const char *path, uint64_t seed, size_t n,
                       struct pawl_err *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | (n ? O_CREAT : 0), 0600);

    if (fd < 0)
        return pawl_fail(err, PAWL_E_IO, "fleet", "%s: %s", path, strerror(errno));
    f->seed = seed;
    pawl_status s = map(f, fd, path, n, err);
    close(fd);
    PAWL_TRY(s);
    f->maker = fleet_maker_make(f);
    return pawl_ok();
}

void fleet_close(struct fleet *f)
{
    fleet_maker_free(&f->maker);
    if (f->device)
        munmap((uint8_t *)f->device - HEAD, HEAD + f->n * sizeof(struct fleet_device));
    f->device = NULL;
}
