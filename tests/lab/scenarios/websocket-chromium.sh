# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A chat over WebSocket and TLS: a room in Python; chromium.
packages="chromium python3-aiohttp"
names="www=s1"
seconds=120
shows="tls.handshake.type == 2"

servers() {
    www=$LAB_DIR/www
    mkdir -p "$www"
    cat >"$www/chat.html" <<'END'
<script>
const room = new WebSocket("wss://" + location.host + "/room");
const talk = () => {
    room.send("x".repeat(1 + Math.random() * 300));
    setTimeout(talk, 200 + Math.random() * 2500);
};
room.onopen = talk;
</script>
END
    room_start
    flows_are websocket tcp "$(address4 s1)" 443
}

clients() {
    local host
    for host in c1 c2 c3; do
        chromium_start $host "https://www.$LAB_ZONE/chat.html"
        pages_came $host 2000
    done
    sleep 15
}
