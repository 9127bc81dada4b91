# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# News with binaries over NNTP, plain and TLS: sn; suck, slrnpull and rpost.
packages="sn suck slrnpull socat"
names="news=s2"
seconds=40
shows="nntp.request
tls && tcp.port == 563 && tcp.len > 1000"

servers() {
    export SNROOT=$LAB_DIR/sn
    mkdir -p "$SNROOT"
    snnewgroup lab.binaries && snnewgroup lab.talk
    start_on s2 nntp socat TCP-LISTEN:119,fork,reuseaddr EXEC:snntpd
    start_on s2 nntp socat "OPENSSL-LISTEN:563,fork,reuseaddr,cert=$LAB_DIR/cert.pem,key=$LAB_DIR/key.pem,verify=0" \
        EXEC:snntpd
    wait_for 10 listening s2 tcp 119
    wait_for 10 listening s2 tcp 563
    flows_are nntp tcp "$(address4 s2)" 119
    flows_are nntp tcp "$(address4 s2)" 563
    local number
    for number in {1..12}; do
        draw_size 3000 400000
        article server "$number" "$DRAWN" | run_on s2 nntp rpost news.$LAB_ZONE
    done >>"$LAB_DIR/log/nntp" 2>&1
}

# article WHO NUMBER BYTES: one with a file of that size in it.
article() {
    printf 'From: %s@%s\nNewsgroups: lab.binaries\nSubject: file %d\nMessage-ID: <%s.%d@%s>\n\n' \
        "$1" $LAB_ZONE "$2" "$1" "$2" $LAB_ZONE
    filler "$3" | base64 -w 128
}

# reader USER: fetches the group by suck (the second over TLS) or slrnpull, posts, fetches again.
reader() {
    local place=$LAB_DIR/reader-$1 round
    mkdir -p "$place/out.going"
    echo "lab.binaries 1" >"$place/sucknewsrc"
    echo "lab.binaries 100 0 0" >"$place/slrnpull.conf"
    for round in 1 2 3; do
        case $1 in
        1) run_on c1 nntp suck news.$LAB_ZONE -dd "$place" -dm "$place" -dt "$place" -m -H ;;
        2) run_on c2 nntp suck news.$LAB_ZONE -ssl -N 563 -dd "$place" -dm "$place" -dt "$place" -m -H ;;
        3) run_on c3 nntp slrnpull -d "$place" -h news.$LAB_ZONE --no-post ;;
        esac
        think 2000
        draw_size 3000 200000
        article "reader$1" $round "$DRAWN" | run_on "c$1" nntp rpost news.$LAB_ZONE
        think 1500
    done
}

clients() {
    users 3 reader
}
