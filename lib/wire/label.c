/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: what a request is for. docs/protocol.md, section "Exchanges". */

#include <pawl/wire.h>

static const char *const text[PAWL_LABEL_COUNT] = {
    [PAWL_LABEL_NONE] = "none",
    [PAWL_LABEL_ENROL] = "pawl/1 enrol",
    [PAWL_LABEL_ATTEST] = "pawl/1 attest",
    [PAWL_LABEL_REKEY] = "pawl/1 rekey",
    [PAWL_LABEL_RESYNC] = "pawl/1 resync",
};

const char *pawl_label_text(enum pawl_label l)
{
    return text[(unsigned)l < PAWL_LABEL_COUNT ? l : PAWL_LABEL_NONE];
}

enum pawl_label pawl_label_from(struct pawl_view t)
{
    for (int l = PAWL_LABEL_ENROL; l < PAWL_LABEL_COUNT; l++)
        if (pawl_view_equal(t, pawl_view_str(text[l])))
            return (enum pawl_label)l;
    return PAWL_LABEL_NONE;
}
