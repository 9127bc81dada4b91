# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Torrents by qbittorrent: uTP and TCP, encryption allowed and forced.
packages="mktorrent opentracker curl transmission-cli aria2 qbittorrent-nox"
names="tracker=s1"
seconds=90
shows="tcp.port == 6969 && http.request.uri contains \"announce\"
tcp.port != 6969 && tcp.len > 1000 or udp.length > 1000"

servers() {
    torrent_make
    torrent_flows
    qbittorrent_start s2 0 seed
    wait_for 30 seed_is_announced
}

clients() {
    qbittorrent_start c1 0
    qbittorrent_start c2 1
    transmission_start s3 --encryption-preferred
    wait_for 60 film_came qbittorrent-{c1,c2}/files transmission-s3/files
    sleep 10
}
