# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Plain web: lighttpd; curl and wget, with downloads.
packages="lighttpd lighttpd-mod-openssl curl wget"
names="www=s1"
shows="http.server contains \"lighttpd\""

servers() {
    www_fill
    lighttpd_start
}

visitor() {
    pages_visit "c$1" http 4
    run_on "c$1" web wget -q -O /dev/null "http://www.$LAB_ZONE/large.iso"
}

clients() {
    users 2 visitor
}
