# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web over TLS: caddy; curl.
packages="caddy curl"
names="www=s1/6"
shows="tls.handshake.type == 2"

servers() {
    www_fill
    caddy_start
}

visitor() {
    pages_visit "c$1" https 7
}

clients() {
    users 3 visitor
}
