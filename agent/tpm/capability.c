/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the TPM says about itself (TPM2_GetCapability). For people and for planning; nothing here is
 * proof of anything.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tpm/context.h"

/* Handles in one answer: more than any TPM has of objects or sessions at once. */
#define HANDLES_MAX 64

/* Part 2, 7.4; tss2's macros for these shift into the sign bit. */
#define FIRST_TRANSIENT 0x80000000u
#define FIRST_SESSION   0x02000000u

static pawl_status get(struct tpm *t, TPM2_CAP capability, uint32_t first, uint32_t count,
                       TPMS_CAPABILITY_DATA **ret, struct pawl_err *err)
{
    TPMI_YES_NO more = 0;

    PAWL_TRY(tpm_rc(Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       capability, first, count, &more, ret),
                    "TPM2_GetCapability", err));
    if ((*ret)->capability != capability)
        return pawl_fail(err, PAWL_E_FORM, "TPM2_GetCapability.capability",
                         "0x%x was asked, 0x%x answered", capability, (*ret)->capability);
    return pawl_ok();
}

pawl_status tpm_property(struct tpm *t, TPM2_PT property, uint32_t *ret, struct pawl_err *err)
{
    TPM_OWNED TPMS_CAPABILITY_DATA *cap = NULL;

    PAWL_TRY(get(t, TPM2_CAP_TPM_PROPERTIES, property, 1, &cap, err));
    /* A TPM answers with the next property when it lacks the one that was asked. */
    const TPML_TAGGED_TPM_PROPERTY *list = &cap->data.tpmProperties;
    if (list->count < 1 || list->tpmProperty[0].property != property)
        return pawl_fail(err, PAWL_E_ABSENT, "TPM2_GetCapability", "the TPM has no property 0x%x",
                         property);
    *ret = list->tpmProperty[0].value;
    return pawl_ok();
}

pawl_status tpm_has_handle(struct tpm *t, TPM2_HANDLE handle, bool *ret, struct pawl_err *err)
{
    TPM_OWNED TPMS_CAPABILITY_DATA *cap = NULL;

    PAWL_TRY(get(t, TPM2_CAP_HANDLES, handle, 1, &cap, err));
    *ret = cap->data.handles.count > 0 && cap->data.handles.handle[0] == handle;
    return pawl_ok();
}

/* A TPM answers with the next command when it lacks the one that was asked. */
pawl_status tpm_has_command(struct tpm *t, TPM2_CC command, bool *ret, struct pawl_err *err)
{
    TPM_OWNED TPMS_CAPABILITY_DATA *cap = NULL;

    PAWL_TRY(get(t, TPM2_CAP_COMMANDS, command, 1, &cap, err));
    const TPMA_CC   number = TPMA_CC_V | TPMA_CC_COMMANDINDEX_MASK;
    const TPML_CCA *list = &cap->data.command;
    *ret = list->count > 0 && (list->commandAttributes[0] & number) == command;
    return pawl_ok();
}

static pawl_status count_handles(struct tpm *t, uint32_t first, uint32_t *ret, struct pawl_err *err)
{
    TPM_OWNED TPMS_CAPABILITY_DATA *cap = NULL;

    PAWL_TRY(get(t, TPM2_CAP_HANDLES, first, HANDLES_MAX, &cap, err));
    *ret = cap->data.handles.count;
    return pawl_ok();
}

/* Four characters of a property, most significant first; what is not printable ends the text. */
static void put_text(char *to, size_t cap, uint32_t four)
{
    size_t n = strlen(to);

    for (int shift = 24; shift >= 0; shift -= 8) {
        char c = (char)(four >> shift & 0xff);
        if (c < 0x20 || c > 0x7e || n + 1 >= cap)
            break;
        to[n++] = c;
    }
    to[n] = '\0';
}

static pawl_status texts(struct tpm *t, struct tpm_facts *f, struct pawl_err *err)
{
    uint32_t v = 0;

    PAWL_TRY(tpm_property(t, TPM2_PT_FAMILY_INDICATOR, &v, err));
    put_text(f->family, sizeof(f->family), v);
    PAWL_TRY(tpm_property(t, TPM2_PT_MANUFACTURER, &v, err));
    put_text(f->manufacturer, sizeof(f->manufacturer), v);
    for (TPM2_PT pt = TPM2_PT_VENDOR_STRING_1; pt <= TPM2_PT_VENDOR_STRING_4; pt++) {
        PAWL_TRY(tpm_property(t, pt, &v, err));
        put_text(f->vendor, sizeof(f->vendor), v);
    }
    return pawl_ok();
}

static pawl_status firmware(struct tpm *t, struct tpm_facts *f, struct pawl_err *err)
{
    uint32_t high = 0, low = 0;

    PAWL_TRY(tpm_property(t, TPM2_PT_FIRMWARE_VERSION_1, &high, err));
    PAWL_TRY(tpm_property(t, TPM2_PT_FIRMWARE_VERSION_2, &low, err));
    f->firmware = (uint64_t)high << 32 | low;
    snprintf(f->firmware_text, sizeof(f->firmware_text), "%u.%u.%u.%u", high >> 16, high & 0xffff,
             low >> 16, low & 0xffff);
    return pawl_ok();
}

pawl_status tpm_facts(struct tpm *t, struct tpm_facts *ret, struct pawl_err *err)
{
    struct tpm_facts f = { 0 };

    PAWL_TRY(texts(t, &f, err));
    PAWL_TRY(firmware(t, &f, err));
    PAWL_TRY(tpm_property(t, TPM2_PT_REVISION, &f.revision, err));
    PAWL_TRY(tpm_property(t, TPM2_PT_LOCKOUT_COUNTER, &f.lockout_counter, err));
    PAWL_TRY(tpm_property(t, TPM2_PT_HR_PERSISTENT_AVAIL, &f.persistent_free, err));
    PAWL_TRY(count_handles(t, FIRST_TRANSIENT, &f.transients, err));
    PAWL_TRY(count_handles(t, FIRST_SESSION, &f.sessions, err));
    *ret = f;
    return pawl_ok();
}
