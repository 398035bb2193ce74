#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves: an independent program on cbor2 and Python's cryptography opens our messages, of all suites
# in both forms and directions, given the generation's key; and none under another.
#
# Usage: cose_python.sh COSE_MESSAGE MAKE_MESSAGES. Exit code 77: those two packages are not here.
set -eu
cose_message=$(realpath "$1")
theirs=$(realpath "$2")
/usr/bin/python3 -c 'import cbor2, cryptography' 2>/dev/null ||
    { echo "skipped: no python3-cbor2 or python3-cryptography"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$cose_message" . >lines
[ "$(wc -l <lines)" -eq 16 ]
while read -r name uk verifier_id tenant device_id dir epoch plain _; do
    opened=$("$theirs" open "$uk" "$verifier_id" "$tenant" "$device_id" "$dir" "$epoch" "$name")
    [ "$opened" = "$plain" ] || { echo "not ok: $name opens to $opened, not $plain"; exit 1; }
    echo "ok: opens $name"
done <lines
if "$theirs" open "$uk" "$verifier_id" "$tenant" "$device_id" "$dir" 8 "$name" >log 2>&1; then
    echo "not ok: $name opens in another epoch"
    exit 1
fi
echo "ok: refuses another epoch"
