# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Files between eDonkey peers, plain and obfuscated: aMule.
packages="amule-daemon amule-utils"
names="seed=s2"
seconds=60
shows="tcp.port == 4662 && tcp.len > 1000"

servers() {
    local number
    donkey_server_start
    for number in 2 3; do
        mkdir -p "$LAB_DIR/amule-s$number/Incoming"
        draw_size 800000 4000000
        filler "$DRAWN" >"$LAB_DIR/amule-s$number/Incoming/film-s$number.mkv"
        donkey_start s$number $((number == 3))
    done
    flows_are edonkey tcp '*' 4661
    flows_are edonkey tcp '*' 4662
    flows_are edonkey udp '*' 4665
    flows_are edonkey udp '*' 4672
}

# loader USER: the film of s2 in the clear, or that of s3 obfuscated.
loader() {
    local seed=$((2 + ($1 + 1) % 2))
    donkey_start "c$1" $((seed == 3))
    donkey_tell "c$1" "add $(donkey_link "$LAB_DIR/amule-s$seed/Incoming/film-s$seed.mkv" s$seed)"
    wait_for 40 test -e "$LAB_DIR/amule-c$1/Incoming/film-s$seed.mkv"
}

clients() {
    users 4 loader
}
