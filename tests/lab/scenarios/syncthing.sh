# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Folders kept alike by syncthing, over TLS and QUIC.
packages="syncthing"
seconds=60
shows="tcp.port == 22000 && tcp.len > 1000 or udp.port == 22000 && udp.length > 1000"

servers() {
    local host
    for host in s2 c1 c2; do
        syncthing generate --home="$LAB_DIR/sync-$host" --no-default-folder --skip-port-probing \
            >>"$LAB_DIR/log/syncthing" 2>&1
        mkdir -p "$LAB_DIR/files-$host/.stfolder"
    done
    for host in s2 c1 c2; do
        sync_configure $host
    done
    draw_size 500000 4000000
    filler "$DRAWN" >"$LAB_DIR/files-s2/film"
    sync_start s2
    flows_are syncthing tcp '*' 22000
    flows_are syncthing udp '*' 22000
    flows_are syncthing udp '*' 21027
}

sync_id() {
    syncthing --home="$LAB_DIR/sync-$1" --device-id
}

# sync_configure HOST: one folder shared with the others, found at their addresses.
sync_configure() {
    local host devices='' members=''
    for host in s2 c1 c2; do
        members+="<device id=\"$(sync_id $host)\"></device>"
        devices+="<device id=\"$(sync_id $host)\" name=\"$host\"><address>tcp://$(address4 $host):22000</address>"
        devices+="<address>quic://$(address4 $host):22000</address></device>"
    done
    cat >"$LAB_DIR/sync-$1/config.xml" <<END
<configuration version="36">
<folder id="glass" path="$LAB_DIR/files-$1" type="sendreceive" rescanIntervalS="5" fsWatcherEnabled="true">
$members</folder>$devices
<gui enabled="false"></gui>
<options><globalAnnounceEnabled>false</globalAnnounceEnabled><relaysEnabled>false</relaysEnabled>
<natEnabled>false</natEnabled><urAccepted>-1</urAccepted><crashReportingEnabled>false</crashReportingEnabled>
<reconnectionIntervalS>5</reconnectionIntervalS></options>
</configuration>
END
}

sync_start() {
    start_on "$1" syncthing syncthing serve --home="$LAB_DIR/sync-$1" --no-browser --no-restart \
        --no-upgrade
}

clients() {
    local change
    sync_start c1
    sync_start c2
    for change in 1 2 3; do
        sleep 10
        draw_size 20000 1000000
        filler "$DRAWN" >"$LAB_DIR/files-c1/change-$change"
    done
    sleep 10
}
