/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants
 *  1. The directory appears whole or not at all (staged.h), and was opened once as serve would open
 *     it.
 */
#include "init.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certdir.h"
#include "rotate.h"
#include "staged.h"

#define DEFAULT_PORT  "8443"
#define ADDRESS_BYTES 300

/* What the options come to. */
struct plan {
    const struct init_options *o;
    char                       address[ADDRESS_BYTES];
    char                       listen[ADDRESS_BYTES];
    const char                *tenant, *admission;
    const char                *dir; /* the one that is being filled */
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
    "; Of one address: requests a second, and open connections. 0: any number.\n"
    ";address_rate = 500\n"
    ";address_connections = 1024\n"
    "; Balancers in front: they begin each connection with a header of the PROXY protocol.\n"
    "; proxy_protocol = 192.0.2.8 2001:db8::/64\n"
    "; The log: text, or json.\n"
    ";log = text\n"
    "; Where everything is kept: sqlite (in this directory), or postgres, and which one.\n"
    ";store = sqlite\n"
    "; postgres = host=db.example dbname=pawl user=pawl\n"
    "; Operators from afar, over TLS; and CAs, where their client certificates have to be of one.\n"
    "; operator_listen = *:9443\n"
    "; operator_clients = operators.crt\n"
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
    "; Certificates whose keys nobody trusts any more.\n"
    "; revoked = revoked\n"
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
    "; In a minute: enrolments without a token, and attests of one device. 0: any number.\n"
    ";enrolments_per_minute = 6000\n"
    ";attests_per_minute = 60\n"
    "; A device is overdue when it let so many of its own intervals pass.\n"
    ";overdue_after = 3\n"
    "; .. and its rekey is, when it attests with keys that are so many seconds old. 0: never.\n"
    ";rekey_overdue_s = 129600\n"
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
    PAWL_TRY(pawl_under(err, "--address",
                        rotate_tls_files(p->dir, p->address, TLS_KEY_FILE, TLS_CERT_FILE, err)));
    PAWL_TRY(copy_certs(p, CERT_DIR_ROOTS, "--roots", &p->o->roots, err));
    PAWL_TRY(copy_certs(p, CERT_DIR_LAB_ROOTS, "--lab-roots", &p->o->lab_roots, err));
    PAWL_TRY(copy_certs(p, CERT_DIR_INTERMEDIATES, "--intermediates", &p->o->intermediates, err));
    PAWL_TRY(write_ini(p, err));
    PAWL_TRY(state_open(p->dir, &s, err));
    PAWL_TRY(state_tenant(&s, NULL, &tenant, err));
    return state_join(&s, tenant, p->o->with_token, ret, err);
}

pawl_status init_state(const struct init_options *o, char ret[STATE_JOIN_MAX], struct pawl_err *err)
{
    PAWL_CLEANUP(staged_drop) struct staged staged = { 0 };
    struct plan                             p = { 0 };
    char                                    join[STATE_JOIN_MAX];

    PAWL_TRY(plan_make(o, &p, err));
    PAWL_TRY(staged_begin(o->dir, &staged, err));
    p.dir = staged.dir;
    pawl_status s = fill(&p, join, err);
    if (pawl_is_ok(s))
        s = staged_end(&staged, err);
    if (pawl_is_ok(s))
        memcpy(ret, join, sizeof(join));
    pawl_wipe(join, sizeof(join)); /* it may hold a token */
    return s;
}
