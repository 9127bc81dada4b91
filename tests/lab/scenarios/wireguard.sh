# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web and torrents through WireGuard, in user space: wireguard-go.
packages="wireguard-go wireguard-tools nginx-light curl"
names="www=s1 vpn=s4"
carries="bittorrent-transmission"
seconds=60
shows="wg.type == 1
wg.type == 4"

servers() {
    local user
    tunnel_exit s4
    for user in server 1 2 3; do
        wg genkey >"$LAB_DIR/wg-$user"
        wg pubkey <"$LAB_DIR/wg-$user" >"$LAB_DIR/wg-$user.pub"
    done
    wireguard_up s4 server 10.8.0.1/24 listen-port 51820
    for user in 1 2 3; do
        wireguard_set s4 peer "$(cat "$LAB_DIR/wg-$user.pub")" allowed-ips 10.8.0.$((user + 1))/32
    done
    flows_are wireguard udp "$(address4 s4)" 51820
    inside_start
}

# wireguard_set HOST WORD...: the sockets wg talks to are under the lab's own /run.
wireguard_set() {
    local host=$1
    shift
    run_on "$host" wireguard sh -c "mount --bind $LAB_DIR/run-$host /run && exec wg set wg0 $*"
}

# wireguard_up HOST KEY ADDRESS WORD...
wireguard_up() {
    local host=$1 key=$2 address=$3
    shift 3
    mkdir -p "$LAB_DIR/run-$host"
    start_on "$host" wireguard sh -c "mount --bind $LAB_DIR/run-$host /run && exec wireguard-go -f wg0"
    wait_for 10 test -S "$LAB_DIR/run-$host/wireguard/wg0.sock"
    wireguard_set "$host" private-key "$LAB_DIR/wg-$key" "$@"
    ns "$host" ip addr add "$address" dev wg0
    ns "$host" ip link set wg0 up mtu 1380
}

join() {
    wireguard_up "c$1" "$1" 10.8.0.$(($1 + 1))/24 peer "$(cat "$LAB_DIR/wg-server.pub")" \
        endpoint "$(address4 s4):51820" allowed-ips 0.0.0.0/0 persistent-keepalive 5
    tunnel_route "c$1" wg0
}

clients() {
    inside_use join
}
