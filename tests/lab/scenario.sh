#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs one scenario over one network: NETWORK SCENARIO FOLDER. For run.sh, which builds the link
# emulator and says where it is (LAB_LINK) and what the random numbers begin with (LAB_SEED).
#
# A scenario file sets
#   packages    Debian packages it needs
#   seconds     how long its clients may take; then they are ended. With PATIENCE=N, N times that
#   shows       display filters, one a line: what a protocol analyser must find, or the run failed
#   names       NAME=HOST pairs for the resolver; NAME=HOST/6 for names with an IPv6 address too
#   carries     of a tunnel: scenarios that travel inside, as they are; their helper functions
#               have other names than the tunnel's
# and defines
#   servers     starts the servers and says with flows_are what flows are; returns when they listen
#   clients     what the subscribers do
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

network=$1 scenario=$2 folder=$3

# scenario_read: the scenario, and where it carries others their servers and clients under names of
# their own, with the packages and names those need.
scenario_read() {
    local other inner_packages='' inner_names=''
    # shellcheck source=/dev/null
    . "$here/scenarios/$scenario.sh"
    for other in $carries; do
        # shellcheck source=/dev/null
        . "$here/scenarios/$other.sh"
        eval "servers_of_${other//-/_}() { $(declare -f servers | tail -n +2); }"
        eval "clients_of_${other//-/_}() { $(declare -f clients | tail -n +2); }"
        inner_packages+=" $packages" inner_names+=" $names"
    done
    # shellcheck source=/dev/null
    . "$here/scenarios/$scenario.sh"
    packages+=$inner_packages
    names=$(printf '%s\n' $names $inner_names | sort -u)
}
LAB_PLACE="$network $scenario"
packages='' seconds=45 shows='' names='' carries=''
for part in "$here"/parts/*.sh; do
    # shellcheck source=/dev/null
    . "$part"
done
# shellcheck source=/dev/null
. "$here/networks/$network.sh"
scenario_read

# clients_run: the clients, but no longer than they may take. They go on past what fails: whether
# the traffic came about is seen in the capture.
clients_run() {
    mkdir "$LAB_CGROUP/clients"
    {
        echo $BASHPID >"$LAB_CGROUP/clients/cgroup.procs"
        clients || true
    } >>"$LAB_DIR/log/clients" 2>&1 </dev/null &
    local deadline=$((SECONDS + seconds * LAB_PATIENCE))
    while kill -0 $! 2>/dev/null && [ $SECONDS -lt $deadline ]; do
        sleep 0.2
    done
}

lab_open
LAB_LOGS=$folder/$scenario.logs
# shellcheck disable=SC2086 # words on purpose
lab_need iproute2 ethtool nftables tcpdump tshark openssl unbound $packages
user_seed servers
lab_hosts 4 4
# shellcheck disable=SC2086,SC2046
kernel_watch_start
resolver_start $names
# shellcheck disable=SC2086,SC2046
ca_new $(printf '%s ' $names | sed 's/=[^ ]*//g')
flows_are dns udp $LAB_SERVERS4.2 53
flows_are dns tcp $LAB_SERVERS4.2 53
flows_are dns udp $LAB_SERVERS6:2 53
flows_are mdns udp '*' 5353
flows_are ssdp udp '*' 1900
flows_are nat-pmp udp '*' 5351
servers

capture=$LAB_DIR/log/$scenario.pcap # kept with the logs when something is missing
capture_start "$capture"
clients_run
capture_stop
kernel_watch_stop
lab_end_programs

while read -r filter; do
    [ -z "$filter" ] || [ -n "$(analyse "$capture" "$filter")" ] ||
        lab_die "not in the capture: $filter"
done <<<"$shows"
[ -z "$LINE_SENT_ONLY" ] || capture_keep_sent "$capture"
truth_write "$capture" >"$LAB_DIR/$scenario.csv"
mv "$capture" "$LAB_DIR/$scenario.csv" "$folder/"
flows=$(($(wc -l <"$folder/$scenario.csv") - 1))
echo "$flows flows, $(stat -c %s "$folder/$scenario.pcap") bytes"
