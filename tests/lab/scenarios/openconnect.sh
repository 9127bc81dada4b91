# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web and mail through a TLS and DTLS tunnel: ocserv; openconnect.
packages="ocserv openconnect nginx-light curl"
names="www=s1 vpn=s4"
carries="smtp-exim"
seconds=60
shows="tls && tcp.port == 4443
udp.port == 4443 && udp.length > 1000"

servers() {
    tunnel_exit s4
    mkdir -p "$LAB_DIR/ocserv"
    printf 'secret\nsecret\n' | ocpasswd -c "$LAB_DIR/ocserv/users" ann
    cat >"$LAB_DIR/ocserv.conf" <<END
auth = "plain[passwd=$LAB_DIR/ocserv/users]"
tcp-port = 4443
udp-port = 4443
run-as-user = root
run-as-group = root
socket-file = $LAB_DIR/ocserv/socket
server-cert = $LAB_DIR/cert.pem
server-key = $LAB_DIR/key.pem
isolate-workers = false
max-same-clients = 8
keepalive = 30
device = vpns
ipv4-network = 10.8.0.0
ipv4-netmask = 255.255.255.0
route = default
default-domain = $LAB_ZONE
mtu = 1300
END
    start_on s4 anyconnect ocserv -f -c "$LAB_DIR/ocserv.conf" -p "$LAB_DIR/ocserv/pid"
    wait_for 10 listening s4 tcp 4443
    flows_are anyconnect tcp "$(address4 s4)" 4443
    flows_are anyconnect udp "$(address4 s4)" 4443
    inside_start
}

join() {
    local script="ip link set \$TUNDEV up mtu 1300; ip addr add \$INTERNAL_IP4_ADDRESS/24 dev \$TUNDEV"
    echo secret | run_on "c$1" anyconnect openconnect --user=ann --passwd-on-stdin \
        --cafile="$LAB_DIR/ca.pem" --interface=tun0 --script="$script" \
        "https://vpn.$LAB_ZONE:4443" &
    wait_for 15 ns "c$1" ping -c 1 -W 1 10.8.0.1
    tunnel_route "c$1" tun0
}

clients() {
    inside_use join
}
