# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web over TLS: apache; curl.
packages="apache2-bin media-types curl"
names="www=s1"
shows="tls.handshake.type == 2"

servers() {
    www_fill
    apache_start
}

visitor() {
    pages_visit "c$1" https 7
}

clients() {
    users 3 visitor
}
