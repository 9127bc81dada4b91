# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Chat over XMPP with STARTTLS and direct TLS, files by upload: ejabberd; go-sendxmpp.
packages="ejabberd go-sendxmpp"
names="chat=s4"
seconds=40
shows="tcp.port == 5222 && tls
tcp.port == 5223 && tls
tcp.port == 5443 && tls && tcp.len > 1000"

servers() {
    local user
    mkdir -p "$LAB_DIR/ejabberd/upload" "$LAB_DIR/ejabberd/spool"
    chmod 777 "$LAB_DIR/ejabberd" "$LAB_DIR/ejabberd/upload" "$LAB_DIR/ejabberd/spool"
    cat "$LAB_DIR/cert.pem" "$LAB_DIR/key.pem" >"$LAB_DIR/ejabberd/both.pem"
    cat >"$LAB_DIR/ejabberd/ejabberd.yml" <<END
hosts: [chat.$LAB_ZONE]
certfiles: [$LAB_DIR/ejabberd/both.pem]
ca_file: $LAB_DIR/ca.pem
loglevel: warning
listen:
  - {port: 5222, module: ejabberd_c2s, starttls: true, starttls_required: true}
  - {port: 5223, module: ejabberd_c2s, tls: true}
  - {port: 5443, module: ejabberd_http, tls: true, request_handlers: {/upload: mod_http_upload}}
acl: {local: {user_regexp: ""}}
access_rules: {local: {allow: local}}
shaper_rules: {max_user_sessions: 10}
modules:
  mod_disco: {}
  mod_ping: {}
  mod_roster: {}
  mod_offline: {}
  mod_stream_mgmt: {}
  mod_http_upload: {docroot: $LAB_DIR/ejabberd/upload, put_url: "https://chat.$LAB_ZONE:5443/upload"}
END
    ejabberd_do foreground &
    wait_for 30 listening s4 tcp 5222
    for user in 1 2 3 4; do
        ejabberd_do register "user$user" "chat.$LAB_ZONE" secret
    done >>"$LAB_DIR/log/xmpp" 2>&1
    flows_are xmpp tcp "$(address4 s4)" 5222-5223
    flows_are tls tcp "$(address4 s4)" 5443
}

# ejabberd_do WORD...: its control script, with everything of it in the lab's own folder.
ejabberd_do() {
    run_on s4 xmpp env HOME="$LAB_DIR/ejabberd" EJABBERD_BYPASS_WARNINGS=true \
        ERL_EPMD_ADDRESS=127.0.0.1 ejabberdctl --config-dir "$LAB_DIR/ejabberd" \
        --logs "$LAB_DIR/ejabberd" --spool "$LAB_DIR/ejabberd/spool" --node lab@localhost "$@" \
        >>"$LAB_DIR/log/xmpp" 2>&1 </dev/null
}

talker() {
    local line peer=user$(($1 % 4 + 1))@chat.$LAB_ZONE port=5222
    local login=(-u "user$1@chat.$LAB_ZONE" -p secret -n)
    [ "$1" -le 2 ] || {
        port=5223
        login+=(-t)
    }
    login+=(-j "chat.$LAB_ZONE:$port")
    start_on "c$1" xmpp go-sendxmpp "${login[@]}" -l
    sleep 2
    for line in {1..8}; do
        draw 60
        echo "line $line, $(seq -s ' ' $DRAWN)" | run_on "c$1" xmpp go-sendxmpp "${login[@]}" "$peer"
        think 900
    done
    draw_size 20000 500000
    filler "$DRAWN" >"$LAB_DIR/picture-$1.jpg"
    run_on "c$1" xmpp env SSL_CERT_FILE="$LAB_DIR/ca.pem" go-sendxmpp "${login[@]}" -h "$LAB_DIR/picture-$1.jpg" "$peer"
}

clients() {
    users 4 talker
}
