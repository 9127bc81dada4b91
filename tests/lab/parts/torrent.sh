# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A torrent, its tracker and its peers of several programs.

# torrent_make: $LAB_DIR/film.torrent of $LAB_DIR/seed/film.mkv, and a tracker on s1 that serves it.
torrent_make() {
    mkdir -p "$LAB_DIR/seed"
    filler "${1:-3000000}" >"$LAB_DIR/seed/film.mkv"
    mktorrent -l 16 -a "http://tracker.$LAB_ZONE:6969/announce" -o "$LAB_DIR/film.torrent" \
        "$LAB_DIR/seed/film.mkv" >/dev/null
    transmission-show "$LAB_DIR/film.torrent" | awk '/Hash:/ { print $2 }' >"$LAB_DIR/whitelist"
    start_on s1 tracker opentracker -w "$LAB_DIR/whitelist" -i "$(address4 s1)" -p 6969 -P 6969
    wait_for 10 listening s1 tcp 6969
    flows_are bittorrent-tracker tcp "$(address4 s1)" 6969
    flows_are bittorrent-tracker udp "$(address4 s1)" 6969
    flows_are bittorrent-lsd udp '*' 6771
}

# seed_is_announced: whether the tracker knows of a seed.
seed_is_announced() {
    ns s1 curl -sg "http://$(address4 s1):6969/scrape?info_hash=$(sed 's/../%&/g' "$LAB_DIR/whitelist")" |
        grep -qa 'completei[1-9]'
}

# film_came PLACE...: whether all these folders in $LAB_DIR have the whole film.
film_came() {
    local place
    for place in "$@"; do
        cmp -s "$LAB_DIR/seed/film.mkv" "$LAB_DIR/$place/film.mkv" || return
    done
}

# torrent_flows: what is left is between peers; over UDP it is uTP and DHT on one port, but for the
# ports that aria2 (6882) and rtorrent (6891) keep for DHT, and the one new nodes ask first (6881).
torrent_flows() {
    flows_are bittorrent-dht udp '*' 6881-6882
    flows_are bittorrent-dht udp '*' 6891
    flows_are bittorrent tcp '*' '*'
    flows_are utp udp '*' '*'
}

# folder_for PEER [seed]: a download folder, with the film in it for a seed.
folder_for() {
    mkdir -p "$LAB_DIR/$1/files"
    [ "${2:-}" != seed ] || cp "$LAB_DIR/seed/film.mkv" "$LAB_DIR/$1/files/"
    echo "tracker.$LAB_ZONE 6881" >"$LAB_DIR/$1/dht.bootstrap"
}

# transmission_start HOST OPTION [seed]: OPTION is --encryption-required, -preferred or -tolerated.
transmission_start() {
    folder_for "transmission-$1" "${3:-}"
    start_on "$1" bittorrent transmission-cli -g "$LAB_DIR/transmission-$1" \
        -w "$LAB_DIR/transmission-$1/files" -p 51413 -M "$2" "$LAB_DIR/film.torrent"
}

# aria2_start HOST OPTION [seed]
aria2_start() {
    folder_for "aria2-$1" "${3:-}"
    start_on "$1" bittorrent aria2c -q --dir "$LAB_DIR/aria2-$1/files" --listen-port=6881 \
        --dht-listen-port=6882 --enable-dht=true --dht-file-path="$LAB_DIR/aria2-$1/dht" \
        --check-integrity=true --seed-ratio=0 --file-allocation=none --bt-tracker-interval=5 \
        "$2" "$LAB_DIR/film.torrent"
}

# rtorrent_start HOST ENCRYPTION [seed]: ENCRYPTION is what its setting of that name takes.
rtorrent_start() {
    folder_for "rtorrent-$1" "${3:-}"
    cat >"$LAB_DIR/rtorrent-$1/rc" <<END
directory.default.set = $LAB_DIR/rtorrent-$1/files
session.path.set = $LAB_DIR/rtorrent-$1
network.port_range.set = 6890-6890
protocol.encryption.set = $2
dht.mode.set = on
dht.port.set = 6891
protocol.pex.set = yes
system.daemon.set = true
END
    start_on "$1" bittorrent rtorrent -n -o import="$LAB_DIR/rtorrent-$1/rc" \
        "$LAB_DIR/film.torrent"
}

# qbittorrent_start HOST ENCRYPTION [seed]: ENCRYPTION 0 allowed, 1 forced, 2 off.
qbittorrent_start() {
    folder_for "qbittorrent-$1" "${3:-}"
    mkdir -p "$LAB_DIR/qbittorrent-$1/qBittorrent/config"
    cat >"$LAB_DIR/qbittorrent-$1/qBittorrent/config/qBittorrent.conf" <<END
[LegalNotice]
Accepted=true
[BitTorrent]
Session\\DefaultSavePath=$LAB_DIR/qbittorrent-$1/files
Session\\Port=6895
Session\\Encryption=$2
Session\\GlobalMaxRatio=-1
[Preferences]
WebUI\\Enabled=false
END
    start_on "$1" bittorrent env HOME="$LAB_DIR/qbittorrent-$1" qbittorrent-nox \
        --profile="$LAB_DIR/qbittorrent-$1" --skip-dialog=true "$LAB_DIR/film.torrent"
}

# deluge_start HOST [seed]
deluge_start() {
    folder_for "deluge-$1" "${2:-}"
    local config=$LAB_DIR/deluge-$1
    cat >"$config/core.conf" <<END
{"file": 1, "format": 1}{
    "download_location": "$config/files", "listen_ports": [6901, 6901], "random_port": false,
    "upnp": false, "natpmp": false, "allow_remote": false, "daemon_port": 58846
}
END
    start_on "$1" bittorrent deluged -d -c "$config"
    wait_for 60 listening "$1" tcp 58846
    run_on "$1" control deluge-console -c "$config" \
        "add -p $config/files $LAB_DIR/film.torrent" >>"$LAB_DIR/log/bittorrent" 2>&1
}
