# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Games of Teeworlds: a server, clients that play without a screen.
packages="teeworlds teeworlds-server xvfb xdotool"
names="tee=s2"
seconds=100
shows="udp.port == 8303 && frame.number > 800"

servers() {
    mkdir -p "$LAB_DIR/tee"
    start_on s2 teeworlds env HOME="$LAB_DIR/tee" teeworlds-server \
        "sv_port 8303; sv_register 0; sv_name lab"
    wait_for 15 listening s2 udp 8303
    flows_are teeworlds udp '*' 8303-8310
    local player
    for player in 1 2; do
        screen_start c$player $player Xvfb -screen 0 640x480x24 -ac
    done
}

player() {
    local display end key
    display=$(display "$1")
    mkdir -p "$LAB_DIR/player-$1"
    start_on "c$1" teeworlds env HOME="$LAB_DIR/player-$1" DISPLAY="$display" SDL_AUDIODRIVER=dummy \
        LIBGL_ALWAYS_SOFTWARE=1 nice teeworlds "gfx_fullscreen 0; gfx_screen_width 320;
        gfx_screen_height 240; gfx_limitfps 1; gfx_maxfps 30; snd_enable 0; cl_skip_start_menu 1;
        player_name player$1; connect $(address4 s2):8303"
    wait_for 60 received_more "c$1" 8000 # what the others do
    end=$((SECONDS + 20))
    while [ $SECONDS -lt $end ] || ! received_more "c$1" 40000; do
        draw 3
        key=$(echo "a d space" | cut -d ' ' -f $((DRAWN + 1)))
        run_on "c$1" screen env DISPLAY="$display" xdotool keydown "$key" sleep 0.4 keyup "$key" click 1
        think 200
    done
}

clients() {
    users 2 player
}
