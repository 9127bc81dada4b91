# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Log lines over UDP and TCP: rsyslog; logger.
packages="rsyslog bsdutils"
names="log=s4"
shows="syslog"

servers() {
    cat >"$LAB_DIR/rsyslog.conf" <<END
global(workDirectory="$LAB_DIR")
module(load="imudp")
module(load="imtcp")
input(type="imudp" port="514")
input(type="imtcp" port="514")
*.* $LAB_DIR/log/received
END
    start_on s4 syslog rsyslogd -n -i "$LAB_DIR/rsyslog.pid" -f "$LAB_DIR/rsyslog.conf"
    wait_for 10 listening s4 tcp 514
    flows_are syslog udp "$(address4 s4)" 514
    flows_are syslog tcp "$(address4 s4)" 514
}

talker() {
    local line
    for line in {1..15}; do
        draw 40
        run_on "c$1" syslog logger -d -n log.$LAB_ZONE -t "daemon$1" "event $DRAWN happened in unit $line"
        think 200
        seq "$DRAWN" | sed 's/^/reading /' | run_on "c$1" syslog logger -T -n log.$LAB_ZONE -P 514 -t "batch$1"
        think 200
    done
}

clients() {
    users 4 talker
}
