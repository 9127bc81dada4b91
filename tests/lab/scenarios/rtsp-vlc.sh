# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Video over RTSP and RTP: VLC as server; ffmpeg plays over UDP and interleaved.
packages="vlc-bin vlc-plugin-base ffmpeg"
names="live=s1"
shows="rtsp.method == \"PLAY\"
udp.length > 500"

servers() {
    film_make
    start_on s1 rtsp setpriv --reuid=nobody --clear-groups env HOME="$LAB_DIR/vlc" cvlc -q --loop "$film_cache/film.mp4" \
        --sout "#rtp{sdp=rtsp://0.0.0.0:8554/film}" --sout-keep
    wait_for 15 listening s1 tcp 8554
    flows_are rtsp tcp "$(address4 s1)" 8554
    flows_are rtp udp "$(address4 s1)" '*'
}

clients() {
    local player transport
    for player in 1 2 3; do
        transport=udp
        [ $player -lt 3 ] || transport=tcp
        run_on c$player rtsp timeout 18 ffmpeg -v error -rtsp_transport $transport \
            -i "rtsp://$(address4 s1):8554/film" -t $((6 * player)) -f null - &
    done
    wait
}
