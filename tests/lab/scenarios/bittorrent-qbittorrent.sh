# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Torrents by qbittorrent: uTP and TCP, encryption allowed and forced.
packages="mktorrent opentracker transmission-cli aria2 qbittorrent-nox"
names="tracker=s1"
seconds=30
shows="tcp.port == 6969 && http.request.uri contains \"announce\"
tcp.port != 6969 && tcp.len > 1000 or udp.length > 1000"

servers() {
    torrent_make
    torrent_flows
    qbittorrent_start s2 0 seed
    sleep 3 # until the tracker knows of the seed
}

clients() {
    qbittorrent_start c1 0
    qbittorrent_start c2 1
    transmission_start s3 --encryption-preferred
    sleep 25
}
