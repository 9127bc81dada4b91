#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs scenarios over networks and leaves OUTPUT/<network>/<scenario>.pcap and .csv.
# Usage: [SCENARIOS="…"] [NETWORKS="…"] [JOBS=N] [SEED=N] [PATIENCE=N] run.sh [OUTPUT]
#
# All scenarios and networks unless named; JOBS scenarios at once; PATIENCE, for a busy machine,
# makes all deadlines N times as long. What fails is listed at the end, with its log beside the
# captures, and makes the exit status 1.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
output=${1:-$here/../../lab}
jobs=${JOBS:-6}
# Seconds a run may take in all; its own bound is lower, unless something hangs.
limit=$((300 * ${PATIENCE:-1}))
export LAB_SEED=${SEED:-1}

# names_in FOLDER: the scenarios or networks there.
names_in() {
    local file
    for file in "$here/$1"/*.sh; do
        basename "$file" .sh
    done
}

read -ra scenarios <<<"${SCENARIOS:-$(names_in scenarios | tr '\n' ' ')}"
read -ra networks <<<"${NETWORKS:-$(names_in networks | tr '\n' ' ')}"
for name in "${scenarios[@]/#/scenarios/}" "${networks[@]/#/networks/}"; do
    [ -e "$here/$name.sh" ] || {
        echo "lab: no ${name%%/*} file ${name#*/}; there are: $(names_in "${name%%/*}" | xargs)" >&2
        exit 2
    }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/glassbox-lab-run.XXXXXX")
running=()
finish() {
    trap '' INT TERM HUP
    [ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

export LAB_LINK=$work/link
cc -std=c17 -D_GNU_SOURCE -O2 -o "$LAB_LINK" "$here/link.c" -lm

# run_one NETWORK SCENARIO
run_one() {
    local place=$output/$1 status=0 started=$SECONDS
    rm -rf "${place:?}/$2.logs"
    timeout --foreground -k 20 "$limit" bash "$here/scenario.sh" "$1" "$2" "$place" \
        >"$place/$2.log" 2>&1 &
    trap 'kill "$!" 2>/dev/null; wait' TERM
    wait $! || status=$?
    if [ $status -eq 0 ]; then
        echo "lab: $1/$2: $(tail -n 1 "$place/$2.log") in $((SECONDS - started)) s" >&2
        rm "$place/$2.log"
    else
        echo "lab: $1/$2 failed: $(grep '^lab:' "$place/$2.log" | tail -n 1)" >&2
        echo "$1/$2" >>"$work/failed"
    fi
}

for network in "${networks[@]}"; do
    mkdir -p "$output/$network"
    for scenario in "${scenarios[@]}"; do
        while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
            wait -n || true
        done
        run_one "$network" "$scenario" &
        running+=($!)
    done
done
wait

total=$((${#networks[@]} * ${#scenarios[@]}))
touch "$work/failed"
failed=$(wc -l <"$work/failed")
echo "lab: $((total - failed)) of $total runs worked, captures are in $output" >&2
[ "$failed" -eq 0 ] || {
    echo "lab: failed: $(sort "$work/failed" | xargs); each left its .log there" >&2
    exit 1
}
