/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of refusals, in the order of the pipeline. */
#include "refusal/code.h"

static const struct reason_entry entries[REFUSED_COUNT] = {
    [REFUSED_NONE] = { "none", "Nothing was refused.", "Nothing was found.",
                       "Nothing is to be done." },
    [REFUSED_NOT_HTTP] = { "not-http", "What came is no HTTP request, or its headers are too long.",
                           "A port scanner, a load balancer's probe, or a client of another "
                           "protocol.",
                           "Nothing, if it is none of your devices; otherwise look what stands "
                           "between it and the verifier." },
    [REFUSED_NO_ROUTE] = { "no-such-route",
                           "The verifier has no such route, or not for this method.",
                           "A client of another program, or a newer agent's request to an older "
                           "verifier.",
                           "Compare the versions of agent and verifier; a balancer's probe belongs "
                           "to GET /ready." },
    [REFUSED_TOO_LONG] = { "too-long", "The request is longer than its route takes.",
                           "Logs that are larger than the protocol allows, or no agent at all.",
                           "Update the agent: it knows the limits. From a stranger: nothing." },
    [REFUSED_MEDIA_TYPE] = { "wrong-media-type",
                             "The request's Content-Type is not the protocol's.",
                             "A proxy that rewrites headers, or no agent at all.",
                             "Let the proxy pass bodies and Content-Type as they are." },
    [REFUSED_TOO_MANY] = { "too-many-requests",
                           "More requests came from this address or device than it may send.",
                           "A flood, a device that restarts in a loop, or many devices behind one "
                           "address.",
                           "Look what the device logs. For many behind one address raise the limit "
                           "in verifier.ini." },
    [REFUSED_BUSY] = { "verifier-busy",
                       "The verifier had no room for the request: it may come again.",
                       "A flood, or more devices at once than the machine serves.",
                       "Look at GET /metrics for held bytes and connections; if it goes on, add a "
                       "worker or a verifier." },
    [REFUSED_NOT_UNDERSTOOD] = { "not-understood", "The request breaks a rule of its form.",
                                 "An agent of another version, a proxy that changes bodies, or no "
                                 "agent at all.",
                                 "The detail names the field. Compare the versions of agent and "
                                 "verifier." },
    [REFUSED_UNKNOWN_TENANT] = { "unknown-tenant",
                                 "The request names a tenant that this verifier does not have.",
                                 "The device joined with a string of another verifier, or the "
                                 "tenant was taken out of verifier.ini.",
                                 "Compare tenant in the device's agent.ini with verifier.ini; let "
                                 "the device join again." },
    [REFUSED_OTHER_VERIFIER] = { "other-verifier",
                                 "The request is meant for a verifier with another signing key.",
                                 "The device's address leads to the wrong verifier, or the signing "
                                 "key was replaced.",
                                 "Compare verifier_key in the device's agent.ini with "
                                 "/.well-known/jwks.json; let it join again." },
    [REFUSED_TOKEN_MISSING] = { "token-missing",
                                "The device brought no enrolment token, and the tenant takes none "
                                "without.",
                                "It joined with a string that holds no token, or its token was "
                                "used before.",
                                "pawlctl token create, and let the device join with its string." },
    [REFUSED_TOKEN_UNKNOWN] = { "token-unknown", "The tenant has no enrolment token of this id.",
                                "The token is another tenant's or another verifier's.",
                                "pawlctl token create, and let the device join with its string." },
    [REFUSED_TOKEN_FORGED] = { "token-forged",
                               "The enrolment token's secret is not the one that was given out.",
                               "A mistyped join string, or somebody who guesses.",
                               "Let the device join again with the string as it was printed." },
    [REFUSED_TOKEN_EXPIRED] = { "token-expired", "The enrolment token is over.",
                                "The device came later than the token's ttl.",
                                "pawlctl token create --ttl with more time, and let the device "
                                "join with its string." },
    [REFUSED_TOKEN_USED_UP] = { "token-used-up", "No use of the enrolment token is left.",
                                "Other devices used it first, or it was copied.",
                                "pawlctl device list says who came with it. pawlctl token create "
                                "for this one." },
    [REFUSED_TOKEN_OF_OTHER] = { "token-of-other-device",
                                 "The enrolment token was made for another device.",
                                 "Join strings of two devices were exchanged, or the board with "
                                 "the TPM was.",
                                 "pawlctl token create --device with this device's id, or let the "
                                 "right device use it." },
    [REFUSED_EK_TEMPLATE] = { "ek-template",
                              "The Endorsement Key is made by none of the known templates.",
                              "A TPM with a template of its maker's own, or a TPM 1.2.",
                              "Look which EK templates the TPM has in NV; a device without a "
                              "standard one cannot enrol." },
    [REFUSED_WEAK_KEY] = { "weak-key", "A key of the TPM can be factored (CVE-2017-15361).",
                           "An Infineon TPM with firmware of before 2017.",
                           "Update the TPM's firmware, and let the device enrol with new keys." },
    [REFUSED_EK_CERT_MISSING] = { "ek-cert-missing", "The device sent no EK certificate.",
                                  "The TPM holds none in NV (many virtual ones do not), or it was "
                                  "cleared away.",
                                  "Write the maker's certificate back into the TPM's NV, or use "
                                  "another TPM." },
    [REFUSED_EK_CERT_BROKEN] = { "ek-cert-broken",
                                 "The EK certificate, or one above it, is not what the standards "
                                 "allow.",
                                 "A damaged certificate, one of another kind of key, or one with "
                                 "a key or hash that is too weak.",
                                 "pawlctl ekcert verify on the certificate names the field; ask "
                                 "the TPM's maker for a good one." },
    [REFUSED_EK_CERT_OTHER_KEY] = { "ek-cert-of-other-key",
                                    "The EK certificate holds another key than the TPM has.",
                                    "The certificate of another TPM or of another key of this one "
                                    "was sent.",
                                    "Compare the certificate with tpm2_getekcertificate on the "
                                    "device." },
    [REFUSED_EK_CERT_NO_ROOT] = { "ek-cert-no-root",
                                  "The EK certificate leads to no root that the tenant trusts.",
                                  "The TPM's maker is missing in the tenant's roots, an "
                                  "intermediate is missing, or the TPM is made up.",
                                  "pawlctl ekcert verify --roots shows where the chain ends. Add "
                                  "the maker's root or intermediate, if it is theirs." },
    [REFUSED_EK_CERT_EXPIRED] = { "ek-cert-expired",
                                  "A certificate of the EK's chain is over, or not yet good.",
                                  "The certificate's dates have passed, or a clock is wrong.",
                                  "Look at the verifier's clock and the certificate's dates." },
    [REFUSED_EK_CERT_REVOKED] = { "ek-cert-revoked",
                                  "A key of the EK's chain is in the tenant's list of revoked "
                                  "ones.",
                                  "Somebody put its certificate into the directory revoked.",
                                  "Nothing, if that was meant; otherwise take it out of there." },
    [REFUSED_KEY_TEMPLATE] = { "key-template",
                               "The AK or the device's exchange key is not made as the protocol "
                               "has it.",
                               "An agent of another maker, or an attempt with a key outside the "
                               "TPM.",
                               "Compare the versions of agent and verifier; otherwise treat it as "
                               "an attack." },
    [REFUSED_AK_OF_OTHER] = { "ak-of-other-device",
                              "The AK belongs to another device of the tenant.",
                              "A copied state, or somebody who shows another device's AK as his "
                              "own.",
                              "Find the other device by its AK Name; let this one make new keys." },
    [REFUSED_CERTIFY_WRONG] = { "certify-wrong",
                                "The AK does not certify the exchange key for this tenant and "
                                "verifier.",
                                "Keys of two TPMs were mixed, or a saved request was sent to "
                                "another verifier.",
                                "Let the device enrol again. If it stays so, treat it as an "
                                "attack." },
    [REFUSED_NO_COMMON_SUITE] = { "no-common-suite",
                                  "Device and tenant have no cipher suite in common.",
                                  "The tenant's suites were narrowed, or the agent is too old.",
                                  "Compare suites of the tenant with pawl-agent status on the "
                                  "device." },
    [REFUSED_COOKIE_WRONG] = { "cookie-wrong",
                               "The enrolment's second half does not belong to its first.",
                               "Two enrolments were mixed, or master.key was replaced between the "
                               "halves.",
                               "Let the device enrol again. If it stays so, treat it as an "
                               "attack." },
    [REFUSED_COOKIE_EXPIRED] = { "cookie-expired", "The enrolment's second half came too late.",
                                 "A slow TPM or network.",
                                 "Nothing: the agent begins again by itself. If it stays so, look "
                                 "at the network." },
    [REFUSED_ACTIVATION_WRONG] = { "activation-wrong",
                                   "The device could not open what only the TPM with this EK can.",
                                   "The AK lies in another TPM than the EK: somebody shows a "
                                   "certificate that is not his.",
                                   "Let the device enrol again. If it stays so, treat it as an "
                                   "attack." },
    [REFUSED_VALUES_MISSING] = { "values-missing",
                                 "The enrolment's quote came without the PCR values.",
                                 "An agent of another maker.",
                                 "Compare the versions of agent and verifier." },
    [REFUSED_NONCE_WRONG] = { "nonce-wrong",
                              "The evidence answers a question that this verifier did not ask.",
                              "Saved evidence was sent again, or several verifiers do not share "
                              "master.key.",
                              "Give all verifiers behind one address the same master.key. "
                              "Otherwise treat it as an attack." },
    [REFUSED_NONCE_EXPIRED] = { "nonce-expired", "The evidence came too late after its question.",
                                "A slow TPM or network, clocks of several verifiers that differ, "
                                "or saved evidence.",
                                "Compare the verifiers' clocks. A slow device needs a quicker "
                                "way." },
    [REFUSED_LABEL_UNFIT] = { "label-unfit",
                              "The evidence holds what does not belong to its kind of request.",
                              "An agent of another maker.",
                              "The detail names the field. Compare the versions of agent and "
                              "verifier." },
    [REFUSED_UNKNOWN_DEVICE] = { "unknown-device", "The tenant has no device of this id.",
                                 "The device never finished its enrolment, or the store was put "
                                 "back from before it did.",
                                 "Let it enrol: pawl-agent enroll on the device." },
    [REFUSED_OTHER_KEYS] = { "other-keys",
                             "The evidence names other keys than the device enrolled.",
                             "The device made new keys and did not enrol them, or two machines "
                             "share a state.",
                             "Let the device enrol again (pawlctl device approve ID first)." },
    [REFUSED_BASE_WRONG] = { "base-wrong", "The device does not prove the key that it builds on.",
                             "Its state was lost or put back, the store was, or somebody tries "
                             "with the quote alone.",
                             "Wait for its resync. If none comes, let it back in: pawlctl device "
                             "approve ID." },
    [REFUSED_BASE_TOO_OFTEN] = { "base-too-often",
                                 "The device came with unknown keys more often than it may in 10 "
                                 "s.",
                                 "It lost its state and tries in a loop, or somebody tries in its "
                                 "name.",
                                 "Look what the device logs; pawlctl device approve ID gives it "
                                 "leave to come back." },
    [REFUSED_QUOTE_WRONG] = { "quote-wrong", "The quote is not one of this TPM for this request.",
                              "The quote is over other PCRs or another nonce, of another TPM, or "
                              "none of a TPM's.",
                              "The detail names the field. If it stays so after a restart of the "
                              "agent, treat it as an attack." },
    [REFUSED_QUOTE_SIGNATURE] = { "quote-signature",
                                  "The quote's signature is not the device's AK's.",
                                  "Evidence was changed on its way, or made without the TPM.",
                                  "If it stays so after a restart of the agent, treat it as an "
                                  "attack." },
    [REFUSED_VALUES_WRONG] = { "values-wrong", "The PCR values are not those that the TPM quoted.",
                               "PCRs were extended while they were read, or values were made up.",
                               "Nothing, if the next attestation is good; otherwise treat it as an "
                               "attack." },
    [REFUSED_APP_KEY] = { "application-key-wrong",
                          "The key for applications is not one that the device's TPM vouches for.",
                          "The key was made by another program or for another verifier, or the "
                          "certification was made up.",
                          "Set app_key in the device's agent.ini to a handle that is free: the "
                          "agent makes the key. If that does not help, treat it as an attack." },
    [REFUSED_REVOKED] = { "revoked", "The device was revoked, for good.", "An operator revoked it.",
                          "Nothing. A new TPM is a new device." },
    [REFUSED_ATTEMPT_USED] = { "attempt-used",
                               "The request's number was used before, or leaps too far.",
                               "An answer was lost and the agent asks again, or an older state of "
                               "the device is at work.",
                               "Nothing, if the next attestation is good: the refusal tells the "
                               "device where to go on." },
    [REFUSED_BASE_UNKNOWN] = { "base-unknown",
                               "The device builds on keys that this verifier does not have.",
                               "The device's or the verifier's state was lost or put back.",
                               "Nothing, if it resyncs by itself; otherwise pawlctl device approve "
                               "ID." },
    [REFUSED_FORKED] = { "forked", "The device used one key in two ways: two of it may be at work.",
                         "A copy of its state runs elsewhere, or an old state was put back.",
                         "pawlctl incident list --device ID tells what was found." },
    [REFUSED_WAITS] = { "wait-for-approval",
                        "The device wants to come back and needs an operator's leave.",
                        "It enrolled again or lost its keys, and the tenant does not let it back "
                        "by itself.",
                        "If it is the machine that you know: pawlctl device approve ID." },
    [REFUSED_SUITE] = { "suite-refused",
                        "The device asks for a cipher suite that the tenant does not allow.",
                        "The tenant's suites were narrowed, or it has no hedge key and asks for "
                        "one.",
                        "Compare suites of the tenant; pawlctl device hedge ID makes a hedge "
                        "key." },
    [REFUSED_REKEY_TOO_SOON] = { "rekey-too-soon", "The device asks for new keys again too soon.",
                                 "A restart loop, or a rekey that an operator asked for right "
                                 "behind another.",
                                 "Nothing: the refusal says when it may come again." },
    [REFUSED_NARROW] = { "full-evidence-wanted",
                         "After a reset of the TPM the verifier wants all PCRs.",
                         "The machine was booted, and the agent did not know yet.",
                         "Nothing: the agent sends them with its next request." },
    [REFUSED_TICKET_WRONG] = { "ticket-wrong", "What was supplied belongs to no question of ours.",
                               "Several verifiers do not share master.key, or a request was made "
                               "up.",
                               "Give all verifiers behind one address the same master.key." },
    [REFUSED_TICKET_OVER] = { "ticket-over",
                              "What was supplied comes too late: another request was accepted "
                              "since.",
                              "A slow network, or two agents of one device.",
                              "Nothing, if the next attestation is good." },
    [REFUSED_SUPPLY_WRONG] = { "supply-wrong",
                               "What was supplied is not what the device's quote attests.",
                               "The device's log was changed, or is not the one of the boot that "
                               "was quoted.",
                               "Nothing, if the next attestation is good; otherwise treat the "
                               "device as taken over." },
    [REFUSED_NOT_ASKED] = { "not-asked-for", "Something was supplied that nobody asked for.",
                            "An agent of another maker.",
                            "Compare the versions of agent and verifier." },
    [REFUSED_MESSAGES_OFF] = { "messages-off", "The tenant takes no messages.",
                               "messages = no in verifier.ini.",
                               "Turn messages on for the tenant, or stop the application that "
                               "sends." },
    [REFUSED_NOT_ACTIVE] = { "not-active",
                             "The device may send no messages: it waits for approval, or was "
                             "revoked.",
                             "Nobody approved it yet, or an operator revoked it.",
                             "pawlctl device approve ID, if it is a machine that you know." },
    [REFUSED_NOTHING_NEW] = { "nothing-new",
                              "No message of the request is new and under the device's keys.",
                              "A request was sent twice, its keys are of an epoch that is over, or "
                              "somebody has no keys.",
                              "Nothing, if messages come afterwards; otherwise the device attests "
                              "and goes on by itself." },
    [REFUSED_ATTEST_FIRST] = { "attest-first",
                               "Too many messages did not open: the device has to attest first.",
                               "The device's keys and the verifier's are apart, or somebody floods "
                               "in its name.",
                               "Nothing: the agent attests by itself. If it does not, look what it "
                               "logs." },
    [REFUSED_STORE_FAILED] = { "store-failed",
                               "The verifier's store did not answer, or the change did not become "
                               "durable.",
                               "A full or failing disk, or a database that cannot be reached.",
                               "Look at the verifier's log and disk. Devices come again by "
                               "themselves." },
    [REFUSED_STORE_DAMAGED] = { "store-damaged",
                                "A row of the verifier's store is not the one that was written, or "
                                "not for this master key.",
                                "Somebody changed the store, or master.key is another one than it "
                                "was written with.",
                                "Restore store and master.key from one backup (pawl-verifier "
                                "restored afterwards). A device whose row it is can be revoked "
                                "before." },
    [REFUSED_NO_MEMORY] = { "no-memory", "The verifier had no memory for the request.",
                            "A flood, or a machine that is too small.",
                            "Give it more memory, or lower connections_max." },
    [REFUSED_CONTENDED] = { "contended",
                            "Other requests of the device came first, again and again.",
                            "Two agents of one device, or a device that repeats before it has its "
                            "answer.",
                            "Look whether two machines run with one state." },
    [REFUSED_BY_FAULT] = { "verifier-fault", "The verifier failed: this should not happen.",
                           "A fault of the program or of its cryptographic library.",
                           "The detail and the log's line of the request belong into a report to "
                           "the maintainers." },
    [REFUSED_OTHER] = { "other", "The request was refused for a reason without a code.",
                        "Something that the catalogue does not know yet.",
                        "The detail names field and reason." },
};

const struct reason_entry *refused_entry(enum refused r)
{
    return &entries[(unsigned)r < REFUSED_COUNT ? r : REFUSED_NONE];
}

const char *refused_code(enum refused r)
{
    return refused_entry(r)->code;
}

enum refused refused_of_code(struct pawl_view code)
{
    for (int r = REFUSED_NONE; r < REFUSED_COUNT; r++)
        if (pawl_view_equal(code, pawl_view_str(entries[r].code)))
            return (enum refused)r;
    return REFUSED_NONE;
}
