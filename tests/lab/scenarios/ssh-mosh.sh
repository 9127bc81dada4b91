# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Shells over mosh, typed at human speed; the session starts over SSH.
packages="mosh openssh-server openssh-client expect"
names="shell=s2"
seconds=45
shows="ssh.protocol
udp.dstport >= 60000 && udp.dstport <= 61000"

servers() {
    openssh_start
    flows_are mosh udp "$(address4 s2)" 60000-61000
}

typist() {
    type_lines "c$1" mosh "env LC_ALL=C.UTF-8 mosh {--ssh=ssh ${ssh_options[*]}} root@shell.$LAB_ZONE -- sh" \
        "ls /etc" "cat /etc/services" "head -n 30 /etc/protocols" "ls -la /usr/bin" date exit
}

clients() {
    users 3 typist
}
