# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Boot files over TFTP: tftpd-hpa and dnsmasq; tftp-hpa and curl.
packages="tftpd-hpa tftp-hpa dnsmasq-base curl"
names="boot=s2 boot2=s3"
shows="tftp"

servers() {
    www_fill
    start_on s2 tftp in.tftpd --foreground --secure --address "$(address4 s2):69" "$www"
    start_on s3 tftp dnsmasq --conf-file=/dev/null --no-daemon --port=0 --enable-tftp \
        --tftp-root="$www"
    wait_for 10 listening s2 udp 69
    wait_for 10 listening s3 udp 69
    flows_are tftp udp "$(address4 s2)" '*'
    flows_are tftp udp "$(address4 s3)" '*'
}

booter() {
    local file
    for file in {1..4}; do
        run_on "c$1" tftp tftp -m binary "$(address4 s2)" -c get "picture-$file-$1.jpg" /dev/null
        think 400
        curl_on "c$1" "tftp://boot2.$LAB_ZONE/picture-$file-$1.jpg"
        think 400
    done
}

clients() {
    users 3 booter
}
