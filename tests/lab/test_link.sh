#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Measures the emulated line: rate, delay and loss must come out within 5 % of what was asked. Exit
# status 77: skipped, it says why.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

if [ "$(id -u)" -ne 0 ] || ! unshare --net true 2>/dev/null; then
    echo "skipped: an emulated line needs root and network namespaces"
    exit 77
fi
lab_open
lab_need iproute2 ethtool iperf3 iputils-ping jq
LAB_SEED=1 LAB_LINK=$LAB_DIR/link
cc -std=c17 -D_GNU_SOURCE -O2 -o "$LAB_LINK" "$here/link.c" -lm
LINE_UP='rate-mbit 4 delay-ms 30 queue-ms 200'
LINE_DOWN='rate-mbit 40 delay-ms 10 loss-percent 5 burst-frames 3 queue-ms 200'
lab_hosts 1 1
start_on s1 iperf iperf3 -s
wait_for 5 listening s1 tcp 5201

failed=0
# check WHAT MEASURED ASKED
check() {
    awk -v what="$1" -v got="$2" -v asked="$3" 'BEGIN {
        off = (got / asked - 1) * 100
        printf "%s %-28s asked %8.2f, measured %8.2f (%+.1f %%)\n",
            (off <= 5 && off >= -5 ? "ok  " : "FAIL"), what, asked, got, off
        exit !(off <= 5 && off >= -5) }' || failed=1
}

flood() {
    run_on c1 iperf iperf3 -u -J -c "$(address4 s1)" -l 1200 "$@"
}

# rate_mbit: of what comes out of the line at the router, over four seconds.
rate_mbit() {
    local counter=/sys/class/net/access/statistics/rx_bytes
    ns isp sh -c "a=\$(cat $counter); sleep 4; b=\$(cat $counter); echo \$a \$b" |
        awk '{ print ($2 - $1) * 8 / 4e6 }'
}

# delay_ms: the median of pings, so that a busy machine's hiccups do not count.
delay_ms() {
    ns c1 ping -n -c 41 -i 0.05 "$(address4 s1)" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n |
        sed -n 21p
}

check "delay both ways, ms" "$(delay_ms)" 40
flood -b 8M -t 6 >"$LAB_DIR/flood" &
sleep 1
check "rate up, Mbit/s" "$(rate_mbit)" 4
wait $!
check "loss down, percent" "$(flood -R -b 30M -t 20 | jq .end.sum.lost_percent)" 5
exit $failed
