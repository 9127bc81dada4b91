# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A disk over iSCSI: tgt; the tools of libiscsi.
packages="tgt libiscsi-bin"
names="disk=s4"
seconds=30
shows="iscsi"

servers() {
    filler 8000000 >"$LAB_DIR/disk"
    start_on s4 iscsi sh -c "mount -t tmpfs none /run && exec tgtd -f --iscsi portal=0.0.0.0:3260"
    wait_for 10 listening s4 tcp 3260
    iscsi_admin --mode target --op new --tid 1 --targetname iqn.2001-04.test.example:disk
    iscsi_admin --mode logicalunit --op new --tid 1 --lun 1 --backing-store "$LAB_DIR/disk"
    iscsi_admin --mode target --op bind --tid 1 --initiator-address ALL
    flows_are iscsi tcp "$(address4 s4)" 3260
}

iscsi_admin() {
    nsenter -t "$(head -n 1 "$LAB_CGROUP/iscsi/cgroup.procs")" -m -n tgtadm --lld iscsi "$@"
}

user() {
    local round disk=iscsi://disk.$LAB_ZONE/iqn.2001-04.test.example:disk/1
    for round in {1..6}; do
        run_on "c$1" iscsi iscsi-ls -s "iscsi://disk.$LAB_ZONE"
        run_on "c$1" iscsi iscsi-inq $disk
        think 500
        run_on "c$1" iscsi timeout 0.3 iscsi-perf -b 16 -m 1 -r $disk
        think 500
    done
}

clients() {
    users 2 user
}
