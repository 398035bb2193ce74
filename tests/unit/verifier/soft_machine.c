/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/operator.h"

void machine_done(struct machine *m)
{
    soft_device_done(&m->d);
    world_done(&m->w);
}

/* ---- its life ------------------------------------------------------------------------------- */

void machine_make(struct machine *m)
{
    struct soft_eventlog good = soft_eventlog_good(PAWL_SHA256);
    struct enrolling     e;
    struct soft_evidence ev;

    memset(m, 0, sizeof(*m));
    world_make(&m->w);
    T_OK(pawl_pcr_selection_from_text("sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14",
                                      &m->w.config.tenant[ACME].pcrs, &m->w.err),
         &m->w.err);
    world_device(&m->w, &m->w.vendor, &m->d);
    m->d.banks = 1u << PAWL_SHA256;
    machine_boots(m, &good);
    struct pawl_enrol_req req = soft_enrol(&m->d);
    world_enrol_request(&m->w, &m->d, &req, &e);
    world_enrol_evidence(&m->d, &e, &ev);
    machine_bring(m, &ev, LOG);
    soft_evidence_sign(&ev, &e.secret);
    world_takes(&m->w, flow_evidence, soft_evidence_bytes(&ev), 200);
    world_adopt(&m->w, &m->d, &ev, &e.secret);
    m->all = false;
}

void machine_boots(struct machine *m, const struct soft_eventlog *log)
{
    soft_boot(&m->d, log, &m->b);
    m->all = true;
}

void machine_runs(struct machine *m, const char *path, const char *content)
{
    soft_boot_runs(&m->d, &m->b, path, content);
}

struct brings machine_list_from(const struct machine *m, size_t from)
{
    return (struct brings){ .list = true, .from = from, .to = m->b.ima.entries };
}

struct brings machine_list(const struct machine *m)
{
    return machine_list_from(m, 0);
}

/* ---- policies ------------------------------------------------------------------------------- */

void machine_policy(struct machine *m, const char *rules)
{
    const struct tenant_config *acme = &m->w.config.tenant[ACME];
    struct world               *w = &m->w;
    char                        text[4096], *json;

    snprintf(text, sizeof(text), "{\"name\":\"machine\",\"version\":%d,%s}", (int)++m->policy,
             rules);
    step_done(&w->step);
    T_OK(operator_policy_add(&w->flow, acme, pawl_view_str(text), &json, &w->step, &w->err),
         &w->err);
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    free(json);
    step_done(&w->step);
    T_OK(operator_default_policy(&w->flow, acme, pawl_view_str("{\"policy\":\"machine\"}"), &json,
                                 &w->step, &w->err),
         &w->err);
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    free(json);
}

const char *rules_ima(void)
{
    static char     text[1024];
    struct pawl_err err;
    size_t          n = (size_t)snprintf(text, sizeof(text), RULES_LOG ",\"ima\":{\"files\":{");

    for (char c = 'a'; c <= 'd'; c++) {
        char    path[] = { '/', 'b', 'i', 'n', '/', c, 0 }, hex[65];
        uint8_t digest[32];
        T_OK(pawl_sha256(pawl_view_str(path), digest, &err), &err);
        T_OK(pawl_hex_write(PAWL_VIEW_OF(digest), hex, sizeof(hex), &err), &err);
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\"%s\":[\"sha256:%s\"]",
                              c == 'a' ? "" : ",", path, hex);
    }
    snprintf(text + n, sizeof(text) - n, "}}");
    return text;
}

/* ---- exchanges ------------------------------------------------------------------------------ */

void machine_begin(struct machine *m, struct soft_evidence *ret)
{
    const struct pawl_pcr_selection all = pawl_pcr_selection_all(0);
    uint8_t                         nonce[PAWL_NONCE];

    world_challenge(&m->w, &m->d, PAWL_LABEL_ATTEST, nonce);
    soft_evidence_begin(&m->d, PAWL_LABEL_ATTEST, t_copy(PAWL_VIEW_OF(nonce)),
                        m->all ? &all : &m->w.config.tenant[ACME].pcrs, ret);
}

void machine_bring(struct machine *m, struct soft_evidence *ev, struct brings b)
{
    if (b.log) {
        ev->m.log[0] = (struct pawl_log){ 1, m->d.eventlog };
        ev->m.log_n = 1;
    }
    if (b.list) {
        ev->m.ima_first = b.from;
        ev->m.ima = soft_boot_list(&m->b, b.from, b.to);
    }
}

void machine_attests(struct machine *m, struct brings b)
{
    struct soft_evidence ev;

    machine_begin(m, &ev);
    machine_bring(m, &ev, b);
    world_sends(&m->w, &ev);
    m->all = false;
}

struct pawl_view machine_supply(struct machine *m, struct brings b)
{
    static uint8_t       body[256 * 1024];
    struct soft_evidence ev = { .m = { .log_n = 0 } };
    struct pawl_wr       out = pawl_wr_to(body, sizeof(body));
    struct pawl_supply   s = { .ticket = t_copy(world_result(&m->w).ticket) };

    machine_bring(m, &ev, b);
    s.log_n = ev.m.log_n;
    s.log[0] = ev.m.log[0];
    s.ima_first = ev.m.ima_first;
    s.ima = ev.m.ima;
    T_OK(pawl_supply_write(&s, &out, &m->w.err), &m->w.err);
    return t_copy(pawl_view(body, out.n));
}

void machine_supplies(struct machine *m, struct brings b)
{
    world_takes(&m->w, flow_supply, machine_supply(m, b), 200);
}

/* ---- answers -------------------------------------------------------------------------------- */

void machine_is(struct machine *m, const char *status, const char *why)
{
    EAR          *ear = world_ear(&m->w);
    struct device d = world_record(&m->w, &m->d);

    if (strcmp(ear_status(ear), status) != 0)
        fail_msg("is %s, not %s: %s", ear_status(ear), status, d.why);
    assert_string_equal(d.status, status);
    if (why && !ear_says(ear, why))
        fail_msg("does not say %s: %s", why, d.why);
    if (why)
        assert_non_null(strstr(d.why, why));
}

void machine_covers(struct machine *m, const char *coverage)
{
    assert_string_equal(world_record(&m->w, &m->d).coverage, coverage);
}

void machine_wanted(struct machine *m, bool log, int first, bool ticket)
{
    struct pawl_result r = world_result(&m->w);

    assert_int_equal(r.want.log_n, log);
    if (log)
        assert_int_equal(r.want.log[0], 1);
    assert_int_equal(r.want.has_ima, first >= 0);
    if (first >= 0)
        assert_int_equal(r.want.first_ima_entry, first);
    assert_int_equal(r.ticket.n > 0, ticket);
}
