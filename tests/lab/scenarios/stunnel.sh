# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A private service through stunnel: redis inside TLS.
packages="stunnel4 redis-server redis-tools"
names="store=s2"
shows="tls && tcp.port == 6380"

servers() {
    start_on s2 redis redis-server --bind 127.0.0.1 --save '' --dir "$LAB_DIR"
    printf 'foreground = yes\npid =\ncert = %s\nkey = %s\n[redis]\naccept = 6380\nconnect = 6379\n' \
        "$LAB_DIR/cert.pem" "$LAB_DIR/key.pem" >"$LAB_DIR/stunnel-server.conf"
    printf 'foreground = yes\npid =\nclient = yes\n[redis]\naccept = 127.0.0.1:6379\nconnect = %s:6380\n' \
        "$(address4 s2)" >"$LAB_DIR/stunnel-client.conf"
    start_on s2 tls stunnel "$LAB_DIR/stunnel-server.conf"
    wait_for 10 listening s2 tcp 6380
    flows_are tls tcp "$(address4 s2)" 6380
}

asker() {
    local round
    start_on "c$1" tls stunnel "$LAB_DIR/stunnel-client.conf"
    wait_for 10 listening "c$1" tcp 6379
    for round in {1..10}; do
        draw_size 10 2000
        run_on "c$1" redis redis-benchmark -q -n 60 -c 2 -d "$DRAWN" -t set,get
        think 500
    done
}

clients() {
    users 2 asker
}
