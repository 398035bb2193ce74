/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the operator names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

void bytes_done(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){ 0 };
}

struct pawl_view bytes_view(const struct bytes *b)
{
    return pawl_view(b->p, b->n);
}

static void file_close(FILE **f)
{
    if (*f && *f != stdin)
        fclose(*f);
}

pawl_status input_read(const char *path, size_t max, struct bytes *ret, struct pawl_err *err)
{
    bool                                  is_stdin = strcmp(path, "-") == 0;
    const char                           *where = is_stdin ? "standard input" : path;
    PAWL_CLEANUP(file_close) FILE        *f = is_stdin ? stdin : fopen(path, "rb");
    PAWL_CLEANUP(bytes_done) struct bytes b = { 0 };

    if (!f)
        return pawl_fail(err, PAWL_E_IO, where, "%s", strerror(errno));
    b.p = malloc(max + 1);
    if (!b.p)
        return pawl_fail(err, PAWL_E_MEMORY, where, "no memory for %zu bytes", max);
    b.n = fread(b.p, 1, max + 1, f);
    if (ferror(f))
        return pawl_fail(err, PAWL_E_IO, where, "%s", strerror(errno));
    if (b.n > max)
        return pawl_fail(err, PAWL_E_RANGE, where, "has more than %zu bytes", max);
    *ret = b;
    b = (struct bytes){ 0 };
    return pawl_ok();
}
