# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through a Tor bridge with obfs4proxy; curl inside.
packages="tor obfs4proxy nginx-light curl"
names="www=s1"
seconds=60
shows="tcp.port == 5001 && tcp.len > 1000"

servers() {
    onion_start
    host_add bridge isp core $LAB_SERVERS4 $LAB_SERVERS6 20
    onion_rc bridge "SocksPort 0" "ORPort 5000" "Address $LAB_SERVERS4.20" "BridgeRelay 1" \
        "ExtORPort auto" "PublishServerDescriptor 0" "ServerTransportListenAddr obfs4 0.0.0.0:5001" \
        "ServerTransportPlugin obfs4 exec /usr/bin/obfs4proxy"
    start_on bridge tor tor -f "$LAB_DIR/tor-bridge/rc"
    wait_for 30 test -s "$LAB_DIR/tor-bridge/pt_state/obfs4_bridgeline.txt"
    flows_are obfs4 tcp $LAB_SERVERS4.20 5001
}

surfer() {
    local line
    line=$(grep '^Bridge' "$LAB_DIR/tor-bridge/pt_state/obfs4_bridgeline.txt" |
        sed "s/<IP ADDRESS>:<PORT>/$LAB_SERVERS4.20:5001/; s/<FINGERPRINT> //")
    onion_join "$1" "UseBridges 1" "$line" "ClientTransportPlugin obfs4 exec /usr/bin/obfs4proxy"
    use_tunnel "$1" --socks5-hostname 127.0.0.1:9050
}

clients() {
    users 2 surfer
}
