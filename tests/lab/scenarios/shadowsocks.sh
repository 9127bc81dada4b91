# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web and mirrors through shadowsocks, TCP: shadowsocks-libev; curl and rsync inside.
packages="shadowsocks-libev proxychains4 nginx-light curl"
names="www=s1 proxy=s2"
carries="rsync"
seconds=60
shows="tcp.port == 8388 && tcp.len > 100"

servers() {
    inside_start
    start_on s2 shadowsocks ss-server -s 0.0.0.0 -p 8388 -k secret -m chacha20-ietf-poly1305 -u \
        -d $LAB_SERVERS4.2
    wait_for 10 listening s2 tcp 8388
    flows_are shadowsocks tcp "$(address4 s2)" 8388
    flows_are shadowsocks udp "$(address4 s2)" 8388
}

join() {
    start_on "c$1" shadowsocks ss-local -s "$(address4 s2)" -p 8388 -l 1080 -k secret \
        -m chacha20-ietf-poly1305
    wait_for 10 listening "c$1" tcp 1080
}

clients() {
    socks_use join
}
