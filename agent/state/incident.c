/* SPDX-License-Identifier: Apache-2.0 */
#include "state/incident.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name, *text;
} kinds[INCIDENT_KIND_COUNT] = {
    [INCIDENT_NONE] = { "none", "nothing is wrong with the keys" },
    [INCIDENT_MESSAGE_FORGED] = { "message-forged",
                                  "a message was forged with this device's keys" },
    [INCIDENT_KEY_USED_ELSEWHERE] = { "key-used-elsewhere",
                                      "this device's keys were used elsewhere" },
    [INCIDENT_DEVICE_CLONED] = { "device-cloned", "a copy of this device's state was used" },
    [INCIDENT_TPM_WENT_BACK] = { "tpm-went-back",
                                 "this device's TPM is in a state that it had left" },
    [INCIDENT_OTHER] = { "other", "the verifier does not trust this device's keys" },
};

const char *incident_name(enum incident_kind k)
{
    return kinds[(unsigned)k < INCIDENT_KIND_COUNT ? k : INCIDENT_OTHER].name;
}

const char *incident_text(enum incident_kind k)
{
    return kinds[(unsigned)k < INCIDENT_KIND_COUNT ? k : INCIDENT_OTHER].text;
}

enum incident_kind incident_from(const char *name)
{
    for (unsigned k = INCIDENT_NONE + 1; k < INCIDENT_KIND_COUNT; k++)
        if (!strcmp(name, kinds[k].name))
            return (enum incident_kind)k;
    return INCIDENT_NONE;
}

void incident_find(struct incident *i, uint64_t epoch, int64_t now_s)
{
    if (!i->kind)
        *i = (struct incident){ .kind = INCIDENT_KEY_USED_ELSEWHERE,
                                .since_s = now_s,
                                .epoch = epoch };
}

void incident_hear(struct incident *i, enum incident_word word, enum incident_kind kind,
                   uint64_t base_epoch, bool carried, int64_t now_s)
{
    bool over = i->by_verifier || carried || base_epoch > i->epoch; /* inv. 1 */

    if (word == INCIDENT_KEYS_RED) {
        if (!i->kind)
            *i = (struct incident){ .since_s = now_s, .epoch = base_epoch };
        i->kind = kind;
        i->by_verifier = true;
    } else if (word == INCIDENT_KEYS_GOOD && over) {
        *i = (struct incident){ 0 };
    }
}

void incident_line(const struct incident *i, char *ret, size_t cap)
{
    char      when[32] = "";
    struct tm tm;
    time_t    since = (time_t)i->since_s;

    if (gmtime_r(&since, &tm))
        (void)!strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
    snprintf(ret, cap, "INCIDENT since %s: %s (%s)", when, incident_name(i->kind),
             i->by_verifier ? "told by the verifier" : "found by this device");
}
