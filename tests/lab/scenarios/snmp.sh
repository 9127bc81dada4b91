# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Monitoring over SNMP, versions 1, 2c and 3: net-snmp.
packages="snmpd snmp"
names="store=s4"
shows="snmp.version == 0
snmp.version == 1
snmp.msgVersion == 3"

servers() {
    printf 'rocommunity public\nsysName store\nsysDescr a host\ncreateUser ann SHA secret-secret AES\n' \
        >"$LAB_DIR/snmpd.conf"
    printf 'rouser ann priv\n' >>"$LAB_DIR/snmpd.conf"
    start_on s4 snmp env SNMP_PERSISTENT_DIR="$LAB_DIR/snmp" snmpd -f -Lo -C \
        -c "$LAB_DIR/snmpd.conf" udp:161
    wait_for 10 listening s4 udp 161
    flows_are snmp udp "$(address4 s4)" 161
}

watcher() {
    local round
    for round in {1..6}; do
        run_on "c$1" snmp snmpwalk -m '' -v 1 -c public store.$LAB_ZONE 1.3.6.1.2.1.1
        think 400
        run_on "c$1" snmp snmpbulkwalk -m '' -v 2c -c public store.$LAB_ZONE 1.3.6.1.2.1.2
        think 400
        run_on "c$1" snmp snmpget -m '' -v 3 -l authPriv -u ann -a SHA -A secret-secret -x AES \
            -X secret-secret store.$LAB_ZONE 1.3.6.1.2.1.1.3.0 1.3.6.1.2.1.1.5.0
        think 400
    done
}

clients() {
    users 4 watcher
}
