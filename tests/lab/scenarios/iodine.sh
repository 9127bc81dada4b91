# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through DNS: iodine; curl inside.
packages="iodine nginx-light curl"
names="www=s1"
shows="dns.qry.name contains \"tunnel\""

servers() {
    inside_start
    tunnel_exit
    start_on s2 iodine iodined -f -c -P secret 10.8.0.1 tunnel.$LAB_ZONE
    wait_for 10 listening s2 udp 53
    flows_are dns udp "$(address4 s2)" 53
}

surfer() {
    start_on "c$1" iodine iodine -f -r -P secret -d dns0 "$(address4 s2)" tunnel.$LAB_ZONE
    wait_for 15 ns "c$1" ping -c 1 -W 1 10.8.0.1
    tunnel_route "c$1" dns0
    curl_on "c$1" "https://www.$LAB_ZONE/page-1.html" "https://www.$LAB_ZONE/picture-1-[1-4].jpg"
}

clients() {
    users 2 surfer
}
