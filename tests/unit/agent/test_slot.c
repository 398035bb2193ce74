/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves D4 (P-DUR-4): wherever a kill, a power cut, a full disk or a silent TPM interrupts the
 * writing of a slot, exactly one slot opens, the old one or the new one; that an older copy,
 * another TPM and changed bytes are refused; and that what may pass is told from what is lost.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "power.h"
#include "scratch.h"
#include "soft_vault.h"
#include "state/file.h"
#include "state/slot.h"
#include "state/slot_content.h"
#include "t.h"

static const uint8_t device_id[PAWL_DEVICE_ID] = { 0xde, 0x01 };

static int open_scratch(void)
{
    int fd = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static void fill(struct pawl_secret *s, size_t n, uint64_t seed)
{
    s->n = n;
    memset(s->b, (int)(seed & 0xff), n);
}

/* All of it follows from the epoch. */
static struct slot a_slot(uint64_t epoch)
{
    struct slot s = { .verifier_id = { 1 },
                      .suite = PAWL_SUITE_CCM,
                      .epoch = epoch,
                      .kid = { 2, (uint8_t)epoch },
                      .up = { .dir = PAWL_UP, .epoch = epoch, .gen = 3 },
                      .down = { .dir = PAWL_DOWN, .epoch = epoch, .gen = UINT32_MAX },
                      .age_ms = 1000,
                      .slots = UINT64_MAX,
                      .starts = 4 };

    memcpy(s.device_id, device_id, sizeof(device_id));
    fill(&s.rk, 32, 10 + epoch);
    fill(&s.k_auth, 32, 20 + epoch);
    fill(&s.exporter, 32, 30 + epoch);
    fill(&s.up.gk, 32, 40 + epoch);
    fill(&s.down.gk, 32, 50 + epoch);
    fill(&s.spool_key, 64, 60 + epoch);
    return s;
}

static struct slot a_full_slot(uint64_t epoch)
{
    struct slot s = a_slot(epoch);

    s.has_old = true;
    s.suite = PAWL_SUITE_SIV | PAWL_SUITE_HMAC_KEY;
    s.old_suite = PAWL_SUITE_GCM;
    s.old_kid[0] = 9;
    s.old_verifier_id[0] = 8;
    s.old_down = (struct pawl_chain){ .dir = PAWL_DOWN, .epoch = epoch - 1, .gen = 5 };
    fill(&s.old_down.gk, 32, 70);
    s.down_use = (struct pawl_use){ .dir = PAWL_DOWN, .epoch = epoch, .gen = 6, .suite = s.suite };
    memcpy(s.down_use.kid, s.kid, sizeof(s.kid));
    fill(&s.down_use.uk, 32, 80);
    s.old_down_use = (struct pawl_use){
        .dir = PAWL_DOWN, .epoch = epoch - 1, .gen = 4, .suite = PAWL_SUITE_GCM
    };
    memcpy(s.old_down_use.kid, s.old_kid, sizeof(s.old_kid));
    fill(&s.old_down_use.uk, 32, 90);
    return s;
}

static void same_slot(const struct slot *a, const struct slot *b)
{
    struct slot_content x = { 0 }, y = { 0 };
    struct pawl_err     err;

    assert_true(a->counter == b->counter);
    assert_memory_equal(a->device_id, b->device_id, sizeof(a->device_id));
    T_OK(slot_content_write(a, &x, &err), &err);
    T_OK(slot_content_write(b, &y, &err), &err);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.b, y.b, x.n);
}

static void write_slot(int dir, struct soft_vault *soft, uint64_t epoch)
{
    struct slot_vault v = soft_vault(soft);
    struct slot       s = a_slot(epoch);
    struct pawl_err   err;

    T_OK(slot_write(dir, &v, &s, &err), &err);
    assert_true(s.counter == soft->counter);
}

static uint64_t epoch_that_opens(int dir, struct soft_vault *soft)
{
    struct slot_vault v = soft_vault(soft);
    struct slot       s;
    struct pawl_err   err;

    T_OK(slot_open(dir, &v, device_id, &s, &err), &err);
    struct slot want = a_slot(s.epoch);
    want.counter = soft->counter;
    same_slot(&s, &want);
    return s.epoch;
}

static void opens_not(int dir, struct soft_vault *soft, enum pawl_code code, const char *why)
{
    struct slot_vault v = soft_vault(soft);
    struct slot       s;
    struct pawl_err   err;

    t_poison(&s, sizeof(s));
    T_FAILS(slot_open(dir, &v, device_id, &s, &err), &err, code);
    assert_non_null(strstr(err.why, why));
    t_still_poisoned(&s, sizeof(s));
}

/* ---- accepts -------------------------------------------------------------------------------- */

static void a_slot_comes_back_as_written(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { .counter = 40 };
    struct slot_vault            v = soft_vault(&soft);
    struct slot                  s = a_full_slot(7), got;
    struct pawl_err              err;

    (void)state;
    T_OK(slot_write(dir, &v, &s, &err), &err);
    T_OK(slot_open(dir, &v, device_id, &got, &err), &err);
    assert_int_equal(got.counter, 42); /* the counter was made, and counted once */
    same_slot(&s, &got);
    assert_int_equal(got.down_use.gen, 6);
    assert_int_equal(got.old_down_use.epoch, 6);
    assert_int_equal(got.old_down_use.suite, PAWL_SUITE_GCM);
    assert_memory_equal(got.old_down_use.kid, s.old_kid, sizeof(s.old_kid));
    assert_int_equal(got.old_down.dir, PAWL_DOWN);
    assert_int_equal(got.down_use.prk.n, 0);
}

static void files_take_turns_and_the_newest_opens(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { 0 };

    (void)state;
    opens_not(dir, &soft, PAWL_E_ABSENT, "none");
    for (uint64_t epoch = 1; epoch < 7; epoch++) {
        write_slot(dir, &soft, epoch);
        assert_int_equal(epoch_that_opens(dir, &soft), epoch);
    }
    assert_int_equal(faccessat(dir, "slot.0", F_OK, 0), 0); /* epoch 5, and gone with 6 */
    assert_int_equal(unlinkat(dir, "slot.1", 0), 0);
    opens_not(dir, &soft, PAWL_E_STATE, "an older copy");
}

static void nothing_of_it_stands_in_the_clear(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { 0 };
    struct slot                  s = a_slot(3);
    uint8_t                      b[4096];
    size_t                       n;
    struct pawl_err              err;

    (void)state;
    write_slot(dir, &soft, 3);
    T_OK(file_read(dir, "slot.0", b, sizeof(b), &n, &err), &err);
    assert_null(memmem(b, n, s.rk.b, 8));
    assert_null(memmem(b, n, s.spool_key.b, 8));
    assert_null(memmem(b, n, s.kid, sizeof(s.kid)));
}

/* ---- what is lost, and what may pass -------------------------------------------------------- */

static void put(int dir, const char *name, struct pawl_view bytes)
{
    struct pawl_err err;

    T_OK(file_replace(dir, name, bytes, &err), &err);
}

static void an_older_copy_is_refused(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { 0 };
    uint8_t                      old[4096];
    size_t                       n;
    struct pawl_err              err;

    (void)state;
    write_slot(dir, &soft, 1);
    T_OK(file_read(dir, "slot.0", old, sizeof(old), &n, &err), &err);
    write_slot(dir, &soft, 2);
    write_slot(dir, &soft, 3);
    put(dir, "slot.0", pawl_view(old, n)); /* restored over the valid one */
    opens_not(dir, &soft, PAWL_E_STATE, "an older copy");
    assert_int_equal(unlinkat(dir, "slot.1", 0), 0);
    opens_not(dir, &soft, PAWL_E_STATE, "an older copy");
}

static void another_tpm_and_another_device_are_refused(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { 0 }, other;
    struct slot_vault            v = soft_vault(&soft);
    static const uint8_t         another[PAWL_DEVICE_ID] = { 0xde, 0x02 };
    struct slot                  s;
    struct pawl_err              err;

    (void)state;
    write_slot(dir, &soft, 1);
    write_slot(dir, &soft, 2);
    other = soft;
    other.seed[0] = 1; /* its counter happens to stand at the same value */
    opens_not(dir, &other, PAWL_E_STATE, "does not open");
    other = (struct soft_vault){ 0 };
    opens_not(dir, &other, PAWL_E_STATE, "has no counter");
    other.defined = true;
    opens_not(dir, &other, PAWL_E_STATE, "of another TPM");
    T_FAILS(slot_open(dir, &v, another, &s, &err), &err, PAWL_E_STATE);
    assert_int_equal(epoch_that_opens(dir, &soft), 2);
}

static void a_silent_tpm_is_no_loss(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { 0 };

    (void)state;
    write_slot(dir, &soft, 1);
    soft.trouble = SOFT_SILENT;
    opens_not(dir, &soft, PAWL_E_IO, "does not answer");
    soft.trouble = SOFT_NONE;
    assert_int_equal(epoch_that_opens(dir, &soft), 1);
}

static void a_disk_that_cannot_be_read_is_no_loss(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { 0 };
    struct slot_vault            v = soft_vault(&soft);
    struct slot                  s = a_slot(2);
    struct pawl_err              err;

    (void)state;
    write_slot(dir, &soft, 1);
    T_FAILS(slot_open(-1, &v, device_id, &s, &err), &err, PAWL_E_IO);
    T_FAILS(slot_write(-1, &v, &s, &err), &err, PAWL_E_IO);
    assert_int_equal(epoch_that_opens(dir, &soft), 1);
}

static void trouble_at_the_commit_point_is_told_apart(void **state)
{
    static const struct {
        enum soft_trouble trouble;
        enum pawl_code    code;  /* of slot_write */
        uint64_t          opens; /* afterwards, with the TPM in order; 0: lost */
    } cases[] = {
        { SOFT_NO_INCREMENT, PAWL_E_TPM, 1 }, { SOFT_LOST_INCREMENT, PAWL_OK, 2 },
        { SOFT_GONE, PAWL_E_CONFLICT, 2 },    { SOFT_TWICE, PAWL_E_STATE, 0 },
        { SOFT_SPOILS, PAWL_E_STATE, 0 },     { SOFT_SILENT, PAWL_E_IO, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        scratch_empty(NULL);
        PAWL_CLEANUP(file_close) int dir = open_scratch();
        struct soft_vault            soft = { 0 };
        struct slot_vault            v = soft_vault(&soft);
        struct slot                  s = a_slot(2);
        struct pawl_err              err = { 0 };

        write_slot(dir, &soft, 1);
        soft.trouble = cases[i].trouble;
        pawl_status got = slot_write(dir, &v, &s, &err);
        assert_int_equal(got.code, cases[i].code);
        assert_true(pawl_is_ok(got) == (s.counter != 0));
        soft.trouble = SOFT_NONE;
        if (cases[i].opens)
            assert_int_equal(epoch_that_opens(dir, &soft), cases[i].opens);
        else
            opens_not(dir, &soft, PAWL_E_STATE, "");
        write_slot(dir, &soft, 3);
        assert_int_equal(epoch_that_opens(dir, &soft), 3);
    }
}

/* The content says itself which value it is for, whatever the TPM thinks of it. */
static void a_file_cannot_be_relabelled(void **state)
{
    enum { COUNTER_AT = 13 }; /* behind the head and "pawl/1 slot" */
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { .trouble = SOFT_UNBOUND };
    uint8_t                      b[4096];
    size_t                       n;
    struct pawl_err              err;

    (void)state;
    write_slot(dir, &soft, 1);
    T_OK(file_read(dir, "slot.0", b, sizeof(b), &n, &err), &err);
    assert_int_equal(b[COUNTER_AT], soft.counter);
    write_slot(dir, &soft, 2);
    b[COUNTER_AT] = (uint8_t)soft.counter;
    put(dir, "slot.1", pawl_view(b, n));
    opens_not(dir, &soft, PAWL_E_STATE, "does not open");
}

/* It may be the valid one: tomorrow it can be read. */
static void a_file_that_cannot_be_read_is_not_overwritten(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { 0 };
    struct slot_vault            v = soft_vault(&soft);
    struct slot                  s = a_slot(2);
    struct pawl_err              err;

    (void)state;
    write_slot(dir, &soft, 1);
    assert_int_equal(renameat(dir, "slot.0", dir, "kept"), 0);
    assert_int_equal(symlinkat("slot.0", dir, "slot.0"), 0); /* reading it ends in ELOOP */
    T_FAILS(slot_write(dir, &v, &s, &err), &err, PAWL_E_IO);
    opens_not(dir, &soft, PAWL_E_IO, "");
    assert_int_equal(renameat(dir, "kept", dir, "slot.0"), 0);
    assert_int_equal(epoch_that_opens(dir, &soft), 1);
}

static void mixed_epochs_are_not_written(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { 0 };
    struct slot_vault            v = soft_vault(&soft);
    struct slot                  s = a_slot(2);
    struct pawl_err              err;

    (void)state;
    write_slot(dir, &soft, 1);
    s.down.epoch = 1;
    T_FAILS(slot_write(dir, &v, &s, &err), &err, PAWL_E_BUG);
    s = a_slot(2);
    s.rk.n = 31;
    T_FAILS(slot_write(dir, &v, &s, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "slot.rk");
    assert_int_equal(epoch_that_opens(dir, &soft), 1);
}

static void forgotten_is_as_if_there_never_was_one(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct soft_vault            soft = { 0 };
    struct pawl_err              err;

    (void)state;
    write_slot(dir, &soft, 1);
    write_slot(dir, &soft, 2);
    T_OK(slot_forget(dir, &err), &err);
    opens_not(dir, &soft, PAWL_E_ABSENT, "none");
    T_OK(slot_forget(dir, &err), &err);
}

/* ---- changed bytes -------------------------------------------------------------------------- */

struct spoilt {
    int               dir;
    struct soft_vault soft;
    struct pawl_view  good;
};

/* The valid file changed: no slot opens, and the state counts as lost. */
static void must_not_open(struct pawl_view v, void *arg)
{
    struct spoilt    *s = arg;
    struct slot_vault vault = soft_vault(&s->soft);
    struct slot       got;
    struct pawl_err   err;
    int               fd = openat(s->dir, "slot.1", O_WRONLY | O_TRUNC | O_CREAT, 0600);

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
    T_FAILS(slot_open(s->dir, &vault, device_id, &got, &err), &err, PAWL_E_STATE);
}

/* The other file changed: the valid one opens, and stays when the next is written. */
static void must_not_matter(struct pawl_view v, void *arg)
{
    struct spoilt *s = arg;
    int            fd = openat(s->dir, "slot.0", O_WRONLY | O_TRUNC | O_CREAT, 0600);

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
    assert_int_equal(epoch_that_opens(s->dir, &s->soft), 2);
}

static struct spoilt spoil(void)
{
    struct spoilt   s = { .dir = open_scratch() };
    uint8_t         b[4096];
    size_t          n;
    struct pawl_err err;

    write_slot(s.dir, &s.soft, 1);
    write_slot(s.dir, &s.soft, 2);
    T_OK(file_read(s.dir, "slot.1", b, sizeof(b), &n, &err), &err);
    s.good = t_copy(pawl_view(b, n));
    return s;
}

static void every_truncation_is_a_loss(void **state)
{
    struct spoilt s = spoil();

    (void)state;
    t_each_truncation(s.good, must_not_open, &s);
    close(s.dir);
}

static void no_flipped_bit_opens(void **state)
{
    struct spoilt s = spoil();

    (void)state;
    t_each_flip(s.good, must_not_open, &s);
    close(s.dir);
}

static void a_copy_in_the_other_file_does_no_harm(void **state)
{
    struct spoilt     s = spoil();
    struct slot_vault v = soft_vault(&s.soft);
    struct slot       next = a_slot(3);
    struct pawl_err   err;

    (void)state;
    t_each_truncation(s.good, must_not_matter, &s);
    put(s.dir, "slot.0", s.good); /* both claim to be valid, both are */
    T_OK(slot_write(s.dir, &v, &next, &err), &err);
    assert_int_equal(epoch_that_opens(s.dir, &s.soft), 3);
    close(s.dir);
}

/* One that claims to be valid and is not must not cost the one that is: either way round. */
static void the_valid_one_is_never_overwritten(void **state)
{
    (void)state;
    for (int valid = 0; valid < 2; valid++) {
        scratch_empty(NULL);
        struct spoilt     s = spoil();
        struct slot_vault v = soft_vault(&s.soft);
        struct slot       next = a_slot(3);
        uint8_t           bad[4096];
        struct pawl_err   err;

        memcpy(bad, s.good.p, s.good.n);
        bad[s.good.n - 1] ^= 1;
        put(s.dir, valid ? "slot.1" : "slot.0", s.good);
        put(s.dir, valid ? "slot.0" : "slot.1", pawl_view(bad, s.good.n));
        assert_int_equal(epoch_that_opens(s.dir, &s.soft), 2);
        s.soft.trouble = SOFT_NO_INCREMENT;
        T_FAILS(slot_write(s.dir, &v, &next, &err), &err, PAWL_E_TPM);
        assert_int_equal(epoch_that_opens(s.dir, &s.soft), 2);
        close(s.dir);
    }
}

static void every_flip_of_a_content_is_refused_or_another(void **state)
{
    struct slot         s = a_full_slot(9), got;
    struct slot_content c = { 0 };
    struct pawl_err     err;

    (void)state;
    T_OK(slot_content_write(&s, &c, &err), &err);
    for (size_t n = 0; n < c.n; n++)
        assert_false(pawl_is_ok(slot_content_parse(t_copy(pawl_view(c.b, n)), &got, &err)));
    for (size_t bit = 0; bit < 8 * c.n; bit++) {
        struct slot_content bent = c, back = { 0 };
        bent.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!pawl_is_ok(slot_content_parse(pawl_view(bent.b, bent.n), &got, &err)))
            continue;
        T_OK(slot_content_write(&got, &back, &err), &err);
        assert_int_equal(back.n, bent.n);
        assert_memory_equal(back.b, bent.b, bent.n);
    }
}

/* ---- power ---------------------------------------------------------------------------------- */

struct told {
    struct soft_vault soft;
    uint64_t          tries, done; /* epoch under way; last one that slot_write acknowledged */
};

static void rekeys(void *shared)
{
    struct told      *t = shared;
    struct slot_vault v = soft_vault(&t->soft);
    int               dir = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct pawl_err   err;

    for (uint64_t epoch = 1; epoch <= 4; epoch++) {
        struct slot s = a_slot(epoch), opened;
        t->tries = epoch;
        pawl_status got = slot_write(dir, &v, &s, &err);
        for (int again = 0; !pawl_is_ok(got) && again < 6; again++) {
            if (t->done) { /* a full disk: the old one still opens, and the next try works */
                POWER_HOLDS(pawl_is_ok(slot_open(dir, &v, device_id, &opened, &err)));
                POWER_HOLDS(opened.epoch == t->done);
            }
            got = slot_write(dir, &v, &s, &err);
        }
        POWER_HOLDS(pawl_is_ok(got));
        t->done = epoch;
    }
}

static unsigned opening(int dir, struct told *t, uint64_t *ret_epoch)
{
    struct slot_vault v = soft_vault(&t->soft);
    unsigned          n = 0;
    struct slot       s;
    struct pawl_err   err;

    /* Each file alone. */
    for (int i = 0; i < 2; i++) {
        const char *hide = i ? "slot.0" : "slot.1";
        bool        hidden = !renameat(dir, hide, dir, "hidden");
        if (pawl_is_ok(slot_open(dir, &v, device_id, &s, &err))) {
            *ret_epoch = s.epoch;
            n++;
        }
        if (hidden)
            assert_int_equal(renameat(dir, "hidden", dir, hide), 0);
    }
    return n;
}

static void exactly_one_opens(void *shared)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct told                 *t = shared;
    struct slot_vault            v = soft_vault(&t->soft);
    uint64_t                     epoch = 0;
    struct slot                  s = a_slot(9);
    struct pawl_err              err;

    unsigned n = opening(dir, t, &epoch);
    assert_true(n == 1 || (n == 0 && !t->done));
    if (n)
        assert_true(epoch == t->done || epoch == t->tries);
    else
        opens_not(dir, &t->soft, PAWL_E_ABSENT, "");
    if (n)
        assert_int_equal(epoch_that_opens(dir, &t->soft), epoch);
    T_OK(slot_write(dir, &v, &s, &err), &err);
    assert_int_equal(epoch_that_opens(dir, &t->soft), 9);
}

static void empty(void)
{
    assert_int_equal(scratch_empty(NULL), 0);
}

static void exactly_one_opens_wherever_it_stops(void **state)
{
    struct power_case c = { .shared = power_shared(sizeof(struct told)),
                            .shared_n = sizeof(struct told),
                            .child = rekeys,
                            .after = exactly_one_opens,
                            .before = empty };

    (void)state;
    power_everywhere(&c, POWER_KILL, 30);
    power_everywhere(&c, POWER_CUT, 30);
    power_everywhere(&c, POWER_FULL, 3);
    power_everywhere(&c, POWER_EIO, 7);
    power_everywhere(&c, POWER_EIO_CUT, 7);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), scratch_empty, NULL, NULL                                                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("a slot comes back as written", a_slot_comes_back_as_written),
        CASE("files take turns and the newest opens", files_take_turns_and_the_newest_opens),
        CASE("nothing of it stands in the clear", nothing_of_it_stands_in_the_clear),
        CASE("an older copy is refused", an_older_copy_is_refused),
        CASE("another TPM and another device are refused",
             another_tpm_and_another_device_are_refused),
        CASE("a silent TPM is no loss", a_silent_tpm_is_no_loss),
        CASE("a disk that cannot be read is no loss", a_disk_that_cannot_be_read_is_no_loss),
        CASE("trouble at the commit point is told apart",
             trouble_at_the_commit_point_is_told_apart),
        CASE("a file cannot be relabelled", a_file_cannot_be_relabelled),
        CASE("a file that cannot be read is not overwritten",
             a_file_that_cannot_be_read_is_not_overwritten),
        CASE("mixed epochs are not written", mixed_epochs_are_not_written),
        CASE("forgotten is as if there never was one", forgotten_is_as_if_there_never_was_one),
        CASE("every truncation is a loss", every_truncation_is_a_loss),
        CASE("no flipped bit opens", no_flipped_bit_opens),
        CASE("a copy in the other file does no harm", a_copy_in_the_other_file_does_no_harm),
        CASE("the valid one is never overwritten", the_valid_one_is_never_overwritten),
        CASE("every flip of a content is refused or another",
             every_flip_of_a_content_is_refused_or_another),
        CASE("exactly one opens wherever it stops", exactly_one_opens_wherever_it_stops),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
