# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Screens that no one looks at, and someone who works at them.

# display N: the lab's own N-th display; labs run side by side and X servers share /tmp.
display() {
    echo ":$((100 + $$ % 5000 * 10 + $1))"
}

# screen_start HOST N SERVER OPTION...: an X server (Xvfb, Xtigervnc) as the N-th display.
screen_start() {
    local host=$1 name
    name=$(display "$2")
    shift 2
    mkdir -p /tmp/.X11-unix
    rm -f "/tmp/.X${name#:}-lock" "/tmp/.X11-unix/X${name#:}" # left by one that was ended
    start_on "$host" screen "$1" "$name" "${@:2}"
    wait_for 15 test -S "/tmp/.X11-unix/X${name#:}"
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
