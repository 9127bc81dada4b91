# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Shares over SMB: samba; smbclient, plain and encrypted.
packages="samba smbclient"
names="files=s2"
shows="smb2.cmd == 8"

servers() {
    www_fill
    mkdir -p "$LAB_DIR/samba"
    chmod 777 "$www"
    cat >"$LAB_DIR/smb.conf" <<END
[global]
private dir = $LAB_DIR/samba
lock directory = $LAB_DIR/samba
state directory = $LAB_DIR/samba
cache directory = $LAB_DIR/samba
pid directory = $LAB_DIR/samba
ncalrpc dir = $LAB_DIR/samba/ncalrpc
log file = $LAB_DIR/log/samba
map to guest = Bad User
guest account = nobody
disable spoolss = yes
load printers = no
[pages]
path = $www
guest ok = yes
read only = no
END
    start_on s2 smb smbd -F --no-process-group -s "$LAB_DIR/smb.conf"
    wait_for 10 listening s2 tcp 445
    flows_are smb tcp "$(address4 s2)" 445
    flows_are smb tcp "$(address4 s2)" 139
}

user() {
    local round
    for round in {1..5}; do
        draw_size 5000 500000
        filler "$DRAWN" >"$LAB_DIR/document-$1"
        run_on "c$1" smb smbclient -s "$LAB_DIR/smb.conf" -N "//files.$LAB_ZONE/pages" -c \
            "ls; get picture-$round-$1.jpg /dev/null; put $LAB_DIR/document-$1 document-$1-$round; ls"
        think 700
    done
}

clients() {
    users 3 user
}
