# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# What travels inside tunnels: a site on s1 behind the tunnel's far end, and subscribers who use it.

# inside_start: web and name servers the tunnels' users ask for.
inside_start() {
    www_fill
    nginx_start ""
}

# use_tunnel USER CURL-OPTION...: pages, a download and an upload through it.
use_tunnel() {
    local user=$1 visit
    shift
    for visit in {1..4}; do
        draw 8
        curl_on "c$user" "$@" "https://www.$LAB_ZONE/page-$((DRAWN + 1)).html"
        curl_on "c$user" "$@" --parallel "https://www.$LAB_ZONE/picture-$((DRAWN + 1))-[1-6].jpg"
        think 700
    done
    curl_on "c$user" "$@" -r 0-1000000 "https://www.$LAB_ZONE/large.iso"
}

# tunnel_exit: s2 sends what comes out of a tunnel on to the other servers.
tunnel_exit() {
    ns s2 sysctl -qw net.ipv4.ip_forward=1
    ns s2 nft -f - <<END
table ip nat {
    chain out {
        type nat hook postrouting priority srcnat
        ip saddr 10.8.0.0/16 masquerade
    }
}
END
}

# tunnel_route HOST INTERFACE: the host reaches s1 through the tunnel.
tunnel_route() {
    ns "$1" ip route replace "$(address4 s1)" dev "$2"
}

# openvpn_start udp|tcp, openvpn_join USER udp|tcp: certificates are the lab's own.
openvpn_start() {
    tunnel_exit
    openvpn --genkey secret "$LAB_DIR/tls-crypt.key"
    start_on s2 openvpn openvpn --dev tun --proto "${1/tcp/tcp-server}" \
        --port 1194 --server 10.8.0.0 255.255.255.0 --topology subnet --duplicate-cn \
        --ca "$LAB_DIR/ca.pem" --cert "$LAB_DIR/cert.pem" --key "$LAB_DIR/key.pem" --dh none \
        --tls-crypt "$LAB_DIR/tls-crypt.key" --keepalive 10 60 --verify-client-cert none \
        --auth-user-pass-optional --username-as-common-name \
        --auth-user-pass-verify /bin/true via-env --script-security 3
    wait_for 10 listening s2 "$1" 1194
    flows_are openvpn "$1" "$(address4 s2)" 1194
}

openvpn_join() {
    printf 'user%s\nsecret\n' "$1" >"$LAB_DIR/login-$1"
    start_on "c$1" openvpn openvpn --dev tun0 --dev-type tun --proto "${2/tcp/tcp-client}" --client --nobind \
        --remote "$(address4 s2)" 1194 --ca "$LAB_DIR/ca.pem" \
        --auth-user-pass "$LAB_DIR/login-$1" --tls-crypt "$LAB_DIR/tls-crypt.key"
    wait_for 15 ns "c$1" ping -c 1 -W 1 10.8.0.1
    tunnel_route "c$1" tun0
}
