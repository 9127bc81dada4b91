# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Games of OpenArena: a server with bots, clients that play without a screen.
packages="openarena openarena-server xvfb xdotool"
names="arena=s2"
seconds=100
shows="udp.port == 27960 && frame.number > 800"

servers() {
    mkdir -p "$LAB_DIR/arena"
    start_on s2 openarena env HOME="$LAB_DIR/arena" openarena-server +set dedicated 1 \
        +set net_port 27960 +set bot_enable 1 +set bot_minplayers 4 \
        +set sv_pure 0 +map oa_dm1
    wait_for 30 listening s2 udp 27960
    flows_are openarena udp "$(address4 s2)" 27960
    local player
    for player in 1 2; do
        screen_start c$player $player Xvfb -screen 0 320x240x24 -ac
    done
}

player() {
    mkdir -p "$LAB_DIR/player-$1"
    start_on "c$1" openarena env HOME="$LAB_DIR/player-$1" DISPLAY="$(display "$1")" SDL_AUDIODRIVER=dummy \
        LIBGL_ALWAYS_SOFTWARE=1 nice openarena +set r_mode -1 +set r_customwidth 160 \
        +set r_customheight 120 +set r_fullscreen 0 +set com_maxfps 30 +set name "player$1" \
        +connect "$(address4 s2):27960"
    wait_for 60 received_more "c$1" 20000 # what the others do
    local end=$((SECONDS + 20)) key
    while [ $SECONDS -lt $end ] || ! received_more "c$1" 40000; do
        draw 4
        key=$(echo "w a d space" | cut -d ' ' -f $((DRAWN + 1)))
        run_on "c$1" screen env DISPLAY="$(display "$1")" xdotool keydown "$key" sleep 0.4 keyup "$key" click 1
        think 200
    done
}

clients() {
    users 2 player
}
