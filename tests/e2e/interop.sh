#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: others read what we write. The agent's quote, taken off the wire, verifies with
# tpm2_checkquote and with pawlctl; and the service's own result with an independent JOSE library.
# For an ECC and an RSA key. (Quotes of others by pawlctl: pawlctl_quote.sh, pawlctl_t490.sh.)
#
#   interop.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

verifier_make v
verifier_start v
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/proxy.key" \
    -subj /CN=proxy -out "$work/proxy.crt" -days 2 2>/dev/null
pin=$(openssl x509 -in "$work/proxy.crt" -noout -pubkey | openssl pkey -pubin -outform DER |
    openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =)

off_the_wire() { # NAME: attests through a proxy, and leaves NAME.attest .sig .pcrs .nonce
    local port
    port=$(free_port)
    agent_set "$1" "server=127.0.0.1:$port" "tls=pin:$pin"
    PYTHONPATH=$e2e python3 -B - "$work" "$1" "$port" "$(cat "$work/v.port")" "$agent_program" \
        <<'PYTHON'
import hashlib, struct, subprocess, sys
from middle import Middle, decode
work, name, port, verifier, agent = sys.argv[1:]
proxy = Middle(int(port), f"{work}/proxy.crt", f"{work}/proxy.key", int(verifier))
subprocess.run([agent, "--config", f"{work}/{name}.ini", "attest", "--token",
                f"{work}/{name}.token"], check=True, stdout=subprocess.DEVNULL)
m = decode(proxy.last("evidence")[1])

# The PCR file of tpm2_quote: TPML_PCR_SELECTION and TPML_DIGESTs as they lie in memory.
count, bank, size = struct.unpack(">IHB", m[2][-44:-37])  # before pcrSelect and pcrDigest
assert (count, bank, size, len(m[5])) == (1, 11, 3, 15), (count, bank, size, len(m[5]))
pcrs = struct.pack("<IHB4sx", 1, bank, size, m[2][-37:-34]).ljust(4 + 16 * 8, b"\0")
lists = [m[5][i:i + 8] for i in range(0, len(m[5]), 8)]
pcrs += struct.pack("<I", len(lists))
for values in lists:
    digests = b"".join(struct.pack("<H64s", len(v), v) for v in values)
    pcrs += struct.pack("<I", len(values)) + digests.ljust(8 * 66, b"\0")
for suffix, data in (("attest", m[2]), ("sig", m[3]), ("pcrs", pcrs),
                     ("nonce", hashlib.sha256(m[1]).hexdigest().encode())):
    with open(f"{work}/{name}.{suffix}", "wb") as f:
        f.write(data)
PYTHON
}
checkquote() { # NAME NONCE
    tpm2_checkquote -u "$work/$1.pub" -m "$work/$1.attest" -s "$work/$1.sig" \
        -f "$work/$1.pcrs" -g sha256 -q "$2"
}
select=sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14

for ak in p256 rsa2048; do
    check "$ak: our quote verifies with tpm2_checkquote"
    tpm_make $ak --ek p256
    agent_make $ak "$(ctl token create 2>/dev/null)" ak=$ak
    cp "$work/$ak.ini" "$work/direct.ini"
    expect 0 agent $ak enroll
    id=$(agent_id $ak)
    expect 0 ctl policy learn $ak --device "$id"
    expect 0 ctl policy assign $ak --device "$id"
    off_the_wire $ak
    device_field "$id" .keys.ak_public | python3 -c 'import sys
b = bytes.fromhex(sys.stdin.read())
sys.stdout.buffer.write(len(b).to_bytes(2, "big") + b)' >"$work/$ak.pub"
    nonce=$(cat "$work/$ak.nonce")
    expect 0 checkquote $ak "$nonce"

    check "$ak: and not for another nonce, other values or a changed quote"
    expect 1 checkquote $ak "$(printf '%064d' 1)"
    cp "$work/$ak.pcrs" "$work/keep"
    printf '\377' | dd of="$work/$ak.pcrs" bs=1 seek=150 conv=notrunc status=none
    expect 1 checkquote $ak "$nonce"
    mv "$work/keep" "$work/$ak.pcrs"
    cp "$work/$ak.attest" "$work/keep"
    printf '\001' | dd of="$work/$ak.attest" bs=1 seek=60 conv=notrunc status=none
    expect 1 checkquote $ak "$nonce"
    mv "$work/keep" "$work/$ak.attest"
    expect 0 checkquote $ak "$nonce"

    check "$ak: pawlctl agrees"
    expect 0 ctl quote verify --ak "$work/$ak.pub" --attest "$work/$ak.attest" \
        --signature "$work/$ak.sig" --pcrs "$work/$ak.pcrs" --select $select --nonce "$nonce"
    expect 0 ctl policy show $ak
    cp "$work/out" "$work/policy.json"
    expect 0 ctl quote verify --ak "$work/$ak.pub" --attest "$work/$ak.attest" \
        --signature "$work/$ak.sig" --pcrs "$work/$ak.pcrs" --select $select \
        --nonce "$nonce" --policy "$work/policy.json"
    expect 1 ctl quote verify --ak "$work/$ak.pub" --attest "$work/$ak.attest" \
        --signature "$work/$ak.sig" --pcrs "$work/$ak.pcrs" --select $select \
        --nonce "$(printf '%064d' 1)"

    check "$ak: the EK certificate that fresh gave it verifies with pawlctl"
    expect 0 ctl ekcert verify --roots "$work/ca/roots" --intermediates "$work/ca/intermediates" \
        "$work/$ak.tpm/ek/p256.der"
done

check "the service's result verifies with jose, by the service's JWKS"
curl -sS --insecure "https://127.0.0.1:$(cat "$work/v.port")/.well-known/jwks.json" \
    >"$work/jwks.json"
mkdir "$work/jose"
echo '{"private":true,"type":"module"}' >"$work/jose/package.json"
if command -v node >/dev/null && command -v npm >/dev/null && (cd "$work/jose" &&
    npm install --silent --no-audit --no-fund --ignore-scripts jose@5 >log 2>&1); then
    cat >"$work/jose/verify.js" <<'JS'
import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";
import assert from "node:assert";
const [jwks, token, status] = process.argv.slice(2);
const keys = createLocalJWKSet(JSON.parse(readFileSync(jwks, "utf8")));
const text = readFileSync(token, "utf8");
const options = { algorithms: ["ES256"], typ: "eat+jwt", audience: "default" };
const { payload } = await jwtVerify(text, keys, options);
assert.equal(payload.submods.device["ear.status"], status);
assert.match(payload.sub, /^[0-9a-f]{64}$/);
const cut = text.split(".");
const claims = Buffer.from(JSON.stringify({ ...payload, aud: "default", exp: payload.exp + 1 }));
await assert.rejects(jwtVerify([cut[0], claims.toString("base64url"), cut[2]].join("."), keys,
    options), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
await assert.rejects(jwtVerify(text, keys, { ...options, audience: "other" }),
    { code: "ERR_JWT_CLAIM_VALIDATION_FAILED" });
JS
    expect 0 node "$work/jose/verify.js" "$work/jwks.json" "$work/p256.token" affirming
    agent_set p256 "server=127.0.0.1:$(cat "$work/v.port")" \
        "$(sed -n 's/^tls = /tls=/p' "$work/direct.ini")"
    tpm_extend p256 7 9
    expect 1 agent p256 attest --token "$work/p256.token"
    expect 0 node "$work/jose/verify.js" "$work/jwks.json" "$work/p256.token" contraindicated
else
    check "jose cannot be installed here: its part is left out"
fi
all_passed
