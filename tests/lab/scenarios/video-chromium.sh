# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Video over TLS: nginx; chromium plays a whole file and HLS.
packages="nginx-light chromium ffmpeg"
names="www=s1"
seconds=120
shows="tls.handshake.type == 2"

servers() {
    www=$LAB_DIR/www
    film_make
    streams_make
    ln -s "$film_cache/film.mp4" "$www/film.mp4"
    echo "<video src=film.mp4 autoplay muted>" >"$www/film.html"
    echo "<video src=hls.m3u8 autoplay muted>" >"$www/hls.html"
    nginx_start ""
}

clients() {
    chromium_start c1 "https://www.$LAB_ZONE/film.html"
    pages_came c1 500000
    chromium_start c2 "https://www.$LAB_ZONE/hls.html"
    pages_came c2 500000
    sleep 15
}
