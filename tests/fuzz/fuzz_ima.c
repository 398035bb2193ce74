/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at measurement lists: a length that reads beyond its entry, fields that are not the bytes
 * that were measured, a replay that covers what does not lead to the quoted value or misses what
 * does, an entry that is good without a rule, and a text that becomes a list which does not read.
 */
#include "appraise/ima_ascii.h"
#include "appraise/ima_rules.h"
#include "fuzz.h"

/* Every field lies inside the template data, one behind the other, four bytes of length before
 * each. */
static void fields_are_the_data(const struct ima_entry *e)
{
    struct ima_fields f;
    struct pawl_err   err;
    size_t            n = 0, order_n;
    enum ima_field    order[IMA_FIELD_COUNT];

    FUZZ_POISON(&f);
    pawl_status s = ima_fields_parse(e, &f, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &f);
        return;
    }
    FUZZ_HOLDS(!f.path.n || !memchr(f.path.p, 0, f.path.n));
    ima_template_fields(e->name, order, &order_n);
    for (size_t i = 0; i < order_n && !e->legacy; i++) {
        n += 4;
        FUZZ_HOLDS(!f.field[order[i]].n || f.field[order[i]].p == e->data.p + n);
        n += f.field[order[i]].n;
    }
    FUZZ_HOLDS(e->legacy || n == e->data.n);
}

/* The whole list's value is met at its end, and by the first part of it that has it. */
static void replay_meets(struct pawl_view list, const struct ima_place *whole)
{
    struct ima_place   start = ima_start(1, IMA_PCR, whole->bank);
    struct ima_covered c;
    struct pawl_err    err;

    start.extends = whole->extends;
    FUZZ_HOLDS(pawl_is_ok(ima_replay(&start, list, 0, 1, &whole->value, &c, &err)));
    FUZZ_HOLDS(c.at.entries + c.pending == whole->entries && c.bytes.n <= list.n);
    FUZZ_HOLDS(c.at.violations == whole->violations && c.at.others <= whole->others);
    struct pawl_digest other = whole->value;
    other.b[0] ^= 1;
    FUZZ_POISON(&c);
    pawl_status s = ima_replay(&start, list, 0, 1, &other, &c, &err);
    FUZZ_HOLDS(s.code == PAWL_E_FORGED);
    FUZZ_REFUSED(s, &err, &c);
}

/* Where there is no rule, everything is wrong that is not about the boot. */
static void nothing_is_good_without_rules(struct pawl_view list, const struct ima_place *whole)
{
    static const struct ima_rules          none;
    static const struct pawl_pcr_selection no_pcrs;
    static const struct pawl_pcr_values    no_values;
    const struct ima_covered               c = { .at = *whole, .bytes = list };
    const struct ima_evidence              e = { &c, 0, &no_pcrs, &no_values };
    struct ima_judged                      j = { 0 };
    struct failures                        f = { 0 };
    struct pawl_err                        err;

    FUZZ_HOLDS(pawl_is_ok(ima_judge(&none, &e, &j, &f, &err)));
    FUZZ_HOLDS(j.bad + j.boots >= whole->entries - whole->others);
    FUZZ_HOLDS(j.known == 0 && j.signed_n == 0 && j.excluded == 0 && !j.policy);
    for (size_t i = 0; i < f.n; i++)
        FUZZ_HOLDS(f.list[i].row[0] == 'I' && f.list[i].expected[0] && f.list[i].found[0]);
}

static void read_list(struct pawl_view bytes)
{
    struct ima_place p = ima_start(1, IMA_PCR, PAWL_SHA256);
    struct ima_list  l = ima_list_from(bytes, 0);
    struct ima_entry e;
    struct pawl_err  err;

    p.extends = IMA_EXTENDS_OWN;
    while (ima_more(&l)) {
        FUZZ_POISON(&e);
        pawl_status s = ima_next(&l, &e, &err);
        if (!pawl_is_ok(s)) {
            FUZZ_REFUSED(s, &err, &e);
            bytes.n -= l.rd.left; /* what was good before it */
            break;
        }
        fields_are_the_data(&e);
        FUZZ_HOLDS(pawl_is_ok(ima_extend(&p, &e, &err)));
    }
    replay_meets(bytes, &p);
    nothing_is_good_without_rules(bytes, &p);
}

static void read_text(struct pawl_view text)
{
    size_t          cap = 2 * text.n + 64;
    uint8_t        *room = malloc(cap);
    struct pawl_wr  w = pawl_wr_to(room, room ? cap : 0);
    struct pawl_err err;

    if (pawl_is_ok(ima_ascii_to_binary(text, &w, &err)))
        read_list(pawl_view(w.p, w.n));
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_view in = pawl_view(p, n);

    if (ima_is_ascii(in))
        read_text(in);
    else
        read_list(in);
    return 0;
}
