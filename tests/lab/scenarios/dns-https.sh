# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Names over HTTPS: unbound; kdig.
packages="knot-dnsutils"
names="www=s1 dns=s3"
shows="tls && tcp.port == 443"

servers() {
    encrypted_resolver_start 443
    flows_are doh tcp "$(address4 s3)" 443
}

asker() {
    local round
    for round in {1..12}; do
        draw 5
        run_on "c$1" dns kdig "@$(address4 s3)" +https +tls-ca="$LAB_DIR/ca.pem" \
            +tls-hostname=dns.$LAB_ZONE www.$LAB_ZONE mail$DRAWN.$LAB_ZONE
        think 300
        run_on "c$1" dns kdig "@$(address4 s3)" +https-get "host-$round.$LAB_ZONE" TXT
        think 300
    done
}

clients() {
    users 4 asker
}
