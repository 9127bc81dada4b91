# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Chat over XMPP with STARTTLS: prosody; go-sendxmpp.
packages="prosody go-sendxmpp"
names="chat=s4"
shows="tcp.port == 5222 && tls"

servers() {
    local user
    mkdir -p "$LAB_DIR/prosody"
    chmod 777 "$LAB_DIR/prosody"
    cat >"$LAB_DIR/prosody.cfg.lua" <<END
daemonize = false
pidfile = "$LAB_DIR/prosody/pid"
data_path = "$LAB_DIR/prosody"
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "register", "posix" }
c2s_require_encryption = true
authentication = "internal_plain"
log = { info = "*console" }
certificates = "$LAB_DIR"
run_as_root = true
VirtualHost "chat.$LAB_ZONE"
    ssl = { certificate = "$LAB_DIR/cert.pem", key = "$LAB_DIR/key.pem" }
END
    start_on s4 xmpp prosody --root --config "$LAB_DIR/prosody.cfg.lua"
    wait_for 10 listening s4 tcp 5222
    for user in 1 2 3 4; do
        prosodyctl --root --config "$LAB_DIR/prosody.cfg.lua" register "user$user" chat.$LAB_ZONE secret
    done >>"$LAB_DIR/log/xmpp" 2>&1
    flows_are xmpp tcp "$(address4 s4)" 5222
}

talker() {
    local line peer=user$(($1 % 4 + 1))@chat.$LAB_ZONE
    local login=(-u "user$1@chat.$LAB_ZONE" -p secret -n -j "chat.$LAB_ZONE:5222")
    start_on "c$1" xmpp go-sendxmpp "${login[@]}" -l
    sleep 2
    for line in {1..10}; do
        draw 60
        echo "line $line, $(seq -s ' ' $DRAWN)" | run_on "c$1" xmpp go-sendxmpp "${login[@]}" "$peer"
        think 900
    done
}

clients() {
    users 4 talker
}
