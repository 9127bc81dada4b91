# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through VMess: v2ray; curl inside.
packages="v2ray nginx-light curl"
names="www=s1 proxy=s2"
shows="tcp.port == 10086 && tcp.len > 100"

servers() {
    inside_start
    local id=b831381d-6324-4d53-ad4f-8cda48b30811
    cat >"$LAB_DIR/v2ray-server.json" <<END
{"inbounds": [{"port": 10086, "protocol": "vmess", "settings": {"clients": [{"id": "$id"}]}}],
 "outbounds": [{"protocol": "freedom", "settings": {"domainStrategy": "UseIP"}}],
 "dns": {"servers": ["$LAB_SERVERS4.2"]}}
END
    cat >"$LAB_DIR/v2ray-client.json" <<END
{"inbounds": [{"port": 1080, "listen": "127.0.0.1", "protocol": "socks"}],
 "outbounds": [{"protocol": "vmess", "settings": {"vnext": [{"address": "$(address4 s2)",
   "port": 10086, "users": [{"id": "$id", "security": "auto"}]}]}}]}
END
    start_on s2 vmess v2ray -config "$LAB_DIR/v2ray-server.json"
    wait_for 10 listening s2 tcp 10086
    flows_are vmess tcp "$(address4 s2)" 10086
}

surfer() {
    start_on "c$1" vmess v2ray -config "$LAB_DIR/v2ray-client.json"
    wait_for 10 listening "c$1" tcp 1080
    use_tunnel "$1" --socks5-hostname 127.0.0.1:1080
}

clients() {
    users 3 surfer
}
