/* SPDX-License-Identifier: Apache-2.0 */
/* pawl-verifier: the command line. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backup.h"
#include "init.h"
#include "migrate.h"
#include "rotate.h"
#include "serve.h"
#include "state.h"

enum { EXIT_USAGE = 2 };

/* The command line. */
struct asked {
    const char         *dir;
    const char         *word[2]; /* between the command and DIR */
    struct init_options init;
    bool                force;
    bool                without_keys;
    const char         *to;
    bool                keeps_config;
    struct relist       revoked; /* paths alone */
};

static const char usage[] =
    "Usage: pawl-verifier COMMAND DIR [OPTION..]\n"
    "\n"
    "  init DIR    make a verifier's state directory and print the join string for devices\n"
    "    --address HOST:PORT     what devices connect to (this host's name, port 8443)\n"
    "    --listen ADDRESS:PORT   where to listen (*:8443, or the port of --address)\n"
    "    --tenant NAME           (default)\n"
    "    --admission HOW         approve, token or open (approve)\n"
    "    --roots PATH            certificates of TPM vendors' roots: file or directory\n"
    "    --lab-roots PATH        roots of test TPMs\n"
    "    --intermediates PATH    certificates between the two\n"
    "    --token                 put a token for one device into the join string\n"
    "  serve DIR   serve devices and operators until SIGTERM\n"
    "  join DIR    print the join string again\n"
    "    --tenant NAME           (the first one)\n"
    "    --token                 with a new token for one device\n"
    "  restored DIR\n"
    "              before serve, when all of DIR, or a database of PostgreSQL, was put back from\n"
    "              an older copy: it is noted and devices find back in step. Where only pawl.db\n"
    "              was, serve sees it by itself\n"
    "    --revoked FILE          revoke who is on this list, as restore does\n"
    "  backup DIR TO\n"
    "              copy everything of DIR into the new directory TO, also while it is served\n"
    "    --without-keys          but not the keys\n"
    "  restore FROM DIR\n"
    "              make DIR from a backup; devices find back in step by themselves\n"
    "    --revoked FILE          revoke who is on this list, which `pawlctl device revoked` gave:\n"
    "                            a backup forgets who was revoked after it\n"
    "  migrate DIR --to CONNINFO\n"
    "              move the fleet of DIR, which nobody serves, from SQLite to an empty database "
    "of\n"
    "              PostgreSQL (libpq's connection string), and name that in verifier.ini\n"
    "    --no-config             leave verifier.ini as it is, and print its two new lines\n"
    "  key new signing|master|tls DIR\n"
    "              make the next key and print its pin, for devices to know before it is used\n"
    "  key switch signing|master|tls DIR\n"
    "              the next key becomes the present one, which stays as the old one\n"
    "  key retire signing|master DIR\n"
    "              remove the old key, when its results have expired and nothing is wrapped by it\n"
    "    --force                 do not wait for results\n"
    "              after each: SIGHUP to the verifier that serves DIR\n"
    "\n"
    "  -h, --help  -V, --version\n"
    "\n"
    "The paths may stand several times. Exit code: 0 done, 1 failed, 2 wrong usage.\n";

enum option_id {
    OPTION_ADDRESS = 256,
    OPTION_LISTEN,
    OPTION_TENANT,
    OPTION_ADMISSION,
    OPTION_ROOTS,
    OPTION_LAB_ROOTS,
    OPTION_INTERMEDIATES,
    OPTION_TOKEN,
    OPTION_FORCE,
    OPTION_WITHOUT_KEYS,
    OPTION_TO,
    OPTION_NO_CONFIG,
    OPTION_REVOKED
};

static const struct option init_options[] = {
    { "address", required_argument, NULL, OPTION_ADDRESS },
    { "listen", required_argument, NULL, OPTION_LISTEN },
    { "tenant", required_argument, NULL, OPTION_TENANT },
    { "admission", required_argument, NULL, OPTION_ADMISSION },
    { "roots", required_argument, NULL, OPTION_ROOTS },
    { "lab-roots", required_argument, NULL, OPTION_LAB_ROOTS },
    { "intermediates", required_argument, NULL, OPTION_INTERMEDIATES },
    { "token", no_argument, NULL, OPTION_TOKEN },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};
static const struct option join_options[] = {
    { "tenant", required_argument, NULL, OPTION_TENANT },
    { "token", no_argument, NULL, OPTION_TOKEN },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};
static const struct option backup_options[] = {
    { "without-keys", no_argument, NULL, OPTION_WITHOUT_KEYS },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};
static const struct option restore_options[] = {
    { "revoked", required_argument, NULL, OPTION_REVOKED },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};
static const struct option migrate_options[] = {
    { "to", required_argument, NULL, OPTION_TO },
    { "no-config", no_argument, NULL, OPTION_NO_CONFIG },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};
static const struct option key_options[] = {
    { "force", no_argument, NULL, OPTION_FORCE },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};
static const struct option serve_options[] = {
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* Nothing that this process holds is for a debugger, a core file or another user. */
static void keep_to_ourselves(void)
{
    const struct rlimit none = { 0, 0 };

    umask(077);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
}

static int failed(const char *command, const struct pawl_err *err)
{
    fprintf(stderr, "pawl-verifier %s: %s: %s\n", command, err->where, err->why);
    return EXIT_FAILURE;
}

static bool add_path(struct init_paths *paths, const char *path)
{
    if (paths->n == INIT_PATHS_MAX) {
        fprintf(stderr, "pawl-verifier: an option stands more than %d times\n", INIT_PATHS_MAX);
        return false;
    }
    paths->path[paths->n++] = path;
    return true;
}

static bool add_list(struct relist *l, const char *path)
{
    if (l->n == RELIST_MAX) {
        fprintf(stderr, "pawl-verifier: --revoked stands more than %d times\n", RELIST_MAX);
        return false;
    }
    l->of[l->n++].path = path;
    return true;
}

static bool take_option(int option, struct asked *o)
{
    switch (option) {
    case OPTION_ADDRESS:
        o->init.address = optarg;
        return true;
    case OPTION_LISTEN:
        o->init.listen = optarg;
        return true;
    case OPTION_TENANT:
        o->init.tenant = optarg;
        return true;
    case OPTION_ADMISSION:
        o->init.admission = optarg;
        return true;
    case OPTION_ROOTS:
        return add_path(&o->init.roots, optarg);
    case OPTION_LAB_ROOTS:
        return add_path(&o->init.lab_roots, optarg);
    case OPTION_INTERMEDIATES:
        return add_path(&o->init.intermediates, optarg);
    case OPTION_TOKEN:
        o->init.with_token = true;
        return true;
    case OPTION_WITHOUT_KEYS:
        o->without_keys = true;
        return true;
    case OPTION_TO:
        o->to = optarg;
        return true;
    case OPTION_NO_CONFIG:
        o->keeps_config = true;
        return true;
    case OPTION_REVOKED:
        return add_list(&o->revoked, optarg);
    case OPTION_FORCE:
        o->force = true;
        return true;
    case 'h':
        fputs(usage, stdout);
        exit(EXIT_SUCCESS);
    default:
        return false; /* getopt_long said why */
    }
}

static int run_init(const struct asked *o)
{
    char            join[STATE_JOIN_MAX];
    struct pawl_err err;

    if (!pawl_is_ok(init_state(&o->init, join, &err)))
        return failed("init", &err);
    fprintf(stderr,
            "made %s\n"
            "next: pawl-verifier serve %s\n"
            "on a device: pawl-agent join '..' with the line below\n",
            o->dir, o->dir);
    printf("%s\n", join);
    pawl_wipe(join, sizeof(join));
    return EXIT_SUCCESS;
}

static pawl_status join(const struct asked *o, char ret[STATE_JOIN_MAX], struct pawl_err *err)
{
    PAWL_CLEANUP(state_close) struct state s = { 0 };
    const struct tenant_config            *tenant;

    PAWL_TRY(state_open(o->dir, &s, err));
    PAWL_TRY(state_tenant(&s, o->init.tenant, &tenant, err));
    return state_join(&s, tenant, o->init.with_token, ret, err);
}

static int run_join(const struct asked *o)
{
    char            text[STATE_JOIN_MAX];
    struct pawl_err err;

    if (!pawl_is_ok(join(o, text, &err)))
        return failed("join", &err);
    printf("%s\n", text);
    pawl_wipe(text, sizeof(text));
    return EXIT_SUCCESS;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static pawl_status restored(const char *dir, struct relist *revoked, struct pawl_err *err)
{
    PAWL_CLEANUP(close_fd) int lock = -1;

    PAWL_TRY(state_lock(dir, &lock, err));
    PAWL_TRY(state_restored(dir, err));
    return revoked->n ? relist(dir, 0, revoked, err) : pawl_ok();
}

#define TIME_TEXT_MAX 32

static void write_time(int64_t unix_s, char ret[TIME_TEXT_MAX])
{
    time_t    t = (time_t)unix_s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || !strftime(ret, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(ret, TIME_TEXT_MAX, "%" PRId64, unix_s);
}

static void say_list(const struct relisted *r)
{
    char signed_at[TIME_TEXT_MAX];

    write_time(r->signed_s, signed_at);
    fprintf(stderr,
            "%s, of tenant %s, signed %s: %zu revoked, %zu of them unknown until now; %zu were\n",
            r->path, r->tenant, signed_at, r->was[REVOKED_KNOWN] + r->was[REVOKED_UNKNOWN],
            r->was[REVOKED_UNKNOWN], r->was[REVOKED_BEFORE]);
}

/* made_s 0: nobody knows. */
static void warn_of_forgotten(int64_t made_s)
{
    char made_at[TIME_TEXT_MAX] = "that copy was made";

    if (made_s)
        write_time(made_s, made_at);
    fprintf(stderr,
            "warning: who was revoked after %s is active again: before serve, `pawl-verifier "
            "restored DIR --revoked FILE` revokes who is on the signed list\n",
            made_at);
}

static void say_revoked(const struct relist *l, int64_t made_s)
{
    for (size_t i = 0; i < l->n; i++)
        say_list(&l->of[i]);
    if (l->n == 0)
        warn_of_forgotten(made_s);
}

static int run_restored(const struct asked *o)
{
    struct relist   revoked = o->revoked;
    struct pawl_err err;

    if (!pawl_is_ok(restored(o->dir, &revoked, &err)))
        return failed("restored", &err);
    fprintf(stderr, "noted: %s was put back from an older copy\n", o->dir);
    say_revoked(&revoked, 0);
    return EXIT_SUCCESS;
}

static pawl_status key_new(const char *dir, enum rotated what, char ret_pin[ROTATED_PIN_MAX],
                           struct pawl_err *err)
{
    struct verifier_config c;

    PAWL_TRY(config_load(dir, &c, err));
    return rotate_new(c.state, c.address, what, ret_pin, err);
}

static pawl_status key_retire(const char *dir, enum rotated what, bool force, struct pawl_err *err)
{
    struct verifier_config c;

    PAWL_TRY(config_load(dir, &c, err));
    return rotate_retire(&c, what, force, time(NULL), err);
}

static int run_serve(const struct asked *o)
{
    struct pawl_err err;

    return pawl_is_ok(serve(o->dir, &err)) ? EXIT_SUCCESS : failed("serve", &err);
}

/* What stands between the command's name and DIR. */
static int run_key(const struct asked *o)
{
    enum rotated    what = rotated_from(o->word[1]);
    char            pin[ROTATED_PIN_MAX] = "";
    struct pawl_err err;

    if (what == ROTATED_NONE) {
        fprintf(stderr, "pawl-verifier key: signing, master or tls; see --help\n");
        return EXIT_USAGE;
    }
    pawl_status s;
    if (strcmp(o->word[0], "new") == 0)
        s = key_new(o->dir, what, pin, &err);
    else if (strcmp(o->word[0], "switch") == 0)
        s = rotate_switch(o->dir, what, &err);
    else if (strcmp(o->word[0], "retire") == 0)
        s = key_retire(o->dir, what, o->force, &err);
    else {
        fprintf(stderr, "pawl-verifier key: new, switch or retire; see --help\n");
        return EXIT_USAGE;
    }
    if (!pawl_is_ok(s))
        return failed("key", &err);
    if (pin[0])
        printf("%s\n", pin);
    fprintf(stderr, "done; next: systemctl reload pawl-verifier\n");
    return EXIT_SUCCESS;
}

static int run_backup(const struct asked *o)
{
    bool            database;
    struct pawl_err err;

    if (!pawl_is_ok(backup_make(o->word[0], o->dir, o->without_keys, &database, &err)))
        return failed("backup", &err);
    fprintf(stderr, "made %s%s%s\n", o->dir, o->without_keys ? ", without keys" : "",
            database ? "" : ", without the database: pg_basebackup or pg_dump has to copy that");
    return EXIT_SUCCESS;
}

static int run_restore(const struct asked *o)
{
    struct relist   revoked = o->revoked;
    struct restored r;
    struct pawl_err err;

    if (!pawl_is_ok(backup_restore(o->word[0], o->dir, &revoked, &r, &err)))
        return failed("restore", &err);
    fprintf(stderr, "made %s%s\n", o->dir, r.keys ? "" : "; it still needs its keys");
    if (r.database)
        say_revoked(&revoked, r.made_s);
    return EXIT_SUCCESS;
}

static void say_moved(const char *table, uint64_t rows)
{
    fprintf(stderr, "%s: %" PRIu64 "\n", table, rows);
}

static int run_migrate(const struct asked *o)
{
    struct pawl_err err;

    if (!o->to) {
        fprintf(stderr, "pawl-verifier migrate: --to CONNINFO is due; see --help\n");
        return EXIT_USAGE;
    }
    if (!pawl_is_ok(migrate_to_postgres(o->dir, o->to, o->keeps_config, say_moved, &err)))
        return failed("migrate", &err);
    if (o->keeps_config)
        printf("store = postgres\npostgres = %s\n", o->to);
    fprintf(stderr, "moved; the file is " MOVED_FILE " now\n");
    return EXIT_SUCCESS;
}

/* What is due, by the words before DIR. */
static const char *const arguments[] = { "one directory", "two directories",
                                         "what to do, with what key, and one directory" };

static const struct command {
    const char          *name;
    const struct option *options;
    int (*run)(const struct asked *o);
    int words; /* before DIR */
} commands[] = {
    { "init", init_options, run_init },          { "serve", serve_options, run_serve },
    { "join", join_options, run_join },          { "restored", restore_options, run_restored },
    { "backup", backup_options, run_backup, 1 }, { "restore", restore_options, run_restore, 1 },
    { "key", key_options, run_key, 2 },          { "migrate", migrate_options, run_migrate },
};

static int run(const struct command *c, int argc, char **argv)
{
    struct asked o = { 0 };
    int          option;

    while ((option = getopt_long(argc, argv, "h", c->options, NULL)) != -1)
        if (!take_option(option, &o))
            return EXIT_USAGE;
    if (optind + c->words + 1 != argc) {
        fprintf(stderr, "pawl-verifier %s: %s is due; see --help\n", c->name, arguments[c->words]);
        return EXIT_USAGE;
    }
    for (int i = 0; i < c->words; i++)
        o.word[i] = argv[optind++];
    o.dir = o.init.dir = argv[optind];
    return c->run(&o);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    keep_to_ourselves();
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts("pawl-verifier " PAWL_VERSION);
        return EXIT_SUCCESS;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(name, commands[i].name) == 0)
            return run(&commands[i], argc - 1, argv + 1);
    fputs(usage, stderr);
    return EXIT_USAGE;
}
