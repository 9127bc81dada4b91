# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Torrents by deluge, with a transmission as seed.
packages="mktorrent opentracker curl transmission-cli aria2 deluged deluge-console"
names="tracker=s1"
seconds=90
shows="tcp.port == 6969 && http.request.uri contains \"announce\"
tcp.port != 6969 && tcp.len > 1000 or udp.length > 1000"

servers() {
    torrent_make
    torrent_flows
    transmission_start s2 --encryption-preferred seed
    wait_for 30 seed_is_announced
}

clients() {
    deluge_start c1
    deluge_start c2
    aria2_start s3 --bt-require-crypto=false
    wait_for 60 film_came deluge-{c1,c2}/files aria2-s3/files
    sleep 10
}
