# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web, shells and mail through OpenVPN over TCP with tls-crypt.
packages="openvpn nginx-light curl"
names="www=s1 vpn=s4"
carries="ssh-openssh imap-dovecot"
seconds=60
shows="tcp.port == 1194 && tcp.len > 1000"

servers() {
    openvpn_start tcp
    inside_start
}

join() {
    openvpn_join "$1" tcp
}

clients() {
    inside_use join
}
