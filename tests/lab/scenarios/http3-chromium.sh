# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web over QUIC: caddy; chromium.
packages="caddy chromium"
names="www=s1"
seconds=120
shows="quic.long.packet_type == 0"

servers() {
    www_fill
    pages_turn 3
    caddy_start
}

clients() {
    local host
    for host in c1 c2; do
        chromium_start $host "https://www.$LAB_ZONE/page-1.html" \
            --origin-to-force-quic-on=www.$LAB_ZONE:443
        pages_came $host 100000
    done
    sleep 15
}
