# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through SSH tunnels: OpenSSH with a SOCKS proxy and forwarded ports; curl inside.
packages="openssh-server openssh-client nginx-light curl"
names="www=s1 shell=s2"
shows="ssh.protocol
tcp.port == 22 && tcp.len > 1300"

servers() {
    openssh_start
    www_fill
    nginx_start ""
}

tunneller() {
    start_on "c$1" ssh ssh -N -D 1080 "${ssh_options[@]}" root@shell.$LAB_ZONE
    wait_for 10 listening "c$1" tcp 1080
    local page
    for page in {1..4}; do
        curl_on "c$1" --socks5-hostname 127.0.0.1:1080 \
            "https://www.$LAB_ZONE/picture-$page-[1-6].jpg"
        think 700
    done
}

clients() {
    users 2 tunneller
}
