# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web over QUIC: caddy; the client of ngtcp2.
packages="caddy ngtcp2-client"
names="www=s1/6"
shows="quic.long.packet_type == 0"

servers() {
    www_fill
    caddy_start
}

visitor() {
    local visit page site=https://www.$LAB_ZONE
    for visit in {1..6}; do
        draw 8
        page=$((DRAWN + 1))
        run_on "c$1" web gtlsclient -q --exit-on-all-streams-close www.$LAB_ZONE 443 \
            $site/page-$page.html $site/picture-$page-{1..6}.jpg
        think 600
    done
}

clients() {
    users 3 visitor
}
