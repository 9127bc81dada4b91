# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Files over NFS 3 and 4: nfs-ganesha; the tools of libnfs.
packages="nfs-ganesha nfs-ganesha-vfs libnfs-utils rpcbind"
names="files=s2"
shows="nfs && tcp.port == 2049"

servers() {
    www_fill
    cat >"$LAB_DIR/ganesha.conf" <<END
NFS_CORE_PARAM { NFS_Protocols = 3, 4; mount_path_pseudo = false; Enable_NLM = false; Enable_RQUOTA = false; }
NFSv4 { Grace_Period = 1; Lease_Lifetime = 5; RecoveryBackend = fs; }
EXPORT { Export_Id = 1; Path = $www; Pseudo = /pages; Access_Type = RW; Squash = No_Root_Squash;
         SecType = sys; FSAL { Name = VFS; } }
END
    mkdir -p "$LAB_DIR/run-nfs" "$LAB_DIR/lib-nfs/ganesha"
    start_on s2 nfs sh -c "mount --bind $LAB_DIR/run-nfs /run && mount --bind $LAB_DIR/lib-nfs /var/lib/nfs &&
        mkdir -p /run/ganesha && rpcbind && exec ganesha.nfsd -F -L $LAB_DIR/log/ganesha -f $LAB_DIR/ganesha.conf -p /run/ganesha.pid"
    wait_for 20 listening s2 tcp 2049
    flows_are nfs tcp "$(address4 s2)" 2049
    flows_are nfs udp "$(address4 s2)" 2049
    flows_are rpc tcp "$(address4 s2)" '*'
    flows_are rpc udp "$(address4 s2)" '*'
}

user() {
    local round at="nfs://files.$LAB_ZONE$www"
    for round in {1..6}; do
        run_on "c$1" nfs nfs-ls -R "$at"
        draw 8
        run_on "c$1" nfs nfs-cp "$at/picture-$((DRAWN + 1))-$1.jpg" "$LAB_DIR/got-$1"
        think 500
        run_on "c$1" nfs nfs-cat "$at/page-$round.html"
        run_on "c$1" nfs nfs-cp "$LAB_DIR/got-$1" "$at/own-$1-$round"
        think 500
    done
}

clients() {
    users 3 user
}
