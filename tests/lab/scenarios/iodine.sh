# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web and shells through DNS: iodine.
packages="iodine nginx-light curl"
names="www=s1"
carries="ssh-openssh"
seconds=60
shows="dns.qry.name contains \"tunnel\""

servers() {
    tunnel_exit s4
    start_on s4 iodine iodined -f -c -P secret 10.8.0.1 tunnel.$LAB_ZONE
    wait_for 10 listening s4 udp 53
    flows_are dns udp "$(address4 s4)" 53
    inside_start
}

join() {
    start_on "c$1" iodine iodine -f -r -P secret -d dns0 "$(address4 s4)" tunnel.$LAB_ZONE
    wait_for 15 ns "c$1" ping -c 1 -W 1 10.8.0.1
    tunnel_route "c$1" dns0
}

clients() {
    inside_use join
}
