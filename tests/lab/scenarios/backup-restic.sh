# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Backups with restic over SFTP.
packages="restic openssh-server openssh-client"
names="store=s2"
shows="tcp.port == 22 && tcp.len > 1300"

servers() {
    openssh_start
}

keeper() {
    local round tree=$LAB_DIR/tree-$1 at=(restic -q -r "sftp:root@store.$LAB_ZONE:$LAB_DIR/restic-$1"
        -o "sftp.command=ssh ${ssh_options[*]} root@store.$LAB_ZONE -s sftp")
    mkdir -p "$tree"
    run_on "c$1" ssh env HOME="$LAB_DIR" RESTIC_PASSWORD=secret "${at[@]}" init
    for round in 1 2 3; do
        draw_size 50000 2000000
        filler "$DRAWN" >"$tree/file-$round"
        run_on "c$1" ssh env HOME="$LAB_DIR" RESTIC_PASSWORD=secret "${at[@]}" backup "$tree"
        think 500
    done
    run_on "c$1" ssh env HOME="$LAB_DIR" RESTIC_PASSWORD=secret "${at[@]}" restore latest --target "$LAB_DIR/back-$1"
}

clients() {
    users 2 keeper
}
