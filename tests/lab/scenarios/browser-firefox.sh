# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web over TLS, HTTP/2: apache; firefox.
packages="apache2-bin media-types firefox-esr libnss3-tools"
names="www=s1"
seconds=120
shows="tls.handshake.type == 2"

servers() {
    www_fill
    pages_turn 3
    apache_start
}

clients() {
    firefox_start c1 "https://www.$LAB_ZONE/page-1.html"
    firefox_start c2 "https://www.$LAB_ZONE/page-5.html"
    pages_came c1 150000
    pages_came c2 150000
    sleep 20
}
