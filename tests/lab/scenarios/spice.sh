# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# The screen of a virtual machine over SPICE: qemu, in which a memory test runs; spicy as viewer.
packages="qemu-system-x86 spice-client-gtk xvfb xdotool"
names="desk=s2"
seconds=60
shows="tcp.port == 5930 && tcp.len > 1000"

servers() {
    lab_unpack memtest86+
    start_on s2 spice nice qemu-system-x86_64 -nodefaults -accel tcg -m 32 -vga qxl -display none \
        -kernel "$LAB_DIR/beside/boot/memtest86+x64.bin" \
        -spice port=5930,disable-ticketing=on,image-compression=auto_glz
    screen_start c1 1 Xvfb -screen 0 900x700x24 -ac
    wait_for 20 listening s2 tcp 5930
    flows_are spice tcp "$(address4 s2)" 5930
}

# look: shows the screen for a while, opens and leaves the test's menu, as someone at it would.
look() {
    local key before viewer
    before=$(ns c1 cat /sys/class/net/eth0/statistics/rx_bytes)
    start_on c1 spice timeout 20 env DISPLAY="$(display 1)" HOME="$LAB_DIR" \
        spicy -h desk.$LAB_ZONE -p 5930
    viewer=$!
    wait_for 15 received_more c1 $((before + 20000))
    for key in F1 Down Down Escape F1 Escape; do
        run_on c1 screen env DISPLAY="$(display 1)" xdotool mousemove 400 300 key $key
        think 1500
    done
    wait $viewer
}

clients() {
    user_seed look
    look
    think 1000
    look
}
