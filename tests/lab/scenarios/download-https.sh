# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Large downloads over TLS: nginx; curl, aria2 with several connections.
packages="nginx-light curl aria2"
names="www=s1"
shows="tls.handshake.type == 2"

servers() {
    www_fill
    nginx_start ""
}

clients() {
    curl_on c1 "https://www.$LAB_ZONE/large.iso" &
    curl_on c2 --limit-rate 300k "https://www.$LAB_ZONE/large.iso" &
    run_on c3 web aria2c -q -x 4 -k 1M --ca-certificate="$LAB_DIR/ca.pem" -d "$LAB_DIR/aria" \
        "https://www.$LAB_ZONE/large.iso" &
    wait
}
