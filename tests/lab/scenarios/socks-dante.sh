# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through a SOCKS proxy: dante; curl.
packages="dante-server nginx-light curl"
names="www=s1 proxy=s2"
shows="socks"

servers() {
    inside_start
    cat >"$LAB_DIR/dante.conf" <<END
logoutput: stderr
internal: 0.0.0.0 port = 1080
external: eth0
clientmethod: none
socksmethod: none
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
END
    start_on s2 socks danted -f "$LAB_DIR/dante.conf" -p "$LAB_DIR/dante.pid"
    wait_for 10 listening s2 tcp 1080
    flows_are socks tcp "$(address4 s2)" 1080
}

surfer() {
    use_tunnel "$1" --socks5-hostname proxy.$LAB_ZONE:1080
    use_tunnel "$1" --socks4a proxy.$LAB_ZONE:1080
}

clients() {
    users 2 surfer
}
