# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Voice over Mumble: murmur; the client without a screen.
packages="mumble-server mumble xvfb"
names="voice=s4"
seconds=40
shows="tcp.port == 64738 && tls
udp.port == 64738"

servers() {
    local host
    mkdir -p "$LAB_DIR/murmur"
    printf 'database=%s\nport=64738\nsslCert=%s\nsslKey=%s\nlogfile=\nuname=root\npidfile=%s\nbonjour=false\n' \
        "$LAB_DIR/murmur/db" "$LAB_DIR/cert.pem" "$LAB_DIR/key.pem" "$LAB_DIR/murmur/pid" \
        >"$LAB_DIR/murmur/ini"
    start_on s4 mumble murmurd -fg -ini "$LAB_DIR/murmur/ini"
    wait_for 15 listening s4 tcp 64738
    flows_are mumble tcp "$(address4 s4)" 64738
    flows_are mumble udp "$(address4 s4)" 64738
    for host in c1 c2; do
        screen_start $host 9${host#c} Xvfb :9${host#c} -screen 0 640x480x24 -ac
    done
}

clients() {
    local host
    for host in c1 c2; do
        mkdir -p "$LAB_DIR/mumble-$host"
        start_on $host mumble env HOME="$LAB_DIR/mumble-$host" DISPLAY=:9${host#c} \
            QT_QPA_PLATFORM=xcb mumble "mumble://user-$host:@voice.$LAB_ZONE:64738/"
    done
    sleep 25
}
