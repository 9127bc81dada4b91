# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Relays for calls: coturn, with its own test client and peer.
packages="coturn"
names="turn=s3"
shows="stun.type.method == 0x0003
udp && stun.type.method == 0x0001"

servers() {
    start_on s3 stun turnserver -n --no-cli --no-tls --no-dtls -L "$(address4 s3)" -p 3478 \
        --min-port 52000 --max-port 52999 -a -u user:secret -r $LAB_ZONE --log-file stdout \
        --allow-loopback-peers --pidfile "$LAB_DIR/turn.pid" --userdb "$LAB_DIR/turndb"
    start_on s4 stun turnutils_peer -L "$(address4 s4)"
    wait_for 15 listening s3 udp 3478
    flows_are turn udp "$(address4 s3)" 3478
    flows_are turn tcp "$(address4 s3)" 3478
    flows_are stun udp '*' 3478
}

caller() {
    run_on "c$1" stun turnutils_stunclient "$(address4 s3)"
    think 500
    run_on "c$1" stun turnutils_uclient -u user -w secret -e "$(address4 s4)" -r 3480 -n 150 -m 2 \
        -l 172 -c -g "$(address4 s3)"
    run_on "c$1" stun turnutils_uclient -t -u user -w secret -e "$(address4 s4)" -r 3480 -n 60 -m 1 \
        -l 400 -c "$(address4 s3)"
}

clients() {
    users 2 caller
}
