# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Chat over IRC, plain and TLS: ngircd; ii, and irssi.
packages="ngircd ii irssi expect"
names="chat=s4"
shows="irc.request
tls && tcp.port == 6697"

servers() {
    cat >"$LAB_DIR/ngircd.conf" <<END
[Global]
Name = chat.$LAB_ZONE
Info = Chat
Ports = 6667
[Options]
Ident = no
PAM = no
DNS = no
[SSL]
CertFile = $LAB_DIR/cert.pem
KeyFile = $LAB_DIR/key.pem
Ports = 6697
END
    start_on s4 irc ngircd -n -f "$LAB_DIR/ngircd.conf"
    wait_for 10 listening s4 tcp 6667
    flows_are irc tcp "$(address4 s4)" 6667
    flows_are irc tcp "$(address4 s4)" 6697
}

talker() {
    local root=$LAB_DIR/irc-$1/chat.$LAB_ZONE line
    start_on "c$1" irc ii -i "$LAB_DIR/irc-$1" -s chat.$LAB_ZONE -n "talker$1"
    wait_for 10 test -p "$root/in"
    sleep 1
    echo "/j #glass" >"$root/in"
    wait_for 10 test -p "$root/#glass/in"
    for line in {1..15}; do
        draw 40
        echo "line $line, $(seq -s ' ' $DRAWN)" >"$root/#glass/in"
        think 700
    done
}

secure_talker() {
    mkdir -p "$LAB_DIR/irssi-$1"
    type_lines "c$(($1 + 2))" irc "irssi --home=$LAB_DIR/irssi-$1 -c chat.$LAB_ZONE -p 6697 -n secure$1" \
        "/connect -tls chat.$LAB_ZONE 6697" "/join #glass" "hello everyone" "who reads this?" \
        "/names" "it is late, good night" "/quit"
}

clients() {
    users 2 talker &
    users 2 secure_talker &
    wait
}
