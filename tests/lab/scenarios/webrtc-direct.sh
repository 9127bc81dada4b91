# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A call over WebRTC, direct: two chromiums with sound and pictures.
packages="chromium python3-aiohttp"
names="www=s1 turn=s4"
seconds=180
shows="stun && udp
udp.length > 500"

servers() {
    call_page "{}"
    room_start
    flows_are tls tcp "$(address4 s1)" 443
    flows_are srtp udp '*' '*'
}

clients() {
    local host
    for host in c1 s3; do
        chromium_start $host "https://www.$LAB_ZONE/call.html" --use-fake-device-for-media-stream \
            --use-fake-ui-for-media-stream
        pages_came $host 2000
    done
    pages_came c1 300000 # pictures and sound
    sleep 20
}
