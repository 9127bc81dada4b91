# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A small Tor network of its own: three authorities on s1 to s3, which relay too, and an exit on s4.

# onion_start: the network; returns when the authorities agree on a consensus.
onion_start() {
    local host pids=()
    www_fill
    for host in s1 s2 s3; do
        onion_keys "$host" &
        pids+=($!)
    done
    wait "${pids[@]}"
    for host in s1 s2 s3; do
        onion_relay "$host" "AuthoritativeDirectory 1" "V3AuthoritativeDirectory 1" "DirPort 7000" \
            "ContactInfo ann@$LAB_ZONE" "ExitPolicy accept *:*"
    done
    onion_relay s4 "ExitPolicy accept *:*"
    nginx_start ""
    wait_for 60 test -s "$LAB_DIR/tor-s4/cached-microdesc-consensus"
    flows_are tor tcp '*' 5000
    flows_are tor tcp '*' 7000
}

onion_keys() {
    local place=$LAB_DIR/tor-$1 fingerprint identity
    mkdir -p "$place/keys"
    : >"$place/none"
    chmod 700 "$place" "$place/keys"
    echo secret | tor-gencert --create-identity-key -m 12 -a "$(address4 "$1"):7000" \
        -i "$place/keys/authority_identity_key" -s "$place/keys/authority_signing_key" \
        -c "$place/keys/authority_certificate" --passphrase-fd 0 >/dev/null 2>&1
    fingerprint=$(tor --quiet --list-fingerprint --orport 1 --DataDirectory "$place" \
        --DirAuthority "x 127.0.0.1:1 ffffffffffffffffffffffffffffffffffffffff" \
        --Nickname "$1" -f "$place/none" | cut -d ' ' -f 2- | tr -d ' ')
    identity=$(awk '/^fingerprint/ { print $2 }' "$place/keys/authority_certificate")
    echo "DirAuthority $1 orport=5000 v3ident=$identity $(address4 "$1"):7000 $fingerprint" \
        >"$place/authority"
}

# onion_rc HOST LINE...: a configuration for the lab's network.
onion_rc() {
    local host=$1
    shift
    mkdir -p "$LAB_DIR/tor-$host"
    chmod 700 "$LAB_DIR/tor-$host"
    cat "$LAB_DIR"/tor-s[123]/authority - >"$LAB_DIR/tor-$host/rc" <<END
TestingTorNetwork 1
DataDirectory $LAB_DIR/tor-$host
Nickname $host
Log notice stdout
AssumeReachable 1
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
TestingDirAuthVoteExit *
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingMinExitFlagThreshold 0
PathsNeededToBuildCircuits 0.25
ServerDNSDetectHijacking 0
ServerDNSTestAddresses
END
    printf '%s\n' "$@" >>"$LAB_DIR/tor-$host/rc"
}

onion_relay() {
    onion_rc "$@" "SocksPort 0" "ORPort 5000" "Address $(address4 "$1")"
    start_on "$1" tor tor -f "$LAB_DIR/tor-$1/rc"
}

# onion_join USER LINE...: a client; returns when it has a circuit.
onion_join() {
    local user=$1
    shift
    onion_rc "c$user" "SocksPort 9050" "Log notice file $LAB_DIR/log/tor-c$user" "$@"
    start_on "c$user" tor tor -f "$LAB_DIR/tor-c$user/rc"
    wait_for 40 grep -q 'Bootstrapped 100%' "$LAB_DIR/log/tor-c$user"
}
