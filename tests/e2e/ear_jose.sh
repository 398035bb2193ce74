#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves: an independent JOSE library reads our results and our JWKS, and refuses what another key
# signed and what has expired.
#
# Usage: ear_jose.sh EAR_TOKEN. Exit code 77: no npm here, or it cannot fetch the library.
set -eu
ear_token=$(realpath "$1")
for tool in node npm; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$ear_token" "$work"
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts jose@5 >log 2>&1 ||
    { echo "skipped: jose cannot be installed"; tail -n 3 log; exit 77; }
cat >verify.js <<'JS'
import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";
import assert from "node:assert";

const read = (name) => readFileSync(name, "utf8");
const keys = (name) => createLocalJWKSet(JSON.parse(read(name)));
const verify = (token, jwks) =>
    jwtVerify(read(token), keys(jwks), { algorithms: ["ES256"], typ: "eat+jwt", audience: "default" });

const { payload, protectedHeader } = await verify("good.jwt", "jwks.json");
assert.equal(protectedHeader.alg, "ES256");
assert.equal(payload.eat_profile, "tag:github.com,2023:veraison/ear");
assert.equal(payload.submods.device["ear.status"], "affirming");
assert.equal(payload.submods.device["ear.trustworthiness-vector"].executables, 3);
console.log("ok: reads a good result");
await assert.rejects(verify("good.jwt", "other.json"), { code: "ERR_JWKS_NO_MATCHING_KEY" });
await assert.rejects(verify("good.jwt", "swapped.json"),
    { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
console.log("ok: refuses another key");
await assert.rejects(verify("expired.jwt", "jwks.json"), { code: "ERR_JWT_EXPIRED" });
console.log("ok: refuses an expired one");
JS
node verify.js
