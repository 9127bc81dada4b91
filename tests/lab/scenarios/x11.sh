# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Programs shown on a subscriber's screen over X11.
packages="xvfb x11-apps xterm xdotool"
names="desk=s2"
seconds=35
shows="tcp.len > 1000"

servers() {
    local number
    screen_start c1 1 Xvfb -screen 0 900x700x24 -ac -listen tcp
    number=$(display 1)
    flows_are x11 tcp '*' $((6000 + ${number#:}))
}

clients() {
    desk_start s2 "$(address4 c1)$(display 1)" x11
    start_on s2 x11 env DISPLAY="$(address4 c1)$(display 1)" xeyes
    hand_moves "$(display 1)" 18 c1 screen
}
