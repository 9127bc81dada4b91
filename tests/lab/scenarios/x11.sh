# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Programs shown on a subscriber's screen over X11.
packages="xvfb x11-apps xterm xdotool"
names="desk=s2"
seconds=35
shows="x11"

servers() {
    screen_start c1 25 Xvfb :25 -screen 0 900x700x24 -ac -listen tcp
    flows_are x11 tcp '*' 6025
}

clients() {
    desk_start s2 "$(address4 c1):25" x11
    start_on s2 x11 env DISPLAY="$(address4 c1):25" xeyes
    hand_moves :25 18 c1 screen
}
