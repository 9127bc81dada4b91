# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Games of Minetest: a server, clients that walk without a screen.
packages="minetest minetest-server xvfb xdotool"
names="world=s2"
seconds=100
shows="udp.port == 30000 && udp.length > 300"

servers() {
    mkdir -p "$LAB_DIR/world"
    printf 'creative_mode = true\nserver_announce = false\nenable_damage = false\n' \
        >"$LAB_DIR/minetest.conf"
    start_on s2 minetest env HOME="$LAB_DIR/world" minetestserver --config "$LAB_DIR/minetest.conf" \
        --gameid minetest --worldname lab --port 30000
    wait_for 20 listening s2 udp 30000
    flows_are minetest udp "$(address4 s2)" 30000
    local player
    for player in 1 2; do
        screen_start c$player $player Xvfb -screen 0 320x240x24 -ac
    done
}

player() {
    local display end
    display=$(display "$1")
    mkdir -p "$LAB_DIR/player-$1"
    printf 'screen_w = 160\nscreen_h = 120\nviewing_range = 40\nenable_sound = false\nfps_max = 15\n' \
        >"$LAB_DIR/player-$1.conf"
    start_on "c$1" minetest env HOME="$LAB_DIR/player-$1" DISPLAY="$display" LIBGL_ALWAYS_SOFTWARE=1 \
        nice minetest --config "$LAB_DIR/player-$1.conf" --address "$(address4 s2)" --port 30000 \
        --name "player$1" --password secret --go
    wait_for 60 received_more "c$1" 100000 # the world around
    end=$((SECONDS + 22))
    while [ $SECONDS -lt $end ]; do
        draw 400
        run_on "c$1" screen env DISPLAY="$display" xdotool mousemove_relative -- $((DRAWN - 200)) 0 \
            keydown w sleep 0.6 keyup w
        think 300
    done
}

clients() {
    users 2 player
}
