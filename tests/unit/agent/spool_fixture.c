/* SPDX-License-Identifier: Apache-2.0 */
#include "spool_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "power.h"
#include "scratch.h"
#include "state/spool.h"
#include "t.h"

const struct pawl_secret key = { .n = 64, .b = { 0x6b, 1, 2, 3 } };

int open_scratch(void)
{
    int fd = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

struct spool *spool_opened_with(int dir, uint64_t cap_n, bool *ret_lost)
{
    const struct spool_config c = { .name = SPOOL_QUEUE, .cap_n = cap_n };
    struct spool             *s = NULL;
    struct pawl_err           err;

    T_OK(spool_open(dir, &c, &key, &s, ret_lost, &err), &err);
    return s;
}

struct spool *spool_opened(int dir)
{
    bool          lost = true;
    struct spool *s = spool_opened_with(dir, 1 << 20, &lost);

    assert_false(lost);
    return s;
}

size_t spool_body_of(unsigned number, uint8_t ret[PAWL_BODY_MAX])
{
    size_t n = 1 + number * 37 % 300;

    for (size_t i = 0; i < n; i++)
        ret[i] = (uint8_t)(number + i);
    return n;
}

uint64_t spool_puts(struct spool *s, unsigned number)
{
    uint8_t         b[PAWL_BODY_MAX];
    uint64_t        id = 0;
    struct pawl_err err;

    T_OK(spool_put(s, 0, pawl_view(b, spool_body_of(number, b)), &id, &err), &err);
    return id;
}

off_t spool_size(int dir)
{
    struct stat st;

    assert_int_equal(fstatat(dir, FILE_NAME, &st, 0), 0);
    return st.st_size;
}
