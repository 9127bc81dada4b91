# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Chat and files between friends over Tox: tox-bootstrapd as the first node and relay, toxic.
packages="toxcore-utils toxic expect"
seconds=90
shows="udp.port == 33445 && udp.length > 100
tcp.port == 33445 && tcp.len > 50
udp.length > 1000"

servers() {
    local key
    cat >"$LAB_DIR/tox-bootstrapd.conf" <<END
port = 33445
keys_file_path = "$LAB_DIR/tox-keys"
pid_file_path = "$LAB_DIR/tox-pid"
enable_ipv6 = false
enable_ipv4_fallback = true
enable_lan_discovery = false
enable_tcp_relay = true
tcp_relay_ports = [33445]
enable_motd = false
END
    start_on s1 tox tox-bootstrapd --config="$LAB_DIR/tox-bootstrapd.conf" --foreground \
        --log-backend=stdout
    wait_for 20 grep -q 'Public Key:' "$LAB_DIR/log/tox"
    key=$(sed -n 's/.*Public Key: //p' "$LAB_DIR/log/tox")
    # toxic reads this without blanks only
    tr -d ' \n' >"$LAB_DIR/nodes.json" <<END
{"last_scan": 1, "last_refresh": 1, "nodes": [{"ipv4": "$(address4 s1)", "ipv6": "-", "port": 33445,
"tcp_ports": [33445], "public_key": "$key", "maintainer": "lab", "location": "lab", "motd": "lab",
"status_udp": true, "status_tcp": true, "version": "1", "last_ping": 1}]}
END
    flows_are tox tcp "$(address4 s1)" 33445
    flows_are tox udp '*' '*'
    tox_far s2
    tox_far s3
}

# What to type for the next tab, the contacts, and there for the first friend.
tox_opens_chat='after 1000; send "\x10"; after 1000; send "\r"; after 1000'

# toxic_run HOST: a client that is typed at; the script of what to type comes on standard input.
toxic_run() {
    mkdir -p "$LAB_DIR/tox-$1"
    echo 'ui = { nodeslist_update_freq=0; };' >"$LAB_DIR/tox-$1/conf"
    {
        echo 'set stty_init {rows 40 columns 200}'
        echo "cd $LAB_DIR/tox-$1"
        echo "set timeout $((60 * LAB_PATIENCE))"
        echo 'spawn -noecho toxic -4 -L -n ../nodes.json -f me.tox -c conf'
        printf '%s\n' 'expect "Y/n" { send "n\r" }'
        cat
    } >"$LAB_DIR/tox-$1/script"
    run_on "$1" tox env TERM=xterm HOME="$LAB_DIR/tox-$1" expect "$LAB_DIR/tox-$1/script"
}

# tox_far HOST: someone who tells his address, takes the first who asks for a friend, and answers.
tox_far() {
    toxic_run "$1" >"$LAB_DIR/log/toxic-$1" 2>&1 <<END &
expect "Toxing on Toxic"
send "/myid\r"
expect -re {[0-9A-F]{76}}
set file [open id.new w]
puts \$file \$expect_out(0,string)
close \$file
file rename id.new id
expect "/accept"
send "/accept 0\r"
expect "has come online"
$tox_opens_chat
expect "line 2"
foreach answer {yes "not at all" "I would not say so"} { after 2000; send "\$answer\r" }
expect "/savefile"
send "/savefile 0\r"
expect eof
END
    wait_for 30 test -s "$LAB_DIR/tox-$1/id"
}

talker() {
    local far=s$(($1 + 1)) line
    draw_size 300000 3000000
    filler "$DRAWN" >"$LAB_DIR/film-$1"
    {
        printf '%s\n' 'expect "Toxing on Toxic"' 'expect "Online"'
        printf 'send "/add %s \\"hello\\"\\r"\n' "$(cat "$LAB_DIR/tox-$far/id")"
        printf '%s\n' 'expect "has come online"' "$tox_opens_chat"
        for line in {1..8}; do
            draw 60
            printf 'send "line %s, %s\\r"\n' "$line" "$(seq -s ' ' $DRAWN)"
            draw 1500
            echo "after $((DRAWN + 300))"
            [ "$line" -ne 5 ] || printf 'send "/sendfile %s\\r"\n' "$LAB_DIR/film-$1"
        done
        printf '%s\n' 'expect "successfully sent"' 'send "/quit\r"' 'expect eof'
    } | toxic_run "c$1" >"$LAB_DIR/log/toxic-c$1" 2>&1
}

clients() {
    users 2 talker
}
