# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A remote screen over VNC: x11vnc over a plain X server; TigerVNC's viewer.
packages="x11vnc tigervnc-viewer xvfb x11-apps xterm xdotool"
names="desk=s2"
seconds=35
shows="vnc"

servers() {
    screen_start s2 1 Xvfb -screen 0 800x600x24 -ac
    desk_start s2 "$(display 1)" vnc
    start_on s2 vnc x11vnc -display "$(display 1)" -forever -shared -nopw -rfbport 5900 -noxdamage
    screen_start c1 2 Xvfb -screen 0 900x700x24 -ac
    wait_for 10 listening s2 tcp 5900
    flows_are vnc tcp "$(address4 s2)" 5900
}

clients() {
    start_on c1 vnc env DISPLAY="$(display 2)" HOME="$LAB_DIR" xtigervncviewer -Shared desk.$LAB_ZONE:0
    sleep 3
    hand_moves "$(display 2)" 18 c1 vnc
}
