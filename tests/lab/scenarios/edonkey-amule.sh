# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# eDonkey: a server-less transfer between aMules, and Kad; obfuscated and plain.
packages="amule-daemon amule-utils"
seconds=60
shows="tcp.port == 4662 && tcp.len > 1000
udp.port == 4672"

servers() {
    amule_start s2 0
    amule_start s3 1
    amule_do s2 "connect kad"
    amule_do s3 "connect kad"
    flows_are edonkey tcp '*' '*'
    flows_are kad udp '*' 4672
    flows_are edonkey udp '*' '*'
}

# nodes_write FILE HOST HOST: two Kad contacts to begin with (nodes.dat, bootstrap edition: version 3).
nodes_write() {
    local file=$1 host byte
    shift
    {
        printf '\0\0\0\0\3\0\0\0\1\0\0\0\2\0\0\0'
        for host in "$@"; do
            printf '%016d' "${host#?}" # any identity will do
            for byte in $(address4 "$host" | tr . '\n' | tac); do
                printf '%b' "\\0$(printf %o "$byte")"
            done
            printf '\x40\x12\x36\x12\x08' # UDP 4672, TCP 4662, Kad version 8
        done
    } >"$file"
}

# amule_start HOST OBFUSCATION: 1 requires it.
amule_start() {
    local place=$LAB_DIR/amule-$1
    mkdir -p "$place/Incoming" "$place/Temp"
    [ "${1#s}" = "$1" ] || filler 3000000 >"$place/Incoming/film-$1.mkv"
    nodes_write "$place/nodes.dat" s2 s3
    cat >"$place/amule.conf" <<END
[eMule]
AppVersion=2.3.3
Nick=$1
Port=4662
UDPPort=4672
UDPEnable=1
ConnectToKad=1
ConnectToED2K=0
Autoconnect=1
FilterLanIPs=0
IPFilterClients=0
IsClientCryptLayerSupported=1
IsCryptLayerRequested=$2
IsClientCryptLayerRequired=$2
IncomingDir=$place/Incoming
TempDir=$place/Temp
[ExternalConnect]
AcceptExternalConnections=1
ECPort=4712
ECPassword=$(printf secret | md5sum | cut -d ' ' -f 1)
END
    start_on "$1" edonkey env HOME="$place" amuled --config-dir="$place"
    wait_for 30 listening "$1" tcp 4712
}

amule_do() {
    run_on "$1" control amulecmd -h 127.0.0.1 -P secret -c "$2"
}

downloader() {
    local host seed=s$(($1 + 1)) file hash
    host=c$1
    amule_start "$host" $(($1 - 1))
    file=$LAB_DIR/amule-$seed/Incoming/film-$seed.mkv
    hash=$(openssl dgst -provider legacy -provider default -md4 -r "$file" | cut -d ' ' -f 1)
    amule_do "$host" "connect kad"
    amule_do "$host" "add ed2k://|file|film-$seed.mkv|3000000|$hash|/|sources,$(address4 "$seed"):4662|/"
    for ((round = 0; round < 8; round++)); do
        sleep 5
        amule_do "$host" "show dl"
    done
}

clients() {
    users 2 downloader
}
