# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Names over UDP and TCP: unbound; dig, kdig, getent.
packages="bind9-dnsutils knot-dnsutils"
names="www=s1/6 mail=s2 files=s3 shell=s4/6"
shows="udp && dns
tcp && dns"

servers() {
    :
}

asker() {
    local round name type
    for round in {1..25}; do
        draw 6
        name=$(printf 'www\nmail\nfiles\nshell\nnowhere\na-name-rather-longer-than-others\n' |
            sed -n $((DRAWN + 1))p)
        draw 4
        type=$(printf 'A\nAAAA\nMX\nTXT\n' | sed -n $((DRAWN + 1))p)
        draw 8
        case $DRAWN in
        0) run_on "c$1" dns dig +tcp "$name.$LAB_ZONE" "$type" ;;
        1) run_on "c$1" dns kdig +nocookie "$name.$LAB_ZONE" "$type" ;;
        2) run_on "c$1" dns dig -x "$(address4 s$(($1 % 4 + 1)))" ;;
        3) run_on "c$1" dns dig +dnssec @$LAB_SERVERS6:2 "$name.$LAB_ZONE" "$type" ;;
        *) run_on "c$1" dns getent ahosts "$name.$LAB_ZONE" ;;
        esac
        think 250
    done
}

clients() {
    users 4 asker
}
