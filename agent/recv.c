/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <stdio.h>

#include "flow/inbox.h"
#include "own.h"
#include "report.h"

/* A message is taken after it was written, so one may be printed twice and none is lost. */
struct printer {
    const struct cli *cli;
    uint64_t          n; /* printed */
    uint8_t           body[PAWL_BODY_MAX];
};

static void printer_wipe(struct printer *p)
{
    pawl_wipe(p->body, sizeof(p->body));
}

static bool has_enough(const struct printer *p)
{
    return p->cli->count && p->n >= p->cli->count;
}

static pawl_status print(struct printer *p, size_t n, struct pawl_err *err)
{
    bool good = fwrite(p->body, 1, n, stdout) == n && (!p->cli->lines || putchar('\n') != EOF);

    if (!good || fflush(stdout))
        return pawl_fail(err, PAWL_E_IO, "standard output", "takes nothing");
    p->n++;
    return pawl_ok();
}

/* ---- of a running agent --------------------------------------------------------------------- */

static pawl_status receive_all(struct printer *p, struct pawl_local *agent, struct pawl_err *err)
{
    uint64_t id;
    size_t   n;

    while (!has_enough(p)) {
        pawl_status s = pawl_local_receive(agent, 0, p->cli->follow ? -1 : 0, &id, p->body,
                                           sizeof(p->body), &n, err);
        if (s.code == PAWL_E_ABSENT)
            return pawl_ok();
        PAWL_TRY(s);
        PAWL_TRY(print(p, n, err));
        PAWL_TRY(pawl_local_taken(agent, id, err));
    }
    return pawl_ok();
}

/* ---- without one ---------------------------------------------------------------------------- */

static pawl_status take_waiting(struct printer *p, struct spool *inbox, struct pawl_err *err)
{
    uint64_t id;
    size_t   n;

    while (!has_enough(p)) {
        pawl_status s = inbox_next(inbox, 0, &id, p->body, sizeof(p->body), &n, err);
        if (s.code == PAWL_E_ABSENT)
            return pawl_ok();
        PAWL_TRY(s);
        PAWL_TRY(print(p, n, err));
        PAWL_TRY(spool_take(inbox, id, err));
        PAWL_TRY(spool_sync(inbox, err));
    }
    return pawl_ok();
}

static pawl_status receive_own(struct printer *p, struct rounds *own, struct pawl_err *err)
{
    PAWL_TRY(take_waiting(p, own->flow.live.inbox, err));
    if (has_enough(p))
        return pawl_ok();
    PAWL_TRY(own_exchange(own, false, err));
    PAWL_TRY(own_check(own, err));
    return take_waiting(p, own->flow.live.inbox, err);
}

static void own_close(struct rounds *r)
{
    flow_close(&r->flow);
}

static pawl_status receive_without_agent(struct printer *p, const struct config *c,
                                         struct pawl_err *err)
{
    PAWL_CLEANUP(own_close) struct rounds own = { .flow.dir = { -1, -1 } };

    if (p->cli->follow)
        return pawl_fail(err, PAWL_E_CONFLICT, "agent", "none runs that could be followed");
    PAWL_TRY(own_open(c, &own, err));
    return receive_own(p, &own, err);
}

/* ---- the command ---------------------------------------------------------------------------- */

static pawl_status receive(struct printer *p, const struct config *c, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_local_close) struct pawl_local *agent = NULL;

    PAWL_TRY(message_agent(c, &agent, err));
    return agent ? receive_all(p, agent, err) : receive_without_agent(p, c, err);
}

enum cli_exit message_recv(const struct cli *cli, const struct config *c)
{
    PAWL_CLEANUP(printer_wipe) struct printer p = { .cli = cli };
    struct pawl_err                           err;

    pawl_status s = receive(&p, c, &err);
    if (pawl_is_ok(s))
        return CLI_GOOD;
    report_failure(&err);
    return s.code == PAWL_E_CONFLICT ? CLI_USAGE : report_failure_exit(s.code);
}
