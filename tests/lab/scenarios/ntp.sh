# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Time: chrony and ntpdig against chrony, polling.
packages="chrony ntpsec-ntpdig"
names="time=s3/6"
seconds=22
shows="ntp"

servers() {
    printf 'local stratum 2\nallow all\ncmdport 0\nbindcmdaddress /\npidfile %s\n' \
        "$LAB_DIR/chrony.pid" >"$LAB_DIR/chrony.conf"
    start_on s3 ntp chronyd -d -x -u root -f "$LAB_DIR/chrony.conf"
    wait_for 10 listening s3 udp 123
    flows_are ntp udp '*' 123
}

watcher() {
    local round
    printf 'server time.%s iburst minpoll 0 maxpoll 1\ncmdport 0\nbindcmdaddress /\npidfile %s\n' \
        $LAB_ZONE "$LAB_DIR/chrony-$1.pid" >"$LAB_DIR/chrony-$1.conf"
    start_on "c$1" ntp chronyd -d -x -u root -f "$LAB_DIR/chrony-$1.conf"
    for round in {1..10}; do
        run_on "c$1" ntp ntpdig time.$LAB_ZONE
        think 1200
    done
}

clients() {
    users 4 watcher
}
