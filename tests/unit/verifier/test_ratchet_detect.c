/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: E1 to E4 and E7 are found where they are, slot by slot (P-DET-1..5), and nothing is said
 * of slots that no log speaks of. Where a model of tests/model has the rule, its switch is named.
 */
#include <string.h>

#include "ratchet/detect.h"
#include "t.h"

/* Slots 101 to 110 of generation 2 in epoch 5, as an honest device logs them. */
enum { EPOCH = 5, GEN = 2, FIRST = 101, LAST = 110, HI = 200 };

static uint8_t log_[PAWL_GEN_MESSAGES][PAWL_LEAF];

static const uint8_t *leaf_of(uint64_t seq)
{
    uint8_t *leaf = log_[seq - FIRST];

    memset(leaf, (int)(seq & 0xff), PAWL_LEAF);
    return leaf;
}

static const uint8_t forged[PAWL_LEAF] = { 0xff, 0xee };

static struct ratchet ratchet_at(uint64_t attested_hi)
{
    return (struct ratchet){ .current = { .present = true, .epoch = EPOCH },
                             .attested_hi = attested_hi };
}

static struct generation empty(void)
{
    return (struct generation){ .dir = PAWL_UP, .epoch = EPOCH, .gen = GEN };
}

static void receive(struct generation *g, uint64_t seq, const uint8_t leaf[PAWL_LEAF])
{
    if (!g->first_seq)
        g->first_seq = FIRST;
    g->have |= UINT64_C(1) << (seq - g->first_seq);
    memcpy(g->leaf[seq - g->first_seq], leaf, PAWL_LEAF);
}

static struct generation received(uint64_t from, uint64_t to)
{
    struct generation g = empty();

    for (uint64_t seq = from; seq <= to; seq++)
        receive(&g, seq, leaf_of(seq));
    return g;
}

/* What the device lists for slots from..to. */
static struct pawl_snd_gen listed(uint64_t from, uint64_t to)
{
    static uint8_t  digest[8][32];
    static unsigned at;
    struct pawl_err err;
    uint8_t        *d = digest[at++ % 8];

    for (uint64_t seq = from; seq <= to; seq++)
        leaf_of(seq);
    T_OK(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])log_[from - FIRST],
                            (size_t)(to - from + 1), d, &err),
         &err);
    return (struct pawl_snd_gen){ .epoch = EPOCH,
                                  .gen = GEN,
                                  .first_seq = from,
                                  .last_seq = to,
                                  .count = (uint32_t)(to - from + 1),
                                  .digest = pawl_view(d, 32) };
}

static struct findings say(const struct ratchet *r, const struct generation *g, uint64_t seq,
                           const uint8_t leaf[PAWL_LEAF])
{
    struct findings f = { 0 };
    bool new;

    detect_message(r, g, NULL, seq, leaf, &f, &new);
    return f;
}

static struct findings attest(const struct ratchet *r, struct generation *g,
                              const struct pawl_snd_gen *snd, bool want)
{
    struct findings f = { 0 };
    bool            wanted;

    detect_attested(r, snd, g, &f, &wanted);
    assert_int_equal(wanted, want);
    return f;
}

static void found(struct findings f, enum rule rule, uint64_t seq)
{
    assert_int_equal(f.n, 1);
    assert_int_equal(f.at[0].rule, rule);
    assert_int_equal(f.at[0].epoch, EPOCH);
    assert_int_equal(f.at[0].gen, GEN);
    assert_int_equal(f.at[0].seq, seq);
}

static void silent(struct findings f)
{
    assert_int_equal(f.n, 0);
}

/* The leaves that a finding keeps; NULL: none. */
static void with_leaves(const struct finding_slot *s, const uint8_t *received,
                        const uint8_t *attested)
{
    assert_int_equal(s->has_received, received != NULL);
    assert_int_equal(s->has_attested, attested != NULL);
    if (received)
        assert_memory_equal(s->received, received, PAWL_LEAF);
    if (attested)
        assert_memory_equal(s->attested, attested, PAWL_LEAF);
}

/* ---- messages ------------------------------------------------------------------------------- */

static void e1_two_messages_in_one_slot(void **state) /* R_E1 */
{
    (void)state;
    struct ratchet    r = ratchet_at(0);
    struct generation g = received(FIRST, 103);
    struct findings   f = { 0 };
    bool new = true;

    found(say(&r, &g, 102, forged), RULE_E1, 102);
    f = say(&r, &g, 102, forged);
    with_leaves(&f.at[0], forged, NULL);
    g.known = g.have;
    f = say(&r, &g, 102, forged);
    with_leaves(&f.at[0], forged, leaf_of(102)); /* what the device attests instead */
    f = (struct findings){ 0 };
    silent(say(&r, &g, 102, leaf_of(102)));
    detect_message(&r, &g, NULL, 102, leaf_of(102), &f, &new);
    assert_false(new);
    detect_message(&r, &g, NULL, 104, leaf_of(104), &f, &new);
    assert_true(new);
    silent(f);
    g = empty();
    detect_message(&r, &g, NULL, 104, leaf_of(104), &f, &new);
    assert_true(new);
    silent(f);
}

static void e2_behind_the_end_of_its_epoch(void **state) /* R_E2, R_ESTART */
{
    (void)state;
    struct ratchet    r = ratchet_at(0);
    struct generation g = received(FIRST, 103);

    r.current.epoch = EPOCH + 1;
    silent(say(&r, &g, 110, leaf_of(110))); /* where it ended is not known yet */
    r.current.epoch_start_seq = 110;
    silent(say(&r, &g, 109, leaf_of(109)));
    found(say(&r, &g, 110, leaf_of(110)), RULE_E2, 110);
    found(say(&r, &g, 111, leaf_of(111)), RULE_E2, 111);
}

static void e2_behind_the_end_of_its_generation(void **state)
{
    (void)state;
    struct ratchet    r = ratchet_at(0);
    struct generation g = received(FIRST, 103), newer = empty();
    struct findings   f = { 0 };
    bool new;

    newer.gen = GEN + 1;
    detect_message(&r, &g, &newer, 120, leaf_of(120), &f, &new);
    silent(f);
    newer.first_seq = 111;
    detect_message(&r, &g, &newer, 110, leaf_of(110), &f, &new);
    silent(f);
    detect_message(&r, &g, &newer, 111, leaf_of(111), &f, &new);
    found(f, RULE_E2, 111);
    r.attested_hi = HI; /* and no log has it, as long as the epoch goes on */
    f.n = 0;
    detect_message(&r, &g, &newer, 111, leaf_of(111), &f, &new);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.at[1].rule, RULE_E3);
}

/* Of an epoch that is over only the end counts: no log speaks of what lies behind it. */
static void e2_alone_behind_the_end_of_its_epoch(void **state)
{
    (void)state;
    struct ratchet    r = ratchet_at(HI);
    struct generation g = received(FIRST, 103);

    r.current.epoch = EPOCH + 1;
    r.current.epoch_start_seq = 110;
    struct findings f = say(&r, &g, 110, leaf_of(110));
    found(f, RULE_E2, 110);
    with_leaves(&f.at[0], leaf_of(110), NULL);
    found(say(&r, &g, 109, leaf_of(109)), RULE_E3, 109);
}

/* P-DET-3: a device that shows a newer root sends nothing more under the older. */
static void e3_above_the_snapshot_in_an_epoch_that_is_over(void **state)
{
    (void)state;
    static struct pawl_snd snd;
    struct ratchet         r = ratchet_at(102);
    struct generation      g = received(FIRST, 104);
    struct findings        f = { 0 };

    snd = (struct pawl_snd){ .seq_hi = 102, .gen_n = 1 };
    snd.gens[0] = listed(FIRST, 102);
    r.last_base_epoch = EPOCH;
    silent(attest(&r, &g, &snd.gens[0], false));
    r.last_base_epoch = EPOCH + 1;
    f = attest(&r, &g, &snd.gens[0], false);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.at[0].seq, 103);
    assert_int_equal(f.at[1].seq, 104);
    r.unknown_n = 1;
    r.unknown[0] = (struct pawl_range){ 103, 104 };
    g.named = 0;
    silent(attest(&r, &g, &snd.gens[0], false));
}

static void a_slot_is_named_once(void **state) /* P-DET-3 */
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = received(FIRST, 111);
    struct pawl_snd_gen snd = listed(FIRST, LAST);

    struct findings f = attest(&r, &g, &snd, false);
    found(f, RULE_E3, 111);
    with_leaves(&f.at[0], leaf_of(111), NULL);
    silent(attest(&r, &g, &snd, false));
    receive(&g, 112, forged);
    found(attest(&r, &g, &snd, false), RULE_E3, 112);
    static struct pawl_snd none;
    f = (struct findings){ 0 };
    g.known = 0;
    detect_unlisted(&r, &none, &g, &f);
    assert_int_equal(f.n, 10); /* not listed at all: all but the two */
    f = (struct findings){ 0 };
    detect_unlisted(&r, &none, &g, &f);
    silent(f);
}

/* What finds no room is named by the next snapshot. */
static void what_finds_no_room_is_named_later(void **state)
{
    (void)state;
    static struct pawl_snd none;
    struct ratchet         r = ratchet_at(HI);
    struct generation      g = received(FIRST, 104);
    struct findings        f = { .n = FINDINGS_MAX - 1 };

    detect_unlisted(&r, &none, &g, &f);
    assert_int_equal(f.n, FINDINGS_MAX);
    f.n = 0;
    detect_unlisted(&r, &none, &g, &f);
    assert_int_equal(f.n, 3);
    assert_int_equal(f.at[0].seq, 102);
}

static void e3_below_the_snapshot_and_not_in_its_log(void **state) /* R_E3 */
{
    (void)state;
    struct ratchet    r = ratchet_at(HI);
    struct generation g = empty();

    found(say(&r, &g, 105, leaf_of(105)), RULE_E3, 105);
    g = received(FIRST, 103);
    found(say(&r, &g, 105, leaf_of(105)), RULE_E3, 105);
    r.attested_hi = 104;
    silent(say(&r, &g, 105, leaf_of(105)));
    r.attested_hi = 105;
    found(say(&r, &g, 105, leaf_of(105)), RULE_E3, 105);
}

static void
e3_another_message_than_the_attested_one(void **state) /* R_E3=2: presence is not enough */
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = received(FIRST, 105);
    struct pawl_snd_gen snd = listed(FIRST, LAST);
    struct pawl_err     err;
    struct findings     f = { 0 };

    silent(attest(&r, &g, &snd, true));
    silent(say(&r, &g, 107, forged)); /* its leaves are not here: the next snapshot says it */
    T_OK(detect_leaves(&r, pawl_view(log_, 10 * PAWL_LEAF), &g, &f, &err), &err);
    silent(f);
    silent(say(&r, &g, 107, leaf_of(107)));
    found(say(&r, &g, 107, forged), RULE_E3, 107);
    found(say(&r, &g, 111, leaf_of(111)), RULE_E3, 111);
}

static void what_no_log_speaks_of_is_not_judged(void **state) /* F_NOLOG, UNK */
{
    (void)state;
    struct ratchet    r = ratchet_at(HI);
    struct generation g = empty();

    r.unattested_hi = 105;
    silent(say(&r, &g, 105, forged));
    found(say(&r, &g, 106, forged), RULE_E3, 106);
    r.unknown_n = 2;
    r.unknown[1] = (struct pawl_range){ 106, 108 };
    silent(say(&r, &g, 106, forged));
    silent(say(&r, &g, 108, forged));
    found(say(&r, &g, 109, forged), RULE_E3, 109);
    r.current.resync = true;
    found(say(&r, &g, 109, forged), RULE_E3, 109);
    r.current.epoch = EPOCH + 1; /* what a resync ended */
    silent(say(&r, &g, 109, forged));
}

/* ---- snapshots ------------------------------------------------------------------------------ */

static void an_honest_snapshot_is_clean(void **state)
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = received(FIRST, LAST);
    struct pawl_snd_gen snd = listed(FIRST, LAST), more = listed(FIRST, 120),
                        rest = listed(111, 120);
    struct generation same = g;

    silent(attest(&r, &g, &snd, false));
    assert_true(g.attested && g.clean);
    assert_int_equal(g.last_seq, LAST);
    assert_int_equal(g.known, 0x3ff);
    assert_memory_equal(g.digest, snd.digest.p, 32);
    silent(attest(&r, &g, &snd, false));
    for (uint64_t seq = 111; seq <= 120; seq++)
        receive(&g, seq, leaf_of(seq));
    same = g;
    silent(attest(&r, &g, &more, false)); /* it goes on .. */
    assert_int_equal(g.known, 0xfffff);
    silent(attest(&r, &same, &rest, false)); /* .. from where a receipt had covered it */
    assert_int_equal(same.known, 0xfffff);
    assert_int_equal(same.first_seq, FIRST);
}

static void e3_a_replaced_message_below_the_snapshot(void **state)
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = received(FIRST, LAST);
    struct pawl_snd_gen snd = listed(FIRST, LAST);

    receive(&g, 104, forged);
    struct findings f = attest(&r, &g, &snd, true);
    found(f, RULE_E3, 0); /* which one is for its leaves to say */
    with_leaves(&f.at[0], NULL, NULL);
    assert_false(g.clean);
    r.unattested_hi = LAST;
    silent(attest(&r, &g, &snd, true));
}

static void e3_a_message_that_the_snapshot_leaves_out(void **state)
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = received(FIRST, 112);
    struct pawl_snd_gen snd = listed(FIRST, LAST);

    struct findings f = attest(&r, &g, &snd, false);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.at[0].seq, 111);
    assert_int_equal(f.at[1].seq, 112);
    g = received(FIRST, 112);
    r.attested_hi = 111; /* sent behind the quote */
    found(attest(&r, &g, &snd, false), RULE_E3, 111);
    r.unknown_n = 1;
    r.unknown[0] = (struct pawl_range){ 111, 111 };
    g.named = 0;
    silent(attest(&r, &g, &snd, false));
}

static void missing_messages_are_asked_for_and_not_judged(void **state)
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = received(FIRST, 104), fresh = empty();
    struct pawl_snd_gen snd = listed(FIRST, LAST);

    receive(&g, 103, forged);
    silent(attest(&r, &g, &snd, true));
    assert_true(g.attested);
    assert_int_equal(g.known, 0);
    silent(attest(&r, &fresh, &snd, true));
    assert_int_equal(fresh.first_seq, FIRST);
    assert_int_equal(fresh.have, 0);
}

static void a_false_start_of_a_generation_is_put_right(void **state)
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = empty();
    struct pawl_snd_gen snd = listed(FIRST, LAST);

    g.first_seq = 105; /* as a forged header said */
    receive(&g, 106, leaf_of(106));
    receive(&g, 168, forged); /* would be the 68th slot */
    g.named = 1u << (106 - 105);
    g.known = UINT64_C(1) << (167 - 105); /* attested once, and it never came */
    struct findings f = attest(&r, &g, &snd, true);
    found(f, RULE_E3, 168);
    with_leaves(&f.at[0], forged, NULL);
    assert_int_equal(g.first_seq, FIRST);
    assert_int_equal(g.have, 1u << 5);
    assert_int_equal(g.named, 1u << 5);
    assert_memory_equal(g.leaf[5], leaf_of(106), PAWL_LEAF);

    g = empty();
    g.first_seq = 168; /* above the snapshot, and none of this generation whatever comes */
    receive(&g, 168, forged);
    r.attested_hi = LAST;
    struct generation again = g, told = g;
    found(attest(&r, &g, &snd, true), RULE_E3, 168);
    told.named = 1;
    silent(attest(&r, &told, &snd, true));
    r.unknown_n = 1;
    r.unknown[0] = (struct pawl_range){ 168, 168 };
    silent(attest(&r, &again, &snd, true));
    r = ratchet_at(HI);

    g = empty();
    g.first_seq = 50; /* and too early: the list does not fit behind it */
    g.have = UINT64_C(1) << 51 | 1;
    memcpy(g.leaf[51], leaf_of(FIRST), PAWL_LEAF);
    snd = listed(FIRST, 120);
    found(attest(&r, &g, &snd, true), RULE_E3, 50);
    assert_int_equal(g.first_seq, FIRST);
    assert_int_equal(g.have, 1);
}

static void a_list_that_is_none_attests_nothing(void **state)
{
    (void)state;
    struct ratchet            r = ratchet_at(HI);
    const struct pawl_snd_gen good = listed(FIRST, LAST);
    struct pawl_snd_gen       bad[5] = { good, good, good, good, good };

    bad[0].count--;
    bad[1].last_seq = FIRST - 1;
    bad[2].last_seq = FIRST + 64;
    bad[2].count = 65;
    bad[3].first_seq = 0;
    bad[4].digest.n = 31;
    for (size_t i = 0; i < 5; i++) {
        struct generation g = received(102, 102), fresh = empty();
        found(attest(&r, &g, &bad[i], false), RULE_E3, 102);
        assert_false(g.attested);
        silent(attest(&r, &fresh, &bad[i], false));
        assert_false(fresh.attested);
    }
}

static void a_whole_generation_of_64_fits(void **state)
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = received(FIRST, FIRST + 63);
    struct pawl_snd_gen snd = listed(FIRST, FIRST + 63);

    silent(attest(&r, &g, &snd, false));
    assert_true(g.known == UINT64_MAX);
    receive(&g, FIRST + 63, forged);
    g.known = 0;
    found(attest(&r, &g, &snd, true), RULE_E3, 0);
}

static void e3_a_generation_that_the_snapshot_does_not_list(void **state)
{
    (void)state;
    static struct pawl_snd snd;
    struct ratchet         r = ratchet_at(102);
    struct generation      g = received(FIRST, 103);
    struct findings        f = { 0 };

    snd = (struct pawl_snd){ .seq_hi = 102, .gen_n = 1 };
    snd.gens[0] = listed(FIRST, LAST);
    detect_unlisted(&r, &snd, &g, &f);
    silent(f);
    snd.gens[0].gen++;
    detect_unlisted(&r, &snd, &g, &f);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.at[0].seq, 101);
    assert_int_equal(f.at[1].seq, 102);
    f = (struct findings){ 0 };
    g.known = g.have; /* it was attested, and covered by a receipt */
    detect_unlisted(&r, &snd, &g, &f);
    silent(f);
    g.known = 0;
    r.unattested_hi = 102;
    detect_unlisted(&r, &snd, &g, &f);
    silent(f);
}

/* ---- leaves --------------------------------------------------------------------------------- */

static void leaves_name_the_forged_slot(void **state)
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = received(FIRST, 106);
    struct pawl_snd_gen snd = listed(FIRST, LAST);
    struct pawl_err     err;
    struct findings     f = { 0 };

    receive(&g, 104, forged);
    attest(&r, &g, &snd, true);
    T_OK(detect_leaves(&r, pawl_view(log_, 10 * PAWL_LEAF), &g, &f, &err), &err);
    found(f, RULE_E3, 104);
    with_leaves(&f.at[0], forged, leaf_of(104));
    assert_true(g.clean);
    assert_int_equal(g.known, 0x3ff);
    assert_int_equal(g.have, 0x3f & ~8u); /* the device's own may still come */
    assert_memory_equal(g.leaf[3], leaf_of(104), PAWL_LEAF);
    f = (struct findings){ 0 };
    T_OK(detect_leaves(&r, pawl_view(log_, 10 * PAWL_LEAF), &g, &f, &err), &err);
    silent(f);
    silent(attest(&r, &g, &snd, false));
    silent(say(&r, &g, 104, leaf_of(104)));
    found(say(&r, &g, 104, forged), RULE_E3, 104);
}

static void other_leaves_are_refused_and_note_nothing(void **state)
{
    (void)state;
    struct ratchet      r = ratchet_at(HI);
    struct generation   g = received(FIRST, 106), before;
    struct pawl_snd_gen snd = listed(FIRST, LAST);
    struct pawl_err     err;
    struct findings     f = { 0 };
    uint8_t             bad[11 * PAWL_LEAF];

    T_FAILS(detect_leaves(&r, pawl_view(log_, 10 * PAWL_LEAF), &g, &f, &err), &err, PAWL_E_FORGED);
    attest(&r, &g, &snd, true);
    before = g;
    for (size_t i = 0; i < 10 * PAWL_LEAF; i += 7) {
        memcpy(bad, log_, 10 * PAWL_LEAF);
        bad[i] ^= 1;
        T_FAILS(detect_leaves(&r, pawl_view(bad, 10 * PAWL_LEAF), &g, &f, &err), &err,
                PAWL_E_FORGED);
        T_WHERE(&err, "supply.leaves");
    }
    for (size_t n = 0; n <= sizeof(bad); n++) {
        if (n == 10 * PAWL_LEAF)
            continue;
        memcpy(bad, log_, n < sizeof(log_) ? n : sizeof(log_));
        T_FAILS(detect_leaves(&r, t_copy(pawl_view(bad, n)), &g, &f, &err), &err, PAWL_E_FORGED);
    }
    assert_memory_equal(&g, &before, sizeof(g));
    silent(f);
}

/* ---- E4 ------------------------------------------------------------------------------------- */

static void e4_the_device_denies_our_receipt(void **state) /* R_E4 */
{
    (void)state;
    struct pawl_receipt_verdict v = { .verdict = 0 };
    struct findings             f = { 0 };

    detect_verdict(&v, &f);
    v.verdict = 1;
    detect_verdict(&v, &f);
    silent(f);
    v.verdict = 2;
    v.pair_n = 1;
    v.pair[0].epoch = EPOCH;
    v.pair[0].gen = GEN;
    detect_verdict(&v, &f);
    found(f, RULE_E4, 0);
    f = (struct findings){ 0 };
    v.pair_n = 0;
    detect_verdict(&v, &f);
    assert_int_equal(f.n, 1);
    f = (struct findings){ 0 };
    v = (struct pawl_receipt_verdict){ .verdict = 3, .ahead_seq = 77 };
    detect_verdict(&v, &f);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.at[0].rule, RULE_E4);
    assert_int_equal(f.at[0].seq, 77);
}

/* ---- E7 ------------------------------------------------------------------------------------- */

/* What a device attests of our downlink: slots FIRST + i of each bit. */
static struct pawl_rcv_gen attested_down(uint64_t first, uint64_t bits, const uint8_t *leaves)
{
    static uint8_t  digest[32], b[8];
    struct pawl_err err;
    size_t          n = 0;
    uint8_t         got[PAWL_GEN_MESSAGES][PAWL_LEAF];

    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++)
        if (bits >> i & 1)
            memcpy(got[n++], leaves + i * PAWL_LEAF, PAWL_LEAF);
    T_OK(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])got, n, digest, &err), &err);
    return (struct pawl_rcv_gen){ .epoch = EPOCH,
                                  .gen = GEN,
                                  .first_seq = first,
                                  .bitmap = pawl_view(b, pawl_bits_write(bits, b)),
                                  .digest = PAWL_VIEW_OF(digest) };
}

static void e7_a_message_that_we_never_sent(void **state)
{
    (void)state;
    struct generation   g = received(FIRST, 104);
    struct pawl_rcv_gen rcv = attested_down(FIRST, 0xd, log_[0]);
    struct findings     f = { 0 };

    g.dir = PAWL_DOWN;
    detect_received(&rcv, &g, &f);
    silent(f); /* those that it got: 101, 103, 104 */
    rcv = attested_down(103, 0x3, log_[2]);
    detect_received(&rcv, &g, &f);
    silent(f); /* a later start of the list */
    rcv = attested_down(FIRST, 0, log_[0]);
    detect_received(&rcv, NULL, &f);
    silent(f);
    rcv = attested_down(FIRST, 0x11, log_[0]);
    detect_received(&rcv, &g, &f);
    found(f, RULE_E7, 105);
    f = (struct findings){ 0 };
    rcv = attested_down(FIRST, 0x1, log_[0]);
    detect_received(&rcv, NULL, &f);
    found(f, RULE_E7, FIRST);
    f = (struct findings){ 0 };
    rcv = attested_down(FIRST - 1, 0x1, log_[0]);
    detect_received(&rcv, &g, &f);
    found(f, RULE_E7, FIRST - 1);
}

static void e7_another_message_in_our_slot(void **state)
{
    (void)state;
    struct generation   g = received(FIRST, 104);
    struct pawl_rcv_gen rcv;
    struct findings     f = { 0 };

    rcv = attested_down(FIRST, 0xf, log_[0]);
    receive(&g, 103, forged);
    detect_received(&rcv, &g, &f);
    found(f, RULE_E7, 0);
}

/* ---- findings ------------------------------------------------------------------------------- */

static void a_list_of_findings_ends(void **state)
{
    (void)state;
    struct findings f = { 0 };

    for (unsigned i = 0; i < 2 * FINDINGS_MAX; i++)
        findings_add(&f, RULE_E3, 1, 2, i);
    assert_int_equal(f.n, FINDINGS_MAX);
    assert_int_equal(f.at[FINDINGS_MAX - 1].seq, FINDINGS_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("E1 two messages in one slot", e1_two_messages_in_one_slot),
        T_CASE("E2 behind the end of its epoch", e2_behind_the_end_of_its_epoch),
        T_CASE("E2 behind the end of its generation", e2_behind_the_end_of_its_generation),
        T_CASE("E2 alone behind the end of its epoch", e2_alone_behind_the_end_of_its_epoch),
        T_CASE("E3 above the snapshot in an epoch that is over",
               e3_above_the_snapshot_in_an_epoch_that_is_over),
        T_CASE("a slot is named once", a_slot_is_named_once),
        T_CASE("what finds no room is named later", what_finds_no_room_is_named_later),
        T_CASE("E3 below the snapshot and not in its log",
               e3_below_the_snapshot_and_not_in_its_log),
        T_CASE("E3 another message than the attested one",
               e3_another_message_than_the_attested_one),
        T_CASE("what no log speaks of is not judged", what_no_log_speaks_of_is_not_judged),
        T_CASE("an honest snapshot is clean", an_honest_snapshot_is_clean),
        T_CASE("E3 a replaced message below the snapshot",
               e3_a_replaced_message_below_the_snapshot),
        T_CASE("E3 a message that the snapshot leaves out",
               e3_a_message_that_the_snapshot_leaves_out),
        T_CASE("missing messages are asked for and not judged",
               missing_messages_are_asked_for_and_not_judged),
        T_CASE("a false start of a generation is put right",
               a_false_start_of_a_generation_is_put_right),
        T_CASE("a list that is none attests nothing", a_list_that_is_none_attests_nothing),
        T_CASE("a whole generation of 64 fits", a_whole_generation_of_64_fits),
        T_CASE("E3 a generation that the snapshot does not list",
               e3_a_generation_that_the_snapshot_does_not_list),
        T_CASE("leaves name the forged slot", leaves_name_the_forged_slot),
        T_CASE("other leaves are refused and note nothing",
               other_leaves_are_refused_and_note_nothing),
        T_CASE("E4 the device denies our receipt", e4_the_device_denies_our_receipt),
        T_CASE("E7 a message that we never sent", e7_a_message_that_we_never_sent),
        T_CASE("E7 another message in our slot", e7_another_message_in_our_slot),
        T_CASE("a list of findings ends", a_list_of_findings_ends),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
