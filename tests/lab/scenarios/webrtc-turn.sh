# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A call over WebRTC through a relay: two chromiums and coturn.
packages="chromium python3-aiohttp coturn"
names="www=s1 turn=s4"
seconds=180
shows="stun && udp.port == 3478
udp.length > 500"

servers() {
    call_page "{iceTransportPolicy: \"relay\", iceServers: [{urls: \"turn:turn.$LAB_ZONE:3478\",
        username: \"user\", credential: \"secret\"}]}"
    room_start
    flows_are tls tcp "$(address4 s1)" 443
    start_on s4 turn turnserver -n --no-cli --no-tls --no-dtls -L "$(address4 s4)" -p 3478 -a \
        -u user:secret -r $LAB_ZONE --log-file stdout --pidfile "$LAB_DIR/turn.pid" \
        --userdb "$LAB_DIR/turndb"
    wait_for 15 listening s4 udp 3478
    flows_are turn udp "$(address4 s4)" '*'
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
