# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Peers of the eDonkey network by aMule. Debian has no server: one of the lab's own admits the peers
# and tells them of each other. With obfuscation they refuse what is not obfuscated.

# donkey_server_start: on s1.
donkey_server_start() {
    start_on s1 edonkey "$here/parts/donkey_server.py" "$(address4 s1)" 4661
    wait_for 10 listening s1 tcp 4661
}

# donkey_start HOST OBFUSCATION: a daemon; OBFUSCATION 1 asks for it, 0 refuses it.
donkey_start() {
    local place=$LAB_DIR/amule-$1 secret
    secret=$(printf secret | md5sum | cut -d ' ' -f 1)
    mkdir -p "$place/Incoming" "$place/Temp"
    cat >"$place/amule.conf" <<END
[eMule]
AppVersion=2.3.3
Nick=lab
Port=4662
UDPPort=4672
UDPEnable=1
MaxUpload=0
MaxDownload=0
SlotAllocation=200
Autoconnect=0
ConnectToKad=0
ConnectToED2K=1
FilterLanIPs=0
AllowLocalHostIP=1
IPFilterClients=0
IPFilterServers=0
TempDir=$place/Temp
IncomingDir=$place/Incoming
[Obfuscation]
IsClientCryptLayerSupported=$2
IsCryptLayerRequested=$2
IsClientCryptLayerRequired=$2
[ExternalConnect]
AcceptExternalConnections=1
ECPort=4712
ECPassword=$secret
END
    start_on "$1" edonkey env HOME="$place" amuled -o -c "$place"
    wait_for 15 listening "$1" tcp 4662
    wait_for 15 listening "$1" tcp 4712
    donkey_tell "$1" "add ed2k://|server|$(address4 s1)|4661|/"
    donkey_tell "$1" "connect $(address4 s1):4661"
}

# donkey_tell HOST COMMAND: a command to its daemon.
donkey_tell() {
    run_on "$1" control env HOME="$LAB_DIR/amule-$1" amulecmd -h 127.0.0.1 -p 4712 -P secret -c "$2"
}

# donkey_link FILE HOST...: the link to it, with the hosts as sources.
donkey_link() {
    local file=$1 host sources=''
    shift
    for host in "$@"; do
        sources+=",$(address4 "$host"):4662"
    done
    echo "$(alcc "$file" | tail -n 1)|sources$sources|/"
}
