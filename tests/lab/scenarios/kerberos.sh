# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Tickets: MIT Kerberos over UDP and TCP.
packages="krb5-kdc krb5-admin-server krb5-user"
names="kdc=s4"
shows="kerberos"

servers() {
    mkdir -p "$LAB_DIR/kdc"
    cat >"$LAB_DIR/krb5.conf" <<END
[libdefaults]
default_realm = EXAMPLE.TEST
dns_lookup_kdc = false
rdns = false
[realms]
EXAMPLE.TEST = {
    kdc = $(address4 s4)
}
END
    sed 's/^dns_lookup_kdc/udp_preference_limit = 1\n&/' "$LAB_DIR/krb5.conf" >"$LAB_DIR/krb5-tcp.conf"
    cat >"$LAB_DIR/kdc.conf" <<END
[kdcdefaults]
kdc_ports = 88
kdc_tcp_ports = 88
[realms]
EXAMPLE.TEST = {
    database_name = $LAB_DIR/kdc/principal
    key_stash_file = $LAB_DIR/kdc/stash
    acl_file = $LAB_DIR/kdc/acl
}
END
    kerberos_env=(env KRB5_CONFIG="$LAB_DIR/krb5.conf" KRB5_KDC_PROFILE="$LAB_DIR/kdc.conf")
    "${kerberos_env[@]}" kdb5_util create -s -P master >/dev/null 2>&1
    local user
    for user in user1 user2 user3 user4 host/www; do
        "${kerberos_env[@]}" kadmin.local addprinc -pw "secret" "$user" >/dev/null 2>&1
    done
    start_on s4 kerberos "${kerberos_env[@]}" krb5kdc -n -P "$LAB_DIR/kdc/pid"
    wait_for 10 listening s4 udp 88
    flows_are kerberos udp "$(address4 s4)" 88
    flows_are kerberos tcp "$(address4 s4)" 88
}

user() {
    local round config
    for round in {1..10}; do
        config=krb5.conf
        [ $((round % 2)) -eq 0 ] || config=krb5-tcp.conf
        echo secret | run_on "c$1" kerberos env KRB5_CONFIG="$LAB_DIR/$config" \
            KRB5CCNAME="FILE:$LAB_DIR/tickets-$1" kinit "user$1"
        run_on "c$1" kerberos env KRB5_CONFIG="$LAB_DIR/$config" \
            KRB5CCNAME="FILE:$LAB_DIR/tickets-$1" kvno host/www
        think 500
    done
}

clients() {
    users 4 user
}
