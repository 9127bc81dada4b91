# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Programs shown on a subscriber's screen over X11.
packages="xvfb x11-apps xterm xdotool"
names="desk=s2"
seconds=35
shows="x11"

servers() {
    screen_start c1 75 Xvfb :75 -screen 0 900x700x24 -ac -listen tcp
    flows_are x11 tcp '*' 6075
}

clients() {
    desk_start s2 "$(address4 c1):75" x11
    start_on s2 x11 env DISPLAY="$(address4 c1):75" xeyes
    hand_moves :75 18 c1 screen
}
