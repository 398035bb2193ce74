/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: what a message turns out to be (P-MARK-1..4). A table of single slots, then thousands of
 * random histories: an honest device with its log, crashes and losses of state, a thief with its
 * keys, a network that drops and delays, lost answers. The history knows who sent what; the mark
 * never does, and agrees: no honest message is ever forged, no forged one genuine, and when a last
 * snapshot with its leaves lies above everything, each has the mark that the truth gives it.
 */
#include <stdlib.h>
#include <string.h>

#include "ratchet/detect.h"
#include "ratchet/plan.h"
#include "t.h"

/* ---- single slots --------------------------------------------------------------------------- */

enum { EPOCH = 5, GEN = 2, FIRST = 101, LAST = 110 };

static const uint8_t ours[PAWL_LEAF] = { 1, 2, 3 }, another[PAWL_LEAF] = { 9 };

static struct ratchet ratchet_at(uint64_t attested_hi)
{
    return (struct ratchet){ .current = { .present = true, .epoch = EPOCH },
                             .last_base_epoch = EPOCH,
                             .attested_hi = attested_hi };
}

/* Listed from FIRST to LAST; clean: with its leaves, all of them `ours`. */
static struct generation listed(bool clean)
{
    struct generation g = { .epoch = EPOCH,
                            .gen = GEN,
                            .first_seq = FIRST,
                            .attested = true,
                            .last_seq = LAST,
                            .clean = clean };

    for (unsigned i = 0; clean && i <= LAST - FIRST; i++) {
        g.known |= UINT64_C(1) << i;
        memcpy(g.leaf[i], ours, PAWL_LEAF);
    }
    return g;
}

static enum mark mark_at(const struct ratchet *r, const struct generation *g, uint64_t seq)
{
    return detect_mark(r, g, EPOCH, seq, ours);
}

static void an_attested_leaf_decides(void **state)
{
    (void)state;
    struct ratchet    r = ratchet_at(200);
    struct generation g = listed(true);

    for (uint64_t seq = FIRST; seq <= LAST; seq++) {
        assert_int_equal(detect_mark(&r, &g, EPOCH, seq, ours), MARK_GENUINE);
        assert_int_equal(detect_mark(&r, &g, EPOCH, seq, another), MARK_FORGED);
    }
    /* Whatever else is said of the slot. */
    r.unattested_hi = 200;
    r.attested_hi = FIRST;
    assert_int_equal(detect_mark(&r, &g, EPOCH, LAST, ours), MARK_GENUINE);
    assert_int_equal(detect_mark(&r, &g, EPOCH, LAST, another), MARK_FORGED);
}

static void what_its_log_does_not_list_is_forged(void **state)
{
    (void)state;
    struct ratchet    r = ratchet_at(200);
    struct generation g = listed(true), none = { .epoch = EPOCH, .gen = GEN };
    struct generation never = { .epoch = EPOCH, .gen = GEN, .first_seq = FIRST, .have = 1 };

    assert_int_equal(mark_at(&r, &g, FIRST - 1), MARK_FORGED);
    assert_int_equal(mark_at(&r, &g, LAST + 1), MARK_FORGED);
    assert_int_equal(mark_at(&r, &g, FIRST + PAWL_GEN_MESSAGES), MARK_FORGED);
    assert_int_equal(mark_at(&r, &g, 200), MARK_FORGED);
    assert_int_equal(mark_at(&r, &never, FIRST), MARK_FORGED);
    assert_int_equal(mark_at(&r, &none, FIRST), MARK_FORGED);
}

static void nothing_is_said_before_leaves_and_snapshot(void **state)
{
    (void)state;
    struct ratchet    r = ratchet_at(105);
    struct generation waits = listed(false), g = listed(true);

    for (uint64_t seq = FIRST; seq <= LAST; seq++)
        assert_int_equal(mark_at(&r, &waits, seq), MARK_TAINTED);
    r.attested_hi = 200; /* only what is listed waits */
    assert_int_equal(mark_at(&r, &waits, LAST + 1), MARK_FORGED);
    assert_int_equal(mark_at(&r, &waits, FIRST - 1), MARK_FORGED);
    assert_int_equal(mark_at(&r, &g, 201), MARK_TAINTED);
    assert_int_equal(mark_at(&r, NULL, 201), MARK_TAINTED);
}

static void an_epoch_that_the_device_left_sends_nothing_more(void **state)
{
    (void)state;
    struct ratchet    r = ratchet_at(200);
    struct generation g = { .epoch = EPOCH, .gen = GEN, .first_seq = 300, .have = 1 };

    assert_int_equal(mark_at(&r, &g, 300), MARK_TAINTED);
    r.current.epoch = EPOCH + 1; /* promoted: the last snapshot was made before */
    assert_int_equal(mark_at(&r, &g, 300), MARK_TAINTED);
    r.last_base_epoch = EPOCH + 1;
    assert_int_equal(mark_at(&r, &g, 300), MARK_FORGED);
}

static void what_nobody_can_tell_is_unattested(void **state)
{
    (void)state;
    struct generation g = { .epoch = EPOCH, .gen = GEN, .first_seq = FIRST, .have = 1 };
    struct ratchet    r = ratchet_at(200);

    assert_int_equal(mark_at(&r, NULL, FIRST), MARK_UNATTESTED);
    r.unknown_n = 1;
    r.unknown[0] = (struct pawl_range){ FIRST, FIRST + 1 };
    assert_int_equal(mark_at(&r, &g, FIRST), MARK_UNATTESTED);
    assert_int_equal(mark_at(&r, &g, FIRST + 1), MARK_UNATTESTED);
    assert_int_equal(mark_at(&r, &g, FIRST + 2), MARK_FORGED);
    r = ratchet_at(200);
    r.unattested_hi = FIRST;
    assert_int_equal(mark_at(&r, &g, FIRST), MARK_UNATTESTED);
    assert_int_equal(mark_at(&r, &g, FIRST + 1), MARK_FORGED);
    r = ratchet_at(200);
    r.current.resync = true;
    assert_int_equal(mark_at(&r, &g, FIRST), MARK_FORGED); /* the epoch of the resync itself */
    r.current.epoch = EPOCH + 1;
    assert_int_equal(mark_at(&r, &g, FIRST), MARK_UNATTESTED);
}

static void every_mark_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(mark_name(MARK_NEW), "new");
    assert_string_equal(mark_name(MARK_TAINTED), "tainted");
    assert_string_equal(mark_name(MARK_GENUINE), "genuine");
    assert_string_equal(mark_name(MARK_FORGED), "forged");
    assert_string_equal(mark_name(MARK_UNATTESTED), "unattested");
    assert_string_equal(mark_name(MARK_COUNT), "new");
}

/* ---- histories ------------------------------------------------------------------------------ */

enum { SEEDS = 4000, MESSAGES = 512, GENS = 64, RANGES = 8, TURNS = 160 };

/* One message that somebody made. */
struct sent {
    bool      forged, delivered, lost;
    uint64_t  epoch;
    uint32_t  gen;
    uint64_t  gen_start, seq;
    uint8_t   leaf[PAWL_LEAF];
    enum mark final; /* the first final mark that it got */
};

/* A generation of the device's log. */
struct logged {
    uint64_t epoch;
    uint32_t gen;
    uint64_t first;
    unsigned n;
    bool     pruned, gone; /* gone: with the log */
    uint8_t  leaf[PAWL_GEN_MESSAGES][PAWL_LEAF];
    uint8_t  digest[32];
};

struct history {
    uint64_t seed;
    /* the device */
    uint64_t          seq, epoch, epoch_start, base_epoch;
    uint32_t          gen;
    size_t            log_n;
    struct logged     log[GENS];
    size_t            unknown_n;
    struct pawl_range unknown[RANGES];
    uint64_t          lost_hi;    /* no log survived up to here .. */
    uint64_t          lost_epoch; /* .. and nobody judges epochs below this one */
    uint8_t           receipt[32];
    bool              has_receipt;
    /* what is under way */
    size_t      sent_n;
    struct sent sent[MESSAGES];
    /* the verifier */
    struct ratchet    r;
    size_t            row_n;
    struct generation row[2 * GENS];
    bool              gone[2 * GENS];
};

static uint64_t draw(struct history *h, uint64_t n)
{
    h->seed ^= h->seed << 13;
    h->seed ^= h->seed >> 7;
    h->seed ^= h->seed << 17;
    return h->seed % n;
}

static bool happens(struct history *h, unsigned percent)
{
    return draw(h, 100) < percent;
}

static struct sent *make(struct history *h, bool forged)
{
    if (h->sent_n == MESSAGES)
        return NULL;
    struct sent *m = &h->sent[h->sent_n++];
    *m = (struct sent){ .forged = forged };
    for (size_t i = 0; i < PAWL_LEAF; i++)
        m->leaf[i] = (uint8_t)draw(h, 256);
    return m;
}

/* ---- the device ----------------------------------------------------------------------------- */

static struct logged *newest(struct history *h)
{
    return h->log_n ? &h->log[h->log_n - 1] : NULL;
}

static bool open_generation(struct history *h)
{
    if (h->log_n == GENS)
        return false;
    h->log[h->log_n++] = (struct logged){ .epoch = h->epoch, .gen = h->gen++, .first = h->seq };
    return true;
}

static void speak(struct history *h)
{
    struct logged *g = newest(h);

    if (!g || g->epoch != h->epoch || g->gone || g->pruned || g->n == PAWL_GEN_MESSAGES ||
        happens(h, 10)) {
        if (!open_generation(h))
            return;
        g = newest(h);
    }
    struct sent *m = make(h, false);
    if (!m)
        return;
    if (!h->epoch_start)
        h->epoch_start = h->seq;
    m->epoch = g->epoch;
    m->gen = g->gen;
    m->gen_start = g->first;
    m->seq = h->seq++;
    memcpy(g->leaf[g->n++], m->leaf, PAWL_LEAF);
}

/* The last leaves of the run are not on the disk: their slots, and some that were not used, are
 * unknown. */
static void crash(struct history *h)
{
    struct logged *g = newest(h);
    unsigned       lost = (unsigned)draw(h, 5), unused = (unsigned)draw(h, 4);

    if (!g || g->gone || g->pruned || g->epoch != h->epoch || h->unknown_n == RANGES ||
        h->r.attested_hi + lost >= h->seq || lost > g->n)
        return;
    g->n -= lost;
    h->unknown[h->unknown_n++] = (struct pawl_range){ h->seq - lost, h->seq - lost + 16 - 1 };
    h->seq += 16 - lost + unused;
    h->gen++;
    if (!g->n)
        h->log_n--;
    open_generation(h);
}

static bool is_listed(const struct logged *g)
{
    return g->n && !g->pruned && !g->gone;
}

/* ---- the thief ------------------------------------------------------------------------------ */

/* Any key of the chain from the epoch under way on: another message in a slot of the device's, a
 * slot ahead, a generation that never was, a false beginning. */
static void forge(struct history *h)
{
    struct sent *m = make(h, true);

    if (!m)
        return;
    const struct logged *g = newest(h);
    m->epoch = happens(h, 20) && h->epoch > 1 ? h->epoch - 1 : h->epoch;
    m->gen = happens(h, 60) && g && g->epoch == m->epoch ? g->gen : (uint32_t)draw(h, h->gen + 3);
    m->gen_start = happens(h, 60) && g && g->gen == m->gen ? g->first : 1 + draw(h, h->seq + 40);
    m->seq = m->gen_start + draw(h, PAWL_GEN_MESSAGES);
}

/* ---- the verifier --------------------------------------------------------------------------- */

static struct generation *find_row(struct history *h, uint64_t epoch, uint32_t gen, bool create)
{
    for (size_t i = 0; i < h->row_n; i++)
        if (h->row[i].epoch == epoch && h->row[i].gen == gen)
            return h->gone[i] ? NULL : &h->row[i];
    if (!create || h->row_n == 2 * GENS)
        return NULL;
    h->row[h->row_n] = (struct generation){ .dir = PAWL_UP, .epoch = epoch, .gen = gen };
    return &h->row[h->row_n++];
}

/* As flow/uplink.c takes it; what is not taken is nobody's any more. */
static void arrive(struct history *h, struct sent *m)
{
    struct findings    found = { 0 };
    struct generation *g = find_row(h, m->epoch, m->gen, true);
    bool               is_new;

    m->lost = true;
    if (!g || m->seq > ratchet_ceiling(&h->r) || m->epoch + 1 < h->r.current.epoch)
        return;
    detect_message(&h->r, g, NULL, m->seq, m->leaf, &found, &is_new);
    uint64_t first = g->first_seq ? g->first_seq : m->gen_start, i = m->seq - first;
    bool     fits = m->seq >= first && i < PAWL_GEN_MESSAGES &&
                (!(g->known >> i & 1) || memcmp(g->leaf[i], m->leaf, PAWL_LEAF) == 0);
    if (!(is_new && fits) && !found.n)
        return;
    m->lost = false;
    m->delivered = true;
    if (!is_new || !fits)
        return;
    g->first_seq = first;
    g->have |= UINT64_C(1) << i;
    memcpy(g->leaf[i], m->leaf, PAWL_LEAF);
    if (m->seq > h->r.received_hi)
        h->r.received_hi = m->seq;
}

static void deliver(struct history *h)
{
    for (size_t i = 0; i < h->sent_n; i++) {
        struct sent *m = &h->sent[i];
        if (m->delivered || m->lost || !happens(h, 60))
            continue;
        if (happens(h, 15) && !m->forged)
            m->lost = true;
        else
            arrive(h, m);
    }
}

/* ---- a snapshot ----------------------------------------------------------------------------- */

static struct pawl_a1 a1_of(struct history *h, enum pawl_label label)
{
    struct pawl_a1  a1 = { .label = label, .base_epoch = h->base_epoch };
    struct pawl_err err;

    a1.snd.seq_hi = h->seq - 1;
    a1.snd.epoch = h->epoch;
    a1.snd.epoch_start_seq = h->epoch_start;
    if (h->has_receipt)
        a1.receipt.receipt = PAWL_VIEW_OF(h->receipt);
    for (size_t i = 0; i < h->log_n; i++) {
        struct logged *g = &h->log[i];
        if (!is_listed(g))
            continue;
        T_OK(pawl_leaves_digest_of((const uint8_t(*)[PAWL_LEAF])g->leaf,
                                   UINT64_MAX >> (PAWL_GEN_MESSAGES - g->n), g->digest, &err),
             &err);
        a1.snd.gens[a1.snd.gen_n++] = (struct pawl_snd_gen){ .epoch = g->epoch,
                                                             .gen = g->gen,
                                                             .first_seq = g->first,
                                                             .last_seq = g->first + g->n - 1,
                                                             .count = g->n,
                                                             .digest = PAWL_VIEW_OF(g->digest) };
    }
    for (size_t i = 0; i < h->unknown_n; i++)
        a1.snd.unknown[a1.snd.unknown_n++] = h->unknown[i];
    a1.base_kid = a1.boot_id = pawl_view((const uint8_t *)"12345678", 8);
    return a1;
}

static void supply(struct history *h, const struct generation *g, const struct logged *log)
{
    struct findings found = { 0 };
    struct pawl_err err;

    T_OK(detect_leaves(&h->r, pawl_view(log->leaf[0], log->n * PAWL_LEAF),
                       find_row(h, g->epoch, g->gen, false), &found, &err),
         &err);
}

/* What reconcile.c does; the receipt covers what has all its leaves, and prunes what is over. */
static void snapshot(struct history *h, enum pawl_label label, bool answered, bool supplied)
{
    const struct pawl_a1 a1 = a1_of(h, label);
    static const uint8_t th1[32] = { 0 };
    size_t               k = 0;

    ratchet_accept(&h->r, label == PAWL_LABEL_RESYNC ? BASE_NONE : BASE_CURRENT, &a1, th1, 1);
    (void)ratchet_attested(&h->r, &a1);
    for (size_t i = 0; i < h->log_n; i++) {
        struct logged  *log = &h->log[i];
        struct findings found = { 0 };
        bool            want;

        if (!is_listed(log))
            continue;
        struct generation         *g = find_row(h, log->epoch, log->gen, true);
        const struct pawl_snd_gen *snd = &a1.snd.gens[k++];
        if (!g)
            continue;
        detect_attested(&h->r, snd, g, &found, &want);
        if (want && supplied)
            supply(h, g, log);
        if (answered && g->clean && log != newest(h) && happens(h, 70)) {
            log->pruned = true;
            memset(h->receipt, (int)draw(h, 256), sizeof(h->receipt));
            h->has_receipt = true;
            memcpy(h->r.receipt[0], h->receipt, sizeof(h->receipt));
            h->r.receipt_n = 1;
        }
    }
    for (size_t i = 0; i < h->row_n; i++) {
        struct findings found = { 0 };
        if (!h->gone[i])
            detect_unlisted(&h->r, &a1.snd, &h->row[i], &found);
    }
    h->unknown_n = answered ? 0 : h->unknown_n;
}

/* The root is in use on both sides; the device rekeys with an empty hand or a full one. */
static void rekey(struct history *h, bool resync)
{
    h->epoch++;
    h->gen = 0;
    h->epoch_start = 0;
    h->base_epoch = h->epoch;
    h->r.current = (struct epoch_root){ .present = true, .epoch = h->epoch, .resync = resync };
}

/* The state is gone: the slots go on above all that the verifier ever took, and no log speaks of
 * those below. */
static void lose_state(struct history *h)
{
    for (size_t i = 0; i < h->log_n; i++)
        h->log[i].gone = true;
    h->unknown_n = 0;
    h->seq = ratchet_floor_up(&h->r) + draw(h, 3);
    h->lost_hi = h->seq - 1;
    h->has_receipt = false;
    h->base_epoch = 0;
    snapshot(h, PAWL_LABEL_RESYNC, true, false);
    rekey(h, true);
    h->lost_epoch = h->epoch;
}

/* ---- the truth ------------------------------------------------------------------------------ */

static bool was_unknown(const struct history *h, uint64_t seq)
{
    for (size_t i = 0; i < h->r.unknown_n; i++)
        if (seq >= h->r.unknown[i].lo && seq <= h->r.unknown[i].hi)
            return true;
    return false;
}

static enum mark mark_of(struct history *h, const struct sent *m)
{
    return detect_mark(&h->r, find_row(h, m->epoch, m->gen, false), m->epoch, m->seq, m->leaf);
}

/* At every moment. */
static void never_wrong(struct history *h)
{
    for (size_t i = 0; i < h->sent_n; i++) {
        struct sent *m = &h->sent[i];
        if (!m->delivered)
            continue;
        enum mark mark = mark_of(h, m);
        assert_true(mark != MARK_NEW);
        assert_true(mark != (m->forged ? MARK_GENUINE : MARK_FORGED));
        if (m->final == MARK_GENUINE)
            assert_int_equal(mark, MARK_GENUINE);
        if (m->final <= MARK_TAINTED)
            m->final = mark;
    }
}

/* A last snapshot of a newer epoch, with all leaves. */
static void all_told(struct history *h, unsigned count[MARK_COUNT][2])
{
    for (size_t i = 0; i < h->sent_n; i++) {
        const struct sent *m = &h->sent[i];
        if (!m->delivered)
            continue;
        enum mark mark = m->final;
        bool excused = m->epoch < h->lost_epoch || m->seq <= h->lost_hi || was_unknown(h, m->seq);
        count[mark][m->forged]++;
        assert_true(mark != MARK_TAINTED || m->seq <= h->lost_hi); /* leaves that are lost */
        if (m->forged && !excused)
            assert_int_equal(mark, MARK_FORGED);
        if (!m->forged && !excused)
            assert_int_equal(mark, MARK_GENUINE);
    }
}

static void play(uint64_t seed, unsigned count[MARK_COUNT][2])
{
    static struct history h;
    bool                  thieves = seed % 4;

    memset(&h, 0, sizeof(h));
    h.seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    h.seq = h.epoch = h.base_epoch = 1;
    h.r.current = (struct epoch_root){ .present = true, .epoch = 1 };
    for (unsigned turn = 0; turn < TURNS; turn++) {
        uint64_t what = draw(&h, 100);
        if (what < 55)
            speak(&h);
        else if (what < 65 && thieves)
            forge(&h);
        else if (what < 80)
            deliver(&h);
        else if (what < 92)
            snapshot(&h, PAWL_LABEL_ATTEST, happens(&h, 70), happens(&h, 50));
        else if (what < 95)
            crash(&h);
        else if (what < 99)
            rekey(&h, false);
        else if (happens(&h, 30))
            lose_state(&h);
        never_wrong(&h);
    }
    rekey(&h, false);
    for (size_t i = 0; i < h.sent_n; i++) /* what is late */
        if (!h.sent[i].delivered && !h.sent[i].lost)
            arrive(&h, &h.sent[i]);
    snapshot(&h, PAWL_LABEL_ATTEST, true, true);
    never_wrong(&h);
    all_told(&h, count);
}

static void every_history_is_told_as_it_was(void **state)
{
    (void)state;
    unsigned count[MARK_COUNT][2] = { 0 };

    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        play(seed, count);
    if (getenv("PAWL_SAY"))
        for (int mark = 0; mark < MARK_COUNT; mark++)
            print_message("%s: %u honest, %u forged\n", mark_name(mark), count[mark][0],
                          count[mark][1]);
    /* The histories reach what they are about. */
    assert_true(count[MARK_GENUINE][0] > SEEDS);
    assert_true(count[MARK_FORGED][1] > SEEDS);
    assert_true(count[MARK_UNATTESTED][0] > SEEDS / 8);
    assert_true(count[MARK_UNATTESTED][1] > SEEDS / 8);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("P-MARK-1 an attested leaf decides", an_attested_leaf_decides),
        T_CASE("P-MARK-2 what its log does not list is forged",
               what_its_log_does_not_list_is_forged),
        T_CASE("P-MARK-3 nothing is said before leaves and snapshot",
               nothing_is_said_before_leaves_and_snapshot),
        T_CASE("P-MARK-2 an epoch that the device left sends nothing more",
               an_epoch_that_the_device_left_sends_nothing_more),
        T_CASE("P-MARK-4 what nobody can tell is unattested", what_nobody_can_tell_is_unattested),
        T_CASE("every mark has a name", every_mark_has_a_name),
        T_CASE("P-MARK-1..4 every history is told as it was", every_history_is_told_as_it_was),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
