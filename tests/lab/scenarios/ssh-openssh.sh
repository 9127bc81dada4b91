# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Shells over SSH, typed at human speed: OpenSSH.
packages="openssh-server openssh-client expect"
names="shell=s2/6"
shows="ssh.protocol"

servers() {
    openssh_start
}

typist() {
    type_lines "c$1" ssh "ssh ${ssh_options[*]} -tt root@shell.$LAB_ZONE sh" \
        "ls /etc" "cat /etc/services" "head -n 30 /etc/protocols" "ls -la /usr/bin" "date" exit
}

clients() {
    users 3 typist
}
