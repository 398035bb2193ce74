/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of reasons, in the order of the pipeline. */
#include "appraise/reason.h"

static const struct reason_entry entries[REASON_COUNT] = {
    [REASON_NONE] = { "none", "No reason was given.", "", "" },
    [REASON_AWAITS_APPROVAL] = { "awaits-approval",
                                 "The device is enrolled and waits for an operator's approval.", "",
                                 "" },
    [REASON_NO_EK_CERT] = { "no-ek-cert", "No certificate says whose TPM this is.", "", "" },
    [REASON_TPM_WENT_BACK] = { "tpm-went-back",
                               "The TPM's reset count, restart count or clock is less than in an "
                               "earlier quote.",
                               "", "" },
    [REASON_PCR0_EMPTY] = { "pcr0-empty",
                            "PCR 0 is all zero although firmware was measured before.", "", "" },
    [REASON_BANKS_CHANGED] = { "banks-changed",
                               "The TPM has other PCR banks than when the device enrolled.", "",
                               "" },
    [REASON_FIRMWARE_DIFFERS] = { "firmware-differs",
                                  "The TPM's firmware version is not the one in its certificate.",
                                  "", "" },
    [REASON_FIRMWARE_ADVISORY] = { "firmware-advisory",
                                   "A security advisory names the TPM's firmware version.", "",
                                   "" },
    [REASON_FIRMWARE_TOO_OLD] = { "firmware-too-old",
                                  "The TPM's firmware is older than the policy allows, or of a "
                                  "maker that it does not name.",
                                  "", "" },
    [REASON_OS_BOOT_DIFFERS] = { "os-boot-differs",
                                 "The TPM was reset without a boot of the system.", "", "" },
    [REASON_TPM_NOT_RESET] = { "tpm-not-reset", "The system booted without a reset of the TPM.", "",
                               "" },
    [REASON_LAB_TPM] = { "lab-tpm", "The TPM is trusted by the lab's roots only.", "", "" },
    [REASON_NO_POLICY] = { "no-policy", "No policy says what is good.", "", "" },
    [REASON_RELEASE_OVER] = { "release-over", "The device runs a release whose time is over.", "",
                              "" },
    [REASON_MIXED_IMAGE] = { "mixed-image", "The parts of this boot belong to different releases.",
                             "", "" },
    [REASON_WATCHED] = { "watched",
                         "The group only watches: enforced, this would be contraindicated.", "",
                         "" },
    [REASON_EXCEPTED] = { "excepted", "Somebody made an exception of what was found.", "", "" },
    [REASON_PCR_MISSING] = { "pcr-missing", "The policy names a PCR that was not quoted.", "", "" },
    [REASON_PCR_DIFFERS] = { "pcr-differs", "A PCR has a value that the policy does not allow.", "",
                             "" },
    [REASON_PCR_BANK_EMPTY] = { "pcr-bank-empty",
                                "Nothing was measured into the firmware's PCRs of a bank.", "",
                                "" },
    [REASON_NO_EVENT_LOG] = { "no-event-log", "No event log of the firmware came with the quote.",
                              "", "" },
    [REASON_EVENT_LOG_DIFFERS] = { "event-log-differs",
                                   "The event log does not lead to the quoted PCR values.", "",
                                   "" },
    [REASON_EVENT_LOG_BROKEN] = { "event-log-broken",
                                  "The event log breaks a rule of its standard.", "", "" },
    [REASON_SECURE_BOOT_OFF] = { "secure-boot-off", "Secure boot was not on.", "", "" },
    [REASON_SECURE_BOOT_KEYS] = { "secure-boot-keys",
                                  "The keys of secure boot are not those of the policy.", "", "" },
    [REASON_SBAT_TOO_OLD] = { "sbat-too-old",
                              "The revocation level of the boot loader is older than the policy "
                              "allows.",
                              "", "" },
    [REASON_BOOT_AUTHORITY_UNKNOWN] = { "boot-authority-unknown",
                                        "Something was booted by the word of a key that the policy "
                                        "does not know.",
                                        "", "" },
    [REASON_BOOT_IMAGE_UNKNOWN] = { "boot-image-unknown",
                                    "A boot loader or kernel was started that the policy does not "
                                    "know.",
                                    "", "" },
    [REASON_COMMAND_LINE_DIFFERS] = { "command-line-differs",
                                      "A boot loader or kernel had a command line that the policy "
                                      "does not know.",
                                      "", "" },
    [REASON_MOK_UNKNOWN] = { "mok-unknown",
                             "A machine owner's key is enrolled that the policy does not know.", "",
                             "" },
    [REASON_NO_IMA_LIST] = { "no-ima-list", "No list of what the system ran came with the quote.",
                             "", "" },
    [REASON_IMA_WITHOUT_TPM] = { "ima-without-tpm",
                                 "The kernel began to measure before it had the TPM.", "", "" },
    [REASON_IMA_LIST_DIFFERS] = { "ima-list-differs",
                                  "The measurement list, as far as it came, does not lead to the "
                                  "quoted PCR value.",
                                  "", "" },
    [REASON_IMA_LIST_BROKEN] = { "ima-list-broken",
                                 "The measurement list breaks a rule of its form.", "", "" },
    [REASON_FILE_UNKNOWN] = { "file-unknown",
                              "A file was run or read that the policy does not know.", "", "" },
    [REASON_IMA_VIOLATION] = { "ima-violation", "A file was changed while it was measured.", "",
                               "" },
    [REASON_IMA_POLICY_UNKNOWN] = { "ima-policy-unknown",
                                    "The kernel measures by rules that the policy does not know.",
                                    "", "" },
    [REASON_IMA_KEY_UNKNOWN] = { "ima-key-unknown",
                                 "A key was loaded, or has signed a file, that the policy does not "
                                 "know.",
                                 "", "" },
    [REASON_MESSAGE_FORGED] = { "message-forged",
                                "Messages came in the device's name that it did not send.", "",
                                "" },
    [REASON_KEY_USED_ELSEWHERE] = { "key-used-elsewhere",
                                    "The device's message keys were used by somebody else.", "",
                                    "" },
    [REASON_DEVICE_CLONED] = { "device-cloned",
                               "There are two of this device: a copy of its state is at work.", "",
                               "" },
};

const struct reason_entry *reason_entry(enum reason r)
{
    return &entries[(unsigned)r < REASON_COUNT ? r : REASON_NONE];
}

const char *reason_code(enum reason r)
{
    return reason_entry(r)->code;
}

const char *reason_text(enum reason r)
{
    return reason_entry(r)->sentence;
}

enum reason reason_of_code(struct pawl_view code)
{
    for (int r = REASON_NONE; r < REASON_COUNT; r++)
        if (pawl_view_equal(code, pawl_view_str(entries[r].code)))
            return (enum reason)r;
    return REASON_NONE;
}
