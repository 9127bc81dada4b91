# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web over TLS: lighttpd; wget.
packages="lighttpd lighttpd-mod-openssl wget curl"
names="www=s1"
shows="tls.handshake.type == 2"

servers() {
    www_fill
    lighttpd_start
}

visitor() {
    local page
    for page in 1 2 3 4; do
        run_on "c$1" web wget -q --ca-certificate="$LAB_DIR/ca.pem" -p -P "$LAB_DIR/mirror-$1" \
            "https://www.$LAB_ZONE/page-$((page + $1)).html"
        think 900
    done
}

clients() {
    users 3 visitor
}
