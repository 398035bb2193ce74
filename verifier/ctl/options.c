/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/options.h"

#define OPTION(text, value, option)                                                                \
    {                                                                                              \
        (text), (value), NULL, OPTION_BASE + OPT_##option                                          \
    }

const struct option options[] = {
    OPTION("json", no_argument, JSON),
    OPTION("ak", required_argument, AK),
    OPTION("attest", required_argument, ATTEST),
    OPTION("signature", required_argument, SIGNATURE),
    OPTION("pcrs", required_argument, PCRS),
    OPTION("nonce", required_argument, NONCE),
    OPTION("select", required_argument, SELECT),
    OPTION("ek", required_argument, EK),
    OPTION("policy", required_argument, POLICY),
    OPTION("roots", required_argument, ROOTS),
    OPTION("intermediates", required_argument, INTERMEDIATES),
    OPTION("jwks", required_argument, JWKS),
    OPTION("require", required_argument, REQUIRE),
    OPTION("socket", required_argument, SOCKET),
    OPTION("tenant", required_argument, TENANT),
    OPTION("device", required_argument, DEVICE),
    OPTION("default", no_argument, DEFAULT),
    OPTION("policy-version", required_argument, VERSION_NUMBER),
    OPTION("uses", required_argument, USES),
    OPTION("ttl", required_argument, TTL),
    OPTION("follow", no_argument, FOLLOW),
    OPTION("after", required_argument, AFTER),
    OPTION("open", no_argument, OPEN),
    OPTION("note", required_argument, NOTE),
    OPTION("out", required_argument, OUT),
    OPTION("all", no_argument, ALL),
    OPTION("key", required_argument, KEY),
    OPTION("ear", required_argument, EAR),
    OPTION("file", required_argument, FILE),
    OPTION("pcr10", required_argument, PCR10),
    OPTION("at", required_argument, AT),
    OPTION("eventlog", required_argument, EVENTLOG),
    OPTION("ima", required_argument, IMA),
    OPTION("release", required_argument, RELEASE),
    OPTION("tree", required_argument, TREE),
    OPTION("root", required_argument, ROOT),
    OPTION("deb", required_argument, DEB),
    OPTION("keylime", required_argument, KEYLIME),
    OPTION("group", required_argument, GROUP),
    OPTION("mode", required_argument, MODE),
    OPTION("author", required_argument, AUTHOR),
    OPTION("until", required_argument, UNTIL),
    OPTION("what", required_argument, WHAT),
    OPTION("literal", no_argument, LITERAL),
    OPTION("base", required_argument, BASE),
    OPTION("url", required_argument, URL),
    OPTION("token-file", required_argument, TOKEN_FILE),
    OPTION("cert", required_argument, CERT),
    OPTION("ca", required_argument, CA),
    OPTION("pin", required_argument, PIN),
    OPTION("request", required_argument, REQUEST),
    OPTION("serial", required_argument, SERIAL),
    OPTION("state", required_argument, STATE),
    OPTION("label", required_argument, LABEL),
    OPTION("status", required_argument, STATUS),
    OPTION("overdue", no_argument, OVERDUE),
    OPTION("rekey-overdue", no_argument, REKEY_OVERDUE),
    OPTION("begins", required_argument, BEGINS),
    OPTION("limit", required_argument, LIMIT),
    OPTION("type", required_argument, TYPE),
    OPTION("remove", no_argument, REMOVE),
    OPTION("role", required_argument, ROLE),
    OPTION("certificate", required_argument, CERTIFICATE),
    OPTION("to", required_argument, TO),
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { 0 },
};

const char *option_name(unsigned option)
{
    for (const struct option *o = options; o->name; o++)
        if (o->val == (int)(OPTION_BASE + option))
            return o->name;
    return "?";
}
