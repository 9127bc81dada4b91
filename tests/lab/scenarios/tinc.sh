# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through tinc, UDP and TCP; curl inside.
packages="tinc nginx-light curl"
names="www=s1 vpn=s2"
seconds=40
shows="udp.port == 655 && udp.length > 500"

servers() {
    local host
    inside_start
    tunnel_exit
    for host in s2 c1 c2; do
        tinc_prepare $host
    done
    for host in s2 c1 c2; do
        cp "$LAB_DIR"/tinc-*/hosts/* "$LAB_DIR/tinc-$host/hosts/" 2>/dev/null || true
    done
    start_on s2 tinc tincd -D -c "$LAB_DIR/tinc-s2" --pidfile="$LAB_DIR/tinc-s2/pid"
    wait_for 10 listening s2 tcp 655
    flows_are tinc tcp "$(address4 s2)" 655
    flows_are tinc udp '*' 655
}

# tinc_prepare HOST: its keys, its address inside, and how it finds s2.
tinc_prepare() {
    local place=$LAB_DIR/tinc-$1 inside=10.8.0.1
    [ "$1" = s2 ] || inside=10.8.0.1${1#c}
    mkdir -p "$place/hosts"
    printf 'Name = %s\nDeviceType = tun\nInterface = tinc0\n' "$1" >"$place/tinc.conf"
    [ "$1" = s2 ] || echo "ConnectTo = s2" >>"$place/tinc.conf"
    echo "Subnet = $inside/32" >"$place/hosts/$1"
    [ "$1" != s2 ] || printf 'Address = %s\nSubnet = %s/32\n' "$(address4 s2)" "$(address4 s1)" \
        >>"$place/hosts/$1"
    printf '\n\n' | tincd -c "$place" -K 2048 >/dev/null 2>&1
    printf '#!/bin/sh\nip link set tinc0 up mtu 1400\nip addr add %s/24 dev tinc0\n' $inside \
        >"$place/tinc-up"
    chmod +x "$place/tinc-up"
}

surfer() {
    start_on "c$1" tinc tincd -D -c "$LAB_DIR/tinc-c$1" --pidfile="$LAB_DIR/tinc-c$1/pid"
    wait_for 15 ns "c$1" ping -c 1 -W 1 10.8.0.1
    tunnel_route "c$1" tinc0
    use_tunnel "$1"
}

clients() {
    users 2 surfer
}
