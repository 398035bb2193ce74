/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawlctl completion: what a shell needs to complete nouns, verbs and options, made of the tables
 * that the program itself goes by. What stands behind an option, and operands, are completed as
 * files. One script for bash, which zsh runs by its bashcompinit; one for fish.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/options.h"

static void file_close(FILE **f)
{
    if (*f)
        fclose(*f);
}

static bool is_first_of_noun(const struct command *c)
{
    return c == commands || strcmp(c->noun, c[-1].noun) != 0;
}

static bool takes(const struct command *c, const struct option *o)
{
    unsigned option = (unsigned)(o->val - OPTION_BASE);

    return o->val >= OPTION_BASE && (option == OPT_JSON || (c->options | c->needs) >> option & 1);
}

/* ---- bash ----------------------------------------------------------------------------------- */

static void print_nouns(FILE *f)
{
    for (const struct command *c = commands; c->noun; c++)
        if (is_first_of_noun(c))
            fprintf(f, " %s", c->noun);
}

static void print_verbs(FILE *f)
{
    for (const struct command *c = commands; c->noun; c++) {
        bool is_last = !c[1].noun || strcmp(c->noun, c[1].noun) != 0;
        if (!*c->verb)
            continue;
        if (is_first_of_noun(c))
            fprintf(f, "    %s) echo", c->noun);
        fprintf(f, " %s%s", c->verb, is_last ? ";;\n" : "");
    }
}

static void print_options(FILE *f)
{
    for (const struct command *c = commands; c->noun; c++) {
        fprintf(f, "    \"%s %s\"%s) echo", c->noun, c->verb, *c->verb ? "" : "*");
        for (const struct option *o = options; o->name; o++)
            if (takes(c, o))
                fprintf(f, " --%s", o->name);
        fprintf(f, ";;\n");
    }
}

static void print_bash(FILE *f)
{
    fprintf(f, "# Made by: pawlctl completion bash\n"
               "_pawlctl_verbs() {\n"
               "    case \"$1\" in\n");
    print_verbs(f);
    fprintf(f, "    esac\n"
               "}\n"
               "_pawlctl_options() {\n"
               "    case \"$1 $2\" in\n");
    print_options(f);
    fprintf(f, "    esac\n"
               "}\n"
               "_pawlctl() {\n"
               "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" noun=\"${COMP_WORDS[1]}\" words=\n"
               "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
               "        words='");
    print_nouns(f);
    fprintf(f, " --help --version'\n"
               "    elif [ \"${cur#-}\" != \"$cur\" ]; then\n"
               "        words=\"$(_pawlctl_options \"$noun\" \"${COMP_WORDS[2]}\") --help\"\n"
               "    elif [ \"$COMP_CWORD\" = 2 ]; then\n"
               "        words=\"$(_pawlctl_verbs \"$noun\")\"\n"
               "    fi\n"
               "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
               "}\n"
               "complete -o default -F _pawlctl pawlctl\n");
}

static void print_zsh(FILE *f)
{
    fprintf(f, "#compdef pawlctl\n"
               "autoload -U +X bashcompinit && bashcompinit\n");
    print_bash(f);
}

/* ---- fish ----------------------------------------------------------------------------------- */

/* In single quotes. */
static void print_quoted(FILE *f, const char *text)
{
    putc('\'', f);
    for (; *text; text++) {
        if (strchr("'\\", *text))
            putc('\\', f);
        putc(*text, f);
    }
    putc('\'', f);
}

static void print_fish_command(FILE *f, const struct command *c)
{
    const char *seen = "__fish_seen_subcommand_from";

    if (is_first_of_noun(c))
        fprintf(f, "complete -c pawlctl -n __fish_use_subcommand -f -a %s\n", c->noun);
    if (*c->verb) {
        fprintf(f, "complete -c pawlctl -n '%s %s' -f -a %s -d ", seen, c->noun, c->verb);
        print_quoted(f, c->what);
        putc('\n', f);
    }
    for (const struct option *o = options; o->name; o++)
        if (takes(c, o))
            fprintf(f, "complete -c pawlctl -n '%s %s%s%s%s%s' -l %s%s\n", seen, c->noun,
                    *c->verb ? "; and " : "", *c->verb ? seen : "", *c->verb ? " " : "", c->verb,
                    o->name, o->has_arg ? " -r" : "");
}

static void print_fish(FILE *f)
{
    fprintf(f, "# Made by: pawlctl completion fish\n");
    for (const struct command *c = commands; c->noun; c++)
        print_fish_command(f, c);
}

/* ---- the command ---------------------------------------------------------------------------- */

static const struct {
    const char *shell;
    void (*print)(FILE *f);
} shells[] = {
    { "bash", print_bash },
    { "zsh", print_zsh },
    { "fish", print_fish },
};

static pawl_status print_for(const char *shell, FILE *f, struct pawl_err *err)
{
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
        if (strcmp(shells[i].shell, shell) == 0) {
            shells[i].print(f);
            return pawl_ok();
        }
    return pawl_fail(err, PAWL_E_BUG, "usage", "give one of bash, zsh and fish");
}

static void text_free(char **text)
{
    free(*text);
}

pawl_status completion_print(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(text_free) char *text = NULL;
    size_t                        n = 0;

    {
        PAWL_CLEANUP(file_close) FILE *f = open_memstream(&text, &n);
        if (!f)
            return json_no_memory(err);
        PAWL_TRY(print_for(a->operand, f, err));
    }
    *ret = cJSON_CreateString(text ? text : "");
    return *ret ? pawl_ok() : json_no_memory(err);
}

/* A text that is the whole answer, as it is. */
void show_raw(const cJSON *answer)
{
    fputs(answer->valuestring, stdout);
}
