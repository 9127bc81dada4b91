# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Live video over RTMP: nginx with its RTMP module; ffmpeg publishes and plays.
packages="nginx-light libnginx-mod-rtmp ffmpeg"
names="live=s1"
shows="rtmpt"

servers() {
    film_make
    cat >"$LAB_DIR/nginx-rtmp.conf" <<END
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; user root; pid $LAB_DIR/nginx.pid; error_log stderr;
events {}
rtmp { server { listen 1935; application live { live on; } } }
END
    start_on s1 rtmp nginx -c "$LAB_DIR/nginx-rtmp.conf"
    wait_for 10 listening s1 tcp 1935
    flows_are rtmp tcp "$(address4 s1)" 1935
}

clients() {
    start_on c1 rtmp ffmpeg -v error -re -i "$film_cache/film.mp4" -c copy -f flv \
        "rtmp://live.$LAB_ZONE/live/film"
    sleep 2
    start_on c2 rtmp ffmpeg -v error -i "rtmp://live.$LAB_ZONE/live/film" -f null -
    sleep 5
    start_on c3 rtmp ffmpeg -v error -i "rtmp://live.$LAB_ZONE/live/film" -f null -
    sleep 12
}
