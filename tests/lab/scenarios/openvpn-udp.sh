# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web, video and repositories through OpenVPN over UDP with tls-crypt.
packages="openvpn nginx-light curl"
names="www=s1 vpn=s4"
carries="hls-nginx git-daemon"
seconds=60
shows="udp.port == 1194 && udp.length > 1000"

servers() {
    openvpn_start udp
    inside_start
}

join() {
    openvpn_join "$1" udp
}

clients() {
    inside_use join
}
