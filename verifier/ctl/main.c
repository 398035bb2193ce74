/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawlctl: the operator's command. Reads the command line, runs one command, and says how it went:
 * the answer on standard output, one line that says why not on standard error, and an exit code.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/options.h"
#include "ctl/show.h"

/* ---- help ----------------------------------------------------------------------------------- */

/* The usage may have a second line, which goes below the first. */
static void print_usage(FILE *to, const struct command *c)
{
    const char *line = c->usage, *newline = strchr(line, '\n');

    fprintf(to, "  pawlctl %s%s%s%s%.*s\n", c->noun, *c->verb ? " " : "", c->verb, *line ? " " : "",
            newline ? (int)(newline - line) : (int)strlen(line), line);
    if (newline)
        fprintf(to, "          %s\n", newline + 1);
}

static void print_help(const char *noun)
{
    puts("pawlctl: the operator's command of Pawl\n");
    for (const struct command *c = commands; c->noun; c++) {
        if (noun && strcmp(noun, c->noun) != 0)
            continue;
        print_usage(stdout, c);
        printf("          %s\n", c->what);
    }
    puts(
        "\nquote, ekcert, ear, eventlog, ima, allowlist, appraise, reasons, incident verify and\n"
        "policy check, diff and learn --pcrs work on files without a verifier.\n"
        "An AK is TPM2B_PUBLIC, TPMT_PUBLIC or PEM (which says nothing of its attributes); a\n"
        "signature TPMT_SIGNATURE or plain; PCRS such as sha256:0,1,7+sha1:0. PATH is a file or a\n"
        "directory, ID 64 hex digits or an unambiguous beginning; of an incident, with a dot and\n"
        "its epoch behind. The others ask a verifier, and take --tenant NAME.\n"
        "\n"
        "  --socket PATH      the verifier of this host (/var/lib/pawl/operator.sock)\n"
        "  --url https://HOST:PORT\n"
        "                     one over TLS, judged by the system's authorities, or by\n"
        "    --ca FILE        these (PEM), or by\n"
        "    --pin PIN        SHA-256 of its TLS key in base64url, as in tls= of a join string\n"
        "    --token-file FILE\n"
        "                     a file with the bearer token of an operator\n"
        "    --cert FILE --key FILE\n"
        "                     a client certificate and its key (PEM)\n"
        "    What is not given is taken from PAWL_SOCKET, PAWL_URL, PAWL_CA, PAWL_PIN,\n"
        "    PAWL_TOKEN_FILE, PAWL_CERT and PAWL_KEY.\n"
        "\n"
        "  --json      print the answer as JSON\n"
        "  --help      this, or of one noun: pawlctl device --help\n"
        "  --version\n"
        "\n"
        "Exit codes: 0 good, 1 refused or bad, 2 usage, 3 a file or the verifier cannot be read.");
}

/* ---- the command line ----------------------------------------------------------------------- */

static enum ctl_exit usage_error(const struct command *c, const char *what, const char *which)
{
    fprintf(stderr, "pawlctl: %s%s\n", what, which);
    if (c)
        print_usage(stderr, c);
    else
        fprintf(stderr, "  pawlctl --help lists the commands\n");
    return CTL_USAGE;
}

static const struct command *find_command(const char *noun, const char *verb)
{
    for (const struct command *c = commands; c->noun; c++)
        if (noun && strcmp(noun, c->noun) == 0 &&
            (!*c->verb || (verb && strcmp(verb, c->verb) == 0)))
            return c;
    return NULL;
}

static enum ctl_exit check_options(const struct command *c, const struct args *a)
{
    for (unsigned o = 0; o < OPT_COUNT; o++) {
        bool may = o == OPT_JSON || (c->options | c->needs) >> o & 1;
        if (a->option[o] && !may)
            return usage_error(c, "no such option here: --", option_name(o));
        if (!a->option[o] && c->needs >> o & 1)
            return usage_error(c, "missing: --", option_name(o));
    }
    return CTL_GOOD;
}

static enum ctl_exit take_operands(int n, char **operands, const struct command **ret,
                                   struct args *a)
{
    const struct command *c = find_command(operands[0], n > 1 ? operands[1] : NULL);

    if (!c)
        return usage_error(NULL, n ? "no such command: " : "a command is missing",
                           n ? operands[n > 1] : "");
    int most = c->at_most ? c->at_most : c->operands, words = *c->verb ? 2 : 1;
    n -= words;
    if (n < c->operands || n > most)
        return usage_error(c, n > most ? "too many arguments" : "an argument is missing", "");
    a->operand = n > 0 ? operands[words] : NULL;
    a->second = n > 1 ? operands[words + 1] : NULL;
    a->operand_n = n;
    a->operands = operands + words;
    *ret = c;
    return check_options(c, a);
}

/* ---- running -------------------------------------------------------------------------------- */

static enum ctl_exit exit_code(enum pawl_code code)
{
    switch (code) {
    case PAWL_OK:
        return CTL_GOOD;
    case PAWL_E_IO:
    case PAWL_E_ABSENT:
    case PAWL_E_MEMORY:
        return CTL_NO_ACCESS;
    case PAWL_E_BUG: /* arguments that getopt cannot see to contradict each other */
        return CTL_USAGE;
    default:
        return CTL_REFUSED;
    }
}

static void print_json(const cJSON *o)
{
    char *text = cJSON_Print(o);

    if (text)
        puts(text);
    cJSON_free(text);
}

static void report(const struct args *a, const struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *o = NULL;

    fputs("pawlctl: ", stderr);
    show_text_on(stderr, err->where, 0, INT_MAX);
    fputs(": ", stderr);
    show_text_on(stderr, err->why, 0, INT_MAX);
    fputc('\n', stderr);
    if (!a->option[OPT_JSON])
        return;
    o = cJSON_CreateObject();
    cJSON_AddBoolToObject(o, "good", false);
    cJSON_AddStringToObject(o, "code", pawl_code_name(err->code));
    cJSON_AddStringToObject(o, "field", err->where);
    cJSON_AddStringToObject(o, "why", err->why);
    print_json(o);
}

/* Each answer is out before the next one is asked for: who reads them may be waiting. */
static enum ctl_exit run(const struct command *c, const struct args *a)
{
    PAWL_CLEANUP(json_free) cJSON *answer = NULL;
    struct pawl_err                err = { 0 };

    do {
        pawl_status s = c->run(a, &answer, &err);

        if (!pawl_is_ok(s)) {
            report(a, &err);
            return exit_code(s.code);
        }
        if (a->option[OPT_JSON])
            print_json(answer);
        else
            c->show(answer);
        if (fflush(stdout) != 0 || ferror(stdout)) {
            fprintf(stderr, "pawlctl: standard output: cannot be written\n");
            return CTL_NO_ACCESS;
        }
    } while (c->more && c->more(a, answer));
    return c->good && !c->good(answer) ? CTL_REFUSED : CTL_GOOD;
}

int main(int argc, char **argv)
{
    const struct command *c = NULL;
    struct args           a = { 0 };
    bool                  help = false;
    int                   opt;

    while ((opt = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
        if (opt == '?')
            return CTL_USAGE; /* getopt has said what */
        if (opt == 'V') {
            puts("pawlctl " PAWL_VERSION);
            return CTL_GOOD;
        }
        if (opt == 'h')
            help = true;
        else
            a.option[opt - OPTION_BASE] = optarg ? optarg : "";
    }
    if (help) {
        print_help(argv[optind]);
        return CTL_GOOD;
    }
    enum ctl_exit e = take_operands(argc - optind, argv + optind, &c, &a);
    return e == CTL_GOOD ? run(c, &a) : e;
}
