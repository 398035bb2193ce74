/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a tenant trusts to say that an EK is a TPM's, and what that trust says of a certificate.
 *
 * Invariant: vendors' roots and the lab's are two stores and are never mixed; what a software TPM's
 * certificate says counts only where the operator named a lab.
 */
#include "enroll/ek.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* All vendors' roots of the world together are a third of this. */
enum { FILE_MAX = 1024 * 1024 };

const char *roots_name(enum roots r)
{
    static const char *const names[ROOTS_COUNT] = {
        [ROOTS_NONE] = "none", [ROOTS_VENDOR] = "vendor", [ROOTS_LAB] = "lab"
    };

    return (unsigned)r < ROOTS_COUNT ? names[r] : names[ROOTS_NONE];
}

/* ---- loading -------------------------------------------------------------------------------- */

static void file_close(FILE **f)
{
    if (*f)
        fclose(*f);
}

static void dir_close(DIR **d)
{
    if (*d)
        closedir(*d);
}

static void bytes_free(uint8_t **p)
{
    free(*p);
}

/* The last part of a path: what an error has room for. */
static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

static pawl_status no_access(const char *path, struct pawl_err *err)
{
    return pawl_fail(err, errno == ENOENT ? PAWL_E_ABSENT : PAWL_E_IO, file_name(path), "%s: %s",
                     path, strerror(errno));
}

static pawl_status load_file(const char *path, struct pawl_certs **into, struct pawl_err *err)
{
    PAWL_CLEANUP(file_close) FILE    *f = fopen(path, "rb");
    PAWL_CLEANUP(bytes_free) uint8_t *bytes = malloc(FILE_MAX + 1);
    size_t                            added;

    if (!f)
        return no_access(path, err);
    if (!bytes)
        return pawl_fail(err, PAWL_E_MEMORY, file_name(path), "no memory to read it");
    size_t n = fread(bytes, 1, FILE_MAX + 1, f);
    if (ferror(f))
        return pawl_fail(err, PAWL_E_IO, file_name(path), "cannot be read");
    if (n > FILE_MAX)
        return pawl_fail(err, PAWL_E_RANGE, file_name(path), "is larger than %d bytes", FILE_MAX);
    return pawl_under(err, file_name(path), pawl_certs_add(into, pawl_view(bytes, n), &added, err));
}

static bool is_certificate_file(const char *name)
{
    static const char *const suffixes[] = { ".pem", ".crt", ".cer", ".der" };
    const char              *dot = strrchr(name, '.');

    for (size_t i = 0; dot && name[0] != '.' && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (strcasecmp(dot, suffixes[i]) == 0)
            return true;
    return false;
}

static pawl_status load_directory(const char *path, struct pawl_certs **into, struct pawl_err *err)
{
    PAWL_CLEANUP(dir_close) DIR *dir = opendir(path);
    char                         file[4096];

    if (!dir)
        return no_access(path, err);
    for (const struct dirent *e; (e = readdir(dir));) {
        if (!is_certificate_file(e->d_name))
            continue;
        if (snprintf(file, sizeof(file), "%s/%s", path, e->d_name) >= (int)sizeof(file))
            return pawl_fail(err, PAWL_E_RANGE, e->d_name, "its path is too long");
        PAWL_TRY(load_file(file, into, err));
    }
    return pawl_ok();
}

pawl_status ek_certs_load(const char *path, struct pawl_certs **into, struct pawl_err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return no_access(path, err);
    return S_ISDIR(st.st_mode) ? load_directory(path, into, err) : load_file(path, into, err);
}

static pawl_status load_store(const char *path, const char *what, struct pawl_certs **into,
                              struct pawl_err *err)
{
    if (!path || !path[0])
        return pawl_ok();
    return pawl_under(err, what, ek_certs_load(path, into, err));
}

pawl_status ek_trust_load(const char *roots_dir, const char *lab_dir, const char *intermediates_dir,
                          const char *revoked_dir, struct ek_trust *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(ek_trust_done) struct ek_trust t = { 0 };

    PAWL_TRY(load_store(roots_dir, "roots", &t.vendor, err));
    PAWL_TRY(load_store(lab_dir, "lab_roots", &t.lab, err));
    PAWL_TRY(load_store(intermediates_dir, "intermediates", &t.intermediates, err));
    PAWL_TRY(load_store(revoked_dir, "revoked", &t.revoked, err));
    struct pawl_certs *const stores[] = { t.vendor, t.lab, t.intermediates };
    for (size_t i = 0; t.revoked && i < sizeof(stores) / sizeof(stores[0]); i++)
        if (stores[i])
            pawl_certs_take_out(stores[i], t.revoked);
    *ret = t;
    t = (struct ek_trust){ 0 }; /* the caller's now */
    return pawl_ok();
}

void ek_trust_done(struct ek_trust *t)
{
    pawl_certs_free(&t->vendor);
    pawl_certs_free(&t->lab);
    pawl_certs_free(&t->intermediates);
    pawl_certs_free(&t->revoked);
}

/* ---- judging -------------------------------------------------------------------------------- */

/* swtpm's own CA writes the manufacturer of the simulator that it grew from (K14). */
bool ek_cert_is_swtpm(const struct pawl_ek_cert *cert)
{
    return strcasecmp(cert->manufacturer, "id:00001014") == 0 &&
           (strcasestr(cert->model, "swtpm") || strcasestr(cert->issuer, "swtpm"));
}

static pawl_status chain_check(const struct pawl_certs *roots, const struct ek_trust *trust,
                               const struct pawl_ek *leaf, const struct pawl_view *extra,
                               size_t extra_n, int64_t now_s, uint8_t ret_root[32],
                               struct pawl_err *err)
{
    return pawl_under(err, "ek_cert",
                      pawl_ek_chain_check(roots, trust->intermediates, extra, extra_n, leaf, now_s,
                                          ret_root, err));
}

/* C13. What may stand in a chain comes from here or from our stores, which hold nothing revoked. */
static pawl_status check_revoked(const struct ek_trust *trust, const struct pawl_ek *leaf,
                                 const struct pawl_view *extra, size_t extra_n,
                                 struct pawl_err *err)
{
    if (!trust->revoked)
        return pawl_ok();
    if (pawl_certs_hold_ek(trust->revoked, leaf))
        return pawl_fail(err, PAWL_E_DENIED, "ek_cert.revoked", "its key is revoked");
    for (size_t i = 0; i < extra_n; i++)
        if (pawl_certs_hold_key(trust->revoked, extra[i]))
            return pawl_fail(err, PAWL_E_DENIED, "ek_cert.revoked",
                             "the key of certificate %zu is revoked", i + 1);
    return pawl_ok();
}

pawl_status ek_chain_judge(const struct ek_trust *trust, const struct pawl_ek *leaf,
                           const struct pawl_view *extra, size_t extra_n, int64_t now_s,
                           enum roots *ret, uint8_t ret_root[32], struct pawl_err *err)
{
    bool            vendor_may_vouch = trust->vendor && !ek_cert_is_swtpm(pawl_ek_says(leaf));
    struct pawl_err lab;

    PAWL_TRY(check_revoked(trust, leaf, extra, extra_n, err));
    if (vendor_may_vouch &&
        pawl_is_ok(chain_check(trust->vendor, trust, leaf, extra, extra_n, now_s, ret_root, err))) {
        *ret = ROOTS_VENDOR;
        return pawl_ok();
    }
    /* Where both refuse, what the vendors' roots said is the better explanation. */
    if (trust->lab && pawl_is_ok(chain_check(trust->lab, trust, leaf, extra, extra_n, now_s,
                                             ret_root, vendor_may_vouch ? &lab : err))) {
        *ret = ROOTS_LAB;
        return pawl_ok();
    }
    if (vendor_may_vouch || trust->lab)
        return (pawl_status){ err->code };
    return pawl_fail(err, PAWL_E_DENIED, "ek_cert.chain", "%s",
                     trust->vendor
                         ? "a software TPM: only lab roots can vouch for it, and none are "
                           "configured"
                         : "no roots are configured");
}
