/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: each plaintext has one encoding, which parse takes and write gives back; whatever is none
 * names its field and leaves the output alone; a writer writes nothing that the parser refuses. */
#include <stdlib.h>
#include <string.h>

#include <pawl/ratchet.h>

#include "t.h"

/* CBOR[type, id, body], written by hand from the page. */
static const char *const good[] = {
    "83000740",                       /* an application's message of no bytes */
    "83001bffffffffffffffff43010203", /* .. with the last id */
    "83010040",                       /* confirm */
    "830200830a074109",               /* ack: 7 and 10 */
    "83020083000040",                 /* .. of nothing yet */
    "830200831864186540",             /* .. of all up to 100 */
    "830200831bffffffffffffffff1bffffffffffffffff4101",
    "83030001",                 /* demand: attest */
    "83030007",                 /* .. and all else */
    "830400a0",                 /* no facts */
    "830400a26161616262626360", /* {"a": "b", "bc": ""} */
};
enum { GOOD = sizeof(good) / sizeof(good[0]) };

static pawl_status recode(struct pawl_view in, struct pawl_wr *w, struct pawl_err *err)
{
    static struct pawl_content c;

    t_poison(&c, sizeof(c));
    pawl_status s = pawl_content_parse(in, &c, err);
    if (pawl_is_ok(s))
        T_OK(pawl_content_write(&c, w, err), err);
    else
        t_still_poisoned(&c, sizeof(c));
    return s;
}

static void each_plaintext_has_one_encoding(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        struct pawl_view in = t_hex(good[i]);
        struct pawl_err  err;
        uint8_t          b[64];
        struct pawl_wr   w = pawl_wr_to(b, in.n);
        T_OK(recode(in, &w, &err), &err);
        assert_true(pawl_view_equal(pawl_view(b, w.n), in));
    }
}

static void fields_say_what_was_written(void **state)
{
    (void)state;
    struct pawl_content c;
    struct pawl_err     err;

    T_OK(pawl_content_parse(t_hex(good[1]), &c, &err), &err);
    assert_true(c.type == PAWL_CONTENT_APP && c.id == UINT64_MAX);
    assert_true(pawl_view_equal(c.body, t_hex("010203")));
    T_OK(pawl_content_parse(t_hex(good[3]), &c, &err), &err);
    assert_true(c.type == PAWL_CONTENT_ACK && c.ack.seq_hi == 10 && c.ack.first_seq == 7);
    assert_true(pawl_view_equal(c.ack.bitmap, t_hex("09")));
    T_OK(pawl_content_parse(t_hex(good[8]), &c, &err), &err);
    assert_true(c.type == PAWL_CONTENT_DEMAND &&
                c.demand == (PAWL_DEMAND_ATTEST | PAWL_DEMAND_REKEY | PAWL_DEMAND_LEAVES));
    T_OK(pawl_content_parse(t_hex(good[10]), &c, &err), &err);
    assert_true(c.type == PAWL_CONTENT_FACTS);
    assert_true(pawl_view_equal(c.facts, t_hex("a26161616262626360")));
}

static void names_the_field_of_what_is_no_plaintext(void **state) /* P-MSG-10, P-MSG-11 */
{
    (void)state;
    static const struct {
        const char    *hex, *where;
        enum pawl_code code;
    } bad[] = {
        { "", "content.array", PAWL_E_SHORT },
        { "820007", "content.array", PAWL_E_RANGE },
        { "8400074000", "content.array", PAWL_E_RANGE },
        { "8300074000", "content.end", PAWL_E_TRAILING },
        { "83050040", "content.type", PAWL_E_RANGE },
        { "832000 40", "content.type", PAWL_E_FORM },
        { "83000760", "content.body", PAWL_E_FORM },
        { "83002040", "content.id", PAWL_E_FORM },
        { "83010140", "content.id", PAWL_E_RANGE }, /* only an application's message has one */
        { "83010041 00", "content.confirm", PAWL_E_RANGE },
        { "830200820a07", "content.ack", PAWL_E_RANGE },
        { "830200830a0741 00", "content.ack.bitmap", PAWL_E_FORM }, /* ends with nothing */
        { "830200830a07420900", "content.ack.bitmap", PAWL_E_FORM },
        { "8302008309074109", "content.ack.seq_hi", PAWL_E_RANGE }, /* slot 10 above slot 9 */
        { "8302008306074101", "content.ack.seq_hi", PAWL_E_RANGE },
        { "830200831bffffffffffffffff1bffffffffffffffff4102", "content.ack.seq_hi", PAWL_E_RANGE },
        { "83030000", "content.demand", PAWL_E_RANGE },
        { "83030008", "content.demand", PAWL_E_RANGE },
        { "830400a16060", "content.facts", PAWL_E_RANGE },
        { "830400a2616160616160", "content.facts", PAWL_E_FORM }, /* twice */
        { "830400a162626360 00", "content.end", PAWL_E_TRAILING },
    };
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t        b[64];
        struct pawl_wr w = pawl_wr_to(b, sizeof(b));
        T_FAILS(recode(t_hex(bad[i].hex), &w, &err), &err, bad[i].code);
        T_WHERE(&err, bad[i].where);
    }
}

static void not_written(const struct pawl_content *c, enum pawl_code code, const char *where)
{
    static uint8_t  b[2 * PAWL_PLAINTEXT_MAX];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));
    struct pawl_err err;

    T_FAILS(pawl_content_write(c, &w, &err), &err, code);
    T_WHERE(&err, where);
    assert_true(w.n == 0 && !w.full);
}

static void writes_nothing_that_is_refused(void **state)
{
    (void)state;
    static const uint8_t big[PAWL_BODY_MAX + 1] = { 1 };

    not_written(&(struct pawl_content){ .body = PAWL_VIEW_OF(big) }, PAWL_E_RANGE, "content.body");
    not_written(&(struct pawl_content){ .type = PAWL_CONTENT_COUNT }, PAWL_E_RANGE, "content.type");
    not_written(&(struct pawl_content){ .type = PAWL_CONTENT_CONFIRM, .id = 1 }, PAWL_E_RANGE,
                "content.id");
    not_written(&(struct pawl_content){ .type = PAWL_CONTENT_DEMAND }, PAWL_E_RANGE,
                "content.demand");
    not_written(&(struct pawl_content){ .type = PAWL_CONTENT_ACK,
                                        .ack = { .seq_hi = UINT64_MAX,
                                                 .bitmap = { big, PAWL_ACK_BITMAP_MAX + 1 } } },
                PAWL_E_RANGE, "content.ack.bitmap");
    /* Facts are encoded already: none, out of order, and with something behind them. */
    not_written(&(struct pawl_content){ .type = PAWL_CONTENT_FACTS }, PAWL_E_RANGE,
                "content.array");
    not_written(
        &(struct pawl_content){ .type = PAWL_CONTENT_FACTS, .facts = t_hex("a2616260616160") },
        PAWL_E_RANGE, "content.facts");
    not_written(&(struct pawl_content){ .type = PAWL_CONTENT_FACTS, .facts = t_hex("a000") },
                PAWL_E_RANGE, "content.end");
}

static void limits_of_bodies(void **state)
{
    (void)state;
    static uint8_t             body[PAWL_BODY_MAX], b[PAWL_PLAINTEXT_MAX];
    static char                text[PAWL_FACT_MAX];
    static uint8_t             facts[PAWL_PLAINTEXT_MAX];
    static struct pawl_content c, back;
    struct pawl_err            err;
    struct pawl_wr             w = pawl_wr_to(b, sizeof(b));

    c = (struct pawl_content){ .id = UINT64_MAX, .body = PAWL_VIEW_OF(body) };
    T_OK(pawl_content_write(&c, &w, &err), &err);
    w = pawl_wr_to(b, w.n - 1);
    T_FAILS(pawl_content_write(&c, &w, &err), &err, PAWL_E_FULL);
    assert_true(w.n == 0 && !w.full);

    body[PAWL_ACK_BITMAP_MAX - 1] = 0x80;
    c = (struct pawl_content){
        .type = PAWL_CONTENT_ACK,
        .ack = { .seq_hi = 1024, .first_seq = 1, .bitmap = { body, PAWL_ACK_BITMAP_MAX } }
    };
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_content_write(&c, &w, &err), &err);

    for (size_t n = PAWL_FACTS_MAX; n <= PAWL_FACTS_MAX + 1; n++) {
        struct pawl_wr f = pawl_wr_to(facts, sizeof(facts));

        pawl_cbor_wr_map(&f, n);
        for (size_t i = 0; i < 2 * n; i++) {
            memset(text, 'A' + (int)(i / 2), sizeof(text));
            pawl_cbor_wr_text_n(&f, PAWL_VIEW_OF(text));
        }
        assert_false(f.full);
        c = (struct pawl_content){ .type = PAWL_CONTENT_FACTS, .facts = { facts, f.n } };
        if (n > PAWL_FACTS_MAX) {
            not_written(&c, PAWL_E_RANGE, "content.facts");
            break;
        }
        w = pawl_wr_to(b, sizeof(b));
        T_OK(pawl_content_write(&c, &w, &err), &err);
        T_OK(pawl_content_parse(pawl_view(b, w.n), &back, &err), &err);
        assert_true(pawl_view_equal(back.facts, c.facts));
    }
}

static void is_refused(struct pawl_view in, void *arg)
{
    (void)arg;
    struct pawl_err err;
    uint8_t         b[64];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));

    assert_false(pawl_is_ok(recode(in, &w, &err)));
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD; i++)
        t_each_truncation(t_hex(good[i]), is_refused, NULL);
}

static void is_refused_or_itself(struct pawl_view in, void *arg)
{
    (void)arg;
    struct pawl_err err;
    uint8_t         b[64];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));

    if (pawl_is_ok(recode(in, &w, &err)))
        assert_true(pawl_view_equal(pawl_view(b, w.n), in));
}

static void a_flipped_plaintext_is_refused_or_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD; i++)
        t_each_flip(t_hex(good[i]), is_refused_or_itself, NULL);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("each plaintext has one encoding", each_plaintext_has_one_encoding),
        T_CASE("fields say what was written", fields_say_what_was_written),
        T_CASE("names the field of what is no plaintext", names_the_field_of_what_is_no_plaintext),
        T_CASE("writes nothing that is refused", writes_nothing_that_is_refused),
        T_CASE("limits of bodies", limits_of_bodies),
        T_CASE("every truncation is refused", every_truncation_is_refused),
        T_CASE("a flipped plaintext is refused or another",
               a_flipped_plaintext_is_refused_or_another),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
