/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the transcript A1 has one encoding, that of an independent encoder; each of its fields is
 * refused by name; a writer sends nothing that the parser refuses. */
#include "wire_vectors.h"

WIRE_RECODE(recode, struct pawl_a1, pawl_a1_parse, pawl_a1_write)

static struct pawl_a1 sample_enrol(void)
{
    return (struct pawl_a1){
        .label = PAWL_LABEL_ENROL,
        .suite = PAWL_SUITE_CCM,
        .tenant = pawl_view_str("factory-7"),
        .verifier_id = wire_bytes(32, 1),
        .device_id = wire_bytes(32, 2),
        .ak_name = wire_name(0x0b, 32, 3),
        .td_name = wire_name(0x0b, 32, 4),
        .nonce = wire_bytes(32, 5),
        .attempt = 1,
        .base_kid = t_hex("0000000000000000"),
        .boot_id = wire_bytes(8, 6),
        .os_boot = wire_bytes(8, 7),
        .reason = PAWL_REASON_START,
    };
}

static struct pawl_a1 sample_rekey(void)
{
    struct pawl_a1 m = sample_enrol();
    uint8_t        point[PAWL_POINT_P256] = { 4 };

    memcpy(point + 1, wire_bytes(64, 9).p, 64);
    m.label = PAWL_LABEL_REKEY;
    m.suite = PAWL_SUITE_CCM | PAWL_SUITE_HMAC_KEY;
    m.td_name = wire_name(0x0c, 48, 4);
    m.attempt = 66;
    m.base_epoch = 7;
    m.base_kid = wire_bytes(8, 8);
    m.new_epoch = 8;
    m.e_d = t_copy(PAWL_VIEW_OF(point));
    m.nv_counter = 99;
    m.reason = PAWL_REASON_OPERATOR;
    m.log_n = 2;
    m.log[0] = (struct pawl_log_ref){ 1, 65000, wire_bytes(32, 10) };
    m.log[1] = (struct pawl_log_ref){ 2, 0, wire_bytes(32, 11) };
    m.snd = (struct pawl_snd){
        .seq_hi = 1000,
        .epoch = 7,
        .gen = 3,
        .gen_start_seq = 900,
        .epoch_start_seq = 800,
        .reserved_hi = 1024,
        .gen_n = 2,
        .gens = { { 7, 2, 830, 893, 64, wire_bytes(32, 12) },
                  { 7, 3, 900, 1000, 60, wire_bytes(32, 13) } },
        .unknown_n = 2,
        .unknown = { { 894, 899 }, { 1001, 1001 } },
    };
    m.rcv = (struct pawl_rcv){
        .seq_hi = 500,
        .gen_n = 2,
        .gens = { { 7, 0, 437, wire_bytes(8, 14), wire_bytes(32, 15) },
                  { 7, 1, 500, wire_bytes(1, 1), wire_bytes(32, 16) } },
    };
    m.receipt = (struct pawl_receipt_verdict){
        .receipt = wire_bytes(32, 17),
        .verdict = 2,
        .pair_n = 2,
        .pair = { { 7, 2 }, { 7, 3 } },
    };
    m.next_s = 330;
    return m;
}

static void is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err err;
    uint8_t         b[PAWL_A1_MAX];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));
    struct pawl_a1  m = sample_enrol();

    T_OK(pawl_a1_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/a1_enrol.cbor");
    m = sample_rekey();
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_a1_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/a1_full.cbor");
}

static void is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err      err;
    const struct pawl_a1 s = sample_rekey();
    struct pawl_a1       m;

    T_OK(pawl_a1_parse(t_vector("wire/a1_full.cbor"), &m, &err), &err);
    assert_int_equal(m.label, s.label);
    assert_int_equal(m.suite, s.suite);
    assert_true(pawl_view_equal(m.tenant, s.tenant));
    assert_true(pawl_view_equal(m.verifier_id, s.verifier_id));
    assert_true(pawl_view_equal(m.device_id, s.device_id));
    assert_true(pawl_view_equal(m.ak_name, s.ak_name));
    assert_true(pawl_view_equal(m.td_name, s.td_name));
    assert_true(pawl_view_equal(m.nonce, s.nonce));
    assert_true(m.attempt == 66 && m.base_epoch == 7 && m.new_epoch == 8 && m.nv_counter == 99);
    assert_true(pawl_view_equal(m.base_kid, s.base_kid));
    assert_true(pawl_view_equal(m.e_d, s.e_d));
    assert_true(pawl_view_equal(m.boot_id, s.boot_id));
    assert_true(pawl_view_equal(m.os_boot, s.os_boot));
    assert_int_equal(m.reason, PAWL_REASON_OPERATOR);
    assert_int_equal(m.log_n, 2);
    assert_true(m.log[1].type == 2 && m.log[0].length == 65000);
    assert_true(pawl_view_equal(m.log[1].sha256, s.log[1].sha256));
}

static void the_message_state_is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err      err;
    const struct pawl_a1 s = sample_rekey();
    struct pawl_a1       m;

    T_OK(pawl_a1_parse(t_vector("wire/a1_full.cbor"), &m, &err), &err);
    assert_true(m.snd.seq_hi == 1000 && m.snd.epoch == 7 && m.snd.gen == 3);
    assert_true(m.snd.gen_start_seq == 900 && m.snd.epoch_start_seq == 800);
    assert_true(m.snd.reserved_hi == 1024 && m.snd.gen_n == 2 && m.snd.unknown_n == 2);
    assert_true(m.snd.gens[1].epoch == 7 && m.snd.gens[1].gen == 3);
    assert_true(m.snd.gens[1].first_seq == 900 && m.snd.gens[1].last_seq == 1000);
    assert_int_equal(m.snd.gens[1].count, 60);
    assert_true(pawl_view_equal(m.snd.gens[1].digest, s.snd.gens[1].digest));
    assert_true(m.snd.unknown[0].lo == 894 && m.snd.unknown[0].hi == 899);
    assert_true(m.rcv.seq_hi == 500 && m.rcv.gen_n == 2);
    assert_true(m.rcv.gens[0].epoch == 7 && m.rcv.gens[1].gen == 1);
    assert_true(m.rcv.gens[0].first_seq == 437);
    assert_true(pawl_view_equal(m.rcv.gens[0].bitmap, s.rcv.gens[0].bitmap));
    assert_true(pawl_view_equal(m.rcv.gens[0].digest, s.rcv.gens[0].digest));
    assert_true(pawl_view_equal(m.receipt.receipt, s.receipt.receipt));
    assert_true(m.receipt.verdict == 2 && m.receipt.pair_n == 2 && m.receipt.ahead_seq == 0);
    assert_true(m.receipt.pair[1].epoch == 7 && m.receipt.pair[1].gen == 3);
    assert_int_equal(m.next_s, 330);
}

static void transcripts_up_to_the_limits_come_back(void **state)
{
    (void)state;
    struct pawl_err err;
    struct pawl_a1  m;

    wire_comes_back(recode, t_vector("wire/a1_enrol.cbor"));
    wire_comes_back(recode, t_vector("wire/a1_full.cbor"));
    wire_comes_back(recode, t_vector("wire/a1_most.cbor"));
    T_OK(pawl_a1_parse(t_vector("wire/a1_most.cbor"), &m, &err), &err);
    assert_int_equal(m.log_n, PAWL_LOGS_MAX);
    assert_int_equal(m.snd.gen_n, PAWL_SND_GENS_MAX);
    assert_int_equal(m.snd.gens[319].epoch, 70039);
    assert_int_equal(m.snd.unknown_n, PAWL_SND_UNKNOWN_MAX);
    assert_int_equal(m.rcv.gen_n, PAWL_RCV_GENS_MAX);
    assert_int_equal(m.receipt.pair_n, PAWL_VERDICT_PAIRS_MAX);
    assert_true(m.attempt == UINT64_MAX && m.receipt.ahead_seq == UINT64_MAX);
    assert_int_equal(m.next_s, PAWL_NEXT_S_MAX);
}

static void is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode, "wire/a1.refused");
    wire_ends_at(recode, PAWL_A1_MAX, "a1.size");
}

static void refuses_to_write(const struct pawl_a1 *m, const char *field)
{
    static uint8_t  b[4 * PAWL_A1_MAX];
    struct pawl_err err;
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));

    T_FAILS(pawl_a1_write(m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, field);
    assert_int_equal(w.n, 0);
}

static void no_transcript_with_a_wrong_field_is_written(void **state)
{
    (void)state;
    struct pawl_a1 m = sample_rekey();

    m.label = PAWL_LABEL_COUNT;
    refuses_to_write(&m, "a1.label");
    m = sample_rekey();
    m.e_d.n = 64;
    refuses_to_write(&m, "a1.E_D");
    m = sample_rekey();
    m.reason = PAWL_REASON_COUNT;
    refuses_to_write(&m, "a1.reason");
    m = sample_rekey();
    m.receipt.verdict = 4;
    refuses_to_write(&m, "a1.receipt_verdict.verdict");
    m = sample_rekey();
    m.next_s = PAWL_NEXT_S_MAX + 1;
    refuses_to_write(&m, "a1.next_s");
    m = sample_rekey();
    m.nonce = pawl_view(NULL, 0);
    refuses_to_write(&m, "a1.nonce_V");
}

static void no_list_beyond_its_limit_is_written(void **state)
{
    (void)state;
    struct pawl_a1 m = sample_rekey();

    m.log_n = PAWL_LOGS_MAX + 1;
    refuses_to_write(&m, "a1.LOG");
    m = sample_rekey();
    m.snd.gen_n = PAWL_SND_GENS_MAX + 1;
    refuses_to_write(&m, "a1.SND.generations");
    m = sample_rekey();
    m.snd.unknown_n = PAWL_SND_UNKNOWN_MAX + 1;
    refuses_to_write(&m, "a1.SND.unknown");
    m = sample_rekey();
    m.rcv.gen_n = PAWL_RCV_GENS_MAX + 1;
    refuses_to_write(&m, "a1.RCV.generations");
    m = sample_rekey();
    m.receipt.pair_n = PAWL_VERDICT_PAIRS_MAX + 1;
    refuses_to_write(&m, "a1.receipt_verdict.pairs");
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode, "wire/a1_full.cbor");
}

static void every_flip_is_refused_or_another_transcript(void **state)
{
    (void)state;
    wire_holds_under_flips(recode, "wire/a1_full.cbor");
}

static void os_boot_is_a_hash_of_the_kernels_text(void **state)
{
    (void)state;
    struct pawl_err        err;
    uint8_t                os_boot[PAWL_OS_BOOT];
    const struct pawl_view id = pawl_view_str("6f3f4a0e-9d0b-4c11-8f0b-5a6d6c5a1b2c");

    T_OK(pawl_os_boot(id, os_boot, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(os_boot), t_vector("wire/os_boot.bin")));
    t_poison(os_boot, sizeof(os_boot));
    T_FAILS(pawl_os_boot(pawl_view(id.p, 35), os_boot, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "os_boot");
    t_still_poisoned(os_boot, sizeof(os_boot));
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("is written as the vector", is_written_as_the_vector),
        T_CASE("is read field by field", is_read_field_by_field),
        T_CASE("the message state is read field by field",
               the_message_state_is_read_field_by_field),
        T_CASE("transcripts up to the limits come back", transcripts_up_to_the_limits_come_back),
        T_CASE("Q11 is refused by field, its label first", is_refused_by_field),
        T_CASE("no transcript with a wrong field is written",
               no_transcript_with_a_wrong_field_is_written),
        T_CASE("no list beyond its limit is written", no_list_beyond_its_limit_is_written),
        T_CASE("every truncation is refused", every_truncation_is_refused),
        T_CASE("every flip is refused or another transcript",
               every_flip_is_refused_or_another_transcript),
        T_CASE("os_boot is a hash of the kernel's text", os_boot_is_a_hash_of_the_kernels_text),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
