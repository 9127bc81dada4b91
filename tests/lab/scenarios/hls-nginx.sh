# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Video in segments, HLS over TLS and, for VLC, in the clear: nginx; ffmpeg and VLC as players.
packages="nginx-light ffmpeg vlc-bin vlc-plugin-base"
names="www=s1"
seconds=25
shows="tls.handshake.type == 2 && tcp.port == 443"

servers() {
    www=$LAB_DIR/www
    film_make
    streams_make
    flows_are hls tcp '*' 80
    nginx_start ""
    flows_are tls tcp '*' 443
}

clients() {
    local player
    for player in 1 2; do
        run_on c$player video ffmpeg -v error -ca_file "$LAB_DIR/ca.pem" -readrate 1.5 \
            -i "https://www.$LAB_ZONE/hls.m3u8" -t $((25 * player)) -f null - &
    done
    run_on c3 video setpriv --reuid=nobody --clear-groups env HOME="$LAB_DIR/vlc" cvlc -q --no-audio --vout dummy \
        --play-and-exit "http://www.$LAB_ZONE/hls.m3u8" &
    wait
}
