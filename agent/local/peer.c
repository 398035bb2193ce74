/* SPDX-License-Identifier: Apache-2.0 */
#include "local/peer.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME_SIZE  64
#define GROUPS_MAX 1024 /* of one peer that we look at */

/* ---- the lists ------------------------------------------------------------------------------ */

typedef bool find_fn(const char *name, uint32_t *ret);

static bool find_user(const char *name, uint32_t *ret)
{
    const struct passwd *p = getpwnam(name);

    if (p)
        *ret = p->pw_uid;
    return p;
}

static bool find_group(const char *name, uint32_t *ret)
{
    const struct group *g = getgrnam(name);

    if (g)
        *ret = g->gr_gid;
    return g;
}

static pawl_status read_one(const char *name, const char *key, find_fn *find, uint32_t *ret,
                            struct pawl_err *err)
{
    uint64_t        number = 0;
    struct pawl_err ignored;

    if (pawl_is_ok(pawl_u64_parse(name, key, UINT32_MAX - 1, &number, &ignored))) {
        *ret = (uint32_t)number;
        return pawl_ok();
    }
    if (!*name || !find(name, ret))
        return pawl_fail(err, PAWL_E_ABSENT, key, "the system does not know '%.60s'", name);
    return pawl_ok();
}

static pawl_status read_list(const char *text, const char *key, find_fn *find, uint32_t *ret,
                             size_t *ret_n, struct pawl_err *err)
{
    char name[NAME_SIZE];

    *ret_n = 0;
    while (*text) {
        size_t n = strcspn(text, ","), from = 0, to = n;
        while (from < to && isblank((unsigned char)text[from]))
            from++;
        while (to > from && isblank((unsigned char)text[to - 1]))
            to--;
        if (*ret_n == PEERS_MAX || to - from >= sizeof(name))
            return pawl_fail(err, PAWL_E_RANGE, key, "more than %d names, or too long a one",
                             PEERS_MAX);
        snprintf(name, sizeof(name), "%.*s", (int)(to - from), text + from);
        PAWL_TRY(read_one(name, key, find, &ret[*ret_n], err));
        ++*ret_n;
        text += n + (text[n] == ',');
    }
    return pawl_ok();
}

pawl_status peers_read(const char *users, const char *groups, struct peers *ret,
                       struct pawl_err *err)
{
    _Static_assert(sizeof(uid_t) == 4 && sizeof(gid_t) == 4, "ids of 32 bits");
    struct peers p = { 0 };

    PAWL_TRY(read_list(users, "socket_users", find_user, p.user, &p.user_n, err));
    PAWL_TRY(read_list(groups, "socket_groups", find_group, p.group, &p.group_n, err));
    *ret = p;
    return pawl_ok();
}

/* ---- who it is ------------------------------------------------------------------------------ */

static bool has_group(const struct peers *p, gid_t group)
{
    for (size_t i = 0; i < p->group_n; i++)
        if (p->group[i] == group)
            return true;
    return false;
}

static bool has_user(const struct peers *p, uid_t user)
{
    for (size_t i = 0; i < p->user_n; i++)
        if (p->user[i] == user)
            return true;
    return user == 0 || user == geteuid();
}

/* SO_PEERCRED knows the first group alone. */
static bool has_one_of_its_groups(const struct peers *p, int fd)
{
    gid_t     group[GROUPS_MAX];
    socklen_t size = sizeof(group);

    if (!p->group_n || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, group, &size))
        return false;
    for (size_t i = 0; i < size / sizeof(*group); i++)
        if (has_group(p, group[i]))
            return true;
    return false;
}

pawl_status peers_admit(const struct peers *p, int fd, struct pawl_err *err)
{
    struct ucred c;
    socklen_t    size = sizeof(c);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &size))
        return pawl_fail(err, PAWL_E_IO, "peer", "%s", strerror(errno));
    if (has_user(p, c.uid) || has_group(p, c.gid) || has_one_of_its_groups(p, fd))
        return pawl_ok();
    return pawl_fail(err, PAWL_E_DENIED, "peer",
                     "user %u is neither in socket_users nor in socket_groups", (unsigned)c.uid);
}
