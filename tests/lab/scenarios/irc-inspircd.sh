# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Chat over IRC, plain and TLS, with files sent straight between two people (DCC): inspircd;
# weechat, ii.
packages="inspircd weechat-headless weechat-plugins ii"
names="chat=s4"
seconds=40
shows="irc.request
tls && tcp.port == 6697
tcp.port >= 7000 && tcp.port <= 7009 && tcp.len > 1000"

servers() {
    mkdir -p "$LAB_DIR/inspircd"
    cat >"$LAB_DIR/inspircd/inspircd.conf" <<END
<server name="chat.$LAB_ZONE" description="Chat" network="Lab">
<admin name="ann" nick="ann" email="ann@$LAB_ZONE">
<bind address="" port="6667" type="clients">
<module name="ssl_gnutls">
<sslprofile name="Clients" provider="gnutls" certfile="$LAB_DIR/cert.pem" keyfile="$LAB_DIR/key.pem">
<bind address="" port="6697" type="clients" sslprofile="Clients">
<connect allow="*" timeout="60" hardsendq="1048576" softsendq="8192" recvq="8192" commandrate="1000" resolvehostnames="no" globalmax="50" localmax="50">
<pid file="$LAB_DIR/inspircd/pid">
END
    start_on s4 irc inspircd --nofork --runasroot --config "$LAB_DIR/inspircd/inspircd.conf"
    wait_for 10 listening s4 tcp 6667
    flows_are irc tcp "$(address4 s4)" 6667
    flows_are irc tcp "$(address4 s4)" 6697
    flows_are dcc tcp '*' 7000-7009
}

# weechat_on HOST NICK PORT OPTIONS COMMANDS: a weechat that joins the channel and obeys its pipe.
weechat_on() {
    local place=$LAB_DIR/weechat-$2
    mkdir -p "$place"
    filler 300000 >"$place/picture.jpg"
    start_on "$1" irc env HOME="$place" weechat-headless -d "$place" \
        -r "/set irc.server_default.ssl_verify off" \
        -r "/set xfer.network.own_ip $(address4 "$1")" \
        -r "/set xfer.network.port_range 7000-7009" \
        -r "/set xfer.file.auto_accept_files on" \
        -r "/set xfer.file.download_path $place/got" \
        -r "/set irc.server_default.anti_flood_prio_low 0" \
        -r "/server add lab chat.$LAB_ZONE/$3 $4 -nicks=$2 -autojoin=#glass" \
        -r "/connect lab"
}

# tell_weechat NICK TEXT: types into its channel.
tell_weechat() {
    local pipe
    for pipe in "$LAB_DIR/weechat-$1"/*fifo*; do
        echo "irc.lab.#glass *$2" >"$pipe"
    done
}

# talker USER: three at home, one elsewhere, with whom files are exchanged.
talker() {
    local line host=c$1 tls=0
    [ "$1" != 4 ] || host=s3
    [ "$1" != 2 ] || tls=1
    if [ $tls = 1 ]; then
        weechat_on $host "nick$1" 6697 "-ssl"
    else
        weechat_on $host "nick$1" 6667 ""
    fi
    wait_for 10 test -p "$LAB_DIR/weechat-nick$1"/weechat_fifo_*
    sleep 4
    for line in {1..12}; do
        draw 40
        tell_weechat "nick$1" "line $line, $(seq -s ' ' $DRAWN)"
        think 900
        case $1$line in
        14) tell_weechat nick1 "/dcc send nick4 $LAB_DIR/weechat-nick1/picture.jpg" ;;
        46) tell_weechat nick4 "/dcc send nick3 $LAB_DIR/weechat-nick4/picture.jpg" ;;
        esac
    done
    sleep 5
}

clients() {
    users 4 talker
}
