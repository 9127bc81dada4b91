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
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LAB_SEED=1 LAB_LINK=$work/link
cc -std=c17 -D_GNU_SOURCE -O2 -o "$LAB_LINK" "$here/link.c" -lm
lab_need iproute2 ethtool iperf3 iputils-ping

# check WHAT MEASURED ASKED
check() {
    awk -v what="$1" -v got="$2" -v asked="$3" 'BEGIN {
        off = (got / asked - 1) * 100
        printf "%s %-28s asked %8.2f, measured %8.2f (%+.1f %%)\n",
            (off <= 5 && off >= -5 ? "ok  " : "FAIL"), what, asked, got, off
        exit !(off <= 5 && off >= -5) }' || failed=1
}

# rate_mbit INTERFACE: of what comes out of the line there, over four seconds.
rate_mbit() {
    local counter=/sys/class/net/${1#* }/statistics/rx_bytes
    ns "${1% *}" sh -c "a=\$(cat $counter); sleep 4; b=\$(cat $counter); echo \$a \$b" |
        awk '{ print ($2 - $1) * 8 / 4e6 }'
}

# delay_ms: the median of pings, so that a busy machine's hiccups do not count.
delay_ms() {
    ns c1 ping -n -c 41 -i 0.05 "$(address4 s1)" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n |
        sed -n 21p
}

# loss_percent: of replies to a flood of pings, a hundred under way at a time. So many that chance
# alone moves the share by 2 % of itself; the same seed moves it the same way.
loss_percent() {
    ns c1 ping -q -f -l 100 -c 80000 -w 60 "$(address4 s1)" |
        sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p'
}

test_delay_and_rate() (
    failed=0
    lab_open
    LINE_UP='rate-mbit 4 delay-ms 30 queue-ms 200'
    LINE_DOWN='rate-mbit 40 delay-ms 10 queue-ms 200'
    lab_hosts 1 1
    start_on s1 iperf iperf3 -s
    wait_for 5 listening s1 tcp 5201
    check "delay both ways, ms" "$(delay_ms)" 40
    start_on c1 iperf iperf3 -u -c "$(address4 s1)" -l 1200 -b 8M -t 7
    sleep 2
    check "rate up, Mbit/s" "$(rate_mbit "isp access")" 4
    sleep 6
    start_on c1 iperf iperf3 -u -R -c "$(address4 s1)" -l 1200 -b 60M -t 7
    sleep 2
    check "rate down, Mbit/s" "$(rate_mbit "home uplink")" 40
    exit $failed
)

test_loss() (
    failed=0
    lab_open
    LINE_UP='rate-mbit 200 delay-ms 2 queue-ms 200'
    LINE_DOWN='rate-mbit 200 delay-ms 2 loss-percent 10 burst-frames 2 queue-ms 200'
    lab_hosts 1 1
    check "loss down, percent" "$(loss_percent)" 10
    exit $failed
)

result=0
test_delay_and_rate || result=1
test_loss || result=1
exit $result
