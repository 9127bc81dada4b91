# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Trees over rsync's own protocol.
packages="rsync"
names="files=s2"
shows="rsync or tcp.port == 873 && tcp.len > 100"

servers() {
    www_fill
    printf 'use chroot = no\n[pages]\npath = %s\n[drop]\npath = %s\nread only = no\n' \
        "$www" "$LAB_DIR/drop" >"$LAB_DIR/rsyncd.conf"
    mkdir -p "$LAB_DIR/drop"
    chmod 777 "$LAB_DIR/drop"
    start_on s2 rsync rsync --daemon --no-detach --config="$LAB_DIR/rsyncd.conf"
    wait_for 10 listening s2 tcp 873
    flows_are rsync tcp "$(address4 s2)" 873
}

mirrorer() {
    run_on "c$1" rsync rsync -a --include="*-$1*" --exclude='*' "rsync://files.$LAB_ZONE/pages/" \
        "$LAB_DIR/mirror-$1"
    think 800
    run_on "c$1" rsync rsync -az /usr/share/perl5/Debconf "rsync://files.$LAB_ZONE/drop/$1/"
    think 800
    run_on "c$1" rsync rsync -a --checksum /usr/share/perl5/Debconf "rsync://files.$LAB_ZONE/drop/$1/"
    run_on "c$1" rsync rsync "rsync://files.$LAB_ZONE/"
}

clients() {
    users 3 mirrorer
}
