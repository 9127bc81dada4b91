# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through OpenVPN over TCP with tls-crypt; curl inside.
packages="openvpn nginx-light curl"
names="www=s1 vpn=s2"
shows="tcp.port == 1194 && tcp.len > 1000"

servers() {
    inside_start
    openvpn_start tcp
}

surfer() {
    openvpn_join "$1" tcp
    use_tunnel "$1" --interface tun0
}

clients() {
    users 2 surfer
}
