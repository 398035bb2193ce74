/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of reasons, in the order of the pipeline. */
#include "appraise/reason.h"

static const struct reason_entry entries[REASON_COUNT] = {
    [REASON_NONE] = { "none", "No reason was given.", "Nothing was found.",
                      "Nothing is to be done." },
    [REASON_AWAITS_APPROVAL] = { "awaits-approval",
                                 "The device is enrolled and waits for an operator's approval.",
                                 "It enrolled, and nobody said yet that it may.",
                                 "Compare its id with the device's own (pawl-agent status), then: "
                                 "pawlctl device approve ID." },
    [REASON_NO_EK_CERT] = { "no-ek-cert", "No certificate says whose TPM this is.",
                            "The saved evidence holds no certificate, or the device has none.",
                            "Judge evidence that was saved with its certificates; a device without "
                            "one cannot enrol." },
    [REASON_TPM_WENT_BACK] = { "tpm-went-back",
                               "The TPM's reset count, restart count or clock is less than in an "
                               "earlier quote.",
                               "A virtual machine or its TPM was restored from a snapshot, or two "
                               "machines run the same state.",
                               "Find out who restored it. If that was meant, let the device enrol "
                               "again; otherwise treat it as taken over." },
    [REASON_PCR0_EMPTY] = { "pcr0-empty",
                            "PCR 0 is all zero although firmware was measured before.",
                            "The TPM was reset under a running system, or a resume from sleep lost "
                            "its measurements.",
                            "Boot the device again from power off. If it comes back, update its "
                            "firmware (CVE-2018-6622)." },
    [REASON_BANKS_CHANGED] = { "banks-changed",
                               "The TPM has other PCR banks than when the device enrolled.",
                               "Somebody changed the TPM's PCR banks in the firmware's setup, or "
                               "an update did.",
                               "If that was meant, let the device enrol again; otherwise look who "
                               "had access to its setup." },
    [REASON_FIRMWARE_DIFFERS] = { "firmware-differs",
                                  "The TPM's firmware version is not the one in its certificate.",
                                  "The TPM's firmware was updated since it left the factory.",
                                  "Nothing, if somebody updated it. It is a note and changes no "
                                  "verdict." },
    [REASON_FIRMWARE_ADVISORY] = { "firmware-advisory",
                                   "A security advisory names the TPM's firmware version.",
                                   "The TPM runs a version with a published weakness.",
                                   "Update the TPM's firmware by its maker's tool; then let the "
                                   "device make new keys (pawlctl device rekey)." },
    [REASON_FIRMWARE_TOO_OLD] = { "firmware-too-old",
                                  "The TPM's firmware is older than the policy allows, or of a "
                                  "maker that it does not name.",
                                  "The TPM was not updated, or the policy has no floor for its "
                                  "maker.",
                                  "Update the TPM's firmware, or write its maker into the policy's "
                                  "member firmware." },
    [REASON_TPM_IN_REACH] = { "tpm-in-reach",
                              "The TPM is of a kind whose secrets fall to who holds the device.",
                              "It is a firmware TPM of AMD's, whose chips give its secrets away "
                              "when their power is disturbed, and the policy reckons with such "
                              "people.",
                              "Use a TPM of its own chip where strangers can open the device, or "
                              "take physical_access out of the policy." },
    [REASON_SLOW_ANSWER] = { "slow-answer", "The answer took longer than the policy allows.",
                             "The device or the network is slow, or somebody passes questions on "
                             "to a TPM elsewhere.",
                             "Compare with the times of like devices; raise answer_within_ms if "
                             "they are as slow." },
    [REASON_OS_BOOT_DIFFERS] = { "os-boot-differs",
                                 "The TPM was reset without a boot of the system.",
                                 "The TPM lost its power or its reset line was pulled while the "
                                 "system ran on.",
                                 "Look for somebody at the board. Boot the device again from power "
                                 "off; if it comes back, its TPM is not to be trusted." },
    [REASON_TPM_NOT_RESET] = { "tpm-not-reset", "The system booted without a reset of the TPM.",
                               "A kexec, or a board whose warm reboot does not reach the TPM: its "
                               "PCRs hold two boots.",
                               "Power the device off and on. For boards that are made so: "
                               "\"tpm_not_reset\": \"accept\" in the policy." },
    [REASON_LAB_TPM] = { "lab-tpm", "The TPM is trusted by the lab's roots only.",
                         "It is a software TPM, or one whose maker is in the lab's roots only.",
                         "Nothing in a lab. Anywhere else, take the lab's roots out of the "
                         "tenant." },
    [REASON_NO_POLICY] = { "no-policy", "No policy says what is good.",
                           "No policy is assigned to the device, its group or the tenant, or it "
                           "cannot be read, or it demands nothing.",
                           "pawlctl policy learn from a good device, then pawlctl policy assign." },
    [REASON_RELEASE_OVER] = { "release-over", "The device runs a release whose time is over.",
                              "The device was not updated before the release's until.",
                              "Update the device, or move the date in a new version of the "
                              "policy." },
    [REASON_MIXED_IMAGE] = { "mixed-image", "The parts of this boot belong to different releases.",
                             "An update broke off half-way, or somebody put an old part beside new "
                             "ones.",
                             "Finish or repeat the update; if nobody updated it, treat it as "
                             "changed by somebody." },
    [REASON_WATCHED] = { "watched",
                         "The group only watches: enforced, this would be contraindicated.",
                         "The device's group is in the mode watch.",
                         "Read the other findings; when they are what you want, set the group to "
                         "enforce." },
    [REASON_EXCEPTED] = { "excepted", "Somebody made an exception of what was found.",
                          "Somebody knows of this and took it, until the date that is told.",
                          "Mend the cause before that date, or drop the exception." },
    [REASON_PCR_MISSING] = { "pcr-missing", "The policy names a PCR that was not quoted.",
                             "The policy has a rule for a PCR or bank that the tenant does not ask "
                             "for, or that this TPM does not have.",
                             "Add the PCR to the tenant's pcrs, or take the rule out of the "
                             "policy." },
    [REASON_PCR_DIFFERS] = { "pcr-differs", "A PCR has a value that the policy does not allow.",
                             "Firmware, its settings, a boot loader or a kernel was updated, or "
                             "changed by somebody.",
                             "Compare with a device that is good (pawlctl policy diff). If the "
                             "change was meant, add the new value; otherwise take the device out "
                             "of service." },
    [REASON_PCR_BANK_EMPTY] = { "pcr-bank-empty",
                                "Nothing was measured into the firmware's PCRs of a bank.",
                                "The board measures nothing, or its firmware leaves this bank "
                                "alone, where anybody can fake a boot later.",
                                "Use a bank that the firmware measures into, or update the "
                                "firmware (CVE-2021-42299)." },
    [REASON_NO_EVENT_LOG] = { "no-event-log", "No event log of the firmware came with the quote.",
                              "The firmware or kernel hands out no log, or the agent may not read "
                              "it.",
                              "Look for /sys/kernel/security/tpm0/binary_bios_measurements on the "
                              "device. Without a log, use PCR values alone." },
    [REASON_EVENT_LOG_DIFFERS] = { "event-log-differs",
                                   "The event log does not lead to the quoted PCR values.",
                                   "Something measures without the log (a driver, a loader, a "
                                   "distribution's component), or the log was changed.",
                                   "Compare with pawlctl eventlog --pcrs. Name PCRs that others "
                                   "extend in event_log.ignore; if no component explains it, treat "
                                   "the device as changed by somebody." },
    [REASON_EVENT_LOG_BROKEN] = { "event-log-broken",
                                  "The event log breaks a rule of its standard.",
                                  "The firmware writes logs of its own kind, or somebody made up "
                                  "events.",
                                  "The detail names the row of docs/appraisal.md. Update the "
                                  "firmware; SHA-1 logs of old machines: event_log.legacy; for a "
                                  "known quirk make an exception." },
    [REASON_SECURE_BOOT_OFF] = { "secure-boot-off", "Secure boot was not on.",
                                 "Somebody turned it off in the firmware's setup, or the keys were "
                                 "cleared.",
                                 "Turn secure boot on and boot again. If nobody says he turned it "
                                 "off, find out who had access." },
    [REASON_SECURE_BOOT_KEYS] = { "secure-boot-keys",
                                  "The keys of secure boot are not those of the policy.",
                                  "A firmware or dbx update changed them, or somebody enrolled "
                                  "keys of his own.",
                                  "Compare with pawlctl eventlog. If an update did it, learn the "
                                  "new values; otherwise restore the factory's keys." },
    [REASON_SBAT_TOO_OLD] = { "sbat-too-old",
                              "The revocation level of the boot loader is older than the policy "
                              "allows.",
                              "The boot loader is an old one, whose known weaknesses are not "
                              "revoked on this device.",
                              "Update shim and the boot loader, and boot twice: shim sets the "
                              "level on a boot." },
    [REASON_BOOT_AUTHORITY_UNKNOWN] = { "boot-authority-unknown",
                                        "Something was booted by the word of a key that the policy "
                                        "does not know.",
                                        "Something that another key signed was booted: other "
                                        "media, another system, a machine owner's key.",
                                        "Look what was booted (pawlctl eventlog). Add the "
                                        "certificate's SHA-256 if it was meant." },
    [REASON_BOOT_IMAGE_UNKNOWN] = { "boot-image-unknown",
                                    "A boot loader or kernel was started that the policy does not "
                                    "know.",
                                    "A boot loader, kernel or option ROM was updated or exchanged, "
                                    "or the policy does not name images at all.",
                                    "Add the digests of the new release to the policy (pawlctl "
                                    "policy learn); if nobody updated it, take the device out of "
                                    "service." },
    [REASON_COMMAND_LINE_DIFFERS] = { "command-line-differs",
                                      "A boot loader or kernel had a command line that the policy "
                                      "does not know.",
                                      "Somebody changed the boot loader's configuration, or chose "
                                      "another entry at the console.",
                                      "Read the line in the detail. Boot the usual entry, or add "
                                      "the line to the policy if it was meant." },
    [REASON_MOK_UNKNOWN] = { "mok-unknown",
                             "A machine owner's key is enrolled that the policy does not know.",
                             "Somebody enrolled a key with mokutil, mostly to load drivers of his "
                             "own.",
                             "Ask who did (mokutil --list-enrolled). Add its digest, or delete the "
                             "key." },
    [REASON_NO_IMA_LIST] = { "no-ima-list", "No list of what the system ran came with the quote.",
                             "The kernel measures nothing (no ima_policy on its command line), or "
                             "the agent may not read the list.",
                             "Boot with ima_policy=tcb or an own policy, and let the agent read "
                             "/sys/kernel/security/ima/." },
    [REASON_IMA_WITHOUT_TPM] = { "ima-without-tpm",
                                 "The kernel began to measure before it had the TPM.",
                                 "The TPM's driver is a module, or came up after IMA: PCR 10 stays "
                                 "empty.",
                                 "Use a kernel with the TPM's driver built in." },
    [REASON_IMA_LIST_DIFFERS] = { "ima-list-differs",
                                  "The measurement list, as far as it came, does not lead to the "
                                  "quoted PCR value.",
                                  "The list still comes in pieces, or it was changed on the "
                                  "device.",
                                  "Wait for the next attestation. If it stays so, treat the device "
                                  "as taken over." },
    [REASON_IMA_LIST_BROKEN] = { "ima-list-broken",
                                 "The measurement list breaks a rule of its form.",
                                 "An unusual kernel (another template, SHA-1, kexec), or a list "
                                 "that somebody changed.",
                                 "The detail names the row of docs/appraisal.md. Old kernels: "
                                 "ima.sha1, ima.kexec; otherwise update the kernel." },
    [REASON_FILE_UNKNOWN] = { "file-unknown",
                              "A file was run or read that the policy does not know.",
                              "A package was installed or updated, a file was changed, or somebody "
                              "ran a program of his own.",
                              "Look up the path in the detail. Make the allow list anew after an "
                              "update; otherwise take the device out of service." },
    [REASON_FILES_EXCLUDED] = { "files-excluded",
                                "Files that the policy excludes were run or read, and not judged.",
                                "The policy's exclude has paths whose files change all the time, "
                                "or an exception names one.",
                                "Nothing, if all of them are meant; whoever can write there can "
                                "run what he likes. It is a note." },
    [REASON_IMA_VIOLATION] = { "ima-violation", "A file was changed while it was measured.",
                               "A file was written while it was open for reading: logs and "
                               "databases do so in ordinary life.",
                               "Exclude such files in the device's IMA policy, or set "
                               "ima.violations if you take the gap." },
    [REASON_IMA_POLICY_UNKNOWN] = { "ima-policy-unknown",
                                    "The kernel measures by rules that the policy does not know.",
                                    "The device loads another IMA policy than the rules know, or "
                                    "the rules name none.",
                                    "Add the SHA-256 of /etc/ima/ima-policy to ima.policies; what "
                                    "that file leaves out is not seen." },
    [REASON_IMA_KEY_UNKNOWN] = { "ima-key-unknown",
                                 "A key was loaded, or has signed a file, that the policy does not "
                                 "know.",
                                 "A file is signed by a key that the policy does not have, or one "
                                 "was added to the kernel's keyring.",
                                 "Add the key to ima.keys, or its digest to ima.buffers, if it is "
                                 "yours." },
    [REASON_IMA_MORE_WRONG] = { "ima-more-wrong",
                                "More is wrong in the measurement list than is told one by one.",
                                "Mostly more of what the other findings tell: many files after an "
                                "update, or the policy of another system.",
                                "Mend what is told one by one. A new version of the policy, or an "
                                "exception for a file, has the list judged anew, and the next ones "
                                "are told. pawlctl ima shows a whole list." },
    [REASON_MESSAGE_FORGED] = { "message-forged",
                                "Messages came in the device's name that it did not send.",
                                "Somebody has, or had, this device's keys and sent in its name.",
                                "pawlctl incident show ID says which messages. Secure the device, "
                                "let it make new keys (pawlctl device rekey ID), then close the "
                                "incident." },
    [REASON_KEY_USED_ELSEWHERE] = { "key-used-elsewhere",
                                    "The device's message keys were used by somebody else.",
                                    "Keys were copied off the device and used from another place.",
                                    "pawlctl incident show ID says which and since when. Find the "
                                    "leak before you close it." },
    [REASON_DEVICE_CLONED] = { "device-cloned",
                               "There are two of this device: a copy of its state is at work.",
                               "The device's disk or state was copied and both copies run, or an "
                               "old backup was started.",
                               "Find the other one. Revoke the device, or stop the copy and let "
                               "this one enrol again." },
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
