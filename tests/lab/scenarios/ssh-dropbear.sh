# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Shells over SSH, typed at human speed: dropbear.
packages="dropbear-bin openssh-client expect"
names="shell=s2"
shows="ssh.protocol contains \"dropbear\""

servers() {
    ssh_keys
    mkdir -p "$LAB_DIR/root/.ssh"
    cp "$LAB_DIR/user-key.pub" "$LAB_DIR/root/.ssh/authorized_keys"
    chmod 700 "$LAB_DIR/root" "$LAB_DIR/root/.ssh"
    dropbearkey -t ed25519 -f "$LAB_DIR/dropbear-host-key" >/dev/null
    dropbearkey -t ed25519 -f "$LAB_DIR/dropbear-user-key" | grep '^ssh-' \
        >>"$LAB_DIR/root/.ssh/authorized_keys"
    start_on s2 ssh sh -c "mount --bind $LAB_DIR/root /root &&
        exec dropbear -F -E -r $LAB_DIR/dropbear-host-key -p 22 -P $LAB_DIR/dropbear.pid"
    wait_for 10 listening s2 tcp 22
}

typist() {
    local client="ssh ${ssh_options[*]} -tt"
    [ "$1" -eq 1 ] || client="dbclient -y -y -t -i $LAB_DIR/dropbear-user-key"
    type_lines "c$1" ssh "$client root@shell.$LAB_ZONE sh" "ls /etc" "cat /etc/services" \
        "ls -la /usr/bin" date exit
}

clients() {
    users 3 typist
}
