# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A key-value store: redis; redis-cli and its benchmark.
packages="redis-server redis-tools"
names="store=s4"
shows="tcp.port == 6379 && tcp.len > 0"

servers() {
    start_on s4 redis redis-server --bind 0.0.0.0 --protected-mode no --save '' --dir "$LAB_DIR"
    wait_for 10 listening s4 tcp 6379
    flows_are redis tcp "$(address4 s4)" 6379
}

asker() {
    local round
    for round in {1..12}; do
        draw_size 10 1500
        run_on "c$1" redis redis-cli -h store.$LAB_ZONE set "key$round" "$(filler "$DRAWN" | base64 -w 0)"
        run_on "c$1" redis redis-cli -h store.$LAB_ZONE get "key$((round / 2 + 1))"
        think 400
        run_on "c$1" redis redis-benchmark -h store.$LAB_ZONE -q -n 15 -c 2 -d "$DRAWN" \
            -t set,get,lpush,incr
        think 400
    done
}

clients() {
    users 3 asker
}
