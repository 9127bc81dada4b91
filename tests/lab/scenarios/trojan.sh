# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web and mail through trojan, which looks like web over TLS; curl, fetchmail, mutt inside.
packages="trojan proxychains4 nginx-light curl"
names="www=s1 proxy=s2"
carries="imap-dovecot"
seconds=60
shows="tls && tcp.port == 8443"

servers() {
    inside_start
    cat >"$LAB_DIR/trojan-server.json" <<END
{"run_type": "server", "local_addr": "0.0.0.0", "local_port": 8443, "remote_addr": "$(address4 s1)",
 "remote_port": 80, "password": ["secret"], "ssl": {"cert": "$LAB_DIR/cert.pem",
 "key": "$LAB_DIR/key.pem", "alpn": ["http/1.1"]}}
END
    cat >"$LAB_DIR/trojan-client.json" <<END
{"run_type": "client", "local_addr": "127.0.0.1", "local_port": 1080,
 "remote_addr": "proxy.$LAB_ZONE", "remote_port": 8443, "password": ["secret"],
 "ssl": {"verify": true, "cert": "$LAB_DIR/ca.pem", "sni": "proxy.$LAB_ZONE",
 "alpn": ["h2", "http/1.1"]}}
END
    start_on s2 trojan trojan "$LAB_DIR/trojan-server.json"
    wait_for 10 listening s2 tcp 8443
    flows_are trojan tcp "$(address4 s2)" 8443
}

join() {
    start_on "c$1" trojan trojan "$LAB_DIR/trojan-client.json"
    wait_for 10 listening "c$1" tcp 1080
}

clients() {
    socks_use join
}
