/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants
 *  1. The directory appears whole or not at all: everything is made in DIR.XXXXXX beside it, opened
 *     once as serve would open it, and renamed.
 *  2. A directory that holds anything is never touched.
 */
#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "certdir.h"
#include "keyfile.h"

#define DEFAULT_PORT  "8443"
#define CERT_DAYS     3650
#define ADDRESS_BYTES 300

/* What the options come to. */
struct plan {
    const struct init_options *o;
    char                       address[ADDRESS_BYTES];
    char                       listen[ADDRESS_BYTES];
    const char                *tenant, *admission;
    char                       dir[PATH_MAX]; /* the one that is being filled */
};

/* ---- options --------------------------------------------------------------------------------- */

static const char *port_of(const char *address)
{
    const char *colon = strrchr(address, ':');

    return colon ? colon + 1 : DEFAULT_PORT;
}

static bool is_every_address(const char *listen)
{
    return listen[0] == '*' || strncmp(listen, "0.0.0.0:", 8) == 0 ||
           strncmp(listen, "[::]:", 5) == 0;
}

/* The configuration's own rules come when it is loaded; here only what would break its lines. */
static pawl_status one_line(const char *value, const char *option, struct pawl_err *err)
{
    for (const char *c = value; *c; c++)
        if (*c < ' ' || *c == ';')
            return pawl_fail(err, PAWL_E_FORM, option, "holds a control character or ';'");
    if (strlen(value) >= ADDRESS_BYTES - 64)
        return pawl_fail(err, PAWL_E_RANGE, option, "is too long");
    return pawl_ok();
}

static pawl_status plan_make(const struct init_options *o, struct plan *ret, struct pawl_err *err)
{
    char host[HOST_NAME_MAX + 1] = "localhost";

    ret->o = o;
    ret->tenant = o->tenant ? o->tenant : "default";
    ret->admission = o->admission ? o->admission : "approve";
    PAWL_TRY(one_line(ret->tenant, "--tenant", err));
    PAWL_TRY(one_line(ret->admission, "--admission", err));
    PAWL_TRY(one_line(o->address ? o->address : "", "--address", err));
    PAWL_TRY(one_line(o->listen ? o->listen : "", "--listen", err));
    gethostname(host, sizeof(host) - 1);
    if (o->listen)
        snprintf(ret->listen, sizeof(ret->listen), "%s", o->listen);
    else
        snprintf(ret->listen, sizeof(ret->listen), "*:%s",
                 o->address ? port_of(o->address) : DEFAULT_PORT);
    if (o->address)
        snprintf(ret->address, sizeof(ret->address), "%s", o->address);
    else if (is_every_address(ret->listen))
        snprintf(ret->address, sizeof(ret->address), "%s:%s", host, port_of(ret->listen));
    else
        snprintf(ret->address, sizeof(ret->address), "%s", ret->listen);
    return pawl_ok();
}

/* ---- files ----------------------------------------------------------------------------------- */

static pawl_status make_tls(const struct plan *p, struct pawl_err *err)
{
    KEY_TEXT                                             pem = { 0 };
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *key = NULL;
    char                                                 host[ADDRESS_BYTES];
    const char *const                                    names[] = { host };

    size_t brackets = p->address[0] == '[';
    snprintf(host, sizeof(host), "%.*s", (int)strcspn(p->address + brackets, brackets ? "]" : ":"),
             p->address + brackets);
    PAWL_TRY(pawl_private_make(PAWL_KEY_P256, &key, err));
    PAWL_TRY(pawl_private_to_pem(key, (uint8_t *)pem.s, KEY_FILE_MAX, &pem.n, err));
    PAWL_TRY(key_file_make(p->dir, TLS_KEY_FILE, &pem, err));
    PAWL_TRY(pawl_under(err, "--address",
                        pawl_tls_cert_make(key, names, 1, time(NULL), CERT_DAYS, (uint8_t *)pem.s,
                                           KEY_FILE_MAX, &pem.n, err)));
    return key_file_make(p->dir, TLS_CERT_FILE, &pem, err);
}

static const char ini_format[] =
    "; Configuration of pawl-verifier. Paths are relative to this directory. A setting that is\n"
    "; commented out shows its default. Anything unknown is refused, with its line.\n"
    "\n"
    "[verifier]\n"
    "; Where devices connect: ADDRESS:PORT, *:PORT for every address.\n"
    "listen = %s\n"
    "; What devices are told to connect to (in the join string): HOST:PORT.\n"
    "address = %s\n"
    "; Where pawlctl connects; only the owner of this socket may.\n"
    ";operator_socket = operator.sock\n"
    "; Threads; 0: as many as there are processors.\n"
    ";workers = 0\n"
    "; A whole request, however slow the client; a connection between two requests.\n"
    ";request_timeout_s = 30\n"
    ";idle_timeout_s = 60\n"
    ";connections_max = 4096\n"
    "\n"
    "; A tenant: devices, policies and trusted roots of their own. There may be several.\n"
    "[tenant %s]\n"
    "; New devices: approve (wait for `pawlctl device approve`, unless they bring a token),\n"
    "; token (no enrolment without one), open (whoever has a good EK certificate).\n"
    "admission = %s\n"
    "; A known device that enrols again: approve, or auto.\n"
    ";reenrol = approve\n"
    "; Directories of certificates (*.pem, *.crt, *.cer, *.der): TPM vendors' roots ..\n"
    "roots = " CERT_DIR_ROOTS "\n"
    "; .. their intermediates, which a device may also send along ..\n"
    "intermediates = " CERT_DIR_INTERMEDIATES "\n"
    "; .. and roots of test TPMs. Results of such a device say so. Leave it out in production.\n"
    "%slab_roots = " CERT_DIR_LAB_ROOTS "\n"
    "; What an ordinary attestation quotes.\n"
    ";pcrs = sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14\n"
    "; Ciphers for messages, best first.\n"
    ";suites = ccm, chacha, gcm, siv\n"
    "; How long a result may be believed.\n"
    ";ear_ttl_s = 3600\n"
    "; A device that lost its root, or whose root this verifier lost: auto, or approve.\n"
    ";resync = auto\n"
    "; Application messages: on, or off (attestation alone).\n"
    ";messages = on\n"
    "; Messages are kept that long for whoever reads them.\n"
    ";message_keep_days = 30\n"
    "; So long an attested message may still arrive.\n"
    ";late_window_s = 3600\n"
    "; Messages that wait for one device.\n"
    ";downlink_max = 1000\n"
    "; While an incident of a device is looked into: notify (its messages are handed on, and "
    "marked),\n"
    "; or hold-messages (they wait until they have their mark).\n"
    ";on_incident = notify\n"
    "; What makes its tokens good again: rekey (new keys, by itself), or operator.\n"
    ";heal = rekey\n"
    "; A device is overdue when it let so many of its own intervals pass.\n"
    ";overdue_after = 3\n"
    "; What every verdict was made of, for `pawlctl appraise`: none, or last (of each device).\n"
    ";keep_evidence = none\n"
    "; Messages, marks and alerts are posted there, signed with the key in this file (32 to 64\n"
    "; bytes, for nobody else to read).\n"
    "; webhook = https://receiver.example/pawl\n"
    "; webhook_key = webhook.key\n";

static pawl_status write_ini(const struct plan *p, struct pawl_err *err)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof(path), "%s/verifier.ini", p->dir);
    FILE *f = fopen(path, "wxe");
    if (!f)
        return pawl_fail(err, PAWL_E_IO, "verifier.ini", "%s", strerror(errno));
    fprintf(f, ini_format, p->listen, p->address, p->tenant, p->admission,
            p->o->lab_roots.n ? "" : ";");
    bool good = fflush(f) == 0 && fsync(fileno(f)) == 0;
    if (fclose(f) != 0 || !good)
        return pawl_fail(err, PAWL_E_IO, "verifier.ini", "%s", strerror(errno));
    return pawl_ok();
}

static pawl_status copy_certs(const struct plan *p, const char *into, const char *option,
                              const struct init_paths *from, struct pawl_err *err)
{
    char dir[PATH_MAX + 32];

    snprintf(dir, sizeof(dir), "%s/%s", p->dir, into);
    if (mkdir(dir, 0700) != 0)
        return pawl_fail(err, PAWL_E_IO, into, "%s", strerror(errno));
    for (size_t i = 0; i < from->n; i++)
        PAWL_TRY(pawl_under(err, option, cert_dir_copy(from->path[i], dir, err)));
    return pawl_ok();
}

static pawl_status fill(const struct plan *p, char ret[STATE_JOIN_MAX], struct pawl_err *err)
{
    PAWL_CLEANUP(state_close) struct state s = { 0 };
    const struct tenant_config            *tenant;

    PAWL_TRY(keys_make(p->dir, err));
    PAWL_TRY(make_tls(p, err));
    PAWL_TRY(copy_certs(p, CERT_DIR_ROOTS, "--roots", &p->o->roots, err));
    PAWL_TRY(copy_certs(p, CERT_DIR_LAB_ROOTS, "--lab-roots", &p->o->lab_roots, err));
    PAWL_TRY(copy_certs(p, CERT_DIR_INTERMEDIATES, "--intermediates", &p->o->intermediates, err));
    PAWL_TRY(write_ini(p, err));
    PAWL_TRY(state_open(p->dir, &s, err));
    PAWL_TRY(state_tenant(&s, NULL, &tenant, err));
    return state_join(&s, tenant, p->o->with_token, ret, err);
}

/* ---- whole or not at all --------------------------------------------------------------------- */

static pawl_status must_be_free(const char *dir, struct pawl_err *err)
{
    DIR *d = opendir(dir);

    if (!d && errno == ENOENT)
        return pawl_ok();
    if (!d)
        return pawl_fail(err, PAWL_E_IO, "state", "%s: %s", dir, strerror(errno));
    bool           holds_verifier = faccessat(dirfd(d), "verifier.ini", F_OK, 0) == 0;
    size_t         n = 0;
    struct dirent *e;
    while ((e = readdir(d)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    if (n == 0)
        return pawl_ok();
    return pawl_fail(err, PAWL_E_CONFLICT, "state", "%s %s", dir,
                     holds_verifier ? "already holds a verifier" : "is not empty");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_tree(const char *dir)
{
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static pawl_status make_beside(const char *dir, char ret[PATH_MAX], struct pawl_err *err)
{
    size_t n = strlen(dir);

    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (n == 0 || n + 8 >= PATH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "state", "a directory's path is due");
    snprintf(ret, PATH_MAX, "%.*s.XXXXXX", (int)n, dir);
    if (!mkdtemp(ret))
        return pawl_fail(err, PAWL_E_IO, "state", "%s: %s", ret, strerror(errno));
    return pawl_ok();
}

static pawl_status put_in_place(const struct plan *p, struct pawl_err *err)
{
    char parent[PATH_MAX + 4];

    sync_dir(p->dir);
    if (rename(p->dir, p->o->dir) != 0)
        return pawl_fail(err, PAWL_E_IO, "state", "%s: %s", p->o->dir, strerror(errno));
    snprintf(parent, sizeof(parent), "%s/..", p->o->dir);
    sync_dir(parent);
    return pawl_ok();
}

pawl_status init_state(const struct init_options *o, char ret[STATE_JOIN_MAX], struct pawl_err *err)
{
    struct plan p = { 0 };
    char        join[STATE_JOIN_MAX];

    PAWL_TRY(plan_make(o, &p, err));
    PAWL_TRY(must_be_free(o->dir, err));
    PAWL_TRY(make_beside(o->dir, p.dir, err));
    pawl_status s = fill(&p, join, err);
    if (pawl_is_ok(s))
        s = put_in_place(&p, err);
    if (pawl_is_ok(s))
        memcpy(ret, join, sizeof(join));
    else
        remove_tree(p.dir);
    pawl_wipe(join, sizeof(join)); /* it may hold a token */
    return s;
}
