/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a ticket brings back what was put into it, fits its room with the largest state of a list
 * and the longest verdict, cuts details and nothing else, and no character in two; and is good for
 * its time alone. */
#include <string.h>

#include "flow/ticket.h"
#include "flow_fixture.h"

struct sealed {
    size_t  n;
    uint8_t b[PAWL_TICKET_MAX];
};

static struct ticket good(void)
{
    struct ticket t = { .wants_log = true,
                        .restarts = 7,
                        .v = { .identity = 2,
                               .configuration = 32,
                               .hardware = 96,
                               .approved = true,
                               .watched = true } };

    memset(t.device_id, 0x44, sizeof(t.device_id));
    memset(t.th1, 0x55, sizeof(t.th1));
    t.v.cover[COVER_IDENTITY].is = true;
    verdict_find(&t.v, REASON_LAB_TPM, "%0200d", 1);
    verdict_find_what(&t.v, REASON_BANKS_CHANGED, "sha384", "it is there");
    return t;
}

static struct sealed seal(struct world *w, const struct ticket *t)
{
    struct sealed s;

    T_OK(ticket_seal(&w->keys, t, pawl_view_str("acme"), w->now_ms, s.b, &s.n, &w->err), &w->err);
    return s;
}

static struct ticket open_again(struct world *w, const struct sealed *s)
{
    uint8_t          room[PAWL_TICKET_MAX];
    struct pawl_view tenant;
    struct ticket    t;

    T_OK(ticket_open(&w->keys, w->now_ms, pawl_view(s->b, s->n), room, &tenant, &t, &w->err),
         &w->err);
    assert_true(pawl_view_equal(tenant, pawl_view_str("acme")));
    return t;
}

static void same_but_for_details(const struct ticket *a, const struct ticket *b)
{
    assert_memory_equal(a->device_id, b->device_id, sizeof(a->device_id));
    assert_memory_equal(a->th1, b->th1, sizeof(a->th1));
    assert_true(a->wants_log == b->wants_log && a->wants_ima == b->wants_ima);
    assert_int_equal(a->restarts, b->restarts);
    assert_int_equal(a->v.identity, b->v.identity);
    assert_int_equal(a->v.configuration, b->v.configuration);
    assert_int_equal(a->v.hardware, b->v.hardware);
    assert_true(a->v.approved == b->v.approved && a->v.watched == b->v.watched);
    assert_int_equal(a->v.cover[COVER_IDENTITY].is, b->v.cover[COVER_IDENTITY].is);
    assert_int_equal(a->v.cover[COVER_IDENTITY].why, b->v.cover[COVER_IDENTITY].why);
    assert_int_equal(a->v.finding_n, b->v.finding_n);
    for (size_t i = 0; i < a->v.finding_n; i++) {
        assert_int_equal(a->v.finding[i].reason, b->v.finding[i].reason);
        assert_string_equal(a->v.finding[i].what, b->v.finding[i].what);
    }
}

static void brings_back_what_was_put_in(void **state)
{
    (void)state;
    WORLD w;

    world_make(&w);
    struct ticket t = good();
    struct sealed s = seal(&w, &t);
    struct ticket back = open_again(&w, &s);
    same_but_for_details(&t, &back);
    assert_false(back.has_ima);
    for (size_t i = 0; i < t.v.finding_n; i++)
        assert_string_equal(t.v.finding[i].detail, back.v.finding[i].detail);

    t.wants_log = false;
    t.wants_ima = true;
    t.v.cover[COVER_IDENTITY] = (struct covered){ .why = REASON_NO_EK_CERT };
    s = seal(&w, &t);
    back = open_again(&w, &s);
    same_but_for_details(&t, &back);
}

/* As large as a state can be: every text at its longest. */
static struct ima_state largest(void)
{
    struct ima_state s = ima_state_start(UINT32_MAX, PAWL_SHA512, (const uint8_t *)"12345678");

    s.at.entries = s.at.others = s.at.violations = IMA_ENTRIES_MAX;
    s.at.extends = IMA_EXTENDS_OWN;
    s.judged = (struct ima_judged){ .known = UINT64_MAX,
                                    .signed_n = UINT64_MAX,
                                    .buffers = UINT64_MAX,
                                    .excluded = UINT64_MAX,
                                    .bad = UINT64_MAX,
                                    .boots = UINT64_MAX };
    for (size_t i = 0; i < IMA_EXCLUDED_SHOWN; i++)
        memset(s.judged.excluded_path[i], 'x', IMA_PATH_SHOWN - 1);
    for (int i = 0; i < IMA_STATE_FAILURES; i++)
        failure_add(&s.failures, "I0", i, "a file that a rule knows by its path and digest",
                    "%0127d", i);
    return s;
}

static void the_largest_state_and_the_longest_verdict_fit(void **state)
{
    (void)state;
    WORLD w;

    world_make(&w);
    struct ticket t = good();
    t.wants_ima = t.has_ima = true;
    t.ima = largest();
    while (t.v.finding_n < VERDICT_REASONS_MAX)
        verdict_find(&t.v, REASON_BANKS_CHANGED, "%0220d", (int)t.v.finding_n);
    struct sealed s = seal(&w, &t);
    struct ticket back = open_again(&w, &s);
    same_but_for_details(&t, &back);
    assert_true(back.has_ima);
    assert_int_equal(back.ima.at.entries, IMA_ENTRIES_MAX);
    assert_false(back.ima.attested);
    assert_int_equal(back.ima.failures.n, IMA_STATE_FAILURES);
    const char *detail = back.v.finding[2].detail;
    assert_true(strlen(detail) > 4 && strlen(detail) < 220);
    assert_memory_equal(detail, t.v.finding[2].detail, strlen(detail));
}

/* The words of an exception, in any language: one that is cut inside a character would be no text,
 * and its ticket none of ours. */
static void what_is_cut_stays_text(void **state)
{
    (void)state;
    static const char umlauts[] = "\u00fc\u00fc\u00fc\u00fc\u00fc";
    WORLD             w;

    world_make(&w);
    for (size_t more = 0; more < 4; more++) {
        struct exception x = { .reason = REASON_BANKS_CHANGED, .until_s = 2, .author = "alice" };
        struct ticket    t = good();
        struct judging   j = { .v = &t.v, .now_s = 1, .exception_n = 1, .exception = &x };
        char             what[64];
        snprintf(what, sizeof(what), "%.*s%s%s%s", (int)more, "abc", umlauts, umlauts, umlauts);
        memset(x.note, 'x', more);
        for (size_t n = more; n + 4 < sizeof(x.note); n += 4)
            memcpy(x.note + n, "\U0001f512", 4);
        while (t.v.finding_n < VERDICT_REASONS_MAX)
            judging_fault(&j, &t.v.configuration, AR4SI_CONTRAINDICATED, REASON_BANKS_CHANGED, what,
                          "%s", x.note);
        t.wants_ima = t.has_ima = true;
        t.ima = largest();
        struct sealed s = seal(&w, &t);
        struct ticket back = open_again(&w, &s);
        assert_int_equal(back.v.finding_n, VERDICT_REASONS_MAX);
    }
}

static void is_good_for_its_time_and_from_us_alone(void **state)
{
    (void)state;
    WORLD            w;
    uint8_t          room[PAWL_TICKET_MAX];
    struct pawl_view tenant;

    world_make(&w);
    struct ticket t = good(), back;
    struct sealed s = seal(&w, &t);
    int64_t       made_ms = w.now_ms;
    w.now_ms = made_ms + PAWL_TICKET_TTL_MS;
    open_again(&w, &s);
    T_FAILS(ticket_open(&w.keys, made_ms + PAWL_TICKET_TTL_MS + 1, pawl_view(s.b, s.n), room,
                        &tenant, &back, &w.err),
            &w.err, PAWL_E_EXPIRED);
    for (size_t i = 0; i < s.n; i += 7) {
        s.b[i] ^= 1;
        T_FAILS(ticket_open(&w.keys, made_ms, pawl_view(s.b, s.n), room, &tenant, &back, &w.err),
                &w.err, PAWL_E_FORGED);
        T_WHERE(&w.err, "supply.ticket");
        s.b[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("brings back what was put in", brings_back_what_was_put_in),
        T_CASE("the largest state and the longest verdict fit",
               the_largest_state_and_the_longest_verdict_fit),
        T_CASE("what is cut stays text", what_is_cut_stays_text),
        T_CASE("is good for its time and from us alone", is_good_for_its_time_and_from_us_alone),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
