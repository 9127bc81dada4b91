# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Radio: icecast; ffmpeg sends, curl and ffmpeg listen.
packages="icecast2 ffmpeg curl"
names="radio=s1"
shows="tcp.port == 8000 && http.request"

servers() {
    film_make
    cat >"$LAB_DIR/icecast.xml" <<END
<icecast><hostname>radio.$LAB_ZONE</hostname>
<authentication><source-password>secret</source-password></authentication>
<listen-socket><port>8000</port></listen-socket>
<paths><logdir>$LAB_DIR/log</logdir><webroot>/usr/share/icecast2/web</webroot>
<adminroot>/usr/share/icecast2/admin</adminroot></paths>
<security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>
</icecast>
END
    chmod 777 "$LAB_DIR/log"
    start_on s1 icecast icecast2 -c "$LAB_DIR/icecast.xml"
    wait_for 10 listening s1 tcp 8000
    flows_are icecast tcp "$(address4 s1)" 8000
}

clients() {
    local listener
    start_on c1 icecast ffmpeg -v error -re -i "$film_cache/film.mp4" -vn -c:a libmp3lame -b:a 128k \
        -content_type audio/mpeg -f mp3 "icecast://source:secret@radio.$LAB_ZONE:8000/live"
    start_on s2 icecast ffmpeg -v error -re -i "$film_cache/film.mp4" -vn -c:a libvorbis -b:a 96k \
        -content_type application/ogg -f ogg "icecast://source:secret@radio.$LAB_ZONE:8000/other"
    sleep 4
    for listener in 2 3; do
        start_on c$listener icecast curl -s --max-time 15 -o /dev/null "http://radio.$LAB_ZONE:8000/live"
    done
    start_on c4 icecast ffmpeg -v error -i "http://radio.$LAB_ZONE:8000/other" -f null -
    sleep 16
}
