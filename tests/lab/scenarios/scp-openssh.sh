# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Files over SSH: scp, sftp and rsync through OpenSSH.
packages="openssh-server openssh-client rsync"
names="shell=s2"
shows="ssh.protocol
tcp.port == 22 && tcp.len > 1300"

servers() {
    openssh_start
}

copier() {
    local copy
    for copy in {1..3}; do
        draw_size 20000 3000000
        filler "$DRAWN" >"$LAB_DIR/file-$1"
        run_on "c$1" ssh scp -q "${ssh_options[@]}" "$LAB_DIR/file-$1" \
            "root@shell.$LAB_ZONE:$LAB_DIR/copy-$1"
        think 500
        run_on "c$1" ssh sftp -q "${ssh_options[@]}" \
            "root@shell.$LAB_ZONE:$LAB_DIR/copy-$1" "$LAB_DIR/back-$1"
        think 500
        run_on "c$1" ssh rsync -e "ssh ${ssh_options[*]}" -a /etc/ssl/ \
            "root@shell.$LAB_ZONE:$LAB_DIR/tree-$1-$copy/"
    done
}

clients() {
    users 2 copier
}
