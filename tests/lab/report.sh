#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the lab has: flows, bytes and time per protocol and network, how far the kernel's control
# groups bear the rules' names out, and where the signatures tier says otherwise.
# Usage: report.sh [OUTPUT]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
glassbox=$(realpath "${GLASSBOX:-$here/../../build/ctl/glassbox}")
cd "${1:-$here/../../lab}"
for csv in */*.csv; do
    sed "1d; s|^|${csv%%/*},|" "$csv"
done | awk -F, '
    {
        cell = $8 SUBSEP $1
        flows[cell]++; bytes[cell] += $10; seconds[cell] += $12 - $11
        all++
        if ($13 != "") {
            known++
            pair[$8 SUBSEP $13]++
        }
    }
    END {
        printf "%-20s %-12s %8s %12s %10s\n", "protocol", "network", "flows", "bytes", "seconds"
        for (cell in flows) {
            split(cell, part, SUBSEP)
            printf "%-20s %-12s %8d %12d %10.0f\n", part[1], part[2], flows[cell], bytes[cell],
                seconds[cell] | "sort"
        }
        close("sort")
        printf "\n%d flows; the kernel ties %d (%.2f %%) to a control group:\n", all, known,
            all ? 100 * known / all : 0
        for (cell in pair) {
            split(cell, part, SUBSEP)
            printf "%-20s in group %-16s %8d\n", part[1], part[2], pair[cell] | "sort"
        }
    }'

# The captures as DPI sees them. A name of the truth that the protocol table lacks is always missed.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    echo "capture,l4,a_ip,a_port,b_ip,b_port,protocol"
    for csv in */*.csv; do
        sed "1d; s|^|${csv%%/*}/|" "$csv" | cut -d, -f1-7
    done
} >"$work/truth.csv"
"$glassbox" eval --tiers signatures --truth "$work/truth.csv" --format json \
    --mistakes "$work/mistakes.csv" >/dev/null
printf '\nflows that the signatures tier calls otherwise, or nothing:\n'
awk -F, 'NR > 1 && $10 == "signatures" {
        called = $11 == "" ? "nothing" : $11
        flows[$9 SUBSEP called]++; bytes[$9 SUBSEP called] += $8
        place[$9 SUBSEP called, $1]++
    }
    END {
        for (cell in place) {
            split(cell, part, SUBSEP)
            split(part[3], where, "/")
            key = part[1] SUBSEP part[2] SUBSEP where[1]
            if (!(key in seen))
                networks[part[1] SUBSEP part[2]] = networks[part[1] SUBSEP part[2]] " " where[1]
            seen[key] = 1
        }
        for (cell in flows) {
            split(cell, part, SUBSEP)
            printf "%-20s called %-16s %8d %12d  %s\n", part[1], part[2], flows[cell],
                bytes[cell], networks[cell] | "sort -k4,4nr"
        }
        close("sort -k4,4nr")
    }' "$work/mistakes.csv"
