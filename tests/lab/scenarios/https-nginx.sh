# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web over TLS, HTTP/1.1 and HTTP/2: nginx; curl and wget.
packages="nginx-light curl wget"
names="www=s1/6"
shows="tls.handshake.extensions_server_name"

servers() {
    www_fill
    nginx_start ""
}

visitor() {
    pages_visit "c$1" https 6
    run_on "c$1" web wget -q --ca-certificate="$LAB_DIR/ca.pem" -p -P "$LAB_DIR/mirror-$1" \
        "https://www.$LAB_ZONE/page-$1.html"
    curl_on "c$1" --tls-max 1.2 --http1.1 "https://www.$LAB_ZONE/page-$1.html"
}

clients() {
    users 3 visitor
}
