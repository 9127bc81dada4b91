# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Backups with borg over SSH.
packages="borgbackup openssh-server openssh-client"
names="store=s2"
shows="tcp.port == 22 && tcp.len > 1300"

servers() {
    openssh_start
}

keeper() {
    local round tree=$LAB_DIR/tree-$1 env=(env HOME="$LAB_DIR" BORG_RSH="ssh ${ssh_options[*]}"
        BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_PASSPHRASE=secret)
    mkdir -p "$tree"
    run_on "c$1" ssh "${env[@]}" borg init -e repokey-blake2 "ssh://root@store.$LAB_ZONE$LAB_DIR/borg-$1"
    for round in 1 2 3; do
        draw_size 50000 2000000
        filler "$DRAWN" >"$tree/file-$round"
        run_on "c$1" ssh "${env[@]}" borg create "ssh://root@store.$LAB_ZONE$LAB_DIR/borg-$1::$round" "$tree"
        think 500
    done
    run_on "c$1" ssh "${env[@]}" borg check "ssh://root@store.$LAB_ZONE$LAB_DIR/borg-$1"
}

clients() {
    users 2 keeper
}
