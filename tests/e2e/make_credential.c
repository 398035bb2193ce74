/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MakeCredential on files of tpm2-tools: reads an EK's TPM2B_PUBLIC, a key's Name and a secret, and
 * writes what tpm2_activatecredential takes. --spoil flips one bit of the id_object.
 *
 *   make_credential [--spoil] EK.pub NAME SECRET OUT
 */

#include <stdio.h>
#include <string.h>

#include <pawl/tpm.h>

/* The head of tpm2-tools' credential files. */
enum { VERSION = 1 };
static const uint32_t magic = 0xbadcc0de;

static struct pawl_view slurp(const char *path, uint8_t *b, size_t cap)
{
    FILE  *f = fopen(path, "rb");
    size_t n = f ? fread(b, 1, cap, f) : 0;

    if (f)
        fclose(f);
    return pawl_view(b, n);
}

static pawl_status make(struct pawl_view ek_file, struct pawl_view name_file,
                        struct pawl_view secret_file, struct pawl_credential *ret,
                        struct pawl_err *err)
{
    struct pawl_rd         r = pawl_rd_from(ek_file);
    struct pawl_view       bytes = pawl_rd_tpm2b(&r, "EK", PAWL_PUBLIC_MAX);
    struct pawl_tpm_public ek;
    struct pawl_name       name;
    PAWL_SECRET            secret = { 0 };

    PAWL_TRY(pawl_rd_end(&r, err));
    PAWL_TRY(pawl_under(err, "EK", pawl_tpm_public_parse(bytes, &ek, err)));
    PAWL_TRY(pawl_under(err, "NAME", pawl_name_parse(name_file, &name, err)));
    PAWL_TRY(pawl_secret_from(secret_file, "SECRET", &secret, err));
    return pawl_make_credential(&ek, &name, &secret, ret, err);
}

static bool save(const char *path, const struct pawl_credential *c)
{
    uint8_t        b[sizeof(*c) + 16];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));
    FILE          *f = fopen(path, "wb");

    pawl_wr_u32(&w, magic);
    pawl_wr_u32(&w, VERSION);
    pawl_wr_tpm2b(&w, pawl_view(c->id_object, c->id_object_n));
    pawl_wr_tpm2b(&w, pawl_view(c->enc_secret, c->enc_secret_n));
    if (!f)
        return false;
    bool wrote = fwrite(b, 1, w.n, f) == w.n;
    return fclose(f) == 0 && wrote;
}

int main(int argc, char **argv)
{
    bool                   spoil = argc > 1 && strcmp(argv[1], "--spoil") == 0;
    char                 **arg = argv + 1 + spoil;
    uint8_t                ek[1024], name[128], secret[128];
    struct pawl_credential c;
    struct pawl_err        err;

    if (argc != 5 + spoil) {
        fprintf(stderr, "usage: make_credential [--spoil] EK.pub NAME SECRET OUT\n");
        return 2;
    }
    if (!pawl_is_ok(make(slurp(arg[0], ek, sizeof(ek)), slurp(arg[1], name, sizeof(name)),
                         slurp(arg[2], secret, sizeof(secret)), &c, &err))) {
        fprintf(stderr, "make_credential: %s: %s\n", err.where, err.why);
        return 1;
    }
    if (spoil)
        c.id_object[c.id_object_n - 1] ^= 1;
    return save(arg[3], &c) ? 0 : 1;
}
