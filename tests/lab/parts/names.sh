# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A second resolver, on s3, that speaks TLS (port 853) or HTTPS (port 443).

encrypted_resolver_start() {
    {
        grep -v 'interface:' "$LAB_DIR/unbound.conf" | sed '/^remote-control/d'
        echo "server: interface: 0.0.0.0@$1"
        echo "tls-port: 853"
        echo "https-port: 443"
        echo "tls-service-key: $LAB_DIR/key.pem"
        echo "tls-service-pem: $LAB_DIR/cert.pem"
        echo "remote-control: control-enable: no"
    } >"$LAB_DIR/unbound-tls.conf"
    sed -i '1s/^/server:\n/' "$LAB_DIR/unbound-tls.conf"
    start_on s3 dns unbound -c "$LAB_DIR/unbound-tls.conf"
    wait_for 10 listening s3 tcp "$1"
}
