# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web through a proxy: squid; curl with GET and CONNECT.
packages="squid nginx-light curl"
names="www=s1 proxy=s2"
shows="http.request.method == \"CONNECT\"
http.request.full_uri && tcp.port == 3128"

servers() {
    inside_start
    printf 'http_port 3128\nhttp_access allow all\npid_filename none\ncache deny all\n' >"$LAB_DIR/squid.conf"
    printf 'access_log none\ncache_log %s/log/squid\nvisible_hostname proxy\n' "$LAB_DIR" >>"$LAB_DIR/squid.conf"
    chmod 777 "$LAB_DIR/log"
    start_on s2 proxy squid -N -f "$LAB_DIR/squid.conf"
    wait_for 20 listening s2 tcp 3128
    flows_are http-proxy tcp "$(address4 s2)" 3128
}

surfer() {
    local page
    use_tunnel "$1" -x "http://proxy.$LAB_ZONE:3128"
    for page in 1 2 3; do
        curl_on "c$1" -x "http://proxy.$LAB_ZONE:3128" "http://www.$LAB_ZONE/picture-$page-[1-6].jpg"
        think 500
    done
}

clients() {
    users 3 surfer
}
