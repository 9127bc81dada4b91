# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Shells over telnet, typed at human speed.
packages="inetutils-telnetd telnet openbsd-inetd expect"
names="shell=s2"
shows="telnet"

servers() {
    echo "telnet stream tcp nowait root /usr/sbin/telnetd telnetd -h -E /bin/sh" >"$LAB_DIR/inetd.conf"
    start_on s2 telnet inetd -i "$LAB_DIR/inetd.conf"
    wait_for 10 listening s2 tcp 23
    flows_are telnet tcp "$(address4 s2)" 23
}

typist() {
    type_lines "c$1" telnet "telnet shell.$LAB_ZONE" "ls /etc" "cat /etc/services" \
        "head -n 30 /etc/protocols" "ls -la /usr/bin" date exit
}

clients() {
    users 3 typist
}
