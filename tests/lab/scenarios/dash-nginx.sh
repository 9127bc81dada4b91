# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Video in segments, DASH over TLS: nginx; ffmpeg as player.
packages="nginx-light ffmpeg"
names="www=s1"
shows="tls.handshake.type == 2 && tcp.port == 443"

servers() {
    www=$LAB_DIR/www
    film_make
    streams_make
    nginx_start ""
}

clients() {
    local player
    for player in 1 2 3; do
        run_on c$player video ffmpeg -v error -ca_file "$LAB_DIR/ca.pem" -readrate 1.$player \
            -i "https://www.$LAB_ZONE/dash.mpd" -t $((10 * player)) -f null - &
    done
    wait
}
