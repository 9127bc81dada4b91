# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# What travels inside tunnels: a site on s1 and the scenarios a tunnel carries, whose servers are s1
# to s3; and subscribers who use them. Proxies are on s2, the far ends of networks on s4.

# inside_start: the servers behind the tunnel. Its own flows_are come before: on the line its flows
# are the tunnel's.
inside_start() {
    local other
    www_fill
    nginx_start ""
    for other in $carries; do
        "servers_of_${other//-/_}"
    done
}

# inside_use JOIN: subscribers join by the function JOIN; one surfs, all do what is carried.
inside_use() {
    local other
    users 3 "$1"
    users 1 use_tunnel &
    for other in $carries; do
        "clients_of_${other//-/_}" &
    done
    wait
}

# socks_use JOIN: subscribers join by the function JOIN, which leaves a SOCKS proxy on port 1080 of
# their own hosts; all surf through it, and all do what is carried by programs made to use it.
socks_use() {
    local other
    printf '%s\n' quiet_mode strict_chain proxy_dns '[ProxyList]' 'socks5 127.0.0.1 1080' \
        >"$LAB_DIR/proxychains.conf"
    users 3 "$1"
    users 3 use_socks &
    for other in $carries; do
        LAB_THROUGH="proxychains4 -f $LAB_DIR/proxychains.conf" "clients_of_${other//-/_}" &
    done
    wait
}

use_socks() {
    use_tunnel "$1" --socks5-hostname 127.0.0.1:1080
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

# tunnel_exit HOST: it sends what comes out of a tunnel on to the other servers.
tunnel_exit() {
    ns "$1" sysctl -qw net.ipv4.ip_forward=1
    ns "$1" nft -f - <<END
table ip nat {
    chain out {
        type nat hook postrouting priority srcnat
        ip saddr 10.8.0.0/16 masquerade
    }
}
END
}

# tunnel_route HOST INTERFACE: the host reaches s1 to s3 through the tunnel, and no other way.
tunnel_route() {
    local server
    for server in s1 s2 s3; do
        ns "$1" ip route replace "$(address4 $server)" dev "$2"
        ns "$1" ip -6 route replace unreachable "$(address6 $server)"
    done
}

# openvpn_start udp|tcp, openvpn_join USER udp|tcp: certificates are the lab's own.
openvpn_start() {
    tunnel_exit s4
    openvpn --genkey secret "$LAB_DIR/tls-crypt.key"
    start_on s4 openvpn openvpn --dev tun --proto "${1/tcp/tcp-server}" \
        --port 1194 --server 10.8.0.0 255.255.255.0 --topology subnet --duplicate-cn \
        --ca "$LAB_DIR/ca.pem" --cert "$LAB_DIR/cert.pem" --key "$LAB_DIR/key.pem" --dh none \
        --tls-crypt "$LAB_DIR/tls-crypt.key" --keepalive 10 60 --verify-client-cert none \
        --auth-user-pass-optional --username-as-common-name \
        --auth-user-pass-verify /bin/true via-env --script-security 3
    wait_for 10 listening s4 "$1" 1194
    flows_are openvpn "$1" "$(address4 s4)" 1194
}

openvpn_join() {
    printf 'user%s\nsecret\n' "$1" >"$LAB_DIR/login-$1"
    start_on "c$1" openvpn openvpn --dev tun0 --dev-type tun --proto "${2/tcp/tcp-client}" --client --nobind \
        --remote "$(address4 s4)" 1194 --ca "$LAB_DIR/ca.pem" \
        --auth-user-pass "$LAB_DIR/login-$1" --tls-crypt "$LAB_DIR/tls-crypt.key"
    wait_for 15 ns "c$1" ping -c 1 -W 1 10.8.0.1
    tunnel_route "c$1" tun0
}
