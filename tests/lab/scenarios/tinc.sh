# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web and mirrors through tinc, UDP and TCP.
packages="tinc nginx-light curl"
names="www=s1 vpn=s4"
carries="rsync"
seconds=60
shows="udp.port == 655 && udp.length > 500"

servers() {
    local host
    tunnel_exit s4
    for host in s4 c1 c2 c3; do
        tinc_prepare $host
    done
    for host in s4 c1 c2 c3; do
        cp "$LAB_DIR"/tinc-*/hosts/* "$LAB_DIR/tinc-$host/hosts/" 2>/dev/null || true
    done
    start_on s4 tinc tincd -D -c "$LAB_DIR/tinc-s4" --pidfile="$LAB_DIR/tinc-s4/pid"
    wait_for 10 listening s4 tcp 655
    flows_are tinc tcp "$(address4 s4)" 655
    flows_are tinc udp '*' 655
    inside_start
}

# tinc_prepare HOST: its keys, its address inside, and how it finds s4.
tinc_prepare() {
    local place=$LAB_DIR/tinc-$1 inside=10.8.0.1
    [ "$1" = s4 ] || inside=10.8.0.1${1#c}
    mkdir -p "$place/hosts"
    printf 'Name = %s\nDeviceType = tun\nInterface = tinc0\n' "$1" >"$place/tinc.conf"
    [ "$1" = s4 ] || echo "ConnectTo = s4" >>"$place/tinc.conf"
    echo "Subnet = $inside/32" >"$place/hosts/$1"
    [ "$1" != s4 ] || printf 'Address = %s\nSubnet = %s/32\nSubnet = %s/32\nSubnet = %s/32\n' \
        "$(address4 s4)" "$(address4 s1)" "$(address4 s2)" "$(address4 s3)" \
        >>"$place/hosts/$1"
    printf '\n\n' | tincd -c "$place" -K 2048 >/dev/null 2>&1
    printf '#!/bin/sh\nip link set tinc0 up mtu 1400\nip addr add %s/24 dev tinc0\n' $inside \
        >"$place/tinc-up"
    chmod +x "$place/tinc-up"
}

join() {
    start_on "c$1" tinc tincd -D -c "$LAB_DIR/tinc-c$1" --pidfile="$LAB_DIR/tinc-c$1/pid"
    wait_for 15 ns "c$1" ping -c 1 -W 1 10.8.0.1
    tunnel_route "c$1" tinc0
}

clients() {
    inside_use join
}
