# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Torrents from magnet links: aria2 and transmission ask their peers for the torrent itself.
packages="mktorrent opentracker curl transmission-cli aria2"
names="tracker=s1"
seconds=90
shows="tcp.port == 6969 && http.request.uri contains \"announce\"
tcp.port != 6969 && tcp.len > 1000 or udp.length > 1000"

servers() {
    torrent_make
    torrent_flows
    transmission_start s2 --encryption-tolerated seed
    wait_for 30 seed_is_announced
}

clients() {
    local link
    link="magnet:?xt=urn:btih:$(cat "$LAB_DIR/whitelist")&tr=http://tracker.$LAB_ZONE:6969/announce"
    rm "$LAB_DIR/film.torrent"
    folder_for magnet-c1
    folder_for magnet-c2
    start_on c1 bittorrent aria2c -q --dir "$LAB_DIR/magnet-c1" --listen-port=6883 \
        --dht-listen-port=6882 --enable-dht=true --dht-file-path="$LAB_DIR/magnet-c1/dht" \
        --dht-entry-point="$(address4 s2):51413" --seed-ratio=0 --file-allocation=none "$link"
    sleep 3
    start_on c2 bittorrent transmission-cli -g "$LAB_DIR/magnet-c2" -w "$LAB_DIR/magnet-c2/files" \
        -p 51413 -M --encryption-preferred "$link"
    wait_for 60 film_came magnet-c1 magnet-c2/files
    sleep 10
}
