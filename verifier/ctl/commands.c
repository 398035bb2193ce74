/* SPDX-License-Identifier: Apache-2.0 */
/* Every command of pawlctl, in the order of --help. */
#include "ctl/ctl.h"

#define O(option) (1u << OPT_##option)
#define ONLINE    (O(SOCKET) | O(TENANT))

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

    { "device", "list", "", "lists devices", .run = device_list, .show = show_devices,
      .options = ONLINE },
    { "device", "show", "ID", "shows all about a device", .run = device_show, .show = show_device,
      .options = ONLINE, .operands = 1 },
    { "device", "approve", "ID", "admits a device that waits, or lets an active one enrol again",
      .run = device_approve, .show = show_moved, .options = ONLINE, .operands = 1 },
    { "device", "revoke", "ID", "turns a device away for good", .run = device_revoke,
      .show = show_moved, .options = ONLINE, .operands = 1 },

    { "device", "rekey", "ID", "demands a rekey at the device's next contact", .run = device_rekey,
      .show = show_members, .options = ONLINE, .operands = 1 },
    { "device", "hedge", "ID", "makes the key for `pawl-agent hedge -`, and prints it this once",
      .run = device_hedge, .show = show_hedge, .options = ONLINE, .operands = 1 },
    { "device", "key", "ID LABEL", "prints a key for a service, which the device derives too",
      .run = device_key, .show = show_members, .options = ONLINE, .operands = 2 },

    { "message", "list", "[--follow] [--after CURSOR] [--device ID]",
      "lists messages from devices, and with --follow those that come", .run = message_list,
      .show = show_messages, .more = message_more,
      .options = ONLINE | O(FOLLOW) | O(AFTER) | O(DEVICE) },
    { "message", "send", "ID [TEXT|-]", "sends a message to a device, from standard input if none",
      .run = message_send, .show = show_sent, .options = ONLINE, .operands = 1, .at_most = 2 },

    { "policy", "add", "FILE|-", "stores a version of a policy", .run = policy_add,
      .show = show_stored, .options = ONLINE, .operands = 1 },
    { "policy", "list", "", "lists policies", .run = policy_list, .show = show_policies,
      .options = ONLINE },
    { "policy", "show", "NAME [--policy-version N]", "shows a policy, the newest version if none",
      .run = policy_show, .show = show_policy, .options = ONLINE | O(VERSION_NUMBER),
      .operands = 1 },
    { "policy", "learn", "NAME --device ID [--policy-version N]",
      "makes a policy from a device's last believed PCR values", .run = policy_make,
      .show = show_stored, .needs = O(DEVICE), .options = ONLINE | O(VERSION_NUMBER),
      .operands = 1 },
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
