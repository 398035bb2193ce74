/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents, their proofs and the audit chain for people: what happened, to which messages, what is
 * to be done, and whose word it is. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ctl/show.h"

enum { LABEL = 12 };

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *text_or_dash(const cJSON *o, const char *name)
{
    const char *text = json_text(o, name);

    return text && *text ? text : "-";
}

static void show_time(const cJSON *o, const char *name, int least)
{
    char buffer[SHOW_TEXT_MAX];

    show_text(show_value("created", member(o, name), buffer), least, INT_MAX);
}

static void show_label(const char *label)
{
    show_text(label, LABEL, INT_MAX);
    putchar(' ');
}

static void show_sentence(const char *label, const char *text)
{
    show_label(label);
    show_wrapped(text, LABEL + 1);
}

/* d1abb4ea12345678.7: every command takes it for the whole. */
static void show_id(const cJSON *incident, int least)
{
    char id[SHOW_ID_DIGITS + 24];

    snprintf(id, sizeof(id), "%.*s.%lld", SHOW_ID_DIGITS, text_or_dash(incident, "device"),
             (long long)json_number(incident, "epoch", 0));
    show_text(id, least, INT_MAX);
}

/* ---- incidents ------------------------------------------------------------------------------ */

/* What each kind means, and what an operator owes it. */
static const struct {
    const char *kind, *meaning, *todo;
} kinds[] = {
    { "message-forged",
      "Messages came under this device's keys that the device did not send (or it received one "
      "that "
      "was never sent to it): somebody else has its keys.",
      "Use no message of the window but those marked genuine. Find out how the keys got out: they "
      "are in the memory of the agent." },
    { "key-used-elsewhere",
      "Somebody who has this device's keys sent messages out of step with it.",
      "Use no message of the window but those marked genuine. Find out how the keys got out: they "
      "are in the memory of the agent." },
    { "device-cloned",
      "Two copies of this device's state are in use, for instance of a virtual machine and its "
      "disk.",
      "Find the second copy before you close this: it holds all keys that the device holds." },
    { "tpm-went-back",
      "The device's TPM is an older copy of itself, for instance a snapshot of a virtual TPM.",
      "Find out who put it back before you close this." },
    { "server-went-back",
      "Our own store was put back from a copy: the device knows more than we do. No fault of the "
      "device.",
      "Nothing: it closes when the device comes back under keys of this store." },
};

static const char *meaning_of(const char *kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].meaning;
    return "-";
}

static const char *todo_of(const char *kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].todo;
    return "-";
}

static const char *state_in_words(const char *state)
{
    if (strcmp(state, "open") == 0)
        return "open: the device is asked for new keys";
    if (strcmp(state, "healed") == 0)
        return "healed: the device has new keys; close it when you have looked into it";
    return state;
}

void show_incidents(const cJSON *answer)
{
    const cJSON *i;

    printf("%-22s  %-18s  %-8s  %-6s  %-20s  %s\n", "INCIDENT", "WHAT HAPPENED", "SEVERITY",
           "STATE", "OPENED", "FORGED");
    cJSON_ArrayForEach(i, member(answer, "incidents"))
    {
        show_id(i, 22);
        printf("  ");
        show_text(text_or_dash(i, "kind"), 18, 18);
        printf("  ");
        show_text(text_or_dash(i, "severity"), 8, 8);
        printf("  ");
        show_text(text_or_dash(i, "state"), 6, 6);
        printf("  ");
        show_time(i, "opened", 20);
        printf("  %lld\n", (long long)json_number(i, "forged", 0));
    }
}

static void show_window(const cJSON *incident)
{
    const cJSON *window = member(incident, "window");
    char         text[96];

    if (!cJSON_IsObject(window))
        return;
    long long from = json_number(window, "from", 0), to = json_number(window, "to", 0);
    if (to)
        snprintf(text, sizeof(text), "messages number %lld to %lld", from, to);
    else
        snprintf(text, sizeof(text), "messages from number %lld on", from);
    show_sentence("in doubt", text);
    snprintf(text, sizeof(text), "%lld genuine, %lld forged, %lld that nobody can tell",
             (long long)json_number(incident, "genuine", 0),
             (long long)json_number(incident, "forged", 0),
             (long long)json_number(incident, "unattested", 0));
    show_sentence("of them", text);
}

static void show_times(const cJSON *incident)
{
    show_label("opened");
    show_time(incident, "opened", 0);
    putchar('\n');
    show_label("changed");
    show_time(incident, "changed", 0);
    putchar('\n');
}

static void show_rules(const cJSON *incident)
{
    const cJSON *rule;

    show_label("rules");
    cJSON_ArrayForEach(rule, member(incident, "rules"))
    {
        show_text(cJSON_GetStringValue(rule) ? cJSON_GetStringValue(rule) : "-", 0, INT_MAX);
        fputs(rule->next ? ", " : "", stdout);
    }
    putchar('\n');
}

static void show_slots(const cJSON *slots)
{
    const cJSON *s;

    if (cJSON_GetArraySize(slots))
        printf("\nmessages that it names\n  %-12s  %-10s  %-10s  %s\n", "NUMBER", "EPOCH",
               "GENERATION", "RULE");
    cJSON_ArrayForEach(s, slots)
    {
        printf("  %-12lld  %-10lld  %-10lld  ", (long long)json_number(s, "seq", 0),
               (long long)json_number(s, "epoch", 0), (long long)json_number(s, "gen", 0));
        show_text(text_or_dash(s, "rule"), 0, INT_MAX);
        putchar('\n');
    }
}

static void show_proofs(const cJSON *incident)
{
    int n = cJSON_GetArraySize(member(incident, "proofs"));

    if (!n)
        return;
    printf("\n%d proof%s for others: pawlctl incident export ", n, n == 1 ? "" : "s");
    show_id(incident, 0);
    putchar('\n');
}

static void show_head(const cJSON *incident)
{
    const char *kind = text_or_dash(incident, "kind");

    show_line("incident", LABEL, text_or_dash(incident, "id"));
    show_line("what", LABEL, kind);
    show_sentence("", meaning_of(kind));
    show_line("severity", LABEL, text_or_dash(incident, "severity"));
    show_sentence("state", state_in_words(text_or_dash(incident, "state")));
    show_times(incident);
    show_window(incident);
    show_sentence("found", text_or_dash(incident, "detail"));
    show_rules(incident);
    if (json_text(incident, "note") && *json_text(incident, "note"))
        show_sentence("note", json_text(incident, "note"));
}

void show_incident(const cJSON *answer)
{
    show_head(answer);
    if (!json_says(answer, "state", "closed"))
        show_sentence("to do", todo_of(text_or_dash(answer, "kind")));
    show_slots(member(answer, "slots"));
    show_proofs(answer);
}

void show_incident_closed(const cJSON *answer)
{
    show_id(answer, 0);
    printf(": ");
    show_text(text_or_dash(answer, "kind"), 0, INT_MAX);
    puts(" is closed; the device's next result says so");
}

/* ---- proofs --------------------------------------------------------------------------------- */

void show_exported(const cJSON *answer)
{
    const cJSON *f;

    cJSON_ArrayForEach(f, member(answer, "files"))
    {
        show_text(text_or_dash(f, "file"), 0, INT_MAX);
        if (json_says(f, "strength", "device-tpm"))
            puts(": the device's own TPM proves it");
        else if (json_says(f, "strength", "verifier"))
            puts(": it is the verifier's word");
        else
            puts(": it proves nothing by itself");
    }
}

static void show_verdict(const cJSON *answer)
{
    bool known = cJSON_IsTrue(member(answer, "verifier_known"));

    putchar('\n');
    if (json_says(answer, "strength", "nothing"))
        puts("NOT PROVED: what is in this file does not bear out what it claims");
    else if (!known)
        puts("NOT VOUCHED FOR: nobody said which verifier to believe; give --jwks or --key");
    else if (!json_says(answer, "strength", "device-tpm"))
        puts("ATTESTED by the verifier: it is its word alone");
    else if (json_says(answer, "rule", "E5") || json_says(answer, "rule", "E6"))
        puts(
            "PROVED by the device's own TPM; that this TPM is the device's is the verifier's word");
    else
        show_wrapped(
            "PROVED by the device's own TPM; that the messages came (or which it sent itself), "
            "and that this TPM is the device's, is the verifier's word",
            0);
}

void show_proof(const cJSON *answer)
{
    const cJSON *line;

    show_line("device", LABEL, text_or_dash(answer, "device"));
    show_line("tenant", LABEL, text_or_dash(answer, "tenant"));
    show_line("what", LABEL, text_or_dash(answer, "kind"));
    show_label("found");
    show_time(answer, "time", 0);
    putchar('\n');
    show_sentence("", text_or_dash(answer, "detail"));
    show_line("verifier", LABEL, text_or_dash(answer, "verifier"));
    show_sentence("signature", cJSON_IsTrue(member(answer, "verifier_known"))
                                   ? "good, by the key that you gave"
                                   : "by the key that the file itself names; whose key that is was "
                                     "not checked");
    putchar('\n');
    cJSON_ArrayForEach(line, member(answer, "says"))
    {
        printf("- ");
        show_wrapped(cJSON_GetStringValue(line) ? cJSON_GetStringValue(line) : "-", 2);
    }
    show_verdict(answer);
}

/* ---- the audit chain ------------------------------------------------------------------------- */

enum { NUMBER_WIDTH = 6, TIME_WIDTH = 20 };

static void show_entry(const cJSON *e)
{
    PAWL_CLEANUP(json_free) cJSON *line = cJSON_Parse(text_or_dash(e, "line"));
    cJSON *seconds = cJSON_CreateNumber((double)(json_number(e, "time_ms", 0) / 1000));
    char   buffer[SHOW_TEXT_MAX];

    printf("%*lld  ", NUMBER_WIDTH, (long long)json_number(e, "number", 0));
    show_text(show_value("created", seconds, buffer), TIME_WIDTH, INT_MAX);
    cJSON_Delete(seconds);
    printf("  ");
    show_text(text_or_dash(e, "device"), SHOW_ID_DIGITS, SHOW_ID_DIGITS);
    printf("  ");
    show_text(text_or_dash(line, "what"), 8, 8);
    printf("  ");
    show_text(text_or_dash(line, "kind"), 22, 22); /* of an incident, or what was excepted */
    printf("  ");
    show_text(text_or_dash(line, "severity"), 8, 8);
    printf("  ");
    show_text(text_or_dash(line, "state"), 0, INT_MAX);
    putchar('\n');
    if (json_text(line, "detail")) {
        show_text("", NUMBER_WIDTH + 2, 0);
        show_wrapped(json_text(line, "detail"), NUMBER_WIDTH + 2);
    }
}

void show_audit(const cJSON *answer)
{
    const cJSON *e;

    printf("%*s  %-20s  %-16s  %-8s  %-22s  %-8s  %s\n", NUMBER_WIDTH, "ENTRY", "TIME", "DEVICE",
           "WHAT", "ABOUT", "SEVERITY", "STATE");
    cJSON_ArrayForEach(e, member(answer, "entries")) show_entry(e);
}

void show_audit_verified(const cJSON *answer)
{
    long long n = json_number(answer, "entries", 0), token = json_number(answer, "token_entry", -1);

    printf("the chain of %lld %s is whole", n, n == 1 ? "entry" : "entries");
    if (token > 0)
        printf("; the token's head is entry %lld", token);
    else if (token == 0)
        printf("; the token is older than all of it");
    putchar('\n');
}
