# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Torrents by rtorrent: encrypted and plain, with a transmission as seed.
packages="mktorrent opentracker curl transmission-cli aria2 rtorrent"
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
    rtorrent_start c1 none
    rtorrent_start c2 allow_incoming,try_outgoing,require,require_RC4
    wait_for 60 film_came rtorrent-{c1,c2}/files
    sleep 10
}
