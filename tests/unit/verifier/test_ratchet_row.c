/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the ratchet: what was written is read back, and nothing else is. No bit of a row can be
 * changed by who lacks the master key, no row is read as another device's, tenant's or verifier's,
 * and no key stands in the clear.
 */

#include "t.h"

#include <string.h>

#include "ratchet/row.h"

static const struct pawl_view tenant = { (const uint8_t *)"acme", 4 };
static const uint8_t          device[PAWL_DEVICE_ID] = "thirty-two bytes of a device id.";

static struct keys keys_of(uint8_t seed)
{
    struct keys k = { 0 };

    k.master.n = 32;
    memset(k.master.b, seed, 32);
    return k;
}

/* ---- values with something in every field --------------------------------------------------- */

static uint8_t filler;

static void fill(void *p, size_t n)
{
    memset(p, ++filler, n);
}

static void fill_key(struct pawl_secret *s)
{
    s->n = 32;
    fill(s->b, 32);
}

static struct epoch_root full_root(uint64_t epoch)
{
    struct epoch_root e = { .present = true,
                            .epoch = epoch,
                            .suite = 0x0104,
                            .attempt = UINT64_MAX,
                            .made_ms = INT64_MAX,
                            .resync = true,
                            .by_auto = true,
                            .up = { .dir = PAWL_UP, .epoch = epoch, .gen = UINT32_MAX },
                            .down = { .dir = PAWL_DOWN, .epoch = epoch, .gen = 7 },
                            .epoch_start_seq = 12345,
                            .slots = 16384 };

    fill(e.kid, sizeof(e.kid));
    fill(e.verifier_id, sizeof(e.verifier_id));
    fill_key(&e.rk);
    fill_key(&e.k_auth);
    fill_key(&e.exporter);
    fill_key(&e.up.gk);
    fill_key(&e.down.gk);
    return e;
}

static void fill_history(struct ratchet *r)
{
    r->tombstone_n = PAWL_TOMBSTONES_MAX;
    for (size_t i = 0; i < r->tombstone_n; i++) {
        r->tombstone[i].epoch = UINT64_MAX - i;
        fill(r->tombstone[i].kid, PAWL_KID);
    }
    r->boot_id_n = PAWL_BOOT_IDS_MAX;
    for (size_t i = 0; i < r->boot_id_n; i++)
        fill(r->boot_id[i], PAWL_BOOT_ID);
    fill(r->last_th1, sizeof(r->last_th1));
    r->last_base_epoch = 41;
    fill(r->last_base_kid, sizeof(r->last_base_kid));
    r->accepted_ms = 1234567890123;
}

static void fill_uplink(struct ratchet *r)
{
    r->attested_hi = 100000;
    r->received_hi = 100100;
    r->unattested_hi = 50000;
    r->unknown_n = 2 * PAWL_SND_UNKNOWN_MAX;
    for (size_t i = 0; i < r->unknown_n; i++)
        r->unknown[i] = (struct pawl_range){ UINT64_MAX - 100 * i - 15, UINT64_MAX - 100 * i };
    r->receipt_n = RATCHET_RECEIPTS;
    for (size_t i = 0; i < r->receipt_n; i++)
        fill(r->receipt[i], sizeof(r->receipt[i]));
    r->queue_n = RATCHET_QUEUES;
    for (size_t i = 0; i < r->queue_n; i++) {
        r->queue[i].incarnation = UINT32_MAX;
        r->queue[i].hi = UINT32_MAX;
        fill(r->queue[i].below, sizeof(r->queue[i].below));
    }
}

static void fill_incident(struct incident *i)
{
    i->state = INCIDENT_HEALED;
    i->kind = INCIDENT_SERVER_WENT_BACK;
    i->severity = SEVERITY_CRITICAL;
    i->epoch = 43;
    i->rules = (1u << RULE_COUNT) - 1;
    i->opened_ms = 1234567890125;
    i->before = 3;
    i->waits = i->by_person = i->tainted = true;
    i->proofs = 16;
    i->taint_lo = 31;
    i->taint_ms = 1234567890126;
    i->forged = 4;
    i->genuine = 5;
    i->unattested = 6;
}

static struct ratchet full_ratchet(void)
{
    struct ratchet r = { .promoted_ms = 99, .resync_auto_ms = 98, .may_resync = true };

    filler = 0;
    r.current = full_root(42);
    r.pending = full_root(43);
    struct epoch_root old = full_root(41);
    r.old = (struct epoch_root){ .present = true, .epoch = 41, .suite = old.suite, .up = old.up };
    memcpy(r.old.kid, old.kid, sizeof(old.kid));
    memcpy(r.old.verifier_id, old.verifier_id, sizeof(old.verifier_id));
    fill_history(&r);
    fill_uplink(&r);
    r.down_next = 70;
    r.down_attested = 60;
    r.down_gen_start = 65;
    r.down_epoch_start = 30;
    r.down_gen_sent = PAWL_GEN_MESSAGES;
    r.down_gen_ms = 1234567890123;
    r.down_use = (struct pawl_use){
        .dir = PAWL_DOWN, .epoch = 42, .gen = 6, .suite = PAWL_SUITE_CCM
    };
    fill(r.down_use.kid, PAWL_KID);
    fill_key(&r.down_use.uk);
    r.rekey_demanded = true;
    fill_incident(&r.incident);
    r.clean_hi = 55;
    r.clean_ms = 1234567890124;
    fill_key(&r.hedge);
    return r;
}

static struct generation full_generation(void)
{
    struct generation g = { .dir = PAWL_UP,
                            .epoch = 42,
                            .gen = 9,
                            .first_seq = 577,
                            .have = UINT64_MAX,
                            .known = UINT64_C(1) << 63,
                            .named = UINT64_C(1) << 62,
                            .attested = true,
                            .last_seq = 640,
                            .clean = true,
                            .seen_ms = 5 };

    filler = 0;
    for (size_t i = 0; i < PAWL_GEN_MESSAGES; i++)
        fill(g.leaf[i], PAWL_LEAF);
    fill(g.digest, sizeof(g.digest));
    g.use = (struct pawl_use){ .dir = PAWL_UP, .epoch = 42, .gen = 9, .suite = PAWL_SUITE_SIV };
    fill(g.use.kid, PAWL_KID);
    fill_key(&g.use.uk);
    return g;
}

/* ---- round trips ---------------------------------------------------------------------------- */

static struct pawl_view written_ratchet(const struct keys *k, const struct ratchet *r)
{
    static uint8_t  b[RATCHET_ROW_MAX];
    struct pawl_err err;
    size_t          n;

    T_OK(ratchet_write(k, tenant, device, r, b, sizeof(b), &n, &err), &err);
    return pawl_view(b, n);
}

static struct pawl_view written_generation(const struct keys *k, const struct generation *g)
{
    static uint8_t  b[GENERATION_ROW_MAX];
    struct pawl_err err;
    size_t          n;

    T_OK(generation_write(k, tenant, device, g, b, sizeof(b), &n, &err), &err);
    return pawl_view(b, n);
}

static void ratchet_comes_back(const struct ratchet *r)
{
    struct keys     k = keys_of(1);
    struct pawl_err err;
    struct ratchet  out;

    memset(&out, 0, sizeof(out));
    T_OK(ratchet_read(&k, tenant, device, written_ratchet(&k, r), &out, &err), &err);
    assert_memory_equal(&out, r, sizeof(out));
}

static void a_ratchet_comes_back_as_it_was(void **state)
{
    (void)state;
    struct ratchet full, empty;

    memset(&full, 0, sizeof(full));
    full = full_ratchet();
    ratchet_comes_back(&full);
    memset(&empty, 0, sizeof(empty));
    ratchet_comes_back(&empty);
    /* Roots may have given up their chains. */
    full.old.up.gk = (struct pawl_secret){ 0 };
    full.current.down.gk = (struct pawl_secret){ 0 };
    ratchet_comes_back(&full);
}

static void generation_comes_back(const struct generation *g)
{
    struct keys       k = keys_of(1);
    struct pawl_err   err;
    struct generation out;

    memset(&out, 0, sizeof(out));
    T_OK(generation_read(&k, tenant, device, written_generation(&k, g), &out, &err), &err);
    assert_memory_equal(&out, g, sizeof(out));
}

static void a_generation_comes_back_as_it_was(void **state)
{
    (void)state;
    struct generation g, empty;

    memset(&g, 0, sizeof(g));
    g = full_generation();
    generation_comes_back(&g);
    memset(&g.use, 0, sizeof(g.use));
    generation_comes_back(&g);
    memset(&empty, 0, sizeof(empty));
    generation_comes_back(&empty);
}

/* All of one verifier: it is named once. */
static void what_roots_have_in_common_is_kept_once(void **state)
{
    (void)state;
    struct keys    k = keys_of(1);
    struct ratchet r;

    memset(&r, 0, sizeof(r));
    r = full_ratchet();
    size_t n = written_ratchet(&k, &r).n;
    memcpy(r.pending.verifier_id, r.current.verifier_id, PAWL_VERIFIER_ID);
    memcpy(r.old.verifier_id, r.current.verifier_id, PAWL_VERIFIER_ID);
    ratchet_comes_back(&r);
    assert_true(written_ratchet(&k, &r).n <= n - 2 * PAWL_VERIFIER_ID);
    memset(&r.current, 0, sizeof(r.current));
    ratchet_comes_back(&r);
}

/* ---- rows of older programs ------------------------------------------------------------------ */

/* few_things and one_leaf as a program before form 2 wrote them. */
static const char ratchet_of_form_1[] =
    "82981f018c182a48010101010101010119010458200202020202020202020202020202020202020202020202"
    "0202020202020202021affffffff071bffffffffffffffff1b7ffffffffffffffff5f5193039194000f68518"
    "29480f0f0f0f0f0f0f0f19010458200202020202020202020202020202020202020202020202020202020202"
    "0202021affffffff186381821bffffffffffffffff48161616161616161681481e1e1e1e1e1e1e1e58202323"
    "23232323232323232323232323232323232323232323232323232323232318294824242424242424241b0000"
    "011f71fb04cb1a000186a01a0001870419c3508080801846183c1841181e18401b0000011f71fb04cbf61862"
    "f5f590020503182b1901ff1b0000011f71fb04cd03f5f510f5181f1b0000011f71fb04ce04050618371b0000"
    "011f71fb04ccf458f6d0a7d17335da68514f6cc684c8b704b53cc433de421ac64acfd243e022570f89575591"
    "fead71f7410e15ef57a674593402b4057ad599125b7549a1964ff665ea1c9b310b5eb49d8ce044f837d6518d"
    "2f2a0c97d07f2e22e24894b47181e72e5585a93d751238a698e0c748f920b3e036605c88ee61c141ecdbf3cd"
    "f30f2aa282cb902c550572400cd70183bf20e075963010a4ba9555c5b76d86f8e006160d63b2f7dd4f1e8c96"
    "7ad1b7401c4e9b935233756ec746b14debe1861c9e5526ff8b8b666f80fb879fb8f4d2d3ecb5d46460bceb6f"
    "be150130af66ff5193dbcbbf0cd7b664e801857bff2671f78e60d87657235127298b6e";
/* few_things_pending before form 3. */
static const char ratchet_of_form_2[] =
    "82981f028c182a48010101010101010119010458200202020202020202020202020202020202020202020202"
    "0202020202020202021affffffff071bffffffffffffffff1b7ffffffffffffffff5f51930391940008c182b"
    "4830303030303030301901045820313131313131313131313131313131313131313131313131313131313131"
    "31311affffffff071bffffffffffffffff1b7ffffffffffffffff5f5193039194000851829480f0f0f0f0f0f"
    "0f0f190104f61affffffff186381821bffffffffffffffff48161616161616161681481e1e1e1e1e1e1e1e58"
    "2023232323232323232323232323232323232323232323232323232323232323231829482424242424242424"
    "1b0000011f71fb04cb1a000186a01a0001870419c3508080801846183c1841181e18401b0000011f71fb04cb"
    "f61862f5f590020503182b1901ff1b0000011f71fb04cd03f5f510f5181f1b0000011f71fb04ce0405061837"
    "1b0000011f71fb04ccf459018b7f6b31abe99a2794e9757c95b8c5200dafe6a5412ff8c23ce33303ef9bec48"
    "9ded5d8258004e641a8c982d302577accd77b2cf451cf6c55d9c136b140fa4ca04a14bff35b984a48ad489bf"
    "6ee972abbdc73a76f0ef846dd2b3f1827523e87bfd4cc8453685eae451665a19cd71de9de57031d0431cc727"
    "f575e5c5c0ccccf3656983f24c2ed1766b8f2c3ad418d98fed97a1cd85db7925af5f78412659bb719774d143"
    "b1d1f29fa66e97e29de1c60b472313cab8a68e60c704e4e06897c7d9eecf3229dd3399ecd441207673b784dc"
    "50ef4ae7fb43d39e15d441b4580f2168588c6bbfa200e2be11eeec199bda673aabd3958f97a57c8a7201e895"
    "8737b508b8d0f0e23e219eee797cf1503caa373c43e4bb9528a7ad98cae64e835851440bdb5fdefe3efd3d95"
    "d897634618c3c8fd064c329abba8fe54fd1eebbc58c3c2238fa8ef75ee7cc36f459406611d822f844cb22e8e"
    "0fb5500201a67f5bb76ac499397ff012265e9522c0199a8854e9bc49a6ad55563739286c12442801de0d78e1"
    "b38b48c8de1ab9b7e67f292d";
static const char generation_of_form_1[] =
    "828f0100182a091902410100005001010101010101010101010101010101f519028058204141414141414141"
    "414141414141414141414141414141414141414141414141f50582044842424242424242425851844999cecd"
    "98eb17200b356d28aaf27592940d42ef4a907b4538c8a356bfdbca7a94a3f683089a6f1669ba247f4f7088fa"
    "574bacc5ee6590f892e6c9956b7541f4fcecd99413f5f8cebc73ba13c86d5faf";

static struct ratchet few_things(void)
{
    struct ratchet r = full_ratchet();

    memcpy(r.old.verifier_id, r.current.verifier_id, PAWL_VERIFIER_ID);
    pawl_wipe(&r.pending, sizeof(r.pending));
    pawl_wipe(&r.down_use, sizeof(r.down_use));
    pawl_wipe(&r.hedge, sizeof(r.hedge));
    r.unknown_n = r.receipt_n = r.queue_n = 0;
    r.tombstone_n = r.boot_id_n = 1;
    return r;
}

/* Its pending root is there by its keys. */
static struct ratchet few_things_pending(void)
{
    struct ratchet r = few_things();

    r.pending = full_root(43);
    return r;
}

static void a_row_of_an_older_program_is_read(void **state)
{
    (void)state;
    struct keys       k = keys_of(1);
    struct pawl_err   err;
    struct ratchet    r = few_things(), r_out;
    struct generation g = full_generation(), g_out;
    struct pawl_view  row = t_hex(ratchet_of_form_1), gen = t_hex(generation_of_form_1);

    T_OK(ratchet_read(&k, tenant, device, row, &r_out, &err), &err);
    /* Equal if they are written alike: what lies behind the counts of a value is no part of it. */
    struct pawl_view again = t_copy(written_ratchet(&k, &r_out));
    assert_true(pawl_view_equal(again, written_ratchet(&k, &r)));
    assert_true(again.n < row.n);

    g.have = 1;
    g.known = g.named = 0;
    T_OK(generation_read(&k, tenant, device, gen, &g_out, &err), &err);
    again = t_copy(written_generation(&k, &g_out));
    assert_true(pawl_view_equal(again, written_generation(&k, &g)));
    assert_int_equal(again.n, gen.n - 16);
}

static void keys_of_an_older_programs_pending_root_are_read(void **state)
{
    (void)state;
    struct keys      k = keys_of(1);
    struct pawl_err  err;
    struct ratchet   r = few_things_pending(), out;
    struct pawl_view row = t_hex(ratchet_of_form_2);

    T_OK(ratchet_read(&k, tenant, device, row, &out, &err), &err);
    struct pawl_view again = t_copy(written_ratchet(&k, &out));
    assert_true(pawl_view_equal(again, written_ratchet(&k, &r)));
    assert_memory_equal(&out.pending, &r.pending, sizeof(r.pending));
}

/* ---- a pending root, and room --------------------------------------------------------------- */

/* As after a grant. */
static void make_pending(struct ratchet *r, uint64_t epoch)
{
    PAWL_CLEANUP(pawl_root_wipe) struct pawl_root root = { 0 };
    struct pawl_secret                            secret = { .n = 32, .b = { 7 } };
    struct pawl_err                               err;
    struct epoch_root                            *p = &r->pending;

    T_OK(pawl_root_spread(&secret, epoch, &root, &err), &err);
    *p = (struct epoch_root){ .present = true, .epoch = epoch, .suite = PAWL_SUITE_CCM };
    memcpy(p->kid, root.kid, sizeof(p->kid));
    memcpy(p->verifier_id, r->current.verifier_id, sizeof(p->verifier_id));
    p->root = root.root;
    p->rk = root.rk;
    p->k_auth = root.k_auth;
    p->exporter = root.exporter;
    p->up = root.up;
    p->down = root.down;
}

static void a_pending_root_stands_for_its_keys(void **state)
{
    (void)state;
    struct keys    k = keys_of(1);
    struct ratchet r;

    memset(&r, 0, sizeof(r));
    r = full_ratchet();
    make_pending(&r, 43);
    size_t n = written_ratchet(&k, &r).n;
    ratchet_comes_back(&r);

    /* One that a message moved on is there by its keys. */
    r.pending.up.gen = 1;
    fill_key(&r.pending.up.gk);
    assert_true(written_ratchet(&k, &r).n >= n + 4 * 32);
    pawl_wipe(&r.pending.root, sizeof(r.pending.root));
    ratchet_comes_back(&r);
}

/* Enrolled, in use, rekeyed: a row is written where it stood. */
static void a_row_keeps_its_size(void **state)
{
    (void)state;
    struct keys    k = keys_of(1);
    struct ratchet r = { .boot_id_n = 1 };

    make_pending(&r, 1);
    size_t n = written_ratchet(&k, &r).n;
    r.current = few_things().current;
    r.pending.present = false;
    assert_int_equal(written_ratchet(&k, &r).n, n);
    make_pending(&r, 43);
    assert_int_equal(written_ratchet(&k, &r).n, n);
}

static void only_noted_leaves_are_kept(void **state)
{
    (void)state;
    struct keys       k = keys_of(1);
    struct pawl_err   err;
    struct generation g = full_generation(), out;

    g.have = 5;
    g.known = 8;
    T_OK(generation_read(&k, tenant, device, written_generation(&k, &g), &out, &err), &err);
    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++) {
        static const uint8_t none[PAWL_LEAF];

        assert_memory_equal(out.leaf[i], i == 0 || i == 2 || i == 3 ? g.leaf[i] : none, PAWL_LEAF);
    }
}

/* ---- refusals ------------------------------------------------------------------------------- */

static void ratchet_is_refused(struct pawl_view row, void *arg)
{
    struct pawl_err err;
    struct ratchet  out;

    t_poison(&out, sizeof(out));
    assert_false(pawl_is_ok(ratchet_read(arg, tenant, device, row, &out, &err)));
    t_still_poisoned(&out, sizeof(out));
}

static void generation_is_refused(struct pawl_view row, void *arg)
{
    struct pawl_err   err;
    struct generation out;

    t_poison(&out, sizeof(out));
    assert_false(pawl_is_ok(generation_read(arg, tenant, device, row, &out, &err)));
    t_still_poisoned(&out, sizeof(out));
}

static void no_flip_and_no_truncation_of_a_ratchet_is_read(void **state)
{
    (void)state;
    struct keys    k = keys_of(1);
    struct ratchet r = full_ratchet();

    t_each_flip(written_ratchet(&k, &r), ratchet_is_refused, &k);
    t_each_flip(t_hex(ratchet_of_form_1), ratchet_is_refused, &k);
    t_each_truncation(written_ratchet(&k, &r), ratchet_is_refused, &k);
}

static void no_flip_and_no_truncation_of_a_generation_is_read(void **state)
{
    (void)state;
    struct keys       k = keys_of(1);
    struct generation g = full_generation();

    t_each_flip(written_generation(&k, &g), generation_is_refused, &k);
    t_each_truncation(written_generation(&k, &g), generation_is_refused, &k);
}

/* Two good rows of one device and epoch: the clear part of one with the sealed part of the other.
 * The sealed part is the last 16 + 33 + 16 bytes, behind a head of two. */
static void parts_of_two_rows_make_no_row(void **state)
{
    (void)state;
    enum { SEALED = 16 + 33 + PAWL_AEAD_TAG };
    struct keys       k = keys_of(1);
    struct pawl_err   err;
    struct generation g = full_generation(), other = g, out;
    uint8_t           mixed[GENERATION_ROW_MAX];
    struct pawl_view  row = t_copy(written_generation(&k, &g));

    other.gen = 10;
    other.use.gen = 10;
    struct pawl_view second = t_copy(written_generation(&k, &other));
    assert_int_equal(row.n, second.n);
    memcpy(mixed, second.p, row.n - SEALED);
    memcpy(mixed + row.n - SEALED, row.p + row.n - SEALED, SEALED);
    T_FAILS(generation_read(&k, tenant, device, pawl_view(mixed, row.n), &out, &err), &err,
            PAWL_E_FORGED);
    T_WHERE(&err, "generation");
}

static void a_row_is_for_one_device_tenant_and_verifier(void **state) /* S2 */
{
    (void)state;
    struct keys       k = keys_of(1), others = keys_of(2);
    struct pawl_err   err;
    struct ratchet    r = full_ratchet(), r_out;
    struct generation g = full_generation(), g_out;
    struct pawl_view  row = written_ratchet(&k, &r), gen = written_generation(&k, &g);
    struct pawl_view  acm = pawl_view("acm", 3);
    uint8_t           neighbour[PAWL_DEVICE_ID];

    memcpy(neighbour, device, sizeof(neighbour));
    neighbour[31] ^= 1;
    T_FAILS(ratchet_read(&k, acm, device, row, &r_out, &err), &err, PAWL_E_FORGED);
    T_FAILS(ratchet_read(&k, tenant, neighbour, row, &r_out, &err), &err, PAWL_E_FORGED);
    T_FAILS(ratchet_read(&others, tenant, device, row, &r_out, &err), &err, PAWL_E_FORGED);
    T_FAILS(generation_read(&k, acm, device, gen, &g_out, &err), &err, PAWL_E_FORGED);
    T_FAILS(generation_read(&k, tenant, neighbour, gen, &g_out, &err), &err, PAWL_E_FORGED);
    T_FAILS(generation_read(&others, tenant, device, gen, &g_out, &err), &err, PAWL_E_FORGED);
}

static void bytes_that_are_no_row_name_what_they_lack(void **state)
{
    (void)state;
    struct keys       k = keys_of(1);
    struct pawl_err   err;
    struct ratchet    r = full_ratchet(), r_out;
    struct generation g = full_generation(), g_out;

    T_FAILS(ratchet_read(&k, tenant, device, pawl_view("", 1), &r_out, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "ratchet");
    T_FAILS(ratchet_read(&k, tenant, device, written_generation(&k, &g), &r_out, &err), &err,
            PAWL_E_RANGE);
    T_WHERE(&err, "ratchet.ratchet");
    T_FAILS(generation_read(&k, tenant, device, written_ratchet(&k, &r), &g_out, &err), &err,
            PAWL_E_RANGE);
    T_WHERE(&err, "generation.generation");
}

static void what_does_not_fit_is_not_written(void **state)
{
    (void)state;
    struct keys       k = keys_of(1);
    struct pawl_err   err;
    struct ratchet    r = full_ratchet();
    struct generation g = full_generation();
    uint8_t           b[RATCHET_ROW_MAX];
    size_t            need = written_ratchet(&k, &r).n, n = 77;

    T_FAILS(ratchet_write(&k, tenant, device, &r, b, need - 1, &n, &err), &err, PAWL_E_FULL);
    assert_int_equal(n, 77);
    g.use.uk.n = 31; /* nothing has such a key */
    T_FAILS(generation_write(&k, tenant, device, &g, b, sizeof(b), &n, &err), &err, PAWL_E_FULL);
    assert_int_equal(n, 77);
}

/* ---- secrets -------------------------------------------------------------------------------- */

static bool holds(struct pawl_view row, const struct pawl_secret *s)
{
    for (size_t i = 0; i + 8 <= row.n; i++)
        if (memcmp(row.p + i, s->b, 8) == 0)
            return true;
    return false;
}

static void no_key_stands_in_the_clear(void **state) /* g) thief of the database */
{
    (void)state;
    struct keys       k = keys_of(200);
    struct ratchet    r = full_ratchet();
    struct generation g = full_generation();
    struct pawl_view  row = written_ratchet(&k, &r);

    const struct pawl_secret *const secret[] = {
        &r.current.rk,      &r.current.k_auth,  &r.current.exporter, &r.current.up.gk,
        &r.current.down.gk, &r.pending.rk,      &r.pending.k_auth,   &r.pending.exporter,
        &r.pending.up.gk,   &r.pending.down.gk, &r.old.up.gk,        &r.down_use.uk,
        &r.hedge,
    };
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
        assert_false(holds(row, secret[i]));
    /* The search finds what is there. */
    struct pawl_secret kid = { .n = 8 };
    memcpy(kid.b, r.current.kid, PAWL_KID);
    assert_true(holds(row, &kid));
    assert_false(holds(written_generation(&k, &g), &g.use.uk));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a ratchet comes back as it was", a_ratchet_comes_back_as_it_was),
        T_CASE("a generation comes back as it was", a_generation_comes_back_as_it_was),
        T_CASE("what roots have in common is kept once", what_roots_have_in_common_is_kept_once),
        T_CASE("a row of an older program is read", a_row_of_an_older_program_is_read),
        T_CASE("keys of an older program's pending root are read",
               keys_of_an_older_programs_pending_root_are_read),
        T_CASE("a pending root stands for its keys", a_pending_root_stands_for_its_keys),
        T_CASE("a row keeps its size", a_row_keeps_its_size),
        T_CASE("only noted leaves are kept", only_noted_leaves_are_kept),
        T_CASE("no flip and no truncation of a ratchet is read",
               no_flip_and_no_truncation_of_a_ratchet_is_read),
        T_CASE("no flip and no truncation of a generation is read",
               no_flip_and_no_truncation_of_a_generation_is_read),
        T_CASE("parts of two rows make no row", parts_of_two_rows_make_no_row),
        T_CASE("S2 a row is for one device, tenant and verifier",
               a_row_is_for_one_device_tenant_and_verifier),
        T_CASE("bytes that are no row name what they lack",
               bytes_that_are_no_row_name_what_they_lack),
        T_CASE("what does not fit is not written", what_does_not_fit_is_not_written),
        T_CASE("no key stands in the clear", no_key_stands_in_the_clear),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
