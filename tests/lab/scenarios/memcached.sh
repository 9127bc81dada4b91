# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A cache: memcached, text and binary protocols, over TCP and UDP.
packages="memcached libmemcached-tools netcat-openbsd"
names="cache=s4"
shows="tcp.port == 11211 && tcp.len > 0"

servers() {
    start_on s4 memcached memcached -u nobody -l 0.0.0.0 -U 11211
    wait_for 10 listening s4 tcp 11211
    flows_are memcached tcp "$(address4 s4)" 11211
    flows_are memcached udp "$(address4 s4)" 11211
}

asker() {
    local round file=$LAB_DIR/value-$1 binary
    for round in {1..12}; do
        binary=
        [ $((round % 2)) -eq 0 ] || binary=--binary
        draw_size 20 100000
        filler "$DRAWN" >"$file"
        run_on "c$1" memcached memccp $binary --servers=cache.$LAB_ZONE "$file"
        think 300
        run_on "c$1" memcached memccat $binary --servers=cache.$LAB_ZONE "value-$1"
        run_on "c$1" memcached memcstat --servers=cache.$LAB_ZONE
        think 300
    done
}

clients() {
    users 4 asker
}
