/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each has one number: the time at which all that it used will be earned back. It may come while
 * that lies no further ahead than its burst; coming moves it by one step (GCRA). One whose time has
 * passed is as good as unknown.
 *
 * Not here: clocks, and what the numbers of who mean.
 */
#include "pace.h"

#include <pthread.h>
#include <stdlib.h>

#include <pawl/crypto.h>

#define SETS 8192 /* a power of two */
#define WAYS 4    /* one cache line */
#define S_NS INT64_C(1000000000)

struct used {
    uint64_t who;
    int64_t  until_ns; /* 0: nobody was here */
};

struct pace {
    pthread_mutex_t lock;
    int64_t         step_ns, ahead_ns;
    uint64_t        odd; /* random: nobody can choose who shares a set */
    struct used     used[SETS][WAYS];
};

pawl_status pace_make(uint64_t n, uint64_t period_s, uint64_t burst, struct pace **ret,
                      struct pawl_err *err)
{
    uint8_t  b[8];
    uint64_t odd = 1;

    *ret = NULL;
    if (n == 0)
        return pawl_ok();
    PAWL_TRY(pawl_random(b, sizeof(b), err));
    struct pace *p = calloc(1, sizeof(*p));
    if (!p)
        return pawl_fail(err, PAWL_E_MEMORY, "pace", "no memory");
    for (size_t i = 0; i < sizeof(b); i++)
        odd = odd << 8 | b[i];
    p->odd = odd | 1;
    p->step_ns = (int64_t)period_s * S_NS / (int64_t)n;
    p->ahead_ns = p->step_ns * (int64_t)(burst - 1);
    pthread_mutex_init(&p->lock, NULL);
    *ret = p;
    return pawl_ok();
}

void pace_free(struct pace **p)
{
    if (!*p)
        return;
    pthread_mutex_destroy(&(*p)->lock);
    free(*p);
    *p = NULL;
}

/* Its place; that of whom it pushes out, if it has none. */
static struct used *place_of(struct pace *p, uint64_t who)
{
    struct used *set = p->used[(who * p->odd >> 32) % SETS];
    struct used *found = &set[0];

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].until_ns && set[i].who == who)
            return &set[i];
        if (set[i].until_ns < found->until_ns)
            found = &set[i];
    }
    *found = (struct used){ .who = who };
    return found;
}

unsigned pace_wait(struct pace *p, uint64_t who, int64_t now_ms)
{
    int64_t now_ns = now_ms * (S_NS / 1000);
    int64_t wait_ns;

    if (!p)
        return 0;
    pthread_mutex_lock(&p->lock);
    struct used *u = place_of(p, who);
    /* What is further ahead than anybody can be is of a clock that went back. */
    if (u->until_ns < now_ns || u->until_ns - now_ns > p->ahead_ns + p->step_ns)
        u->until_ns = now_ns;
    wait_ns = u->until_ns - now_ns - p->ahead_ns;
    if (wait_ns <= 0)
        u->until_ns += p->step_ns;
    pthread_mutex_unlock(&p->lock);
    return wait_ns <= 0 ? 0 : (unsigned)((wait_ns + S_NS - 1) / S_NS);
}

uint64_t pace_who(const uint8_t hash[32])
{
    uint64_t who = 0;

    for (size_t i = 0; i < sizeof(who); i++)
        who = who << 8 | hash[i];
    return who;
}
