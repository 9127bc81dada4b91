# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Torrents by transmission: encrypted and plain, tracker, DHT, uTP.
packages="mktorrent opentracker curl transmission-cli aria2"
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
    transmission_start c1 --encryption-required
    transmission_start c2 --encryption-tolerated
    transmission_start s3 --encryption-preferred
    wait_for 60 film_came transmission-{c1,c2,s3}/files
    sleep 10
}
