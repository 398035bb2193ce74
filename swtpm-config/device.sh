# SPDX-License-Identifier: Apache-2.0
# What the scripts beside this file share: how a device directory is laid out, and how its swtpm is
# found, started and ended. Sourced, never run.
#
#   DIR/state/  the TPM's memory          DIR/tcti  the string that an agent gets as `tcti`
#   DIR/ek/     EK certificates, DER      DIR/sock  DIR/pid  DIR/log  of the running swtpm

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null || die "$tool is missing (swtpm, tpm2-tools, openssl)"
    done
}

# The absolute path of a device directory. A Unix socket's path has 107 bytes at most.
device_dir() {
    [ -d "$1" ] || die "$1: no such device"
    dir=$(cd "$1" && pwd)
    [ ${#dir} -le 96 ] || die "$dir: too long for a socket's path, choose a shorter one"
    echo "$dir"
}

# The process that serves the device, or nothing. A number that another process got is not it.
device_pid() {
    pid=$(cat "$1/pid" 2>/dev/null) || return 0
    [ -n "$pid" ] || return 0
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "dir=$1/state" || return 0
    echo "$pid"
}

# Waits until the process has left the state directory; a zombie has.
device_gone() {
    tries=500
    while kill -0 "$1" 2>/dev/null && ! grep -qs '^State:.Z' "/proc/$1/status"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || die "swtpm $1 does not end"
        sleep 0.01
    done
}

# Starts the TPM as a machine's power button does: Startup(CLEAR).
device_start() {
    [ -z "$(device_pid "$1")" ] || die "$1 is running already"
    rm -f "$1/sock" "$1/sock.ctrl" "$1/pid"
    swtpm socket --tpm2 --tpmstate "dir=$1/state" \
        --server "type=unixio,path=$1/sock" --ctrl "type=unixio,path=$1/sock.ctrl" \
        --flags not-need-init,startup-clear --pid "file=$1/pid" --log "file=$1/log" --daemon \
        || die "swtpm does not start, see $1/log"
    echo "swtpm:path=$1/sock" >"$1/tcti"
    tries=500
    until TSS2_LOG=all+none tpm2_pcrread -T "swtpm:path=$1/sock" -Q sha256:0 2>"$1/start.log"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] && [ -n "$(device_pid "$1")" ] \
            || die "the TPM does not answer: $(cat "$1/start.log")"
        sleep 0.01
    done
    rm -f "$1/start.log"
}

# Ends it as a machine that shuts down does.
device_stop() {
    pid=$(device_pid "$1")
    [ -n "$pid" ] || return 0
    tpm2_shutdown -T "swtpm:path=$1/sock" -c || die "the TPM refuses TPM2_Shutdown"
    kill "$pid"
    device_gone "$pid"
    rm -f "$1/pid" "$1/sock" "$1/sock.ctrl"
}
