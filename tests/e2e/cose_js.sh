#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves: a COSE library of others opens our compact form, given the content key (it does not know
# direct+HKDF), and refuses one that was changed.
#
# Usage: cose_js.sh COSE_MESSAGE. Exit code 77: no npm here, or it cannot fetch the library.
set -eu
cose_message=$(realpath "$1")
for tool in node npm; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$cose_message" . >lines
echo '{"private":true,"type":"commonjs"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts cose-js@0.9 >log 2>&1 ||
    { echo "skipped: cose-js cannot be installed"; tail -n 3 log; exit 77; }
cat >open.js <<'JS'
const assert = require("node:assert");
const { readFileSync } = require("node:fs");
const cose = require("cose-js");

// What it has of our algorithms: AES-CCM-16-128-128 and A128GCM.
const known = /^(ccm|gcm)\.compact\./;

async function main() {
    const lines = readFileSync("lines", "utf8").trim().split("\n").map((line) => line.split(" "));
    const ours = lines.filter(([name]) => known.test(name));
    assert.equal(ours.length, 4);
    for (const [name, , , , , , , plain, key, aad] of ours) {
        const message = readFileSync(name);
        const open = (bytes, external) => cose.encrypt.read(bytes, Buffer.from(key, "hex"),
            { externalAAD: Buffer.from(external, "hex") });
        assert.equal((await open(message, aad)).toString("hex"), plain);
        console.log(`ok: opens ${name}`);
        message[message.length - 1] ^= 1;
        await assert.rejects(open(message, aad));
        message[message.length - 1] ^= 1;
        await assert.rejects(open(message, aad.slice(0, -2)));
        console.log(`ok: refuses ${name} when it was changed`);
    }
}

main().catch((why) => { console.error(why); process.exit(1); });
JS
node open.js
