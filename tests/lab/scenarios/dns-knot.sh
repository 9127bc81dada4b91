# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Names over UDP and TCP, with zone transfers: knot and nsd; dig and kdig.
packages="knot nsd bind9-dnsutils knot-dnsutils"
shows="dns.qry.type == 252
udp && dns"

servers() {
    local host
    mkdir -p "$LAB_DIR/knot" "$LAB_DIR/nsd"
    {
        printf '@ 300 SOA ns admin 1 3600 600 86400 300\n@ 300 NS ns\n'
        printf 'ns 300 A %s\n' "$(address4 s1)"
        for host in {1..200}; do
            printf 'host-%s 300 A 192.0.2.%s\n' "$host" "$host"
        done
    } >"$LAB_DIR/zone.test.zone"
    cat >"$LAB_DIR/knot.conf" <<END
server:
    listen: 0.0.0.0@53
    rundir: $LAB_DIR/knot
database:
    storage: $LAB_DIR/knot
acl:
  - id: anyone
    address: 0.0.0.0/0
    action: transfer
zone:
  - domain: zone.test
    file: $LAB_DIR/zone.test.zone
    acl: anyone
END
    cat >"$LAB_DIR/nsd.conf" <<END
server:
    ip-address: 0.0.0.0
    username: root
    chroot: ""
    zonesdir: "$LAB_DIR"
    database: ""
    pidfile: "$LAB_DIR/nsd/pid"
    xfrdfile: "$LAB_DIR/nsd/xfrd"
    zonelistfile: "$LAB_DIR/nsd/list"
    xfrdir: "$LAB_DIR/nsd"
remote-control:
    control-enable: no
zone:
    name: zone.test
    zonefile: zone.test.zone
    provide-xfr: 0.0.0.0/0 NOKEY
END
    start_on s1 dns knotd -c "$LAB_DIR/knot.conf"
    start_on s2 dns nsd -d -c "$LAB_DIR/nsd.conf"
    wait_for 10 listening s1 udp 53
    wait_for 10 listening s2 udp 53
    flows_are dns udp '*' 53
    flows_are dns tcp '*' 53
}

asker() {
    local round server
    for round in {1..25}; do
        draw 2
        server=$(address4 s$((DRAWN + 1)))
        draw 250
        run_on "c$1" dns kdig "@$server" "host-$DRAWN.zone.test"
        think 200
        [ $((round % 8)) -ne 0 ] || run_on "c$1" dns dig "@$server" zone.test AXFR
    done
}

clients() {
    users 4 asker
}
