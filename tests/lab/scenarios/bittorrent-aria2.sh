# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Torrents by aria2: plain and with encryption required, DHT on a port of its own.
packages="mktorrent opentracker curl transmission-cli aria2"
names="tracker=s1"
seconds=90
shows="tcp.port == 6969 && http.request.uri contains \"announce\"
tcp.port != 6969 && tcp.len > 1000 or udp.length > 1000"

servers() {
    torrent_make
    torrent_flows
    aria2_start s2 --bt-require-crypto=false seed
    wait_for 30 seed_is_announced
}

clients() {
    aria2_start c1 --bt-require-crypto=false
    aria2_start c2 --bt-force-encryption=true
    aria2_start s3 --bt-require-crypto=false
    wait_for 60 film_came aria2-{c1,c2,s3}/files
    sleep 10
}
