# SPDX-License-Identifier: Apache-2.0
# A small world for whole tests: real verifiers, agents, TPMs and files in one temporary directory.
# Sourced, never run, with the three programs as arguments:
#
#   . "$(dirname "$0")/world.sh"        $1 pawl-agent  $2 pawl-verifier  $3 pawlctl
#
# Nothing sleeps for luck: wait_for asks until it is so. At the end everything that was started is
# ended, and what a sanitizer said in any log fails the test.
#
#   $work/NAME/            a verifier's state        $work/NAME.ready  .log  what it said
#   $work/NAME.tpm/        a device's TPM            $work/NAME.ini  $work/NAME.state/  its agent
#   $work/out  $work/err   what the last `expect` printed

set -euo pipefail
agent_program=$(realpath "$1") verifier_program=$(realpath "$2") ctl_program=$(realpath "$3")
e2e=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab=$e2e/../../swtpm-config
for tool in swtpm tpm2_pcrextend openssl python3 jq sqlite3; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
export TSS2_LOG=all+none

work=$(mktemp -d /tmp/pawl-e2e-XXXXXX)
started=() tpms=() check=start

# ---- saying how it goes ----------------------------------------------------------------------

check() { # WHAT: from here on this is proved
    [ "$check" = start ] || echo "ok: $check"
    check=$*
}
fail() {
    echo "FAILED: $check: $*" >&2
    exit 1
}
all_passed() {
    local name
    check end
    for name in "${started[@]}"; do
        stop_process "$name"
    done
    ! grep -lE 'Sanitizer|runtime error:' "$work"/*.log "$work"/*.said 2>/dev/null ||
        fail "a sanitizer has found something"
    echo "all passed"
}
finish() {
    local code=$? name
    trap - EXIT
    for name in "${started[@]}"; do
        [ ! -f "$work/$name.pid" ] || kill_process "$name" 2>/dev/null || true
    done
    for name in "${tpms[@]}"; do
        "$lab/stop" "$work/$name.tpm" >/dev/null 2>&1 || true
    done
    if [ $code != 0 ] && [ $code != 77 ]; then
        echo "-- at: $check" >&2
        tail -n 20 "$work/out" "$work/err" "$work"/*.log "$work"/*.said >&2 2>/dev/null || true
    fi
    [ -n "${PAWL_KEEP:-}" ] && echo "kept: $work" >&2 || rm -rf "$work"
    exit $code
}
trap finish EXIT

# ---- conditions ------------------------------------------------------------------------------

expect() { # EXIT-CODE COMMAND..
    local want=$1 code=0
    shift
    "$@" >"$work/out" 2>"$work/err" || code=$?
    grep -hE 'Sanitizer|runtime error:' "$work/err" >>"$work/all.said" || true
    [ "$code" = "$want" ] || fail "exit code $code, not $want: $*"
}
has() { # FILE TEXT..: each of them
    local file=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$work/$file" || fail "$file lacks: $text"
    done
}
lacks() { # FILE TEXT..
    local file=$1 text
    shift
    for text in "$@"; do
        ! grep -qF -- "$text" "$work/$file" || fail "$file has: $text"
    done
}
same() { # GOT WANT
    [ "$1" = "$2" ] || fail "'$1' is not '$2'"
}
wait_for() { # COMMAND..: until it succeeds, for at most two minutes
    local end=$((SECONDS + 120))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "never came true: $*"
        sleep 0.05
    done
}
says() { # FILE TEXT: for wait_for
    grep -qF -- "$2" "$work/$1"
}
says_more() { # COUNT FILE TEXT: more often than COUNT
    [ "$(grep -cF -- "$3" "$work/$2")" -gt "$1" ]
}

# ---- processes -------------------------------------------------------------------------------

start_process() { # NAME COMMAND..: stdout in NAME.ready, stderr added to NAME.log
    local name=$1
    shift
    : >"$work/$name.ready"
    "$@" >"$work/$name.ready" 2>>"$work/$name.log" &
    echo $! >"$work/$name.pid"
    started+=("$name")
}
is_running() {
    [ -f "$work/$1.pid" ] && kill -0 "$(cat "$work/$1.pid")" 2>/dev/null
}
stop_process() { # NAME [EXIT-CODE [SIGNAL]]: ends it in order
    local code=0 pid
    [ -f "$work/$1.pid" ] || return 0
    pid=$(cat "$work/$1.pid")
    kill "-${3:-TERM}" "$pid" 2>/dev/null || true
    wait "$pid" || code=$?
    rm "$work/$1.pid"
    [ $code = "${2:-0}" ] || fail "$1 ended with $code"
}
kill_process() { # NAME: as power would
    local pid
    pid=$(cat "$work/$1.pid")
    rm "$work/$1.pid"
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
}
free_port() {
    python3 -B "$e2e/free_port.py"
}

# ---- verifiers -------------------------------------------------------------------------------

verifier_make() { # NAME [OPTION-OF-INIT..]: its join string is in NAME.join
    local name=$1
    shift
    [ -d "$work/ca" ] || "$lab/ca" "$work/ca" >/dev/null
    [ -f "$work/$name.port" ] || free_port >"$work/$name.port"
    expect 0 "$verifier_program" init "$work/$name" --address "127.0.0.1:$(cat "$work/$name.port")" \
        --listen "127.0.0.1:$(cat "$work/$name.port")" --lab-roots "$work/ca/roots" \
        --intermediates "$work/ca/intermediates" "$@"
    cp "$work/out" "$work/$name.join"
    # A device here attests as often as it is told.
    sed -i -e 's/^;workers = 0$/workers = 2/' -e 's/^;attests_per_minute = .*/attests_per_minute = 0/' \
        "$work/$name/verifier.ini"
}
verifier_start() { # NAME
    start_process "$1" "$verifier_program" serve "$work/$1"
    wait_for says "$1.ready" ready
    verifier_is "$1"
}
verifier_set() { # NAME KEY VALUE: takes effect at the next start
    grep -qE "^;?$2 = " "$work/$1/verifier.ini" || fail "verifier.ini has no $2"
    sed -i -E "s|^;?$2 = .*|$2 = $3|" "$work/$1/verifier.ini"
}
verifier_is() { # NAME: which one ctl talks to
    export PAWL_SOCKET=$work/$1/operator.sock
}
verifier_dump() { # NAME: all that it remembers, but what it refused and how often it wrote
    sqlite3 -readonly "$work/$1/pawl.db" .dump | grep -vE '^INSERT INTO "?(refusal|history)\b'
}
ctl() {
    "$ctl_program" "$@"
}
device_field() { # ID JQ-PATH
    ctl --json device show "$1" | jq -r "$2"
}

# ---- devices ---------------------------------------------------------------------------------

tpm_make() { # NAME [OPTION-OF-FRESH..]
    local name=$1
    shift
    [ -d "$work/ca" ] || "$lab/ca" "$work/ca" >/dev/null
    "$lab/fresh" "$work/$name.tpm" --ca "$work/ca" "$@" --start >/dev/null
    tpms+=("$name")
    tpm_boot "$name"
}
tpm_tcti() {
    cat "$work/$1.tpm/tcti"
}
tpm_extend() { # NAME PCR BYTE [BANK]
    local digest
    case ${4:-sha256} in
    sha1) digest=$(printf '%040d' "$3") ;;
    sha256) digest=$(printf '%064d' "$3") ;;
    *) digest=$(printf '%096d' "$3") ;;
    esac
    tpm2_pcrextend -T "$(tpm_tcti "$1")" "$2:${4:-sha256}=$digest"
}
tpm_banks() {
    tpm2_getcap -T "$(tpm_tcti "$1")" pcrs | sed -n 's/^ *- \(sha[0-9]*\): *\[ *[0-9].*/\1/p'
}
tpm_boot() { # NAME: extends what a firmware would, the same at each start
    local bank n list
    for bank in $(tpm_banks "$1"); do
        for n in 0 2 4 7; do
            tpm_extend "$1" $n $((n + 1)) "$bank"
        done
    done
}
tpm_restart() { # NAME: an orderly reboot
    "$lab/stop" "$work/$1.tpm"
    "$lab/start" "$work/$1.tpm" >/dev/null
    tpm_boot "$1"
}
tpm_cut() { # NAME: the power goes and comes
    "$lab/power-cut" "$work/$1.tpm"
    tpm_boot "$1"
}

agent_set() { # NAME KEY=VALUE..: in the agent's configuration
    local name=$1 pair key
    shift
    for pair in "$@"; do
        key=${pair%%=*}
        { echo "$key = ${pair#*=}"; grep -vE "^#?$key *=" "$work/$name.ini"; } >"$work/new.ini"
        cat "$work/new.ini" >"$work/$name.ini"
    done
}
agent_make() { # NAME JOIN-STRING [KEY=VALUE..]: the TPM is NAME's
    local name=$1 join=$2
    shift 2
    expect 0 "$agent_program" --config "$work/$name.ini" join "$join"
    agent_set "$name" "tcti=$(tpm_tcti "$name")" "state=$work/$name.state" \
        "socket=$work/$name.sock" "$@"
}
agent() { # NAME COMMAND..
    local name=$1
    shift
    "$agent_program" --config "$work/$name.ini" "$@"
}
agent_id() { # NAME
    { agent "$1" status --json || true; } | jq -r .device
}
claims() { # FILE: what stands in a token that an agent kept
    python3 -c 'import base64, sys
print(base64.urlsafe_b64decode(open(sys.argv[1]).read().split(".")[1] + "==").decode())' "$1"
}
