# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Torrents by transmission: encrypted and plain, tracker, DHT, uTP.
packages="mktorrent opentracker transmission-cli aria2"
names="tracker=s1"
seconds=30
shows="tcp.port == 6969 && http.request.uri contains \"announce\"
tcp.port != 6969 && tcp.len > 1000 or udp.length > 1000"

servers() {
    torrent_make
    torrent_flows
    transmission_start s2 --encryption-preferred seed
    sleep 3 # until the tracker knows of the seed
}

clients() {
    transmission_start c1 --encryption-required
    transmission_start c2 --encryption-tolerated
    transmission_start s3 --encryption-preferred
    sleep 25
}
