# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web over TLS, HTTP/2: nginx; chromium.
packages="nginx-light chromium"
names="www=s1/6"
seconds=120
shows="tls.handshake.type == 2"

servers() {
    www_fill
    pages_turn 3
    nginx_start ""
}

clients() {
    chromium_start c1 "https://www.$LAB_ZONE/page-1.html"
    pages_came c1 150000
    chromium_start c2 "https://www.$LAB_ZONE/page-4.html"
    pages_came c2 150000
    sleep 15
}
