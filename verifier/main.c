/* SPDX-License-Identifier: Apache-2.0 */
/* pawl-verifier: the command line. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"
#include "serve.h"
#include "state.h"

enum { EXIT_USAGE = 2 };

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
    "              before serve, when all of DIR was put back from an older copy: it is noted\n"
    "              and devices find back in step. Where only pawl.db was, serve sees it by itself\n"
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
    OPTION_TOKEN
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

static bool take_option(int option, struct init_options *o)
{
    switch (option) {
    case OPTION_ADDRESS:
        o->address = optarg;
        return true;
    case OPTION_LISTEN:
        o->listen = optarg;
        return true;
    case OPTION_TENANT:
        o->tenant = optarg;
        return true;
    case OPTION_ADMISSION:
        o->admission = optarg;
        return true;
    case OPTION_ROOTS:
        return add_path(&o->roots, optarg);
    case OPTION_LAB_ROOTS:
        return add_path(&o->lab_roots, optarg);
    case OPTION_INTERMEDIATES:
        return add_path(&o->intermediates, optarg);
    case OPTION_TOKEN:
        o->with_token = true;
        return true;
    case 'h':
        fputs(usage, stdout);
        exit(EXIT_SUCCESS);
    default:
        return false; /* getopt_long said why */
    }
}

static int run_init(const struct init_options *o)
{
    char            join[STATE_JOIN_MAX];
    struct pawl_err err;

    if (!pawl_is_ok(init_state(o, join, &err)))
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

static pawl_status join(const struct init_options *o, char ret[STATE_JOIN_MAX],
                        struct pawl_err *err)
{
    PAWL_CLEANUP(state_close) struct state s = { 0 };
    const struct tenant_config            *tenant;

    PAWL_TRY(state_open(o->dir, &s, err));
    PAWL_TRY(state_tenant(&s, o->tenant, &tenant, err));
    return state_join(&s, tenant, o->with_token, ret, err);
}

static int run_join(const struct init_options *o)
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

static pawl_status restored(const char *dir, struct pawl_err *err)
{
    PAWL_CLEANUP(close_fd) int lock = -1;

    PAWL_TRY(state_lock(dir, &lock, err));
    return sqlite_store_restored(dir, err);
}

static int run_restored(const struct init_options *o)
{
    struct pawl_err err;

    if (!pawl_is_ok(restored(o->dir, &err)))
        return failed("restored", &err);
    fprintf(stderr, "noted: %s was put back from an older copy\n", o->dir);
    return EXIT_SUCCESS;
}

static int run_serve(const struct init_options *o)
{
    struct pawl_err err;

    return pawl_is_ok(serve(o->dir, &err)) ? EXIT_SUCCESS : failed("serve", &err);
}

static const struct command {
    const char          *name;
    const struct option *options;
    int (*run)(const struct init_options *o);
} commands[] = {
    { "init", init_options, run_init },
    { "serve", serve_options, run_serve },
    { "join", join_options, run_join },
    { "restored", serve_options, run_restored },
};

static int run(const struct command *c, int argc, char **argv)
{
    struct init_options o = { 0 };
    int                 option;

    while ((option = getopt_long(argc, argv, "h", c->options, NULL)) != -1)
        if (!take_option(option, &o))
            return EXIT_USAGE;
    if (optind + 1 != argc) {
        fprintf(stderr, "pawl-verifier %s: one directory is due; see --help\n", c->name);
        return EXIT_USAGE;
    }
    o.dir = argv[optind];
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
