/* SPDX-License-Identifier: Apache-2.0 */
/* Every command of pawlctl, in the order of --help. */
#include "ctl/ctl.h"

#define O(option) (UINT64_C(1) << OPT_##option)
#define ONLINE    (O(SOCKET) | O(TENANT) | O(URL) | O(TOKEN_FILE) | O(CERT) | O(KEY) | O(CA) | O(PIN))

const struct command commands[] = {
    { "quote", "verify",
      "--ak FILE --attest FILE --signature FILE --pcrs FILE --nonce HEX\n"
      "[--select PCRS] [--ek FILE] [--policy FILE]",
      "verifies a quote made by tpm2_quote", .run = quote_verify, .show = show_members,
      .needs = O(AK) | O(ATTEST) | O(SIGNATURE) | O(PCRS) | O(NONCE),
      .options = O(SELECT) | O(EK) | O(POLICY) },
    { "ekcert", "verify", "--roots PATH [--intermediates PATH] CERT",
      "verifies the certificate of an Endorsement Key", .run = ekcert_verify, .show = show_members,
      .needs = O(ROOTS), .options = O(INTERMEDIATES), .operands = 1 },
    { "ear", "verify", "--jwks FILE [--require STATUS] [--tenant NAME] TOKEN|@FILE|-",
      "verifies an attestation result", .run = ear_verify, .show = show_ear, .needs = O(JWKS),
      .options = O(REQUIRE) | O(TENANT), .operands = 1 },

    { "eventlog", "", "[--pcrs FILE] FILE",
      "replays a firmware event log, and compares it with what tpm2_pcrread printed",
      .run = eventlog_show, .show = show_eventlog, .good = eventlog_is_good, .options = O(PCRS),
      .operands = 1 },

    { "ima", "", "[--pcr10 HEX] FILE",
      "replays a measurement list, and says how much of it a quoted PCR 10 covers", .run = ima_show,
      .show = show_ima, .good = ima_is_good, .options = O(PCR10), .operands = 1 },

    { "allowlist", "", "--tree DIR [--root PATH] | --deb FILE.. [--root PATH] | --keylime FILE",
      "hashes files, or takes digests of files, for the \"ima\" of a policy",
      .run = allow_list_make, .show = show_text_answer, .at_most = 100000,
      .options = O(TREE) | O(ROOT) | O(DEB) | O(KEYLIME) },

    { "appraise", "", "[--policy FILE] [--at TIME] BUNDLE",
      "judges saved evidence once more, as the verifier did or by another policy",
      .run = appraise_bundle, .show = show_appraised, .good = appraise_is_good,
      .options = O(POLICY) | O(AT), .operands = 1 },

    { "why", "", "DEVICE | --request ID | --serial S",
      "says in a sentence what is wrong with a device, or why a request was refused",
      .run = why_ask, .show = show_why, .options = ONLINE | O(REQUEST) | O(SERIAL), .at_most = 1 },

    { "reasons", "", "[CODE]", "says what each reason of a verdict comes from, and what to do",
      .run = reasons_list, .show = show_catalogue, .at_most = 1 },

    { "completion", "", "bash|zsh|fish", "prints what makes that shell complete pawlctl",
      .run = completion_print, .show = show_raw, .operands = 1 },

    { "fleet", "", "", "counts devices by state, status and group", .run = fleet_show,
      .show = show_fleet, .options = ONLINE },
    { "stream", "", "[--after CURSOR] [--device ID] [--type TYPE]",
      "prints messages, marks, incidents and overdue devices as they come", .run = stream_next,
      .show = show_messages, .more = stream_more,
      .options = ONLINE | O(AFTER) | O(DEVICE) | O(TYPE) },

    { "device", "list",
      "[--state STATE] [--group NAME] [--label LABEL] [--status STATUS]\n"
      "[--release NAME] [--overdue] [--begins HEX] [--limit N]",
      "lists devices, all or those that fit all of it", .run = device_list, .show = show_devices,
      .options = ONLINE | O(STATE) | O(GROUP) | O(LABEL) | O(STATUS) | O(RELEASE) | O(OVERDUE) |
                 O(BEGINS) | O(LIMIT) },
    { "device", "label", "ID [--remove] [LABEL..]",
      "gives a device labels (NAME or NAME=VALUE), takes them from it, or shows them",
      .run = device_label, .show = show_labels, .options = ONLINE | O(REMOVE), .operands = 1,
      .at_most = 17 },
    { "device", "show", "ID", "shows all about a device", .run = device_show, .show = show_device,
      .options = ONLINE, .operands = 1 },
    { "device", "approve", "ID", "admits a device that waits, or lets an active one enrol again",
      .run = device_approve, .show = show_moved, .options = ONLINE, .operands = 1 },
    { "device", "revoke", "ID", "turns a device away for good", .run = device_revoke,
      .show = show_moved, .options = ONLINE, .operands = 1 },

    { "device", "group", "ID NAME", "puts a device into a group; '' takes it out",
      .run = device_group, .show = show_grouped, .options = ONLINE, .operands = 2 },
    { "device", "evidence", "ID --out FILE",
      "saves what the last verdict was made of, for pawlctl appraise", .run = device_evidence,
      .show = show_evidence, .options = ONLINE, .needs = O(OUT), .operands = 1 },

    { "device", "rekey", "ID", "demands a rekey at the device's next contact", .run = device_rekey,
      .show = show_members, .options = ONLINE, .operands = 1 },
    { "device", "hedge", "ID", "makes the key for `pawl-agent hedge -`, and prints it this once",
      .run = device_hedge, .show = show_hedge, .options = ONLINE, .operands = 1 },
    { "device", "key", "ID LABEL", "prints a key for a service, which the device derives too",
      .run = device_key, .show = show_members, .options = ONLINE, .operands = 2 },

    { "group", "list", "", "lists groups", .run = group_list, .show = show_groups,
      .options = ONLINE },
    { "group", "show", "NAME", "shows a group", .run = group_show, .show = show_group,
      .options = ONLINE, .operands = 1 },
    { "group", "set", "NAME --mode watch|enforce [--policy NAME] [--note TEXT]",
      "makes a group or changes it: one that watches warns and never condemns", .run = group_set,
      .show = show_group, .options = ONLINE | O(POLICY) | O(NOTE), .needs = O(MODE),
      .operands = 1 },
    { "group", "drop", "NAME", "drops a group without devices, and its exceptions",
      .run = group_drop, .show = show_dropped, .options = ONLINE, .operands = 1 },

    { "exception", "list", "", "lists exceptions", .run = exception_list, .show = show_exceptions,
      .options = ONLINE },
    { "exception", "add",
      "REASON [--what WHAT] --device ID | --group NAME | --all\n"
      "--author NAME --note TEXT --until DAY",
      "takes a fault until the end of a day (2026-12-31); what is as a finding has it: sha256:7",
      .run = exception_add, .show = show_excepted,
      .options = ONLINE | O(WHAT) | O(DEVICE) | O(GROUP) | O(ALL),
      .needs = O(AUTHOR) | O(NOTE) | O(UNTIL), .operands = 1 },
    { "exception", "end", "NUMBER", "takes a fault no longer", .run = exception_end,
      .show = show_exception_ended, .options = ONLINE, .operands = 1 },

    { "message", "list", "[--follow] [--after CURSOR] [--device ID]",
      "lists messages from devices, and with --follow those that come", .run = message_list,
      .show = show_messages, .more = message_more,
      .options = ONLINE | O(FOLLOW) | O(AFTER) | O(DEVICE) },
    { "message", "send", "ID [TEXT|-]", "sends a message to a device, from standard input if none",
      .run = message_send, .show = show_sent, .options = ONLINE, .operands = 1, .at_most = 2 },

    { "message", "queue", "ID", "lists messages that a device has not acknowledged",
      .run = message_queue, .show = show_queue, .options = ONLINE, .operands = 1 },

    { "incident", "list", "[--open] [--device ID]", "lists what detection found",
      .run = incident_list, .show = show_incidents, .options = ONLINE | O(OPEN) | O(DEVICE) },
    { "incident", "show", "ID", "shows an incident and the messages that it names",
      .run = incident_show, .show = show_incident, .options = ONLINE, .operands = 1 },
    { "incident", "close", "ID [--note TEXT]", "says that an incident is over", .run = incident_end,
      .show = show_incident_closed, .options = ONLINE | O(NOTE), .operands = 1 },
    { "incident", "export", "ID [--out FILE] [--all]",
      "writes the strongest proof of an incident, or FILE.1 and so on", .run = incident_export,
      .show = show_exported, .options = ONLINE | O(OUT) | O(ALL), .operands = 1 },
    { "incident", "verify", "FILE [--jwks FILE | --key PIN]",
      "checks a proof: what it proves, and whose word that is", .run = incident_verify,
      .show = show_proof, .good = incident_is_good, .options = O(JWKS) | O(KEY), .operands = 1 },

    { "audit", "list", "[--after N]",
      "lists the chain of everything said about incidents and exceptions", .run = audit_list,
      .show = show_audit, .options = ONLINE | O(AFTER) },
    { "audit", "verify", "[--ear TOKEN|@FILE --jwks FILE] [--file EXPORT]",
      "checks that no entry of the chain was changed or taken out", .run = audit_verify,
      .show = show_audit_verified, .options = ONLINE | O(EAR) | O(JWKS) | O(FILE) },

    { "policy", "add", "FILE|-", "stores a version of a policy", .run = policy_add,
      .show = show_stored, .options = ONLINE, .operands = 1 },
    { "policy", "list", "", "lists policies", .run = policy_list, .show = show_policies,
      .options = ONLINE },
    { "policy", "show", "NAME [--policy-version N]", "shows a policy, the newest version if none",
      .run = policy_show, .show = show_policy, .options = ONLINE | O(VERSION_NUMBER),
      .operands = 1 },
    { "policy", "learn",
      "NAME --device ID [--base VERSION] | --pcrs FILE [--eventlog FILE]\n"
      "[--ima FILE] [--policy FILE]  [--release NAME] [--literal] [--policy-version N]",
      "makes a policy of a good device: stored, or of files and printed; a release of --base",
      .run = policy_learn_any, .show = show_learned, .operands = 1,
      .options = ONLINE | O(DEVICE) | O(VERSION_NUMBER) | O(PCRS) | O(EVENTLOG) | O(IMA) |
                 O(RELEASE) | O(POLICY) | O(LITERAL) | O(BASE) },
    { "policy", "test", "FILE|NAME[:VERSION] --group NAME | --device ID | --all",
      "says what would become of devices; a FILE is -, has a slash or ends in .json",
      .run = policy_try, .show = show_trials, .good = trial_is_good,
      .options = ONLINE | O(GROUP) | O(DEVICE) | O(ALL), .operands = 1 },
    { "policy", "diff", "FILE FILE", "says in words what the second judges otherwise",
      .run = policy_compare, .show = show_changes, .operands = 2 },
    { "policy", "check", "FILE|-", "says whether this is a policy, and names the line if not",
      .run = policy_check, .show = show_members, .operands = 1 },
    { "policy", "assign", "NAME --device ID | --default",
      "judges a device by a policy ('' by the default), or all others", .run = policy_assign,
      .show = show_assigned, .options = ONLINE | O(DEVICE) | O(DEFAULT), .operands = 1 },

    { "token", "create", "[--uses N] [--ttl SECONDS] [--device ID]",
      "makes an enrolment token and prints its join string", .run = token_create, .show = show_join,
      .options = ONLINE | O(USES) | O(TTL) | O(DEVICE) },
    { "token", "list", "", "lists enrolment tokens", .run = token_list, .show = show_tokens,
      .options = ONLINE },
    { 0 },
};
