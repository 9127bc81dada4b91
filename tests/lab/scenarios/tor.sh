# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through a small Tor network, with exits and an onion service; curl inside.
packages="tor nginx-light curl"
names="www=s1"
seconds=60
shows="tcp.port == 5000 && tcp.len > 500"

servers() {
    onion_start
}

surfer() {
    onion_join "$1"
    use_tunnel "$1" --socks5-hostname 127.0.0.1:9050
}

service() {
    onion_rc c3 "SocksPort 0" "HiddenServiceDir $LAB_DIR/tor-c3/service" \
        "HiddenServicePort 80 $(address4 s1):80" "Log notice file $LAB_DIR/log/tor-c3"
    start_on c3 tor tor -f "$LAB_DIR/tor-c3/rc"
    onion_join 4
    local round
    for round in {1..12}; do
        sleep 2
        curl_on c4 -m 15 --socks5-hostname 127.0.0.1:9050 \
            "http://$(cat "$LAB_DIR/tor-c3/service/hostname")/picture-$round-[1-6].jpg"
    done
}

clients() {
    users 2 surfer &
    service &
    wait
}
