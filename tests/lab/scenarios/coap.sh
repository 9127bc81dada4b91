# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Readings over CoAP: libcoap.
packages="libcoap3-bin"
names="device=s3/6"
shows="coap.code == 1"

servers() {
    start_on s3 coap coap-server-notls -A 0.0.0.0 -d 10
    wait_for 10 listening s3 udp 5683
    flows_are coap udp '*' 5683
}

reader() {
    local round
    start_on "c$1" coap coap-client-notls -s 18 -m get "coap://$(address4 s3)/time"
    for round in {1..12}; do
        run_on "c$1" coap coap-client-notls -B 3 -m get "coap://$(address4 s3)/.well-known/core"
        think 300
        draw_size 10 900
        run_on "c$1" coap coap-client-notls -B 3 -m put -e "$(head -c "$DRAWN" /dev/zero | tr '\0' x)" \
            "coap://$(address4 s3)/item$1"
        run_on "c$1" coap coap-client-notls -B 3 -m get "coap://$(address4 s3)/item$1"
        think 300
    done
}

clients() {
    users 4 reader
}
