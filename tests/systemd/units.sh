#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves, under a systemd that runs as in life, of the units as they are shipped: systemd finds
# nothing wrong with them; a verifier is started when it serves, and one that cannot serve has
# failed; reload and stop are in order; what is killed comes back, an agent for ever; the sandbox
# leaves state, sockets and TPM as they are meant. And of keys that are credentials: sealed by the
# host's key and by its TPM they serve, change as docs/keys.md says, and no plain copy is left.
#
#   units.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL       inside of a machine of ./boot
. "$(dirname "$0")/../e2e/world.sh"

verifier=pawl-verifier.service agent=pawl-agent.service
dir=/var/lib/pawl url=https://127.0.0.1:8443
# A failure is told with what the services said.
trap 'code=$?; journalctl --no-pager -n 40 -u $verifier -u $agent >"$work/journal.log"
    (exit $code) || finish; finish' EXIT
# A service that never says it is ready would be waited for without an end.
systemctl() {
    timeout 60 /usr/bin/systemctl "$@"
}
property() { # UNIT NAME
    systemctl show -P "$2" "$1"
}
journal_has() { # UNIT TEXT
    journalctl -u "$1" -o cat --no-pager | grep -F -- "$2" >/dev/null # which reads to the end
}
ready() {
    curl -ksf "$url/ready" >/dev/null
}
restarted() { # UNIT COUNT: that often
    [ "$(property "$1" NRestarts)" -ge "$2" ] && [ "$(property "$1" ActiveState)" = active ]
}
drop_in() { # UNIT NAME LINE..: of its section [Service]
    local unit=$1 name=$2
    shift 2
    mkdir -p "/etc/systemd/system/$unit.d"
    printf '%s\n' '[Service]' "$@" >"/etc/systemd/system/$unit.d/$name.conf"
    systemctl daemon-reload
}
mode() { # FILE: owner and mode
    stat -c '%U:%G %a' "$1"
}

check "systemd finds nothing wrong with the units"
expect 0 systemd-analyze verify --man=no $verifier $agent
[ ! -s "$work/err" ] || fail "$(cat "$work/err")"
expect 0 systemd-analyze security --no-pager --threshold=25 $verifier
expect 0 systemd-analyze security --no-pager --threshold=25 $agent

check "a PostgreSQL of the same machine is there for as long as the verifier"
case " $(property $verifier After) " in
*" postgresql.service "*) ;;
*) fail "the verifier does not start after postgresql.service" ;;
esac

check "a verifier that cannot serve has failed to start, and says why"
expect 1 systemctl start $verifier
wait_for journal_has $verifier 'verifier serve: state: '
systemctl stop $verifier

check "it is started when it serves"
"$lab/ca" "$work/ca" >/dev/null
expect 0 "$verifier_program" init $dir --address 127.0.0.1:8443 --lab-roots "$work/ca/roots" \
    --intermediates "$work/ca/intermediates" --token
cp "$work/out" "$work/join"
expect 0 systemctl start $verifier
expect 0 ready
same "$(mode $dir)" "root:root 700"
same "$(mode $dir/operator.sock)" "root:root 600"
export PAWL_SOCKET=$dir/operator.sock
expect 0 ctl device list

check "reload reads keys again, in the same process"
pid=$(property $verifier MainPID)
expect 0 "$verifier_program" key new tls $dir
expect 0 "$verifier_program" key switch tls $dir
expect 0 systemctl reload $verifier
wait_for journal_has $verifier 'reload: the pin of the TLS key is '
same "$(property $verifier MainPID)" "$pid"
# The join string of before names the key of before.
expect 0 "$verifier_program" join $dir --token
cp "$work/out" "$work/join"

check "a verifier that is killed comes back"
same "$(property $verifier Restart) $(property $verifier RestartUSec)" "on-failure 5s"
drop_in $verifier soon RestartSec=100ms
expect 0 systemctl kill -s KILL $verifier
wait_for restarted $verifier 1
expect 0 ready

check "an agent with a configuration that cannot be used is tried for ever"
same "$(property $agent Restart) $(property $agent RestartUSec)" "always 30s"
drop_in $agent soon RestartSec=100ms
mkdir -p /etc/pawl
echo 'interval_s = often' >/etc/pawl/agent.ini
expect 0 systemctl start $agent
wait_for journal_has $agent /etc/pawl/agent.ini:1
wait_for eval '[ "$(property $agent NRestarts)" -gt 5 ]'
systemctl stop $agent
rm /etc/pawl/agent.ini

check "one that nobody has joined waits for that, and says so once"
unjoined='run `pawl-agent join STRING`'
expect 0 systemctl start $agent
wait_for journal_has $agent "$unjoined"
pid=$(property $agent MainPID)

check "joined, it enrols and attests, with its TPM behind a Unix socket"
tpm_make d --ek p256
mkdir /run/device-tpm
mount --bind "$work/d.tpm" /run/device-tpm
(
    umask 077
    printf '%s\n' 'tcti = swtpm:path=/run/device-tpm/sock' 'interval_s = 2' \
        'socket_users = daemon' >/etc/pawl/agent.ini
)
expect 0 "$agent_program" join "$(cat "$work/join")"
clock() { # of the device's TPM at its last quote
    device_field "$id" .clock.ms
}
attests() { # from here on
    local before
    before=$(clock)
    wait_for eval "[ \"\$(clock)\" -gt $before ]"
}
enrolled() {
    [ "$(ctl --json device list | jq -r '.devices[0].state')" = active ]
}
wait_for enrolled
knows_its_id() { # it writes that down behind the verifier
    id=$({ "$agent_program" status --json || true; } | jq -r '.device // empty')
    [ "$id" ]
}
wait_for knows_its_id
attests
same "$(property $agent MainPID) $(property $agent NRestarts)" "$pid 0"
same "$(journalctl -u $agent -o cat --no-pager | grep -cF "$unjoined")" 1
same "$(mode /var/lib/pawl-agent)" "root:root 700"
same "$(mode /run/pawl-agent)" "root:root 755"

check "an application reaches it, and what it hands in arrives"
echo "as a service" >"$work/text"
expect 0 "$agent_program" send --wait "$work/text"

check "so does a user that may, without a look at the configuration"
as() { # USER COMMAND..
    setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"
}
expect 0 as daemon "$agent_program" send --wait <"$work/text"
expect 0 as daemon "$agent_program" recv
expect 1 as games "$agent_program" recv
expect 2 as daemon "$agent_program" attest
has err "Permission denied"
expect 2 as daemon "$agent_program" --config /etc/pawl/agent.ini recv
has err "Permission denied"

check "an agent that is killed comes back and attests"
expect 0 systemctl kill -s KILL $agent
wait_for restarted $agent 1
attests
expect 0 systemctl stop $agent
same "$(property $agent Result)" success
expect 3 as daemon "$agent_program" send <"$work/text"
has err "no agent is there"
expect 0 systemctl start $agent

check "a verifier that is stopped ends well, with somebody who waits for messages"
curl -s --unix-socket $PAWL_SOCKET 'http://pawl/v1/messages?wait_s=30&type=incident' >/dev/null &
connected() {
    ss -xH state connected | grep -F $PAWL_SOCKET >/dev/null
}
wait_for connected
expect 0 systemctl stop $verifier
same "$(property $verifier Result) $(property $verifier ExecMainStatus)" "success 0"

# ---- keys that are credentials ---------------------------------------------------------------

seal() { # HOW FILE NAME: FILE as the credential of that name; no plain copy is left
    expect 0 systemd-creds encrypt --with-key="$1" --name="$3" "$2" "/etc/pawl/$3.cred"
    shred -u "$2"
}
rename() { # HOW NAME NEW-NAME: what it was sealed as is part of a credential
    forget
    systemd-creds decrypt --name="$2" "/etc/pawl/$2.cred" - |
        systemd-creds encrypt --with-key="$1" --name="$3" - "/etc/pawl/$3.cred" 2>"$work/err" ||
        fail "$2 does not become $3"
    rm "/etc/pawl/$2.cred"
}
serve_with() { # NAME..: these credentials, from now on
    local name lines=()
    for name in "$@"; do
        lines+=("LoadCredentialEncrypted=$name:/etc/pawl/$name.cred")
    done
    systemctl stop $verifier
    drop_in $verifier keys "${lines[@]}"
    forget
    expect 0 systemctl start $verifier
}
kids() {
    curl -ks $url/.well-known/jwks.json | jq -r '.keys | length'
}
believes() { # whom the device names
    jq -r .verifier_id /var/lib/pawl-agent/agent.json
}
export SYSTEMD_TPM2_DEVICE=swtpm:path=/run/machine-tpm/sock
forget() { # what systemd 252 leaves open in a TPM whose kernel does not close it
    tpm2_flushcontext -T $SYSTEMD_TPM2_DEVICE --loaded-session
    tpm2_flushcontext -T $SYSTEMD_TPM2_DEVICE --transient-object
}
machine_tpm() { # NAME: the TPM of the machine that the verifier runs on
    ! mountpoint -q /run/machine-tpm || umount /run/machine-tpm
    mkdir -p /run/machine-tpm
    mount --bind "$work/$1.tpm" /run/machine-tpm
}

check "a verifier serves with keys that the host's key and its TPM have sealed"
tpm_make m
tpm_make other
machine_tpm m
cp $dir/master.key "$work/master.key"
seal host $dir/signing.key signing.key
seal tpm2 $dir/master.key master.key
expect 1 systemctl start $verifier
wait_for journal_has $verifier 'serve: signing.key: No such file'
serve_with signing.key master.key
expect 0 ready
attests
! grep -rqF -f "$work/master.key" $dir /etc/pawl || fail "a plain copy of the master key is left"
has_key() { # a join string needs the signing key
    systemd-run -q --wait --pipe -p LoadCredentialEncrypted=signing.key:/etc/pawl/signing.key.cred \
        -p LoadCredentialEncrypted=master.key:/etc/pawl/master.key.cred \
        "$verifier_program" join $dir
}
forget
expect 0 has_key

check "with another machine's TPM it does not start"
systemctl stop $verifier
machine_tpm other
expect 1 systemctl start $verifier
same "$(property $verifier ExecMainStatus)" 243 # EXIT_CREDENTIALS
systemctl stop $verifier
machine_tpm m
serve_with signing.key master.key
attests

check "a signing key that is a credential changes"
first=$(believes)
expect 0 "$verifier_program" key new signing $dir
sed -i "s/^verifier_key = .*/&,$(cat "$work/out")/" /etc/pawl/agent.ini
expect 0 systemctl restart $agent
seal tpm2 $dir/signing.next.key signing.next.key
serve_with signing.key signing.next.key master.key
same "$(kids)" 2
rename host signing.key signing.old.key
rename host signing.next.key signing.key
serve_with signing.key signing.old.key master.key
moved() {
    [ "$(believes)" != "$first" ]
}
wait_for moved
rm /etc/pawl/signing.old.key.cred
serve_with signing.key master.key
same "$(kids)" 1
attests

check "so does a master key"
expect 0 "$verifier_program" key new master $dir
seal tpm2 $dir/master.next.key master.next.key
serve_with signing.key master.key master.next.key
rename tpm2 master.key master.old.key
rename tpm2 master.next.key master.key
serve_with signing.key master.key master.old.key
wait_for journal_has $verifier 'nothing needs the old master key: it can be retired'
rm /etc/pawl/master.old.key.cred
serve_with signing.key master.key
attests

check "a user of its own reads them as well, and may have a low port"
chown -R daemon: $dir
sed -i 's/^;*operator_listen = .*//; s/^\[verifier\]/&\noperator_listen = 127.0.0.1:443/' $dir/verifier.ini
drop_in $verifier user User=daemon AmbientCapabilities=CAP_NET_BIND_SERVICE
serve_with signing.key master.key
same "$(stat -c %U $PAWL_SOCKET)" daemon
same "$(curl -ks -o /dev/null -w '%{http_code}' https://127.0.0.1/v1/whoami)" 401
attests

all_passed
