# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through OpenVPN over UDP with tls-crypt; curl inside.
packages="openvpn nginx-light curl"
names="www=s1 vpn=s2"
shows="udp.port == 1194 && udp.length > 1000"

servers() {
    inside_start
    openvpn_start udp
}

surfer() {
    openvpn_join "$1" udp
    use_tunnel "$1" --interface tun0
}

clients() {
    users 2 surfer
}
