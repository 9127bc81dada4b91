# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Live video over SRT: ffmpeg to srt-live-transmit, and to ffmpeg with encryption.
packages="srt-tools ffmpeg"
names="live=s1"
seconds=22
shows="udp.port == 9000 && udp.length > 1000
udp.port == 9001 && udp.length > 1000"

servers() {
    film_make
    start_on s1 srt srt-live-transmit -q "srt://:9000?mode=listener" udp://127.0.0.1:5000
    start_on s1 srt ffmpeg -v error -i "srt://0.0.0.0:9001?mode=listener&passphrase=secret-secret" \
        -f null -
    wait_for 10 listening s1 udp 9000
    flows_are srt udp "$(address4 s1)" 9000-9001
}

clients() {
    start_on c1 srt ffmpeg -v error -re -i "$film_cache/film.mp4" -c copy -f mpegts \
        "srt://$(address4 s1):9000"
    start_on c2 srt ffmpeg -v error -re -i "$film_cache/film.mp4" -c copy -f mpegts \
        "srt://$(address4 s1):9001?passphrase=secret-secret"
    sleep 18
}
