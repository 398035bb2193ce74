/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes messages as our library seals them, under fresh keys, into a directory, for other people's
 * programs to open: SUITE.FORM.cose of each suite, form and direction. Prints a line for each:
 *
 *     NAME UK VERIFIER_ID TENANT DEVICE_ID DIR EPOCH PLAINTEXT CONTENT_KEY EXTERNAL_AAD
 *
 * The last two are what a COSE library wants that does not know direct+HKDF.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <pawl/ratchet.h>

enum { EPOCH = 7, GEN = 3, SEQ = 1005 };

static const uint8_t device_id[PAWL_DEVICE_ID] = "the name of an endorsement key ",
                     verifier_id[PAWL_VERIFIER_ID] = "the hash of a verifier's key   ";

static void must(pawl_status s, const struct pawl_err *err)
{
    if (pawl_is_ok(s))
        return;
    fprintf(stderr, "cose_message: %s: %s\n", err->where, err->why);
    exit(1);
}

static void print_hex(struct pawl_view v)
{
    char            text[1024];
    struct pawl_err err;

    must(pawl_hex_write(v, text, sizeof(text), &err), &err);
    printf(" %s", text);
}

/* The content key, and what is authenticated with it, as docs/protocol.md has them. */
static void print_secrets(const struct pawl_use *use, enum pawl_aead aead,
                          const struct pawl_msg_scope *s, const struct pawl_msg_place *at)
{
    static const uint8_t     recipient[] = { 0xa1, 0x01, 0x29 };
    uint8_t                  nonce[9], other[64], name[160];
    struct pawl_wr           n = pawl_wr_to(nonce, sizeof(nonce));
    struct pawl_wr           o = pawl_wr_to(other, sizeof(other));
    struct pawl_wr           w = pawl_wr_to(name, sizeof(name));
    struct pawl_cose_context ctx = { .recipient = PAWL_VIEW_OF(recipient) };
    struct pawl_err          err;
    PAWL_SECRET              key = { 0 };
    bool                     up = use->dir == PAWL_UP;

    pawl_cbor_wr_uint(&n, at->seq);
    ctx.u.identity = up ? s->device_id : s->verifier_id;
    ctx.v.identity = up ? s->verifier_id : s->device_id;
    ctx.u.nonce = pawl_view(nonce, n.n);
    pawl_cbor_wr_array(&o, 4);
    pawl_cbor_wr_text(&o, "pawl/1 msg");
    pawl_cbor_wr_uint(&o, use->dir);
    pawl_cbor_wr_uint(&o, use->epoch);
    pawl_cbor_wr_uint(&o, use->gen);
    ctx.pub_other = pawl_view(other, o.n);
    must(pawl_cose_content_key(&use->prk, aead, &ctx, &key, &err), &err);
    print_hex(pawl_secret_view(&key));

    pawl_cbor_wr_array(&w, 8);
    pawl_cbor_wr_text(&w, "pawl/1 msg");
    pawl_cbor_wr_text_n(&w, s->tenant);
    pawl_cbor_wr_bytes(&w, s->device_id);
    pawl_cbor_wr_uint(&w, use->dir);
    pawl_cbor_wr_uint(&w, use->epoch);
    pawl_cbor_wr_uint(&w, use->gen);
    pawl_cbor_wr_uint(&w, at->seq);
    pawl_cbor_wr_bytes(&w, PAWL_VIEW_OF(at->boot_id));
    print_hex(pawl_view(name, w.n));
}

static void write_file(const char *name, struct pawl_view v)
{
    FILE *f = fopen(name, "w");

    if (!f || fwrite(v.p, 1, v.n, f) != v.n || fclose(f) != 0) {
        perror(name);
        exit(1);
    }
}

static void write_one(uint16_t suite, enum pawl_msg_form form, enum pawl_dir dir)
{
    static const char *const    suites[] = { NULL, "ccm", "chacha", "gcm", "siv" };
    const struct pawl_msg_scope s = { pawl_view_str("default"), PAWL_VIEW_OF(device_id),
                                      PAWL_VIEW_OF(verifier_id) };
    struct pawl_msg_place       at = { .seq = SEQ, .gen_start_seq = SEQ - 5, .epoch_start_seq = 1 };
    struct pawl_use             use = { .dir = dir, .epoch = EPOCH, .gen = GEN, .suite = suite };
    struct pawl_content         c = { .id = 42, .body = pawl_view_str("what a device has to say") };
    uint8_t                     plain[64], out[256], leaf[PAWL_LEAF];
    struct pawl_wr              p = pawl_wr_to(plain, sizeof(plain));
    struct pawl_wr              w = pawl_wr_to(out, sizeof(out));
    struct pawl_msg             m;
    struct pawl_err             err;
    char                        name[64];

    must(pawl_secret_random(32, &use.uk, &err), &err);
    must(pawl_random(use.kid, sizeof(use.kid), &err), &err);
    must(pawl_random(at.boot_id, sizeof(at.boot_id), &err), &err);
    must(pawl_use_ready(&use, &err), &err);
    must(pawl_content_write(&c, &p, &err), &err);
    must(pawl_msg_seal(&use, &s, &at, form, pawl_view(plain, p.n), &w, leaf, &err), &err);
    must(pawl_msg_parse(pawl_view(out, w.n), &m, &err), &err);

    snprintf(name, sizeof(name), "%s.%s.%s.cose", suites[suite],
             form == PAWL_MSG_FULL ? "full" : "compact", dir == PAWL_UP ? "up" : "down");
    write_file(name, pawl_view(out, w.n));
    printf("%s", name);
    print_hex(pawl_secret_view(&use.uk));
    print_hex(s.verifier_id);
    printf(" default");
    print_hex(s.device_id);
    printf(" %d %d", (int)dir, EPOCH);
    print_hex(pawl_view(plain, p.n));
    print_secrets(&use, m.alg, &s, &at);
    printf("\n");
    pawl_use_wipe(&use);
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: cose_message DIRECTORY\n");
        return 2;
    }
    for (uint16_t suite = PAWL_SUITE_CCM; suite <= PAWL_SUITE_SIV; suite++)
        for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++)
            for (int dir = PAWL_UP; dir <= PAWL_DOWN; dir++)
                write_one(suite, (enum pawl_msg_form)form, (enum pawl_dir)dir);
    return 0;
}
