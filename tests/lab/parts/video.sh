# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Moving pictures with sound, made by ffmpeg and kept between runs, since encoding takes time.

film_cache=${LAB_CACHE:-/tmp/glassbox-lab-films}

# film_make: $film_cache/film.mp4, 30 seconds of noisy pictures and sound at about 1 Mbit/s.
film_make() {
    [ ! -e "$film_cache/film.mp4" ] || return 0
    mkdir -p "$film_cache"
    nice ffmpeg -v error -y -f lavfi -i testsrc2=s=640x360:r=25 -f lavfi -i anoisesrc=a=0.1:c=pink \
        -t 30 -vf noise=alls=12:allf=t -c:v libx264 -preset veryfast -b:v 900k -maxrate 1200k \
        -bufsize 1800k -g 50 -pix_fmt yuv420p -c:a aac -b:a 96k -movflags +faststart \
        "$film_cache/$BASHPID.mp4"
    mv "$film_cache/$BASHPID.mp4" "$film_cache/film.mp4"
}

# streams_make: $www/hls.m3u8 and $www/dash.mpd with their segments of two seconds.
streams_make() {
    mkdir -p "$www"
    ffmpeg -v error -i "$film_cache/film.mp4" -c copy -f hls -hls_time 2 -hls_list_size 0 \
        "$www/hls.m3u8"
    ffmpeg -v error -i "$film_cache/film.mp4" -c copy -f dash -seg_duration 2 "$www/dash.mpd"
    chmod -R a+rX "$www"
}
