# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Names over TLS: unbound; kdig with and without connections kept.
packages="knot-dnsutils"
names="www=s1 dns=s3"
shows="tls && tcp.port == 853"

servers() {
    encrypted_resolver_start 853
    flows_are dot tcp "$(address4 s3)" 853
}

asker() {
    local round
    for round in {1..12}; do
        draw 5
        run_on "c$1" dns kdig "@$(address4 s3)" +tls-ca="$LAB_DIR/ca.pem" +tls-hostname=dns.$LAB_ZONE \
            +keepopen www.$LAB_ZONE mail$DRAWN.$LAB_ZONE TXT nowhere.$LAB_ZONE
        think 300
        run_on "c$1" dns kdig "@$(address4 s3)" +tls "host-$round.$LAB_ZONE"
        think 300
    done
}

clients() {
    users 4 asker
}
