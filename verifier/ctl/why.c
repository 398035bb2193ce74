/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl why: what is wrong with a device, or became of a request, in one sentence. */
#include <string.h>

#include "ctl/api.h"
#include "ctl/show.h"

pawl_status why_ask(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    const char *request = a->option[OPT_REQUEST], *serial = a->option[OPT_SERIAL];

    if (!a->operand + !request + !serial != 2)
        return pawl_fail(err, PAWL_E_BUG, "why", "one of DEVICE, --request and --serial is due");
    if (request)
        PAWL_TRY(api_path(&path, err, "/why?request=%s", request));
    else if (serial)
        PAWL_TRY(api_path(&path, err, "/why?serial=%s", serial));
    else
        PAWL_TRY(api_path(&path, err, "/why?device=%s", a->operand));
    return api_call(a, path.p, NULL, ret, err);
}

/* The sentence, and below it what somebody looks up elsewhere with. */
void show_why(const cJSON *answer)
{
    static const char *const more[] = {
        "detail", "cause", "device", "serial", "address", "requests"
    };
    char buffer[SHOW_TEXT_MAX];

    show_wrapped(json_text(answer, "sentence"), 0);
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(answer, more[i]);
        if (cJSON_IsString(m))
            show_line(more[i], 8, show_value(more[i], m, buffer));
    }
}
