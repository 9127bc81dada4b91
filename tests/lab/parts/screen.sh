# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Screens that no one looks at, and someone who works at them.

# screen_start HOST DISPLAY SERVER OPTION...: an X server (Xvfb, Xtigervnc) and clients that move.
screen_start() {
    local host=$1 display=$2
    shift 2
    mkdir -p /tmp/.X11-unix
    start_on "$host" screen "$@"
    wait_for 15 test -S "/tmp/.X11-unix/X$display"
}

# desk_start HOST DISPLAY LABEL: a terminal that is written to and a clock.
desk_start() {
    start_on "$1" "$3" env DISPLAY="$2" xclock -update 1
    start_on "$1" "$3" env DISPLAY="$2" xterm -geometry 100x30 -e sh -c \
        'while ls -la /usr/bin | shuf -n 20; do sleep 1; done'
}

# hand_moves DISPLAY SECONDS HOST LABEL: moves the mouse and types, as someone at the screen would.
hand_moves() {
    local end=$((SECONDS + $2))
    while [ $SECONDS -lt $end ]; do
        draw 600
        run_on "$3" "$4" env DISPLAY="$1" xdotool mousemove --sync $((DRAWN + 20)) $((DRAWN / 2 + 20)) ||
            return
        think 150
        draw 5
        [ "$DRAWN" -ne 0 ] || run_on "$3" "$4" env DISPLAY="$1" xdotool type --delay 120 "ls -la "
    done
}
